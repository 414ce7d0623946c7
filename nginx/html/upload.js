/*
 * The upload page: whatever comes, two photos at a time on their way, and what
 * became of each. Without this script the form does the same in one plain post,
 * and the service answers with a page.
 *
 * The page knows no limit itself: a refusal brings limit and value.
 */
import { pauseAfter } from "./again.js";
import { isId } from "./answers.js";
import { Card, thumbOf } from "./card.js";
import { Deletion, resume } from "./deletion.js";
import { $, announce, button, make } from "./dom.js";
import { canFind, find, hash } from "./find.js";
import { isAllowed, keep } from "./kept.js";
import { receive } from "./pick.js";
import { endPreview, preview } from "./preview.js";
import { isPassing, makeKey, send } from "./send.js";
import { refusal, words } from "./words.js";

const IN_FLIGHT = 2;
/* So many are told of one by one; of more, the sum now and then. */
const FEW = 5;
const SUM_MS = 5e3;

const UNDER_WAY = new Set(["waiting", "asking", "moving"]);

const say = words.upload;

/* ---- what is said aloud ------------------------------------------------------ */

let sum = 0;
let lines = 0;

/* What became of a photo; what matters is said of the first of many too. */
function tell(name, text, matters = false)
{
	if (photos.filter(isUnderWay).length < FEW
	    || (matters && ++lines < FEW)) {
		announce(say.news(name, text));
		return;
	}
	sum ||= setTimeout(() => {
		sum = lines = 0;
		announce($("summary").textContent);
	}, SUM_MS);
}

/* ---- one photo -------------------------------------------------------------- */

const photos = [];
const isUnderWay = photo => UNDER_WAY.has(photo.state);

/* Beyond its 256th claim a photo comes without a token. */
const isRemovable = photo => isId(photo.id) && photo.delete_token !== "";

class Photo {
	constructor(file, problem)
	{
		this.file = file;
		this.name = file.name || say.pasted;
		this.key = makeKey();
		this.bar = make("progress", { max: 1,
			ariaLabel: say.progressOf(this.name) });
		this.card = new Card(this.name, this.bar);
		this.button = button("", this.name, () => this.act());
		this.stop = button(say.cancel, this.name, () => {
			this.cancel();
			pump();
		});
		this.card.tools.append(this.button, this.stop);
		if (problem)
			this.refuse(problem);
		else if (file.size === 0)
			this.refuse({ code: "empty" });
		else
			this.wait();
	}

	/* The one place where a state is shown. */
	show(state, facts, label = "")
	{
		this.state = state;
		this.card.say(facts);
		this.card.element.classList.toggle("held", state === "waiting"
		    && label !== "");
		this.bar.hidden = !isUnderWay(this);
		if (state !== "refused")
			this.card.refuse("");
		this.button.firstChild.data = label;
		this.offer(this.button, label !== "");
		this.offer(this.stop, isUnderWay(this));
		changed();
	}

	/* A button that goes must not take the keyboard's place with it. */
	offer(node, isOffered)
	{
		if (!isOffered && node === document.activeElement)
			this.card.title.focus();
		node.hidden = !isOffered;
	}

	/* From the beginning: as it came, or as a person wants it again. */
	wait()
	{
		if (this.photo) {
			/* Its claim may be on its way out still: this is another one. */
			this.key = makeKey();
			this.photo = null;
			this.card.clear();
		}
		this.tries = 0;
		this.queue();
		preview(this.card.thumb, this.file);
	}

	/* In the queue; because of a problem, not before a time. */
	queue(problem = null, at = 0)
	{
		this.problem = problem;
		this.at = at;
		this.hurried = false;
		this.asked = !canFind(this.file);
		this.bar.value = 0;
		this.showWaiting();
	}

	/* What it waits for, in words; "" is nothing but its turn. */
	reason()
	{
		const seconds = Math.ceil((this.at - Date.now()) / 1000);

		if (!this.isConnected())
			return say.offline;
		if (seconds <= 0)
			return "";
		return refusal({ ...this.problem, wait: seconds });
	}

	showWaiting()
	{
		const reason = this.reason();
		const facts = reason || say.waiting(this.file.size);

		if (this.state !== "waiting" || this.card.facts.textContent !== facts)
			this.show("waiting", facts, reason && say.now);
	}

	/* As the browser says; a person may know better. */
	isConnected()
	{
		return navigator.onLine || this.hurried;
	}

