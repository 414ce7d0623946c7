/*
 * What the cases of the pages share: photos and names that are none, where
 * things stand on a page, and what to wait for.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { axe, shot } from "./harness.mjs";

/* The pages below the prefix, and the languages that they speak. */
export const PAGES = ["", "mine", "status"];
export const LOCALES = ["en-GB", "ko-KR"];

/* ---- what is sent ----------------------------------------------------------- */

export const NOTES = { name: "notes.txt", mimeType: "text/plain",
	buffer: Buffer.from("This is no photo.\n") };
/* What the console says of a refusal. */
export const REFUSED = /status of 4\d\d/;
/* An id as one could be, of a photo that is not here. */
export const GOOD_ID = `${"a".repeat(25)}e`;

export const HOSTILE = "<img src=x onerror=alert(1)>.jpg";
export const MARKUP
    = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>";
/* Names that files can have, and browsers send. */
export const NAMES = [MARKUP, "</bdi></h2><b>bold", "&lt;b&gt;&#60;b&#62;",
	"a' b\" c`",
	"\u202egpj.exe", "\u2067a\u2066b\u2069\u2069\u2069c", "\u0627\u0644.jpg",
	"\u{1f469}\u200d\u{1f680}\u200b\ufeff.jpg", "a\u0301\u0302\u0303".repeat(60),
	"x".repeat(3000), "\u4e00".repeat(300), "-->", "]]>", "{{7*7}}${7*7}",
	"javascript:alert(1)", "__proto__", "constructor", "%3Cb%3E%00"];

/* ---- where it stands ---------------------------------------------------------- */

export const card = (page, name) => page.locator("article.photo")
    .filter({ has: page.getByRole("heading", { name, exact: true }) });
export const choose = (page, files) => page.locator("#photos")
    .setInputFiles(files);

/* Wait until it is there to be seen. */
export const until = locator => locator.waitFor({ state: "visible" });

/* Wait until the condition holds; what it said. */
export async function wait(what, condition)
{
	for (let i = 0; i < 200; i++) {
		const result = await condition();
		if (result)
			return result;
		await new Promise(resolve => setTimeout(resolve, 50));
	}
	throw new Error(`not within 10 s: ${what}`);
}

/* Wait until the picture of a card is decoded; its natural size. */
export async function thumbnail(page, name)
{
	const img = card(page, name).locator("img");

	await until(img);
	return img.evaluate(async node => {
		await node.decode();
		return { width: node.naturalWidth, height: node.naturalHeight,
			set: [node.width, node.height].every(n => n > 0)
			    && node.hasAttribute("width") && node.hasAttribute("height"),
			src: node.src };
	});
}

/* ---- the service, as it could be ----------------------------------------------- */

/* Answer the next uploads in place of the service. */
export const answer = (page, status, body, type = "application/problem+json") =>
	page.route("**/upload", route => route.fulfill({ status, contentType: type,
		body: typeof body === "string" ? body : JSON.stringify(body) }));

/* The refusals of the service's one table, as its header names them. */
export async function codes()
{
	const header = await readFile(
	    new URL("../../fcgi-thumb/fault.h", import.meta.url), "utf8");
	const list = /enum fault \{(.*?)\};/s.exec(header)[1];

	return [...list.matchAll(/\bFAULT_([A-Z_]+),/g)].map(m => m[1])
	    .filter(name => name !== "NONE")
	    .map(name => name.toLowerCase().replaceAll("_", "-"));
}

/* ---- what is true of every page -------------------------------------------------- */

/* How many pixels it could be scrolled sideways. */
export const overflow = page => page.evaluate(() =>
	document.documentElement.scrollWidth - innerWidth);

/* What makes it so. */
const sticking = page => page.locator("body *").evaluateAll(nodes => nodes
    .filter(node => node.getBoundingClientRect().right > innerWidth)
    .map(node => node.outerHTML.slice(0, 120)));

/* What one could want to hit, and a finger would miss. Links in text are as
   high as their line. */
const TARGETS = "button, summary, select, textarea, label[for], "
    + "input:not([type=file]), a[href]:not(p a)";
