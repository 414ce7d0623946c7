/*
 * What is on its way as a small picture, where the browser can show it: only what
 * is on the screen or near it, one at a time, since each is decoded whole for a
 * moment. Of what cannot be shown, or is too large for this, nothing is.
 */
import { make } from "./dom.js";

const FILE_MAX = 32 << 20;
const SIDE = 256; /* px */

const wanted = new WeakMap(); /* thumb: file */
let turn = Promise.resolve();

async function draw(file)
{
	const bitmap = await createImageBitmap(file);
	const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
	const side = n => Math.max(1, Math.round(n * scale));
	const canvas = make("canvas", { width: side(bitmap.width),
		height: side(bitmap.height), ariaHidden: "true" });

	canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width,
	    canvas.height);
	bitmap.close();
	return canvas;
}

async function show(thumb)
{
	const file = wanted.get(thumb);
	const canvas = file && await draw(file).catch(() => null);

	if (canvas && wanted.get(thumb) === file)
		thumb.replaceChildren(canvas);
}

const onScreen = new IntersectionObserver(entries => {
	for (const { target } of entries.filter(entry => entry.isIntersecting)) {
		onScreen.unobserve(target);
		turn = turn.then(() => show(target));
	}
}, { rootMargin: "50%" });

export function preview(thumb, file)
{
	if (file.size > FILE_MAX)
		return;
	wanted.set(thumb, file);
	onScreen.observe(thumb);
}

export function endPreview(thumb)
{
	wanted.delete(thumb);
	onScreen.unobserve(thumb);
}
