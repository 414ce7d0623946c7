/*
 * Small parts of a page. Whatever text they are given enters the page as text,
 * never as markup.
 */
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

/* A button, with what it is about behind its label for screen readers. */
export function button(label, about, act)
{
	const word = document.createTextNode(label);
	const node = make("button", { type: "button" }, word,
	    make("span", { className: "unseen", textContent: ` ${about}` }));

	node.addEventListener("click", event => act(node, word, event));
	return node;
}
