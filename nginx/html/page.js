/*
 * The upload page. Each photo that is chosen, dropped or pasted is one POST of
 * its own to the form's address, so that it has its own progress and its own
 * answer, and can be tried again alone. Without this script the form does the
 * same in one plain post, and the service answers with a page.
 *
 * What comes from a file or from the service enters the page as text, never as
 * markup. The page knows no limit itself: a refusal brings limit and value.
 */
"use strict";

(() => {

const IN_FLIGHT = 2;
/* Longer than the service waits by itself, so that its own words come first. */
const SEND_STALL_MS = 60e3;
const RENDER_STALL_MS = 200e3;
/* "rate-limited" asks for a pause, not for a person: so often, then it is said. */
const PAUSES = 5;

const root = document.documentElement;
root.classList.add("js");

const $ = id => document.getElementById(id);

/* ---- numbers in words -------------------------------------------------- */

const number = (n, digits = 0) =>
	Number(n).toLocaleString("en", { maximumFractionDigits: digits });

/* Powers of 1024, as the service's settings count ("32M"). */
function bytes(n, digits = 1)
{
	const units = ["bytes", "kB", "MB", "GB"];
	let unit = 0;

	while (n >= 1024 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${number(n, unit > 1 || digits > 1 ? digits : 0)}\u00a0${
	    units[unit]}`;
}

const plural = (n, unit) => n === 1 ? unit : `${unit}s`;
const counted = unit => n => `${number(n)}\u00a0${plural(n, unit)}`;
const pixels = n => `${number(n)}\u00a0px`;
const megapixels = (n, digits = 1) =>
	`${number(n / 1e6, digits)}\u00a0${plural(n / 1e6, "megapixel")}`;
const size = (w, h) => `${w}\u00a0×\u00a0${h}`;

/* ---- refusals in words -------------------------------------------------- */

/* ": 99.3 megapixels; the limit here is 64 megapixels" */
function against({ limit, actual }, unit)
{
	const same = digits => unit(actual, digits).replace(/s$/, "")
	    === unit(limit, digits).replace(/s$/, "");
	let digits = 1;

	if (!Number.isFinite(limit))
		return "";
	if (!(actual > limit))
		return `; the limit here is ${unit(limit)}`;
	/* One byte over 32 MB is not "32 MB; the limit is 32 MB". */
	while (digits < 6 && same(digits))
		digits++;
	return `: ${unit(actual, digits)}; the limit here is ${unit(limit)}`;
}

/* "until 14:00", with its day where that is not today. */
function untilTime(text)
{
	const end = new Date(text);
	const today = end.toDateString() === new Date().toDateString();

	if (Number.isNaN(end.getTime()))
		return "at the moment";
	return `until ${end.toLocaleString("en", { hour: "2-digit",
	    minute: "2-digit", hourCycle: "h23",
	    ...(!today && { day: "numeric", month: "long" }) })}`;
}

const again = "Please try again.";
const busy = `The service has more to do than it can take just now. ${again}`;
const damaged = `The upload did not arrive as it was sent. ${again}`;
const slow = `The service took too long to answer. ${again}`;

/* Each code of the service: [words, whether trying again can help]. */
const WORDS = {
	"bad-request": () => ["The service did not understand this upload.", true],
	"multipart-syntax": () => [damaged, true],
	"body-truncated": () => [`The upload broke off on its way. ${again}`, true],
	"no-file": () => ["No photo arrived.", true],
	"token-invalid": () => ["This page may not send photos here."],
	"token-expired": () => ["The permission to send photos has run out. "
	    + "Load this page again to get a new one."],
	"banned": () => ["This photo is not accepted here."],
	"not-found": () => ["There is no upload service at this address."],
	"method-not-allowed": () => ["This address takes no uploads."],
	"body-timeout": () =>
	    [`The upload came too slowly and was ended. ${again}`, true],
	"body-too-large": p => [`Too large${against(p, bytes)}.`],
	"photo-too-large": p => [`Too large${against(p, bytes)}.`],
	"too-many-files": p =>
	    [`Too many photos in one upload${against(p, counted("photo"))}.`],
	"unsupported-format": p => [p.detail || "This is not a photo that can be "
	    + `read here. Accepted are ${$("formats").textContent}.`],
	"corrupt-image": p =>
	    [`This photo is damaged and can’t be read. ${p.detail}`],
	"too-many-pixels": p => [`Too many pixels${against(p, megapixels)}.`],
	"side-too-long": p =>
	    [`The longer side is too long${against(p, pixels)}.`],
	"too-many-frames": p => ["This animation has too many frames"
	    + `${against(p, counted("frame"))}.`],
	"too-many-scans": p =>
	    [`This JPEG has too many scans${against(p, counted("scan"))}.`],
	"too-much-memory": () => ["Opening this photo takes too much memory."],
	"render-timeout": () => ["Making the thumbnails took too long.", true],
	"poison": () =>
	    ["Reading this photo has failed before. It isn’t tried again."],
	"rate-limited": () => [`Too many uploads in a short time. ${again}`, true],
	"overloaded": () => [busy, true],
	"offline": p => [p.until
	    ? `The service is off ${untilTime(p.until)}${
	        p.reason ? `: ${p.reason}` : "."}`
	    : "The service can’t store photos at the moment. "
	        + "Its operator has to act first.", true],
	"storage-full": () => [
	    "The service has no room left. Its operator has to act first.", true],
	"internal": () => [`Something failed inside the service. ${again}`, true],
	"worker-lost": () =>
	    [`The service broke off while it read this photo. ${again}`, true],
	"too-slow": () => [slow, true],
	/* The page's own: */
	"network": p => ["The connection was lost before all was through"
	    + `${p.large ? ", or it is larger than the service takes" : ""}. `
	    + again, true],
	"stalled": () => [`Nothing moved any more on the connection. ${again}`,
	    true],
	"folder": () => ["This is a folder. Please drop the photos in it."],
	"gone": () => ["The service knows no such photo (any more)."],
	"cancelled": () => ["Cancelled.", true],
	"strange": p => ["The answer was not one of this service"
	    + `${p.status ? ` (status ${p.status})` : ""}. ${again}`, true],
};

/* What stands before the service may answer in its own way, or not in JSON. */
const BY_STATUS = {
	404: "not-found", 405: "method-not-allowed",
	408: "body-timeout", 413: "body-too-large", 429: "rate-limited",
	500: "internal", 502: "worker-lost", 503: "overloaded", 504: "too-slow",
	507: "storage-full",
};

function words(problem)
{
	const known = Object.hasOwn(WORDS, problem.code);

	if (known)
		return WORDS[problem.code](problem);
	return [`Refused: ${problem.detail || problem.title || problem.code}`,
	    problem.status >= 500];
}

/* ---- what the service says ------------------------------------------------ */

const isText = value => typeof value === "string" && value !== "";
const areNumbers = (...values) => values.every(Number.isFinite);

/* These members, each of which is a text. */
const texts = (object, ...keys) => Object.fromEntries(keys.map(key =>
	[key, isText(object[key]) ? object[key] : ""]));

/* As the service describes a photo, and a thumbnail. */
const isPhoto = p => Array.isArray(p?.variants)
    && areNumbers(p.width, p.height, p.bytes);
const isVariant = v => isText(v?.preset) && isText(v.type) && isText(v.url)
    && areNumbers(v.width, v.height, v.bytes);

const photoOf = photo => ({ width: photo.width, height: photo.height,
	bytes: photo.bytes, variants: photo.variants.filter(isVariant),
	...texts(photo, "status", "id", "color", "placeholder", "html",
	    "delete_token") });

/* The first of them that is a refusal; else what the status says. */
function problemOf(status, ...candidates)
{
	const found = candidates.find(p => isText(p?.code))
	    ?? { code: BY_STATUS[status] ?? "strange" };
	const { limit, actual } = found;

	return { status, ...texts(found, "code", "title", "detail", "until",
		"reason"),
		...(areNumbers(limit) && { limit }),
		...(areNumbers(actual) && { actual }) };
}

/* { photo } or { problem } for whatever has come, down to an HTML error page. */
function answer(xhr, file)
{
	let reply = null;

	try {
		reply = JSON.parse(xhr.responseText);
	} catch {
		/* not JSON: the status says what can be said */
	}
	const photo = reply?.photos?.[0];
	if (xhr.status < 300 && isPhoto(photo))
		return { photo: photoOf(photo) };
	const problem = problemOf(xhr.status, photo?.error, reply);
	/* nginx refuses a body by its announced length; the file's is at hand. */
	if (/-too-large$/.test(problem.code) && !(problem.actual > problem.limit))
		problem.actual = file.size;
	return { problem };
}

/* ---- small parts of the page ---------------------------------------------- */

function make(tag, props = {}, ...children)
{
	const node = Object.assign(document.createElement(tag), props);

	node.append(...children);
	return node;
}

/* For screen readers; old news go, so that the log stays small. */
function announce(text)
{
	const news = $("news");

	news.append(make("p", { textContent: text }));
	while (news.childElementCount > 20)
		news.firstElementChild.remove();
}

/* Only web addresses become links, whatever a reply says. */
function webAddress(text)
{
	try {
		const url = new URL(text, location.href);
		return /^https?:$/.test(url.protocol) ? url.href : "";
	} catch {
		return "";
	}
}

/* Plain http has no navigator.clipboard: the older way needs a selection. */
async function copy(text)
{
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		const focused = document.activeElement;
		const area = make("textarea", { value: text, className: "unseen" });
		document.body.append(area);
		area.select();
		const done = document.execCommand("copy");
		area.remove();
		focused?.focus();
		return done;
	}
}

/* Copies text; what it is, in words, follows the label for screen readers. */
function copyButton(text, label, what)
{
	const word = document.createTextNode(label);
	const button = make("button", { type: "button", className: "copy" }, word,
	    make("span", { className: "unseen", textContent: ` ${what}` }));

	button.addEventListener("click", async () => {
		if (!await copy(text)) {
			const field = make("input", { readOnly: true, value: text,
				ariaLabel: what.replace(/^./, c => c.toUpperCase()) });
			const row = button.closest("div");
			row.append(make(row.matches("dl *") ? "dd" : "p",
			    { className: "whole" }, field));
			button.remove();
			field.select();
			field.focus();
			return;
		}
		word.data = "Copied";
		button.classList.add("done");
		announce(`Copied ${what}.`);
		setTimeout(() => {
			word.data = label;
			button.classList.remove("done");
		}, 2000);
	});
	return button;
}

function variantRow(variant, name)
{
	const address = webAddress(variant.url);
	const ext = String(variant.type).replace("image/", "").replace("jpeg", "jpg");
	const file = `${variant.preset}.${ext}`;

	return make("div", {},
	    make("dt", {}, make("a", { href: address,
	        textContent: file })),
	    make("dd", { textContent: `${size(variant.width, variant.height)} · ${
	        bytes(variant.bytes)}` }),
	    make("dd", { className: "tool" },
	        copyButton(address, "Copy", `the address of ${file}, ${name}`)));
}

/* Until the thumbnail is there: the photo's placeholder on its colour. */
function thumbnail(variant, photo, name)
{
	const shape = p => p.width / p.height;
	const whole = Math.abs(shape(variant) / shape(photo) - 1) < .05;
	const img = make("img", { alt: `Thumbnail of ${name}`,
		width: variant.width, height: variant.height });
	const link = make("a", { tabIndex: -1 }, img);

	if (/^#[0-9a-f]{6}$/.test(photo.color)
	    && /^data:image\/[a-z]+;base64,[A-Za-z0-9+/]+=*$/.test(photo.placeholder))
		link.style.background = `${photo.color} url("${photo.placeholder}")`
		    + ` center / ${whole ? "contain" : "cover"} no-repeat`;
	img.addEventListener("load", () => link.removeAttribute("style"));
	img.src = webAddress(variant.url);
	return link;
}

/* ---- one photo -------------------------------------------------------------- */

const photos = [];

class Photo {
	constructor(file, problem)
	{
		this.file = file;
		this.name = file.name || "Pasted photo";
		this.thumb = make("div", { className: "thumb" });
		this.title = make("h2", { tabIndex: -1 },
		    make("bdi", { textContent: this.name }));
		this.facts = make("p", { className: "facts" });
		this.refusal = make("p", { className: "refusal", hidden: true });
		this.bar = make("progress", { max: 1,
			ariaLabel: `Progress of ${this.name}` });
		this.word = document.createTextNode("");
		this.button = make("button", { type: "button" }, this.word,
		    make("span", { className: "unseen",
		        textContent: ` ${this.name}` }));
		this.button.addEventListener("click", () => this.act());
		this.tools = make("div", { className: "tools" }, this.button);
		this.sizes = make("dl");
		this.element = make("article", { className: "photo" }, this.thumb,
		    make("div", { className: "about" }, this.title, this.bar,
		        this.facts, this.refusal, this.tools));
		if (problem)
			this.refuse(problem);
		else
			this.wait();
	}

	/* The one place where a state is shown. */
	show(state, facts, button)
	{
		const moving = state === "waiting" || state === "moving";

		this.state = state;
		this.facts.textContent = facts;
		this.facts.hidden = facts === "";
		this.bar.hidden = !moving;
		this.refusal.hidden = state !== "refused";
		this.word.data = button;
		/* A button that goes must not take the keyboard's place with it. */
		if (!button && document.activeElement === this.button)
			this.title.focus();
		this.button.hidden = !button;
		summarize();
	}

	wait()
	{
		this.pauses = 0;
		this.bar.value = 0;
		this.clear();
		this.show("waiting", `Waiting · ${bytes(this.file.size)}`, "Cancel");
	}

	progress(loaded, total)
	{
		const share = total ? loaded / total : 0;

		if (share >= 1) {
			this.bar.removeAttribute("value");
			this.show("moving", "Rendering…", "Cancel");
		} else {
			this.bar.value = share;
			this.show("moving", `Sending · ${Math.floor(100 * share)} % of ${
			    bytes(this.file.size)}`, "Cancel");
		}
	}

	refuse(problem)
	{
		const [text, retry] = words(problem);

		this.refusal.textContent = text;
		this.retry = Boolean(retry);
		this.show("refused", "", retry ? "Try again" : "");
		announce(`${this.name}: ${text}`);
	}

	/* Nothing of an answer is shown, any more or yet. */
	clear()
	{
		this.thumb.replaceChildren();
		this.sizes.remove();
		this.sizes.replaceChildren();
		this.markup?.remove();
	}

	accept(photo)
	{
		const sorted = photo.variants.filter(v => webAddress(v.url))
		    .sort((a, b) => b.width * b.height - a.width * a.height);
		const facts = [size(photo.width, photo.height), bytes(photo.bytes)];

		if (sorted.length) {
			const link = thumbnail(sorted[sorted.length - 1], photo, this.name);
			link.href = webAddress(sorted[0].url);
			this.thumb.append(link);
		}
		this.sizes.append(...sorted.map(v => variantRow(v, this.name)));
		this.element.append(this.sizes);
		if (photo.html) {
			this.markup = copyButton(photo.html, "Copy HTML",
			    `the HTML of ${this.name}`);
			this.tools.prepend(this.markup);
		}
		if (photo.status === "exists")
			facts.push("was here already");
		this.photo = photo;
		this.showReady(facts.join(" · "));
		announce(`${this.name}: ready.`);
	}

	showReady(facts)
	{
		this.show("ready", facts, this.removal() ? "Remove" : "");
	}

	/* The address to delete at; "" without the token that allows it. */
	removal()
	{
		const { id, delete_token: token } = this.photo;

		return /^[a-z2-7]{26}$/.test(id) && token
		    ? new URL(`photos/${id}`, $("form").action).href : "";
	}

	async remove()
	{
		const facts = this.facts.textContent;
		let problem;

		this.show("removing", "Removing…", "");
		try {
			const answer = await fetch(this.removal(), { method: "DELETE",
				headers: { Accept: "application/json",
				    Authorization: `Bearer ${this.photo.delete_token}` } });
			if (answer.status === 404)
				problem = { code: "gone" };
			else if (!answer.ok)
				problem = problemOf(answer.status, await answer.json()
				    .catch(() => null), { code: "strange" });
		} catch {
			problem = { code: "network" };
		}
		if (problem) {
			this.showReady(facts);
			this.refusal.textContent = `Not removed. ${words(problem)[0]}`;
			this.refusal.hidden = false;
			announce(`${this.name}: ${this.refusal.textContent}`);
		} else {
			this.clear();
			this.show("removed", "Removed", "Send again");
			announce(`${this.name}: removed.`);
		}
	}

	act()
	{
		if (this.state === "ready") {
			this.remove();
		} else if (this.state === "refused" || this.state === "removed") {
			this.wait();
			pump();
		} else if (this.xhr) {
			this.xhr.abort();
		} else {
			this.refuse({ code: "cancelled" });
		}
	}

	send()
	{
		const xhr = new XMLHttpRequest();
		const body = new FormData();
		let stall;
		let stalled = false;
		const watch = ms => {
			clearTimeout(stall);
			stall = setTimeout(() => {
				stalled = true;
				xhr.abort();
			}, ms);
		};

		body.append("photo", this.file);
		this.xhr = xhr;
		xhr.open("POST", $("form").action);
		xhr.setRequestHeader("Accept", "application/json");
		xhr.upload.addEventListener("progress", event => {
			watch(SEND_STALL_MS);
			this.progress(event.loaded, event.total);
		});
		xhr.upload.addEventListener("load", () => {
			watch(RENDER_STALL_MS);
			this.progress(1, 1);
		});
		xhr.addEventListener("loadend", () => {
			clearTimeout(stall);
			this.xhr = null;
		});
		xhr.addEventListener("abort", () => this.refuse(
		    { code: stalled ? "stalled" : "cancelled" }));
		xhr.addEventListener("error", () => this.refuse(
		    { code: "network", large: this.file.size > 64 << 20 }));
		xhr.addEventListener("load", () => this.take(xhr));
		xhr.addEventListener("loadend", pump);
		watch(SEND_STALL_MS);
		this.progress(0, 1);
		xhr.send(body);
	}

	take(xhr)
	{
		const { photo, problem } = answer(xhr, this.file);
		const seconds = Number(xhr.getResponseHeader("Retry-After")) || 1;

		if (photo) {
			this.accept(photo);
		} else if (problem.code === "rate-limited" && this.pauses < PAUSES) {
			this.pauses++;
			this.bar.value = 0;
			this.show("waiting", "Waiting, as the service asks", "Cancel");
			pause(seconds);
		} else {
			this.refuse(problem);
		}
	}
}

/* ---- all photos --------------------------------------------------------------- */

let pausedUntil = 0;

function pause(seconds)
{
	pausedUntil = Date.now() + 1000 * seconds;
	setTimeout(pump, 1000 * seconds + 10);
}

/* Start what may start. Called whenever that may have changed. */
function pump()
{
	if (Date.now() < pausedUntil)
		return;
	let room = IN_FLIGHT - photos.filter(p => p.xhr).length;
	for (const photo of photos) {
		if (room <= 0)
			break;
		if (photo.state === "waiting") {
			photo.send();
			room--;
		}
	}
}

function summarize()
{
	const count = test => photos.filter(test).length;
	const refused = count(p => p.state === "refused");
	const retry = count(p => p.state === "refused" && p.retry);
	const removed = count(p => p.state === "removed");
	const ready = count(p => p.state === "ready" || p.state === "removing");
	const text = [];

	if (photos.length > removed)
		text.push(`${ready} of ${photos.length - removed} ready`);
	if (refused)
		text.push(`${refused} not taken`);
	if (removed)
		text.push(`${removed} removed`);
	$("summary").textContent = text.join(" · ");
	$("again").hidden = retry < 2;
}

/* The newest stand first, next to where they were dropped. */
function add(files, folders = [])
{
	const added = [...folders.map(f => new Photo(f, { code: "folder" })),
		...files.map(f => new Photo(f))];

	if (added.length === 0)
		return;
	photos.push(...added);
	$("list").prepend(...added.map(p => p.element));
	announce(`${added.length} ${plural(added.length, "photo")} added.`);
	summarize();
	pump();
}

function drop(transfer)
{
	const folders = [];
	const files = [];

	for (const item of transfer.items) {
		const file = item.kind === "file" ? item.getAsFile() : null;
		if (file)
			(item.webkitGetAsEntry?.()?.isDirectory ? folders : files)
			    .push(file);
	}
	add(files, folders);
}

function start()
{
	const input = $("photos");
	const carriesFiles = event => event.dataTransfer.types.includes("Files");

	$("form").addEventListener("submit", event => event.preventDefault());
	input.addEventListener("change", () => {
		add([...input.files]);
		/* so that the same file can be chosen again */
		input.value = "";
	});
	$("again").addEventListener("click", () => {
		for (const photo of photos)
			if (photo.state === "refused" && photo.retry)
				photo.wait();
		$("photos").focus();
		pump();
	});
	document.addEventListener("paste", event => add(
	    [...event.clipboardData.files]));
	document.addEventListener("dragover", event => {
		if (!carriesFiles(event))
			return;
		event.preventDefault();
		event.dataTransfer.dropEffect = "copy";
		root.classList.add("dragging");
	});
	document.addEventListener("dragleave", event => {
		if (!event.relatedTarget)
			root.classList.remove("dragging");
	});
	document.addEventListener("drop", event => {
		if (!carriesFiles(event))
			return;
		event.preventDefault();
		root.classList.remove("dragging");
		drop(event.dataTransfer);
	});
	/* Leaving the page would end what is on its way. */
	addEventListener("beforeunload", event => {
		if (photos.some(p => p.xhr || p.state === "waiting"))
			event.preventDefault();
	});
}

document.addEventListener("DOMContentLoaded", start);

})();
