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

/* What a prefix could change is where things lead, and not how they look. */
const IS_BELOW = new URL(base).pathname !== "/";
const SOME = { widths: [320], schemes: ["light"] };
const BOTH = { widths: [320], schemes: ["light", "dark"] };

await main(async suite => {
	for (const locale of IS_BELOW ? LOCALES.slice(0, 1) : LOCALES) {
		const run = (sentence, body, looks, more) => suite.run(
		    `without scripts ${sentence}, ${locale}`,
		    t => body(t, IS_BELOW ? SOME : looks),
		    { ...AT_REST, locale, javaScriptEnabled: false, ...more });

		await run("a form post gives a page of thumbnails", form,
		    locale === LOCALES[0] ? {} : { ...SOME, widths: [320, 1280] });
		await run("refusals are pages", without, BOTH);
		if (IS_BELOW)
			continue;
		await run("each answer has its page", again, BOTH);
		for (const path of PAGES.filter(name => name !== ""))
			await run(`/${path} says why it shows nothing`,
			    t => others(t, path), {}, { at: path });
	}
});
