/*
 * A photo in a page: its frame, and what is shown and can be done when it is
 * ready. The upload page and the list of one's own photos fill it.
 *
 * new Card(name, ...extra)  `element` is its frame, to be put into a list;
 *                           `title` can take the keyboard, `tools` the page's own
 *                           buttons; extra: elements below the facts
 * say(facts), refuse(text)  a line each; "" is none
 * fill(photo, act)          all of a photo, as photoOf() of answers.js gives it;
 *                           act(event) is called when Delete is pressed, null
 *                           where it cannot be deleted; its facts in words
 * leave(line), back()       it is deleted, and line (Deletion's element) says so;
 *                           it is back
 * clear()                   nothing of a photo, any more or yet
 *
 * A card is as high while its photo is awaited as when it is there: what stands
 * below must not move under a finger. CSS counts on --rows, set by the first.
 */
import { fileName, markdown, picture } from "./copies.js";
import { copyButton } from "./copy.js";
import { button, make, webAddress } from "./dom.js";
import { bytes, share, size } from "./figures.js";
import { words } from "./words.js";

const say = words.card;
const unseen = text => make("span", { className: "unseen", textContent: text });

const ENOUGH = 280; /* pixels: as wide as page.css shows it at most */

/* Wide enough for all to be seen at once, as page.css has it too. */
const isWide = matchMedia("(min-width: 34.01rem)");

/*
 * The thumbnails of a photo that have an address, as the service orders them. Of
 * a preset in several formats the first: the others are in the HTML, and are in a
 * manifest only when somebody has asked for them.
 */
const variantsOf = photo => photo.variants.filter((v, i, all) =>
	webAddress(v.url) && all.findIndex(one => one.preset === v.preset) === i);

/* The largest first; of those that are as large, the first as it is ordered. */
const bySize = photo => variantsOf(photo).sort((a, b) =>
	b.width * b.height - a.width * a.height);

const isWhole = (variant, photo) => Math.abs(variant.width / variant.height
    / (photo.width / photo.height) - 1) < .05;

/* What to show of a photo: the smallest that is enough, and not cut if possible. */
export function thumbOf(photo)
{
	const sorted = bySize(photo);

	return sorted.findLast(v => isWhole(v, photo)
	    && Math.max(v.width, v.height) >= ENOUGH) ?? sorted[0];
}

/* Until the thumbnail is there: the photo's placeholder on its colour. */
export function thumbnail(variant, photo, name)
{
	const img = make("img", { alt: say.thumbnailOf(name),
		width: variant.width, height: variant.height });
	const link = make("a", { tabIndex: -1 }, img);

	if (/^#[0-9a-f]{6}$/.test(photo.color)
	    && /^data:image\/[a-z]+;base64,[A-Za-z0-9+/]+=*$/.test(photo.placeholder))
		link.style.background = `${photo.color} url("${photo.placeholder}")`
		    + ` center / ${isWhole(variant, photo) ? "contain" : "cover"
		    } no-repeat`;
	img.addEventListener("load", () => link.removeAttribute("style"));
	img.src = webAddress(variant.url);
	return link;
}

/* In a tab of its own: this page has what would be lost with it. */
const openLink = (href, ...children) => make("a", { href, target: "_blank",
	rel: "noopener" }, ...children);

/* Of another origin the name is ignored, and the service is asked for a file. */
function saveLink(variant, name, file)
{
	const url = new URL(webAddress(variant.url));

	if (url.origin !== location.origin)
		url.search += url.search ? "&download" : "?download";
	return make("a", { href: url.href, className: "save",
		download: fileName(name, variant) }, say.save,
	    unseen(` ${file}, ${name}`));
}

function variantRow(variant, photo, name)
{
	const address = webAddress(variant.url);
	const ext = variant.type.replace("image/", "").replace("jpeg", "jpg");
	const file = `${variant.preset}.${ext}`;
	const part = share(variant.bytes, photo.bytes);

	return make("div", {},
	    make("dt", {}, openLink(address, file)),
	    make("dd", { textContent: size(variant.width, variant.height) }),
	    make("dd", { textContent: bytes(variant.bytes) }),
	    make("dd", { className: "share", textContent: part },
	        make("span", { textContent: part && ` ${say.ofOriginal}` })),
	    make("dd", { className: "tool" }, saveLink(variant, name, file),
	        copyButton(address, say.copy, say.addressOf(file, name))));
}

export class Card {
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
		this.copies = make("div", { className: "tools" });
		this.more = make("details", { open: isWide.matches, hidden: true },
		    make("summary", {}, say.more, unseen(` ${say.of(name)}`)),
		    this.sizes, this.copies);
		this.deeds = make("div", { className: "deeds" }, this.tools, this.more);
		this.element = make("article", { className: "photo" }, this.thumb,
		    make("div", { className: "about" }, this.title, this.facts,
		        ...extra, this.refusal), this.deeds);
	}

	say(facts)
	{
		this.facts.textContent = facts;
		this.facts.hidden = facts === "";
	}

	refuse(text)
	{
		this.refusal.textContent = text;
		this.refusal.hidden = text === "";
	}

	fill(photo, act)
	{
		const variants = variantsOf(photo);
		const facts = [size(photo.width, photo.height), bytes(photo.bytes)];

		this.clear();
		if (variants.length)
			this.show(photo);
		this.sizes.append(...variants.map(v => variantRow(v, photo, this.name)));
		const html = picture(photo.html);
		if (html)
			this.copies.append(this.copy(html, say.copyHtml, say.htmlOf));
		this.erase = act ? button(say.remove, this.name, (node, word, event) =>
			act(event)) : make("p", { className: "hint",
		    textContent: say.stays });
		this.erase.classList.add("erase");
		this.copies.append(this.erase);
		this.more.hidden = false;
		document.documentElement.style.setProperty("--rows", variants.length);
		if (photo.status === "exists")
			facts.push(say.existed);
		return facts.join(" · ");
	}

	copy(text, label, whatOf)
	{
		return copyButton(text, label, whatOf(this.name), say.of(this.name));
	}

	/* The picture, and the address of the largest. */
	show(photo)
	{
		const address = webAddress(bySize(photo)[0].url);
		const link = thumbnail(thumbOf(photo), photo, this.name);

		link.href = address;
		link.target = "_blank";
		link.rel = "noopener";
		this.thumb.append(link);
		this.main = this.copy(address, say.copyAddress, say.mainOf);
		this.main.classList.add("main");
		this.tools.prepend(this.main);
		this.copies.append(this.copy(markdown(this.name, address),
		    say.copyMarkdown, say.markdownOf));
	}

	leave(line)
	{
		/* What is left must not take the place of the keyboard with it. */
		if (this.element.contains(document.activeElement))
			this.title.focus();
		this.line = line;
		this.element.classList.add("leaving");
		this.deeds.hidden = true;
		this.element.append(line);
	}

	/* With the place of the keyboard, if the line had it. */
	back()
	{
		const had = this.line.contains(document.activeElement);

		this.element.classList.remove("leaving");
		this.deeds.hidden = false;
		this.line.remove();
		if (had)
			(this.erase?.isConnected ? this.erase : this.title).focus();
	}

	clear()
	{
		this.thumb.replaceChildren();
		this.main?.remove();
		this.tools.querySelector(".whole")?.remove();
		this.sizes.replaceChildren();
		this.copies.replaceChildren();
		this.more.hidden = true;
	}
}
