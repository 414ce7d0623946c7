/*
 * The pages for whoever has no mouse, and for whoever is told what is on them.
 * Run with `node keyboard.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { main, pool, shot } from "./harness.mjs";
import { NOTES, REFUSED, card, ring, thumbnail, until, wait } from "./parts.mjs";

/* ---- the place of the keyboard ------------------------------------------------ */

/* In each page: whatever had the keyboard's place and is gone, with it. */
function watchPlace()
{
	let had = null;
	let frames = 0;

	window.lost = [];
	const look = () => {
		const now = document.activeElement;
		const none = !now || now === document.body;

		frames = none ? frames + 1 : 0;
		/* A page may need a moment to say where to go on. */
		if (had && frames === 3 && document.hasFocus()) {
			window.lost.push(had.outerHTML.slice(0, 200));
			had = null;
		}
		if (!none)
			had = now;
		requestAnimationFrame(look);
	};
	look();
}

/* What has it, as it would be read aloud; "" is nothing. */
const place = page => page.evaluate(() => {
	const node = document.activeElement;
	const name = node?.getAttribute("aria-label") || node?.labels?.[0]?.textContent
	    || node?.textContent || node?.querySelector("img")?.alt || node?.id;

	return !node || node === document.body ? "" : name.trim().replace(/\s+/g, " ");
});

/* Press Tab until the place is called so; what was on the way. */
async function tabTo(page, name, key = "Tab")
{
	const way = [];

	for (let i = 0; i < 60; i++) {
		await page.keyboard.press(key);
		way.push(await place(page));
		if (name.test(way.at(-1))) {
			assert.ok(await ring(page), `${way.at(-1)} shows the focus`);
			return way;
		}
	}
	throw new Error(`no way to ${name}: ${way.join(" | ")}`);
}

/* Every stop from the top of the page to its end, each of which shows itself. */
async function walk(page)
{
	const stops = [];

	await page.evaluate(() => {
		document.body.tabIndex = -1;
		document.body.focus();
		document.body.removeAttribute("tabindex");
	});
	for (let i = 0; i < 100; i++) {
		await page.keyboard.press("Tab");
		const name = await place(page);
		if (name === "")
			break;
		assert.ok(await ring(page), `${name} shows the focus`);
		stops.push(name);
	}
	await page.evaluate(() => window.lost = []);
	return stops;
}

/* Whatever can be done with a mouse is a stop of the walk. */
async function reachable(page)
{
	const stops = await walk(page);
	const all = await page.locator("a[href], button, input, select, summary, "
	    + "textarea, [role=slider]").evaluateAll(nodes => nodes.filter(node =>
	        node.checkVisibility({ visibilityProperty: true })
	        && !node.disabled && node.tabIndex >= 0).length);

	assert.equal(stops.length, all, stops.join(" | "));
	assert.equal(await page.locator("[tabindex]").evaluateAll(nodes =>
		nodes.filter(node => node.tabIndex > 0).length), 0);
	return stops;
}

const never = async page =>
	assert.deepEqual(await page.evaluate(() => window.lost), [],
	    "the keyboard's place is never lost");

const news = page => page.locator("#news p").allTextContents();

/* Choose files with the keyboard alone. */
async function chooseFiles(page, files)
{
	const opened = page.waitForEvent("filechooser");

	await page.keyboard.press("Enter");
	const chooser = await opened;
	assert.ok(chooser.isMultiple());
	await chooser.setFiles(files);
}

/* ---- the pages ------------------------------------------------------------------ */

async function upload({ page, context, photo })
{
	await context.grantPermissions(["clipboard-read", "clipboard-write"]);
	assert.deepEqual(await reachable(page),
	    ["Upload", "My photos", "Status", "Choose photos"]);
	await tabTo(page, /^Choose photos$/);
	await shot(page, "upload-focus-1280-light");
	await chooseFiles(page, await photo("key.jpg"));
	await thumbnail(page, "key.jpg");
	assert.equal(await place(page), "Choose photos", "one can choose on");
	await reachable(page);
	await tabTo(page, /^Copy the address/);
	await page.keyboard.press("Space");
	await until(card(page, "key.jpg").getByText("Copied").first());
	assert.match(await page.evaluate(() => navigator.clipboard.readText()),
	    /\/t\/[a-z2-7]{26}\/\w+\.\w+/);
	assert.ok((await news(page)).some(line => /^Copied the address/.test(line)));
	await never(page);
}

async function cancelled({ page, photo })
{
	await pool.stop();
	await tabTo(page, /^Choose photos$/);
	await chooseFiles(page, await photo("stop.jpg"));
	await tabTo(page, /^Cancel stop\.jpg$/);
	await page.keyboard.press("Enter");
	await until(card(page, "stop.jpg").getByText("Cancelled."));
	await pool.cont();
	await tabTo(page, /^Try again stop\.jpg$/, "Tab");
	await page.keyboard.press("Enter");
	await thumbnail(page, "stop.jpg");
	assert.notEqual(await place(page), "");
	await never(page);
}

