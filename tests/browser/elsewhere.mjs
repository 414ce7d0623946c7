/*
 * Pages of other hosts than the service's: of one that `cors_origins` names, and
 * of one that it does not. Run with `node elsewhere.mjs`, FT_URL set to a
 * service that gives out whole addresses, and FT_SITE to the origin that may
 * use it: http://localhost with a port that nobody listens on yet.
 *
 * The site is a server of its own, which answers as localhost and as 127.0.0.1
 * alike. To a browser these are two.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { base, main } from "./harness.mjs";
import { NOTES, until, wait } from "./parts.mjs";
import { DETAIL, REFUSED, code, document_of, gone, openClient, siteFile, told }
	from "./site.mjs";

const friend = new URL(process.env.FT_SITE ?? "");
const stranger = new URL(friend);
stranger.hostname = "127.0.0.1";

const BLOCKED = /blocked by CORS policy|ERR_FAILED/;

let html = "";
const site = createServer(async (request, response) => {
	const { contentType, body } = await siteFile(request.url, html);

	response.setHeader("Content-Type", contentType);
	response.end(body);
});

/* Open a page of one of the two. */
const of = origin => async (page, text) => {
	html = text;
	await page.goto(new URL("site/", origin).href);
};

/* As README has it: "With public_url the addresses here begin with" it. */
const adapt = script =>
    script.replaceAll(/(["`])\/(upload|photos)\b/g, `$1${base}$2`);

async function openFetch(page, origin)
{
	const [send, remove] = code("fetch").map(adapt);

	await of(origin)(page, document_of("",
	    "<input type=\"file\" id=\"file\">"
	    + `<script>const send = async file => { ${send} return reply; };
	    const remove = async reply => { ${remove} };</script>`));
}

/* What sending the chosen file comes to: an answer, or why there is none. */
const sent = page => page.evaluate(() =>
	send(document.getElementById("file").files[0]).catch(error =>
	    error.message));

async function fetching({ page, photo, expected })
{
	expected.push(REFUSED);
	await openFetch(page, friend);
	await page.locator("#file").setInputFiles(await photo("far.jpg"));
	const reply = await sent(page);
	assert.ok(reply.url.startsWith(base), reply.url);
	const img = page.locator("picture img");
	await until(img);
	assert.ok(await img.evaluate(node => node.decode()
	    .then(() => node.naturalWidth)) > 0);
	await page.evaluate(reply => remove(reply), reply);
	await gone(page, reply.url);
	await page.locator("#file").setInputFiles(NOTES);
	assert.match(await sent(page), DETAIL);
}

async function uppy({ page, photo, expected })
{
	const said = await openClient(page, "uppy", "Uppy",
	    { show: of(friend), adapt });
	const input = page.locator("input.uppy-Dashboard-input").first();
	const start = page.getByRole("button", { name: /^Upload \d+ file/ });

	expected.push(REFUSED, DETAIL);
	await input.setInputFiles(await photo("far.jpg"));
	await start.click();
	await told(page, said);
	await page.getByRole("button", { name: "Done" }).click();
	await input.setInputFiles(NOTES);
	await start.click();
	await until(page.getByRole("button", { name: DETAIL }));
}

/* Its undo button is a DELETE, which a browser asks about beforehand. */
async function filepond({ page, photo })
{
	const said = await openClient(page, "filepond", "FilePond",
	    { show: of(friend), adapt });
	const status = page.locator(".filepond--file-status-main");

	await page.locator("input[type=file]").setInputFiles(
	    await photo("far.jpg"));
	const url = await told(page, said);
	await until(status.filter({ hasText: "Upload complete" }));
	await page.locator(".filepond--action-revert-item-processing").click();
	await wait("no file", async () => await status.count() === 0);
	await gone(page, url);
}

/* Its headers are none that every page may send. */
async function dropzone({ page, photo, expected })
{
	const said = await openClient(page, "dropzone", "Dropzone",
	    { show: of(friend), adapt });
	const input = page.locator("input.dz-hidden-input");

	expected.push(REFUSED);
	await input.setInputFiles(await photo("far.jpg"));
	await told(page, said);
	await input.setInputFiles(NOTES);
	await page.locator(".dz-error").hover();
	await until(page.locator(".dz-error [data-dz-errormessage]", {
		hasText: DETAIL }));
}

async function refused({ page, photo, expected })
{
	expected.push(BLOCKED, /status of 405/);
	await openFetch(page, friend);
	await page.locator("#file").setInputFiles(await photo("mine.jpg"));
	const mine = await sent(page);
	await openFetch(page, stranger);
	await page.locator("#file").setInputFiles(await photo("theirs.jpg"));
	assert.equal(await sent(page), "Failed to fetch");
	assert.equal(await page.evaluate(reply => remove(reply)
	    .catch(error => error.message), mine), "Failed to fetch");
	/* A form needs no permission to be sent; its answer cannot be read. */
	assert.equal(await page.evaluate(url => fetch(url, { method: "POST",
		body: new FormData() }).catch(error => error.message),
	    new URL("upload", base).href), "Failed to fetch");
	assert.equal((await page.request.get(mine.url)).status(), 200);
}

await new Promise(resolve =>
    site.listen(Number(friend.port), "127.0.0.1", resolve));
try {
	await main(async suite => {
		const run = suite.run.bind(suite);

		await run("fetch on another host", fetching);
		await run("Uppy on another host", uppy);
		await run("FilePond on another host", filepond);
		await run("Dropzone on another host", dropzone);
		await run("a host that is not named is refused", refused);
	});
} finally {
	site.close();
	site.closeAllConnections();
}
