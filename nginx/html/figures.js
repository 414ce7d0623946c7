/*
 * Numbers, sizes and times as the page's language writes them.
 */

/* nginx has chosen the page by what the browser asks for. */
export const language = document.documentElement.lang === "ko" ? "ko" : "en";

export const number = (n, digits = 0) => Number(n).toLocaleString(language,
	{ maximumFractionDigits: digits });

/* Powers of 1024, as the service's settings count ("32M"). */
export function bytes(n, digits = 1)
{
	const units = [language === "ko" ? "바이트" : "bytes", "kB", "MB", "GB"];
	let unit = 0;

	while (n >= 1024 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${number(n, unit > 1 || digits > 1 ? digits : 0)}\u00a0${
	    units[unit]}`;
}

export const size = (width, height) => `${width}\u00a0×\u00a0${height}`;

/* Of so many bytes, in percent; "" where nothing is a share of them. */
export const share = (n, all) => all > 0 ? (n / all).toLocaleString(language, {
	style: "percent", ...(n < all / 100 && { maximumSignificantDigits: 1 }),
}) : "";

export const seconds = n => n.toLocaleString(language, { style: "unit",
	unit: "second", unitDisplay: "short" });

/* The hour; with its day where that is not today. "": it is no time. */
export function moment(text)
{
	const time = new Date(text);
	const today = time.toDateString() === new Date().toDateString();

	return Number.isNaN(time.getTime()) ? "" : time.toLocaleString(language, {
		hour: "2-digit", minute: "2-digit", hourCycle: "h23",
		...(!today && { day: "numeric", month: "long" }) });
}

/* The hour alone, of a time that is one. */
export const clock = time => new Date(time).toLocaleTimeString(language,
	{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/* From one time to another; the end has its day where it is a third one. */
export function range(from, until)
{
	const day = time => new Date(time).toDateString();

	return `${moment(from)}\u2009–\u2009${day(from) === day(until - 1)
	    ? clock(until) : moment(until)}`;
}

/*
 * A problem's limit and actual value in a unit, a function of number and
 * digits, with so many digits that they differ: one byte over 32 MB is not
 * "32 MB; the limit is 32 MB". actual is "" where it is not over the limit;
 * null: no limit is known.
 */
export function measures({ limit, actual }, unit)
{
	const same = digits => unit(actual, digits).replace(/s$/, "")
	    === unit(limit, digits).replace(/s$/, "");
	let digits = 1;

	if (!Number.isFinite(limit))
		return null;
	if (!(actual > limit))
		return { limit: unit(limit, digits), actual: "" };
	while (digits < 6 && same(digits))
		digits++;
	return { limit: unit(limit, digits), actual: unit(actual, digits) };
}

/* "14 minutes", "0.4 sec" */
export const unit = (n, name, { digits = 0, short = false } = {}) =>
	Number(n).toLocaleString(language, { style: "unit", unit: name,
	    unitDisplay: short ? "short" : "long", maximumFractionDigits: digits });

/* Of minutes, in its two largest units: "14 minutes", "3 hr 12 min". */
export function duration(minutes)
{
	const parts = [[Math.floor(minutes / 1440), "day"],
		[Math.floor(minutes / 60) % 24, "hour"], [minutes % 60, "minute"]];
	const large = parts.filter(([n]) => n > 0).slice(0, 2);

	if (large.length < 2)
		return unit(...large[0] ?? parts[2]);
	return large.map(([n, name]) => unit(n, name, { short: true })).join(" ");
}

/* From one time to another. */
export const since = (from, now) =>
	duration(Math.max(0, Math.floor((now - from) / 60e3)));

/* A share of 1: never 100 % where it is a bit less, nor 0 % where it is more. */
export function percent(share)
{
	const digits = share > 0 && share < .0001 ? { maximumSignificantDigits: 1 }
	    : { maximumFractionDigits: 2 };

	return Number(share < 1 ? Math.min(share, .9999) : share)
	    .toLocaleString(language, { style: "percent", ...digits });
}

/* Of a time in milliseconds. */
export const hour = time => new Date(time).toLocaleTimeString(language,
	{ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/* "Today", "Yesterday", else the date; with its year where that is another. */
export function day(time)
{
	const date = new Date(time);
	const now = new Date();
	const near = [0, 1].find(ago => date.toDateString() === new Date(
	    now.getFullYear(), now.getMonth(), now.getDate() - ago).toDateString());

	if (near === undefined)
		return date.toLocaleDateString(language, { day: "numeric",
			month: "long", weekday: "long",
			...(date.getFullYear() !== now.getFullYear()
			    && { year: "numeric" }) });
	return new Intl.RelativeTimeFormat(language, { numeric: "auto" })
	    .format(-near, "day").replace(/^./, c => c.toUpperCase());
}
