/*
 * One's own photos: those that this browser has sent, the newest first.
 */
import { Card, thumbnail } from "./card.js";
import { resume } from "./deletion.js";
import { $, make } from "./dom.js";
import { bytes, size } from "./figures.js";
import { all, watch } from "./kept.js";
import { words } from "./words.js";

function cardOf(entry)
{
	const card = new Card(entry.name);

	if (entry.thumb)
		card.thumb.append(thumbnail(entry.thumb, entry, entry.name));
	card.say([size(entry.width, entry.height), bytes(entry.bytes)].join(" · "));
	return card.element;
}

function show()
{
	const entries = all();

	$("none").textContent = words.mine.none;
	$("none").hidden = entries.length > 0;
	$("list").replaceChildren(...entries.map(cardOf));
}

document.documentElement.classList.add("js");
watch(show);
show();
resume();
