/*
 * The ways in which photos come to a page: chosen, taken with the camera, dropped
 * anywhere on it, pasted, or chosen before its scripts had come.
 */
import { $ } from "./dom.js";

/* Of a folder: so many photos, so deep, among ten times as many files. */
const PHOTOS_MAX = 1000;
const DEPTH_MAX = 8;

/* Some browsers have no type for what they cannot show. */
const isPhoto = file => /^image\//.test(file.type)
    || /\.(avif|hei[cf]|tiff?)$/i.test(file.name);

const entriesOf = reader => new Promise((resolve, reject) =>
	reader.readEntries(resolve, reject));
const fileOf = entry => new Promise((resolve, reject) =>
	entry.file(resolve, reject));

async function* filesIn(folder, depth = 0)
{
	const reader = folder.createReader();

	for (let some; (some = await entriesOf(reader)).length > 0;)
		for (const entry of some)
			if (entry.isFile)
				yield await fileOf(entry);
			else if (depth < DEPTH_MAX)
				yield* filesIn(entry, depth + 1);
}

/* A folder's photos by name; and why they are not all, or none. */
async function unpack(folder)
{
	const photos = [];
	let left = 10 * PHOTOS_MAX;
	let problem = null;

	try {
		for await (const file of filesIn(folder)) {
			if (photos.length === PHOTOS_MAX || --left < 0) {
				problem = { code: "folder", limit: photos.length };
				break;
			}
			if (isPhoto(file))
				photos.push(file);
		}
	} catch {
		problem = { code: "unreadable" };
	}
	if (photos.length === 0)
		problem ??= { code: "folder" };
	photos.sort((a, b) => a.name.localeCompare(b.name, undefined,
	    { numeric: true }));
	return { photos, problem };
}

const carriesFiles = event => event.dataTransfer.types.includes("Files");

/*
 * Call add(files, refused) for all that comes from now on, and has come before:
 * files in their order, and refused as [{ name, problem }].
 */
export function receive(add)
{
	const drag = on => document.documentElement.classList.toggle("dragging", on);
	const take = input => {
		add([...input.files], []);
		/* so that the same file can be chosen again */
		input.value = "";
	};

	for (const input of [$("photos"), $("camera")]) {
		input.form.addEventListener("submit", event => event.preventDefault());
		input.addEventListener("change", () => take(input));
		take(input);
	}
	document.addEventListener("paste", event => add(
	    [...event.clipboardData.files], []));
	document.addEventListener("dragover", event => {
		if (!carriesFiles(event))
			return;
		event.preventDefault();
		event.dataTransfer.dropEffect = "copy";
		drag(true);
	});
	document.addEventListener("dragleave", event => {
		if (!event.relatedTarget)
			drag(false);
	});
	document.addEventListener("drop", async event => {
		if (!carriesFiles(event))
			return;
		event.preventDefault();
		drag(false);
		/* After this event its data are gone. */
		const items = [...event.dataTransfer.items].map(item => ({
			entry: item.webkitGetAsEntry?.(),
			file: item.kind === "file" ? item.getAsFile() : null }));
		const isFolder = ({ entry }) => Boolean(entry?.isDirectory);
		add(items.filter(item => item.file && !isFolder(item))
		    .map(item => item.file), []);
		for (const { entry } of items.filter(isFolder)) {
			const { photos, problem } = await unpack(entry);
			add(photos, problem ? [{ name: entry.name, problem }] : []);
		}
	});
}
