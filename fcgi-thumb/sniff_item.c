#include "config.h"

/*
 * The items of a HEIF file: what their properties make of them, and which of
 * them belong together. Every look at a list costs a step, of which there are
 * only so many: lists can name each other a million times.
 */

#include "sniff_item.h"

#include <string.h>

#define SIDE_MAX 0x7fffffffu

/* What orientations 1..8 of EXIF ask for; the first one: nothing. */
static const struct turn turns[] = { { { 1, 0, 0, 1 } }, { { -1, 0, 0, 1 } },
	{ { -1, 0, 0, -1 } }, { { 1, 0, 0, -1 } }, { { 0, 1, 1, 0 } },
	{ { 0, -1, 1, 0 } }, { { 0, -1, -1, 0 } }, { { 0, 1, -1, 0 } } };

bool
search_step(struct search *s)
{
	if (s->steps == 0)
		return false;
	s->steps--;
	return true;
}

/* --- properties --- */

static void
turn_by(struct turn *t, const struct turn *by)
{
	const int *a = by->m;
	const int b[4] = { t->m[0], t->m[1], t->m[2], t->m[3] };

	t->m[0] = a[0] * b[0] + a[1] * b[2];
	t->m[1] = a[0] * b[1] + a[1] * b[3];
	t->m[2] = a[2] * b[0] + a[3] * b[2];
	t->m[3] = a[2] * b[1] + a[3] * b[3];
}

unsigned
turn_orientation(const struct turn *t)
{
	unsigned i = 0;

	while (i < 7 && memcmp(&turns[i], t, sizeof *t) != 0)
		i++;
	return i + 1;
}

/* 6.5.10: turned by quarters, against the clock. */
static bool
apply_rotation(struct span body, struct item *item)
{
	static const struct turn quarter = { { 0, 1, -1, 0 } };
	const uint8_t *p = span_take(&body, 1);
	uint32_t width = item->width;

	if (p == NULL)
		return false;
	for (unsigned i = 0; i < (p[0] & 3u); i++)
		turn_by(&item->turn, &quarter);
	if ((p[0] & 1) != 0) {
		item->width = item->height;
		item->height = width;
	}
	item->is_turned = true;
	return true;
}

/* 6.5.12: 0 swaps top and bottom, 1 left and right. */
static bool
apply_mirror(struct span body, struct item *item)
{
	static const struct turn upside_down = { { 1, 0, 0, -1 } };
	static const struct turn left_right = { { -1, 0, 0, 1 } };
	const uint8_t *p = span_take(&body, 1);

	if (p == NULL)
		return false;
	turn_by(&item->turn, (p[0] & 1) == 0 ? &upside_down : &left_right);
	item->is_turned = true;
	return true;
}

/* A side of a clean aperture, rounded as libheif does. */
static bool
crop_side(const uint8_t *p, uint32_t *side)
{
	uint64_t n = be32(p), d = be32(p + 4), px;

	if (d == 0 || n > INT32_MAX || d > INT32_MAX)
		return false;
	px = (n + d / 2) / d;
	if (px == 0)
		return false;
	if (px < *side)
		*side = (uint32_t)px;
	return true;
}

static bool
apply_crop(struct span body, struct item *item)
{
	const uint8_t *p = span_take(&body, 32);

	return p != NULL && crop_side(p, &item->width) &&
	    crop_side(p + 8, &item->height);
}

static bool
apply_size(struct span body, struct item *item)
{
	const uint8_t *p = span_take(&body, 12);

	if (p == NULL)
		return false;
	item->width = item->plain_width = be32(p + 4);
	item->height = item->plain_height = be32(p + 8);
	return item->width != 0 && item->height != 0 &&
	    item->width <= SIDE_MAX && item->height <= SIDE_MAX;
}

static bool
says(struct span body, const char *text)
{
	size_t len = strlen(text) + 1;

	return body.len >= 4 + len && memcmp(body.at + 4, text, len) == 0;
}

static bool
apply_use(struct span body, struct item *item)
{
	item->is_alpha = item->is_alpha ||
	    says(body, "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha") ||
	    says(body, "urn:mpeg:hevc:2015:auxid:1") ||
	    says(body, "urn:mpeg:avc:2015:auxid:1");
	return true;
}

/* Of the item's own coding, and the first of several: as libheif has it. */
static bool
keep_config(struct span body, struct item *item, uint32_t coding)
{
	if (item->type == coding && item->config.at == NULL)
		item->config = body;
	return true;
}

static bool
apply_hevc(struct span body, struct item *item)
{
	return keep_config(body, item, FOURCC("hvc1"));
}

static bool
apply_av1(struct span body, struct item *item)
{
	return keep_config(body, item, FOURCC("av01"));
}

