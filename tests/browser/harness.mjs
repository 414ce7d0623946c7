/*
 * What every case stands on: one Chromium, a fresh context for each case, a
 * watch on everything that the console or the content policy complains about,
 * and photos that no service has seen before.
 *
 * main(cases)         runs a suite: cases get it, and call its run() for each
 * shot(page, name)    a screenshot, named page-state-width-scheme[-ko]
 * axe(page, what)     fails for whatever axe-core finds in the page as it is
 * pool                the master and its workers in the hands of a case: kill()
 *                     and start() (ready again), stop() (stands still, and what
 *                     is sent waits) and cont(). All is well again after a case
 * thumbctl(...args)   the operator's tool on this service; what it wrote
 *
 * FT_URL       address of the page of a running service
 * FT_SHOTS     directory for screenshots; none are made without it
 * FT_CHROMIUM  the browser, default /usr/bin/chromium
 * FT_CONTROL, FT_SETTINGS, FT_THUMBCTL  by tests/e2e/service.py
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic",
	"--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];
const CASE_MS = 60e3;
const AXE = await readFile(createRequire(import.meta.url)
    .resolve("axe-core/axe.min.js"), "utf8");
/* All of its rules but those it calls experimental, and those of AAA. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
	"best-practice"];

export const base = new URL(process.env.FT_URL ?? "").href.replace(/\/*$/, "/");
const shots = process.env.FT_SHOTS;

/* ---- the service ------------------------------------------------------------ */

/* A word to whoever runs the service; fulfilled when it has been done. */
const ask = word => new Promise((resolve, reject) => {
	const socket = connect(process.env.FT_CONTROL);
	let said = "";

	socket.setEncoding("utf8");
	socket.on("error", reject);
	socket.on("data", text => said += text);
	socket.on("end", () => said === "ok\n" ? resolve()
	    : reject(new Error(`${word}: ${said}`)));
	socket.write(`${word}\n`);
});

/* What would make up for what has been done. */
const remedies = new Set();

const harm = (word, remedy) => async () => {
	await ask(word);
	remedies.add(remedy);
};
const good = word => async () => {
	await ask(word);
	remedies.clear();
};

export const pool = { kill: harm("kill", "start"), start: good("start"),
	stop: harm("stop", "cont"), cont: good("cont") };

/* A case may have failed before it could. */
async function mend()
{
	for (const word of [...remedies])
		await pool[word]();
}

export async function thumbctl(...args)
{
	const { stdout } = await promisify(execFile)(process.env.FT_THUMBCTL,
	    ["-c", process.env.FT_SETTINGS, ...args]);

	return stdout;
}

/* ---- photos ------------------------------------------------------------------ */

/*
 * Drawn by the browser: hills under a sky, with grain where bytes are wanted. In
 * base64: as an array each byte would come as a message's word of its own.
 */
function draw({ width, height, seed, grain })
{
	const canvas = new OffscreenCanvas(width, height);
	const pen = canvas.getContext("2d");
	const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
	const hue = 360 * random();
	const fill = (paint, path) => {
		pen.fillStyle = paint;
		pen.fill(path);
	};
	const sky = pen.createLinearGradient(0, 0, 0, height);

	sky.addColorStop(0, `hsl(${hue} 45% 62%)`);
	sky.addColorStop(1, `hsl(${hue + 40} 70% 86%)`);
	pen.fillStyle = sky;
	pen.fillRect(0, 0, width, height);
	const sun = new Path2D();
	sun.arc(width * (.2 + .6 * random()), height * .3, height * .08, 0, 7);
	fill(`hsl(${hue + 50} 95% 92%)`, sun);
	for (let layer = 0; layer < 4; layer++) {
		const hill = new Path2D();
		const top = height * (.45 + .13 * layer);
		const wave = 2 + 3 * random();
		const shift = 7 * random();
		hill.moveTo(0, height);
		for (let x = 0; x <= width; x += 4)
			hill.lineTo(x, top + height * .07
			    * Math.sin(x / width * wave * 3 + shift));
		hill.lineTo(width, height);
		fill(`hsl(${hue + 15 * layer} 30% ${58 - 12 * layer}%)`, hill);
	}
	for (let i = 0; i < grain; i++) {
		pen.fillStyle = `hsl(${360 * random()} 80% 50%)`;
		pen.fillRect(width * random(), height * random(), 2, 2);
	}
	return canvas.convertToBlob({ type: "image/jpeg", quality: .92 })
	    .then(blob => new Promise((resolve, reject) => {
		const reader = new FileReader();

		reader.onload = () => resolve(reader.result.split(",")[1]);
		reader.onerror = () => reject(reader.error);
		reader.readAsDataURL(blob);
	    }));
}

/* ---- cases ------------------------------------------------------------------- */

/* In each document before its own scripts: what it must not do is said aloud. */
function speak()
{
	const say = console.error.bind(console);

	addEventListener("securitypolicyviolation", event => say(
	    `Content Security Policy: ${event.effectiveDirective} of ${
	        event.documentURI} stopped ${event.blockedURI || "its own"} ${
	        event.sample}`), true);
}

/*
 * Hear all that goes wrong in a context: a function that says what did. That no
 * manifest is there is an answer as good as another to a page that asks by HEAD
 * whether it has to send a photo; nothing else may be missing.
 */
