/*
 * How it was: today's minutes, numbers, versions, planned hours, days and
 * outages, from a report as report.js reads it.
 */
import { Chart } from "./chart.js";
import { $, make } from "./dom.js";
import { duration, language, moment, number, percent, range, since, unit }
	from "./figures.js";
import { causeOf, line, lines, put, quoted, words } from "./status-parts.js";
import { rows, stretches } from "./strip.js";

const DAY_MS = 24 * 60 * 60e3;
const OUTAGES = 10;
const PAST_HOURS = 3;

const narrow = matchMedia("(max-width: 40rem)");
const minutesChart = new Chart("minutes");
const daysChart = new Chart("days");

/* A day of the calendar, wherever the reader is. */
const dayName = time => new Date(time).toLocaleDateString(language,
	{ timeZone: "UTC", weekday: "short", day: "numeric", month: "long" });

/* ---- today ---------------------------------------------------------------------- */

const overlaps = (one, { from, until }) => one.from < until
	&& (one.until === null || one.until > from);

/* Why it was so, as far as it is known. */
function reasonFor(stretch, { outages, planned })
{
	if (stretch.kind === "offline") {
		const cause = outages.find(outage => !outage.planned
		    && overlaps(outage, stretch))?.cause;
		return Object.hasOwn(words.causes, cause) ? words.causes[cause] : cause;
	}
	return /planned|announced/.test(stretch.kind) && planned.find(hours =>
	    overlaps(hours, stretch))?.reason;
}

function tell(stretch, report)
{
	const said = words.stretch[stretch.kind](
	    duration(stretch.end - stretch.begin));
	const why = reasonFor(stretch, report);

	return `${range(stretch.from, stretch.until)}: ${said}${
	    why ? ` – ${why}` : ""}`;
}

function summary(list)
{
	const sum = (...kinds) => list.filter(({ kind }) => kinds.includes(kind))
	    .reduce((all, { begin, end }) => all + end - begin, 0);
	const online = sum("online");
	const offline = sum("offline", "planned");

	if (online + offline === 0)
		return words.uncounted;
	if (offline === 0)
		return words.allOnline(duration(online));
	return [words.summed(duration(online), duration(offline)),
		sum("planned") && words.ofThese(duration(sum("planned")))]
	    .filter(Boolean).join(" ");
}

const isToday = ({ from, until }, now) => from <= now && now < until;

/* Where the reader's midnight is another one than the service's. */
function zoneOf({ from, zone })
{
	const at = new Date(from);
	const [, hours, minutes] = /^([+-]\d\d)(\d\d)$/.exec(zone) ?? [];

	return at.getHours() + at.getMinutes() === 0 ? ""
	    : words.zone(moment(from), hours && `UTC${hours}:${minutes}`);
}

function showToday(report, now)
{
	const { today, planned } = report;

	$("today").hidden = !today;
	if (!today)
		return;
	const list = stretches(today, planned);
	const last = list.findLastIndex(({ kind }) => !/coming|announced/.test(kind));
	put("today-name", isToday(today, now) ? words.today : words.lastDay,
	    " ", ...today.date === null ? [] : [make("small", {
	        textContent: dayName(today.date) })]);
	put("today-sum", ...lines([summary(list), zoneOf(today)]));
	minutesChart.show(list.map(stretch => ({ key: stretch.from,
	    text: tell(stretch, report) })), rows(today, list, narrow.matches ? 3 : 6),
	    Math.max(0, last));
}

/* ---- numbers ---------------------------------------------------------------------- */

/* A value, or a dash for none, and what it is of. */
const figure = (id, value, of) => put(id,
	make("strong", { textContent: value ?? "–" }),
	...of ? [make("span", { textContent: of })] : []);

function showLeft({ today }, now)
{
	const isSaid = today && today.budget !== null && today.used !== null
	    && isToday(today, now);

	$("left-of").hidden = !isSaid;
	if (!isSaid)
		return;
	const { budget, used } = today;
	const minutes = n => unit(n, "minute");
	$("left").classList.toggle("over", used > budget);
	if (used > budget)
		figure("left", words.usedUp,
		    words.over(minutes(used), minutes(used - budget)));
	else
		figure("left", minutes(budget - used), words.ofBudget(minutes(budget)));
	$("left-bar").style.setProperty("--share", budget
	    ? Math.max(0, 1 - used / budget) : 0);
	$("left-bar").classList.toggle("over", used > budget);
}

/* Of two days or more it is days that one wants to know. */
function roughly(from, now)
{
	const days = Math.round((now - from) / DAY_MS);

	return days < 2 ? since(from, now) : unit(days, "day");
}

