/*
 * The upload page: what is chosen, dropped or pasted, two at a time on their
 * way, and what became of each. Without this script the form does the same in
 * one plain post, and the service answers with a page.
 *
 * The page knows no limit itself: a refusal brings limit and value.
 */
import { Card, isRemovable, remove, variantsOf } from "./card.js";
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
		const smallest = variantsOf(photo).at(-1);

		this.photo = photo;
		if (isRemovable(photo))
			keep({ ...photo, name: this.name, at: Date.now(),
				tokens: [photo.delete_token], variants: undefined,
				html: undefined, delete_token: undefined,
				thumb: smallest && { url: smallest.url,
				    width: smallest.width, height: smallest.height } });
		this.showReady(this.card.fill(photo));
		announce(say.ready(this.name));
	}

	showReady(facts)
	{
		this.show("ready", facts, isRemovable(this.photo)
		    ? words.card.remove : "");
	}

	async remove()
	{
		const facts = this.card.facts.textContent;

		this.show("removing", words.card.removing, "");
		const problem = await remove(this.photo.id, this.photo.delete_token);
		if (problem) {
			const text = words.card.notRemoved(refusal(problem));
			this.showReady(facts);
			this.card.refuse(text);
			announce(say.news(this.name, text));
		} else {
			this.card.clear();
			this.show("removed", words.card.removed, say.sendAgain);
			announce(words.card.removedNews(this.name));
		}
	}

	act()
	{
		if (this.state === "ready") {
			this.remove();
		} else if (this.state === "refused" || this.state === "removed") {
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
	const removed = count(p => p.state === "removed");

	$("summary").textContent = say.summary({ removed,
		all: photos.length - removed,
		ready: count(p => p.state === "ready" || p.state === "removing"),
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
