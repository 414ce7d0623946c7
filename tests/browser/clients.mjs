/*
 * What sites upload with, unchanged from their packages and with the very
 * lines of the README: a plain form, fetch, Uppy, FilePond and Dropzone. Run
 * with `node clients.mjs`, FT_URL set to a service at the root of its host.
 *
 * The pages that use them are made here and answered in the browser, as if
 * they were the site's own beside the service.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { base, main, shot } from "./harness.mjs";

const OPTION_LINES = 5; /* that a client may need, all told */
const LINE = 80; /* characters of one */
const NOTES = { name: "notes.txt", mimeType: "text/plain",
	buffer: Buffer.from("This is no photo.\n") };
const REFUSED = /status of 415/;
const DETAIL = /This looks like a text file\. Accepted are JPEG, .+\./;

const readme = await readFile(new URL("../../README.md", import.meta.url),
    "utf8");

/* ---- the README ------------------------------------------------------------ */

/* The pieces of code behind the bold name of a client. */
function code(client)
{
	const section = readme.split(`**${client}**`)[1]?.split(/^\*\*|^#/m)[0]
	    ?? "";
	const blocks = [...section.matchAll(/^```\w+\n(.*?)^```$/gms)]
	    .map(match => match[1]);

	assert.ok(blocks.length > 0, `the README has code for ${client}`);
	return blocks;
}

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

const document_of = (head, body) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A site</title>${head}</head>
<body>${body}</body></html>`;

/* Open a page of the site; its scripts come from the packages. */
async function open(page, html)
{
	await page.route("**/site/**", async route => {
		const path = /\/site\/modules\/([\w./-]+\.(m?js|css))$/
		    .exec(new URL(route.request().url()).pathname);
		if (!path)
			return route.fulfill({ contentType: "text/html", body: html });
		return route.fulfill({ contentType: TYPES[path[2]],
			body: await readFile(new URL(`node_modules/${path[1]}`,
			    import.meta.url)) });
	});
	await page.goto(new URL("site/", base).href);
}

/* Open a page with the README's lines for a client; what its console says. */
async function openClient(page, name, title)
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
	await open(page, document_of(
	    `<link rel="stylesheet" href="/site/modules/${name}/${style}">
	    <script type="importmap">${imports}</script>`,
	    `${body}<script type="module">${blocks.join("\n")}</script>`));
	return said;
}

const until = locator => locator.waitFor({ state: "visible" });

/* Wait until the condition holds. */
async function wait(what, condition)
{
	for (let i = 0; i < 200; i++) {
		const result = await condition();
		if (result)
			return result;
		await new Promise(resolve => setTimeout(resolve, 50));
	}
	throw new Error(`not within 10 s: ${what}`);
}

/* The address that the page was told of is a picture. */
async function told(page, said)
{
	const url = await wait("an address on the console",
	    () => said.find(line => /^\/t\/.+\?v=/.test(line)));
	const answer = await page.request.get(new URL(url, base).href);

	assert.equal(answer.status(), 200, url);
	assert.match(answer.headers()["content-type"], /^image\//);
	return url;
}

/* A photo that was taken back is there no more. */
async function gone(page, url)
{
	const answer = await page.request.get(new URL(url, base).href);

	assert.equal(answer.status(), 404, url);
}

/*
 * A photo over a slow line: the numbers that the client shows on the way, by a
 * function in the page that reads one (0 to 100, or nothing).
 */
async function slowly(page, context, photo, read, send)
{
	const file = await photo("slow.jpg", { width: 2000, height: 1500,
		grain: 40000 });
	const cdp = await context.newCDPSession(page);
	const conditions = { offline: false, latency: 0, downloadThroughput: -1 };

	await cdp.send("Network.emulateNetworkConditions", { ...conditions,
		uploadThroughput: file.buffer.length / 1.5 });
	await page.evaluate(`window.seen = [];
	    window.watch = setInterval(() => {
	        const n = (${read})();
	        if (n > 0 && n < 100 && n !== seen.at(-1))
	            seen.push(n);
	    }, 20)`);
	await send(file);
	return async () => {
		const seen = await page.evaluate(() => {
			clearInterval(window.watch);
			return window.seen;
		});
		await cdp.send("Network.emulateNetworkConditions", { ...conditions,
			uploadThroughput: -1 });
		assert.ok(seen.length >= 3, `progress is shown: ${seen}`);
		assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
	};
}

/* ---- without a package ------------------------------------------------------ */

async function form({ page, photo, expected })
{
	expected.push(REFUSED);
	const [html] = code("plain form");

	await open(page, document_of("", html));
	await page.locator("input[type=file]").setInputFiles([
		await photo("plain.jpg"), NOTES]);
	await page.getByRole("button", { name: "Send" }).click();
	await page.waitForURL("**/upload");
	await until(page.getByRole("heading", { name: "plain.jpg" }));
	await until(page.locator(".refusal", { hasText: DETAIL }));
	assert.ok(await page.locator("article img").evaluate(node => node.decode()
	    .then(() => node.naturalWidth)) > 0);
}

async function fetching({ page, photo, expected })
{
	const [send, remove] = code("fetch");
	const file = await photo("fetched.jpg");

	expected.push(REFUSED);
	await open(page, document_of("",
	    "<input type=\"file\" id=\"file\">"
	    + `<script>const send = async file => { ${send} return reply; };
	    const remove = async reply => { ${remove} };</script>`));
	await page.locator("#file").setInputFiles(file);
	const url = await page.evaluate(async () => {
		window.reply = await send(document.getElementById("file").files[0]);
		return window.reply.url;
	});
	assert.match(url, /^\/t\//);
	const img = page.locator("picture img");
	await until(img);
	assert.ok(await img.evaluate(node => node.decode()
	    .then(() => node.naturalWidth)) > 0);
	await page.evaluate(() => remove(window.reply));
	await gone(page, url);
	await page.locator("#file").setInputFiles(NOTES);
	assert.match(await page.evaluate(() => send(
	    document.getElementById("file").files[0])
	    .catch(error => error.message)), DETAIL);
}

/* ---- packages ---------------------------------------------------------------- */

async function uppy({ page, context, photo, expected })
{
	const said = await openClient(page, "uppy", "Uppy");
	const input = page.locator("input.uppy-Dashboard-input").first();
	const start = page.getByRole("button", { name: /^Upload \d+ file/ });
	let posts = 0;

	expected.push(REFUSED, DETAIL, /status of 503/);
	page.on("request", request => posts += request.method() === "POST");
	const progressed = await slowly(page, context, photo,
	    "() => Number(document.querySelector('[role=progressbar]')"
	    + "?.getAttribute('aria-valuenow'))",
	    async file => {
		await input.setInputFiles(file);
		await start.click();
	});
	await told(page, said);
	await progressed();
	await shot(page, "uppy");
	await page.getByRole("button", { name: "Done" }).click();
	said.length = posts = 0;
	await page.route("**/upload", route => route.fulfill({ status: 503,
		headers: { "Retry-After": "2" }, contentType: "application/json",
		body: "{\"error\":\"The service is busy\"}" }), { times: 1 });
	await input.setInputFiles(await photo("again.jpg"));
	await start.click();
	await told(page, said);
	assert.equal(posts, 2, "what can be taken later is sent again");
	await page.getByRole("button", { name: "Done" }).click();
	posts = 0;
	await input.setInputFiles(NOTES);
	await start.click();
	/* Uppy's own way to say why: of the file, and in its message. */
	await until(page.getByRole("button", { name: DETAIL }));
	await until(page.locator(".uppy-Informer").getByLabel(DETAIL).first());
	await shot(page, "uppy-refused");
	assert.equal(posts, 1, "what is refused is sent once");
}

async function filepond({ page, context, photo, expected })
{
	const said = await openClient(page, "filepond", "FilePond");
	const input = page.locator("input[type=file]");
	const status = page.locator(".filepond--file-status-main");

	expected.push(REFUSED);
	const progressed = await slowly(page, context, photo,
	    "() => parseInt(/(\\d+)%/.exec(document.querySelector("
	    + "'.filepond--file-status-main')?.textContent)?.[1])",
	    file => input.setInputFiles(file));
	const url = await told(page, said);
	await progressed();
	await until(status.filter({ hasText: "Upload complete" }));
	const value = JSON.parse(await page.locator("input[type=hidden]")
	    .inputValue());
	assert.equal(value.url, url, "what a form's server gets");
	await shot(page, "filepond");
	await page.locator(".filepond--action-revert-item-processing").click();
	await wait("no file", async () => await status.count() === 0);
	await gone(page, url);
	await input.setInputFiles(NOTES);
	await until(status.filter({ hasText: DETAIL }));
	await shot(page, "filepond-refused");
	expected.push(/ERR_FAILED/);
	await page.route("**/upload", route => route.abort());
	await page.locator(".filepond--action-retry-item-processing").click();
	await until(status.filter({ hasText: "Error during upload" }));
}

async function dropzone({ page, context, photo, expected })
{
	const said = await openClient(page, "dropzone", "Dropzone");
	/* Its own input lies in the body, out of sight. */
	const input = page.locator("input.dz-hidden-input");

	expected.push(REFUSED);
	const progressed = await slowly(page, context, photo,
	    "() => parseFloat(document.querySelector('[data-dz-uploadprogress]')"
	    + "?.style.width)", file => input.setInputFiles(file));
	await told(page, said);
	await progressed();
	await until(page.locator(".dz-success"));
	await shot(page, "dropzone");
	await input.setInputFiles(NOTES);
	await page.locator(".dz-error").hover();
	await until(page.locator(".dz-error [data-dz-errormessage]", {
		hasText: DETAIL }));
	await shot(page, "dropzone-refused");
}

await main(async suite => {
	const run = suite.run.bind(suite);

	await run("a plain form", form);
	await run("fetch", fetching);
	await run("Uppy", uppy);
	await run("FilePond", filepond);
	await run("Dropzone", dropzone);
});