static bool
apply_property(const struct box *box, struct item *item)
{
	static const struct {
		const char *type;
		bool (*apply)(struct span, struct item *);
	} properties[] = {
		{ "ispe", apply_size },
		{ "clap", apply_crop },
		{ "irot", apply_rotation },
		{ "imir", apply_mirror },
		{ "auxC", apply_use },
		{ "hvcC", apply_hevc },
		{ "av1C", apply_av1 },
	};

	for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
		if (box->type == FOURCC(properties[i].type))
			return properties[i].apply(box->body, item);
	}
	return true;
}

/* Property number n of the file, from 1. */
static bool
find_property(struct search *s, unsigned n, struct box *out)
{
	struct span all = s->heif->ipco;

	while (n > 0 && search_step(s) && box_next(&all, out))
		n--;
	return n == 0;
}

/* An item's associations, in their order: numbers of properties. */
struct numbers {
	struct span rest;
	unsigned n;
	bool is_long; /* 15 bits instead of 7 */
};

static bool
find_numbers(struct search *s, uint32_t id, struct numbers *out)
{
	struct span body = s->heif->ipma;
	struct box_version v;
	uint64_t entries, n;
	uint32_t item;

	if (!box_version(&body, &v) || !box_number(&body, 4, &entries))
		return false;
	out->is_long = (v.flags & 1) != 0;
	for (; entries > 0 && search_step(s); entries--) {
		if (!box_item(&body, v.version != 0, &item) ||
		    !box_number(&body, 1, &n))
			return false;
		out->n = (unsigned)n;
		out->rest = body;
		if (span_take(&body, n << out->is_long) == NULL)
			return false;
		if (item == id)
			return true;
	}
	return false;
}

static bool
read_properties(struct search *s, uint32_t id, struct item *item)
{
	struct numbers numbers;
	struct box box;
	uint64_t n;

	if (!find_numbers(s, id, &numbers))
		return false;
	for (unsigned i = 0; i < numbers.n; i++) {
		/* The first bit says that it is essential. */
		if (!box_number(&numbers.rest, numbers.is_long ? 2 : 1, &n))
			return false;
		n &= numbers.is_long ? 0x7fff : 0x7f;
		if (n != 0 &&
		    (!find_property(s, (unsigned)n, &box) ||
			!apply_property(&box, item)))
			return false;
	}
	return item->width != 0;
}

/* --- items --- */

/* 14496-12, 8.11.6; entries of versions 0 and 1 have no type. */
static bool
read_entry(struct span body, uint32_t *id, struct item *item)
{
	struct box_version v;
	uint64_t protection, type;

	if (!box_version(&body, &v) || v.version < 2 ||
	    !box_item(&body, v.version > 2, id) ||
	    !box_number(&body, 2, &protection) || !box_number(&body, 4, &type))
		return false;
	item->type = (uint32_t)type;
	item->is_protected = protection != 0;
	return true;
}

bool
item_read_type(struct search *s, uint32_t id, struct item *item)
{
	struct span list = s->heif->iinf;
	struct box_version v;
	struct box box;
	uint64_t n;
	uint32_t found;

	if (!box_version(&list, &v) ||
	    !box_number(&list, v.version == 0 ? 2 : 4, &n))
		return false;
	while (search_step(s) && box_next(&list, &box)) {
		if (box.type == FOURCC("infe") &&
		    read_entry(box.body, &found, item) && found == id)
			return true;
	}
	return false;
}

bool
item_read(struct search *s, uint32_t id, struct item *out)
{
	struct item item = { .turn = turns[0] };

	if (!item_read_type(s, id, &item) || !read_properties(s, id, &item))
		return false;
	*out = item;
	return true;
}

/* --- links --- */

void
links_start(const struct heif *h, const char *type, struct links *out)
{
	struct box_version v = { 0 };

	*out = (struct links){ .rest = h->iref, .type = type };
	(void)box_version(&out->rest, &v);
	out->is_long = v.version != 0;
}

bool
links_next(struct search *s, struct links *l)
{
	struct box box;
	uint64_t n;

	while (search_step(s) && box_next(&l->rest, &box)) {
		l->to = box.body;
		if (box.type != FOURCC(l->type) ||
		    !box_item(&l->to, l->is_long, &l->from) ||
		    !box_number(&l->to, 2, &n))
			continue;
		l->n = (unsigned)n;
		return true;
	}
	return false;
}

bool
item_inputs(struct search *s, uint32_t id, struct links *out)
{
	links_start(s->heif, "dimg", out);
	while (links_next(s, out)) {
		if (out->from == id)
			return true;
	}
	return false;
}

bool
item_linked_to(struct search *s, const char *type, uint32_t id,
    bool (*is_wanted)(struct search *, uint32_t, void *), void *ctx)
{
	struct links l;
	uint32_t to;

	links_start(s->heif, type, &l);
	while (links_next(s, &l)) {
		for (; l.n > 0 && search_step(s); l.n--) {
			if (!box_item(&l.to, l.is_long, &to))
				break;
			if (to == id && is_wanted(s, l.from, ctx))
				return true;
		}
	}
	return false;
}
