/*
 * What the service's status.json says, as the page can go by it: what is
 * missing in it, or of another kind than it should be, is null, "" or left out.
 * Times are ms since the epoch.
 */
const MINUTE_MS = 60e3;
const DAY_MAX = 26 * 60; /* minutes; 25 hours where clocks are set back */
const LIST_MAX = 100;

const object = value => value !== null && typeof value === "object" ? value : {};
const text = value => typeof value === "string" ? value : "";
const flag = value => typeof value === "boolean" ? value : null;

function number(value, max = 1e12)
{
	return Number.isFinite(value) && value >= 0 && value <= max ? value : null;
}

function time(value)
{
	const ms = /^\d{4}-\d\d-\d\dT/.test(text(value)) ? Date.parse(value) : NaN;

	return Number.isNaN(ms) ? null : ms;
}

/* "2026-11-28": the same day wherever the reader is. */
function date(value)
{
	return /^\d{4}-\d\d-\d\d$/.test(text(value)) ? time(`${value}T00:00Z`) : null;
}

/* What read() makes of each one; null is left out. */
function list(value, read)
{
	return Array.isArray(value) ? value.slice(0, LIST_MAX).map(one =>
		read(object(one))).filter(one => one !== null) : [];
}

/* A time and a later one, or one that is not known yet. */
function span({ from, until })
{
	const begin = time(from);
	const end = time(until);

	return begin === null || end !== null && end < begin ? null
	    : { from: begin, until: end };
}

function readToday(today)
{
	const of = span(today);
	const total = of ? Math.round((of.until - of.from) / MINUTE_MS) : 0;

	if (!of || of.until === null || total < 1 || total > DAY_MAX)
		return null;
	return { ...of, total, date: date(today.date), zone: text(today.zone),
		budget: number(today.budget, total), used: number(today.used, total),
		planned: number(today.planned, total) ?? 0,
		minutes: text(today.minutes).slice(0, total) };
}

function readDay(day)
{
	const of = date(day.date);
	const offline = number(day.offline, DAY_MAX);

	return of === null ? null : { date: of, offline,
		planned: Math.min(number(day.planned, DAY_MAX) ?? 0, offline ?? 0) };
}

function readHours(hours)
{
	const of = span(hours);

	return of === null || of.until === null ? null
	    : { ...of, reason: text(hours.reason), when: text(hours.when) };
}

function readOutage(outage)
{
	const of = span(outage);

	return of && { ...of, planned: outage.planned === true,
		minutes: number(outage.minutes), cause: text(outage.cause) };
}

function readShare(one)
{
	const share = number(one.share, 100);

	return share === null ? null
	    : { slot: text(one.slot), version: text(one.version), share };
}

function readRequests(requests)
{
	const total = number(requests.total);
	const errors = number(requests.errors, total ?? 0);

	return { total: errors === null ? null : total, errors,
		p95: number(requests.upload_p95_ms) };
}

export function read(value)
{
	const json = object(value);

	return { updated: time(json.updated), online: flag(json.online),
		since: time(json.since), objective: number(json.objective, 1),
		availability: number(json.availability, 1), from: time(json.from),
		today: readToday(object(json.today)), days: list(json.days, readDay),
		planned: list(json.planned, readHours),
		outages: list(json.outages, readOutage),
		requests: readRequests(object(json.requests)),
		versions: Array.isArray(json.versions)
		    ? json.versions.map(text).filter(Boolean).slice(0, LIST_MAX) : [],
		serving: list(json.serving, readShare),
		releasing: json.releasing === true };
}
