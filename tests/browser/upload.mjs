/*
 * Photos on their way, as a person with a good line or a bad one sends them. Run
 * with `node upload.mjs`, FT_URL set; harness.mjs has the rest of the environment.
 *
 * Where something is waited for, the page's clock is driven, and nothing sleeps.
 */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { base, main, pool, shot } from "./harness.mjs";
import { NOTES, REFUSED, answer, card, choose, codes, thumbnail, until, wait }
	from "./parts.mjs";

const FAILED = /status of [45]\d\d|ERR_/;
const NBSP = /\u00a0/g;

/* ---- parts of the cases ---------------------------------------------------- */

const facts = async (page, name) => (await card(page, name).locator(".facts")
    .textContent()).replace(NBSP, " ");
const refusalOf = async (page, name) => {
	const node = card(page, name).locator(".refusal");
	await until(node);
	return (await node.textContent()).replace(NBSP, " ");
};
/* Until what is said of a photo is this; all that is there to be said. */
const said = (page, name, pattern) => wait(`${name} says ${pattern}`,
    async () => pattern.test(await facts(page, name)));
const press = (page, button) => page.getByRole("button", { name: button,
	exact: true }).click();
const news = page => page.locator("#news p").allTextContents();

/* What is asked of the service from now on: [method, path], and bytes of bodies. */
function traffic(page)
{
	const seen = [];

	page.on("request", request => seen.push({ method: request.method(),
		path: request.url().slice(base.length), headers: request.headers(),
		bytes: request.postDataBuffer()?.length ?? 0 }));
	return seen;
}
const posts = seen => seen.filter(r => r.method === "POST"
    && r.path === "upload");

/* Answer uploads by what the function says, which gets how many came before:
   nothing for the service's own answer, "abort" or a route.fulfill(). */
async function answers(page, say)
{
	let n = 0;

	await page.route("**/upload", route => {
		const reply = say(n++, route.request());
		return reply === "abort" ? route.abort() : reply
		    ? route.fulfill(reply) : route.continue();
	});
}
const problem = (status, code, headers = {}, more = {}) => ({ status, headers,
	contentType: "application/problem+json",
	body: JSON.stringify({ status, code, ...more }) });

/* From now on it is noon, until the clock is told to run. */
async function still(page)
{
	await page.clock.install({ time: new Date(2026, 10, 28, 11) });
	await page.clock.pauseAt(new Date(2026, 10, 28, 12));
}

/* Uploads wait until the function that is returned is called. */
async function hang(page, pattern = "**/upload")
{
	const held = [];
	let on = true;

	await page.route(pattern, route => on ? held.push(route)
	    : route.continue());
	return async () => {
		on = false;
		await Promise.all(held.map(route => route.continue().catch(() => 0)));
	};
}

/* The same picture as other bytes: JPEG may have a comment after its start. */
function variation({ buffer, ...file }, name)
{
	const text = Buffer.from(name);
	const head = Buffer.from([0xff, 0xfe, 0, text.length + 2]);

	return { ...file, name, buffer: Buffer.concat([buffer.subarray(0, 2), head,
		text, buffer.subarray(2)]) };
}

/* ---- ways in ------------------------------------------------------------------ */

async function chosen({ page, photo })
{
	await choose(page, [await photo("one.jpg"),
		await photo("two.jpg", { width: 300, height: 900 })]);
	for (const name of ["one.jpg", "two.jpg"]) {
		const seen = await thumbnail(page, name);
		assert.ok(seen.width > 0 && seen.height > 0);
		assert.ok(seen.set, "width and height are set");
		assert.ok(seen.src.startsWith(base), `${seen.src} is under the prefix`);
	}
	await until(page.getByText("2 of 2 ready"));
	assert.match(await facts(page, "one.jpg"), /^640 × 480 · [\d.]+ kB$/);
}

/* As a real drag of these files or folders. */
async function drag(page, context, files)
{
	const cdp = await context.newCDPSession(page);

	for (const type of ["dragEnter", "dragOver", "drop"])
		await cdp.send("Input.dispatchDragEvent", { type, x: 20, y: 20,
			data: { items: [], files, dragOperationsMask: 1 } });
}

async function dropped({ suite, page, context })
{
	/* anywhere on the page, not only in the zone */
	await drag(page, context, [await suite.photoFile("dropped-1.jpg"),
		await suite.photoFile("dropped-2.jpg")]);
	assert.ok((await thumbnail(page, "dropped-1.jpg")).width > 0);
	assert.ok((await thumbnail(page, "dropped-2.jpg")).width > 0);
	assert.equal(await page.locator("html.dragging").count(), 0);
	assert.equal(page.url(), base, "the browser did not open the file");
}

