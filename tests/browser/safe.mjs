/*
 * What strangers give the pages to show: names, answers, manifests, what is
 * stored. All of it is text, and no page asks for more than it needs. Run with
 * `node safe.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { base, main, thumbctl } from "./harness.mjs";
import { GOOD_ID, HOSTILE, LOCALES, MARKUP, NAMES, NOTES, PAGES, REFUSED, answer,
	choose, harmless, harmlessNames, overflow, thumbnail, until, wait }
	from "./parts.mjs";
import { document_of, open } from "./site.mjs";

/* ---- what a page is made of --------------------------------------------------- */

/* Bytes before any photo: of what comes over the line, and of what that becomes. */
const WEIGHT = { line: 60e3, memory: 100e3 };

/* Load a page; what it is made of, by address, as { status, body, line }. */
async function load(page, path)
{
	const asked = new Map();
	const note = response => {
		if (/\.json$/.test(response.url()))
			return;
		const file = Promise.all([response.body(),
			response.request().sizes()]).then(([body, sizes]) =>
			({ status: response.status(), body,
				line: sizes.responseBodySize + sizes.responseHeadersSize }));
		file.catch(() => {}); /* another failure comes first */
		asked.set(response.url(), file);
	};

	page.on("response", note);
	await page.goto(new URL(path, base).href);
	await page.waitForSelector("html.js");
	page.off("response", note);
	return new Map(await Promise.all([...asked].map(async ([url, file]) =>
		[url, await file])));
}

