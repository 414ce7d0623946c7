#include "config.h"

/*
 * How a photo fits into a box. Knows no pixels and no files; every input is
 * in the range that the header gives, so nothing here can fail. Sizes are
 * made of whole numbers only, so that a thumbnail is never a pixel off for
 * the rounding of a float.
 */

#include "geometry.h"

#include <math.h>
#include <stdint.h>

/*
 * px. Below, rounding a side down changes the quotient so much that
 * MagickWand 7 would pick the next eighth; and there is nothing to gain.
 */
#define SHRINK_MIN 64

/* Where gravity puts what is left over: in halves of it, from the top left. */
static const struct {
	unsigned x, y;
} halves[] = {
	[GRAVITY_CENTER] = { 1, 1 },
	[GRAVITY_NORTH] = { 1, 0 },
	[GRAVITY_NORTHEAST] = { 2, 0 },
	[GRAVITY_EAST] = { 2, 1 },
	[GRAVITY_SOUTHEAST] = { 2, 2 },
	[GRAVITY_SOUTH] = { 1, 2 },
	[GRAVITY_SOUTHWEST] = { 0, 2 },
	[GRAVITY_WEST] = { 0, 1 },
	[GRAVITY_NORTHWEST] = { 0, 0 },
	[GRAVITY_SMART] = { 1, 1 },
};
_Static_assert(sizeof halves / sizeof halves[0] == GRAVITY_COUNT,
    "every gravity has its row");

static unsigned
offset(unsigned room, unsigned in_halves)
{
	return (unsigned)((uint64_t)room * in_halves / 2);
}

/* a x b / c, rounded half up, 1 at least. */
static unsigned
scale_side(unsigned a, unsigned b, unsigned c)
{
	uint64_t n = (2 * (uint64_t)a * b + c) / (2 * (uint64_t)c);

	return n > 0 ? (unsigned)n : 1;
}

/* Is a, for its height, at least as wide as b? */
static bool
is_wider(struct size a, struct size b)
{
	return (uint64_t)a.width * b.height >= (uint64_t)b.width * a.height;
}

static bool
fits(struct size a, struct size b)
{
	return a.width <= b.width && a.height <= b.height;
}

/* The largest size of the shape's proportions that fits into room. */
static struct size
fit_shape(struct size shape, struct size room)
{
	struct size s = room;

	if (is_wider(shape, room))
		s.height = scale_side(shape.height, room.width, shape.width);
	else
		s.width = scale_side(shape.width, room.height, shape.height);
	return s;
}

/* All of the photo, in the box. */
static void
place_inside(struct size photo, struct size box, bool enlarge,
    struct placement *p)
{
	p->crop_width = photo.width;
	p->crop_height = photo.height;
	p->scaled =
	    fits(photo, box) && !enlarge ? photo : fit_shape(photo, box);
	p->canvas = p->scaled;
}

/* The photo covers the box: a region of exactly the box's shape, scaled. */
static void
place_scaled_cover(struct size photo, struct size box, enum gravity gravity,
    struct placement *p)
{
	p->crop_width = photo.width;
	p->crop_height = photo.height;
	if (is_wider(box, photo))
		p->crop_height = (double)photo.width * box.height / box.width;
	else
		p->crop_width = (double)photo.height * box.width / box.height;
	p->crop_x = (photo.width - p->crop_width) * halves[gravity].x / 2;
	p->crop_y = (photo.height - p->crop_height) * halves[gravity].y / 2;
	p->scaled = p->canvas = box;
}

/* No scaling: a region of whole pixels, so that none is blurred. */
static void
place_cut(struct size photo, struct size region, enum gravity gravity,
    struct placement *p)
{
	p->crop_width = region.width;
	p->crop_height = region.height;
	p->crop_x = offset(photo.width - region.width, halves[gravity].x);
	p->crop_y = offset(photo.height - region.height, halves[gravity].y);
	p->scaled = p->canvas = region;
}

static void
place_cover(struct size photo, struct size box, enum gravity gravity,
    bool enlarge, struct placement *p)
{
	bool covers = fits(box, photo);
	bool as_it_is = box.width == photo.width || box.height == photo.height;

	if (!covers && !enlarge)
		place_cut(photo, fit_shape(box, photo), gravity, p);
	else if (covers && as_it_is)
		place_cut(photo, box, gravity, p);
	else
		place_scaled_cover(photo, box, gravity, p);
}

void
geometry_place(struct size photo, struct size box, enum fit fit,
    enum gravity gravity, bool enlarge, struct placement *out)
{
	struct placement p = { 0 };
	double x_scale, y_scale;

	switch (fit) {
	case FIT_INSIDE:
		place_inside(photo, box, enlarge, &p);
		break;
	case FIT_COVER:
		place_cover(photo, box, gravity, enlarge, &p);
		break;
	case FIT_PAD:
		place_inside(photo, box, enlarge, &p);
		p.canvas = box;
		p.padded = true;
		p.x = offset(box.width - p.scaled.width, halves[gravity].x);
		p.y = offset(box.height - p.scaled.height, halves[gravity].y);
		break;
	case FIT_COUNT:
		break;
	}
	x_scale = p.scaled.width / p.crop_width;
	y_scale = p.scaled.height / p.crop_height;
	p.scale = x_scale > y_scale ? x_scale : y_scale;
	*out = p;
}

struct placement
geometry_whole(struct size from, struct size to)
{
	return (struct placement){ .crop_width = from.width,
		.crop_height = from.height,
		.scaled = to,
		.canvas = to,
		.scale = fmax((double)to.width / from.width,
		    (double)to.height / from.height) };
}

void
geometry_slide(struct placement *p, struct size photo, double share)
{
	bool unscaled = p->scaled.width == p->crop_width &&
	    p->scaled.height == p->crop_height;

	p->crop_x = (photo.width - p->crop_width) * share;
	p->crop_y = (photo.height - p->crop_height) * share;
	if (unscaled) {
		p->crop_x = floor(p->crop_x);
		p->crop_y = floor(p->crop_y);
	}
}

struct size
geometry_decode_hint(struct size photo, double scale, double leave)
{
	/* What libjpeg can do and every MagickWand asks of it rightly. */
	static const unsigned factors[] = { 8, 4, 3, 2 };
	/* What should be a whole number may come out a hair less. */
	double most = 1 / (scale * leave) + 1e-9;

	if (photo.width < SHRINK_MIN || photo.height < SHRINK_MIN)
		return photo;
	for (unsigned i = 0; i < sizeof factors / sizeof factors[0]; i++) {
		unsigned f = factors[i];

		if (f <= most)
			return (
			    struct size){ photo.width / f, photo.height / f };
	}
	return photo;
}
