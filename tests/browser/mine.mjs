/*
 * The list of one's own photos. Run with `node mine.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { base, main } from "./harness.mjs";
import { AT_REST, GOOD_ID, LOCALES, NAMES, choose, harmlessNames, inspect,
	overflow, until, wait } from "./parts.mjs";

const MISSING = /status of 404/;
const UNDONE_MS = 9e3; /* longer than one can undo */

/* ---- parts of the cases ---------------------------------------------------- */

const tile = (page, name) => page.locator("#days li")
    .filter({ has: page.getByRole("button", { name, exact: true }) });
const box = (page, name) => tile(page, name).getByRole("checkbox");
const names = page => page.locator("#days h3").allTextContents();
const listed = (page, n) => page.waitForFunction(count =>
	document.querySelectorAll("#days li").length === count, n);
const address = path => new URL(path, base).href;
const goHere = page => page.goto(address("mine"));

/* Send photos, one after the other; what storage has of them then, by name. */
async function send({ page, photo }, ...called)
{
	await page.goto(base);
	for (const [i, name] of called.entries()) {
		await choose(page, await photo(name, { width: 640 + 100 * (i % 3) }));
		await page.waitForFunction(n => document.querySelectorAll(
		    "article.photo img").length === n, i + 1);
	}
	return stored(page);
}

/* What storage has, by name. */
const stored = async page => Object.fromEntries((await page.evaluate(() =>
	Object.entries(localStorage).map(([key, text]) => ({ key,
		id: key.split(" ").at(-1), ...JSON.parse(text) }))))
    .map(entry => [entry.name, entry]));

/* Entries that no service knows, from `at` on backwards, an hour each. */
const store = (page, entries) => page.evaluate(list => {
	const prefix = `fcgi-thumb ${new URL(".", document.baseURI).pathname} `;
	const id = n => n.toString(8).replace(/\d/g, c => "bcdfghjk"[c])
	    .padStart(25, "a") + "a";
	list.forEach((entry, i) => localStorage.setItem(
	    entry.key ?? prefix + id(i + 1), entry.text ?? JSON.stringify({
	        tokens: ["a".repeat(26)], name: `${i}.jpg`,
	        at: Date.now() - 36e5 * i, width: 640, height: 480, bytes: 12345,
	        color: "#8a7a66", placeholder: "", gone: 0,
	        thumb: { url: "icon.svg", width: 32, height: 32 }, ...entry })));
}, entries);

/* Photos that another page of this browser keeps. */
const many = n => Array.from({ length: n }, () => ({}));

async function statusOf(page, { thumb })
{
	return (await page.request.get(address(thumb.url))).status();
}

const gone = (page, entry) => wait(`${entry.name} is gone`, async () =>
	await statusOf(page, entry) === 404);

/* Delete a photo without telling the page, nor letting it show what it has kept. */
async function removeElsewhere(page, { id, tokens: [token] })
{
	/* With a route there is no cache. */
	await page.route("**/t/**", route => route.continue());
	await page.request.delete(address(`photos/${id}`),
	    { headers: { Authorization: `Bearer ${token}` } });
}

/* From now on the page's clock goes on by hand, too. */
async function clocked(page)
{
	await page.clock.install();
	await goHere(page);
}

/* An evening: what was some hours ago was today, and this day does not end. */
const inTheEvening = page => page.clock.setSystemTime("2026-05-01T20:00:00");

/* ---- the list ----------------------------------------------------------------- */

