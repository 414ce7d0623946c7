/*
 * A photo of the list: its thumbnail and what is known of it without asking, and
 * below it, once it has been opened, what the upload page shows of one. Whether
 * it is still there is found out when it is looked at: when its thumbnail fails,
 * or when it is opened.
 */
import { photoOf, problemOf } from "./answers.js";
import { Card, thumbOf, thumbnail } from "./card.js";
import { announce, button, make } from "./dom.js";
import { bytes, hour, size } from "./figures.js";
import { renew } from "./kept.js";
import { refusal, words } from "./words.js";

const say = words.mine;

/* The manifest of a photo, or the problem: "gone" when there is none. */
async function ask(id)
{
	try {
		const answer = await fetch(`t/${id}/meta.json`);
		const reply = await answer.json().catch(() => null);
		const photo = answer.ok ? photoOf(reply) : null;
		return photo ? { photo } : { problem: answer.status === 404
		    ? { code: "gone" } : problemOf(answer.status, reply) };
	} catch {
		return { problem: { code: "network" } };
	}
}

export class Tile {
	/*
	 * pick(tile, event)    it was selected, or is not any more
	 * remove(tile, event)  it is to be deleted
	 * take(tile)           it is to be taken from the list
	 */
	constructor(entry, { pick, remove, take })
	{
		this.id = entry.id;
		this.remove = remove;
		this.label = make("span", { className: "unseen" });
		this.box = make("input", { type: "checkbox" });
		this.name = make("bdi");
		this.opener = make("button", { type: "button" }, this.name);
		this.thumb = make("div", { className: "thumb" });
		this.facts = make("p", { className: "facts" });
		this.note = make("p", { className: "refusal", hidden: true });
		this.taker = button(say.take, "", () => take(this));
		this.taker.hidden = true;
		this.opener.setAttribute("aria-expanded", "false");
		this.box.addEventListener("click", event => pick(this, event));
		this.opener.addEventListener("click", () => this.toggle());
		this.element = make("li", {}, make("div", { className: "tile" },
		    make("label", { className: "check" }, this.box, this.label),
		    make("h3", {}, this.opener), this.thumb, this.facts, this.note,
		    this.taker));
		this.set(entry);
	}

	/* What the list knows; it may change while it is shown. */
	set(entry)
	{
		const shown = this.entry?.thumb?.url;

		this.entry = { ...entry, name: entry.name || say.unnamed };
		this.name.textContent = this.entry.name;
		this.label.textContent = say.select(this.entry.name);
		this.taker.lastChild.textContent = ` ${this.entry.name}`;
		this.facts.replaceChildren(make("time", { textContent: hour(entry.at),
			dateTime: new Date(entry.at).toISOString() }),
		    ...[size(entry.width, entry.height), bytes(entry.bytes)].map(
		        textContent => make("span", { textContent })));
		if (entry.thumb && entry.thumb.url !== shown)
			this.picture(entry.thumb, () => this.repair());
	}

	picture(thumb, failed)
	{
		const link = thumbnail(thumb, this.entry, this.entry.name);
		const img = link.firstChild;

		img.loading = "lazy";
		img.alt = ""; /* the name is above it */
		img.addEventListener("error", () => {
			img.hidden = true; /* its placeholder is there still */
			failed();
		}, { once: true });
		this.thumb.replaceChildren(link);
	}

	/* Its preset may have gone, or the photo; once, and not in a circle. */
	async repair()
	{
		const { photo, problem } = await ask(this.id);
		const thumb = photo && thumbOf(photo);

		if (problem?.code === "gone")
			this.lose();
		else if (thumb) {
			this.picture(thumb, () => {});
			renew(this.id, { url: thumb.url, width: thumb.width,
				height: thumb.height });
		}
	}

	/* It is there no more; what there was stays on the list till it is taken. */
	lose()
	{
		this.refuse(say.gone);
		this.taker.hidden = false;
	}

	/* What went wrong, in words; "" is nothing. */
	refuse(text)
	{
		this.note.textContent = text;
		this.note.hidden = text === "";
	}

	/* It is selected, and it is being deleted. */
	mark(picked, leaving)
	{
		this.box.checked = picked;
		this.element.inert = leaving;
		if (leaving)
			this.close();
	}

	toggle()
	{
		if (this.card)
			this.close();
		else
			this.open();
	}

	close()
	{
		this.card?.element.remove();
		this.card = null;
		this.opener.setAttribute("aria-expanded", "false");
	}

	async open()
	{
		const { name } = this.entry;
		const card = new Card(name);

		this.card = card;
		card.say(say.opening);
		this.opener.setAttribute("aria-expanded", "true");
		this.element.append(card.element);
		const { photo, problem } = await ask(this.id);
		if (this.card !== card)
			return; /* closed meanwhile */
		if (photo) {
			card.say(card.fill(photo, event => this.remove(this, event)));
		} else if (problem.code === "gone") {
			this.close();
			this.lose();
			announce(words.upload.news(name, say.gone));
		} else {
			card.say("");
			card.refuse(refusal(problem));
			announce(words.upload.news(name, refusal(problem)));
		}
	}
}
