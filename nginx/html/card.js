/*
 * A photo in a page: its frame, and what is shown and can be done when it is
 * ready. The upload page and the list of one's own photos fill it.
 */
import { isId, problemOf } from "./answers.js";
import { copyButton, make, webAddress } from "./dom.js";
import { bytes, size } from "./figures.js";
import { words } from "./words.js";

function variantRow(variant, name)
{
	const address = webAddress(variant.url);
	const ext = variant.type.replace("image/", "").replace("jpeg", "jpg");
	const file = `${variant.preset}.${ext}`;

	return make("div", {},
	    make("dt", {}, make("a", { href: address, textContent: file })),
	    make("dd", { textContent: `${size(variant.width, variant.height)} · ${
	        bytes(variant.bytes)}` }),
	    make("dd", { className: "tool" }, copyButton(address, words.card.copy,
	        words.card.addressOf(file, name))));
}

/* Until the thumbnail is there: the photo's placeholder on its colour. */
export function thumbnail(variant, photo, name)
{
	const shape = p => p.width / p.height;
	const whole = Math.abs(shape(variant) / shape(photo) - 1) < .05;
	const img = make("img", { alt: words.card.thumbnailOf(name),
		width: variant.width, height: variant.height });
	const link = make("a", { tabIndex: -1 }, img);

	if (/^#[0-9a-f]{6}$/.test(photo.color)
	    && /^data:image\/[a-z]+;base64,[A-Za-z0-9+/]+=*$/.test(photo.placeholder))
		link.style.background = `${photo.color} url("${photo.placeholder}")`
		    + ` center / ${whole ? "contain" : "cover"} no-repeat`;
	img.addEventListener("load", () => link.removeAttribute("style"));
	img.src = webAddress(variant.url);
	return link;
}

/* The thumbnails of a photo that have an address, the largest first. */
export const variantsOf = photo => photo.variants
    .filter(v => webAddress(v.url))
    .sort((a, b) => b.width * b.height - a.width * a.height);

/* Take a photo back; null, or a problem. */
export async function remove(id, token)
{
	try {
		const answer = await fetch(`photos/${id}`, { method: "DELETE",
			headers: { Accept: "application/json",
			    Authorization: `Bearer ${token}` } });
		if (answer.status === 404)
			return { code: "gone" };
		return answer.ok ? null : problemOf(answer.status,
		    await answer.json().catch(() => null), { code: "strange" });
	} catch {
		return { code: "network" };
	}
}

export const isRemovable = photo => isId(photo.id) && photo.delete_token !== "";

export class Card {
	/* extra: elements that stand below the title, for the page's own states */
	constructor(name, ...extra)
	{
		this.name = name;
		this.thumb = make("div", { className: "thumb" });
		this.title = make("h2", { tabIndex: -1 },
		    make("bdi", { textContent: name }));
		this.facts = make("p", { className: "facts" });
		this.refusal = make("p", { className: "refusal", hidden: true });
		this.tools = make("div", { className: "tools" });
		this.sizes = make("dl");
		this.element = make("article", { className: "photo" }, this.thumb,
		    make("div", { className: "about" }, this.title, ...extra,
		        this.facts, this.refusal, this.tools));
	}

	/* What is known of the photo in a line; "" is nothing. */
	say(facts)
	{
		this.facts.textContent = facts;
		this.facts.hidden = facts === "";
	}

	/* What went wrong, in words; "" is nothing. */
	refuse(text)
	{
		this.refusal.textContent = text;
		this.refusal.hidden = text === "";
	}

	/* The photo with all of its sizes; its facts in words. */
	fill(photo)
	{
		const sorted = variantsOf(photo);
		const facts = [size(photo.width, photo.height), bytes(photo.bytes)];

		if (sorted.length) {
			const link = thumbnail(sorted.at(-1), photo, this.name);
			link.href = webAddress(sorted[0].url);
			this.thumb.append(link);
		}
		this.sizes.append(...sorted.map(v => variantRow(v, this.name)));
		this.element.append(this.sizes);
		if (photo.html) {
			this.markup = copyButton(photo.html, words.card.copyHtml,
			    words.card.htmlOf(this.name));
			this.tools.prepend(this.markup);
		}
		if (photo.status === "exists")
			facts.push(words.card.existed);
		return facts.join(" · ");
	}

	/* Nothing of a photo is shown, any more or yet. */
	clear()
	{
		this.thumb.replaceChildren();
		this.sizes.remove();
		this.sizes.replaceChildren();
		this.markup?.remove();
	}
}
