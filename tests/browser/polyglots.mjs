/*
 * Pictures that are something else as well: HTML, scripts, PHP, archives. Run
 * with `node polyglots.mjs`, FT_URL set to a service with a preset in every
 * format, and one, "signed", that keeps the author's words.
 *
 * Two things must hold by themselves. Nothing of what was hidden in a photo is
 * in its thumbnails; and a thumbnail that held a script all the same could not
 * run it, because of how it is served.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";
import { base, main } from "./harness.mjs";
import { document_of, open } from "./site.mjs";

/* ---- what is hidden -------------------------------------------------------- */

/*
 * It says that it ran by a request; from a worker, whose requests are not seen,
 * to the page that waits for it.
 */
const RUN = "fetch('/it-ran');new BroadcastChannel('ran').postMessage(1)";
const WAIT = `<script>new BroadcastChannel("ran").onmessage
    = () => fetch("/it-ran")</script>`;
const SCRIPT = `<script>${RUN}</script>`;
const HTML = `<!doctype html><html><body>${SCRIPT}<img src="/it-ran" onerror="${
	RUN}"></body></html>`;
const PHP = "<?php system($_GET['c']); __halt_compiler(); ?>";
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}">${SCRIPT}</svg>`;
/* A script for which the sheet is a comment. */
const SHEET = `${RUN}//{}*{background:url(/it-ran)}`;
const TEXT = [PHP, HTML, SVG, `*/;${RUN}/*`, SHEET].join("");

/*
 * No thumbnail may have any of these; nor one that keeps its author's words, or
 * the colours of a palette that are words, the others.
 */
