/*
 * What the service says, checked: from here on a member is there and of its
 * kind, whatever has come.
 */

/* What stands before the service may answer in its own way, or not in JSON. */
const BY_STATUS = {
	404: "not-found", 405: "method-not-allowed",
	408: "body-timeout", 413: "body-too-large", 429: "rate-limited",
	500: "internal", 502: "worker-lost", 503: "overloaded", 504: "too-slow",
	507: "storage-full",
};

const isText = value => typeof value === "string" && value !== "";
/* What can be counted: sizes, bytes, milliseconds; with few enough digits to show. */
export const areNumbers = (...values) => values.every(n =>
	Number.isSafeInteger(n) && n >= 0);

/* These members, each of which is a text. */
const texts = (object, ...keys) => Object.fromEntries(keys.map(key =>
	[key, isText(object[key]) ? object[key] : ""]));

export const isId = text => /^[a-z2-7]{25}[aeimquy4]$/.test(text);

/* As the service describes a photo, and a thumbnail. */
const isPhoto = p => Array.isArray(p?.variants)
    && areNumbers(p.width, p.height, p.bytes);
const isVariant = v => isText(v?.preset) && isText(v.type) && isText(v.url)
    && areNumbers(v.width, v.height, v.bytes);

/*
 * Of the answer of an upload, or of a manifest: { status, id, width, height,
 * bytes, color, placeholder, html, delete_token, variants }; null: it is none.
 */
export const photoOf = p => !isPhoto(p) ? null : { width: p.width,
	height: p.height, bytes: p.bytes, variants: p.variants.filter(isVariant),
	...texts(p, "status", "id", "color", "placeholder", "html",
	    "delete_token") };

/*
 * { status, code, title, detail, until, reason } and, as far as they are known,
 * limit and actual: of the first of them that is a refusal; else of what the
 * status says.
 */
export function problemOf(status, ...candidates)
{
	const found = candidates.find(p => isText(p?.code))
	    ?? { code: BY_STATUS[status] ?? "strange" };
	const { limit, actual } = found;

	return { status, ...texts(found, "code", "title", "detail", "until",
		"reason"),
		...(areNumbers(limit) && { limit }),
		...(areNumbers(actual) && { actual }) };
}
