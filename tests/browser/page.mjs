/*
 * The upload page as a person meets it. Run with `node page.mjs`, FT_URL set;
 * harness.mjs has the rest of the environment.
 */
import assert from "node:assert/strict";
import { base, main, shot } from "./harness.mjs";
import { NOTES, REFUSED, answer, card, choose, codes, thumbnail, until }
	from "./parts.mjs";

/* The codes that the page as it is served has words for, but its own. */
async function knownCodes(page)
{
	const script = await page.request.get(new URL("words-en.js", base).href);
	const list = /const refusals = \{(.*?)The page's own:/s.exec(
	    await script.text())[1];

	return [...list.matchAll(/^\t"([a-z-]+)":/gm)].map(m => m[1]);
}

/* ---- sending --------------------------------------------------------------- */

async function chosen({ page, photo })
{
	await choose(page, [await photo("one.jpg"),
		await photo("two.jpg", { width: 300, height: 900 })]);
	for (const name of ["one.jpg", "two.jpg"]) {
		const seen = await thumbnail(page, name);
		assert.ok(seen.width > 0 && seen.height > 0);
		assert.ok(seen.set, "width and height are set");
		assert.ok(seen.src.startsWith(base) || !seen.src.startsWith(
		    new URL(base).origin), `${seen.src} is under the prefix`);
	}
	await until(card(page, "one.jpg").locator(".facts").getByText(/^640\s×\s480 · [\d.]+\skB$/));
	await until(page.getByText("2 of 2 ready"));
}

async function sameAgain({ page, photo })
{
	const file = await photo("same.jpg");

	await choose(page, file);
	await thumbnail(page, "same.jpg");
	assert.equal(await page.getByText("was here already").count(), 0);
	await choose(page, file);
	await until(page.getByText("was here already"));
}

async function dropped({ suite, page, context })
{
	const files = [await suite.photoFile("dropped-1.jpg"),
		await suite.photoFile("dropped-2.jpg")];
	const cdp = await context.newCDPSession(page);
	const data = { items: [], files, dragOperationsMask: 1 };

	/* anywhere on the page, not only in the zone */
	for (const type of ["dragEnter", "dragOver"])
		await cdp.send("Input.dispatchDragEvent", { type, x: 20, y: 20, data });
	await page.waitForSelector("html.dragging");
	await shot(page, "dragging");
	await cdp.send("Input.dispatchDragEvent", { type: "drop", x: 20, y: 20,
		data });
	assert.ok((await thumbnail(page, "dropped-1.jpg")).width > 0);
	assert.ok((await thumbnail(page, "dropped-2.jpg")).width > 0);
	assert.equal(await page.locator("html.dragging").count(), 0);
	assert.equal(page.url(), base, "the browser did not open the file");
}

async function folder({ suite, page, context })
{
	const cdp = await context.newCDPSession(page);
	const data = { items: [], files: [suite.files], dragOperationsMask: 1 };

	for (const type of ["dragEnter", "dragOver", "drop"])
		await cdp.send("Input.dispatchDragEvent", { type, x: 20, y: 20, data });
	await until(page.locator(".refusal", { hasText: "This is a folder." }));
}

async function pasted({ page, context })
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	await page.evaluate(async () => {
		const canvas = new OffscreenCanvas(400, 300);
		const pen = canvas.getContext("2d");
		pen.fillStyle = `hsl(${Date.now() % 360} 50% 50%)`;
		pen.fillRect(0, 0, 400, 300);
		pen.fillText(String(Date.now()), 10, 20);
		await navigator.clipboard.write([new ClipboardItem({
			"image/png": await canvas.convertToBlob() })]);
	});
	await page.keyboard.press("Control+v");
	assert.ok((await thumbnail(page, "image.png")).width > 0);
}

