/*
 * What sites upload with, unchanged from their packages and with the very
 * lines of the README: a plain form, fetch, Uppy, FilePond and Dropzone. Run
 * with `node clients.mjs`, FT_URL set to a service at the root of its host.
 */
import assert from "node:assert/strict";
import { main, shot } from "./harness.mjs";
import { NOTES, until, wait } from "./parts.mjs";
import { DETAIL, REFUSED, code, document_of, gone, open, openClient, told }
	from "./site.mjs";

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
		assert.deepEqual(seen, [...seen].sort((a, b) => a - b),
		    `it goes on: ${seen}`);
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