async function kept(t)
{
	const { page } = t;

	await inTheEvening(page);
	const entries = await send(t, "older.jpg", "newer.jpg");

	await page.locator("#kept a").click();
	await page.waitForURL(address("mine"));
	for (const again of [false, true]) {
		if (again)
			await page.reload();
		await listed(page, 2);
		assert.deepEqual(await names(page), ["newer.jpg", "older.jpg"]);
		await page.waitForFunction(() => [...document.querySelectorAll(
		    "#days img")].every(img => img.complete && img.naturalWidth > 0));
		assert.deepEqual(await page.locator("#days h2").allTextContents(),
		    ["Today"]);
		assert.match((await tile(page, "newer.jpg").locator(".facts")
		    .innerText()).replace(/\s+/g, " "),
		    /^\d\d:\d\d 740 × 480 \d+ kB$/);
	}
	assert.match(entries["newer.jpg"].key, new RegExp(`^fcgi-thumb ${
	    new URL(base).pathname} [a-z2-7]{26}$`));
}

async function opened({ page, ...t })
{
	const { "open.jpg": entry } = await send({ page, ...t }, "open.jpg");
	let manifests = 0;

	page.on("request", request => manifests += /meta\.json/.test(request.url()));
	await goHere(page);
	await listed(page, 1);
	const opener = page.getByRole("button", { name: "open.jpg", exact: true });
	assert.equal(manifests, 0, "nothing is asked for before");
	await opener.click();
	const card = tile(page, "open.jpg").locator("article.photo");
	await until(card.locator("dl a").first());
	assert.equal(await opener.getAttribute("aria-expanded"), "true");
	assert.equal(manifests, 1);
	const [main] = await card.locator("dt a").evaluateAll(nodes =>
		nodes.map(node => node.href));
	assert.ok(main.includes(entry.id));
	assert.equal((await page.request.get(main)).status(), 200);
	await until(card.getByRole("button", { name: /^Copy .*open\.jpg/ }).first());
	await opener.click();
	assert.equal(await card.count(), 0);
	assert.equal(await opener.getAttribute("aria-expanded"), "false");
}

async function hundreds({ page })
{
	await store(page, many(500));
	await goHere(page);
	await listed(page, 48);
	assert.match(await page.locator("#count").textContent(), /^500\sphotos$/);
	await page.getByRole("button", { name: "Show 48 more" }).click();
	await listed(page, 96);
	assert.equal(await page.evaluate(() => document.activeElement.textContent),
	    "48.jpg", "the keyboard goes on there");
	await box(page, "3.jpg").click();
	await box(page, "60.jpg").click({ modifiers: ["Shift"] });
	await until(page.getByText("58 of 500 selected"));
	await box(page, "50.jpg").click();
	await until(page.getByText("57 of 500 selected"));
	await page.getByRole("checkbox", { name: "Select all" }).click();
	await until(page.getByText("500 of 500 selected"));
	/* Work that a page of thousands would not get done in. */
	const spent = await page.evaluate(() => {
		const start = performance.now();
		document.getElementById("clear").click();
		document.getElementById("all").click();
		return performance.now() - start;
	});
	assert.ok(spent < 2000, `${spent} ms for two clicks`);
	assert.equal(await page.locator("#days :checked").count(), 96);
	assert.ok(await overflow(page) <= 0);
}

/* Near the thumb, wherever one has scrolled to. */
async function phone({ page })
{
	const inView = async selector => {
		const { y, height } = await page.locator(selector).boundingBox();
		return y > 0 && y + height <= 640;
	};

	await store(page, many(40));
	await goHere(page);
	await listed(page, 40);
	await box(page, "30.jpg").tap();
	assert.ok(await inView("#delete"));
	await page.locator("#delete").tap();
	assert.ok(await inView(".undo button"));
	/* Nothing lies behind it for good. */
	await page.locator("summary").last().scrollIntoViewIfNeeded();
	await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
	await page.locator("summary").last().tap({ timeout: 5000 });
	await page.locator(".undo button").tap();
	assert.equal(await page.locator("#days [inert]").count(), 0);
	assert.ok(await overflow(page) <= 0);
}

/* ---- deleting -------------------------------------------------------------------- */