async function listen(context)
{
	const heard = [];
	const asked = [];

	await context.addInitScript(speak);
	context.on("weberror", error => heard.push(String(error.error())));
	context.on("console", message => {
		if (/error|warning/.test(message.type())
		    || /Content.Security.Policy/i.test(message.text()))
			heard.push(`${message.text()} ${message.location().url}`);
	});
	context.on("response", response => {
		if (response.status() === 404 && response.request().method() === "HEAD"
		    && /\/t\/[a-z2-7]{26}\/meta\.json$/.test(response.url()))
			asked.push(response.url());
	});
	return () => {
		const left = [...asked];

		return heard.filter(text => {
			const at = left.findIndex(url => text.endsWith(` ${url}`)
			    && /status of 404/.test(text));

			return at === -1 || !left.splice(at, 1);
		});
	};
}

class Suite {
	constructor(browser, files)
	{
		this.browser = browser;
		this.files = files;
		this.seed = Date.now() % 2147483646 + 1;
		this.passed = this.failed = this.skipped = 0;
	}

	/* A photo that is new to the service, as Playwright takes files. */
	async photo(name, { width = 640, height = 480, grain = 0 } = {})
	{
		this.seed += 7919;
		const base64 = await this.easel.evaluate(draw,
		    { width, height, grain, seed: this.seed });
		return { name, mimeType: "image/jpeg",
			buffer: Buffer.from(base64, "base64") };
	}

	/* The same as a file on disk, where a real drag needs one. */
	async photoFile(name, options)
	{
		const path = join(this.files, name);

		await writeFile(path, (await this.photo(name, options)).buffer);
		return path;
	}

	/*
	 * One case in a context of its own, opened at base or at what options.at
	 * says, null for nowhere yet; the rest of the options are the context's.
	 * The case may add patterns to t.expected for complaints that it provokes;
	 * any other complaint fails it.
	 */
	async attempt(body, { at = "", ...options } = {})
	{
		const context = await this.browser.newContext(options);
		const expected = [];
		let timer;

		context.setDefaultTimeout(20e3);
		try {
			const complaints = await listen(context);
			const page = await context.newPage();
			const late = new Promise((_, reject) => {
				timer = setTimeout(() => reject(new Error("took too long")),
				    CASE_MS);
			});
			if (at !== null)
				await page.goto(new URL(at, base).href);
			const result = await Promise.race([late,
				body({ suite: this, context, page, expected,
					photo: this.photo.bind(this) })]);
			/* One way there and back, so that what it said last has come. */
			await page.evaluate(() => 0).catch(() => 0);
			const left = complaints().filter(
			    text => !expected.some(pattern => pattern.test(text)));
			if (left.length)
				throw new Error(`the browser complained: ${left.join(" | ")}`);
			return result;
		} finally {
			clearTimeout(timer);
			await context.close();
			await mend();
		}
	}

	/* The same, counted and told. A case that says "skip" proved nothing. */
	async run(sentence, body, options)
	{
		const start = performance.now();
		const say = (word, more = "") => console.log(`${word} ${sentence} (${
		    ((performance.now() - start) / 1e3).toFixed(1)} s)${more}`);

		try {
			if (await this.attempt(body, options) === "skip") {
				this.skipped++;
				say("skip ");
			} else {
				this.passed++;
				say("ok   ");
			}
		} catch (error) {
			this.failed++;
			say("FAIL ", `\n      ${error.stack}`);
		}
	}
}

/* ---- looking at it ------------------------------------------------------------ */

export async function shot(page, name)
{
	if (!shots)
		return;
	const size = page.viewportSize();
	const { touch, height } = await page.evaluate(() => ({
		touch: navigator.maxTouchPoints > 0,
		height: document.documentElement.scrollHeight }));

	await mkdir(shots, { recursive: true });
	/* Of more than is seen at once Chromium takes a picture without fingers, and
	   forgets them: media queries would be those of a mouse from then on. */
	if (touch)
		await page.setViewportSize({ ...size, height });
	await page.screenshot({ path: join(shots, `${name}.png`), fullPage: !touch,
		animations: "disabled" });
	if (touch)
		await page.setViewportSize(size);
}

/* In the page: what axe-core finds, as { rule, help, nodes }. */
async function findings(tags)
{
	const scripts = matchMedia("(scripting: enabled)").matches;

	/* Where scripts are off no timer fires, but what has been promised comes. */
	if (!scripts)
		window.setTimeout = (call, ms) => ms ? 0 : Promise.resolve().then(call);
	const { violations } = await window.axe.run(document, { runOnly: tags,
		resultTypes: ["violations"], preload: scripts });
	return violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes
	    .map(node => `        ${node.target.join(" ")}  ${node.html}\n${
	        node.failureSummary.replace(/^/gm, "            ")}`)
	    .join("\n")}`);
}

/* Accessible, as far as a program can tell; what names the page and its state. */
export async function axe(page, what)
{
	/* Not through the page's policy, which would stop it. */
	if (!await page.evaluate(() => "axe" in window))
		await page.evaluate(AXE);
	const found = await page.evaluate(findings, RULES);
	assert.equal(found.length, 0,
	    `axe-core, ${what}:\n      ${found.join("\n      ")}`);
}

/* Run the suite; the process ends with failure when a case failed. */
export async function main(cases)
{
	const files = await mkdtemp(join(tmpdir(), "ft-browser-"));
	const browser = await chromium.launch({ args: ARGS,
		executablePath: process.env.FT_CHROMIUM ?? "/usr/bin/chromium" });

	try {
		const suite = new Suite(browser, files);
		suite.easel = await browser.newPage();
		await cases(suite);
		console.log(`${suite.passed} passed, ${suite.failed} failed, ${
		    suite.skipped} skipped`);
		process.exitCode = suite.failed || !suite.passed ? 1 : 0;
	} finally {
		await browser.close();
		await rm(files, { recursive: true, force: true });
	}
}
