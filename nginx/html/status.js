/*
 * The status page: how the service is and was, by what the prober writes into
 * status.json, a file that is served whatever has become of the workers. No
 * evidence is no "online": a report that is old says that nobody watches.
 */
import { $ } from "./dom.js";
import { moment, since } from "./figures.js";
import { showPast } from "./past.js";
import { read } from "./report.js";
import { causeOf, line, lines, put, quoted, words } from "./status-parts.js";

const AGAIN_MS = 60e3;
const PATIENCE_MS = 20e3;
const OLD_MS = 3 * 60e3;

let report = null;  /* the last one that could be read */
let skew = 0;       /* of this machine's clock, from the service's */
let trouble = null; /* why there is no newer one: "missing", "network", "odd" */
let asking = false;
let timer = 0;

const now = () => Date.now() + skew;

/* ---- how it is now ----------------------------------------------------------- */

const hoursOff = at => report.planned.find(({ when, until }) => when === "now"
	&& until > at);
const running = () => report.outages.find(outage => outage.until === null);

/* What the report says, as of that time. */
function wordOf(at)
{
	if (hoursOff(at) || report.online === false && running()?.planned)
		return "planned";
	if (report.online === null)
		return "unknown";
	return report.online ? "online" : "offline";
}

const isOld = () => Math.abs(now() - report.updated) > OLD_MS;
const isKnown = () => report && trouble !== "missing" && !isOld();
const stateNow = () => isKnown() ? wordOf(now()) : "unknown";

const sinceWhen = () => report.since === null ? ""
	: words.since(moment(report.since), since(report.since, now()));

function plannedLines()
{
	const hours = hoursOff(now());

	return [line(hours ? words.until(moment(hours.until)) : sinceWhen()),
		...hours?.reason ? [line(quoted(hours.reason))] : [],
		line(words.meanwhile)];
}

function unknownLines()
{
	const operator = trouble === "missing" ? words.operator : "";

	if (!report)
		return lines([operator && words.missing, operator]);
	if (isKnown())
		return lines([words.begun]);
	const last = wordOf(report.updated);
	const said = last !== "unknown" && words.lastWord(words.states[last]);
	if (trouble)
		return lines([words.unheard(moment(report.updated)), said, operator]);
	return lines([words.unwatched(moment(report.updated)), said,
		last === "online" && words.mayWork]);
}

function aboutLines(state)
{
	if (state === "planned")
		return plannedLines();
	if (state === "unknown")
		return unknownLines();
	const cause = state === "offline" && running()?.cause;
	return [...lines([sinceWhen()]), ...cause ? [causeOf(cause)] : []];
}

/* The one thing that is said aloud, and only when it is another one. */
function showState()
{
	const state = stateNow();
	const text = words.states[state];

	$("now").dataset.state = state;
	if ($("state").textContent !== text)
		$("state").textContent = text;
	document.title = words.title(text);
	put("about", ...aboutLines(state));
	$("trouble").hidden = !trouble || !report && trouble === "missing";
	if (trouble)
		put("trouble", [words.trouble[trouble], report
		    && words.shown(moment(report.updated)), words.again]
		    .filter(Boolean).join(" "));
}

/* ---- all of it ------------------------------------------------------------------------ */

function show()
{
	showState();
	$("report").hidden = !report;
	if (!report)
		return;
	showPast(report, now());
	put("as-of", words.asOf(moment(report.updated)));
}

/* Read what there is; why nothing could be, or null. */
async function ask()
{
	const response = await fetch("status.json", { cache: "no-cache",
		signal: AbortSignal.timeout(PATIENCE_MS) });

	if (response.status === 404)
		return "missing";
	const found = read(response.ok && await response.json());
	const date = Date.parse(response.headers.get("Date"));
	if (found.updated === null)
		return "odd";
	skew = Number.isNaN(date) ? 0 : date - Date.now();
	report = found;
	return null;
}

async function refresh()
{
	if (asking)
		return;
	asking = true;
	clearTimeout(timer);
	try {
		trouble = await ask();
	} catch (error) {
		trouble = error instanceof SyntaxError ? "odd" : "network";
	}
	asking = false;
	show();
	if (!document.hidden)
		timer = setTimeout(refresh, AGAIN_MS);
}

document.documentElement.classList.add("js");
document.addEventListener("visibilitychange", () =>
	document.hidden ? clearTimeout(timer) : refresh());
window.addEventListener("online", refresh);
refresh();
