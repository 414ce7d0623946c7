/*
 * The pages' words in English.
 */
import { bytes, measures, moment, number } from "./figures.js";

const plural = (n, unit) => n === 1 ? unit : `${unit}s`;
const counted = unit => n => `${number(n)}\u00a0${plural(n, unit)}`;
const pixels = n => `${number(n)}\u00a0px`;
const megapixels = (n, digits = 1) =>
	`${number(n / 1e6, digits)}\u00a0${plural(n / 1e6, "megapixel")}`;

/* ": 99.3 megapixels; the limit here is 64 megapixels" */
function against(problem, unit)
{
	const m = measures(problem, unit);

	if (!m)
		return "";
	return m.actual ? `: ${m.actual}; the limit here is ${m.limit}`
	    : `; the limit here is ${m.limit}`;
}

/* What to do, or what is done without anybody. */
const again = p => p.wait ? `Trying again in ${number(p.wait)}\u00a0s.`
    : "Please try again.";
const smaller = "Please send a smaller one.";
const anew = "Please open it in a photo program, save it anew and send that.";
const askOperator = "If that does not help, please ask the operator.";
const tellOperator = "Please tell its operator.";

/* What asks for more than a minute is told when. */
const later = p => p.seconds > 60
    ? `Please try again after ${moment(Date.now() + 1000 * p.seconds)}.`
    : again(p);

const formats = "JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF and BMP";

const refusals = {
	"bad-request": p => `The service did not understand this upload. ${again(p)}`,
	"multipart-syntax": p =>
	    `The upload did not arrive as it was sent. ${again(p)}`,
	"body-truncated": p => `The upload broke off on its way. ${again(p)}`,
	"no-file": p => `No photo arrived. ${again(p)}`,
	"token-invalid": () => "This page may not send photos here. "
	    + `Please load it again. ${askOperator}`,
	"token-expired": () => "The permission to send photos has run out. "
	    + "Please load this page again to get a new one.",
	"banned": () => "This photo is not accepted here. "
	    + "Why, the operator of the service can say.",
	"not-found": () =>
	    `There is no upload service at this address. ${tellOperator}`,
	"method-not-allowed": () =>
	    `This address takes no uploads. ${tellOperator}`,
	"body-timeout": p => `The upload came too slowly and was ended. ${again(p)}`,
	"body-too-large": p => `Too large${against(p, bytes)}. ${smaller}`,
	"photo-too-large": p => `Too large${against(p, bytes)}. ${smaller}`,
	"too-many-files": p => `Too many photos in one upload${
	    against(p, counted("photo"))}. Please send fewer at once.`,
	"unsupported-format": p => p.detail || "This is not a photo that can be "
	    + `read here. Accepted are ${formats}.`,
	"corrupt-image": p => `This photo is damaged and can’t be read. ${
	    p.detail ? `${p.detail} ` : ""}${anew}`,
	"too-many-pixels": p => `Too many pixels${against(p, megapixels)}. ${
	    smaller}`,
	"side-too-long": p => `The longer side is too long${against(p, pixels)}. ${
	    smaller}`,
	"too-many-frames": p => `This animation has too many frames${
	    against(p, counted("frame"))}. Please send a shorter one.`,
	"too-many-scans": p => `This JPEG has too many scans${
	    against(p, counted("scan"))}. Please save it anew and send that.`,
	"too-much-memory": () =>
	    `Opening this photo takes too much memory. ${smaller}`,
	"render-timeout": p => `Making the thumbnails took too long. ${again(p)}`,
	"poison": () => "Reading this photo has failed before. It isn’t tried "
	    + "again. Please send it in another format, such as JPEG.",
	"rate-limited": p => `Too many uploads in a short time. ${later(p)}`,
	"overloaded": p => "The service has more to do than it can take just now. "
	    + later(p),
	"offline": p => p.until
	    ? `The service is off ${moment(p.until)
	        ? `until ${moment(p.until)}` : "at the moment"}${
	        p.reason ? `: ${p.reason}` : "."}${
	        p.wait ? " · Goes on by itself." : ""}`
	    : `The service can’t store photos at the moment. ${p.wait ? again(p)
	        : "Its operator has to act first."}`,
	"storage-full": () =>
	    "The service has no room left. Its operator has to act first.",
	"internal": p =>
	    `Something failed inside the service. ${again(p)} ${askOperator}`,
	"worker-lost": p =>
	    `The service broke off while it read this photo. ${again(p)}`,
	"too-slow": p => `The service took too long to answer. ${again(p)}`,
	/* The page's own: */
	"network": p => "The connection was lost before all was through"
	    + `${p.large ? ", or it is larger than the service takes" : ""}. ${
	        again(p)}`,
	"stalled": p => `Nothing moved any more on the connection. ${again(p)}`,
	"empty": () => "This file is empty. Please look at it and choose it again.",
	"unreadable": () => "This can’t be read any more. It may have been moved "
	    + "or changed. Please choose it again.",
	"folder": p => p.limit ? `A folder so large is not taken whole: only its `
	    + `first ${counted("photo")(p.limit)} were. Please drop the others.`
	    : "There is no photo in this folder. Please drop another one, or "
	        + "photos.",
	"gone": () => "The service knows no such photo (any more).",
	"strange": p => "The answer was not one of this service"
	    + `${p.status ? ` (status ${p.status})` : ""}. ${again(p)}`,
};

