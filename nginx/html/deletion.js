/*
 * Photos that somebody has deleted: they can be had back for eight seconds, then
 * the service is asked to delete them, once with each token that this browser
 * has. The time is counted by the clock, since timers of pages in the background
 * stop; it starts anew while Undo has the keyboard or the pointer, so that nobody
 * has to be quick.
 *
 * A page that ends before asks at once. What may get lost on the way then is
 * marked in storage: the next page of this browser finishes it (resume).
 */
import { isBrief, pauseAfter, sleep, untilOnline } from "./again.js";
import { problemOf } from "./answers.js";
import { announce, button, make } from "./dom.js";
import { seconds } from "./figures.js";
import { all, find, forget, mark } from "./kept.js";
import { words } from "./words.js";

const UNDO_MS = 8e3;
/* A page elsewhere that was asked less long ago may still take it back. */
const FRESH_MS = 12e3;
/* nginx answers within 20 s; a dead connection never. */
const STALL_MS = 30e3;

/* ---- asking the service ------------------------------------------------------ */

/* One claim, once; null when this browser has it no more, or a problem. */
async function drop(id, token)
{
	try {
		const answer = await fetch(`photos/${id}`, { method: "DELETE",
			keepalive: true, signal: AbortSignal.timeout?.(STALL_MS),
			headers: { Accept: "application/json",
			    Authorization: `Bearer ${token}` } });
		if (answer.ok || answer.status === 404)
			return null;
		const problem = problemOf(answer.status,
		    await answer.json().catch(() => null));
		problem.seconds = Number(answer.headers.get("Retry-After")) || 0;
		/* Taken back before, or run out: an answer that got lost, say. */
		return problem.code === "token-invalid" ? null : problem;
	} catch {
		return { code: "network" };
	}
}

async function dropPatiently(id, token)
{
	for (let n = 1; ; n++) {
		const problem = await drop(id, token);
		const ms = problem ? pauseAfter(problem, n) : 0;
		if (!ms)
			return problem;
		await Promise.race([sleep(ms), untilOnline()]);
	}
}

/* All claims of a photo; null when it is done, or the first problem. */
async function remove({ id, tokens })
{
	const problems = await Promise.all(tokens.map(token =>
		dropPatiently(id, token)));
	const problem = problems.find(Boolean) ?? null;

	/* Sent once more meanwhile, it has an entry that is not marked. */
	if (!problem && find(id)?.gone)
		forget(id);
	return problem;
}

/* ---- the time between --------------------------------------------------------- */

const waiting = new Set();

/*
 * photos   [{ id, tokens }]: the tokens that storage has too are found here
 * name     of the photo, or words for several of them
 * undone() they are wanted after all; nothing was sent
 * ended(problems)  an array beside photos: null, or why that one is still there
 *
 * element is a line with "Deleted" and Undo, to be put where they stood; the
 * owner takes it away when it is undone or has ended. begin(event) starts the time,
 * the click on the button that deletes being the event: a keyboard's click takes
 * the keyboard to Undo.
 */
export class Deletion {
	constructor(photos, name, { undone, ended })
	{
		this.photos = photos.map(({ id, tokens }) => ({ id, tokens:
		    [...new Set([...tokens, ...find(id)?.tokens ?? []])] }));
		this.name = name;
		this.undone = undone;
		this.ended = ended;
		this.text = make("p", { textContent: words.card.deleted,
			tabIndex: -1 });
		this.undo = button(words.card.undo, words.card.undoOf(name),
		    () => this.takeBack());
		this.undo.classList.add("main");
		this.undo.addEventListener("pointerenter", ({ pointerType }) =>
			this.isUnderMouse = pointerType !== "touch");
		this.undo.addEventListener("pointerleave", () =>
			this.isUnderMouse = false);
		this.left = make("span", { className: "left", ariaHidden: "true" });
		this.element = make("div", { className: "undo" }, this.text,
		    this.undo, this.left);
	}

	begin(event)
	{
		for (const { id } of this.photos)
			mark(id, true);
		this.end = Date.now() + UNDO_MS;
		waiting.add(this);
		if (event?.detail === 0)
			this.undo.focus();
		announce(words.card.deletedNews(this.name, UNDO_MS / 1000));
		this.tick();
	}

	/* A finger that has gone leaves the pointer where it was. */
	isHeld()
	{
		return document.hasFocus() && (this.undo === document.activeElement
		    || this.isUnderMouse);
	}

	tick()
	{
		if (this.isHeld())
			this.end = Date.now() + UNDO_MS;
		const ms = this.end - Date.now();
		if (ms <= 0) {
			this.finish();
			return;
		}
		this.left.textContent = seconds(Math.ceil(ms / 1000));
		this.timer = setTimeout(() => this.tick(), ms % 1000 || 1000);
	}

	takeBack()
	{
		if (!this.stop())
			return;
		for (const { id } of this.photos)
			mark(id, false);
		this.undone();
	}

	/* The time is over; false: it was before. */
	stop()
	{
		clearTimeout(this.timer);
		return waiting.delete(this);
	}

	/* Asks for each photo at once, where the page has no time to wait. */
	async finish({ atOnce = false } = {})
	{
		const problems = [];

		if (!this.stop())
			return;
		this.text.textContent = words.card.deleting;
		/* In a window that is not in front Undo may have it still. */
		if (document.activeElement === this.undo)
			this.text.focus();
		this.undo.hidden = this.left.hidden = true;
		const removals = atOnce ? this.photos.map(remove) : [];
		for (const [i, photo] of this.photos.entries()) {
			problems[i] = await (removals[i] ?? remove(photo));
			if (problems[i])
				mark(photo.id, false);
		}
		this.ended(problems);
	}
}

addEventListener("pagehide", () => {
	for (const deletion of [...waiting])
		deletion.finish({ atOnce: true });
});

/*
 * Finish what an earlier page could not. Called once by each page; what fails
 * but may pass stays marked for the next one.
 */
export async function resume()
{
	for (const { id, gone } of all().filter(entry => entry.gone)) {
		const ms = gone + FRESH_MS - Date.now();
		if (ms > 0)
			await sleep(Math.min(ms, FRESH_MS));
		const entry = find(id);
		if (entry?.gone !== gone)
			continue;
		const problem = await remove(entry);
		if (problem && !isBrief(problem))
			mark(id, false);
	}
}
