#ifndef FT_SNIFF_BOX_H
#define FT_SNIFF_BOX_H

/*
 * The boxes of ISO base media files (ISO/IEC 14496-12), as far as still
 * pictures need them (HEIF: ISO/IEC 23008-12). For what reads HEIF here, and for
 * whole.c, which asks whether what they point at is there.
 */

#include "sniff_internal.h"

#define FOURCC(text)                                             \
	((uint32_t)(text)[0] << 24 | (uint32_t)(text)[1] << 16 | \
	    (uint32_t)(text)[2] << 8 | (uint32_t)(text)[3])

struct box {
	uint32_t type;
	struct span body; /* what follows the header */
};

/*
 * The next of the boxes in s, which is then behind us. False at the end, and
 * where what is left is no whole box.
 */
bool box_next(struct span *s, struct box *out);

/* The first box of this type in s. */
bool box_find(struct span s, const char *type, struct span *out);

/* A full box begins with a version and flags: 0 where it is too short. */
struct box_version {
	unsigned version;
	uint32_t flags;
};
bool box_version(struct span *body, struct box_version *out);

/* A big-endian number of n bytes, 0..8; false: there are fewer. */
bool box_number(struct span *s, unsigned n, uint64_t *out);

/* An item's number has 16 bits, or 32 in later versions of its box. */
bool box_item(struct span *s, bool is_long, uint32_t *out);

/* The parts of a file's meta box; those that are not there are empty. */
struct heif {
	struct span file;
	struct span idat;
	struct span iinf;
	struct span iloc;
	struct span iref;
	struct span ipco;
	struct span ipma;
	uint32_t primary; /* item */
	/* Where the primary item's number stands in the file. */
	size_t primary_at;
	unsigned primary_bytes;
};

/* False where there is not one meta box, or no primary item in it. */
bool heif_open(struct span file, struct heif *out);

/* A piece of an item's data. */
struct heif_extent {
	uint32_t item;
	unsigned method; /* 0: of the file, 1: of the idat box */
	uint64_t at;
	uint64_t len; /* 0: to the end */
};

/* A walk over all extents of all items. */
struct heif_extents {
	struct span rest;
	unsigned version;
	unsigned offset_bytes, length_bytes, base_bytes, index_bytes;
	uint32_t items_left;
	unsigned extents_left;
	uint64_t base;
	struct heif_extent now;
	bool broken; /* it does not go on as it says */
};
void heif_extents_start(const struct heif *h, struct heif_extents *out);
/* False at the end, or where it is broken. */
bool heif_extents_next(struct heif_extents *e, struct heif_extent *out);

/* Does it lie in the bytes that are there? *out may be NULL. */
bool heif_extent_span(const struct heif *h, const struct heif_extent *e,
    struct span *out);

/*
 * The data of an item that lies in one piece. Each extent that is looked at
 * costs one of *steps; false where none is left.
 */
bool heif_item_data(const struct heif *h, uint32_t item, unsigned *steps,
    struct span *out);

#endif
