/*
 * One's own photos: those that this browser has sent, the newest first and by
 * days. What is deleted stands where it stood until it can't be had back.
 */
import { Deletion, resume } from "./deletion.js";
import { $, announce, make } from "./dom.js";
import { day } from "./figures.js";
import { all, forget, isAllowed, watch } from "./kept.js";
import { Tile } from "./tile.js";
import { refusal, words } from "./words.js";

/* So many at first, and with each "Show more": hundreds stay quick. */
const PAGE = 48;

const say = words.mine;

let entries = []; /* the whole list */
let limit = PAGE; /* so many of it are shown */
const tiles = new Map(); /* the photos shown, by id */
const days = new Map(); /* and the sections that they stand in, by their names */
const picked = new Set(); /* ids */
let last = ""; /* picked: the other end of a range */
const leaving = new Set(); /* ids of those that this page is deleting */

const shown = () => entries.slice(0, limit).map(entry => entry.id);
const free = () => entries.map(entry => entry.id)
    .filter(id => !leaving.has(id));

/* ---- showing it ------------------------------------------------------------------ */

/*
 * Let a parent have these children in this order. What stands right is not
 * touched, so that neither focus nor a picture on its way is lost.
 */
function arrange(parent, nodes)
{
	const wanted = new Set(nodes);

	for (const node of [...parent.children])
		if (!wanted.has(node))
			node.remove();
	nodes.forEach((node, i) => {
		if (parent.children[i] !== node)
			parent.insertBefore(node, parent.children[i] ?? null);
	});
}

/* Keep one for each key, made when it is new. */
function only(map, keys, create)
{
	for (const key of [...map.keys()])
		if (!keys.has(key))
			map.delete(key);
	for (const key of keys)
		if (!map.has(key))
			map.set(key, create(key));
}

function section(name)
{
	const list = make("ul");

	return { list, element: make("section", {},
	    make("h2", { textContent: name }), list) };
}

function place()
{
	const now = entries.slice(0, limit);
	const byId = new Map(now.map(entry => [entry.id, entry]));
	const byDay = new Map();

	only(tiles, new Set(byId.keys()), id => new Tile(byId.get(id), { pick, take,
		remove: (tile, event) => remove(new Set([tile.id]), event) }));
	for (const entry of now) {
		const name = day(entry.at);
		tiles.get(entry.id).set(entry);
		if (!byDay.has(name))
			byDay.set(name, []);
		byDay.get(name).push(tiles.get(entry.id).element);
	}
	only(days, new Set(byDay.keys()), section);
	arrange($("days"), [...byDay.keys()].map(name => days.get(name).element));
	for (const [name, nodes] of byDay)
		arrange(days.get(name).list, nodes);
}

/* How many there are, and are selected. */
function count()
{
	const all = free().length;
	const some = picked.size > 0;

	$("count").textContent = some ? say.selectedOf(picked.size, all)
	    : say.photos(all);
	$("all").checked = some && picked.size === all;
	$("all").indeterminate = some && picked.size < all;
	$("all").disabled = all === 0;
	$("bar").hidden = !some;
	$("selected").textContent = say.selected(picked.size);
	$("ask").textContent = say.ask(all);
	$("about").textContent = ` ${say.photos(picked.size)}`;
	for (const [id, tile] of tiles)
		tile.mark(picked.has(id), leaving.has(id));
}

const isLost = node => node === document.body || !node.isConnected
    || node.closest("[hidden], [inert]") !== null;

/*
 * Change something that may take the keyboard's place with it: then it goes to the
 * photo that stands where the one stood that had it, or to where near stood.
 */
function keepPlace(change, near)
{
	const order = shown();
	const had = document.activeElement;
	const at = Math.max(0, order.indexOf(near ?? order.find(id =>
		tiles.get(id).element.contains(had))));

	change();
	if (had === document.body || !isLost(document.activeElement))
		return;
	const next = [...order.slice(at), ...order.slice(0, at).reverse()]
	    .find(id => tiles.has(id) && !leaving.has(id));
	(tiles.get(next)?.opener ?? $("title")).focus({ preventScroll: true });
}

