/*
 * What of a photo goes elsewhere: its Markdown, its HTML, the name of its file.
 * A name may be anything that somebody has called a file.
 */
import { webAddress } from "./dom.js";

/* Characters that end a line, turn the direction of text, or are none at all. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;
const oneLine = text => text.replace(UNFIT, " ").trim();

const STEM_MAX = 60; /* characters: of Hangul 180 bytes, of 255 that a name has */

/* Without what separates paths, or means something to a shell or a disk. */
export function fileName(name, { preset, type })
{
	const stem = oneLine(name).replace(/\.[^.]{1,5}$/, "")
	    .replace(/[<>:"/\\|?*]/g, "_").replace(/^[.\s]+/, "");
	const ext = type.replace("image/", "").replace("jpeg", "jpg");

	return [[...stem].slice(0, STEM_MAX).join("").trim() || "photo",
		`${preset}.${ext}`.replace(/[^\w.-]/g, "_")].join("-");
}

/*
 * An image in CommonMark. Of the name all that may begin or end something is
 * escaped; within a word a _ does neither. What an address may have of it is
 * written in percent: a ) would end it, an & could be an entity.
 */
export function markdown(name, address)
{
	const isWord = c => /[\p{L}\p{N}]/u.test(c ?? "");
	const text = oneLine(name).replace(/[\\`*_[\]<>&!~|$]/g, (c, at, all) =>
		c === "_" && isWord(all[at - 1]) && isWord(all[at + 1]) ? c : `\\${c}`);

	return `![${text}](${address.replace(/[()\\]/g, c =>
		`%${c.charCodeAt(0).toString(16)}`).replaceAll("&", "\\&")})`;
}

/* Of the service's <picture> this is all; in another one could be anything. */
const PICTURE = new RegExp("^<picture>(<(source|img)( (alt|decoding|height|"
    + "loading|sizes|src|srcset|type|width)=\"[^\"<>]*\")+>)+</picture>$");

/* It with whole addresses; "" is none. */
export function picture(html)
{
	const whole = text => text.split(", ").map(one => {
		const [address, ...width] = one.split(" ");
		return [webAddress(address), ...width].join(" ");
	}).join(", ");

	return PICTURE.test(html) ? html.replace(/ (src|srcset)="([^"]*)"/g,
	    (_, name, value) => ` ${name}="${whole(value)}"`) : "";
}
