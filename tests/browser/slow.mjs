/*
 * A line of 50 kB/s with 400 ms to wait for every answer, as a train has it.
 * Run with `node slow.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { base, main } from "./harness.mjs";
import { card, choose, thumbnail, until } from "./parts.mjs";

const LINE = { offline: false, latency: 400, downloadThroughput: 50e3,
	uploadThroughput: 50e3 };

/* All of the page's scripts wait until the function that is returned is called. */
async function holdScripts(page)
{
	const held = [];
	let hold = true;

	await page.route("**/*.js", route => hold ? held.push(route)
	    : route.continue());
	return async () => {
		hold = false;
		await Promise.all(held.map(route => route.continue()));
	};
}

const hasScripts = page => page.evaluate(() =>
	document.documentElement.classList.contains("js"));

/* Of what was chosen before they came nothing is lost. */
async function chosenBefore({ page, photo })
{
	const release = await holdScripts(page);

	await page.goto(base, { waitUntil: "commit" });
	await choose(page, [await photo("early-1.jpg"), await photo("early-2.jpg")]);
	assert.equal(await hasScripts(page), false);
	await release();
	assert.ok((await thumbnail(page, "early-1.jpg")).width > 0);
	assert.ok((await thumbnail(page, "early-2.jpg")).width > 0);
	assert.equal(await page.locator("#photos").evaluate(n => n.files.length), 0,
	    "they are sent once");
}

async function sentBefore({ page, photo })
{
	const release = await holdScripts(page);

	await page.goto(base, { waitUntil: "commit" });
	await choose(page, await photo("early.jpg"));
	await page.getByRole("button", { name: "Make thumbnails" }).click();
	await page.waitForURL("**/upload");
	await until(page.locator("article.photo img"));
	await release();
}

/* The line itself: what can be used is seen before what makes it nicer. */
async function formFirst({ page, context })
{
	const cdp = await context.newCDPSession(page);

	await page.addInitScript(() => new MutationObserver(() => {
		if (document.documentElement?.classList.contains("js"))
			window.scripted ??= performance.now();
	}).observe(document, { subtree: true, attributes: true }));
	await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
	await cdp.send("Network.emulateNetworkConditions", LINE);
	await page.goto(base);
	await page.waitForFunction(() => window.scripted > 0);
	const painted = await page.evaluate(() => performance.getEntriesByName(
	    "first-contentful-paint")[0].startTime);
	const scripted = await page.evaluate(() => window.scripted);
	assert.ok(painted > LINE.latency, `the line is slow: ${painted}`);
	assert.ok(painted < scripted, `${painted} and ${scripted}`);
}

async function bigPhoto({ page, context, photo })
{
	const cdp = await context.newCDPSession(page);
	const file = await photo("big.jpg", { width: 2000, height: 1500,
		grain: 12000 });

	assert.ok(file.buffer.length > 400e3, `${file.buffer.length} is a big one`);
	await cdp.send("Network.emulateNetworkConditions", LINE);
	await page.evaluate(() => {
		window.seen = [];
		new MutationObserver(() => {
			const bar = document.querySelector("article progress");
			if (bar && !bar.hidden && bar.position > 0)
				window.seen.push(bar.position);
		}).observe(document.getElementById("list"), { subtree: true,
			childList: true, characterData: true, attributes: true });
	});
	await choose(page, file);
	await card(page, "big.jpg").locator("img").waitFor({ timeout: 50e3 });
	await thumbnail(page, "big.jpg");
	const seen = new Set(await page.evaluate(() => window.seen));
	assert.ok(seen.size >= 5, `it was seen to go on: ${[...seen]}`);
	const news = await page.locator("#news p").allTextContents();
	assert.ok(news.length < 12, `nobody is talked to death: ${news}`);
}

await main(async suite => {
	const run = suite.run.bind(suite);

	await run("photos that were chosen before the scripts came are sent",
	    chosenBefore);
	await run("a form that was sent before the scripts came gives a page",
	    sentBefore);
	await run("the form can be used before the scripts are there", formFirst,
	    { at: null });
	await run("a big photo goes through, and shows how far it is", bigPhoto);
});