export const words = {
	refusals,
	otherRefusal: p => `Refused: ${p.detail || p.title || p.code}${
	    p.wait ? ` · ${again(p)}` : ""}`,
	copied: "Copied",
	byHand: "Your browser doesn’t let this page copy. The text is selected: "
	    + "please copy it yourself.",
	copiedWhat: what => `Copied ${what}.`,
	upload: {
		pasted: "Pasted photo",
		added: n => `${number(n)} ${plural(n, "photo")} added.`,
		progressOf: name => `Progress of ${name}`,
		waiting: n => `Waiting · ${bytes(n)}`,
		asking: n => `Checking whether it is here already · ${bytes(n)}`,
		sending: (share, n) =>
		    `Sending · ${Math.floor(100 * share)} % of ${bytes(n)}`,
		rendering: "Making the thumbnails…",
		offline: "No connection. Goes on when it is back.",
		online: "The connection is back.",
		cancelled: "Cancelled.",
		cancel: "Cancel",
		now: "Try now",
		again: "Try again",
		sendAgain: "Send again",
		summary: ({ ready, all, refused, cancelled, removed }) => [
			all && `${ready} of ${all} ready`,
			refused && `${refused} not taken`,
			cancelled && `${cancelled} cancelled`,
			removed && `${removed} deleted`].filter(Boolean).join(" · "),
		news: (name, text) => `${name}: ${text}`,
		ready: "ready.",
	},
	card: {
		thumbnailOf: name => `Thumbnail of ${name}`,
		of: name => `of ${name}`,
		copyAddress: "Copy address",
		mainOf: name => `the address of ${name}`,
		copyMarkdown: "Copy Markdown",
		markdownOf: name => `the Markdown of ${name}`,
		copyHtml: "Copy HTML",
		htmlOf: name => `the HTML of ${name}`,
		more: "More",
		ofOriginal: "of the original",
		save: "Save",
		copy: "Copy",
		addressOf: (file, name) => `the address of ${file}, ${name}`,
		existed: "was here already",
		remove: "Delete",
		stays: "This photo can’t be deleted from here: it has been sent so "
		    + "often that only the service’s operator can.",
		deleted: "Deleted",
		deletedNews: (name, n) => `${name}: deleted. You can undo this for ${
		    counted("second")(n)}.`,
		undo: "Undo",
		undoOf: name => `the deletion of ${name}`,
		deleting: "Deleting…",
		removed: "Deleted. If somebody else has sent the same photo, it stays "
		    + "for them.",
		removedNews: name => `${name}: deleted for good.`,
		notRemoved: text => `Not deleted. ${text}`,
	},
	mine: {
		unnamed: "Photo without a name",
		photos: n => counted("photo")(n),
		selected: n => `${number(n)} selected`,
		selectedOf: (n, all) => `${number(n)} of ${number(all)} selected`,
		select: name => `Select ${name}`,
		opening: "Loading…",
		gone: "This photo is not there any more.",
		take: "Take from the list",
		taken: name => `${name}: taken from the list.`,
		more: n => `Show ${number(n)} more`,
		shown: (n, all) => `${number(n)} of ${counted("photo")(all)} are shown.`,
		deleted: n => `${counted("photo")(n)} deleted`,
		notDeleted: (n, text) => `${counted("photo")(n)} not deleted. ${text}`,
		ask: n => `Take ${n === 1 ? "the one photo" : `all ${
		    counted("photo")(n)}`} from the list? ${n === 1 ? "It stays"
		    : "They stay"} where they are, but can’t be deleted from here any more.`,
		emptied: "The list is empty. The photos are still there.",
	},
};
