/*
 * The photos that this browser has sent, in its local storage: an item each, so
 * that two tabs never write over each other's list. The key has the path of the
 * pages, since one host may have several services. What others or older
 * versions have put there may be odd: it is left out.
 */
import { areNumbers, isId } from "./answers.js";

const PREFIX = `fcgi-thumb ${new URL(".", document.baseURI).pathname} `;

/* Asking for storage that is forbidden throws already. */
function storage()
{
	try {
		return localStorage;
	} catch {
		return null;
	}
}

const text = value => typeof value === "string" ? value : "";

function parse(id, item)
{
	let e;

	try {
		e = JSON.parse(item);
	} catch {
		return null;
	}
	if (!isId(id) || !areNumbers(e?.at, e?.width, e?.height, e?.bytes)
	    || !Array.isArray(e.tokens))
		return null;
	return { id, at: e.at, width: e.width, height: e.height, bytes: e.bytes,
		tokens: e.tokens.filter(t => /^[a-z2-7]+$/.test(t)),
		name: text(e.name), color: text(e.color),
		placeholder: text(e.placeholder), gone: e.gone > 0 ? Number(e.gone) : 0,
		thumb: areNumbers(e.thumb?.width, e.thumb?.height)
		    ? { url: text(e.thumb.url), width: e.thumb.width,
		        height: e.thumb.height } : null };
}

const read = id => parse(id, storage()?.getItem(PREFIX + id));

function write({ id, ...entry })
{
	try {
		storage().setItem(PREFIX + id, JSON.stringify(entry));
		return true;
	} catch {
		return false; /* there is none, or it is full */
	}
}

/* All entries, the newest first. */
export const all = () => Object.keys(storage() ?? {})
    .filter(key => key.startsWith(PREFIX))
    .map(key => read(key.slice(PREFIX.length)))
    .filter(Boolean)
    .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));

/* Add an entry, or its tokens to the one that is there. Was it possible? */
export function keep(entry)
{
	const tokens = read(entry.id)?.tokens ?? [];

	return write({ ...entry, gone: 0,
		tokens: [...new Set([...tokens, ...entry.tokens])] });
}

export function forget(id)
{
	storage()?.removeItem(PREFIX + id);
}

/* It is wanted gone, from now on; or not any more: undone. */
export function mark(id, gone)
{
	const entry = read(id);

	if (entry)
		write({ ...entry, gone: gone ? Date.now() : 0 });
}

/* Call back when another tab has changed the list. */
export const watch = callback => addEventListener("storage", event => {
	if (event.key === null || event.key.startsWith(PREFIX))
		callback();
});