	mayGo(now)
	{
		return this.state === "waiting" && this.at <= now
		    && this.isConnected() && (hold.at <= now || this.hurried);
	}

	hurry()
	{
		this.at = hold.at = 0;
		this.hurried = true;
		pump();
	}

	/* Is it here already? */
	async ask()
	{
		const { signal } = this.control = new AbortController();

		this.bar.removeAttribute("value");
		this.show("asking", say.asking(this.file.size));
		this.sum ??= await hash(this.file);
		const photo = this.sum && !signal.aborted
		    ? await find(this.sum, this.key, signal) : null;
		if (signal.aborted)
			return;
		this.asked = true;
		this.bar.value = 0;
		if (photo)
			this.accept(photo);
		else
			this.showWaiting();
		pump();
	}

	async send()
	{
		const { signal } = this.control = new AbortController();
		const answer = await send(this.file, { key: this.key, signal,
			progress: share => this.progress(share) });

		if (signal.aborted)
			return;
		this.take(answer);
		pump();
	}

	progress(share)
	{
		if (share >= 1) {
			this.bar.removeAttribute("value");
			this.show("moving", say.rendering);
		} else {
			this.bar.value = share;
			this.show("moving", say.sending(share, this.file.size));
		}
	}

	take({ photo, problem })
	{
		if (photo)
			this.accept(photo);
		else if (problem.code === "network" && !navigator.onLine)
			this.queue(problem);
		else
			this.defer(problem, waitFor(problem, this));
	}

	/* Later, where that may help: else a person has to decide. */
	defer(problem, ms)
	{
		if (!ms) {
			this.refuse(problem);
			return;
		}
		this.queue(problem, Date.now() + ms);
		if (isOfAll(problem))
			hold = this;
		if (this.tries < 2)
			tell(this.name, this.card.facts.textContent, true);
	}

	refuse(problem)
	{
		const text = refusal(problem);

		this.problem = problem;
		if (problem.status < 500)
			troubles = 0;
		this.card.refuse(text);
		this.show("refused", "", isPassing(problem) ? say.again : "");
		tell(this.name, text, true);
	}

	cancel()
	{
		this.control?.abort();
		this.show("cancelled", say.cancelled, say.again);
		tell(this.name, say.cancelled);
	}

	accept(photo)
	{
		const thumb = thumbOf(photo);

		troubles = 0;
		endPreview(this.card.thumb);
		this.photo = photo;
		if (isRemovable(photo))
			tellKept(keep({ ...photo, name: this.name, at: Date.now(),
				tokens: [photo.delete_token], variants: undefined,
				html: undefined, delete_token: undefined,
				thumb: thumb && { url: thumb.url,
				    width: thumb.width, height: thumb.height } }));
		this.ready = this.card.fill(photo, isRemovable(photo)
		    ? event => this.remove(event) : null);
		this.show("ready", this.ready, "");
		tell(this.name, say.ready);
	}

	/* The same photo may have been sent twice: all of it goes, or comes back. */
	remove(event)
	{
		const same = photos.filter(p => p.state === "ready"
		    && p.photo.id === this.photo.id);
		const tokens = same.map(p => p.photo.delete_token).filter(Boolean);
		const deletion = new Deletion([{ id: this.photo.id, tokens }],
		    this.name, {
			undone: () => same.forEach(p => p.stay("")),
			ended: ([problem]) => same.forEach(p => problem
				? p.stay(words.card.notRemoved(refusal(problem)))
				: p.go()) });

		for (const photo of same)
			photo.leave(photo === this ? deletion.element
			    : make("p", { textContent: words.card.deleted }));
		deletion.begin(event);
	}

	leave(line)
	{
		this.card.leave(line);
		this.show("leaving", this.ready, "");
	}

	stay(why)
	{
		this.card.back();
		this.show("ready", this.ready, "");
		this.card.refuse(why);
		if (why)
			announce(say.news(this.name, why));
	}

	go()
	{
		this.card.clear();
		this.card.back();
		this.show("removed", words.card.removed, say.sendAgain);
		announce(words.card.removedNews(this.name));
	}

	canTryAgain()
	{
		return this.state === "cancelled"
		    || (this.state === "refused" && isPassing(this.problem));
	}

	act()
	{
		if (this.state === "waiting") {
			this.hurry();
		} else {
			this.wait();
			pump();
		}
	}
}

/* ---- when to go on ------------------------------------------------------------ */

