/*
 * The upload page: what is chosen, dropped or pasted, two at a time on their
 * way, and what became of each. Without this script the form does the same in
 * one plain post, and the service answers with a page.
 *
 * The page knows no limit itself: a refusal brings limit and value.
 */
import { isId } from "./answers.js";
import { Card, thumbOf } from "./card.js";
import { Deletion, resume } from "./deletion.js";
import { $, announce, button, make } from "./dom.js";
import { keep } from "./kept.js";
import { isPassing, send } from "./send.js";
import { refusal, words } from "./words.js";

const IN_FLIGHT = 2;
/* "rate-limited" asks for a pause, not for a person: so often, then it is said. */
const PAUSES = 5;

const root = document.documentElement;
const say = words.upload;

/* ---- one photo -------------------------------------------------------------- */

const photos = [];

/* Beyond its 256th claim a photo comes without a token. */
const isRemovable = photo => isId(photo.id) && photo.delete_token !== "";

class Photo {
	constructor(file, problem)
	{
		this.file = file;
		this.name = file.name || say.pasted;
		this.bar = make("progress", { max: 1,
			ariaLabel: say.progressOf(this.name) });
		this.card = new Card(this.name, this.bar);
		this.button = button("", this.name, () => this.act());
		this.card.tools.append(this.button);
		if (problem)
			this.refuse(problem);
		else
			this.wait();
	}

	/* The one place where a state is shown. */
	show(state, facts, label)
	{
		const moving = state === "waiting" || state === "moving";

		this.state = state;
		this.card.say(facts);
		this.bar.hidden = !moving;
		if (state !== "refused")
			this.card.refuse("");
		this.button.firstChild.data = label;
		/* A button that goes must not take the keyboard's place with it. */
		if (!label && document.activeElement === this.button)
			this.card.title.focus();
		this.button.hidden = !label;
		summarize();
	}

	wait()
	{
		this.pauses = 0;
		this.bar.value = 0;
		this.card.clear();
		this.show("waiting", say.waiting(this.file.size), say.cancel);
	}

	progress(share)
	{
		if (share >= 1) {
			this.bar.removeAttribute("value");
			this.show("moving", say.rendering, say.cancel);
		} else {
			this.bar.value = share;
			this.show("moving", say.sending(share, this.file.size),
			    say.cancel);
		}
	}

	refuse(problem)
	{
		const text = refusal(problem);

		this.retry = Boolean(isPassing(problem));
		this.card.refuse(text);
		this.show("refused", "", this.retry ? say.again : "");
		announce(say.news(this.name, text));
	}

	accept(photo)
	{
		const thumb = thumbOf(photo);

		this.photo = photo;
		if (isRemovable(photo))
			keep({ ...photo, name: this.name, at: Date.now(),
				tokens: [photo.delete_token], variants: undefined,
				html: undefined, delete_token: undefined,
				thumb: thumb && { url: thumb.url,
				    width: thumb.width, height: thumb.height } });
		this.ready = this.card.fill(photo, isRemovable(photo)
		    ? event => this.remove(event) : null);
		this.show("ready", this.ready, "");
		announce(say.ready(this.name));
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

	act()
	{
		if (this.state === "refused" || this.state === "removed") {
			this.wait();
			pump();
		} else if (this.abort) {
			this.abort();
		} else {
			this.refuse({ code: "cancelled" });
		}
	}

	send()
	{
		this.abort = send(this.file, {
			progress: share => this.progress(share),
			done: answer => {
				this.abort = null;
				this.take(answer);
				pump();
			} });
	}

	take({ photo, problem })
	{
		if (photo) {
			this.accept(photo);
		} else if (problem.code === "rate-limited" && this.pauses < PAUSES) {
			this.pauses++;
			this.bar.value = 0;
			this.show("waiting", say.pausing, say.cancel);
			pause(problem.seconds);
		} else {
			this.refuse(problem);
		}
	}
}

/* ---- all photos --------------------------------------------------------------- */

let pausedUntil = 0;

function pause(seconds)
{
	pausedUntil = Date.now() + 1000 * seconds;
	setTimeout(pump, 1000 * seconds + 10);
}

/* Start what may start. Called whenever that may have changed. */
function pump()
{
	if (Date.now() < pausedUntil)
		return;
	let room = IN_FLIGHT - photos.filter(p => p.abort).length;
	for (const photo of photos) {
		if (room <= 0)
			break;
		if (photo.state === "waiting") {
			photo.send();
			room--;
		}
	}
}

function summarize()
{
	const count = test => photos.filter(test).length;
	const removed = count(p => /^(leaving|removed)$/.test(p.state));

	$("summary").textContent = say.summary({ removed,
		all: photos.length - removed,
		ready: count(p => p.state === "ready"),
		refused: count(p => p.state === "refused") });
	$("again").hidden = count(p => p.state === "refused" && p.retry) < 2;
}

/* The newest stand first, next to where they were dropped. */
function add(files, folders = [])
{
	const added = [...folders.map(f => new Photo(f, { code: "folder" })),
		...files.map(f => new Photo(f))];

	if (added.length === 0)
		return;
	photos.push(...added);
	$("list").prepend(...added.map(p => p.card.element));
	announce(say.added(added.length));
	summarize();
	pump();
}

function drop(transfer)
{
	const folders = [];
	const files = [];

	for (const item of transfer.items) {
		const file = item.kind === "file" ? item.getAsFile() : null;
		if (file)
			(item.webkitGetAsEntry?.()?.isDirectory ? folders : files)
			    .push(file);
	}
	add(files, folders);
}

/* What the input has, also what was chosen before this script had come. */
function take(input)
{
	add([...input.files]);
	/* so that the same file can be chosen again */
	input.value = "";
}

const carriesFiles = event => event.dataTransfer.types.includes("Files");

$("form").addEventListener("submit", event => event.preventDefault());
$("photos").addEventListener("change", event => take(event.target));
$("again").addEventListener("click", () => {
	for (const photo of photos)
		if (photo.state === "refused" && photo.retry)
			photo.wait();
	$("photos").focus();
	pump();
});
document.addEventListener("paste", event => add(
    [...event.clipboardData.files]));
document.addEventListener("dragover", event => {
	if (!carriesFiles(event))
		return;
	event.preventDefault();
	event.dataTransfer.dropEffect = "copy";
	root.classList.add("dragging");
});
document.addEventListener("dragleave", event => {
	if (!event.relatedTarget)
		root.classList.remove("dragging");
});
document.addEventListener("drop", event => {
	if (!carriesFiles(event))
		return;
	event.preventDefault();
	root.classList.remove("dragging");
	drop(event.dataTransfer);
});
/* Leaving the page would end what is on its way. */
addEventListener("beforeunload", event => {
	if (photos.some(p => p.abort || p.state === "waiting"))
		event.preventDefault();
});

root.classList.add("js");
take($("photos"));
resume();