const TRACES
    = /it-ran|<script|\?php|<svg|<!doctype|halt_compiler|fetch\(|PK\x03\x04/i;
const MARKUP = /<script|<\?php|<svg|<!doctype|<html|<img|PK\x03\x04/i;

const latin = text => Buffer.from(text, "latin1");
const be = (n, size) => {
	const out = Buffer.alloc(size);
	out.writeUIntBE(n, 0, size);
	return out;
};
const le = (n, size) => Buffer.from(be(n, size)).reverse();
const data = name => readFile(new URL(`../data/${name}`, import.meta.url));

/* A ZIP (a JAR, an Office file) may stand behind anything. */
const ARCHIVE = Buffer.concat([latin("PK\x03\x04"), Buffer.alloc(26),
	latin("it-ran"), latin("PK\x05\x06"), Buffer.alloc(18)]);

/* An EXIF (a TIFF) with these texts. */
function exif(texts)
{
	const entries = Object.entries(texts);
	let at = 8 + 2 + 12 * entries.length + 4;
	const directory = [], values = [];

	for (const [tag, text] of entries) {
		const value = latin(`${text}\0`);
		directory.push(be(tag, 2), be(2, 2), be(value.length, 4), be(at, 4));
		values.push(value);
		at += value.length;
	}
	return Buffer.concat([latin("MM\0*"), be(8, 4), be(entries.length, 2),
		...directory, be(0, 4), ...values]);
}

/* ImageDescription, Make, Software, Artist, Copyright */
const everywhere = text => exif({ 270: text, 271: text, 305: text, 315: text,
	33432: text });
const xmp = text => `<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'>${
	text}</x:xmpmeta>`;

/* A profile by its size and signature, of which the rest is a text. */
function profile(text)
{
	const out = Buffer.alloc(128 + text.length);

	out.writeUInt32BE(out.length, 0);
	out.write("mntrRGB XYZ ", 12, "latin1");
	out.write("acsp", 36, "latin1");
	out.write(text, 128, "latin1");
	return out;
}

/* ---- the pictures ----------------------------------------------------------- */

const segment = (marker, ...parts) => {
	const body = Buffer.concat(parts.map(p => Buffer.from(p)));

	return Buffer.concat([be(0xff00 + marker, 2), be(body.length + 2, 2), body]);
};

async function jpegs(mark)
{
	const jpeg = await data("gray.jpg");
	const within = (...segments) => Buffer.concat([jpeg.subarray(0, 2),
		...segments, segment(0xfe, latin(mark)), jpeg.subarray(2)]);
	/* The first segment's length is the beginning of a script's comment. */
	const script = Buffer.concat([latin("\xff\xd8\xff\xe0\x2f\x2aJFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
		Buffer.alloc(0x2f2a - 16), segment(0xfe, latin(mark)),
		segment(0xfe, latin(`*/=1;${RUN}/*`)), jpeg.subarray(20)]);

	return [within(segment(0xfe, latin(TEXT))),
		within(segment(0xe1, latin("Exif\0\0"), everywhere(TEXT))),
		within(segment(0xe1, latin("http://ns.adobe.com/xap/1.0/\0"),
		    latin(xmp(TEXT)))),
		within(segment(0xe2, latin("ICC_PROFILE\0\x01\x01"), profile(TEXT))),
		within(segment(0xed, latin("Photoshop 3.0\0"), latin(TEXT))),
		Buffer.concat([within(), latin(TEXT)]),
		Buffer.concat([within(), ARCHIVE]), script];
}

const chunk = (type, ...parts) => {
	const body = Buffer.concat([latin(type),
		...parts.map(p => Buffer.from(p))]);

	return Buffer.concat([be(body.length - 4, 4), body, be(crc32(body), 4)]);
};

async function pngs(mark)
{
	const png = await data("rgb.png");
	const head = png.subarray(0, 33);
	const within = (...chunks) => Buffer.concat([head, ...chunks,
		chunk("tEXt", latin(`Mark\0${mark}`)), png.subarray(33)]);

	return [within(chunk("tEXt", latin(`Comment\0${TEXT}`))),
		within(chunk("zTXt", latin("Comment\0\0"), deflateSync(TEXT))),
		within(chunk("iTXt", latin("Comment\0\0\0\0\0"), latin(TEXT))),
		within(chunk("iTXt", latin("XML:com.adobe.xmp\0\0\0\0\0"),
		    latin(xmp(TEXT)))),
		within(chunk("iCCP", latin("p\0\0"), deflateSync(profile(TEXT)))),
		within(chunk("eXIf", everywhere(TEXT))),
		within(chunk("phPz", latin(TEXT))),
		Buffer.concat([within(), latin(TEXT)]),
		Buffer.concat([within(), ARCHIVE])];
}

/* The text as the colours of a palette, and each one is used. */
function colours(mark)
{
	const text = latin(`${SCRIPT}${PHP}`.padEnd(300, " ")
	    + mark.padEnd(60, " "));
	const n = text.length / 3;
	const rows = Buffer.alloc(16 * (n + 1));

	for (let y = 0; y < 16; y++)
		for (let x = 0; x < n; x++)
			rows[y * (n + 1) + 1 + x] = x;
	return Buffer.concat([latin("\x89PNG\r\n\x1a\n"),
		chunk("IHDR", be(n, 4), be(16, 4), [8, 3, 0, 0, 0]),
		chunk("PLTE", text), chunk("IDAT", deflateSync(rows)),
		chunk("IEND")]);
}

const blocks = text => Buffer.concat([...text.match(/[^]{1,255}/g)
    .map(part => Buffer.concat([be(part.length, 1), latin(part)])), be(0, 1)]);

async function gifs(mark)
{
	const gif = await data("still.gif");
	const table = 3 << (gif[10] & 7) + 1;
	const at = 13 + (gif[10] & 0x80 ? table : 0);
	const comment = text => Buffer.concat([be(0x21fe, 2), blocks(text)]);
	const within = (...parts) => Buffer.concat([gif.subarray(0, at), ...parts,
		comment(mark), gif.subarray(at)]);
	const script = Buffer.from(within(comment(`*/=1;${RUN};/*`)));

	/* Its width, 10,799 px, is the beginning of a script's comment. */
	script.write("/*", 6, "latin1");
	return [within(comment(TEXT)),
		within(be(0x21ff0b, 3), latin("XMP DataXMP"), blocks(TEXT)),
		within(be(0x21ff0b, 3), latin("ICCRGBG1012"), blocks(TEXT)),
		Buffer.concat([within(), latin(TEXT)]),
		Buffer.concat([within(), ARCHIVE]), script];
}

const riff = (type, ...parts) => {
	const body = Buffer.concat(parts.map(p => Buffer.from(p)));

	return Buffer.concat([latin(type), le(body.length, 4), body,
		Buffer.alloc(body.length % 2)]);
};

async function webps(mark)
{
	const webp = await data("lossy.webp");
	const picture = webp.subarray(webp.indexOf("VP8 "));
	const width = picture.readUInt16LE(14) & 0x3fff;
	const height = picture.readUInt16LE(16) & 0x3fff;
	const whole = (flags, ...chunks) => riff("RIFF", latin("WEBP"),
	    riff("VP8X", [flags, 0, 0, 0], le(width - 1, 3), le(height - 1, 3)),
	    ...chunks);
	const text = TEXT + mark;

	return [whole(0x08, picture, riff("EXIF", everywhere(text))),
		whole(0x04, picture, riff("XMP ", latin(xmp(text)))),
		whole(0x20, riff("ICCP", profile(text)), picture),
		whole(0, picture, riff("junk", latin(text))),
		Buffer.concat([whole(0, picture), latin(text)])];
}

/* Whose pixels are the text: of what is not packed, that is what it is. */
function pixels(mark)
{
	const text = latin(HTML + PHP + mark.padEnd(40));
	const width = 32;
	const rows = Buffer.alloc(3 * width * width, text);

	return Buffer.concat([latin("BM"), le(54 + rows.length, 4), le(0, 4),
		le(54, 4), le(40, 4), le(width, 4), le(width, 4), le(1, 2),
		le(24, 2), Buffer.alloc(24), rows, latin(`*/;${RUN}`)]);
}

/* One strip of gray, behind a text that four fields share. */
function tiff(mark)
{
	const side = 64;
	const text = latin(`${TEXT}${mark}\0`);
	const fields = [[256, 4, 1, side], [257, 4, 1, side], [258, 3, 1, 8],
		[259, 3, 1, 1], [262, 3, 1, 1], [270, 2, text.length, 174],
		[273, 4, 1, 174 + text.length], [277, 3, 1, 1], [278, 4, 1, side],
		[279, 4, 1, side * side], [305, 2, text.length, 174],
		[315, 2, text.length, 174], [33432, 2, text.length, 174]];

	assert.equal(8 + 2 + 12 * fields.length + 4, 174 - 4);
	return Buffer.concat([latin("MM\0*"), be(8, 4), be(fields.length, 2),
		...fields.map(([tag, type, n, value]) => Buffer.concat([be(tag, 2),
			be(type, 2), be(n, 4), be(type === 3 ? value << 16 : value, 4)])),
		Buffer.alloc(8), text, Buffer.alloc(side * side, 120)]);
}

/* Of each kind; the mark makes them new to the service. */
async function everyKind()
{
	const mark = `mark ${Date.now()}`;

	return { JPEG: await jpegs(mark), PNG: await pngs(mark),
		GIF: await gifs(mark), WebP: await webps(mark),
		BMP: [pixels(mark)], TIFF: [tiff(mark)], palette: [colours(mark)] };
}

/* ---- sending ------------------------------------------------------------------ */

/* What the service makes of it: the photo's part of the answer. */
async function upload(page, bytes, name = "polyglot")
{
	const answer = await page.request.post(new URL("upload", base).href, {
		multipart: { photo: { name, mimeType: "text/html", buffer: bytes } },
		headers: { Accept: "application/json" } });

	assert.equal(answer.status(), 201, `${name}: ${await answer.text()}`);
	return (await answer.json()).photos[0];
}

async function bytesOf(page, url)
{
	const answer = await page.request.get(new URL(url, base).href);

	assert.equal(answer.status(), 200, url);
	return answer;
}

const TYPES = ["image/jpeg", "image/png", "image/webp", "image/avif",
	"image/gif"];
const SIGNED = TYPES.slice(0, 3);
/* In a browser; the others have the same headers. */
const TRIED = ["image/jpeg", "image/gif"];

async function nothingLeft({ page }, kind)
{
	const list = (await everyKind())[kind];

	for (const [i, bytes] of list.entries()) {
		const photo = await upload(page, bytes, `${kind} ${i}`);

		assert.deepEqual(photo.variants.map(v => v.type),
		    [...TYPES, ...SIGNED]);
		for (const { url, type, preset } of photo.variants) {
			const answer = await bytesOf(page, url);

			const headers = answer.headers();

			assert.equal(headers["content-type"], type);
			assert.equal(headers["x-content-type-options"], "nosniff");
			assert.equal(headers["content-security-policy"],
			    "default-src 'none'; sandbox");
			assert.doesNotMatch((await answer.body()).toString("latin1"),
			    preset === "signed" || kind === "palette" ? MARKUP : TRACES,
			    `${kind} ${i} as ${type}, ${preset}`);
		}
		const meta = await bytesOf(page, `t/${photo.id}/meta.json`);
		assert.doesNotMatch(await meta.text(), TRACES);
	}
}

/* ---- opening -------------------------------------------------------------------- */

/* What has asked for /it-ran, in whatever way. */
function watch(context)
{
	const seen = [];

	context.on("request", request => {
		if (request.url().endsWith("/it-ran"))
			seen.push(request.url());
	});
	context.on("dialog", dialog => dialog.dismiss());
	return seen;
}

/* What a page can do with an address. */
const USES = {
	iframe: url => `<iframe src="${url}"></iframe>`,
	object: url => `<object data="${url}"></object>`,
	"object of HTML": url => `<object data="${url}" type="text/html"></object>`,
	embed: url => `<embed src="${url}" type="image/svg+xml">`,
	img: url => `<img src="${url}">`,
	script: url => `<script src="${url}"></script>`,
	module: url => `<script type="module" src="${url}"></script>`,
	stylesheet: url => `<link rel="stylesheet" href="${url}">`,
	worker: url => `<script>new Worker("${url}")</script>`,
	"shared worker": url => `<script>new SharedWorker("${url}")</script>`,
	"service worker": url =>
	    `<script>navigator.serviceWorker.register("${url}")</script>`,
	"imported script": url => `<script>new Worker(URL.createObjectURL(
	    new Blob(["importScripts('${url}')"])))</script>`,
};

/* One of the service's own host that does these, and has no policy. */
async function openUses(page, url, names)
{
	await open(page, document_of(WAIT,
	    names.map(name => USES[name](url)).join("\n")));
	await page.waitForTimeout(250);
	await page.unroute("**/site/**");
}

/* All of it, and as a document. */
async function use(page, url)
{
	await openUses(page, url, Object.keys(USES));
	await page.goto(url);
	await page.waitForTimeout(50);
}

/* What was made of a polyglot of each kind, as it is. */
async function opened({ page, context, expected })
{
	const seen = watch(context);

	expected.push(/./);
	for (const list of Object.values(await everyKind())) {
		const photo = await upload(page, list.at(-1));

		for (const type of TRIED)
			await page.goto(new URL(photo.variants.find(
			    v => v.type === type).url, base).href);
	}
	const photo = await upload(page, (await everyKind()).JPEG[0]);
	await use(page, new URL(photo.variants[0].url, base).href);
	await use(page, new URL(`t/${photo.id}/meta.json`, base).href);
	assert.deepEqual(seen, []);
}

/* The same addresses with other bytes: the headers alone have to hold. */
async function hostileBytes({ page, context, expected }, type)
{
	const seen = watch(context);
	const photo = await upload(page, (await everyKind()).GIF[0]);
	const path = type === "application/json" ? `t/${photo.id}/meta.json`
	    : photo.variants.find(v => v.type === type).url;
	const url = new URL(path, base).href;
	let body = "";

	expected.push(/./);
	await context.route(url, async route => {
		const response = await route.fetch();
		await route.fulfill({ response, body });
	});
	for (body of [HTML, SVG, SHEET])
		await use(page, url);
	assert.deepEqual(seen, []);
}

/* That it would be seen: as a page, a script and a style sheet they do run. */
async function wouldRun({ page, context, expected })
{
	const seen = watch(context);
	const url = new URL("site-of-evil", base).href;
	let contentType = "", body = "";

	expected.push(/./);
	await context.route(url, route => route.fulfill({ contentType, body }));
	for (const [of, text, names] of [
		["text/html", HTML, ["iframe", "object of HTML"]],
		["image/svg+xml", SVG, ["iframe", "object", "embed"]],
		["text/javascript", SHEET, ["script", "module", "worker",
			"shared worker", "service worker", "imported script"]],
		["text/css", SHEET, ["stylesheet"]]]) {
		contentType = of;
		body = text;
		for (const name of names) {
			seen.length = 0;
			await openUses(page, url, [name]);
			/* A worker comes up late on a busy machine. */
			for (let i = 0; seen.length === 0 && i < 100; i++)
				await page.waitForTimeout(50);
			assert.ok(seen.length > 0, `${name} ${of}`);
		}
	}
}

/* ---- answers ---------------------------------------------------------------------- */

/* Where a form's answer is JSON, a browser must not take it for a page. */
async function answerOfJson({ page, context, expected })
{
	const seen = watch(context);
	const buffer = (await everyKind()).JPEG[0];

	expected.push(/./);
	for (const [body, status] of [[buffer, 201],
		[Buffer.from(HTML), 415]]) {
		await open(page, document_of("", `<form action="${base}upload"
		    method="post" enctype="multipart/form-data">
		    <input type="file" name="photo"><button>Send</button></form>`));
		await page.locator("input").setInputFiles(
		    { name: HTML.replaceAll("/", ""), mimeType: "text/html",
		        buffer: body });
		await page.route("**/upload", route => route.continue({ headers:
			{ ...route.request().headers(), accept: "application/json" } }));
		const [answer] = await Promise.all([
			page.waitForResponse("**/upload"),
			page.getByText("Send").click()]);
		await page.waitForLoadState();
		assert.equal(answer.status(), status);
		assert.equal(answer.headers()["content-type"], "application/json");
		assert.equal(answer.headers()["x-content-type-options"], "nosniff");
		assert.match(await page.locator("body").textContent(), /onerror=/);
		assert.equal(await page.locator("script, img").count(), 0);
		await page.unrouteAll();
	}
	assert.deepEqual(seen, []);
}

await main(async suite => {
	const run = suite.run.bind(suite);

	for (const kind of Object.keys(await everyKind()))
		await run(`nothing that hides in a ${kind} is in a thumbnail`,
		    t => nothingLeft(t, kind));
	await run("what is looked for below would be seen", wouldRun);
	await run("thumbnails of polyglots run nothing", opened);
	for (const type of [...TRIED, "application/json"])
		await run(`nothing served as ${type} is a script, whatever it is`,
		    t => hostileBytes(t, type));
	await run("a JSON answer is no page", answerOfJson);
});