function show()
{
	entries = all().filter(entry => !entry.gone || leaving.has(entry.id));
	const ids = new Set(free());
	for (const id of [...picked].filter(one => !ids.has(one)))
		picked.delete(id);
	place();
	$("forbidden").hidden = isAllowed();
	$("none").hidden = entries.length > 0 || !isAllowed();
	$("photos").hidden = $("emptying").hidden = entries.length === 0;
	$("more").hidden = entries.length <= limit;
	$("more").textContent = say.more(Math.min(PAGE, entries.length - limit));
	count();
}

const refresh = () => keepPlace(show);

/* ---- selecting -------------------------------------------------------------------- */

/* With the shift key all between this one and the last one. */
function pick(tile, event)
{
	const order = shown().filter(id => !leaving.has(id));
	const [from, to] = [last, tile.id].map(id => order.indexOf(id))
	    .sort((a, b) => a - b);
	const ids = event.shiftKey && from >= 0 ? order.slice(from, to + 1)
	    : [tile.id];

	select(ids, tile.box.checked);
	last = tile.id;
}

function select(ids, on)
{
	for (const id of ids)
		if (on)
			picked.add(id);
		else
			picked.delete(id);
	$("problem").hidden = true;
	keepPlace(count);
}

/* ---- deleting ---------------------------------------------------------------------- */

/* Some of the list, in its order. */
function remove(some, event)
{
	const photos = entries.filter(entry => some.has(entry.id));
	const ids = photos.map(photo => photo.id);
	const name = photos.length === 1 ? photos[0].name || say.unnamed
	    : say.photos(photos.length);
	const deletion = new Deletion(photos, name, {
		undone: () => back(deletion, ids),
		ended: problems => ended(deletion, ids, problems) });

	deletion.text.textContent = say.deleted(ids.length);
	for (const id of ids)
		leaving.add(id);
	keepPlace(() => {
		$("dock").append(deletion.element);
		deletion.begin(event);
		select(ids, false);
	}, ids[0]);
}

/* It comes back as it was: for whoever wanted to delete all but one of them. */
function back(deletion, ids)
{
	for (const id of ids)
		leaving.delete(id);
	keepPlace(() => {
		deletion.element.remove();
		show();
		select(ids, ids.length > 1);
	}, ids[0]);
}

function ended(deletion, ids, problems)
{
	const failed = ids.filter((_, i) => problems[i]);

	for (const id of ids)
		leaving.delete(id);
	keepPlace(() => {
		deletion.element.remove();
		show();
		select(failed, true);
	}, ids[0]);
	if (failed.length) {
		const text = say.notDeleted(failed.length,
		    refusal(problems.find(Boolean)));
		$("problem").textContent = text;
		$("problem").hidden = false;
		announce(text);
	}
}

/* ---- taking from the list ------------------------------------------------------------ */

function take(tile)
{
	forget(tile.id);
	refresh();
	announce(say.taken(tile.entry.name));
}

function ask(open)
{
	$("sure").hidden = !open;
	$("empty").setAttribute("aria-expanded", String(open));
	(open ? $("no") : $("empty")).focus();
}

function empty()
{
	for (const id of free())
		forget(id);
	ask(false);
	refresh();
	announce(say.emptied);
	if (isLost(document.activeElement))
		$("title").focus();
}

/* ---- the page ------------------------------------------------------------------------- */

$("all").addEventListener("click", event => select(free(),
    event.target.checked));
$("clear").addEventListener("click", () => select(free(), false));
$("delete").addEventListener("click", event => remove(picked, event));
$("days").addEventListener("keydown", event => {
	if (event.key === "Delete" && picked.size)
		remove(picked, event);
});
$("more").addEventListener("click", () => {
	const old = shown().length;

	limit += PAGE;
	show();
	announce(say.shown(shown().length, entries.length));
	tiles.get(shown()[old])?.opener.focus({ preventScroll: true });
});
$("empty").addEventListener("click", () => ask($("sure").hidden));
$("no").addEventListener("click", () => ask(false));
$("yes").addEventListener("click", empty);
/* A page that comes back as it was left has heard nothing meanwhile. */
addEventListener("pageshow", event => event.persisted && refresh());

document.documentElement.classList.add("js");
watch(refresh);
show();
resume();
