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

	node.addEventListener("click", () => act(node, word));
	return node;
}

/* Copies text, which is `what` in words. */
export function copyButton(text, label, what)
{
	const node = button(label, what, async (self, word) => {
		if (!await copy(text)) {
			const field = make("input", { readOnly: true, value: text,
				ariaLabel: what.replace(/^./, c => c.toUpperCase()) });
			const row = self.closest("div");
			row.append(make(row.matches("dl *") ? "dd" : "p",
			    { className: "whole" }, field));
			self.remove();
			field.select();
			field.focus();
			return;
		}
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
