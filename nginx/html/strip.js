/*
 * A day's minutes as stretches of one kind, and as rows of some hours each.
 */
import { make } from "./dom.js";
import { clock } from "./figures.js";

const MINUTE_MS = 60e3;
const KINDS = { o: "online", x: "offline", p: "planned" };

/*
 * The day from its midnight on: [{ kind, begin, end, from, until }], in minutes
 * of the day and as times. What is not over yet is "coming", or "announced"
 * where planned hours are in it.
 */
export function stretches({ from, total, minutes }, planned)
{
	const list = [];
	const at = minute => from + minute * MINUTE_MS;
	const isOff = minute => planned.some(hours => hours.from < at(minute + 1)
	    && hours.until > at(minute));
	const kindOf = minute => minute < minutes.length
	    ? KINDS[minutes[minute]] ?? "uncounted"
	    : isOff(minute) ? "announced" : "coming";

	for (let minute = 0; minute < total; minute++) {
		const kind = kindOf(minute);
		if (list.at(-1)?.kind !== kind)
			list.push({ kind, begin: minute, from: at(minute) });
		Object.assign(list.at(-1), { end: minute + 1, until: at(minute + 1) });
	}
	return list;
}

/* A place in a row, both ends in minutes, for the style sheet. */
function place(node, row, begin, end)
{
	node.style.setProperty("--at", (begin - row.begin) / row.length);
	node.style.setProperty("--size", (end - begin) / row.length);
	return node;
}

/* The parts of the stretches that are in the row. */
function marks(row, list)
{
	return list.flatMap(({ kind, begin, end }, part) => {
		const first = Math.max(begin, row.begin);
		const last = Math.min(end, row.begin + row.length);
		const node = make("span", { className: `mark ${kind}` });

		node.dataset.part = part;
		return first < last ? [place(node, row, first, last)] : [];
	});
}

function hourMarks(row, from)
{
	return Array.from({ length: Math.ceil(row.length / 60) }, (_, hour) => {
		const begin = row.begin + hour * 60;

		return place(make("span", { className: "hour",
			textContent: clock(from + begin * MINUTE_MS) }), row, begin, begin);
	});
}

/* Rows of so many hours; where clocks change, the last one has more or fewer. */
export function rows({ from, total }, list, hours)
{
	const length = hours * 60;
	const n = Math.max(1, Math.round(total / length));
	const last = total - (n - 1) * length;

	return Array.from({ length: n }, (_, i) => {
		const row = { begin: i * length, length: i < n - 1 ? length : last };
		const node = make("div", { className: "row" }, ...marks(row, list),
		    ...hourMarks(row, from));

		node.style.setProperty("--length", row.length / Math.max(length, last));
		return node;
	});
}