async function deleted({ page, ...t })
{
	const entries = await send({ page, ...t }, "1.jpg", "2.jpg", "3.jpg", "4.jpg");
	const order = ["4.jpg", "3.jpg", "2.jpg", "1.jpg"];

	t.expected.push(MISSING);
	await clocked(page);
	await listed(page, 4);
	const press = async () => {
		await page.getByRole("button", { name: /^Delete 2\sphotos$/ }).click();
		await until(page.locator("#dock").getByText(/^2\sphotos deleted$/));
		assert.match(await page.locator("#count").textContent(), /^2\sphotos$/);
		assert.deepEqual(await names(page), order, "they stand where they stood");
		assert.equal(await page.locator("#days [inert]").count(), 2);
	};
	await box(page, "3.jpg").check();
	await box(page, "1.jpg").check();
	await press();
	await page.getByRole("button", { name: /^Undo/ }).click();
	assert.equal(await page.locator("#days [inert]").count(), 0);
	await until(page.getByText("2 of 4 selected"));
	await page.clock.runFor(UNDONE_MS);
	assert.equal(await statusOf(page, entries["3.jpg"]), 200);
	await press();
	await page.mouse.move(0, 0);
	await page.clock.runFor(UNDONE_MS);
	await gone(page, entries["3.jpg"]);
	await gone(page, entries["1.jpg"]);
	await listed(page, 2);
	assert.deepEqual(await names(page), ["4.jpg", "2.jpg"]);
	assert.deepEqual(Object.keys(await stored(page)).sort(), ["2.jpg", "4.jpg"]);
	assert.equal(await statusOf(page, entries["2.jpg"]), 200);
	await page.getByRole("button", { name: "4.jpg", exact: true }).click();
	await tile(page, "4.jpg").getByRole("button", { name: "Delete 4.jpg" }).click();
	await page.mouse.move(0, 0);
	await page.clock.runFor(UNDONE_MS);
	await gone(page, entries["4.jpg"]);
	await listed(page, 1);
}

/* The service says no to one of them: it is still there, and still selected. */
async function notDeleted({ page, expected })
{
	await store(page, many(3));
	await clocked(page);
	const { "0.jpg": { id } } = await stored(page);

	expected.push(/status of 500/);
	await page.route("**/photos/*", route => route.fulfill(
	    route.request().url().endsWith(id) ? { status: 500,
	        contentType: "application/json", body: "{\"code\":\"internal\"}" }
	    : { status: 204 }));
	await box(page, "2.jpg").check();
	await box(page, "0.jpg").check();
	await page.getByRole("button", { name: /^Delete 2/ }).click();
	await page.mouse.move(0, 0);
	await page.clock.runFor(UNDONE_MS);
	await until(page.locator("#problem").getByText(
	    /^1\sphoto not deleted\. Something failed inside the service\./));
	assert.deepEqual(await names(page), ["0.jpg", "1.jpg"]);
	await until(page.getByText("1 of 2 selected"));
	assert.ok(await box(page, "0.jpg").isChecked());
}

async function keysAlone({ page, ...t })
{
	const place = () => page.evaluate(() => {
		const node = document.activeElement;
		return node.labels?.[0]?.textContent ?? node.textContent;
	});
	const to = async (name, key = "Tab") => {
		for (let i = 0; i < 30 && !name.test(await place()); i++)
			await page.keyboard.press(key);
		assert.match(await place(), name);
	};
	const entries = await send({ page, ...t }, "a.jpg", "b.jpg", "c.jpg");

	t.expected.push(MISSING);
	await clocked(page);
	await listed(page, 3);
	await to(/^Select b\.jpg$/);
	await page.keyboard.press("Space");
	await to(/^Delete 1\sphoto$/, "Shift+Tab");
	await page.keyboard.press("Enter");
	assert.match(await place(), /^Undo/);
	await page.keyboard.press("Enter");
	assert.equal(await place(), "b.jpg");
	await to(/^Select b\.jpg$/, "Shift+Tab");
	await page.keyboard.press("Space");
	await page.keyboard.press("Delete");
	assert.match(await place(), /^Undo/);
	await page.clock.runFor(UNDONE_MS);
	assert.equal(await statusOf(page, entries["b.jpg"]), 200,
	    "whoever stands on Undo has time");
	await to(/^Select c\.jpg$/);
	await page.clock.runFor(UNDONE_MS);
	await gone(page, entries["b.jpg"]);
	await listed(page, 2);
	assert.match(await place(), /^Select c\.jpg$/, "the place is kept");
}

