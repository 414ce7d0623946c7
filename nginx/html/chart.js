/*
 * A picture of parts in a row, one of which is told of in words: where a mouse
 * is, where a finger has tapped, or where the keys have gone. The keys are those
 * of a range input that lies over the picture, which screen readers know too.
 *
 * <div class="chart" id="x"><div aria-hidden="true"></div>
 * <input type="range" min="0" step="1" aria-label="…"></div><p id="x-told"></p>
 */
import { $ } from "./dom.js";

export class Chart {
	constructor(id)
	{
		const box = $(id);

		this.picture = box.querySelector("div");
		this.keys = box.querySelector("input");
		this.told = $(`${id}-told`);
		this.parts = [];
		this.chosen = -1;
		this.byHand = false;
		this.keys.addEventListener("input", () => this.pick(this.keys.value));
		for (const type of ["pointermove", "pointerdown"])
			box.addEventListener(type, event => this.pick(
			    event.target.closest("[data-part]")?.dataset.part));
	}

	/*
	 * Show these parts, [{ key, text }], drawn as nodes that have their part's
	 * number in data-part. What was told of still is, by its key; else it is
	 * the one of that number.
	 */
	show(parts, nodes, number)
	{
		const key = this.byHand ? this.parts[this.chosen]?.key : null;
		const kept = parts.findIndex(part => part.key === key);

		this.parts = parts;
		this.picture.replaceChildren(...nodes);
		this.keys.max = parts.length - 1;
		this.choose(kept === -1 ? number : kept);
		/* Under the hands of its reader nothing speaks by itself. */
		if (kept === -1 || document.activeElement !== this.keys)
			this.say();
	}

	pick(number)
	{
		if (number === undefined)
			return;
		this.byHand = true;
		this.choose(Number(number));
		this.say();
	}

	choose(number)
	{
		this.chosen = number;
		this.keys.value = number;
		this.told.textContent = this.parts[number].text;
		for (const node of this.picture.querySelectorAll("[data-part]"))
			node.classList.toggle("chosen",
			    Number(node.dataset.part) === number);
	}

	say()
	{
		this.keys.setAttribute("aria-valuetext", this.told.textContent);
	}
}
