/*
 * What the other suites rely on: that they would fail. Run with
 * `node itself.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { axe, base, main, pool, thumbctl } from "./harness.mjs";
import { GOOD_ID } from "./parts.mjs";
import { document_of, open } from "./site.mjs";

/* ---- what axe-core finds ---------------------------------------------------- */

const GOOD = `<main><h1>Photos</h1>
    <img src="../icon.svg" width="40" height="40" alt="A hill"></main>`;
const BAD = [
	["an image without a text", "image-alt", GOOD.replace(/ alt="[^"]*"/, "")],
	["text as pale as its ground", "color-contrast",
		`${GOOD}<p style="color: #bbb">Pale</p>`],
	["a target too small to hit", "target-size", GOOD.replace("<img",
	    "<a href='a' style='font-size: 3px'>a</a><a href='b' "
	    + "style='font-size: 3px'>b</a><img")],
	["a page without a landmark", "region", "<h1>Photos</h1>"],
];

async function accessible({ page })
{
	await open(page, document_of("", GOOD));
	await axe(page, "a good page");
}

async function inaccessible({ page }, [, rule, body])
{
	await open(page, document_of("", body));
	await assert.rejects(axe(page, "a bad page"), error =>
		error.message.includes(`\n      ${rule}: `)
		|| assert.fail(`not for ${rule}: ${error.message}`));
}

/* ---- what the watch hears --------------------------------------------------- */

/* A page that does this, and what the case is to fail with. */
const HEARD = [
	["an inline script", /Content Security Policy/, page =>
		page.evaluate(() => {
			const script = document.createElement("script");
			script.textContent = "0";
			document.body.append(script);
		})],
	["a style attribute from markup", /Content Security Policy/, page =>
		page.evaluate(() => document.body.insertAdjacentHTML("beforeend",
		    "<p style='color: red'>x</p>"))],
	["a picture from elsewhere", /Content Security Policy: img-src/, page =>
		page.evaluate(() => {
			/* Not a word on the console. */
			console.error = () => 0;
			return new Promise(resolve => Object.assign(new Image(), {
				onerror: resolve, src: "http://127.0.0.2:9/x.png" }));
		})],
	["an error of a script", /Error: late/, page => page.evaluate(() =>
		new Promise(resolve => setTimeout(() => {
			setTimeout(resolve);
			throw new Error("late");
		})))],
	["a file that is missing", /status of 404/, page => page.evaluate(() =>
		fetch("nothing.js"))],
	["a GET of a manifest that is missing", /status of 404/, page =>
		page.evaluate(id => fetch(`t/${id}/meta.json`), GOOD_ID)],
	["a HEAD of a thumbnail that is missing", /status of 404/, page =>
		page.evaluate(id => fetch(`t/${id}/large.jpg`, { method: "HEAD" }),
		    GOOD_ID)],
	["a GET of a manifest after a HEAD", /status of 404/, page =>
		page.evaluate(async id => {
			await fetch(`t/${id}/meta.json`, { method: "HEAD" });
			await fetch(`t/${id}/meta.json`);
		}, GOOD_ID)],
];

async function heard({ suite }, [, said, act])
{
	await assert.rejects(suite.attempt(({ page }) => act(page)), error =>
		said.test(error.message) || assert.fail(error.message));
}

async function unheard({ page })
{
	assert.equal(await page.evaluate(async id => (await fetch(
	    `t/${id}/meta.json`, { method: "HEAD" })).status, GOOD_ID), 404);
}

/* Without scripts in the page the policy is heard all the same. */
async function heardWithoutScripts({ suite })
{
	await assert.rejects(suite.attempt(({ page }) => page.evaluate(() =>
		document.body.insertAdjacentHTML("beforeend",
		    "<p style='color: red'>x</p>")), { javaScriptEnabled: false }),
	    /Content.Security.Policy/);
}

async function languages({ page })
{
	const request = page.waitForRequest(base);

	await page.reload();
	assert.match((await request).headers()["accept-language"], /^ko-KR/);
}

/* ---- the service in the hands of a case --------------------------------------- */

/* Send a photo past the page; the status of the answer. */
const send = (page, file) => page.request.post(new URL("upload", base).href,
    { multipart: { photo: file } }).then(answer => answer.status());

async function killed({ page, photo })
{
	await pool.kill();
	assert.equal(await send(page, await photo("dead.jpg")), 503);
	await assert.rejects(pool.start().then(pool.start), /there is a master/);
	assert.equal(await send(page, await photo("back.jpg")), 201);
}

async function stopped({ page, photo })
{
	const ready = new URL("health/ready", base).href;

	await pool.stop();
	await assert.rejects(page.request.get(ready, { timeout: 500 }), /Timeout/);
	await pool.cont();
	assert.equal((await page.request.get(ready)).status(), 200);
	assert.equal(await send(page, await photo("on.jpg")), 201);
}

async function mended({ suite, page, photo })
{
	for (const harm of [pool.kill, pool.stop]) {
		await assert.rejects(suite.attempt(async () => {
			await harm();
			throw new Error("on its way");
		}), /on its way/);
		assert.equal(await send(page, await photo("whole.jpg")), 201);
	}
}

async function tool({ page, photo })
{
	const answer = await page.request.post(new URL("upload", base).href,
	    { multipart: { photo: await photo("known.jpg") } });
	const [{ id }] = (await answer.json()).photos;

	await thumbctl("ban", id);
	await assert.rejects(thumbctl("ban", "no photo"), /no photo/);
}

await main(async suite => {
	const run = suite.run.bind(suite);

	for (const javaScriptEnabled of [true, false]) {
		const where = javaScriptEnabled ? "" : ", without scripts too";

		await run(`axe-core has nothing against a good page${where}`,
		    accessible, { javaScriptEnabled });
		for (const row of BAD)
			await run(`axe-core finds ${row[0]}${where}`,
			    t => inaccessible(t, row), { javaScriptEnabled });
	}
	for (const row of HEARD)
		await run(`a case fails for ${row[0]}`, t => heard(t, row));
	await run("a case does not fail for a HEAD of a manifest", unheard);
	await run("a case without scripts fails for a style attribute",
	    heardWithoutScripts, { javaScriptEnabled: false });
	await run("the pool can be killed and started again", killed);
	await run("the pool can stand still, and go on", stopped);
	await run("a case that fails leaves the pool at work", mended);
	await run("the operator's tool is at hand", tool);
	await run("a context speaks its language", languages, { locale: "ko-KR" });
});
