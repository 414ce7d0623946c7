/*
 * The status page: of a real prober's file, and of all that such a file can
 * say, or should not. Run with `node status.mjs`, FT_URL set.
 */
import assert from "node:assert/strict";
import { appendFile, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { base, main, pool, shot, thumbctl } from "./harness.mjs";
import { AT_REST, LOCALES, MARKUP, harmless, inspect, overflow, until, wait }
	from "./parts.mjs";

const MINUTE = 60e3;
const DAY = 1440 * MINUTE;
const iso = time => new Date(time).toISOString();

/* ---- a file as the prober could have written it -------------------------------- */

/* The service's day: its midnight, and when it is now. */
const MIDNIGHT = Date.parse("2026-11-28T00:00:00Z");
const NOW = Date.parse("2026-11-28T14:20:10Z");
const CAUSE = "Photos could not be uploaded";

/* Minutes of the day, marked from and until which one. */
function minutes(length, ...marks)
{
	const all = Array(length).fill("o");

	for (const [mark, from, end] of marks)
		all.fill(mark, from, end);
	return all.join("");
}

const outage = (from, end, more) => ({ from: iso(MIDNIGHT + from * MINUTE),
	until: end === null ? null : iso(MIDNIGHT + end * MINUTE),
	minutes: (end ?? 860) - from, planned: false, cause: CAUSE, ...more });
const hours = (from, end, when, reason = "") => ({ when, reason,
	from: iso(MIDNIGHT + from * MINUTE), until: iso(MIDNIGHT + end * MINUTE) });

/* Online all day long, unless more says otherwise. */
function report({ today = {}, ...more } = {})
{
	const days = Array.from({ length: 30 }, (_, i) => ({ planned: 0,
		date: iso(MIDNIGHT - (29 - i) * DAY).slice(0, 10),
		offline: i < 3 ? null : 0 }));

	return { updated: iso(NOW - 10e3), online: true, since: iso(MIDNIGHT),
		objective: .9583, availability: .99987, from: iso(MIDNIGHT - 26 * DAY),
		today: { date: "2026-11-28", budget: 60, used: 0, planned: 0, left: 60,
		    from: iso(MIDNIGHT), until: iso(MIDNIGHT + DAY), zone: "+0000",
		    minutes: minutes(860), ...today },
		days, planned: [], outages: [],
		requests: { total: 12034, errors: 14, error_ratio: .001163,
		    upload_p95_ms: 407 },
		versions: ["0.1.0"], serving: [{ slot: "none", version: "0.1.0",
		    share: 100 }], releasing: false, ...more };
}

/* What is said of a day that had a bit of everything. */
const EVENTFUL = report({
	since: iso(MIDNIGHT + 750 * MINUTE), availability: .993371,
	today: { used: 42, planned: 30, left: 18, minutes: minutes(860,
	    ["-", 0, 30], ["x", 552, 563], ["x", 700, 701], ["p", 720, 750]) },
	days: report().days.map((day, i) => ({ ...day,
	    ...i === 17 && { offline: 83 }, ...i === 24 && { offline: 44,
	        planned: 30 }, ...i === 29 && { offline: 42, planned: 30 } })),
	planned: [hours(-6600, -6570, "past", "A new kernel"),
	    hours(720, 750, "past", "A new disk comes in"),
	    hours(1320, 1380, "coming", "The network is rewired")],
	outages: [outage(720, 750, { planned: true, cause: "Planned" }),
	    outage(700, 701, { cause: "Many requests failed" }), outage(552, 563),
	    outage(-16780, -16697, { cause: "Nothing is known of this time, so it "
	        + "counts as offline" })],
	serving: [{ slot: "blue", version: "0.1.0", share: 95 },
	    { slot: "green", version: "0.2.0", share: 5 }], releasing: true });

const OFFLINE = report({ online: false, since: iso(MIDNIGHT + 849 * MINUTE),
	today: { used: 11, left: 49, minutes: minutes(860, ["x", 849, 860]) },
	outages: [outage(849, null)] });
const OVER = report({ today: { used: 72, left: 0, minutes: minutes(860,
	["x", 700, 772]) }, outages: [outage(700, 772)],
	days: report().days.map((day, i) => i === 29 ? { ...day, offline: 72 } : day) });
const PLANNED = report({ online: false, since: iso(MIDNIGHT + 840 * MINUTE),
	today: { used: 20, planned: 20, left: 40, minutes: minutes(860,
	    ["p", 840, 860]) },
	outages: [outage(840, null, { planned: true, cause: "Planned" })],
	planned: [hours(840, 900, "now", MARKUP)] });

/* ---- the page ------------------------------------------------------------------- */

/* From now on that is what is answered: a file, or what fulfil takes. */
async function serve(page, what)
{
	await page.unroute("**/status.json");
	await page.route("**/status.json", route => what === null ? route.abort()
	    : route.fulfill(what.updated || Array.isArray(what) ? { json: what }
	        : what));
}

/* Open it as if it were NOW; its minutes pass by page.clock. */
async function open(page, what)
{
	await page.clock.install({ time: NOW });
	await serve(page, what);
	await page.goto(new URL("status", base).href);
	await settled(page);
	await page.evaluate(() => {
		const set = window.setTimeout;
		window.asked = 0;
		window.setTimeout = (...args) => {
			window.asked++;
			return set(...args);
		};
	});
}

const settled = page => page.waitForFunction(() =>
	!/^(One moment|잠시만)/.test(document.getElementById("state").textContent));
const state = page => page.locator("#state").textContent();
/* Whatever spaces there are between words. */
const plain = said => said.replace(/\s+/g, " ").trim();
const text = async (page, selector) =>
	plain(await page.locator(selector).innerText());

/* The next asking, until the page waits for the one after that. */
async function minuteLater(page, what)
{
	const before = await page.evaluate(() => window.asked);

	if (what !== undefined)
		await serve(page, what);
	await page.clock.runFor(MINUTE);
	await page.waitForFunction(n => window.asked > n, before);
}

const is = (page, wanted) => wait(`it is ${wanted}`, async () =>
	await state(page) === wanted);

/* ---- states ---------------------------------------------------------------------- */

/* [name, file, state, [where, what it says]] */
const STATES = [
	["online", report(), "Online", ["#about", /^Since 00:00, for 14 hr 20 min$/],
		["#today-sum", /^Online all the time so far: 14 hr 20 min\.$/],
		["#left", /^60 minutes of the 60 minutes that a day may be/],
		["#availability", /^99\.99% of the last 27 days; the aim is 95\.83%$/],
		["#requests", /^0\.12% 14 of 12,034 today$/],
		["#uploads", /^407 ms or less for 95 of 100 uploads/],
		["#days-sum", /^27 of 27 days with at most 60 minutes offline\.$/],
		["#no-outages", /^None\.$/], ["#no-planned", /^None has/],
		["#versions", /^Version 0\.1\.0 100%$/], ["#as-of", /^As of 14:20\.$/]],
	["eventful", EVENTFUL, "Online",
		["#today-sum", /^Online for 13 hr 8 min, offline for 42 minutes\. Of these 30 minutes were planned\.$/],
		["#left", /^18 minutes of the 60/],
		["#days-sum", /^26 of 27 days/],
		["#outages", /^12:00 – 12:30 30 minutes Planned break 11:40 – 11:41 1 minute Many requests failed 09:12 – 09:23 11 minutes Photos could not be uploaded November 16 at 08:20 – 09:43 1 hr 23 min Nothing is known/],
		["#planned", /^22:00 – 23:00 to come The network is rewired 12:00 – 12:30 over A new disk comes in November 23 at 10:00 – 10:30 over A new kernel$/],
		["#versions-of", /A release is under way\. Version 0\.1\.0 ?blue 95% Version 0\.2\.0 ?green 5%$/]],
	["offline", OFFLINE, "Offline",
		["#about", /^Since 14:09, for 11 minutes Photos could not be uploaded$/],
		["#outages", /^since 14:09 11 minutes Photos could not/]],
	["over", OVER, "Online",
		["#left", /^Used up Offline for 72 minutes today: 12 minutes more than a day may be$/]],
	["planned", PLANNED, "Planned break", ["#about", /^Until 15:00 "'><img/],
		["#about", /No photos are taken meanwhile\./],
		["#planned", /^14:00 – 15:00 now "'><img/]],
	["stale", { ...EVENTFUL, updated: iso(NOW - 4 * MINUTE) }, "Not known",
		["#about", /^Nobody has looked since 14:16\. The last word was: Online\. The service itself may be well/]],
	["begun", report({ online: null, since: null, availability: null, from: null,
	    today: { minutes: "" } }), "Not known",
		["#about", /^It has been watched for less than a minute\.$/],
		["#today-sum", /^Nothing of this day has been counted yet\.$/]],
	["unwatched", { status: 404, body: "{}" }, "Not known",
		["#about", /^Nobody watches this service, so .* thumbctl probe/]],
	["unreadable", { status: 200, body: "<h1>Log in</h1>" }, "Not known",
		["#trouble", /^What came in answer is no status\. It is asked for again/]],
];

/* Of the one that has most in it every look, of those that differ one. */
const looks = { eventful: {}, ...Object.fromEntries(["offline", "over", "planned",
	"stale", "unwatched"].map((name, i) => [name, { widths: [320],
	    schemes: [i % 2 ? "light" : "dark"] }])) };

async function states({ page, expected })
{
	expected.push(/status of 404/);
	await page.clock.install({ time: NOW });
	for (const [name, what, wanted, ...said] of STATES) {
		await serve(page, what);
		await page.goto(new URL("status", base).href);
		await settled(page);
		assert.equal(await state(page), wanted, name);
		assert.equal(await page.title(), `${wanted} – Status`);
		for (const [where, words] of said)
			assert.match(await text(page, where), words, `${name} ${where}`);
		await harmless(page);
		if (looks[name])
			await inspect(page, `status-${name}`, looks[name]);
	}
}

/* ---- times ------------------------------------------------------------------------- */

/* Of a service elsewhere, the reader's hours, and where its day begins. */
async function elsewhere({ page })
{
	await open(page, EVENTFUL);
	assert.match(await text(page, "#today-sum"),
	    /The service’s day is that of UTC\+00:00: here it began at 09:00\.$/);
	assert.equal(await page.locator(".hour").first().textContent(), "09:00");
	assert.equal(await text(page, "#about"), "Since 21:30, for 1 hr 50 min");
	/* Its days stay its own. */
	assert.match(await text(page, "#today-name"), /Sat, November 28$/);
	assert.equal(await text(page, "#days-first"), "Fri, October 30");
}

/* [first minute, hours, the zone, hours in rows of six, and of the last one] */
const LONG = [Date.parse("2026-10-24T22:00:00Z"), 25, "+0200",
	"00:00 01:00 02:00 02:00 03:00 04:00", "17:00 18:00"];
const SHORT = [Date.parse("2026-03-28T23:00:00Z"), 23, "+0100",
	"00:00 01:00 03:00 04:00 05:00 06:00", "19:00 20:00"];

async function clocksChange({ page })
{
	for (const [from, length, zone, first, last] of [LONG, SHORT]) {
		const now = from + 20 * 60 * MINUTE;
		await serve(page, report({ updated: iso(now), since: iso(from),
			today: { zone, from: iso(from), minutes: minutes(1200),
			    until: iso(from + length * 60 * MINUTE) } }));
		await page.clock.setFixedTime(now);
		await page.goto(new URL("status", base).href);
		await settled(page);
		const rows = await page.locator(".row").evaluateAll(nodes =>
			nodes.map(node => ({ width: node.clientWidth, hours: [...node
			    .querySelectorAll(".hour")].map(hour => hour.textContent) })));
		assert.equal(rows.length, 4);
		assert.equal(rows[0].hours.join(" "), first);
		assert.ok(rows[3].hours.join(" ").startsWith(last), rows[3].hours);
		assert.equal(rows[3].hours.length, length - 18);
		/* An hour is as long in each of them. */
		assert.ok(Math.abs(rows[0].width / 6
		    - rows[3].width / (length - 18)) < 1);
		assert.match(await text(page, "#today-sum"), /^Online all the time/);
		assert.doesNotMatch(await text(page, "#today-sum"), /zone|UTC/);
		await shot(page, `status-${length}-hours-1280-light`);
	}
}

/* Nothing was written since yesterday: today it says of yesterday. */
async function yesterday({ page })
{
	await open(page, { ...EVENTFUL, updated: iso(NOW) });
	await minuteLater(page);
	await page.clock.setSystemTime(NOW + DAY);
	await minuteLater(page);
	await is(page, "Not known");
	assert.match(await text(page, "#today-name"),
	    /^The last day that was watched Sat, November 28$/);
	assert.equal(await page.locator("#left-of").isVisible(), false);
	assert.match(await text(page, "#about"), /since November 28 at 14:20/);
}

/* ---- the strip ------------------------------------------------------------------------ */

const FAILED = /^09:12 – 09:23: offline for 11 minutes – Photos could not be up/;

/* Its look is what the system's colours leave of it. */
async function forced(page)
{
	await page.emulateMedia({ forcedColors: "active" });
	const drawn = kind => page.locator(`.mark.${kind}`).first().evaluate(node => {
		const { backgroundColor, backgroundImage, borderBottomColor,
			borderBottomWidth } = getComputedStyle(node);
		return `${backgroundColor} ${backgroundImage} ${borderBottomColor} ${
		    borderBottomWidth}`;
	});
	const all = await Promise.all(["online", "offline", "planned", "coming"]
	    .map(drawn));
	assert.equal(new Set(all).size, 4, "each kind looks like no other one");
	await shot(page, "status-forced-1280");
}

async function pointed({ page })
{
	const told = () => text(page, "#minutes-told");

	await open(page, EVENTFUL);
	assert.match(await told(), /^12:30 – 14:20: online for 1 hr 50 min$/);
	await page.locator(".mark.offline").first().hover();
	assert.match(await told(), FAILED);
	await page.locator(".mark.announced").hover();
	assert.match(await told(),
	    /^22:00 – 23:00: planned break to come, 1 hour – The network is rew/);
	await page.locator(".day").nth(17).hover();
	assert.equal(await text(page, "#days-told"),
	    "Mon, November 16: offline for 83 minutes");
	/* It stays where it was when the next report has come. */
	await page.locator(".mark.offline").first().hover();
	await minuteLater(page, { ...EVENTFUL, updated: iso(NOW + MINUTE) });
	await wait("the news", async () => /14:21/.test(await text(page, "#as-of")));
	assert.match(await told(), FAILED);
	assert.equal(await page.locator(".mark.offline.chosen").count(), 1);
	await forced(page);
}

async function tapped({ page })
{
	await open(page, EVENTFUL);
	/* A minute is three pixels: beside it is near enough. */
	const mark = page.locator(".mark.offline").nth(1);
	await mark.scrollIntoViewIfNeeded();
	const { x, y, width, height } = await mark.boundingBox();
	await page.touchscreen.tap(x + width + 4, y + height / 2);
	assert.match(await text(page, "#minutes-told"),
	    /^11:40 – 11:41: offline for 1 minute – Many requests failed$/);
	assert.ok(await overflow(page) <= 0);
}

async function keys({ page })
{
	const strip = page.getByRole("slider", { name: "Times of the day" });
	const said = async () => plain(await strip.getAttribute("aria-valuetext"));

	await open(page, EVENTFUL);
	for (let i = 0; i < 5; i++) {
		await page.keyboard.press("Tab");
		if (await strip.evaluate(node => node === document.activeElement))
			break;
	}
	assert.equal(await strip.evaluate(node => getComputedStyle(node)
	    .outlineStyle), "solid");
	await page.keyboard.press("Home");
	assert.match(await said(), /^00:00 – 00:30: not counted$/);
	await page.keyboard.press("ArrowRight");
	await page.keyboard.press("ArrowRight");
	assert.match(await said(), FAILED);
	assert.match(await text(page, "#minutes-told"), FAILED);
	await shot(page, "status-focus-1280-light");
	/* A report that comes meanwhile leaves the place, and says nothing. */
	await strip.evaluate(node => {
		window.kept = node;
		window.spoken = 0;
		new MutationObserver(list => window.spoken += list.length).observe(node,
		    { attributeFilter: ["aria-valuetext"] });
	});
	await minuteLater(page, { ...OFFLINE, updated: iso(NOW + MINUTE),
		today: { ...EVENTFUL.today, minutes: `${EVENTFUL.today.minutes}x` } });
	await is(page, "Offline");
	assert.deepEqual(await page.evaluate(() => [window.spoken,
		document.activeElement === window.kept]), [0, true]);
	assert.match(await text(page, "#minutes-told"), /^09:12 – 09:23: offline/);
	await page.keyboard.press("End");
	assert.match(await said(), /00:00: still to come$/);
}

/* ---- news ------------------------------------------------------------------------------- */

/* Each change below the node, as whoever listens hears of it. */
const listen = (page, selector) => page.locator(selector).evaluate(node => {
	window.heard = [];
	new MutationObserver(() => window.heard.push(node.textContent.trim()))
	    .observe(node, { subtree: true, childList: true, characterData: true });
});
const heard = page => page.evaluate(() => window.heard.splice(0));

async function announced({ page })
{
	const later = (what, n) => minuteLater(page,
	    { ...what, updated: iso(NOW + n * MINUTE) });
	const seen = n => wait("it is seen", async () =>
		(await text(page, "#as-of")).includes(`14:${20 + n}.`));

	await open(page, report());
	assert.equal(await page.getByRole("status").textContent(), "Online");
	await listen(page, "#state");
	await later(report(), 1);
	await seen(1);
	assert.deepEqual(await heard(page), [], "the same is no news");
	await later(OFFLINE, 2);
	await is(page, "Offline");
	await seen(2);
	await later(OFFLINE, 3);
	await seen(3);
	await later(report(), 4);
	await is(page, "Online");
	assert.deepEqual(await heard(page), ["Offline", "Online"]);
	/* What did not change is not touched. */
	await later(EVENTFUL, 5);
	await seen(5);
	await listen(page, "#outages");
	await later(EVENTFUL, 6);
	await seen(6);
	assert.deepEqual(await heard(page), []);
}

/* Who does not look asks for nothing, and sees what is new at once. */
async function hidden({ page })
{
	let asked = 0;
	const turn = away => page.evaluate(now => {
		Object.defineProperty(document, "hidden",
		    { configurable: true, get: () => now });
		document.dispatchEvent(new Event("visibilitychange"));
	}, away);

	await open(page, report());
	page.on("request", () => asked++);
	await turn(true);
	await page.clock.runFor(10 * MINUTE);
	assert.equal(asked, 0);
	await serve(page, { ...OFFLINE, updated: iso(NOW + 10 * MINUTE) });
	await turn(false);
	await is(page, "Offline");
	assert.equal(asked, 1);
}

/* What was shown stays, and says of when it is, but not "online" for long. */
async function lost({ page, expected })
{
	expected.push(/ERR_FAILED|status of 404/);
	await open(page, EVENTFUL);
	await minuteLater(page, null);
	await until(page.locator("#trouble"));
	assert.equal(await text(page, "#trouble"), "No answer reaches this browser. "
	    + "Below is what was read at 14:20. It is asked for again each minute.");
	assert.equal(await state(page), "Online");
	await inspect(page, "status-lost", { widths: [320], schemes: ["light"] });
	for (let i = 0; i < 3; i++)
		await minuteLater(page);
	await is(page, "Not known");
	assert.match(await text(page, "#about"), /^This browser has heard nothing since 14:20\. The last word was: Online\.$/);
	assert.equal(await page.locator(".mark.offline").count(), 2);
	/* Back: at once, and not in a minute. */
	await serve(page, { ...EVENTFUL, updated: iso(NOW + 4 * MINUTE) });
	await page.evaluate(() => window.dispatchEvent(new Event("online")));
	await is(page, "Online");
	assert.equal(await page.locator("#trouble").isVisible(), false);
	/* Nobody watches any more. */
	await minuteLater(page, { status: 404, body: "" });
	await is(page, "Not known");
	assert.match(await text(page, "#trouble"), /^There is no status here any/);
	assert.match(await text(page, "#about"), /The last word was: Online\. .*thumbctl probe/);
}

/* A clock that is wrong is the reader's, not the service's. */
async function wrongClock({ page })
{
	await page.clock.setFixedTime(NOW + 90 * MINUTE);
	await serve(page, { body: JSON.stringify(report()), headers: {
		"Content-Type": "application/json", Date: new Date(NOW).toUTCString() } });
	await page.goto(new URL("status", base).href);
	await is(page, "Online");
	assert.equal(await text(page, "#about"), "Since 00:00, for 14 hr 20 min");
}

/* ---- odd files ---------------------------------------------------------------------------- */

const ODD = [null, -1, 1e300, MARKUP, "2026-11-28T00:00:00Z", "__proto__", true,
	[[]], [null], {}, { toString: 1 }];

/*
 * Each member in turn as some of these, the next ones for the next member; the
 * lists' own in their first one.
 */
function oddReports()
{
	const found = [...ODD];
	const some = () => [0, 4, 8].map(i => ODD[(found.length + i) % ODD.length]);
	const spoil = (value, rebuild) => Object.keys(value).forEach(key => {
		found.push(...some().map(odd => rebuild({ ...value, [key]: odd })));
		const inner = Array.isArray(value[key]) ? value[key][0] : value[key];
		if (inner && typeof inner === "object")
			spoil(inner, one => rebuild({ ...value,
				[key]: Array.isArray(value[key]) ? [one] : one }));
	});

	spoil({ ...EVENTFUL, days: EVENTFUL.days.slice(-2) }, one => one);
	for (const strip of [MARKUP, "x".repeat(1e5), "\0\ud800o", ""])
		found.push({ ...EVENTFUL, today: { ...EVENTFUL.today, minutes: strip } });
	return found;
}

async function odd({ page })
{
	const reports = oddReports();

	assert.ok(reports.length > 100, reports.length);
	page.on("dialog", () => assert.fail("a dialog"));
	await page.clock.setFixedTime(NOW);
	await serve(page, EVENTFUL);
	await page.goto(new URL("status", base).href);
	await is(page, "Online");
	const wrong = await page.evaluate(async all => {
		const found = [];
		let next = 0;
		window.addEventListener("unhandledrejection", ({ reason }) =>
			found.push(`${reason.stack}: ${JSON.stringify(all[next])}`));
		window.fetch = async () => Response.json(all[next]);
		for (; next < all.length; next++) {
			window.dispatchEvent(new Event("online"));
			await new Promise(resolve => {
				const channel = new MessageChannel();
				let turns = 0;
				channel.port1.onmessage = () => ++turns === 5 ? resolve()
				    : channel.port2.postMessage(0);
				channel.port2.postMessage(0);
			});
			const shown = document.querySelector("main").textContent;
			const bad = /undefined|NaN|null|\[object|Infinity|Invalid/.exec(shown);
			if (bad)
				found.push(`${shown.slice(bad.index - 40, bad.index + 40)}: ${
				    JSON.stringify(all[next])}`);
		}
		return found;
	}, reports);
	assert.deepEqual(wrong, []);
	await harmless(page);
	assert.equal(await text(page, "#about"), "Since 12:30, for 1 hr 50 min",
	    "the last one was taken");
}

/* Somebody's words are text, in whatever direction they are written. */
async function hostile({ page })
{
	await open(page, { ...PLANNED,
		planned: [hours(840, 900, "now", `\u202e${MARKUP}`)],
		outages: [outage(100, 120, { cause: MARKUP }), outage(50, 60,
		    { cause: "constructor" })],
		serving: [{ slot: MARKUP, version: MARKUP, share: 100 }] });
	await harmless(page);
	assert.equal(await page.locator("#about bdi").textContent(),
	    `\u202e${MARKUP}`);
	assert.equal(await page.locator("#outages [lang=en]").first().textContent(),
	    MARKUP);
	await page.setViewportSize({ width: 320, height: 640 });
	assert.ok(await overflow(page) <= 0);
}

/* ---- Korean --------------------------------------------------------------------------------- */

/* Whatever the service can say of an outage has words in both languages. */
async function causes(page)
{
	const source = await readFile(
	    new URL("../../fcgi-thumb/slo_outage.c", import.meta.url), "utf8");
	const said = [.../^slo_outage_public.*?^\}/ms.exec(source)[0]
	    .matchAll(/"([^"]+)"/g)].map(found => found[1]);

	assert.ok(said.length > 5, "the sentences were found");
	for (const language of ["en", "ko"]) {
		const known = await page.evaluate(async url => Object.keys(
		    (await import(url)).status.causes),
		    new URL(`status-${language}.js`, base).href);
		assert.deepEqual(said.filter(text => !known.includes(text)), []);
		assert.deepEqual(known.filter(text => !said.includes(text)), []);
	}
}

async function korean({ page })
{
	await open(page, EVENTFUL);
	assert.equal(await state(page), "정상 운영 중");
	assert.match(await text(page, "#outages"), /사진을 올릴 수 없었습니다/);
	assert.match(await text(page, "#today-name"), /^오늘 11월 28일 \(토\)$/);
	assert.equal(await page.locator("main [lang=en]").count(), 0);
	await inspect(page, "status-eventful", { widths: [320, 1280],
		schemes: ["light"] });
	await minuteLater(page, { ...OFFLINE, updated: iso(NOW + MINUTE), outages:
	    [outage(849, null, { cause: "The moon was in the way" })] });
	await is(page, "중단됨");
	assert.equal(await page.locator("#about [lang=en]").textContent(),
	    "The moon was in the way");
	await causes(page);
}

/* ---- a real prober ------------------------------------------------------------------------------ */

const ledger = join(dirname(process.env.FT_SETTINGS ?? ""), "ledger");

/*
 * A minute is judged when it is over: what the prober has written last is
 * brought into the one before this, and all else before that.
 */
async function passMinute()
{
	const now = Math.floor(Date.now() / MINUTE) * MINUTE;
	const names = (await readdir(ledger)).filter(name => /jsonl$/.test(name));
	const lines = (await Promise.all(names.map(name => readFile(
	    join(ledger, name), "utf8")))).join("").trim().split("\n").map(JSON.parse);

	lines.forEach((one, i) => one.time
	    = iso(now - (lines.length - i) * MINUTE + 30e3));
	for (const name of names)
		await writeFile(join(ledger, name), "");
	for (const one of lines)
		await appendFile(join(ledger, `${one.time.slice(0, 10)}.jsonl`),
		    `${JSON.stringify(one)}\n`);
	await thumbctl("slo", "--publish");
}

/* A probe, and what the page says of it when its minute is over. */
async function probed(page, isWell, wanted)
{
	await thumbctl("probe").then(() => assert.ok(isWell),
	    ({ code, message }) => assert.equal(isWell ? message : code, 1));
	/* Unless a minute ended in the middle of it, once. */
	await wait(`it is ${wanted}`, async () => {
		await passMinute();
		await page.reload();
		await settled(page);
		return await state(page) === wanted;
	});
}

async function real({ page, expected })
{
	expected.push(/status of 404/);
	await appendFile(process.env.FT_SETTINGS,
	    `probe_url = "${new URL(base).origin}";\n`);
	await page.goto(new URL("status", base).href);
	await is(page, "Not known");
	assert.match(await text(page, "#about"), /thumbctl probe/);
	await probed(page, true, "Online");
	assert.match(await text(page, "#versions"), /^Version \d+\.\d+\.\d+/);
	await pool.kill();
	await probed(page, false, "Offline");
	assert.match(await text(page, "#about"), /Photos could not be uploaded$/);
	await shot(page, "status-real-1280-light");
	await pool.start();
	await thumbctl("offline", "--for", "1h", "--reason", "A new disk comes in");
	await thumbctl("slo", "--publish");
	await page.reload();
	await is(page, "Planned break");
	assert.match(await text(page, "#about"), /A new disk comes in/);
	await thumbctl("online");
}

await main(async suite => {
	const run = suite.run.bind(suite);
	const there = { ...AT_REST, at: null, timezoneId: "UTC" };

	await run("what a real prober has seen", real, { at: null });
	await run("each state is said in words", states, there);
	await run("it is said in the reader's time", elsewhere, { ...there,
		timezoneId: "Asia/Seoul" });
	await run("days on which clocks change", clocksChange, { ...there,
		timezoneId: "Europe/Berlin" });
	await run("an old day is not today", yesterday, there);
	await run("what is pointed at is told of, forced colours tell marks apart",
	    pointed, there);
	await run("and what is tapped", tapped, { ...there, hasTouch: true,
		viewport: { width: 320, height: 640 } });
	await run("and what the keys go to, which stays when news come", keys, there);
	await run("a change of state is said, and nothing else", announced, there);
	await run("nobody looks, nothing is asked", hidden, there);
	await run("no answer: what is known stays, with its time", lost, there);
	await run("a reader's wrong clock", wrongClock, there);
	await run("whatever the file holds, the page stands", odd, there);
	await run("hostile words are text", hostile, there);
	await run("in Korean, with words for every cause", korean, { ...there, locale: LOCALES[1] });
});
