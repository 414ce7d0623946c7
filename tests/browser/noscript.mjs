/*
 * Who has no scripts sends a form and gets a page. Run with
 * `node noscript.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { base, main, pool } from "./harness.mjs";
import { AT_REST, HOSTILE, LOCALES, NOTES, PAGES, choose, inspect, until }
	from "./parts.mjs";

const REFUSED = /status of (404|415|503)/;

/* The button of the first form, whatever language it speaks. */
const submit = page => page.locator("#form button.unscripted:not([form])").click();

async function send(page, files)
{
	await choose(page, files);
	await submit(page);
	await page.waitForURL("**/upload");
}

async function form({ page, photo }, looks)
{
	await until(page.locator("#photos"));
	assert.equal(await page.locator(".scripted:visible").count(), 0);
	await inspect(page, "noscript-form", looks);
	await send(page, [await photo(HOSTILE), NOTES,
		await photo("plain.jpg", { width: 700, height: 1000 })]);
	assert.equal(page.url(), new URL("upload", base).href);
	const images = page.locator("article.photo img");
	await until(images.first());
	assert.equal(await images.count(), 2);
	for (const img of await images.all())
		assert.ok(await img.evaluate(node => node.naturalWidth) > 0);
	await until(page.locator("article.photo .refusal"));
	await until(page.getByText(HOSTILE, { exact: true }));
	await inspect(page, "result-mixed", looks);
	for (const summary of await page.locator("article.photo").first()
	    .locator("summary").all())
		await summary.click();
	const texts = await page.locator("textarea:visible").evaluateAll(
	    nodes => nodes.map(node => node.value));
	assert.equal(texts.length, 4);
	assert.match(texts[0], /^\S*\/t\/[a-z2-7]{26}\/large\.jpg\?v=\w+$/);
	assert.match(texts[1], /^!\[.*\]\(\S*\/t\/.*\)$/);
	assert.match(texts[2],
	    /^<picture><source .*<img src="[^"]*\/t\/.*<\/picture>$/);
	assert.match(texts[3], /^DELETE .*\/photos\/[a-z2-7]{26}\nAuthorization: /);
	await inspect(page, "result-html", { ...looks, widths: [320, 1280] });
	const kept = page.waitForEvent("download");
	await page.locator("dd.tool a").first().click();
	assert.match((await kept).suggestedFilename(), /^\w+-[a-z2-7]{8}\.\w+$/);
	await page.locator("a.again").click();
	await page.waitForURL(base);
}

/* One photo, the same once more, and one that is refused alone. */
async function again({ page, photo, expected }, looks)
{
	const file = await photo("plain.jpg");

	expected.push(REFUSED);
	for (const [state, one] of [["one", file], ["exists", file],
		["refused", NOTES]]) {
		await send(page, one);
		await inspect(page, `result-${state}`, looks);
		await page.goBack();
	}
}

/* What nginx says itself, as pages. */
async function without({ page, photo, expected }, looks)
{
	expected.push(REFUSED);
	await pool.kill();
	await send(page, await photo("x.jpg"));
	await inspect(page, "problem-down", looks);
	await pool.start();
	await page.goto(new URL("nothing", base).href);
	await inspect(page, "problem-missing", looks);
}

/* The other pages say why they show nothing. */
async function others({ page }, path)
{
	await until(page.locator("noscript"));
	assert.ok((await page.locator("noscript").innerText()).length > 20);
	await inspect(page, `noscript-${path}`, { widths: [320, 1280],
		schemes: ["light"] });
}

await main(async suite => {
	for (const locale of LOCALES) {
		const options = { ...AT_REST, locale, javaScriptEnabled: false };
		const run = (sentence, body, more) => suite.run(
		    `without scripts ${sentence}, ${locale}`, body,
		    { ...options, ...more });
		const looks = locale === LOCALES[0] ? {}
		    : { widths: [320, 1280], schemes: ["light"] };
		const few = { widths: [320], schemes: ["light", "dark"] };

		await run("a form post gives a page of thumbnails",
		    t => form(t, looks));
		await run("each answer has its page", t => again(t, few));
		await run("refusals are pages", t => without(t, few));
		for (const path of PAGES.filter(name => name !== ""))
			await run(`/${path} says why it shows nothing`,
			    t => others(t, path), { at: path });
	}
});