/* Deleted, undone, and deleted for good: there is always a place to go on from. */
async function deletion({ page, photo })
{
	await tabTo(page, /^Choose photos$/);
	await chooseFiles(page, await photo("gone.jpg"));
	const { src } = await thumbnail(page, "gone.jpg");
	await tabTo(page, /^Delete gone\.jpg$/);
	await page.keyboard.press("Enter");
	await until(card(page, "gone.jpg").getByRole("button", { name: /^Undo/ }));
	assert.match(await place(page), /^Undo/);
	await reachable(page);
	await tabTo(page, /^Undo/);
	await page.keyboard.press("Space");
	await thumbnail(page, "gone.jpg");
	assert.match(await place(page), /^Delete/, "one is where one was");
	await page.keyboard.press("Enter");
	await tabTo(page, /^Choose photos$/, "Shift+Tab");
	await page.clock.fastForward(9e3);
	await wait("it is deleted", async () =>
		(await page.request.get(src)).status() === 404);
	assert.ok((await news(page)).some(line => /gone\.jpg: deleted/.test(line)));
	await never(page);
}

/* What opens does not take the page away, with what is on it. */
async function opened({ page, context, photo, expected })
{
	/* The browser puts a page of its own around it, which may do nothing. */
	expected.push(/\/large\.jpg\?v=/);
	await tabTo(page, /^Choose photos$/);
	await chooseFiles(page, await photo("open.jpg"));
	await thumbnail(page, "open.jpg");
	await tabTo(page, /^large\.jpg/);
	const tab = context.waitForEvent("page");
	await page.keyboard.press("Enter");
	await (await tab).waitForURL(/\/large\.jpg\?v=/);
	await until(card(page, "open.jpg"));
}

/* The list: there by the way between the pages, all selected, deleted, had back. */
async function mine({ page, photo })
{
	await tabTo(page, /^Choose photos$/);
	await chooseFiles(page, [await photo("a.jpg"), await photo("b.jpg")]);
	const { src } = await thumbnail(page, "a.jpg");
	await thumbnail(page, "b.jpg");
	await tabTo(page, /^My photos$/);
	await page.keyboard.press("Enter");
	await page.waitForURL("**/mine");
	await until(page.getByLabel("Select all"));
	await reachable(page);
	await tabTo(page, /^Select all$/);
	await page.keyboard.press("Space");
	await tabTo(page, /^Delete/);
	await reachable(page);
	await tabTo(page, /^Delete/);
	await page.keyboard.press("Enter");
	await until(page.getByRole("button", { name: /^Undo/ }));
	assert.match(await place(page), /^Undo/);
	await page.keyboard.press("Space");
	await page.waitForFunction(() =>
		document.querySelectorAll("#days li img").length === 2);
	assert.notEqual(await place(page), "");
	/* As they were: selected. */
	assert.ok(await page.getByLabel("Select all").isChecked());
	await tabTo(page, /^Delete/);
	await page.keyboard.press("Enter");
	await until(page.getByRole("button", { name: /^Undo/ }));
	await tabTo(page, /^Upload$/, "Shift+Tab");
	await page.clock.fastForward(9e3);
	await wait("they are deleted", async () =>
		(await page.request.get(src)).status() === 404);
	await until(page.getByRole("heading", { name: "No photos yet" }));
	await never(page);
}

/* Also where nothing has been seen yet. */
async function status({ page, expected })
{
	expected.push(/status of 404.*status\.json$/);
	await tabTo(page, /^Status$/);
	await page.keyboard.press("Enter");
	await page.waitForURL("**/status");
	await until(page.getByText(/^Not known$/));
	assert.ok((await reachable(page)).length >= 3);
	await never(page);
}

/* ---- what is said ---------------------------------------------------------------- */

async function announced({ page, photo, expected })
{
	expected.push(REFUSED);
	const log = page.locator("#news");
	assert.equal(await log.getAttribute("role"), "log");
	assert.equal(await log.getAttribute("aria-live"), "polite");
	await tabTo(page, /^Choose photos$/);
	await chooseFiles(page, [await photo("said.jpg"), NOTES]);
	await wait("both are told of", async () => {
		const lines = await news(page);
		return lines.includes("2 photos added.")
		    && lines.includes("said.jpg: ready.")
		    && lines.some(line => /^notes\.txt: .*Accepted are/.test(line));
	});
}

/* ---- whether all of this would be noticed ------------------------------------------ */

async function noticed({ page })
{
	const nav = page.locator("nav a");
	const act = (i, change) => nav.nth(i).evaluate(change);

	await act(2, node => node.tabIndex = 1);
	await assert.rejects(reachable(page), /Choose photos/);
	await act(2, node => node.replaceWith(Object.assign(
	    document.createElement("span"), { textContent: "Status", tabIndex: 0 })));
	await assert.rejects(reachable(page), /4 !== 3/);
	await act(1, node => node.style.outline = "none");
	await assert.rejects(walk(page), /My photos shows the focus/);
	await act(0, node => node.focus());
	await act(0, node => node.remove());
	await wait("the loss is seen", () => page.evaluate(() => window.lost.length));
	await assert.rejects(never(page));
}

await main(async suite => {
	const run = (sentence, body, options) => suite.run(sentence,
	    async t => {
		await t.context.addInitScript(watchPlace);
		/* Early: the browser needs a moment to hand over its dialogs. */
		t.page.on("filechooser", () => {});
		await t.page.clock.install();
		await t.page.reload();
		return body(t);
	    }, options);

	await run("photos are chosen, and addresses copied, with keys alone", upload);
	await run("an upload is cancelled, and tried again", cancelled);
	await run("a photo is deleted, had back, and deleted for good", deletion);
	await run("a thumbnail is opened", opened);
	await run("photos are found again, selected, and deleted", mine);
	await run("how the service is can be read", status);
	await run("what happens is said", announced);
	await run("none of this could be missing unseen", noticed);
});