/* Its photos in order, whatever lies beside them; and where there are none. */
async function folder({ suite, page, context })
{
	const album = join(suite.files, "album");
	const empty = join(suite.files, "empty");

	await mkdir(join(album, "deeper"), { recursive: true });
	await mkdir(empty);
	await writeFile(join(album, ".DS_Store"), "x");
	await writeFile(join(empty, "notes.txt"), "x");
	await suite.photoFile("album/p10.jpg");
	await suite.photoFile("album/deeper/p9.jpg");
	await drag(page, context, [album, empty]);
	await thumbnail(page, "p10.jpg");
	await thumbnail(page, "p9.jpg");
	assert.match(await refusalOf(page, "empty"), /^There is no photo in this/);
	assert.deepEqual(await page.locator("h2 bdi").allTextContents(),
	    ["empty", "p9.jpg", "p10.jpg"]);
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

async function camera({ page, photo })
{
	const input = page.locator("#camera");
	const button = page.getByText("Take a photo");

	await until(button);
	assert.deepEqual(await input.evaluate(node => ["accept", "capture", "name",
		"multiple"].map(name => node.getAttribute(name))),
	    ["image/*", "environment", "photo", null]);
	const opened = page.waitForEvent("filechooser");
	await button.tap();
	await (await opened).setFiles(await photo("snap.jpg"));
	await thumbnail(page, "snap.jpg");
	assert.equal(await input.evaluate(node => node.files.length), 0);
}

async function cameraWithoutScripts({ page, photo })
{
	await page.locator("#camera").setInputFiles(await photo("snap.jpg"));
	await page.locator("button[form=snap]").tap();
	await page.waitForURL("**/upload");
	await until(page.locator("article.photo img"));
}

/* What no script has seen yet is sent by it when it comes. */
async function cameraBeforeScripts({ page, photo })
{
	const release = await hang(page, "**/upload.js");

	await page.goto(base, { waitUntil: "commit" });
	await page.locator("#camera").setInputFiles(await photo("early.jpg"));
	await release();
	await thumbnail(page, "early.jpg");
}

/* ---- on its way ----------------------------------------------------------------- */

async function progress({ page, context, photo })
{
	const cdp = await context.newCDPSession(page);
	const file = await photo("slow.jpg", { width: 2400, height: 1800,
		grain: 60000 });

	await cdp.send("Network.emulateNetworkConditions", { offline: false,
		latency: 0, downloadThroughput: -1,
		uploadThroughput: file.buffer.length / 1.5 });
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
	const box = () => card(page, "slow.jpg").locator(".thumb").boundingBox();
	const before = await box();
	/* The picture as the browser has it stands in for what comes. */
	await until(card(page, "slow.jpg").locator("canvas"));
	await thumbnail(page, "slow.jpg");
	assert.equal(await card(page, "slow.jpg").locator("canvas").count(), 0);
	assert.deepEqual(await box(), before, "the thumbnail moves nothing");
	const seen = await page.evaluate(() => window.seen);
	const sent = seen.filter(([at]) => at > 0 && at < 1).map(([at]) => at);
	assert.ok(new Set(sent).size >= 3, `the bar moved: ${sent}`);
	assert.deepEqual(sent, [...sent].sort((a, b) => a - b));
	for (const words of [/^Checking whether/, /^Making the thumbnails…$/])
		assert.ok(seen.some(([at, text]) => at === -1 && words.test(text)),
		    String(words));
	assert.ok(seen.some(([, text]) => /^Sending · \d+ % of/.test(text)));
	assert.equal(seen.at(-1)[0], null, "the bar is gone in the end");
}

async function twoAtATime({ page, photo })
{
	const names = ["a", "b", "c", "d", "e"].map(n => `${n}.jpg`);
	let now = 0;
	let most = 0;
	let sent = 0;

	await page.route("**/upload", async route => {
		sent++;
		most = Math.max(most, ++now);
		const response = await route.fetch();
		await new Promise(resolve => setTimeout(resolve, 50));
		now--;
		await route.fulfill({ response });
	});
	await choose(page, await Promise.all(names.map(n => photo(n))));
	await until(page.getByText("5 of 5 ready"));
	assert.equal(sent, 5, "each photo is a request of its own");
	assert.equal(most, 2);
	assert.deepEqual(await page.locator("article h2").allTextContents(), names);
}

/* So many that nobody wants to hear of each; the page still answers meanwhile. */
async function twoHundred({ page, photo })
{
	const one = await photo("one.jpg", { width: 64, height: 48 });
	const files = Array.from({ length: 200 }, (_, i) =>
		variation(one, `${i}.jpg`));

	await page.evaluate(() => {
		const make = createImageBitmap;
		window.decodes = window.most = 0;
		window.createImageBitmap = async file => {
			window.most = Math.max(window.most, ++window.decodes);
			return make(file).finally(() => window.decodes--);
		};
	});
	await choose(page, files);
	await press(page, "Cancel 199.jpg");
	await said(page, "199.jpg", /^Cancelled\.$/);
	await page.locator("#summary", { hasText:
		"199 of 200 ready · 1 cancelled" }).waitFor(
	    { timeout: 40e3 });
	assert.equal(await page.evaluate(() => window.most), 1,
	    "previews are made one at a time");
	const lines = await news(page);
	assert.ok(lines.length <= 15, `nobody is talked to death: ${lines}`);
}

/* Bytes that Chromium has no eyes for. */
async function heic({ page })
{
	const buffer = await readFile(new URL("../data/scene.heic",
	    import.meta.url));
	const release = await hang(page);

	await choose(page, { name: "IMG_0001.HEIC", mimeType: "", buffer });
	await said(page, "IMG_0001.HEIC", /^(Sending|Making)/);
	assert.equal(await page.evaluate(async () => createImageBitmap(
	    new Blob([new Uint8Array(9)])).catch(() => "none")), "none");
	assert.equal(await page.locator("canvas").count(), 0);
	await release();
	assert.ok((await thumbnail(page, "IMG_0001.HEIC")).width > 0);
}

/* ---- what is there already -------------------------------------------------------- */

async function hereAlready({ page, photo })
{
	const file = await photo("same.jpg");

	await choose(page, file);
	await thumbnail(page, "same.jpg");
	assert.equal(await page.getByText("was here already").count(), 0);
	const seen = traffic(page);
	await choose(page, { ...file, name: "again.jpg" });
	await thumbnail(page, "again.jpg");
	await until(card(page, "again.jpg").getByText("was here already"));
	assert.equal(posts(seen).length, 0, "it is not sent again");
	assert.ok(seen.reduce((sum, { bytes }) => sum + bytes, 0) < 200);
	const claim = seen.find(({ path }) => /^photos\/.*claims$/.test(path));
	assert.match(claim.headers["idempotency-key"], /^.{22,}$/);
	const kept = await page.evaluate(() => Object.entries(localStorage)
	    .filter(([key]) => key.startsWith("fcgi-thumb "))
	    .map(([, item]) => JSON.parse(item).tokens.length));
	assert.deepEqual(kept, [2], "a claim of its own");
}

/* An answer got lost: the photo is there, and so is its claim. */
async function answerLost({ page, photo, expected })
{
	const seen = traffic(page);
	let token = "";

	expected.push(FAILED);
	await still(page);
	await page.route("**/upload", async route => {
		const response = await route.fetch();
		token = (await response.json()).photos[0].delete_token;
		await route.abort();
	});
	await choose(page, await photo("lost.jpg"));
	await said(page, "lost.jpg", /Trying again/);
	await page.clock.runFor(2000);
	await thumbnail(page, "lost.jpg");
	assert.equal(posts(seen).length, 1);
	const tokens = await page.evaluate(() => Object.values(localStorage)
	    .map(item => JSON.parse(item).tokens));
	assert.deepEqual(tokens, [[token]], "no second claim");
}

/* Where the browser does not hash. */
async function plainHttp({ page, photo })
{
	await page.addInitScript(() => Object.defineProperty(Crypto.prototype,
	    "subtle", { get: () => undefined }));
	await page.reload();
	const file = await photo("plain.jpg");
	const seen = traffic(page);
	for (const name of ["first.jpg", "second.jpg"]) {
		await choose(page, { ...file, name });
		await thumbnail(page, name);
	}
	assert.equal(posts(seen).length, 2);
	assert.equal(seen.filter(({ method }) => method === "HEAD").length, 0);
	for (const { headers } of posts(seen))
		assert.match(headers["idempotency-key"], /^.{22,}$/);
	await until(card(page, "second.jpg").getByText("was here already"));
}

const json = body => ({ status: 201, contentType: "application/json",
	body: JSON.stringify(body) });
const CLAIMED = { id: "ID", delete_token: "abc" };
const MANIFEST = { id: "ID", width: 9, height: 9, bytes: 9, variants: [] };

/* What HEAD, the claim and the manifest say; ID is the photo's. */
const ODD = [
	["no manifest", { status: 404 }],
	["a manifest that is forbidden", { status: 403 }],
	["no connection for the manifest", "abort"],
	["a claim that is refused", {}, problem(403, "token-invalid")],
	["a claim that is too many", {}, problem(429, "rate-limited")],
	["a claim that is a page", {}, { status: 201, body: "<h1>Hello" }],
	["a claim of another photo", {}, json({ ...CLAIMED, id: "x" })],
	["a claim with an odd token", {}, json({ ...CLAIMED, delete_token: {} })],
	["a manifest of another photo", {}, json(CLAIMED),
		json({ ...MANIFEST, id: "x" })],
	["a manifest without a photo", {}, json(CLAIMED), json({ id: "ID" })],
	["a manifest that is a list", {}, json(CLAIMED), json([])],
	["a manifest that is gone", {}, json(CLAIMED), { status: 404 }],
];

async function oddlyThere({ page, photo, expected })
{
	const one = await photo("one.jpg");
	let now;
	let id = "";
	const give = (route, reply) => reply === "abort" ? route.abort()
	    : route.fulfill({ ...reply, body: reply.body?.replace("\"ID\"",
	        `"${id}"`) });

	expected.push(FAILED);
	await still(page);
	await page.route("**/meta.json", route => {
		id = route.request().url().split("/").at(-2);
		return give(route, route.request().method() === "HEAD" ? now[1]
		    : now[3]);
	});
	await page.route("**/claims", route => give(route, now[2]));
	const seen = traffic(page);
	for (const [i, row] of ODD.entries()) {
		now = row;
		await choose(page, variation(one, `${i}.jpg`));
		await thumbnail(page, `${i}.jpg`);
		assert.equal(posts(seen).length, i + 1, row[0]);
		const asked = seen.filter(({ path }) => /meta|claims/.test(path));
		assert.equal(asked.length, row.length - 1, `${row[0]} was asked`);
		seen.splice(0, seen.length, ...posts(seen));
		/* After trouble it is not asked for a while. */
		await page.clock.runFor(31e3);
	}
}

/* A claim without a token: it stays for good, and has not to be sent. */
async function forGood({ page, photo })
{
	const file = await photo("full.jpg");

	await choose(page, file);
	await thumbnail(page, "full.jpg");
	await page.route("**/claims", async route => {
		const response = await route.fetch();
		const { id } = await response.json();
		await route.fulfill(json({ id }));
	});
	const seen = traffic(page);
	await choose(page, { ...file, name: "again.jpg" });
	await thumbnail(page, "again.jpg");
	assert.equal(posts(seen).length, 0);
	assert.equal(await card(page, "again.jpg").getByRole("button",
	    { name: /^(Remove|Delete)/ }).count(), 0);
}

/* A manifest that does not come holds nobody up, and is not asked for again. */
async function slowlyThere({ page, photo })
{
	const seen = traffic(page);

	await still(page);
	await hang(page, "**/meta.json");
	await choose(page, [await photo("a.jpg"), await photo("b.jpg")]);
	await wait("it is asked for", () => seen.some(r => r.method === "HEAD"));
	await page.clock.runFor(4000);
	await thumbnail(page, "a.jpg");
	await thumbnail(page, "b.jpg");
	assert.equal(seen.filter(r => r.method === "HEAD").length, 1);
}

/* ---- what fails, and passes ------------------------------------------------------ */

const inDate = seconds => ({ "Date": "Sat, 28 Nov 2026 12:00:00 GMT",
	"Retry-After": new Date(Date.UTC(2026, 10, 28, 12, 0, seconds))
	    .toUTCString() });

/* [what, reply, first wait in seconds, words] */
const PASSING = [
	["429", problem(429, "rate-limited", { "Retry-After": "7" }), 7,
		/^Too many uploads/],
	["503 with a date", problem(503, "overloaded", inDate(9)), 9,
		/^The service has more to do/],
	["503 of a disk", problem(503, "offline", { "Retry-After": "30" }), 30,
		/^The service can’t store photos/],
	["502", problem(502, "worker-lost"), 1, /^The service broke off/],
	["504", problem(504, "too-slow"), 1, /^The service took too long/],
	["a gateway's page", { status: 502, body: "<h1>Bad Gateway" }, 1,
		/^The service broke off/],
	["no connection", "abort", 1, /^The connection was lost/],
	["a code of later days", problem(503, "new", {}, { detail: "<b>Why" }), 1,
		/^Refused: <b>Why · /],
];

/* Twice so, then the service's own answer. */
async function passing({ page, photo, expected }, [, reply, seconds, words])
{
	const seen = traffic(page);

	expected.push(FAILED);
	await still(page);
	await answers(page, n => n < 2 && reply);
	await choose(page, await photo("x.jpg"));
	const n = async () => Number(/Trying again in (\d+) s\.$/.exec(
	    await facts(page, "x.jpg"))?.[1]);
	const first = await wait("it will try again", n);
	assert.ok(first >= seconds && first <= Math.ceil(1.25 * seconds),
	    `${first} for ${seconds}`);
	assert.match(await facts(page, "x.jpg"), words);
	assert.equal(await card(page, "x.jpg").locator("progress").count(), 1);
	await page.clock.runFor(1000 * (seconds - 1));
	assert.equal(posts(seen).length, 1, "not before");
	await page.clock.runFor(1000 * (seconds / 4 + 2));
	await wait("it is tried again", () => posts(seen).length === 2);
	const second = await wait("once more", n);
	assert.ok(second >= Math.max(seconds, 2), "longer each time");
	const told = (await news(page)).filter(line => /^x\.jpg:/.test(line));
	assert.equal(told.length, 1, `not told each second: ${told}`);
	await press(page, "Try now x.jpg");
	await thumbnail(page, "x.jpg");
	const keys = posts(seen).map(({ headers }) => headers["idempotency-key"]);
	assert.equal(keys.length, 3);
	assert.equal(new Set(keys).size, 1, "one key for all tries");
	assert.match(keys[0], /^[!-~]{22,}$/);
}

/* Six times in all, then a person is asked. */
async function givesUp({ page, photo, expected })
{
	const seen = traffic(page);

	expected.push(FAILED);
	await still(page);
	await answers(page, n => n < 12 && "abort");
	await choose(page, [await photo("a.jpg"), await photo("b.jpg")]);
	await wait("both are given up", async () => {
		await page.clock.runFor(5000);
		return await page.getByText("0 of 2 ready · 2 not taken").count();
	});
	assert.match(await refusalOf(page, "a.jpg"),
	    /^The connection was lost before all was through\. Please try again\.$/);
	assert.equal(posts(seen).length, 12);
	await page.getByRole("button", { name: "Try all again" }).click();
	await until(page.getByText("2 of 2 ready"));
	assert.equal(new Set(posts(seen).map(({ headers }) =>
		headers["idempotency-key"])).size, 2, "one key each");
}

/* One that failed alone lets others pass; what concerns all holds all. */
async function holds({ page, photo, expected })
{
	const seen = traffic(page);
	const more = async name => choose(page, await photo(name));

	expected.push(FAILED);
	await still(page);
	await answers(page, n => n === 0 ? problem(502, "worker-lost")
	    : n === 2 && problem(429, "rate-limited", { "Retry-After": "5" }));
	await more("broken.jpg");
	await said(page, "broken.jpg", /Trying again/);
	await more("passes.jpg");
	await thumbnail(page, "passes.jpg");
	await more("eager.jpg");
	await said(page, "eager.jpg", /Trying again/);
	await more("waits.jpg");
	await said(page, "waits.jpg", /^Waiting/);
	await page.clock.runFor(4000);
	assert.equal(posts(seen).length, 3, "none while the service asks for a pause");
	await said(page, "waits.jpg", /^Waiting · [\d.]+ kB$/);
	await page.clock.runFor(4000);
	await until(page.getByText("4 of 4 ready"));
}

/* What nobody would wait for is said, with its end where that is known. */
async function tooLong({ page, photo, expected })
{
	expected.push(FAILED);
	await still(page);
	await answers(page, () => problem(429, "rate-limited",
	    { "Retry-After": "3600" }));
	await choose(page, await photo("x.jpg"));
	assert.equal(await refusalOf(page, "x.jpg"), "Too many uploads in a short "
	    + "time. Please try again after 13:00.");
	await until(page.getByRole("button", { name: "Try again x.jpg" }));
}

/* Hours off: the end as the service says it, or none; at noon two hours later is
   the same day. */
const OFF = [
	["2 hours", new Date(2026, 10, 28, 14),
		/^The service is off until 14:00: A <b>new disk · Goes on by itself\.$/],
	["2 days", new Date(2026, 10, 30, 14),
		/^The service is off until November 30 at 14:00: A <b>new disk · Goes/],
	["no time", null, /^The service is off at the moment: A <b>new disk · Goes/],
];

async function off({ page, photo, expected }, [, end, words])
{
	const seen = traffic(page);

	expected.push(FAILED);
	await still(page);
	await answers(page, n => n < 7 && problem(503, "offline",
	    { "Retry-After": "3600" }, { detail: "No", reason: "A <b>new disk",
	        until: end?.toISOString() ?? "<b>soon" }));
	await choose(page, await photo("off.jpg"));
	await said(page, "off.jpg", words);
	await page.clock.runFor(60e3);
	assert.equal(posts(seen).length, 1);
	/* However often that is moved. */
	for (let n = 2; n <= 8; n++) {
		await page.clock.fastForward(3601e3);
		await wait("it is asked again", () => posts(seen).length === n);
		if (n < 8)
			await said(page, "off.jpg", words);
	}
	await thumbnail(page, "off.jpg");
}

async function stalls({ page, photo, expected })
{
	expected.push(FAILED);
	await still(page);
	const release = await hang(page);
	await choose(page, await photo("still.jpg"));
	await said(page, "still.jpg", /^(Sending|Making)/);
	/* A page that slept is not a line that stood still. */
	await page.clock.fastForward(3600e3);
	await said(page, "still.jpg", /^(Sending|Making)/);
	await page.clock.runFor(201e3);
	await wait("it is noticed", async () => (await news(page)).some(line =>
		/^still\.jpg: Nothing moved any more.*Trying again/.test(line)));
	await release();
	await wait("it goes on", async () => {
		await page.clock.runFor(1000);
		return await page.getByText("1 of 1 ready").count();
	});
}

async function offline({ page, context, photo, expected })
{
	const seen = traffic(page);
	const words = /^No connection\. Goes on when it is back\.$/;

	expected.push(/ERR_INTERNET_DISCONNECTED.*\.svg$/);
	await still(page);
	await context.setOffline(true);
	await choose(page, [await photo("a.jpg"), await photo("b.jpg")]);
	await said(page, "a.jpg", words);
	await said(page, "b.jpg", words);
	await page.clock.runFor(600e3);
	assert.equal(posts(seen).length, 0, "no try is used up");
	await context.setOffline(false);
	await until(page.getByText("2 of 2 ready"));
	assert.ok((await news(page)).includes("The connection is back."));
}

/* It breaks off in the middle, and a person knows better than the browser. */
async function offlineMidway({ page, context, photo, expected })
{
	const release = await hang(page);

	expected.push(FAILED);
	await choose(page, await photo("mid.jpg"));
	await said(page, "mid.jpg", /^(Sending|Making)/);
	await context.setOffline(true);
	await release();
	await said(page, "mid.jpg", /^No connection/);
	await press(page, "Try now mid.jpg");
	await said(page, "mid.jpg", /^No connection/);
	await context.setOffline(false);
	await thumbnail(page, "mid.jpg");
}

async function poolBack({ page, photo, expected })
{
	expected.push(FAILED);
	await pool.kill();
	await choose(page, [await photo("a.jpg"), await photo("b.jpg"),
		await photo("c.jpg")]);
	await said(page, "a.jpg", /^The service has more to do.*Trying again/);
	await said(page, "c.jpg", /^Waiting/);
	await pool.start();
	await until(page.getByText("3 of 3 ready"));
}

/* ---- what a person ends ------------------------------------------------------------ */

async function cancelled({ page, context, photo, expected })
{
	const states = [
		[/^Checking/, async () => hang(page, "**/meta.json")],
		[/^(Sending|Making)/, async () => hang(page)],
		[/Trying again/, async () => answers(page, () => "abort")],
		[/^No connection/, async () => context.setOffline(true)],
	];

	expected.push(FAILED);
	for (const [i, [words, begin]] of states.entries()) {
		await begin();
		await choose(page, await photo(`${i}.jpg`));
		await said(page, `${i}.jpg`, words);
		await press(page, `Cancel ${i}.jpg`);
		await said(page, `${i}.jpg`, /^Cancelled\.$/);
		assert.equal(await card(page, `${i}.jpg`).locator("progress")
		    .isVisible(), false);
		await page.unrouteAll();
	}
	await context.setOffline(false);
	await until(page.getByText("0 of 4 ready · 4 cancelled"));
	await press(page, "Try again 1.jpg");
	await thumbnail(page, "1.jpg");
	await until(page.getByText("1 of 4 ready · 3 cancelled"));
	await page.getByRole("button", { name: "Try all again" }).click();
	await until(page.getByText("4 of 4 ready"));
}

async function allCancelled({ page, photo })
{
	const seen = traffic(page);

	await hang(page);
	await choose(page, await Promise.all(["a", "b", "c", "d"].map(n =>
		photo(`${n}.jpg`))));
	await wait("two are on their way", () => posts(seen).length === 2);
	await page.getByRole("button", { name: "Cancel all" }).click();
	await until(page.getByText("0 of 4 ready · 4 cancelled"));
	assert.equal(posts(seen).length, 2, "none begins meanwhile");
	assert.equal(await page.evaluate(() => document.activeElement.id), "again");
}

/* Does the page ask before it is left? */
const asks = page => page.evaluate(() => !dispatchEvent(
    new Event("beforeunload", { cancelable: true })));

async function leaving({ page, photo })
{
	const release = await hang(page);

	assert.equal(await asks(page), false);
	await choose(page, await photo("x.jpg"));
	assert.equal(await asks(page), true);
	assert.equal(await page.title(), "(0/1) Thumbnails");
	await release();
	await thumbnail(page, "x.jpg");
	assert.equal(await asks(page), false);
	assert.equal(await page.title(), "Thumbnails");
}

/* ---- refusals ---------------------------------------------------------------------- */

/* By the service itself: a text, a photo cut short, none at all, and too many
   bytes; a photo beside them is taken. */
async function refused({ suite, page, photo, expected })
{
	const huge = join(suite.files, "huge.jpg");
	const file = await photo("cut.jpg");
	const seen = traffic(page);

	expected.push(REFUSED);
	await writeFile(huge, "");
	await truncate(huge, 33 << 20);
	file.buffer = file.buffer.subarray(0, 300);
	await choose(page, huge);
	await choose(page, [NOTES, file, { ...NOTES, name: "empty.jpg",
		buffer: Buffer.alloc(0) }, await photo("good.jpg")]);
	await until(page.getByText("1 of 5 ready · 4 not taken"));
	assert.match(await refusalOf(page, "notes.txt"),
	    /^This looks like a text file\. Accepted are JPEG, .+ and \w+\.$/);
	assert.match(await refusalOf(page, "cut.jpg"),
	    /^This photo is damaged.* save it anew and send that\.$/);
	assert.match(await refusalOf(page, "empty.jpg"), /^This file is empty\./);
	assert.equal(await refusalOf(page, "huge.jpg"), "Too large: 33 MB; the "
	    + "limit here is 32 MB. Please send a smaller one.");
	assert.equal(posts(seen).length, 4, "none of them is sent twice");
	for (const name of ["notes.txt", "cut.jpg", "empty.jpg", "huge.jpg"]) {
		assert.equal(await card(page, name).getByRole("button").count(), 0);
		assert.ok((await news(page)).some(line => line.startsWith(`${name}: `)));
	}
}

/* The file that one of two uploads under way is of. */
const fileOf = request => /filename="(.*?)"/.exec(
    request.postDataBuffer().toString("latin1"))[1];

/* Refuse many at once, each as its row's reply says; what is said of each. */
async function refuseAll(page, photo, rows)
{
	const one = await photo("x.jpg");

	await answers(page, (_, request) => rows[parseInt(fileOf(request))][1]);
	await choose(page, rows.map((_, i) => variation(one, `${i}.jpg`)));
	await until(page.getByText(`${rows.length} not taken`));
	return Promise.all(rows.map((_, i) => refusalOf(page, `${i}.jpg`)));
}

/* The codes that the page as it is served has words for, but its own. */
async function knownCodes(page)
{
	const script = await page.request.get(new URL("words-en.js", base).href);
	const list = /const refusals = \{(.*?)The page's own:/s.exec(
	    await script.text())[1];

	return [...list.matchAll(/^\t"([a-z-]+)":/gm)].map(m => m[1]);
}

async function everyCode({ page, photo, expected })
{
	const all = await codes();

	expected.push(REFUSED);
	assert.ok(all.length > 20, "the table was found");
	assert.deepEqual((await knownCodes(page)).sort(), [...all].sort());
	const said = await refuseAll(page, photo, all.map(code =>
		[code, problem(422, code, {}, { title: "FALLBACK" })]));
	for (const [i, words] of said.entries()) {
		assert.doesNotMatch(words, /FALLBACK|undefined|NaN|null/, all[i]);
		assert.doesNotMatch(words, /[;:\d]/, `${all[i]}: no limit, no number`);
	}
	assert.ok(new Set(said).size >= all.length - 2, "they differ");
}

const limit = (code, max, actual) => problem(413, code, {}, { limit: max,
	actual, title: "No", photos: [{ error: { code, limit: max, actual } }] });
const LIMITS = [
	["Too large: 45.2 MB; the limit here is 32 MB.",
		limit("photo-too-large", 33554432, 47395635)],
	["Too large: 32.000001 MB; the limit here is 32 MB.",
		limit("photo-too-large", 33554432, 33554433)],
	[/^Too large: [\d.]+ kB; the limit here is 1 kB\. Please /,
		limit("body-too-large", 1024, null)],
	["Too many pixels: 99.5 megapixels; the limit here is 64 megapixels.",
		limit("too-many-pixels", 64e6, 99532800)],
	["The longer side is too long: 20,000 px; the limit here is 16,000 px.",
		limit("side-too-long", 16000, 20000)],
	["Too many pixels: 1.000001 megapixels; the limit here is 1 megapixel.",
		limit("too-many-pixels", 1e6, 1000001)],
	["This animation has too many frames: 2,000 frames; the limit here is 500 "
	    + "frames.", limit("too-many-frames", 500, 2000)],
	["This JPEG has too many scans: 900 scans; the limit here is 100 scans.",
		limit("too-many-scans", 100, 900)],
	["Too many photos in one upload: 21 photos; the limit here is 20 photos.",
		limit("too-many-files", 20, 21)],
];

async function limits({ page, photo, expected })
{
	expected.push(REFUSED);
	const said = await refuseAll(page, photo, LIMITS);
	for (const [i, [words]] of LIMITS.entries())
		assert.match(said[i], words instanceof RegExp ? words
		    : new RegExp(`^${words.replace(/[.]/g, "\\.")} Please .+\\.$`));
}

const page_ = (status, body) => ({ status, body, contentType: "text/html" });
/* What stands before the service may answer in its place. */
const STRANGE = [
	[/^Too large\. Please /, page_(413, "<h1>413</h1>")],
	[/status 403/, page_(403, "<h1>No</h1>")],
	[/status 200/, page_(200, "<h1>Log in</h1>")],
	[/status 201/, page_(201, "[1, 2]")],
	[/inside the service/, page_(500, "")],
	[/no room left/, page_(507, "null")],
	[/^Refused: <b>Why$/, page_(422, "{\"code\":\"new\",\"detail\":\"<b>Why\"}")],
	[/^Refused: constructor$/, page_(422, "{\"code\":\"constructor\"}")],
];

async function strange({ page, photo, expected })
{
	expected.push(FAILED);
	const said = await refuseAll(page, photo, STRANGE);
	for (const [i, [words]] of STRANGE.entries())
		assert.match(said[i], words);
}

/* A file that goes while it waits looks like a lost connection. */
async function moved({ suite, page, context, expected })
{
	const path = await suite.photoFile("moving.jpg");

	expected.push(FAILED);
	await context.setOffline(true);
	await choose(page, path);
	await said(page, "moving.jpg", /^No connection/);
	await rm(path);
	await context.setOffline(false);
	assert.match(await refusalOf(page, "moving.jpg"),
	    /can’t be read any more.* choose it again\.$/);
}

/* ---- in Korean ------------------------------------------------------------------------ */

const KOREAN = [
	[/^파일이 너무 큽니다\. 이 사진은 45\.2 MB이며, 여기서는 32 MB까지 올릴 수 있습니다\. /,
		limit("photo-too-large", 33554432, 47395635)],
	[/^화소 수가 너무 많습니다\. 이 사진은 99\.5 메가픽셀이며, 여기서는 64 메가픽셀까지 /,
		limit("too-many-pixels", 64e6, 99532800)],
	[/^텍스트 파일로 보입니다\. JPEG, .* 형식의 사진을 올려 주세요\.$/,
		problem(415, "unsupported-format", {}, { detail:
		    "This looks like a text file. Accepted are JPEG." })],
	[/ 21장을 보냈지만, 20장까지 올릴 수 있습니다\. 나누어서 /,
		limit("too-many-files", 20, 21)],
];

async function korean({ page, context, photo, expected })
{
	expected.push(FAILED);
	await still(page);
	const one = await photo("x.jpg");
	await answers(page, (n, request) => n < KOREAN.length
	    ? KOREAN[parseInt(fileOf(request))][1] : n === KOREAN.length
	        && problem(503, "overloaded", { "Retry-After": "3" }));
	await choose(page, KOREAN.map((_, i) => variation(one, `${i}.jpg`)));
	await until(page.getByText("4장 중 0장 완료 · 4장 실패"));
	for (const [i, [words]] of KOREAN.entries())
		assert.match(await refusalOf(page, `${i}.jpg`), words);
	await choose(page, variation(one, "busy.jpg"));
	await said(page, "busy.jpg", /^지금은 서비스가 너무 바쁩니다\. \d초 후에 다시 시도합니다\.$/);
	await context.setOffline(true);
	await said(page, "busy.jpg", /^연결되어 있지 않습니다\. /);
	await press(page, "취소 busy.jpg");
	await said(page, "busy.jpg", /^취소했습니다\.$/);
	await context.setOffline(false);
	await press(page, "다시 시도 busy.jpg");
	await thumbnail(page, "busy.jpg");
	assert.ok((await news(page)).includes("busy.jpg: 완료되었습니다."));
}

await main(async suite => {
	const run = suite.run.bind(suite);
	const touch = { viewport: { width: 320, height: 640 }, hasTouch: true,
		isMobile: true };

	await run("two chosen photos become thumbnails", chosen);
	await run("photos can be dropped anywhere", dropped);
	await run("of a dropped folder its photos are taken", folder);
	await run("a photo can be pasted", pasted);
	await run("a photo can be taken", camera, touch);
	await run("a photo can be taken without scripts", cameraWithoutScripts,
	    { ...touch, javaScriptEnabled: false });
	await run("a photo that was taken before the scripts came is sent",
	    cameraBeforeScripts, touch);
	await run("progress moves, then it renders, and nothing jumps", progress);
	await run("five photos are five requests, two at a time", twoAtATime);
	await run("two hundred photos leave the page at hand", twoHundred);
	await run("what the browser cannot show is sent", heic);
	await run("what is here already is not sent", hereAlready);
	await run("an answer that got lost costs no second upload", answerLost);
	await run("over plain http photos are just sent", plainHttp);
	await run("whatever is odd about what is here, it is sent", oddlyThere);
	await run("what stays for good is not sent", forGood);
	await run("a manifest that does not come holds nobody up", slowlyThere);
	for (const row of PASSING)
		await run(`${row[0]} is tried again by itself`, t => passing(t, row));
	await run("after six tries a person is asked", givesUp);
	await run("what concerns all holds all, and no more does", holds);
	await run("what asks for too long is refused with its end", tooLong);
	for (const row of OFF)
		await run(`an hour off says its end and why: ${row[0]}`,
		    t => off(t, row));
	await run("a line that stands still is noticed", stalls);
	await run("without a connection it waits, and goes on", offline);
	await run("a connection that breaks costs no try", offlineMidway);
	await run("the pool is killed, and comes back", poolBack);
	await run("an upload can be cancelled in each state", cancelled);
	await run("all can be cancelled", allCancelled);
	await run("leaving asks while something is under way", leaving);
	await run("the service's own refusals are in words", refused);
	await run("the fault table's codes, and no others, have words of their own",
	    everyCode);
	await run("each limit is said, and what was given", limits);
	await run("what is not of the service becomes plain words", strange);
	await run("a file that was moved is not sent for ever", moved);
	await run("all of that in Korean", korean, { locale: "ko-KR" });
});
