/*
 * The upload page in every state as everybody may meet it: small, large, light,
 * dark, in both languages, read aloud. mine.mjs, status.mjs and noscript.mjs look
 * at the others. Run with `node looks.mjs`, FT_URL set; FT_SHOTS keeps the pictures.
 */
import assert from "node:assert/strict";
import { main, pool, shot } from "./harness.mjs";
import { AT_REST, LOCALES, NOTES, REFUSED, choose, inspect, moving, ring }
	from "./parts.mjs";

/* By what it is, and not by its words, which are those of some language. */
const shown = (page, selector, n) => page.waitForFunction(([what, count]) =>
	[...document.querySelectorAll(what)].filter(node =>
		node.checkVisibility()).length === count, [selector, n]);

/* Wait until so many thumbnails are whole. */
const thumbnails = (page, n) => page.waitForFunction(count => {
	const all = [...document.querySelectorAll("article.photo img")];
	return all.length === count
	    && all.every(img => img.complete && img.naturalWidth > 0);
}, n);

/* ---- the upload page --------------------------------------------------------- */

const LONG = "a-walk-along-the-coast-in-the-last-light-of-a-long-summer-day-"
    + `${"x".repeat(120)}.jpg`;

async function dragging({ suite, page, context }, looks)
{
	const cdp = await context.newCDPSession(page);
	const drag = async type => cdp.send("Input.dispatchDragEvent", { type, x: 20,
		y: 20, data: { items: [], dragOperationsMask: 1,
		    files: [await suite.photoFile("dragged.jpg")] } });

	await inspect(page, "upload-empty", looks);
	await drag("dragEnter");
	await drag("dragOver");
	await page.waitForSelector("html.dragging");
	await inspect(page, "upload-dragging", looks);
}

/* Two on their way that are as good as still, one that waits for them. */
async function sending({ page, context, photo }, looks)
{
	const cdp = await context.newCDPSession(page);
	const large = { width: 2000, height: 1500, grain: 20000 };

	await cdp.send("Network.emulateNetworkConditions", { offline: false,
		latency: 0, downloadThroughput: -1, uploadThroughput: 60e3 });
	await choose(page, [await photo("IMG_4711.jpg", large),
		await photo(LONG, large), await photo("IMG_4712.jpg")]);
	await page.waitForFunction(() => [...document.querySelectorAll("progress")]
	    .filter(bar => bar.position > .02).length === 2);
	await inspect(page, "upload-sending", looks);
}

async function rendering({ page, photo }, looks)
{
	await pool.stop();
	await choose(page, await photo("IMG_4711.jpg"));
	await page.waitForSelector("article.photo progress:indeterminate");
	await inspect(page, "upload-rendering", looks);
	await page.emulateMedia({ reducedMotion: "no-preference" });
	assert.notDeepEqual(await moving(page), [], "the others see that it goes on");
	await pool.cont();
	await thumbnails(page, 1);
}

async function photos({ page, photo, expected }, looks)
{
	const file = await photo("IMG_4711.jpg", { width: 2016, height: 1512 });

	expected.push(REFUSED);
	await choose(page, file);
	await thumbnails(page, 1);
	await choose(page, [file, await photo(LONG, { width: 1512, height: 2016 }),
		NOTES, await photo("panorama.jpg", { width: 1800, height: 500 })]);
	await thumbnails(page, 4);
	await shown(page, ".refusal", 1);
	await inspect(page, "upload-ready", looks);
}

/* In a hand: larger targets, a camera, and most of a photo's tools closed at first. */
const PHONE = { viewport: { width: 320, height: 640 }, hasTouch: true,
	isMobile: true };

async function phone({ page, photo }, { schemes })
{
	await inspect(page, "upload-phone-empty", { widths: [320], schemes });
	await choose(page, [await photo("IMG_4711.jpg"), await photo(LONG,
	    { width: 1512, height: 2016 })]);
	await thumbnails(page, 2);
	assert.equal(await page.locator("details[open]").count(), 0);
	await inspect(page, "upload-phone-ready", { widths: [320], schemes });
	assert.ok(await page.locator("#camera").evaluate(node => node.labels[0]
	    .checkVisibility()), "it is a phone still");
}

/* Undo waits for whoever is at it. The other is gone for good. */
async function deleted({ page, photo }, looks)
{
	const erase = page.locator("article.photo .erase");

	await page.clock.install();
	await page.reload();
	await choose(page, [await photo("IMG_4711.jpg"), await photo(LONG)]);
	await thumbnails(page, 2);
	await erase.nth(1).click();
	await shown(page, ".undo button", 1);
	await page.mouse.move(0, 0);
	await page.clock.fastForward(9e3);
	await shown(page, ".undo button", 0);
	await erase.first().focus();
	await page.keyboard.press("Enter");
	await page.waitForSelector(".undo :focus");
	await inspect(page, "upload-deleted", looks);
}

