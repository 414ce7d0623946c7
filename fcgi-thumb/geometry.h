#ifndef FT_GEOMETRY_H
#define FT_GEOMETRY_H

#include <stdbool.h>

/*
 * The arithmetic of fitting: numbers in, numbers out, no pixels.
 *
 * The rounding rule, the only one, whether a photo shrinks or grows: a side
 * that is not given by the preset is the exact quotient rounded half up, and
 * never less than 1 px. An offset in whole px is rounded down.
 */

enum fit {
	FIT_INSIDE, /* the whole photo within the box */
	FIT_COVER,  /* the box filled, what hangs over cut off */
	FIT_PAD,    /* the whole photo, on a background of exactly the box */
	FIT_COUNT
};

/* Which part of the photo stays, or where it lies on the background. */
enum gravity {
	GRAVITY_CENTER,
	GRAVITY_NORTH,
	GRAVITY_NORTHEAST,
	GRAVITY_EAST,
	GRAVITY_SOUTHEAST,
	GRAVITY_SOUTH,
	GRAVITY_SOUTHWEST,
	GRAVITY_WEST,
	GRAVITY_NORTHWEST,
	GRAVITY_SMART, /* where most detail is; as center until geometry_slide */
	GRAVITY_COUNT
};

struct size {
	unsigned width;  /* px, 1.. */
	unsigned height; /* px, 1.. */
};

/*
 * How one thumbnail is made from an upright photo: take the region `crop` of
 * the photo, scale it to `scaled`, lay it at (x, y) on a canvas of `canvas`.
 * The region is exact, with fractions; it is whole px where scaled has its
 * size, so that there is nothing to resample. Never larger than the photo.
 */
struct placement {
	double crop_x, crop_y;          /* photo px, 0.. */
	double crop_width, crop_height; /* photo px, > 0 */
	struct size scaled;
	struct size canvas; /* = scaled but for FIT_PAD */
	unsigned x, y;      /* px; 0 but for FIT_PAD */
	double scale;       /* scaled px for each photo px, the larger axis */
	bool padded;        /* FIT_PAD: a background is under all of it */
};

/*
 * photo and box have sides of 1..65535 px. Where the box is larger than the
 * photo and enlarge is not set, FIT_INSIDE gives the photo's own size,
 * FIT_COVER the largest region of the box's shape, FIT_PAD the photo as it is
 * on the box. With enlarge set every fit gives what it gives for a larger photo
 * of the same shape; scale is over 1 then.
 */
void geometry_place(struct size photo, struct size box, enum fit fit,
    enum gravity gravity, bool enlarge, struct placement *out);

/* All of a picture of size `from`, scaled to `to` and nothing else. */
struct placement geometry_whole(struct size from, struct size to);

/*
 * Move the region of a FIT_COVER along the axis on which it has room.
 *
 * share  0..1 of the room: 0 to the left or top, 1 to the right or bottom
 */
void geometry_slide(struct placement *p, struct size photo, double share);

/*
 * The smallest size at which a decoder may hand the photo over (its own
 * shrink-on-load; or averaging after it) so that a scaling to `scale` still has
 * at least `leave` source px for each target px: the photo divided by 8, 4, 3, 2
 * or 1, the largest that allows it, each side rounded down; a photo with a side
 * under 64 px as it is.
 *
 * Down, because MagickWand 6 has the JPEG divided by the whole part of
 * photo / hint; the decoder itself rounds up. Not by 5 to 7, because libjpeg
 * shrinks to eighths, so that these give no more than 4, and because
 * MagickWand 7 turns 6 and 7 into 8.
 * scale > 0; leave >= 1.
 */
struct size geometry_decode_hint(struct size photo, double scale, double leave);

#endif
