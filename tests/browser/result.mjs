/*
 * A photo that is ready: what is shown of it, taken from it, and how it goes. Run
 * with `node result.mjs`, FT_URL set; with FT_SITE set, for a service whose
 * addresses are not of the page's own origin, only what differs then.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { base, main, pool, shot } from "./harness.mjs";
import { GOOD_ID, MARKUP, NAMES, answer, card, choose, thumbnail, until,
	wait } from "./parts.mjs";

/* To the browser this is another host than the one in FT_URL. */
const elsewhere = base.replace("//127.0.0.1", "//localhost");

/* ---- parts of the cases --------------------------------------------------- */

/* Send a photo; what the service says of it, if it had to be sent. */
async function sent(page, file)
{
	const posted = page.waitForResponse(response =>
		/\/(upload|claims)$/.test(response.url()));

	await choose(page, file);
	const { photos } = await (await posted).json();
	await thumbnail(page, file.name);
	return photos?.[0];
}

/* A photo of another service, as it could be. */
const reply = (ofPhoto = {}, ofVariant = {}) => ({ photos: [{ status: "created",
	id: GOOD_ID, width: 9, height: 9, bytes: 9, delete_token: "abc",
	variants: [{ preset: "p", type: "image/svg", width: 9, height: 9, bytes: 9,
		url: "icon.svg", ...ofVariant }], ...ofPhoto }] });

async function pretend(page, photo, name, ...members)
{
	await answer(page, 201, reply(...members), "application/json");
	await choose(page, { ...await photo(name), name });
	await until(card(page, name).getByRole("button", { name: "Copy address" }));
	await page.unroute("**/upload");
}

const button = (page, name) => page.getByRole("button", { name });
const links = (page, name) => card(page, name).locator("dt a")
    .evaluateAll(nodes => nodes.map(node => node.href));
const statuses = (page, urls) => Promise.all(urls.map(async url =>
	(await page.request.get(url)).status()));
const areGone = (page, urls) => wait("404", async () =>
	(await statuses(page, urls)).every(status => status === 404));

/* The requests to delete that were sent, as [id, token]. */
function deletions(page)
{
	const seen = [];

	page.on("request", request => {
		if (request.method() === "DELETE")
			seen.push([request.url().split("/").at(-1),
				request.headers().authorization.replace("Bearer ", "")]);
	});
	return seen;
}

const kept = page => page.evaluate(() => Object.entries(localStorage)
    .map(([key, item]) => ({ key, ...JSON.parse(item) })));

/* ---- what is shown --------------------------------------------------------- */

async function figures({ page, photo })
{
	const said = await sent(page, await photo("IMG_1.jpg",
	    { width: 2400, height: 1600, grain: 9000 }));
	const kB = n => n < 1024 ? `${n}\u00a0bytes` : `${Math.round(n / 1024)}\u00a0kB`;

	assert.equal(await card(page, "IMG_1.jpg").locator(".facts").textContent(),
	    `2400\u00a0×\u00a01600 · ${kB(said.bytes)}`);
	const rows = card(page, "IMG_1.jpg").locator("dl > div");
	assert.equal(await rows.count(), said.variants.length);
	for (const [i, v] of said.variants.entries()) {
		const [name, pixels, weight, share] = await rows.nth(i)
		    .locator("dt, dd").allTextContents();
		assert.equal(name, `${v.preset}.jpg`);
		assert.equal(pixels, `${v.width}\u00a0×\u00a0${v.height}`);
		assert.equal(weight, kB(v.bytes));
		const [, percent, words] = /^([\d.]+)%( .*)$/.exec(share);
		assert.ok(Math.abs(percent - 100 * v.bytes / said.bytes) <= .51, share);
		assert.equal(words, " of the original");
		const answered = await page.request.get(await rows.nth(i).locator("dt a")
		    .evaluate(node => node.href));
		assert.equal((await answered.body()).length, v.bytes);
		assert.match(answered.headers()["content-type"], /^image\//);
	}
}

/* From now on what moves in the page is noted, until it is told to rest. */
const watch = page => page.evaluate(() => {
	window.shifts ??= [];
	window.watcher = new PerformanceObserver(list => window.shifts.push(
	    ...list.getEntries().map(entry => entry.sources.map(source =>
	        source.node?.outerHTML?.slice(0, 120)))));
	window.watcher.observe({ type: "layout-shift" });
});

/* When what has been drawn is noted, no more is. */
const rest = page => page.evaluate(() => new Promise(resolve =>
	requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {
		window.watcher?.disconnect();
		resolve(window.shifts);
	})))));