/* Where a page may not copy, what it would have copied is there to select. */
async function byHand({ page, photo }, looks)
{
	await page.evaluate(() => {
		Object.defineProperty(navigator, "clipboard", { value: undefined });
		document.execCommand = () => false;
	});
	await choose(page, await photo("IMG_4711.jpg"));
	await thumbnails(page, 1);
	await page.locator("article.photo button.copy").first().click();
	await shown(page, "article.photo :is(input, textarea)", 1);
	await inspect(page, "upload-by-hand", looks);
}

/* What a machine without a service answers, and what none at all does. */
async function failing({ page, context, photo, expected }, looks)
{
	expected.push(/status of 503|ERR_INTERNET_DISCONNECTED/);
	await pool.kill();
	await choose(page, await photo("IMG_4711.jpg"));
	await page.waitForResponse("**/upload");
	await inspect(page, "upload-down", looks);
	await context.setOffline(true);
	await choose(page, [await photo("IMG_4712.jpg"), await photo("IMG_4713.jpg")]);
	await inspect(page, "upload-offline", looks);
}

/* ---- what is measured ---------------------------------------------------------- */

const SHIFT = .02;

/* From when the photos are there until their thumbnails are. */
async function unmoved({ page, photo, expected })
{
	const held = [];
	let hold = true;

	expected.push(REFUSED);
	await page.route("**/t/**", route => hold && route.request().resourceType()
	    === "image" ? held.push(route) : route.continue());
	await pool.stop();
	await choose(page, [await photo("a.jpg"), await photo("b.jpg", { width: 400,
		height: 900 }), NOTES, await photo("c.jpg")]);
	await shown(page, "article.photo", 4);
	await page.evaluate(() => {
		window.shifts = [];
		new PerformanceObserver(list => window.shifts.push(...list.getEntries()
		    .map(entry => ({ value: entry.value, of: entry.sources.map(
		        source => source.node?.outerHTML?.slice(0, 80)) }))))
		    .observe({ type: "layout-shift" });
	});
	await pool.cont();
	await shown(page, "article.photo img", 3);
	await shown(page, ".refusal", 1);
	hold = false;
	await Promise.all(held.map(route => route.continue()));
	await thumbnails(page, 3);
	const shifts = await page.evaluate(() => new Promise(resolve =>
		requestAnimationFrame(() => setTimeout(() =>
			resolve(window.shifts)))));
	const sum = shifts.reduce((all, shift) => all + shift.value, 0);
	assert.ok(sum < SHIFT, `${sum}: ${JSON.stringify(shifts)}`);
}

/* Where the system gives the colours, lines must show what colours did. */
async function forced({ page, photo, expected })
{
	expected.push(REFUSED);
	await page.emulateMedia({ forcedColors: "active" });
	await choose(page, [await photo("IMG_4711.jpg"), NOTES]);
	await thumbnails(page, 1);
	await shown(page, ".refusal", 1);
	await shot(page, "upload-ready-1280-forced");
	const flat = await page.locator("article.photo button:visible")
	    .evaluateAll(nodes => nodes.filter(node =>
	        getComputedStyle(node).borderTopStyle === "none")
	        .map(node => node.textContent));
	assert.deepEqual(flat, [], "buttons look like some");
	await page.keyboard.press("Tab");
	assert.ok(await ring(page), "the focus is visible");
}

/* ---- all of them ---------------------------------------------------------------- */

const STATES = [
	["empty, and with photos dragged over it", dragging],
	["while photos are on their way", sending],
	["while thumbnails are made", rendering],
	["with photos, and one that was refused", photos],
	["in a hand", phone, PHONE],
	["with a photo that can be had back", deleted],
	["where nothing can be copied", byHand],
	["while nobody answers", failing],
];

await main(async suite => {
	for (const locale of LOCALES) {
		/* In Korean what differs: how long words are, and where they break. */
		const looks = locale === LOCALES[0] ? {}
		    : { widths: [320, 1280], schemes: ["light"] };
		for (const [what, body, more] of STATES)
			await suite.run(`the upload page ${what}, ${locale}`,
			    t => body(t, looks), { ...AT_REST, ...more, locale });
	}
	for (const width of [320, 1280])
		await suite.run(`nothing moves when thumbnails come, ${width} px`,
		    unmoved, { viewport: { width, height: 900 } });
	await suite.run("forced colours leave all to be seen", forced);
});