/* ---- what is not there any more ---------------------------------------------------- */

async function lost({ page, ...t })
{
	const entries = await send({ page, ...t }, "lost.jpg", "late.jpg", "moved.jpg");
	const moved = entries["moved.jpg"];

	t.expected.push(MISSING);
	await page.evaluate(({ key, ...entry }) => localStorage.setItem(key,
	    JSON.stringify({ ...entry, thumb: { ...entry.thumb,
	        url: entry.thumb.url.replace(/\/\w+\.jpg.*/, "/old.jpg") } })), moved);
	await removeElsewhere(page, entries["lost.jpg"]);
	await goHere(page);
	const said = name => tile(page, name).getByText(
	    "This photo is not there any more.");
	await until(said("lost.jpg"));
	assert.equal(await said("late.jpg").count(), 0);
	/* Its preset has gone: there is another thumbnail, which is kept. */
	await page.waitForFunction(() => [...document.querySelectorAll("#days img")]
	    .filter(img => img.naturalWidth > 0).length === 2);
	assert.equal(await statusOf(page, (await stored(page))["moved.jpg"]), 200);
	await removeElsewhere(page, entries["late.jpg"]);
	await page.getByRole("button", { name: "late.jpg", exact: true }).click();
	await until(said("late.jpg"));
	await page.getByRole("button", { name: "Take from the list late.jpg" }).click();
	await listed(page, 2);
	assert.notEqual(await page.evaluate(() => document.activeElement.tagName),
	    "BODY");
	assert.deepEqual(Object.keys(await stored(page)).sort(),
	    ["lost.jpg", "moved.jpg"]);
}

/* ---- other tabs ----------------------------------------------------------------------- */

async function tabs({ page, context, ...t })
{
	await send({ page, ...t }, "1.jpg", "2.jpg", "3.jpg");
	await goHere(page);
	await box(page, "1.jpg").check();
	await box(page, "3.jpg").check();
	await page.getByRole("button", { name: "2.jpg", exact: true }).focus();
	const other = await context.newPage();
	const entries = await send({ page: other, ...t }, "4.jpg");
	await listed(page, 4);
	assert.deepEqual(await names(page), ["4.jpg", "3.jpg", "2.jpg", "1.jpg"]);
	await until(page.getByText("2 of 4 selected"));
	assert.equal(await page.evaluate(() => document.activeElement.textContent),
	    "2.jpg");
	await other.evaluate(keys => keys.forEach(key =>
		localStorage.removeItem(key)),
	    [entries["3.jpg"].key, entries["2.jpg"].key]);
	await listed(page, 2);
	await until(page.getByText("1 of 2 selected"));
	assert.equal(await page.evaluate(() => document.activeElement.textContent),
	    "1.jpg", "the next one has the place");

	/* Both add to the same photo, and neither has seen what the other added. */
	const add = (where, token) => where.evaluate(async ([url, id, one]) => {
		const { keep } = await import(url);
		const read = Storage.prototype.getItem;
		Storage.prototype.getItem = () => null;
		const kept = keep({ id, tokens: [one], name: "both.jpg", at: 1,
			width: 1, height: 1, bytes: 1 });
		Storage.prototype.getItem = read;
		return kept;
	}, [address("kept.js"), GOOD_ID, token]);
	assert.ok(await add(page, "aaa"));
	assert.ok(await add(other, "bbb"));
	await wait("both tokens are kept", async () =>
		(await stored(page))["both.jpg"].tokens.length === 2);
}

