#ifndef FT_SNIFF_ITEM_H
#define FT_SNIFF_ITEM_H

/* The items of a HEIF file, for sniff_heif.c alone. */

#include "sniff_box.h"

/* Where a px goes: x' = m[0] x + m[1] y, y' = m[2] x + m[3] y; y is down. */
struct turn {
	int m[4];
};

/* The orientation of EXIF that asks for the same, 1..8. */
unsigned turn_orientation(const struct turn *t);

/* One picture of the file, and what is said of it. */
struct item {
	uint32_t type;
	uint32_t width, height;             /* px, after the transformations */
	uint32_t plain_width, plain_height; /* before them */
	struct span config;                 /* what its decoder is told: av1C */
	struct turn turn;
	bool is_turned; /* by the container, be it back to where it was */
	bool is_protected;
	bool is_alpha;
};

/* Far above any real file; what a walk over hostile lists may cost. */
#define SEARCH_STEPS 4000000u

struct search {
	const struct heif *heif;
	unsigned steps; /* what is left of them */
};

/* False where none is left. */
bool search_step(struct search *s);

/* Type and properties; false where it is not there, or says no size. */
bool item_read(struct search *s, uint32_t id, struct item *out);

/* Its type and protection alone. */
bool item_read_type(struct search *s, uint32_t id, struct item *item);

/* References of one kind between items (14496-12, 8.11.12). */
struct links {
	struct span rest;
	const char *type;
	bool is_long;
	/* the one at hand */
	uint32_t from;
	struct span to;
	unsigned n;
};
void links_start(const struct heif *h, const char *type, struct links *out);
bool links_next(struct search *s, struct links *l);

/* The inputs of a derived picture, in their order. */
bool item_inputs(struct search *s, uint32_t id, struct links *out);

/*
 * Is there an item that refers to this one, with a reference of that type, and
 * that is_wanted takes? Its alpha, its EXIF.
 */
bool item_linked_to(struct search *s, const char *type, uint32_t id,
    bool (*is_wanted)(struct search *, uint32_t, void *), void *ctx);

#endif
