/*
 * The photos that this browser has sent, in its local storage: an item each, so
 * that two tabs never write over each other's list. The key has the path of the
 * pages, since one host may have several services. What others or older
 * versions have put there may be odd: it is left out.
 *
 * An entry: { id, tokens, name, at, width, height, bytes, color, placeholder,
 * thumb: { url, width, height } or null, gone: 0, or since when it is to be
 * deleted }. Times are in milliseconds.
 */
import { areNumbers, isId } from "./answers.js";

const PREFIX = `fcgi-thumb ${new URL(".", document.baseURI).pathname} `;
const LATEST = 8.64e15; /* no Date is later */

/* Asking for storage that is forbidden throws already. */
function storage()
{
	try {
		return localStorage;
	} catch {
		return null;
	}
}

export const isAllowed = () => storage() !== null;

/* ---- what is in it ------------------------------------------------------------ */

const text = value => typeof value === "string" ? value : "";
const isTime = n => areNumbers(n) && n >= 0 && n <= LATEST;
const isCount = n => Number.isSafeInteger(n) && n > 0;
const tokensOf = list => !Array.isArray(list) ? []
    : list.filter(t => /^[a-z2-7]+$/.test(text(t)));

/* Without a token it could not be deleted, which is what the list is for. */
function parse(id, item)
{
	let e;

	try {
		e = JSON.parse(item);
	} catch {
		return null;
	}
	const tokens = tokensOf(e?.tokens);
	if (!isId(id) || tokens.length === 0 || !isTime(e.at)
	    || ![e.width, e.height, e.bytes].every(isCount))
		return null;
	return { id, tokens, at: e.at, width: e.width, height: e.height,
		bytes: e.bytes, name: text(e.name), color: text(e.color),
		placeholder: text(e.placeholder), gone: isTime(e.gone) ? e.gone : 0,
		thumb: [e.thumb?.width, e.thumb?.height].every(isCount)
		    ? { url: text(e.thumb.url), width: e.thumb.width,
		        height: e.thumb.height } : null };
}

const idOf = key => key.slice(PREFIX.length);

/* The entry of a photo, or null. */
export const find = id => parse(id, storage()?.getItem(PREFIX + id));

/* All entries, the newest first. */
export const all = () => Object.keys(storage() ?? {})
    .filter(key => key.startsWith(PREFIX))
    .map(key => find(idOf(key)))
    .filter(Boolean)
    .sort((a, b) => b.at - a.at || (a.id < b.id ? -1 : 1));

/* ---- changing it ---------------------------------------------------------------- */

function write({ id, ...entry })
{
	try {
		storage().setItem(PREFIX + id, JSON.stringify(entry));
		return true;
	} catch {
		return false; /* there is none, or it is full */
	}
}

const union = (a, b) => [...new Set([...a, ...b])];

/* The tokens that this page has added, by id. */
const added = new Map();

/* Add an entry, or its tokens to the one that is there. Was it possible? */
export function keep(entry)
{
	const { id } = entry;
	const tokens = tokensOf(entry.tokens);

	if (tokens.length === 0 || !write({ ...entry, gone: 0,
	    tokens: union(find(id)?.tokens ?? [], tokens) }))
		return false;
	added.set(id, union(added.get(id) ?? [], tokens));
	return true;
}

export function forget(id)
{
	added.delete(id);
	storage()?.removeItem(PREFIX + id);
	changed();
}

function alter(id, changes)
{
	const entry = find(id);

	if (entry)
		write({ ...entry, ...changes });
}

/* It is to be deleted, or not any more: undone. */
export const mark = (id, gone) => alter(id, { gone: gone ? Date.now() : 0 });

/* Another thumbnail, since that one has no file any more. */
export const renew = (id, thumb) => alter(id, { thumb });

/* ---- being told of it ------------------------------------------------------------------ */

const watchers = new Set();
let due = 0;

/* Once for many changes. */
function changed()
{
	due ||= setTimeout(() => {
		due = 0;
		watchers.forEach(callback => callback());
	}, 50);
}

/* Call back when another tab has changed the list, or this page has shortened it. */
export const watch = callback => watchers.add(callback);

/*
 * Two tabs that add to the same entry in the same moment have both read it
 * before, and the later one wins: the other adds once more what it misses.
 */
addEventListener("storage", ({ key, newValue }) => {
	const id = key?.startsWith(PREFIX) ? idOf(key) : "";
	const entry = added.has(id) ? find(id) : null;

	if (newValue === null)
		added.delete(id);
	else if (entry && !added.get(id).every(t => entry.tokens.includes(t)))
		alter(id, { tokens: union(entry.tokens, added.get(id)) });
	if (id || key === null)
		changed();
});
