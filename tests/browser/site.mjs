/*
 * The pages of a site that uses the service: made of the README's lines and of
 * unchanged packages, and what one looks for on them.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { base } from "./harness.mjs";
import { wait } from "./parts.mjs";

const OPTION_LINES = 5; /* that a client may need, all told */
const LINE = 80; /* characters of one */

export const REFUSED = /status of 415/;
export const DETAIL = /This looks like a text file\. Accepted are JPEG, .+\./;

const readme = await readFile(new URL("../../README.md", import.meta.url),
    "utf8");

/* ---- the README ------------------------------------------------------------ */

/* The pieces of code between a text and the next one, of a language or of any. */
function codeBetween(start, end, language)
{
	const section = readme.split(start)[1]?.split(end)[0] ?? "";
	const blocks = [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
	    .filter(match => match[1] === (language ?? match[1]))
	    .map(match => match[2]);

	assert.ok(blocks.length > 0, `the README has code for ${start}`);
	return blocks;
}

/* Behind the bold name of a client. */
export const code = client => codeBetween(`**${client}**`, /^\*\*|^#/m);

/* Of a language, below a heading. */
export const codeBelow = (heading, language) =>
    codeBetween(`\n## ${heading}\n`, /^##/m, language);

/* What a site does with a photo that was taken: its own, and no option. */
const WITH_A_PHOTO
    = /^\w+\.on\("(upload-success|processfile|success)", [^]*?\);$/gm;

/* The lines that say nothing of a site or of the service. */
const NEEDED_ANYWAY = [
	/^$/,
	/^import .* from "\w+";$/,
	/^const \w+ = new \w+\(\);$/,
	/^\w[^{]*, \{$/, /* begins the options */
	/^\}\);$/ /* and ends them */
];

/* All else that a client needs, in all of its code. */
function optionLines(blocks)
{
	const lines = blocks.join("\n").replace(WITH_A_PHOTO, "").split("\n")
	    .filter(line => !NEEDED_ANYWAY.some(form => form.test(line)));

	for (const line of lines)
		assert.ok(line.length <= LINE, `a line and not two: ${line}`);
	return lines;
}

/* ---- the pages -------------------------------------------------------------- */

const CLIENTS = {
	uppy: { script: "dist/uppy.min.mjs", style: "dist/uppy.min.css",
		body: "<div id=\"uppy\"></div>" },
	filepond: { script: "dist/filepond.esm.js", style: "dist/filepond.css",
		body: "<form><input type=\"file\" id=\"filepond\" name=\"photo\"></form>" },
	dropzone: { script: "dist/dropzone.mjs", style: "dist/dropzone.css",
		body: "<div id=\"dropzone\" class=\"dropzone\"></div>" },
};

const TYPES = { mjs: "text/javascript", js: "text/javascript",
	css: "text/css" };

export const document_of = (head, body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A site</title>${head}</head>
<body>${body}</body></html>`;

/* What a site beside the service has at a path: this page, and the packages. */
export async function siteFile(path, html)
{
	const module = /^\/site\/modules\/([\w./-]+\.(m?js|css))$/.exec(path);

	if (!module)
		return { contentType: "text/html", body: html };
	return { contentType: TYPES[module[2]],
		body: await readFile(new URL(`node_modules/${module[1]}`,
		    import.meta.url)) };
}

/* Open a page of the service's own host. */
export async function open(page, html)
{
	await page.route("**/site/**", async route => route.fulfill(
	    await siteFile(new URL(route.request().url()).pathname, html)));
	await page.goto(new URL("site/", base).href);
}

/*
 * Open a page with the README's lines for a client; what its console says.
 * Another host opens it in its own way, with addresses that it changes.
 */
export async function openClient(page, name, title,
    { show = open, adapt = script => script } = {})
{
	const { script, style, body } = CLIENTS[name];
	const blocks = code(title);
	const options = optionLines(blocks);
	const said = [];
	const imports = JSON.stringify({ imports: {
		[name]: `/site/modules/${name}/${script}` } });

	assert.ok(options.length > 0 && options.length <= OPTION_LINES,
	    `${options.length} lines of options: ${options.join("\n")}`);
	page.on("console", message => said.push(message.text()));
	await show(page, document_of(
	    `<link rel="stylesheet" href="/site/modules/${name}/${style}">
	    <script type="importmap">${imports}</script>`,
	    `${body}<script type="module">${adapt(blocks.join("\n"))}</script>`));
	return said;
}

/* ---- what they show --------------------------------------------------------- */

/* The address that the page was told of is a picture. */
export async function told(page, said)
{
	const url = await wait("an address on the console",
	    () => said.find(line => /^\S*\/t\/\S+\?v=/.test(line)));
	const answer = await page.request.get(new URL(url, base).href);

	assert.equal(answer.status(), 200, url);
	assert.match(answer.headers()["content-type"], /^image\//);
	return url;
}

/* A photo that was taken back is there no more. */
export async function gone(page, url)
{
	const answer = await page.request.get(new URL(url, base).href);

	assert.equal(answer.status(), 404, url);
}