function showAvailability({ availability, objective, from }, now)
{
	$("availability-of").hidden = availability === null;
	if (availability !== null)
		figure("availability", percent(availability), [
			from !== null && words.ofTime(roughly(from, now)),
			objective !== null && words.aim(percent(objective))]
		    .filter(Boolean).join("; "));
}

function showRequests({ requests: { total, errors, p95 } })
{
	figure("requests", total ? percent(errors / total) : null, total
	    ? words.failed(number(errors), number(total)) : words.noRequests);
	figure("uploads", p95 === null ? null : p95 < 1000
	    ? unit(p95, "millisecond", { short: true })
	    : unit(p95 / 1000, "second", { digits: 1, short: true }),
	    p95 === null ? words.noUploads : words.p95);
}

/* ---- versions ----------------------------------------------------------------------- */

function showVersions({ serving, versions, releasing })
{
	const list = serving.length ? serving
	    : versions.map(version => ({ version, share: null, slot: "none" }));

	$("versions-of").hidden = !list.length && !releasing;
	$("releasing").hidden = !releasing;
	put("versions", ...list.map(({ version, share, slot }) => {
		const item = make("li", {}, make("span", {},
		    words.version(version), ...slot && slot !== "none" ? [make("span",
		        { className: "slot", textContent: slot })] : []));
		if (share !== null) {
			item.append(make("span", { textContent: percent(share / 100) }),
			    make("span", { className: "bar" }));
			item.lastChild.style.setProperty("--share", share / 100);
		}
		return item;
	}));
}

/* ---- planned hours, days and outages ---------------------------------------------------- */

function showPlanned({ planned })
{
	const past = planned.filter(({ when }) => when === "past");
	const list = [...planned.filter(({ when }) => when !== "past"),
		...past.slice(-PAST_HOURS).reverse()];

	$("no-planned").hidden = list.length > 0;
	put("planned", ...list.map(({ from, until, reason, when }) => {
		const known = Object.hasOwn(words.when, when) ? when : "past";

		return make("li", { className: known }, line(range(from, until),
		    " ", make("span", { className: "badge", textContent:
		        words.when[known] })),
		    ...reason ? [line(quoted(reason))] : []);
	}));
}

function tellDay({ date, offline })
{
	if (offline === null)
		return words.dayUnknown(dayName(date));
	return offline ? words.day(dayName(date), unit(offline, "minute"))
	    : words.dayOnline(dayName(date));
}

/* A day as a bar, of which all is so many minutes. */
function bar({ offline, planned }, i, all)
{
	const node = make("span", { className: "day" });

	node.dataset.part = i;
	node.classList.toggle("online", offline === 0);
	node.classList.toggle("offline", offline > 0);
	node.classList.toggle("planned", planned > 0);
	node.style.setProperty("--offline", (offline ?? 0) / all);
	node.style.setProperty("--planned", planned / all);
	return node;
}

function showDays({ days, today })
{
	const budget = today?.budget ?? null;
	const counted = days.filter(({ offline }) => offline !== null);
	const all = Math.max(1, (budget ?? 0) * 1.5,
	    ...counted.map(({ offline }) => offline));

	$("days-of").hidden = !days.length;
	if (!days.length)
		return;
	put("days-sum", ...budget === null ? [] : lines([words.within(
	    number(counted.filter(({ offline }) => offline <= budget).length),
	    unit(counted.length, "day"), unit(budget, "minute"))]));
	put("days-first", dayName(days[0].date));
	put("days-last", dayName(days.at(-1).date));
	$("days").dataset.budget = budget ? unit(budget, "minute") : "";
	$("days").style.setProperty("--budget", (budget ?? 0) / all);
	daysChart.show(days.map(day => ({ key: day.date, text: tellDay(day) })),
	    days.map((day, i) => bar(day, i, all)), days.length - 1);
}

function showOutages({ outages }, now)
{
	const length = ({ from, until, minutes }) => minutes === null
	    ? since(from, until ?? now) : duration(minutes);

	$("no-outages").hidden = outages.length > 0;
	put("outages", ...outages.slice(0, OUTAGES).map(outage => make("li", {
		className: outage.planned ? "planned" : "" }, line(
		    outage.until === null ? words.running(moment(outage.from))
		        : range(outage.from, outage.until),
		    " ", make("span", { className: "badge", textContent:
		        length(outage) })),
		    outage.planned ? line(words.plannedBreak)
		        : causeOf(outage.cause))));
}

/* ---- all of it ------------------------------------------------------------------------ */

let latest = null;

/* now is the service's time. */
export function showPast(report, now)
{
	latest = [report, now];
	for (const showPart of [showToday, showLeft, showAvailability, showRequests,
		showVersions, showPlanned, showDays, showOutages])
		showPart(report, now);
}

/* Rows have fewer hours where there is less room. */
narrow.addEventListener("change", () => latest && showToday(...latest));