/* Like that while it is awaited as when it is there; so is the picture's room. */
async function unmoved({ page, photo })
{
	const held = [];
	let hold = true;

	await page.route("**/t/**", route => hold ? held.push(route)
	    : route.continue());
	await pool.stop();
	const posted = page.waitForResponse(async response =>
		/\/upload$/.test(response.url())
		&& (await response.json()).photos[0].name === "soft.jpg");
	await choose(page, [await photo("soft.jpg", { width: 900, height: 600 }),
		await photo("below.jpg")]);
	await until(card(page, "below.jpg"));
	await watch(page);
	await pool.cont();
	const { color, placeholder } = (await (await posted).json()).photos[0];
	const link = card(page, "soft.jpg").locator(".thumb a");
	await until(link);
	const style = () => link.evaluate(node => {
		const { backgroundColor, backgroundImage } = getComputedStyle(node);
		return { backgroundColor, backgroundImage };
	});
	assert.deepEqual(await style(), { backgroundImage: `url("${placeholder}")`,
		backgroundColor: `rgb(${color.slice(1).match(/../g)
		    .map(hex => parseInt(hex, 16)).join(", ")})` });
	await until(card(page, "below.jpg").locator(".thumb a"));
	await rest(page);
	/* A picture of the whole page makes room for all of it, and moves it. */
	await shot(page, "upload-placeholder-1280-light");
	await rest(page);
	await watch(page);
	hold = false;
	await Promise.all(held.map(route => route.continue()));
	await thumbnail(page, "soft.jpg");
	await thumbnail(page, "below.jpg");
	assert.equal((await style()).backgroundImage, "none",
	    "nothing shines through a transparent thumbnail");
	assert.deepEqual(await rest(page), []);
}

/* A row for each preset, also when somebody has asked for more formats of it. */
async function presets({ page, photo })
{
	const { id, variants } = await sent(page, await photo("more.jpg"));

	assert.equal((await page.request.get(new URL(`t/${id}/large.webp`, base).href))
	    .status(), 200);
	const manifest = await page.evaluate(async address =>
		(await fetch(address)).json(), `t/${id}/meta.json`);
	assert.equal(manifest.variants.length, variants.length + 1);
	const said = reply({ variants: manifest.variants });
	await answer(page, 201, said, "application/json");
	await choose(page, await photo("again.jpg"));
	await thumbnail(page, "again.jpg");
	assert.deepEqual(await card(page, "again.jpg").locator("dt").allTextContents(),
	    variants.map(v => `${v.preset}.jpg`));
}

/* What a photo is shown by: enough of it, and not cut; as much as there is. */
async function shown({ page, photo })
{
	await choose(page, [
		await photo("wide.jpg", { width: 1800, height: 400 }),
		await photo("tiny.jpg", { width: 20, height: 16 })]);
	const wide = await thumbnail(page, "wide.jpg");
	assert.match(wide.src, /\/medium\.jpg\?v=/);
	assert.ok(wide.set, "its size is known before it is");
	assert.deepEqual(await thumbnail(page, "tiny.jpg")
	    .then(({ width, height }) => [width, height]), [20, 16]);
	const box = await card(page, "tiny.jpg").locator("img").evaluate(node =>
		getComputedStyle(node).objectFit);
	assert.equal(box, "scale-down", "it is not blown up");
}

/* ---- what is copied ---------------------------------------------------------- */

/* Press a button; what is in the clipboard then. */
async function copied(page, name, label)
{
	const node = await card(page, name).getByRole("button", { name: label })
	    .elementHandle();

	await node.click();
	await page.waitForFunction(one => one.classList.contains("done"), node);
	return page.evaluate(() => (window.read
	    ?? navigator.clipboard.readText.bind(navigator.clipboard))());
}

