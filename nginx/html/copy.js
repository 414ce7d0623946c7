/*
 * Buttons that copy a text, also where the browser has no way to do so.
 */
import { announce, button, make } from "./dom.js";
import { words } from "./words.js";

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