async function progress({ page, context, photo })
{
	const cdp = await context.newCDPSession(page);
	const file = await photo("slow.jpg", { width: 2400, height: 1800,
		grain: 60000 });

	await cdp.send("Network.emulateNetworkConditions", { offline: false,
		latency: 0, downloadThroughput: -1,
		uploadThroughput: file.buffer.length / 2 });
	await page.evaluate(() => {
		window.seen = [];
		new MutationObserver(() => {
			const bar = document.querySelector("progress");
			window.seen.push([bar.hidden ? null : bar.position,
				document.querySelector(".facts").textContent]);
		}).observe(document.getElementById("list"), { subtree: true,
			childList: true, characterData: true, attributes: true });
	});
	await choose(page, file);
	await page.waitForTimeout(700);
	await shot(page, "sending");
	const box = () => card(page, "slow.jpg").locator(".thumb").boundingBox();
	const before = await box();
	await thumbnail(page, "slow.jpg");
	const after = await box();
	assert.deepEqual(after, before, "the thumbnail moves nothing");
	const seen = await page.evaluate(() => window.seen);
	const sent = seen.filter(([at]) => at > 0 && at < 1).map(([at]) => at);
	assert.ok(new Set(sent).size >= 3, `the bar moved: ${sent}`);
	assert.deepEqual(sent, [...sent].sort((a, b) => a - b));
	assert.ok(seen.some(([at, text]) => at === -1 && text === "Rendering…"));
	assert.equal(seen.at(-1)[0], null, "the bar is gone in the end");
}

async function twoAtATime({ page, photo })
{
	const names = ["a", "b", "c", "d", "e"].map(n => `${n}.jpg`);
	let now = 0;
	let most = 0;
	let posts = 0;

	await page.route("**/upload", async route => {
		posts++;
		most = Math.max(most, ++now);
		const response = await route.fetch();
		await new Promise(resolve => setTimeout(resolve, 150));
		now--;
		await route.fulfill({ response });
	});
	await choose(page, await Promise.all(names.map(n => photo(n))));
	await until(page.getByText("5 of 5 ready"));
	assert.equal(posts, 5, "each photo is a request of its own");
	assert.equal(most, 2);
	assert.deepEqual(await page.locator("article h2").allTextContents(), names);
}

/* ---- refusals ---------------------------------------------------------------- */

async function text({ page, photo, expected })
{
	expected.push(REFUSED);
	await choose(page, [NOTES, await photo("good.jpg")]);
	await until(card(page, "notes.txt").locator(".refusal", {
		hasText: /Accepted are JPEG, PNG, .+ and \w+\.$/ }));
	assert.ok((await thumbnail(page, "good.jpg")).width > 0);
	await until(page.getByText("1 of 2 ready · 1 not taken"));
	assert.equal(await card(page, "notes.txt").getByRole("button").count(), 0);
}

async function cut({ page, photo, expected })
{
	const file = await photo("cut.jpg");

	expected.push(REFUSED);
	file.buffer = file.buffer.subarray(0, 300);
	await choose(page, file);
	await until(card(page, "cut.jpg").locator(".refusal"));
	assert.match(await card(page, "cut.jpg").locator(".refusal").textContent(),
	    /damaged|not a photo/);
}

async function everyCode({ page, photo, expected })
{
	const all = await codes();
	const file = await photo("refused.jpg");
	const told = new Set();

	expected.push(/status of [45]\d\d/);
	assert.ok(all.length > 20, "the table was found");
	assert.deepEqual((await knownCodes(page)).sort(), [...all].sort());
	/* nginx asks for a pause first, which has a case of its own */
	for (const code of all.filter(c => c !== "rate-limited")) {
		await answer(page, 422, { code, status: 422, title: "FALLBACK" });
		await choose(page, file);
		await until(page.getByText(`1 not taken`));
		const said = await page.locator(".refusal").first().textContent();
		assert.doesNotMatch(said, /FALLBACK|undefined|NaN|null/, code);
		assert.doesNotMatch(said, /[;:\d]/, `${code}: no limit, no number`);
		told.add(said);
		await page.reload();
		await page.unroute("**/upload");
	}
	assert.ok(told.size >= all.length - 3, "they differ");
}