async function addresses({ page, context, photo }, origin)
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	const said = await sent(page, await photo("a.jpg"));
	const whole = said.variants.map(v => new URL(v.url, origin).href);

	assert.equal(await copied(page, "a.jpg", /^Copy address of a\.jpg$/),
	    whole[0], "the largest");
	for (const [i, v] of said.variants.entries())
		assert.equal(await copied(page, "a.jpg",
		    `Copy the address of ${v.preset}.jpg, a.jpg`), whole[i]);
	assert.deepEqual(await statuses(page, whole), whole.map(() => 200));
	assert.equal(await copied(page, "a.jpg", /^Copy Markdown/),
	    `![a.jpg](${whole[0]})`);
	const html = await copied(page, "a.jpg", /^Copy HTML/);
	const urls = html.match(/[^"\s,]+\/t\/[^"\s,]+/g);
	assert.ok(urls.length >= 3 && urls.every(url => url.startsWith(origin)), html);
	assert.match(await page.locator("#news").textContent(), new RegExp(
	    "Copied the address of a\\.jpg\\..*of large\\.jpg, a\\.jpg\\..*"
	    + "the Markdown of a\\.jpg\\..*the HTML of a\\.jpg\\."));
}

/* Each way in which there may be no clipboard, with the older one. */
const NO_CLIPBOARD = [
	["where there is none, over plain http",
		() => Object.defineProperty(navigator, "clipboard",
		    { value: undefined })],
	["where it refuses", () => navigator.clipboard.writeText = () =>
		Promise.reject(new DOMException("no", "NotAllowedError"))],
];

async function older({ page, context, photo }, take)
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	await page.evaluate(() =>
		window.read = navigator.clipboard.readText.bind(navigator.clipboard));
	await page.evaluate(take);
	await sent(page, await photo("old.jpg"));
	assert.equal(await copied(page, "old.jpg", /^Copy Markdown/),
	    `![old.jpg](${(await links(page, "old.jpg"))[0]})`);
	assert.match(await page.evaluate(() => document.activeElement.textContent),
	    /^Copied/, "the keyboard's place is kept");
}

async function byHand({ page, photo })
{
	await page.evaluate(() => {
		Object.defineProperty(navigator, "clipboard", { value: undefined });
		document.execCommand = () => false;
	});
	await sent(page, await photo("hand.jpg"));
	const [address] = await links(page, "hand.jpg");
	const rest = [[/^Copy the address of large/,
		"The address of large.jpg, hand.jpg", address],
	[/^Copy Markdown/, "The Markdown of hand.jpg", `![hand.jpg](${address})`],
	[/^Copy HTML/, "The HTML of hand.jpg", /^<picture>.*<\/picture>$/]];
	for (const [label, name, text] of rest) {
		await button(page, label).click();
		const field = page.getByRole("textbox", { name });
		await until(field);
		assert.match(await field.inputValue(), text instanceof RegExp ? text
		    : new RegExp(`^${RegExp.escape?.(text)
		        ?? text.replace(/\W/g, "\\$&")}$`));
		assert.equal(await field.evaluate(node => node === document.activeElement
		    && node.selectionEnd - node.selectionStart === node.value.length),
		    true, "all of it is selected");
	}
	await until(page.getByText("please copy it yourself").first());
}

/* Names of files that mean something in Markdown. */
const MARKS = ["a](http://evil/)[b", "\\](x)", "![x](y)", "*a*__b__~~c~~", "`a`",
	"a``b", "<http://evil/>", "&copy;&#93;", "a\n\nb", "a\r\n# b", "\u2028x\u2029",
	"snake_case_name.jpg", "_a_", "[a][b]", "[", "]", "\\", "a\\", "$x$", "a|b",
	"  a  ", "\t", "\0", "\ud800"];

/*
 * Read an image as CommonMark does, strictly: nothing in its text may begin or
 * end anything, and no end of a line is in it. { alt, address }, or why not.
 */
function imageOf(text)
{
	const MARK = /[!-/:-@[-`{-~]/;
	const isWord = c => /[\p{L}\p{N}]/u.test(c ?? "");
	let alt = "";
	let i = 2;

	if (!text.startsWith("![") || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
		return "not a line with an image";
	for (; text[i] !== "]"; i++) {
		if (i >= text.length)
			return "never ends";
		if (text[i] === "\\" && MARK.test(text[i + 1]))
			i++;
		else if (text[i] === "_" ? !isWord(text[i - 1]) || !isWord(text[i + 1])
		    : /[\\`*[<>&!~|$]/.test(text[i]))
			return `${text[i]} at ${i} means something`;
		alt += text[i];
	}
	const [, address] = /^\]\(([^\s<>()]+)\)$/.exec(text.slice(i)) ?? [];
	if (!address || /(?<!\\)&|\\[^&]/.test(address))
		return `no address: ${text.slice(i)}`;
	return { alt, address: address.replaceAll("\\&", "&") };
}

