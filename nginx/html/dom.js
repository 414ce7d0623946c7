/*
 * Small parts of a page. Whatever text they are given enters the page as text,
 * never as markup.
 */
import { words } from "./words.js";

export const $ = id => document.getElementById(id);

export function make(tag, props = {}, ...children)
{
	const node = Object.assign(document.createElement(tag), props);

	node.append(...children);
	return node;
}

/* For screen readers; old news go, so that the log stays small. */
export function announce(text)
{
	const news = $("news");

	news.append(make("p", { textContent: text }));
	while (news.childElementCount > 20)
		news.firstElementChild.remove();
}

/* Only web addresses become links, whatever a reply says; "" is none. */
export function webAddress(text)
{
	try {
		const url = new URL(text, document.baseURI);
		return /^https?:$/.test(url.protocol) ? url.href : "";
	} catch {
		return "";
	}
}

/* Plain http has no navigator.clipboard: the older way needs a selection. */
async function copy(text)
{
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		const focused = document.activeElement;
		const area = make("textarea", { value: text, className: "unseen" });
		document.body.append(area);
		area.select();
		const done = document.execCommand("copy");
		area.remove();
		focused?.focus();
		return done;
	}
}

/* A button, with what it is about behind its label for screen readers. */
export function button(label, about, act)
{
	const word = document.createTextNode(label);
	const node = make("button", { type: "button" }, word,
	    make("span", { className: "unseen", textContent: ` ${about}` }));

	node.addEventListener("click", event => act(node, word, event));
	return node;
}

/* In place of a button that could not copy: the text, to be taken by hand. */
function offer(text, what, self)
{
	const field = make("input", { readOnly: true, value: text,
		ariaLabel: what.replace(/^./, c => c.toUpperCase()) });
	const row = self.closest("div");

	row.append(make(row.matches("dl *") ? "dd" : "div", { className: "whole" },
	    field, make("p", { className: "hint", textContent: words.byHand })));
	self.remove();
	field.focus();
	field.select();
	announce(words.byHand);
}

/*
 * Copies text, which is `what` in words; `about` is the end of the button's own
 * name, where its label says a part of that already.
 */
export function copyButton(text, label, what, about = what)
{
	const node = button(label, about, async (self, word) => {
		if (!await copy(text)) {
			offer(text, what, self);
			return;
		}
		/* What stands beside it stays there. */
		self.style.minWidth = `${self.getBoundingClientRect().width}px`;
		word.data = words.copied;
		self.classList.add("done");
		announce(words.copiedWhat(what));
		setTimeout(() => {
			word.data = label;
			self.classList.remove("done");
		}, 2000);
	});

	node.classList.add("copy");
	return node;
}