/* ---- storage that is not as it should be ------------------------------------------------ */

async function odd({ page })
{
	const path = new URL(base).pathname;
	const whole = { tokens: ["abc"], name: "other.jpg", at: 1, width: 1, height: 1,
		bytes: 1 };
	const bad = [{ at: 1e300 }, { at: -1 }, { at: null }, { width: 0 },
		{ width: 1.5 }, { width: 1e300 }, { bytes: "1" }, { tokens: [] },
		{ tokens: ["<b>"] }, { tokens: [["abc"]] }, { tokens: "abc" },
		{ text: "" }, { text: "{" }, { text: "null" }, { text: "[1]" }];

	await inTheEvening(page);
	await store(page, [...bad, { name: "good.jpg", thumb: null, color: 1 },
		{ name: "future.jpg", at: Date.parse("2126-05-01T12:00:00") },
		{ name: "", at: 0 }]);
	await page.evaluate(([where, text]) => {
		/* Of other services of this host, and of whoever else is there. */
		for (const key of [`fcgi-thumb ${where}x/ `, `fcgi-thumb ${where}`,
			"fcgi-thumb /elsewhere/ ", "fcgi-thumb  ", ""])
			localStorage.setItem(`${key}${"a".repeat(26)}`, text);
	}, [path, JSON.stringify(whole)]);
	await goHere(page);
	await listed(page, 3);
	assert.deepEqual(await names(page),
	    ["future.jpg", "good.jpg", "Photo without a name"]);
	const days = await page.locator("#days h2").allTextContents();
	assert.match(days[0], /May 1, 2126$/);
	assert.equal(days[1], "Today");
	assert.match(days[2], /19(69|70)$/);
	assert.equal(await page.locator("#days .thumb:empty").count(), 1);
}

async function hostile({ page })
{
	page.on("dialog", () => assert.fail("a dialog"));
	await store(page, NAMES.map(name => ({ name, thumb: null })));
	for (const width of [1280, 320]) {
		await page.setViewportSize({ width, height: 640 });
		await goHere(page);
		await listed(page, NAMES.length);
		assert.deepEqual(await page.locator("#days h3 bdi").allTextContents(),
		    NAMES);
		await page.getByRole("checkbox", { name: "Select all" }).click();
		await page.locator("#delete").click();
		await harmlessNames(page);
		await page.getByRole("button", { name: /^Undo/ }).click();
	}
}

/* Sending goes on; what is lost is said where it can be acted on. */
async function unkept({ page, photo })
{
	await choose(page, await photo("unkept.jpg"));
	await until(page.locator("#unkept"));
	assert.ok(await page.locator("#kept").isHidden());
	await until(page.getByRole("button", { name: "Delete unkept.jpg" }));
}

async function full(t)
{
	const { page } = t;

	await page.evaluate(() => {
		for (let size = 1 << 22; size >= 1; size >>= 1)
			try {
				for (let i = 0; ; i++)
					localStorage.setItem(`x${size}-${i}`, "x".repeat(size));
			} catch {
				/* so much does not fit any more */
			}
	});
	await unkept(t);
	await goHere(page);
	await until(page.getByText("No photos yet"));
}

const FORBID = () => Object.defineProperty(window, "localStorage", {
	get() { throw new DOMException("No", "SecurityError"); } });

async function forbidden(t)
{
	await t.page.addInitScript(FORBID);
	await t.page.reload();
	await unkept(t);
	await goHere(t.page);
	await until(t.page.getByText("This browser lets the page keep nothing"));
	assert.ok(await t.page.locator("#none").isHidden());
}

