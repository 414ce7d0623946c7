/*
 * One photo on its way to the service: a POST of its own, so that it has its own
 * progress and its own answer, and can be tried again alone.
 */
import { secondsOf } from "./again.js";
import { photoOf, problemOf } from "./answers.js";
import { $ } from "./dom.js";

/* Longer than the service waits by itself, so that its own words come first. */
const SEND_STALL_MS = 60e3;
const RENDER_STALL_MS = 200e3;
/* A timer that is so late was asleep, with all of the page. */
const ASLEEP_MS = 5e3;

/* What may be sent and still be too much for what stands before the service. */
const LARGE = 64 << 20;

/* Refusals of which the next try may be free. */
const PASSING = new Set(["bad-request", "multipart-syntax", "body-truncated",
	"no-file", "body-timeout", "render-timeout", "rate-limited", "overloaded",
	"offline", "storage-full", "internal", "worker-lost", "too-slow",
	"network", "stalled", "strange"]);

/* Can trying again help? Of a code of later days its status tells. */
export const isPassing = problem => PASSING.has(problem.code)
    || Boolean((problem.title || problem.detail) && problem.status >= 500);

/* One key a photo: whatever is sent again with it makes no second claim. */
export const makeKey = () => Array.from(
    crypto.getRandomValues(new Uint8Array(16)),
    byte => byte.toString(16).padStart(2, "0")).join("");

/* { photo } or { problem } for whatever has come, down to an HTML error page. */
function answer(xhr, file)
{
	let reply = null;

	try {
		reply = JSON.parse(xhr.responseText);
	} catch {
		/* not JSON: the status says what can be said */
	}
	const first = reply?.photos?.[0];
	const photo = xhr.status < 300 ? photoOf(first) : null;
	if (photo)
		return { photo };
	const problem = problemOf(xhr.status, first?.error, reply);
	problem.seconds = secondsOf(xhr.getResponseHeader("Retry-After"),
	    xhr.getResponseHeader("Date"));
	/* nginx refuses a body by its announced length; the file's is at hand. */
	if (/-too-large$/.test(problem.code) && !(problem.actual > problem.limit))
		problem.actual = file.size;
	return { problem };
}

/* A file that was moved or changed meanwhile looks like a lost connection. */
async function lost(file)
{
	try {
		await file.slice(0, 1).arrayBuffer();
	} catch {
		return { code: "unreadable" };
	}
	return { code: "network", large: file.size > LARGE };
}

/* Call stalled() when nothing has been told for so long. */
function watchdog(stalled)
{
	let timer;
	const tell = ms => {
		const due = Date.now() + ms;
		clearTimeout(timer);
		timer = setTimeout(() => Date.now() > due + ASLEEP_MS ? tell(ms)
		    : stalled(), ms);
	};

	return { tell, end: () => clearTimeout(timer) };
}

/*
 * Send a file: { photo } or { problem }, and never an answer once signal is
 * aborted. progress(share) is called with 0..1 of what has been sent, and with 1
 * when all has.
 */
export const send = (file, { key, signal, progress }) => new Promise(resolve => {
	const xhr = new XMLHttpRequest();
	const body = new FormData();
	const watch = watchdog(() => {
		resolve({ problem: { code: "stalled" } });
		xhr.abort();
	});

	body.append("photo", file);
	xhr.open("POST", $("form").action);
	xhr.setRequestHeader("Accept", "application/json");
	xhr.setRequestHeader("Idempotency-Key", key);
	xhr.upload.addEventListener("progress", ({ loaded, total }) => {
		watch.tell(SEND_STALL_MS);
		progress(total ? loaded / total : 0);
	});
	xhr.upload.addEventListener("load", () => {
		watch.tell(RENDER_STALL_MS);
		progress(1);
	});
	xhr.addEventListener("loadend", watch.end);
	xhr.addEventListener("error", async () =>
		resolve({ problem: await lost(file) }));
	xhr.addEventListener("load", () => resolve(answer(xhr, file)));
	signal.addEventListener("abort", () => xhr.abort());
	watch.tell(SEND_STALL_MS);
	progress(0);
	xhr.send(body);
});
