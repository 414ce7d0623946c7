/*
 * The status page's words, and what its sections are made of.
 */
import { $, make } from "./dom.js";
import { language } from "./figures.js";

export const { status: words } = await import(`./status-${language}.js`);

/* Nothing is touched where nothing is new: who reads it may be in the middle. */
export function put(id, ...children)
{
	const fresh = $(id).cloneNode(false);

	fresh.append(...children);
	if (!$(id).isEqualNode(fresh))
		$(id).replaceChildren(...fresh.childNodes);
}

export const line = (...content) => make("p", {}, ...content);
export const lines = texts => texts.filter(Boolean).map(text => line(text));
/* Somebody's own words, whatever they do to the direction of writing. */
export const quoted = text => make("bdi", { textContent: text });

/* What the service says of an outage is English where it is not known here. */
export const causeOf = text => Object.hasOwn(words.causes, text)
	? make("p", { textContent: words.causes[text] })
	: make("p", { lang: "en", textContent: text });
