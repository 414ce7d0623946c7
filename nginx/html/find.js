/*
 * A photo that the service has already need not be sent: whoever has its bytes
 * knows their SHA-256, of which the first half is the photo's id, and gets a claim
 * of their own for the whole. Browsers hash on https and localhost only.
 *
 * This way may save an upload and never cost one: whatever is odd on it means
 * that the photo is sent.
 */
import { photoOf } from "./answers.js";

/* All of it is in memory, twice while it is hashed: what a phone can hold. */
const HASHED_MAX = 100 << 20;
/* An answer that does not come soon would save no time. */
const ANSWER_MS = 4e3;
/* After trouble the others are not held up by the same. */
const TROUBLE_MS = 30e3;

let troubledUntil = 0;

export const canFind = file => Boolean(globalThis.crypto?.subtle)
    && file.size > 0 && file.size <= HASHED_MAX;

const hex = bytes => Array.from(bytes, byte =>
	byte.toString(16).padStart(2, "0")).join("");

/* RFC 4648, lower case, no padding. */
function base32(bytes)
{
	const bits = Array.from(bytes, byte =>
		byte.toString(2).padStart(8, "0")).join("");

	return bits.match(/.{1,5}/g).map(five =>
		"abcdefghijklmnopqrstuvwxyz234567"[parseInt(five.padEnd(5, "0"), 2)])
	    .join("");
}

/* { sha256, id }, or null: it cannot be read, say. */
export async function hash(file)
{
	try {
		const sum = new Uint8Array(await crypto.subtle.digest("SHA-256",
		    await file.arrayBuffer()));
		return { sha256: hex(sum), id: base32(sum.subarray(0, 16)) };
	} catch {
		return null;
	}
}

/* The answer, or null where there is none in time. */
async function ask(address, signal, options = {})
{
	const control = new AbortController();
	const stop = () => control.abort();
	const timer = setTimeout(stop, ANSWER_MS);

	signal.addEventListener("abort", stop);
	try {
		const answer = await fetch(address, { ...options,
			signal: control.signal });
		return { status: answer.status, json: answer.ok
		    && options.method !== "HEAD" ? await answer.json() : null };
	} catch {
		if (!signal.aborted)
			troubledUntil = Date.now() + TROUBLE_MS;
		return null;
	} finally {
		clearTimeout(timer);
		signal.removeEventListener("abort", stop);
	}
}

/*
 * The photo with these sums as an upload would have been answered, with a claim
 * of one's own; null: it has to be sent.
 */
export async function find({ sha256, id }, key, signal)
{
	const manifest = `t/${id}/meta.json`;

	if (Date.now() < troubledUntil
	    || (await ask(manifest, signal, { method: "HEAD" }))?.status !== 200)
		return null;
	const claim = await ask(`photos/${id}/claims`, signal, { method: "POST",
		headers: { "Accept": "application/json",
		    "Content-Type": "application/json", "Idempotency-Key": key },
		body: JSON.stringify({ sha256 }) });
	/* No token: so many have one that this photo stays for good. */
	const token = claim?.json?.delete_token ?? "";
	if (claim?.status !== 201 || claim.json?.id !== id
	    || typeof token !== "string" || !/^[a-z2-7]*$/.test(token))
		return null;
	const reply = (await ask(manifest, signal))?.json;
	return reply?.id !== id ? null
	    : photoOf({ ...reply, status: "exists", delete_token: token });
}