/* What the page's own code says that it loads. */
const modulesIn = (text, language) =>
	[...text.matchAll(/(?:from|import\() ?["`]\.\/([^"`]+)["`]/g)]
	    .map(found => found[1].replace("${language}", language));

async function weight({ page, expected }, path)
{
	/* No prober is at work here. */
	expected.push(/status of 404.*status\.json$/);
	const files = await load(page, path);
	const language = await page.evaluate(() => document.documentElement.lang);
	const icon = await page.locator("link[rel=icon]").evaluate(n => n.href);
	const named = await page.locator("link[rel=modulepreload]").evaluateAll(
	    nodes => nodes.map(node => node.getAttribute("href")));
	const own = files.has(icon) ? 0
	    : (await (await page.request.get(icon)).body()).length;
	const sum = { line: own, memory: own };

	for (const [url, { status, body, line }] of files) {
		assert.ok(url.startsWith(base), `${url} is of the service`);
		assert.equal(status, 200, url);
		sum.memory += body.length;
		sum.line += line;
		/* or the line is waited for once more for each step of imports */
		if (/\.js$/.test(url))
			for (const name of modulesIn(String(body), language))
				assert.ok(named.includes(name), `${name} is preloaded`);
	}
	for (const name of named)
		assert.ok(files.has(new URL(name, base).href), `${name} is needed`);
	for (const [where, most] of Object.entries(WEIGHT))
		assert.ok(sum[where] > 4e3 && sum[where] < most,
		    `/${path} weighs ${sum[where]} bytes (${where})`);
	await harmless(page);
}

/* As it is sent, before any script has touched it. */
async function markup({ page }, path)
{
	const sent = await page.request.get(new URL(path, base).href);
	const found = await page.evaluate(text => {
		const doc = new DOMParser().parseFromString(text, "text/html");
		const nodes = [...doc.querySelectorAll("*")];
		return { inline: nodes.filter(node => /^(script|style)$/i.test(
		        node.tagName) && node.textContent.trim() !== "")
		        .map(node => node.outerHTML),
		    attributes: nodes.flatMap(node => [...node.attributes])
		        .filter(a => a.name === "style" || /^on/.test(a.name))
		        .map(a => `${a.name}=${a.value}`),
		    addresses: [...doc.querySelectorAll("[href], [src], [action]")]
		        .flatMap(node => ["href", "src", "action"].map(
		            name => node.getAttribute(name)))
		        .filter(Boolean) };
	}, await sent.text());

	assert.match(sent.headers()["content-security-policy"],
	    /^default-src 'self';.* frame-ancestors 'none'$/);
	assert.doesNotMatch(sent.headers()["content-security-policy"],
	    /unsafe|\*|script-src|style-src/);
	assert.deepEqual(found.inline, []);
	assert.deepEqual(found.attributes, []);
	assert.ok(found.addresses.length > 3);
	/* so that they are right below any prefix */
	for (const address of found.addresses)
		assert.match(address, /^[a-z.][\w./#-]*$/);
}

/* A page of another one's, on the same host or not. */
async function framed({ page, expected })
{
	expected.push(REFUSED, /frame-ancestors|ERR_BLOCKED_BY_RESPONSE|Framing/);
	for (const path of [...PAGES, "upload"]) {
		await open(page, document_of("", `<iframe name="it"></iframe>
		    <form action="${base}${path}" method="${path === "upload" ? "post" : "get"}"
		    enctype="multipart/form-data" target="it"><button>Send</button>
		    </form>`));
		await page.getByRole("button").click();
		await wait("nothing in the frame", () =>
			page.frame("it").url().startsWith("chrome-error:"));
		await page.unrouteAll();
	}
}

/* ---- names ---------------------------------------------------------------------- */

async function hostileName({ page, photo })
{
	let alerts = 0;

	page.on("dialog", dialog => {
		alerts++;
		dialog.dismiss();
	});
	await choose(page, await photo(HOSTILE));
	await thumbnail(page, HOSTILE);
	assert.equal(await page.locator("h2").textContent(), HOSTILE);
	assert.equal(await page.locator("article img").count(), 1);
	assert.equal(alerts, 0);
}

async function oddNames({ page, photo, expected })
{
	const files = await Promise.all(NAMES.map(name => photo(name)));

	expected.push(REFUSED);
	page.on("dialog", () => assert.fail("a dialog"));
	/* Some are refused, so that these words have the names too. */
	files.slice(0, 5).forEach(file => Object.assign(file, NOTES,
	    { name: file.name }));
	await choose(page, files);
	await until(page.getByText(
	    `${NAMES.length - 5} of ${NAMES.length} ready · 5 not taken`));
	assert.deepEqual(await page.locator("h2 bdi").allTextContents(), NAMES);
	for (const width of [1280, 320]) {
		await page.setViewportSize({ width, height: 640 });
		await harmlessNames(page);
	}
}

async function oddNamesWithoutScript({ page, photo, expected })
{
	const file = await photo("x.jpg");

	expected.push(REFUSED);
	await choose(page, NAMES.map((name, i) =>
		({ ...(i % 2 ? file : NOTES), name })));
	await page.getByRole("button", { name: "Make thumbnails" }).click();
	await page.waitForURL("**/upload");
	const shown = await page.locator("h2 bdi").allTextContents();
	assert.equal(shown.length, NAMES.length);
	shown.forEach((name, i) => {
		/* What stands before a slash is a path to the service, and long names
		   end early. */
		const sent = NAMES[i].split(/[/\\]/).at(-1);
		assert.ok(name && sent.startsWith(name), `${name} for ${sent}`);
	});
	await harmlessNames(page);
}

/* ---- answers -------------------------------------------------------------------- */

async function hostileReply({ page, photo })
{
	await answer(page, 201, { photos: [{ status: "created", width: 9, height: 9,
		bytes: 9, variants: [{ preset: "<b>x</b>", type: "image/x", width: 9,
			height: 9, bytes: 9, url: "javascript:alert(1)" }, { preset: "<b>y</b>",
			type: "<i>", width: 9, height: 9, bytes: 9,
			url: "icon.svg" }] }] },
	    "application/json");
	await choose(page, await photo("x.jpg"));
	await thumbnail(page, "x.jpg");
	assert.deepEqual(await page.locator("dt").allTextContents(), ["<b>y</b>.<i>"]);
	assert.equal(await page.locator("a[href^='javascript']").count(), 0);
}

/* Members of an answer, each one of another kind than it should be. */
const ODD = [null, -1, 1e300, MARKUP, "javascript:alert(1)", "x".repeat(3000),
	[[]], [null], {}, { toString: 1 }, { code: "internal" }];

/* Answers that say in every member in turn what they should not. */
function oddReplies()
{
	const photo = { name: "x", status: "created", id: GOOD_ID, type: "image/x",
		width: 9, height: 9, bytes: 9, color: "#8a7a66",
		placeholder: "data:image/webp;base64,AAAA", html: "<picture></picture>",
		delete_token: "t0ken" };
	const variant = { preset: "p", type: "image/x", width: 9, height: 9,
		bytes: 9, url: "icon.svg" };
	const whole = (ofPhoto, ofVariant, more) => ({ photos: [{ ...photo,
		variants: [{ ...variant, ...ofVariant }], ...ofPhoto }], ...more });
	const problem = { status: 422, code: "too-many-pixels", title: "No",
		detail: "Why", limit: 1, actual: 2 };

	return ODD.flatMap(odd => [
		[201, odd], [201, { photos: odd }], [201, { photos: [odd] }],
		...[...Object.keys(photo), "variants"].map(key =>
			[201, whole({ [key]: odd })]),
		...Object.keys(variant).map(key => [201, whole({}, { [key]: odd })]),
		[201, whole({ variants: [odd, variant] })],
		...Object.keys(problem).map(key => [422, { ...problem, [key]: odd }]),
		...Object.keys(problem).map(key => [422,
			{ photos: [{ error: { ...problem, [key]: odd } }] }]),
		[422, { ...problem, photos: odd }],
		[422, { photos: [{ name: odd, error: odd }] }]]);
}

async function oddReply({ page, photo, expected })
{
	const file = await photo("odd.jpg");
	const replies = oddReplies();
	let next = 0;

	/* A width of -1, say, may be anything; a picture may not be one. */
	expected.push(/status of [45]\d\d|net::ERR/);
	page.on("dialog", () => assert.fail("a dialog"));
	/* Without hashes, as over plain http, nothing is asked before. */
	await page.evaluate(() =>
		Object.defineProperty(crypto, "subtle", { value: undefined }));
	await page.route("**/upload", route => {
		const [status, reply] = replies[next++];
		return route.fulfill({ status, contentType: "application/json",
			body: JSON.stringify(reply) });
	});
	await choose(page, replies.map((_, i) => ({ ...file, name: `${i}.jpg` })));
	await page.waitForFunction(n => document.querySelectorAll(
	    "article.photo progress[hidden]").length === n, replies.length);
	await harmless(page);
	assert.ok(await overflow(page) <= 0, "no sideways scrolling");
	for (const word of await page.locator(".facts, .refusal").allTextContents())
		assert.doesNotMatch(word, /undefined|\[object|NaN/, word);
}

/* ---- what is stored -------------------------------------------------------------- */

/* An entry as kept.js keeps one, and as others could have left it. */
function oddItems()
{
	const thumb = { url: "icon.svg", width: 9, height: 9 };
	const entry = { tokens: ["abc"], name: "x.jpg", at: 1, width: 9, height: 9,
		bytes: 9, color: "#8a7a66", placeholder: "data:image/webp;base64,AAAA",
		gone: false, thumb };
	const texts = [...ODD.flatMap(odd => [odd,
		...Object.keys(entry).map(key => ({ ...entry, [key]: odd })),
		...Object.keys(thumb).map(key =>
			({ ...entry, thumb: { ...thumb, [key]: odd } }))]),
		...NAMES.map(name => ({ ...entry, name }))]
	    .map(item => JSON.stringify(item));
	/* As photos have them. */
	const id = n => `${n.toString(8).replace(/\d/g, digit =>
		"bcdfghjk"[digit]).padStart(25, "a")}a`;

	return [...[...texts, "", "{", MARKUP, "null"].map((text, i) =>
		[id(i), text]), ...[MARKUP, "../../x", `${GOOD_ID}a`, "", "__proto__"]
	    .map(odd => [odd, JSON.stringify(entry)]),
		[GOOD_ID, JSON.stringify({ ...entry, name: "good.jpg", at: 2e12 })]];
}

async function oddStorage({ page, expected })
{
	const asked = [];

	/* A token that is none is refused, a picture that is none not shown. */
	expected.push(/status of 4\d\d|net::ERR/);
	page.on("dialog", () => assert.fail("a dialog"));
	page.on("request", request => asked.push(request.url()));
	await page.evaluate(items => {
		const prefix = `fcgi-thumb ${new URL(".", document.baseURI).pathname} `;
		items.forEach(([id, text]) => localStorage.setItem(prefix + id, text));
		localStorage.setItem(prefix.trim(), "1");
		localStorage.setItem("another's", "{");
	}, oddItems());
	await page.goto(new URL("mine", base).href);
	await until(page.getByRole("button", { name: "good.jpg", exact: true }));
	await harmlessNames(page);
	for (const word of await page.locator("main").allInnerTexts())
		assert.doesNotMatch(word, /undefined|\[object|NaN|Invalid/);
	for (const url of asked)
		assert.ok(url.startsWith(base), url);
	/* The upload page reads it too. */
	await page.goto(base);
	await harmless(page);
}

await main(async suite => {
	const run = suite.run.bind(suite);

	/* What the status page asks for, as a prober has it made. */
	await thumbctl("slo", "--publish");
	for (const path of PAGES)
		for (const locale of LOCALES) {
			const what = `/${path}, ${locale}`;
			await run(`${what}: the page is small, and of the service alone`,
			    t => weight(t, path), { locale, at: null });
			await run(`${what}: its policy is strict, and it has no code in it`,
			    t => markup(t, path), { locale });
		}
	await run("no other page can frame them, nor their answers", framed);
	await run("a hostile file name is text", hostileName);
	await run("whatever name a file has is text", oddNames);
	await run("whatever name a file has is text without scripts too",
	    oddNamesWithoutScript, { javaScriptEnabled: false,
	        viewport: { width: 320, height: 640 } });
	await run("a hostile reply is text", hostileReply);
	await run("an answer with any member odd is text, and an end", oddReply);
	await run("whatever is stored is text, or left out", oddStorage);
});