const LIMITS = [
	["photo-too-large", 413, 33554432, 47395635,
		"Too large: 45.2 MB; the limit here is 32 MB."],
	["photo-too-large", 413, 33554432, 33554433,
		"Too large: 32.000001 MB; the limit here is 32 MB."],
	["body-too-large", 413, 1024, null,
		/^Too large: [\d.]+ kB; the limit here is 1 kB\. Please /],
	["too-many-pixels", 422, 64e6, 99532800,
		"Too many pixels: 99.5 megapixels; the limit here is 64 megapixels."],
	["side-too-long", 422, 16000, 20000, "The longer side is too long: "
	    + "20,000 px; the limit here is 16,000 px."],
	["too-many-pixels", 422, 1e6, 1000001,
		"Too many pixels: 1.000001 megapixels; the limit here is 1 megapixel."],
	["too-many-frames", 422, 500, 2000, "This animation has too many frames: "
	    + "2,000 frames; the limit here is 500 frames."],
	["too-many-scans", 422, 100, 900, "This JPEG has too many scans: "
	    + "900 scans; the limit here is 100 scans."],
	["too-many-files", 413, 20, 21, "Too many photos in one upload: "
	    + "21 photos; the limit here is 20 photos."],
];

async function limit({ page, photo, expected }, [code, status, max, actual, said])
{
	expected.push(REFUSED);
	await answer(page, status, { type: "about:blank", title: "No", status, code,
		limit: max, actual, photos: [{ name: "x.jpg", error: { code, status,
			limit: max, actual } }] });
	await choose(page, await photo("x.jpg"));
	const refusal = card(page, "x.jpg").locator(".refusal");
	await until(refusal);
	const words = (await refusal.textContent()).replaceAll("\u00a0", " ");
	assert.match(words, said instanceof RegExp ? said
	    : new RegExp(`^${said.replace(/[.]/g, "\\.")} Please .+\\.$`));
}

const STRANGE = [
	["nginx's own page of a 413", 413, "<h1>413</h1>", /^Too large\. Please /],
	["the page of a wall before it", 403, "<h1>No</h1>", /status 403/],
	["a gateway's page", 502, "<h1>Bad Gateway</h1>", /broke off/],
	["a page in place of JSON", 200, "<h1>Log in</h1>", /status 200/],
	["JSON of another kind", 201, "[1, 2]", /status 201/],
	["an empty answer", 500, "", /inside the service/],
	["null", 503, "null", /more to do/],
	["a code of later days", 422, "{\"code\":\"new\",\"detail\":\"<b>Why\"}",
		/^Refused: <b>Why$/],
	["a code named like a method", 422, "{\"code\":\"constructor\"}",
		/^Refused: constructor$/],
];

async function strange({ page, photo, expected }, [, status, body, said])
{
	expected.push(/status of [45]\d\d/);
	await answer(page, status, body, "text/html");
	await choose(page, await photo("x.jpg"));
	await until(card(page, "x.jpg").locator(".refusal"));
	assert.match(await card(page, "x.jpg").locator(".refusal").textContent(),
	    said);
}

async function tryAgain({ page, photo, expected })
{
	expected.push(/status of 503/);
	await answer(page, 503, { code: "overloaded", status: 503 });
	await choose(page, await photo("busy.jpg"));
	const button = page.getByRole("button", { name: "Try again busy.jpg" });
	await until(button);
	await until(page.locator(".refusal", { hasText: "more to do than" }));
	await page.unroute("**/upload");
	await button.focus();
	await page.keyboard.press("Enter");
	assert.ok((await thumbnail(page, "busy.jpg")).width > 0);
	assert.match(await page.evaluate(() => document.activeElement.textContent),
	    /busy\.jpg$/, "the keyboard's place is kept");
}

/* What the service says of a planned hour, and a time that is none. */
const OFF = [
	[0, "2 hours", /^The service is off until \d\d:\d\d: A <b>new disk$/],
	[1, "2 days", /^The service is off until [A-Z][a-z]+ \d+ at \d\d:\d\d: A/],
	[2, "no time", /^The service is off at the moment: A <b>new disk$/],
];