async function escaped({ page })
{
	const address = `${base}t/x/a_b*(c).jpg?v=1&copy;=[2]`;
	const names = [...NAMES, ...MARKS];
	const written = await page.evaluate(async ([url, list, to]) => {
		const { markdown } = await import(url);
		return list.map(name => markdown(name, to));
	}, [new URL("copies.js", base).href, names, address]);

	for (const [i, text] of written.entries()) {
		const image = imageOf(text);
		assert.equal(typeof image, "object", `${image}: ${text}`);
		assert.equal(image.alt, names[i].replace(
		    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu, " ").trim());
		assert.equal(decodeURI(image.address), decodeURI(address));
	}
	for (const bad of ["![a](b c)", "![a]b](c)", "![*a*](b)", "![a\nb](c)",
		"![a](b))", "![_a_](b)", "![a](b&copy;)", "![a"])
		assert.equal(typeof imageOf(bad), "string", bad);
}

/* Every address of a piece of HTML: the type said, the width said, the width. */
const candidates = (page, html) => page.evaluate(async markup => {
	const box = document.createElement("div");
	const seen = [];
	box.innerHTML = markup;
	for (const node of box.querySelectorAll("source, img")) {
		for (const one of node.getAttribute("srcset").split(", ")) {
			const [address, width] = one.split(" ");
			const answered = await fetch(address);
			const bitmap = await createImageBitmap(await answered.blob());
			seen.push({ status: answered.status, address,
				said: node.type || "image/jpeg",
				type: answered.headers.get("content-type"),
				width: `${bitmap.width}w` === width });
		}
	}
	return seen;
}, html);

/* Put a piece of HTML into the page; what the browser makes of it. */
const insert = (page, html, width) => page.evaluate(async ([markup, room]) => {
	const box = document.createElement("div");
	box.style.width = `${room}px`;
	box.innerHTML = markup;
	document.body.prepend(box);
	const img = box.querySelector("img");
	img.loading = "eager";
	await img.decode();
	return { current: img.currentSrc, natural: img.naturalWidth,
		width: img.width, height: img.height, again: box.innerHTML };
}, [html, width]);

async function html({ page, context, photo })
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	await sent(page, await photo("whole.jpg", { width: 2000, height: 1000 }));
	const text = await copied(page, "whole.jpg", /^Copy HTML/);
	const seen = await candidates(page, text);
	assert.ok(seen.length >= 3);
	for (const one of seen) {
		assert.equal(one.status, 200, one.address);
		assert.equal(one.type, one.said, one.address);
		assert.ok(one.width, `${one.address} is as wide as it says`);
	}
	const put = await insert(page, text, 1280);
	assert.match(put.current, /\/large\.webp\?v=/, "the first source wins");
	assert.equal(put.natural, 1280);
	assert.deepEqual([put.width, put.height], [1280, 640]);
	assert.equal(put.again, text.replace("lazy", "eager"),
	    "a parser finds nothing to mend");
}

/* What else an answer could have in place of a <picture>. */
const NO_PICTURES = ["", MARKUP, "<picture></picture>", "<picture><img></picture>",
	"<picture><img src=\"x\"></picture><script>alert(1)</script>",
	"<picture onclick=\"alert(1)\"><img src=\"x\"></picture>",
	"<picture><img src=\"x\" onerror=\"alert(1)\"></picture>",
	"<picture><img src=\"x\" style=\"color:red\"></picture>",
	"<picture><img src=\"x\"><b></b></picture>",
	"<picture><img src=\"<\"></picture>"];

async function onlyPicture({ page, context, photo })
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	await pretend(page, photo, "odd.jpg", { html: "<picture><source srcset=\""
	    + "javascript:alert(1) 1w, t/a.webp 2w\"><img src=\"t/&quot;.jpg\" "
	    + "width=\"1\"></picture>" });
	assert.equal(await copied(page, "odd.jpg", /^Copy HTML/), "<picture><source "
	    + `srcset=" 1w, ${base}t/a.webp 2w"><img src="${base}t/&quot;.jpg" `
	    + "width=\"1\"></picture>");
	assert.deepEqual(await page.evaluate(async ([url, list]) => {
		const { picture } = await import(url);
		return list.map(picture);
	}, [new URL("copies.js", base).href, NO_PICTURES]), NO_PICTURES.map(() => ""));
}