/* Until hold.at none starts, but what a person hurries: as that photo found out. */
let hold = { at: 0 };
let troubles = 0; /* in a row, without a photo that was taken */

const isLost = photo => ["network", "stalled"].includes(photo.problem?.code);

/* An hour off: no try has failed, and its end is worth waiting for. */
const isPlanned = problem => problem?.code === "offline"
    && problem.until !== "" && problem.seconds > 0;

/* Others would fare the same. */
function isOfAll({ code, status })
{
	troubles++;
	return code === "network" || code === "stalled" || status === 429
	    || status === 503 || troubles > IN_FLIGHT;
}

/* Of what is large one more try costs much, and it may be too large. */
function waitFor(problem, photo)
{
	if (isPlanned(problem))
		return 1000 * problem.seconds;
	photo.tries += problem.large ? 3 : 1;
	return pauseAfter(problem, photo.tries);
}

let timer = 0;

/*
 * Start what may start, and say of what may not why. Called whenever that may have
 * changed, and each second while a time is waited for: timers of a page in the
 * background are late, so the clock decides.
 */
function pump()
{
	const now = Date.now();
	let room = IN_FLIGHT - photos.filter(p => p.state === "moving").length;

	if (!photos.some(p => p.state === "asking"))
		photos.find(p => !p.asked && p.mayGo(now))?.ask();
	for (const photo of photos.filter(p => p.asked && p.mayGo(now)))
		if (room-- > 0)
			photo.send();
	for (const photo of photos.filter(p => p.state === "waiting"))
		photo.showWaiting();
	clearTimeout(timer);
	if (photos.some(p => p.state === "waiting" && Math.max(p.at, hold.at) > now))
		timer = setTimeout(pump, 1000);
}

/* The connection is back, whatever the times were that it was waited for. */
function goOn()
{
	for (const photo of photos.filter(isLost))
		if (photo.state === "waiting" || photo.state === "refused")
			photo.wait();
	if (photos.some(isUnderWay))
		announce(say.online);
	pump();
}

/* ---- all photos --------------------------------------------------------------- */

const title = document.title;
let isChanged = false;

/* Once for all that changes together. */
function changed()
{
	if (!isChanged)
		queueMicrotask(summarize);
	isChanged = true;
}

function summarize()
{
	const counts = Object.fromEntries(["ready", "leaving", "refused",
		"cancelled", "removed"].map(state => [state, 0]));
	const moving = photos.filter(isUnderWay).length;

	isChanged = false;
	for (const { state } of photos)
		counts[state]++;
	const { ready, refused, cancelled } = counts;
	const removed = counts.leaving + counts.removed;
	const all = photos.length - removed;
	$("summary").textContent = say.summary({ ready, all, refused, cancelled,
		removed });
	$("again").hidden = photos.filter(p => p.canTryAgain()).length < 2;
	$("stop").hidden = moving < 2;
	document.title = moving ? `(${ready}/${all}) ${title}` : title;
}

/* Is what was sent in the list of this browser? Said once. */
function tellKept(kept)
{
	if (kept || !$("unkept").hidden)
		return;
	$("kept").hidden = true;
	$("unkept").hidden = false;
	announce($("unkept").textContent);
}

/* The newest stand first, next to where they were dropped. */
function add(files, refused)
{
	const added = [...refused.map(one => new Photo(one, one.problem)),
		...files.map(file => new Photo(file))];

	if (added.length === 0)
		return;
	$("kept").hidden = !$("unkept").hidden || !isAllowed();
	photos.push(...added);
	$("list").prepend(...added.map(p => p.card.element));
	if (files.length)
		announce(say.added(files.length));
	pump();
}

/* Do it to each, and go on with a button that is still there. */
function each(which, act, next)
{
	for (const photo of photos.filter(which))
		act(photo);
	summarize();
	($(next).hidden ? $("photos") : $(next)).focus();
	pump();
}

$("again").addEventListener("click", () => each(p => p.canTryAgain(),
    photo => photo.wait(), "stop"));
$("stop").addEventListener("click", () => each(isUnderWay,
    photo => photo.cancel(), "again"));
addEventListener("online", goOn);
addEventListener("offline", () => {
	if (photos.some(isUnderWay))
		announce(say.offline);
	pump();
});
/* Leaving the page would end what is on its way. */
addEventListener("beforeunload", event => {
	if (photos.some(isUnderWay))
		event.preventDefault();
});

document.documentElement.classList.add("js");
receive(add);
resume();