async function off({ page, photo, expected }, [i, , said])
{
	/* At noon two hours later is the same day, whatever day it is. */
	await page.clock.setFixedTime(new Date(2026, 10, 28, 12));
	const end = [new Date(2026, 10, 28, 14), new Date(2026, 10, 30, 14)][i];

	expected.push(/status of 503/);
	await answer(page, 503, { code: "offline", status: 503,
		detail: "The service is off until 14:00 UTC: A <b>new disk",
		reason: "A <b>new disk",
		until: end?.toISOString() ?? "<b>soon" });
	await choose(page, await photo("off.jpg"));
	await until(page.getByRole("button", { name: "Try again off.jpg" }));
	assert.match(await card(page, "off.jpg").locator(".refusal").textContent(),
	    said);
}

async function networkLoss({ page, photo, expected })
{
	expected.push(/ERR_(FAILED|INTERNET_DISCONNECTED|CONNECTION)/);
	await page.route("**/upload", route => route.abort());
	await choose(page, [await photo("l1.jpg"), await photo("l2.jpg")]);
	await until(card(page, "l2.jpg").getByText("The connection was lost"));
	await until(page.getByText("0 of 2 ready · 2 not taken"));
	await shot(page, "network-loss");
	await page.unroute("**/upload");
	await page.getByRole("button", { name: "Try all again" }).click();
	await until(page.getByText("2 of 2 ready"));
}

async function paused({ page, photo, expected })
{
	let posts = 0;

	expected.push(/status of 429/);
	await page.route("**/upload", route => ++posts > 1 ? route.continue()
	    : route.fulfill({ status: 429, headers: { "Retry-After": "1" },
	        contentType: "application/problem+json",
	        body: "{\"code\":\"rate-limited\",\"limit\":20}" }));
	await choose(page, await photo("eager.jpg"));
	await until(page.getByText("Waiting, as the service asks"));
	assert.ok((await thumbnail(page, "eager.jpg")).width > 0);
	assert.equal(posts, 2);
}

async function cancelled({ page, photo, expected })
{
	expected.push(/ERR_(ABORTED|FAILED)/);
	let hang = true;
	await page.route("**/upload", route => hang || route.continue());
	await choose(page, [await photo("c1.jpg"), await photo("c2.jpg"),
		await photo("c3.jpg")]);
	for (const name of ["c3.jpg", "c1.jpg"]) {
		await page.getByRole("button", { name: `Cancel ${name}` }).click();
		await until(card(page, name).getByText("Cancelled."));
	}
	hang = false;
	await page.getByRole("button", { name: "Try again c1.jpg" }).click();
	assert.ok((await thumbnail(page, "c1.jpg")).width > 0);
}

await main(async suite => {
	const run = suite.run.bind(suite);

	await run("two chosen photos become thumbnails", chosen);
	await run("the same photo again was here already", sameAgain);
	await run("photos can be dropped anywhere", dropped);
	await run("a dropped folder is refused in words", folder);
	await run("a photo can be pasted", pasted);
	await run("progress moves, then it renders, and nothing jumps", progress);
	await run("five photos are five requests, two at a time", twoAtATime);
	await run("a text file is refused in words, a photo beside it is taken",
	    text);
	await run("a cut photo is refused in words", cut);
	await run("the fault table's codes, and no others, have words of their own",
	    everyCode);
	for (const row of LIMITS)
		await run(`${row[0]} says limit ${row[2]} and actual ${row[3]}`,
		    t => limit(t, row));
	for (const row of STRANGE)
		await run(`${row[0]} becomes plain words`, t => strange(t, row));
	await run("overloaded offers to try again", tryAgain);
	for (const row of OFF)
		await run(`an hour off says its end and why: ${row[1]}`,
		    t => off(t, row));
	await run("network loss offers to try again, all at once too", networkLoss);
	await run("rate-limited waits as long as the service asks", paused);
	await run("an upload can be cancelled", cancelled);
});