/* ---- what is saved ------------------------------------------------------------ */

const SAFE = { "IMG_1.jpg": "IMG_1", "../../etc/passwd": "_.._etc_passwd",
	"a:b*c?.png": "a_b_c_", ".jpg": "photo", "\u202egpj.exe": "gpj",
	"사진 한 장.heic": "사진 한 장", "con.jpg": "con" };

/* Press Save; the name that the file gets, and what is in it. */
async function saved(page, name, file, save = "Save")
{
	const started = page.waitForEvent("download");

	await card(page, name).getByRole("link", { name: `${save} ${file}` }).click();
	const download = await started;
	return { name: download.suggestedFilename(),
		bytes: await readFile(await download.path()) };
}

async function saving({ page, photo })
{
	const { variants } = await sent(page, await photo("IMG_1.jpg"));
	const [address] = await links(page, "IMG_1.jpg");
	const got = await saved(page, "IMG_1.jpg", "large.jpg");

	assert.equal(got.name, "IMG_1-large.jpg");
	assert.equal(got.bytes.length, variants[0].bytes);
	assert.deepEqual(got.bytes, await (await page.request.get(address)).body());
	assert.equal(page.url(), base, "the page is still there");
}

async function safeNames({ page })
{
	const names = await page.evaluate(async ([url, list]) => {
		const { fileName } = await import(url);
		return list.map(name => fileName(name,
		    { preset: "large", type: "image/jpeg" }));
	}, [new URL("copies.js", base).href, [...NAMES, ...MARKS]]);

	for (const name of names) {
		assert.match(name, /^[^.\s<>:"/\\|?*\p{Cc}\p{Bidi_Control}][^<>:"/\\|?*\p{Cc}\p{Bidi_Control}]*-large\.jpg$/u);
		assert.ok(Buffer.byteLength(name) < 255, name);
	}
	assert.deepEqual(await page.evaluate(async ([url, list]) => {
		const { fileName } = await import(url);
		return list.map(name => fileName(name, { preset: "a", type: "image/webp" }));
	}, [new URL("copies.js", base).href, Object.keys(SAFE)]),
	Object.values(SAFE).map(stem => `${stem}-a.webp`));
	assert.equal(await page.evaluate(async url => (await import(url)).fileName("a",
	    { preset: "../b", type: "image/../../c" }),
	new URL("copies.js", base).href), "a-.._b..._.._c");
}

/* ---- what is deleted ------------------------------------------------------------ */

const DELETED = /^Deleted\. If somebody else has sent the same photo/;
const finished = (page, name) => until(card(page, name).getByText(DELETED));

async function undone({ page, photo })
{
	const asked = deletions(page);
	const { id } = await sent(page, await photo("mine.jpg"));
	const urls = await links(page, "mine.jpg");

	await page.clock.install();
	await button(page, "Delete mine.jpg").click();
	await until(card(page, "mine.jpg").getByText("Deleted", { exact: true }));
	await until(page.getByText("1 deleted"));
	assert.ok((await kept(page))[0].gone > 0, "it is marked");
	assert.equal(await card(page, "mine.jpg").getByRole("button")
	    .filter({ visible: true }).count(), 1, "nothing but Undo");
	assert.ok((await page.locator("#news p").allTextContents()).includes(
	    "mine.jpg: deleted. You can undo this for 8\u00a0seconds."));
	await page.clock.fastForward(7e3);
	await button(page, "Undo the deletion of mine.jpg").click();
	await thumbnail(page, "mine.jpg");
	await until(page.getByText("1 of 1 ready"));
	await page.clock.fastForward(60e3);
	assert.equal((await kept(page))[0].gone, 0);
	assert.deepEqual(await statuses(page, urls), urls.map(() => 200));
	assert.deepEqual(asked, []);
	assert.ok((await kept(page))[0].key.endsWith(` ${id}`));
}

