/*
 * The status page's words in English.
 */
const sentences = [
	"The service did not work as it should",
	"Photos could not be uploaded",
	"New thumbnails could not be fetched",
	"New thumbnails were not right",
	"Photos could not be deleted",
	"Many requests failed",
	"Planned",
	"Nothing is known of this time, so it counts as offline",
];

export const status = {
	states: { online: "Online", offline: "Offline", planned: "Planned break",
	    unknown: "Not known" },
	title: text => `${text} – Status`,
	since: (at, span) => `Since ${at}, for ${span}`,
	until: at => `Until ${at}`,
	meanwhile: "No photos are taken meanwhile. Thumbnails stay, and it ends by "
	    + "itself.",
	begun: "It has been watched for less than a minute.",
	unwatched: at => `Nobody has looked since ${at}.`,
	unheard: at => `This browser has heard nothing since ${at}.`,
	lastWord: text => `The last word was: ${text}.`,
	mayWork: "The service itself may be well: it is the watch over it that has "
	    + "ended.",
	missing: "Nobody watches this service, so nothing can be said of it. It may "
	    + "be well all the same.",
	operator: "For whoever runs it: thumbctl probe looks at it, and "
	    + "fcgi-thumb-probe.timer has that done all the time.",
	trouble: {
		network: "No answer reaches this browser.",
		odd: "What came in answer is no status.",
		missing: "There is no status here any more.",
	},
	shown: at => `Below is what was read at ${at}.`,
	again: "It is asked for again each minute.",
	asOf: at => `As of ${at}.`,

	today: "Today",
	lastDay: "The last day that was watched",
	zone: (at, zone) => `The service’s day is that of ${zone || "another zone"}: `
	    + `here it began at ${at}.`,
	allOnline: span => `Online all the time so far: ${span}.`,
	summed: (online, offline) => `Online for ${online}, offline for ${offline}.`,
	ofThese: span => `Of these ${span} were planned.`,
	uncounted: "Nothing of this day has been counted yet.",
	stretch: {
		online: span => `online for ${span}`,
		offline: span => `offline for ${span}`,
		planned: span => `planned break, ${span}`,
		announced: span => `planned break to come, ${span}`,
		uncounted: () => "not counted",
		coming: () => "still to come",
	},

	ofBudget: span => `of the ${span} that a day may be offline`,
	usedUp: "Used up",
	over: (all, more) => `Offline for ${all} today: ${more} more than a day may be`,
	ofTime: span => `of the last ${span}`,
	aim: share => `the aim is ${share}`,
	failed: (errors, n) => `${errors} of ${n} today`,
	noRequests: "no requests yet today",
	p95: "or less for 95 of 100 uploads, today and yesterday",
	noUploads: "no uploads lately",

	version: name => name ? `Version ${name}` : "A version that is not known",
	when: { now: "now", coming: "to come", past: "over" },
	running: at => `since ${at}`,
	plannedBreak: "Planned break",
	day: (at, span) => `${at}: offline for ${span}`,
	dayOnline: at => `${at}: online all the time`,
	dayUnknown: at => `${at}: not counted`,
	within: (n, all, span) => `${n} of ${all} with at most ${span} offline.`,
	causes: Object.fromEntries(sentences.map(text => [text, text])),
};
