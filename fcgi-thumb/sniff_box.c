#include "config.h"

/*
 * Finds its way through the boxes of a HEIF file. Every box lies within the
 * one around it or is not there at all; of two boxes of one type the first
 * counts, as libheif has it. Nothing here grows with what a file claims.
 */

#include "sniff_box.h"

#include <string.h>

bool
box_number(struct span *s, unsigned n, uint64_t *out)
{
	const uint8_t *p = span_take(s, n);
	uint64_t value = 0;

	if (p == NULL)
		return false;
	for (unsigned i = 0; i < n; i++)
		value = value << 8 | p[i];
	*out = value;
	return true;
}

bool
box_item(struct span *s, bool is_long, uint32_t *out)
{
	uint64_t value;

	if (!box_number(s, is_long ? 4 : 2, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

/* 4.2: the length counts its own header; 1: 64 bits follow, 0: to the end. */
bool
box_next(struct span *s, struct box *out)
{
	const size_t whole = s->len;
	const uint8_t *head = span_take(s, 8);
	uint64_t len, header = 8;

	if (head == NULL)
		return false;
	len = be32(head);
	if (len == 1) {
		if (!box_number(s, 8, &len))
			return false;
		header = 16;
	} else if (len == 0) {
		len = whole;
	}
	if (len < header || len - header > s->len)
		return false;
	out->type = be32(head + 4);
	out->body.len = (size_t)(len - header);
	out->body.at = span_take(s, out->body.len);
	return true;
}

bool
box_find(struct span s, const char *type, struct span *out)
{
	struct box box;

	while (box_next(&s, &box)) {
		if (box.type != FOURCC(type))
			continue;
		*out = box.body;
		return true;
	}
	return false;
}

bool
box_version(struct span *body, struct box_version *out)
{
	const uint8_t *p = span_take(body, 4);

	if (p == NULL)
		return false;
	out->version = p[0];
	out->flags = be32(p) & 0xffffff;
	return true;
}

static bool
read_primary(struct span body, struct heif *h)
{
	struct box_version v;

	if (!box_version(&body, &v))
		return false;
	h->primary_at = (size_t)(body.at - h->file.at);
	h->primary_bytes = v.version == 0 ? 2 : 4;
	return box_item(&body, v.version != 0, &h->primary);
}

/* The only one: of several libheif takes the last, and others may not. */
static bool
find_meta(struct span file, struct span *out)
{
	struct box box;
	unsigned n = 0;

	while (box_next(&file, &box)) {
		if (box.type != FOURCC("meta"))
			continue;
		*out = box.body;
		n++;
	}
	return n == 1;
}

bool
heif_open(struct span file, struct heif *out)
{
	struct heif h = { .file = file };
	struct span meta, part;
	struct box_version v;

	if (!find_meta(file, &meta) || !box_version(&meta, &v) ||
	    !box_find(meta, "pitm", &part) || !read_primary(part, &h))
		return false;
	(void)box_find(meta, "idat", &h.idat);
	(void)box_find(meta, "iinf", &h.iinf);
	(void)box_find(meta, "iloc", &h.iloc);
	(void)box_find(meta, "iref", &h.iref);
	if (box_find(meta, "iprp", &part)) {
		(void)box_find(part, "ipco", &h.ipco);
		(void)box_find(part, "ipma", &h.ipma);
	}
	*out = h;
	return true;
}

/* --- where items lie (14496-12, 8.11.3) --- */

void
heif_extents_start(const struct heif *h, struct heif_extents *out)
{
	struct heif_extents e = { .rest = h->iloc, .broken = true };
	struct box_version v;
	const uint8_t *sizes;

	if (box_version(&e.rest, &v) && v.version <= 2 &&
	    (sizes = span_take(&e.rest, 2)) != NULL &&
	    box_item(&e.rest, v.version == 2, &e.items_left)) {
		e.version = v.version;
		e.offset_bytes = sizes[0] >> 4;
		e.length_bytes = sizes[0] & 15;
		e.base_bytes = sizes[1] >> 4;
		e.index_bytes = v.version == 0 ? 0 : sizes[1] & 15;
		e.broken = e.offset_bytes > 8 || e.length_bytes > 8 ||
		    e.base_bytes > 8 || e.index_bytes > 8;
	}
	*out = e;
}

static bool
next_item(struct heif_extents *e)
{
	uint64_t method = 0, reference, extents;

	if (e->items_left == 0)
		return false;
	e->items_left--;
	if (!box_item(&e->rest, e->version == 2, &e->now.item) ||
	    (e->version > 0 && !box_number(&e->rest, 2, &method)) ||
	    !box_number(&e->rest, 2, &reference) ||
	    !box_number(&e->rest, e->base_bytes, &e->base) ||
	    !box_number(&e->rest, 2, &extents)) {
		e->broken = true;
		return false;
	}
	e->now.method = (unsigned)method & 15;
	e->extents_left = (unsigned)extents;
	return true;
}

bool
heif_extents_next(struct heif_extents *e, struct heif_extent *out)
{
	uint64_t index;

	if (e->broken)
		return false;
	while (e->extents_left == 0) {
		if (!next_item(e))
			return false;
	}
	e->extents_left--;
	if (!box_number(&e->rest, e->index_bytes, &index) ||
	    !box_number(&e->rest, e->offset_bytes, &e->now.at) ||
	    !box_number(&e->rest, e->length_bytes, &e->now.len) ||
	    e->now.at > UINT64_MAX - e->base) {
		e->broken = true;
		return false;
	}
	e->now.at += e->base;
	*out = e->now;
	return true;
}

bool
heif_extent_span(const struct heif *h, const struct heif_extent *e,
    struct span *out)
{
	struct span from = e->method == 1 ? h->idat : h->file;

	/* There need be no idat. */
	if (e->method > 1 || from.at == NULL || e->at > from.len ||
	    e->len > from.len - e->at)
		return false;
	if (out != NULL)
		*out = (struct span){ .at = from.at + e->at,
			.len = e->len != 0 ? (size_t)e->len
					   : from.len - (size_t)e->at };
	return true;
}

bool
heif_item_data(const struct heif *h, uint32_t item, unsigned *steps,
    struct span *out)
{
	struct heif_extents walk;
	struct heif_extent e;

	heif_extents_start(h, &walk);
	while (*steps > 0 && heif_extents_next(&walk, &e)) {
		--*steps;
		if (e.item == item)
			return walk.extents_left == 0 &&
			    heif_extent_span(h, &e, out);
	}
	return false;
}