async function deleted({ page, photo })
{
	const asked = deletions(page);
	const said = await sent(page, await photo("mine.jpg"));
	const urls = await links(page, "mine.jpg");

	await page.clock.install();
	await button(page, "Delete mine.jpg").click();
	await until(card(page, "mine.jpg").getByText("8 sec"));
	await page.clock.runFor(3e3);
	await until(card(page, "mine.jpg").getByText("5 sec"));
	assert.deepEqual(asked, []);
	await page.clock.fastForward(5e3);
	await finished(page, "mine.jpg");
	assert.deepEqual(await statuses(page, urls), urls.map(() => 404));
	assert.deepEqual(asked, [[said.id, said.delete_token]]);
	assert.equal(await card(page, "mine.jpg").locator("img, dt").count(), 0);
	assert.deepEqual(await kept(page), []);
	await until(page.locator("#news").getByText("mine.jpg: deleted for good."));
	await button(page, "Send again mine.jpg").click();
	await thumbnail(page, "mine.jpg");
	await until(page.getByText("1 of 1 ready"));
	assert.deepEqual(await statuses(page, urls), urls.map(() => 200));
}

/* The time stands still for whoever is at Undo, with keys or with the mouse. */
async function unhurried({ page, photo })
{
	const undo = button(page, /^Undo/);

	await sent(page, await photo("slow.jpg"));
	const urls = await links(page, "slow.jpg");
	await page.clock.install();
	await button(page, "Delete slow.jpg").press("Enter");
	await page.waitForSelector(".undo :focus");
	await page.clock.fastForward(60e3);
	await undo.hover();
	await page.keyboard.press("Shift+Tab");
	await page.clock.fastForward(60e3);
	assert.ok(await undo.isVisible());
	await page.mouse.move(0, 0);
	await page.clock.runFor(7e3);
	assert.ok(await undo.isVisible(), "all of the time from then on");
	await page.clock.fastForward(2e3);
	await areGone(page, urls);
	await finished(page, "slow.jpg");
}

/* Answers in turn to what asks for a deletion, and how often it is then asked. */
const NOT_DELETED = [
	["what fails inside", [[500, { code: "internal" }]], 1,
		/^Not deleted\. Something failed inside the service/],
	["what stands before the service", [[403, "<h1>No"]], 1,
		/^Not deleted\. The answer was not one of this service \(status 403\)/],
	["no connection", [[0]], 6, /^Not deleted\. The connection was lost/],
	["a gateway alone", [[502, "<h1>"]], 6, /^Not deleted\. /],
	["an hour off", [[503, { code: "offline", reason: "A <b>disk",
		until: "2030-01-01T00:00:00Z" }, "3600"]], 1, /^Not deleted\. .*A <b>disk$/],
	["one that is busy for a moment", [[503, { code: "overloaded" }, "2"],
		[429, { code: "rate-limited" }, "1"], [204]], 3, null],
	["a photo that is not there", [[404, { code: "not-found" }]], 1, null],
	["a claim that is no more", [[403, { code: "token-invalid" }]], 1, null],
];

async function notDeleted({ page, photo, expected }, [, answers, tries, said])
{
	let asked = 0;

	expected.push(/status of [45]\d\d|ERR_FAILED/);
	await pretend(page, photo, "mine.jpg");
	await page.route("**/photos/*", route => {
		const [status, body, wait] = answers[Math.min(asked++, answers.length - 1)];
		return status ? route.fulfill({ status,
			headers: wait ? { "Retry-After": wait } : {},
			contentType: "application/problem+json",
			...(body && { body: typeof body === "string" ? body
			    : JSON.stringify({ status, ...body }) }) }) : route.abort();
	});
	await page.clock.install();
	await button(page, "Delete mine.jpg").click();
	const end = said ? card(page, "mine.jpg").locator(".refusal",
	    { hasText: said }) : card(page, "mine.jpg").getByText(DELETED);
	await wait("an end", async () => {
		await page.clock.fastForward(11e3);
		return end.isVisible();
	});
	assert.equal(asked, tries);
	if (said) {
		await until(button(page, "Delete mine.jpg"));
		await until(page.getByText("1 of 1 ready"));
		assert.equal(await card(page, "mine.jpg").locator("img").count(), 1);
		assert.match((await page.locator("#news p").allTextContents()).at(-1),
		    /^mine\.jpg: Not deleted\. /);
	}
	assert.deepEqual((await kept(page)).map(entry => entry.gone), said ? [0] : []);
}