async function emptied({ page })
{
	await store(page, many(3));
	await page.evaluate(() => localStorage.setItem("another's", "1"));
	await goHere(page);
	await page.locator("summary").last().click();
	await page.getByRole("button", { name: "Empty the list…" }).click();
	await until(page.getByText(/^Take all 3\sphotos from the list\?/));
	await page.getByRole("button", { name: "Keep it" }).click();
	assert.equal(await page.locator("#sure").isHidden(), true);
	await listed(page, 3);
	await page.getByRole("button", { name: "Empty the list…" }).click();
	await page.getByRole("button", { name: "Empty the list", exact: true }).click();
	await until(page.getByText("No photos yet"));
	assert.equal(await page.evaluate(() => document.activeElement.id), "title");
	assert.equal(await page.evaluate(() => localStorage.length), 1);
	await until(page.getByRole("link", { name: "Send photos" }));
}

/* ---- as it looks --------------------------------------------------------------------------- */

const LONG = "a-walk-along-the-coast-in-the-last-light-of-a-long-summer-day.jpg";
const DAYS_AGO = { "IMG_4711.jpg": 0, [LONG]: 0, "IMG_4712.jpg": 1,
	"panorama.jpg": 40, "lost.jpg": 40 };

async function filled(t, look, few)
{
	const { page, expected } = t;
	const entries = await send(t, ...Object.keys(DAYS_AGO));

	expected.push(MISSING);
	await page.evaluate(list => list.forEach(({ key, ago, ...entry }) =>
		localStorage.setItem(key, JSON.stringify({ ...entry,
		    at: entry.at - 864e5 * ago }))),
	    Object.values(entries).map(entry =>
		({ ...entry, ago: DAYS_AGO[entry.name] })));
	await removeElsewhere(page, entries["lost.jpg"]);
	await goHere(page);
	await until(page.locator("#days .refusal:visible"));
	await page.locator("summary").last().click();
	await tile(page, "IMG_4712.jpg").locator("h3 button").click();
	await until(page.locator("#days .photo .tools button").first());
	await box(page, LONG).check();
	await inspect(page, "mine-opened", look);
	await page.locator("#empty").click();
	await page.locator("#delete").click();
	await page.locator(".undo button").hover();
	await inspect(page, "mine-deleted", few);
	await page.locator(".undo button").click();
}

async function without({ page, context }, look, few)
{
	await goHere(page);
	await inspect(page, "mine-empty", look);
	await store(page, many(120));
	await page.reload();
	await listed(page, 48);
	await inspect(page, "mine-many", few);
	await context.addInitScript(FORBID);
	await page.reload();
	await inspect(page, "mine-forbidden", few);
}

await main(async suite => {
	const run = suite.run.bind(suite);

	await run("what was sent is listed, the newest first", kept);
	await run("a photo is opened, and asked for only then", opened);
	await run("hundreds are shown by and by, and selected at once", hundreds);
	await run("several are deleted, with an undo", deleted);
	await run("what could not be deleted is still there", notDeleted);
	await run("with keys alone", keysAlone);
	await run("what is there no more is said, and taken from the list", lost);
	await run("another tab's changes are seen", tabs);
	await run("odd items are left out, and others' are not touched", odd);
	await run("whatever name a photo has is text", hostile);
	await run("full storage is said where it matters", full);
	await run("forbidden storage is said, and nothing breaks", forbidden);
	await run("the list is emptied, and the photos stay", emptied);
	await run("on a phone it is at hand", phone, { hasTouch: true, isMobile: true,
		viewport: { width: 320, height: 640 } });
	const [english, korean] = LOCALES;
	const few = { widths: [320], schemes: ["light", "dark"] };
	const least = { widths: [320], schemes: ["light"] };
	for (const [locale, ...looks] of [[english, {}, few],
		[korean, { ...least, widths: [320, 1280] }, least]]) {
		const options = { ...AT_REST, locale };
		await run(`what it looks like, ${locale}`,
		    t => filled(t, ...looks), options);
		await run(`what it looks like without photos, ${locale}`,
		    t => without(t, ...looks), options);
	}
});