const small = page => page.locator(TARGETS).evaluateAll(nodes => nodes
    .filter(node => node.checkVisibility({ visibilityProperty: true })
        && !node.closest("label, .unseen"))
    .map(node => ({ node, ...node.getBoundingClientRect().toJSON() }))
    .filter(({ width, height }) => width && height && (width < 24 || height < 24))
    .map(({ node, width, height }) =>
        `${width} × ${height}: ${node.outerHTML.slice(0, 120)}`));

/* Two that would both be hit, or neither: one lies over the other. What stays where
   it is on the screen lies over whatever is scrolled below it. */
const overlapping = page => page.locator(TARGETS).evaluateAll(nodes => {
	const all = nodes.filter(node => !node.closest(".unseen")
	    && node.checkVisibility({ visibilityProperty: true }))
	    .map(node => ({ node, box: node.getBoundingClientRect() }))
	    .filter(({ box }) => box.width && box.height);
	const stays = node => node && (getComputedStyle(node).position === "fixed"
	    || stays(node.parentElement));
	const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
	    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;

	return all.flatMap(({ node: a, box }, i) => all.slice(i + 1)
	    .filter(b => !a.contains(b.node) && !b.node.contains(a)
	        && meet(box, b.box) && Boolean(stays(a)) === Boolean(stays(b.node)))
	    .map(b => [a, b.node].map(node => node.outerHTML.slice(0, 100))));
});

/* The ways between the pages are found in one line. */
const navLines = page => page.locator("nav a").evaluateAll(nodes =>
	new Set(nodes.map(node => node.offsetTop)).size);

/* What moves by itself, for whoever asked that nothing does. */
export const moving = page => page.evaluate(() => document.getAnimations()
    .map(one => `${one.effect.target?.outerHTML.slice(0, 120)} ${
        one.animationName ?? one.transitionProperty}`));

/* For contexts in which pages are looked at: what moves would be caught midway. */
export const AT_REST = { reducedMotion: "reduce" };

/*
 * A state of a page as everybody may meet it: at all widths, light and dark, or
 * at some. Nothing is cut off, too small to hit, or out of reach of whoever has
 * it read aloud. name is the screenshots': page-state.
 */
export async function inspect(page, name, { widths = [320, 768, 1280],
	schemes = ["light", "dark"] } = {})
{
	const lang = await page.evaluate(() => document.documentElement.lang);

	for (const width of widths) {
		await page.setViewportSize({ width, height: 720 });
		for (const colorScheme of schemes) {
			const what = `${name}-${width}-${colorScheme}${
			    lang === "en" ? "" : `-${lang}`}`;
			await page.emulateMedia({ colorScheme });
			await shot(page, what);
			await axe(page, what);
			assert.deepEqual(await moving(page), [], `${what}: nothing moves`);
			if (await overflow(page) > 0)
				assert.deepEqual(await sticking(page), [], `${what}: all fits`);
			assert.deepEqual(await small(page), [], `${what}: large enough`);
			assert.deepEqual(await overlapping(page), [], `${what}: apart`);
			assert.ok(await navLines(page) <= 1, `${what}: in one line`);
		}
	}
}

/* Is something drawn around the place of the keyboard? */
export const ring = page => page.evaluate(() => [document.activeElement,
	document.activeElement.closest(".drop")].some(node => node
	    && node.getBoundingClientRect().width >= 16
	    && getComputedStyle(node).outlineStyle === "solid"
	    && parseFloat(getComputedStyle(node).outlineWidth) >= 2));

/* Nothing that a page could be made to do by it is in the page. */
export async function harmless(page)
{
	assert.deepEqual(await page.locator("main :is(script, style, iframe, "
	    + "object, embed, svg:not(.scripted), math, base, meta, b, i, template)")
	    .evaluateAll(nodes => nodes.map(node => node.outerHTML)), []);
	assert.deepEqual(await page.locator("main *").evaluateAll(nodes => nodes
	    .flatMap(node => [...node.attributes])
	    .filter(a => /^on/i.test(a.name) || /^\s*(java|vb)script:/i.test(a.value))
	    .map(a => a.name)), []);
}

/* The page stands as it is, whatever stands in it. */
export async function harmlessNames(page)
{
	await harmless(page);
	assert.ok(await overflow(page) <= 0, "no sideways scrolling");
	for (const name of await page.locator("h2 bdi").all())
		assert.equal(await name.evaluate(node =>
			getComputedStyle(node).unicodeBidi), "isolate");
}