async function twice({ page, photo })
{
	const asked = deletions(page);
	const file = await photo("twin.jpg");
	await sent(page, file);
	await sent(page, { ...file, name: "same.jpg" });
	const urls = await links(page, "twin.jpg");

	const [{ tokens }] = await kept(page);
	assert.equal(tokens.length, 2);
	await until(card(page, "same.jpg").getByText("was here already"));
	await page.clock.install();
	await button(page, "Delete twin.jpg").click();
	await until(card(page, "same.jpg").getByText("Deleted", { exact: true }));
	await until(page.getByText("2 deleted"));
	await button(page, /^Undo/).click();
	await until(page.getByText("2 of 2 ready"));
	await button(page, "Delete same.jpg").click();
	await page.clock.fastForward(9e3);
	await finished(page, "twin.jpg");
	await finished(page, "same.jpg");
	assert.deepEqual(asked.map(([, token]) => token).sort(), tokens.sort());
	await areGone(page, urls);
}

/* What was sent before, by another page of this browser, goes with it. */
async function sentBefore({ page, photo })
{
	const file = await photo("old.jpg");

	await sent(page, file);
	await page.reload();
	await sent(page, file);
	const urls = await links(page, "old.jpg");
	await page.clock.install();
	await button(page, "Delete old.jpg").click();
	await page.clock.fastForward(9e3);
	await finished(page, "old.jpg");
	await areGone(page, urls);
}

/* Whoever sends it again while it is going wants it to stay. */
async function sentMeanwhile({ page, photo })
{
	const file = await photo("again.jpg");

	await sent(page, file);
	await page.clock.install();
	await button(page, "Delete again.jpg").click();
	await sent(page, { ...file, name: "new.jpg" });
	await page.clock.fastForward(9e3);
	await finished(page, "again.jpg");
	const urls = await links(page, "new.jpg");
	assert.deepEqual(await statuses(page, urls), urls.map(() => 200));
	assert.deepEqual((await kept(page)).map(entry => entry.gone), [0]);
}

/* How a page can end before the time is over. */
const ENDS = [
	["is left", page => page.goto("about:blank")],
	["is closed", page => page.close({ runBeforeUnload: false })],
	["goes on to another one", page => page.getByRole("link",
	    { name: "Upload" }).click()],
];

async function left({ page, context, photo }, [, end])
{
	await sent(page, await photo("left.jpg"));
	const urls = await links(page, "left.jpg");

	await button(page, "Delete left.jpg").click();
	await until(button(page, /^Undo/));
	await end(page);
	const other = await context.newPage();
	await areGone(other, urls);
}

/* It was asked, and nobody was there to hear: the next visit asks again. */
async function lost({ page, context, photo, expected })
{
	expected.push(/status of (404|502|503)/);
	await sent(page, await photo("lost.jpg"));
	const urls = await links(page, "lost.jpg");
	await button(page, "Delete lost.jpg").click();
	await until(button(page, /^Undo/));
	await pool.kill();
	await page.goto("about:blank");
	await pool.start();
	assert.deepEqual(await statuses(page, urls), urls.map(() => 200));
	const next = await context.newPage();
	await next.clock.install({ time: Date.now() + 60e3 });
	await next.goto(base);
	await areGone(next, urls);
	await wait("the mark is gone", async () =>
		(await kept(next)).length === 0);
}

/* A page elsewhere may take it back still: nobody else hurries it. */
async function fresh({ page, context, photo })
{
	await sent(page, await photo("two.jpg"));
	const urls = await links(page, "two.jpg");

	await page.clock.install();
	await button(page, "Delete two.jpg").click();
	await until(button(page, /^Undo/));
	const other = await context.newPage();
	const asked = deletions(other);
	await other.clock.install();
	await other.goto(base);
	await other.clock.runFor(7e3);
	await page.bringToFront();
	await button(page, /^Undo/).click();
	await other.clock.runFor(20e3);
	assert.deepEqual(asked, []);
	assert.deepEqual(await statuses(page, urls), urls.map(() => 200));
}

async function stays({ page, photo })
{
	await pretend(page, photo, "often.jpg", { delete_token: "" });
	await until(card(page, "often.jpg").getByText("can’t be deleted from here"));
	assert.equal(await button(page, "Delete often.jpg").count(), 0);
	assert.deepEqual(await kept(page), []);
}

