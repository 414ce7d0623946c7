/*
 * One photo on its way to the service: a POST of its own, so that it has its own
 * progress and its own answer, and can be tried again alone.
 */
import { photoOf, problemOf } from "./answers.js";
import { $ } from "./dom.js";

/* Longer than the service waits by itself, so that its own words come first. */
const SEND_STALL_MS = 60e3;
const RENDER_STALL_MS = 200e3;

/* Refusals of which the next try may be free. */
const PASSING = new Set(["bad-request", "multipart-syntax", "body-truncated",
	"no-file", "body-timeout", "render-timeout", "rate-limited", "overloaded",
	"offline", "storage-full", "internal", "worker-lost", "too-slow",
	"network", "stalled", "cancelled", "strange"]);

/* Can trying again help? Of a code of later days its status tells. */
export const isPassing = problem => PASSING.has(problem.code)
    || (problem.title || problem.detail) && problem.status >= 500;

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
	problem.seconds = Number(xhr.getResponseHeader("Retry-After")) || 1;
	/* nginx refuses a body by its announced length; the file's is at hand. */
	if (/-too-large$/.test(problem.code) && !(problem.actual > problem.limit))
		problem.actual = file.size;
	return { problem };
}

/*
 * Send a file. progress(share) is called with 0..1 of what has been sent, and
 * with 1 when all has; then, once, done({ photo }) or done({ problem }).
 * The function that ends it before is returned.
 */
export function send(file, { progress, done })
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

	body.append("photo", file);
	xhr.open("POST", $("form").action);
	xhr.setRequestHeader("Accept", "application/json");
	xhr.upload.addEventListener("progress", ({ loaded, total }) => {
		watch(SEND_STALL_MS);
		progress(total ? loaded / total : 0);
	});
	xhr.upload.addEventListener("load", () => {
		watch(RENDER_STALL_MS);
		progress(1);
	});
	xhr.addEventListener("loadend", () => clearTimeout(stall));
	xhr.addEventListener("abort", () => done({ problem: {
		code: stalled ? "stalled" : "cancelled" } }));
	xhr.addEventListener("error", () => done({ problem: {
		code: "network", large: file.size > 64 << 20 } }));
	xhr.addEventListener("load", () => done(answer(xhr, file)));
	watch(SEND_STALL_MS);
	progress(0);
	xhr.send(body);
	return () => xhr.abort();
}
