/*
 * Both languages say the same things: the words of the scripts, and the pages
 * themselves. Run with `node words.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { base, main } from "./harness.mjs";
import { LOCALES, PAGES, codes } from "./parts.mjs";

/* ---- the words of the scripts -------------------------------------------------- */

const COUNTS = [0, 1, 2, 1234567];
const FILE = "IMG_4711.jpg";
const TIME = "14:00";
const PROBLEM = { status: 422, code: "code", title: "", detail: "", until: "",
	reason: "" };

/* What the words are about, by the names of their parameters. */
const SAMPLES = {
	n: COUNTS, ready: COUNTS, all: COUNTS, refused: COUNTS, removed: COUNTS,
	cancelled: COUNTS,
	share: [0, .5, 1], name: [FILE], file: [FILE], what: [FILE], text: [FILE],
	at: [TIME], span: [FILE], zone: ["", "UTC+09:00"], online: [FILE],
	offline: [FILE], more: [FILE], errors: COUNTS,
	p: [PROBLEM, { ...PROBLEM, status: 0 }, { ...PROBLEM, limit: 64e6 },
		{ ...PROBLEM, limit: 1, actual: 2 }, { ...PROBLEM, large: true },
		{ ...PROBLEM, wait: 4 },
		{ ...PROBLEM, limit: 64e6, actual: 99532800 },
		{ ...PROBLEM, until: "2026-11-28T14:00:00Z", reason: FILE },
		{ ...PROBLEM, until: "soon" }, { ...PROBLEM, detail: FILE }],
};

/*
 * In the page: every word that a module of the service exports, as [key, kind,
 * texts]; a function says all that it says of the samples.
 */
async function vocabulary([url, samples])
{
	const found = [];
	const sampled = name => samples[name.trim()]
	    ?? (() => { throw new Error(`no sample for ${name} in ${url}`); })();
	/* The values that a parameter can have, a set of names in braces too. */
	const values = parameter => {
		const names = /^\{(.*)\}$/s.exec(parameter.trim())?.[1].split(",");
		return names ? [0, 1, 2, 3].map(i => Object.fromEntries(names
		    .filter(name => name.trim())
		    .map(name => [name.trim(), sampled(name)[i] ?? sampled(name)[0]])))
		    : sampled(parameter);
	};
	const calls = f => String(f).split("=>")[0].trim().replace(/^\(|\)$/g, "")
	    .split(/,(?![^{]*\})/).filter(parameter => parameter.trim())
	    .reduce((sets, parameter) => sets.flatMap(set =>
	        values(parameter).map(value => [...set, value])), [[]]);
	const walk = (key, value) => {
		if (typeof value === "function")
			found.push([key, "function", calls(value).map(args =>
				String(value(...args)))]);
		else if (typeof value === "object" && value)
			Object.keys(value).forEach(k => walk(`${key} ${k}`, value[k]));
		else
			found.push([key, typeof value, [String(value)]]);
	};

	walk("", { ...await import(url) });
	return found.sort();
}

/* The same in a context of each language, so that numbers are written so. */
async function inEach(suite, module)
{
	const [en, ko] = await Promise.all(LOCALES.map(locale =>
		suite.attempt(({ page }) => page.evaluate(vocabulary, [
			new URL(`${module}-${locale.slice(0, 2)}.js`, base).href, SAMPLES]),
		    { locale })));

	return { en, ko };
}

/* A word of the language is in it, unless it has no words but the samples'. */
const HANGUL = /\p{Script=Hangul}/u;
const bare = text => text.replaceAll(FILE, "").replace(/https?:\S+/g, "");

async function sameWords({ suite }, module)
{
	const { en, ko } = await inEach(suite, module);

	assert.ok(en.length > 20, "the words were found");
	assert.deepEqual(ko.map(([key, kind]) => [key, kind]),
	    en.map(([key, kind]) => [key, kind]));
	for (const [key, , texts] of [...en, ...ko])
		for (const text of texts)
			assert.doesNotMatch(text,
			    /undefined|NaN|null|\[object|Infinity|Invalid|function/, key);
	for (const [key, , texts] of en)
		for (const text of texts)
			assert.doesNotMatch(text, HANGUL, key);
	for (const [key, , texts] of ko)
		for (const text of texts)
			assert.ok(HANGUL.test(text) || !/[a-z]{3}/i.test(bare(text)),
			    `${key} is said in Korean: ${text}`);
}

async function everyRefusal({ suite })
{
	const { en, ko } = await inEach(suite, "words");
	const all = await codes();

	assert.ok(all.length > 20, "the table was found");
	for (const words of [en, ko]) {
		const known = words.filter(([key]) => / refusals /.test(key))
		    .map(([key]) => key.split(" ").at(-1));
		for (const code of all)
			assert.ok(known.includes(code), `no words for ${code}`);
	}
}

/* ---- the pages ----------------------------------------------------------------- */

/* In the page: the elements of a document in order, without what is said. */
const skeleton = text => [...new DOMParser().parseFromString(text, "text/html")
    .querySelectorAll("*")].map(node => `${node.tagName.toLowerCase()} ${
    [...node.attributes].filter(a => !/^(lang|alt|title|placeholder|aria-label)$/
        .test(a.name) && !(a.name === "content" && node.name === "description"))
        .map(a => `${a.name}="${a.value.replace(/-(en|ko)\.js$/, "")}"`).sort()
        .join(" ")}`);

const sent = async (page, path, language) =>
	(await page.request.get(new URL(path, base).href,
	    { headers: { "Accept-Language": language } })).text();

async function samePage({ page }, path)
{
	const [en, ko] = await Promise.all(["en", "ko"].map(
	    language => sent(page, path, language)));

	assert.deepEqual([en, ko].map(text => /<html lang="(.*?)">/.exec(text)?.[1]),
	    ["en", "ko"]);
	assert.deepEqual(await page.evaluate(skeleton, ko),
	    await page.evaluate(skeleton, en));
	assert.match(ko.replace(/[^]*<body>/, ""), HANGUL);
	assert.doesNotMatch(en, HANGUL);
	/* nginx knows a file by its time and size: what a browser has kept in one
	   language must not pass for the other. */
	assert.notEqual(Buffer.byteLength(en), Buffer.byteLength(ko));
}

await main(async suite => {
	const run = suite.run.bind(suite);

	for (const module of ["words", "status"])
		await run(`both languages have the same ${module}, and say them`,
		    t => sameWords(t, module));
	await run("every refusal of the service has words in both", everyRefusal);
	for (const path of PAGES)
		await run(`/${path} is the same page in both languages`,
		    t => samePage(t, path));
});