async function korean({ page, context, photo })
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	await sent(page, await photo("바다.jpg"));
	assert.equal(await copied(page, "바다.jpg", "주소 복사 바다.jpg"),
	    (await links(page, "바다.jpg"))[0]);
	await until(card(page, "바다.jpg").getByText("복사됨"));
	assert.match(await card(page, "바다.jpg").locator(".share").first()
	    .textContent(), /^[\d.]+% \(원본 대비\)$/);
	assert.equal((await saved(page, "바다.jpg", "large.jpg", "저장")).name,
	    "바다-large.jpg");
	await page.clock.install();
	await button(page, "삭제 바다.jpg").click();
	await until(card(page, "바다.jpg").getByText("8초"));
	await button(page, "되돌리기 바다.jpg 삭제").click();
	await thumbnail(page, "바다.jpg");
	await button(page, "삭제 바다.jpg").click();
	await page.clock.fastForward(9e3);
	await until(card(page, "바다.jpg").getByText(/^삭제했습니다\. /));
	const news = await page.locator("#news p").allTextContents();
	for (const line of ["복사했습니다: 바다.jpg의 주소", "바다.jpg: 완전히 삭제했습니다.",
		"바다.jpg: 삭제했습니다. 8초 안에 되돌릴 수 있습니다."])
		assert.ok(news.includes(line), `${line} in ${news.join(" | ")}`);
}

/* ---- a service whose addresses are another origin's ------------------------------ */

async function savedElsewhere({ page, photo })
{
	const { id, variants } = await sent(page, await photo("far.jpg"));
	const got = await saved(page, "far.jpg", "large.jpg");

	assert.equal(got.name, `large-${id.slice(0, 8)}.jpg`);
	assert.equal(got.bytes.length, variants[0].bytes);
	assert.equal(page.url(), elsewhere, "the page is still there");
}

async function deletedElsewhere({ page, photo })
{
	await sent(page, await photo("far.jpg"));
	const urls = await links(page, "far.jpg");

	await page.clock.install();
	await button(page, "Delete far.jpg").click();
	await page.clock.fastForward(9e3);
	await finished(page, "far.jpg");
	assert.deepEqual(await statuses(page, urls), urls.map(() => 404));
}

/* ---- all of them ------------------------------------------------------------------ */

async function here(run)
{
	await run("pixels, weight and share are what the service says", figures);
	await run("the placeholder comes first, and nothing moves", unmoved);
	await run("a preset has one row, in however many formats it is", presets);
	await run("a photo is shown whole, and not larger than it is", shown);
	await run("addresses, Markdown and HTML are copied whole",
	    t => addresses(t, new URL(base).origin));
	for (const [what, take] of NO_CLIPBOARD)
		await run(`what is copied without the clipboard, ${what}`,
		    t => older(t, take));
	await run("where nothing can copy, all is there to select", byHand);
	await run("no name can leave its place in Markdown", escaped);
	await run("copied HTML shows the photo, each address as it says", html);
	await run("nothing but a picture is copied as HTML", onlyPicture);
	await run("a thumbnail is saved under the photo's name", saving);
	await run("no name can be a bad one for a file", safeNames);
	await run("a deletion can be undone, and nothing was sent", undone);
	await run("a photo is deleted after eight seconds, and sent again", deleted);
	await run("nobody has to hurry to Undo", unhurried);
	for (const row of NOT_DELETED)
		await run(`a deletion and ${row[0]}`, t => notDeleted(t, row));
	await run("a photo that was sent twice really goes", twice);
	await run("so does one that an earlier page has sent", sentBefore);
	await run("one that is sent again meanwhile stays", sentMeanwhile);
	for (const row of ENDS)
		await run(`a deletion is done when the page ${row[0]}`, t => left(t, row));
	await run("the next visit does what got lost", lost);
	await run("another page leaves it time", fresh);
	await run("a photo without a token has no Delete, and says why", stays);
	await run("all of that in Korean", korean, { locale: "ko-KR" });
}

async function there(run)
{
	await run("what is copied has the service's origin",
	    t => addresses(t, new URL(base).origin), { at: elsewhere });
	await run("a thumbnail of another origin is saved, too", savedElsewhere,
	    { at: elsewhere });
	await run("a photo of another origin is deleted", deletedElsewhere,
	    { at: elsewhere });
}

await main(suite => (process.env.FT_SITE ? there : here)(
    suite.run.bind(suite)));
