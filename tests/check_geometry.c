#include "config.h"

#include "geometry.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>

#include "support.h"

#define HUGE_SIDE 65535

/* Every row is centred. */
static const struct {
	const char *name;
	struct size photo, box;
	enum fit fit;
	struct size scaled, canvas;
	unsigned x, y;
} sizes[] = {
#define INSIDE(name, pw, ph, bw, bh, w, h)                                    \
	{                                                                     \
		name, { pw, ph }, { bw, bh }, FIT_INSIDE, { w, h }, { w, h }, \
		    0, 0                                                      \
	}
#define COVER(name, pw, ph, bw, bh, w, h)                                    \
	{                                                                    \
		name, { pw, ph }, { bw, bh }, FIT_COVER, { w, h }, { w, h }, \
		    0, 0                                                     \
	}
#define PAD(name, pw, ph, bw, bh, w, h, x, y)                                \
	{                                                                    \
		name, { pw, ph }, { bw, bh }, FIT_PAD, { w, h }, { bw, bh }, \
		    x, y                                                     \
	}
	INSIDE("landscape", 4032, 3024, 1280, 1280, 1280, 960),
	INSIDE("portrait", 3024, 4032, 1280, 1280, 960, 1280),
	INSIDE("square", 3000, 3000, 640, 640, 640, 640),
	INSIDE("wide box", 4032, 3024, 1280, 100, 133, 100),
	INSIDE("tall box", 4032, 3024, 100, 1280, 100, 75),
	INSIDE("exactly the box", 640, 480, 640, 480, 640, 480),
	INSIDE("one px too wide", 641, 480, 640, 480, 640, 479),
	INSIDE("one px too high", 640, 481, 640, 480, 639, 480),
	INSIDE("smaller photo stays", 100, 50, 640, 640, 100, 50),
	INSIDE("only the width is over", 1000, 10, 500, 500, 500, 5),
	INSIDE("half rounds up", 200, 5, 100, 100, 100, 3),
	INSIDE("less than half rounds down", 300, 4, 100, 100, 100, 1),
	INSIDE("two thirds round up", 300, 5, 100, 100, 100, 2),
	INSIDE("odd sides", 4031, 3023, 1279, 1279, 1279, 959),
	INSIDE("a quotient that floats get wrong", 49, 49, 7, 7, 7, 7),
	INSIDE("one px photo", 1, 1, 1280, 1280, 1, 1),
	INSIDE("one px box", 4032, 3024, 1, 1, 1, 1),
	INSIDE("both one px", 1, 1, 1, 1, 1, 1),
	INSIDE("a line keeps its px", HUGE_SIDE, 1, 1280, 1280, 1280, 1),
	INSIDE("an upright line", 1, HUGE_SIDE, 1280, 1280, 1, 1280),
	INSIDE("never 0", 10000, 3, 100, 100, 100, 1),
	INSIDE("largest photo", HUGE_SIDE, HUGE_SIDE, HUGE_SIDE, 65534, 65534,
	    65534),
	INSIDE("largest of both", HUGE_SIDE, HUGE_SIDE, HUGE_SIDE, HUGE_SIDE,
	    HUGE_SIDE, HUGE_SIDE),

	COVER("landscape", 4032, 3024, 320, 320, 320, 320),
	COVER("portrait", 3024, 4032, 320, 320, 320, 320),
	COVER("wide box", 4032, 3024, 1280, 100, 1280, 100),
	COVER("exactly the box", 640, 480, 640, 480, 640, 480),
	COVER("same width", 640, 481, 640, 480, 640, 480),
	COVER("same height", 641, 480, 640, 480, 640, 480),
	COVER("smaller photo keeps the shape", 100, 50, 320, 320, 50, 50),
	COVER("smaller upright photo", 50, 100, 320, 320, 50, 50),
	COVER("too low only", 1000, 500, 800, 600, 667, 500),
	COVER("too narrow only", 500, 1000, 600, 800, 500, 667),
	COVER("same width, too low", 800, 500, 800, 600, 667, 500),
	COVER("half rounds up", 5, 100, 200, 100, 5, 3),
	COVER("never 0", 10, HUGE_SIDE, HUGE_SIDE, 1, 10, 1),
	COVER("one px photo", 1, 1, 320, 200, 1, 1),
	COVER("one px box", 4032, 3024, 1, 1, 1, 1),
	COVER("a line", HUGE_SIDE, 1, 320, 320, 1, 1),
	COVER("largest of both", HUGE_SIDE, HUGE_SIDE, HUGE_SIDE, HUGE_SIDE,
	    HUGE_SIDE, HUGE_SIDE),

	PAD("landscape", 4032, 3024, 320, 320, 320, 240, 0, 40),
	PAD("portrait", 3024, 4032, 320, 320, 240, 320, 40, 0),
	PAD("odd room rounds down", 4032, 3024, 320, 321, 320, 240, 0, 40),
	PAD("smaller photo as it is", 100, 50, 320, 321, 100, 50, 110, 135),
	PAD("exactly the box", 640, 480, 640, 480, 640, 480, 0, 0),
	PAD("one px photo", 1, 1, 2, 3, 1, 1, 0, 1),
	PAD("one px in the largest box", 1, 1, HUGE_SIDE, HUGE_SIDE, 1, 1,
	    32767, 32767),
	PAD("a line", HUGE_SIDE, 1, 100, 100, 100, 1, 0, 49),
};

START_TEST(a_photo_gets_the_size_of_its_fit)
{
	struct placement p;

	geometry_place(sizes[_i].photo, sizes[_i].box, sizes[_i].fit,
	    GRAVITY_CENTER, false, &p);

	ck_assert_msg(p.scaled.width == sizes[_i].scaled.width &&
		p.scaled.height == sizes[_i].scaled.height,
	    "%s: scaled %u x %u", sizes[_i].name, p.scaled.width,
	    p.scaled.height);
	ck_assert_msg(p.canvas.width == sizes[_i].canvas.width &&
		p.canvas.height == sizes[_i].canvas.height,
	    "%s: canvas %u x %u", sizes[_i].name, p.canvas.width,
	    p.canvas.height);
	ck_assert_msg(p.x == sizes[_i].x && p.y == sizes[_i].y, "%s: at %u, %u",
	    sizes[_i].name, p.x, p.y);
}
END_TEST

static const struct {
	const char *name;
	struct size photo, box;
	enum fit fit;
	struct size scaled;
	double crop_width, crop_height, scale;
} enlarged[] = {
	{ "inside", { 40, 30 }, { 100, 100 }, FIT_INSIDE, { 100, 75 }, 40, 30,
	    2.5 },
	{ "inside, half rounds up", { 40, 5 }, { 100, 100 }, FIT_INSIDE,
	    { 100, 13 }, 40, 5, 2.6 },
	{ "inside, a line", { 1, 100 }, { 150, 150 }, FIT_INSIDE, { 2, 150 }, 1,
	    100, 2 },
	{ "inside, one px", { 1, 1 }, { 7, 9 }, FIT_INSIDE, { 7, 7 }, 1, 1, 7 },
	{ "inside, the largest", { 1, 1 }, { HUGE_SIDE, HUGE_SIDE }, FIT_INSIDE,
	    { HUGE_SIDE, HUGE_SIDE }, 1, 1, HUGE_SIDE },
	{ "inside, a larger photo shrinks", { 400, 300 }, { 100, 100 },
	    FIT_INSIDE, { 100, 75 }, 400, 300, .25 },
	{ "cover", { 40, 30 }, { 120, 120 }, FIT_COVER, { 120, 120 }, 30, 30,
	    4 },
	{ "cover, one side is there", { 100, 50 }, { 100, 100 }, FIT_COVER,
	    { 100, 100 }, 50, 50, 2 },
	{ "cover, a line", { 100, 1 }, { 200, 200 }, FIT_COVER, { 200, 200 }, 1,
	    1, 200 },
	{ "cover, not even a px", { 1, 100 }, { 200, 2 }, FIT_COVER, { 200, 2 },
	    1, .01, 200 },
	{ "cover, a larger photo shrinks", { 400, 300 }, { 150, 150 },
	    FIT_COVER, { 150, 150 }, 300, 300, .5 },
	{ "pad", { 40, 30 }, { 100, 100 }, FIT_PAD, { 100, 75 }, 40, 30, 2.5 },
};

START_TEST(where_allowed_a_small_photo_grows_to_the_box)
{
	struct placement p;

	geometry_place(enlarged[_i].photo, enlarged[_i].box, enlarged[_i].fit,
	    GRAVITY_CENTER, true, &p);

	ck_assert_msg(p.scaled.width == enlarged[_i].scaled.width &&
		p.scaled.height == enlarged[_i].scaled.height &&
		fabs(p.crop_width - enlarged[_i].crop_width) < 1e-9 &&
		fabs(p.crop_height - enlarged[_i].crop_height) < 1e-9 &&
		fabs(p.scale - enlarged[_i].scale) < 1e-9,
	    "%s: %g x %g to %u x %u, scale %g", enlarged[_i].name, p.crop_width,
	    p.crop_height, p.scaled.width, p.scaled.height, p.scale);
}
END_TEST

static const struct {
	const char *name;
	struct size photo, box;
	enum fit fit;
	enum gravity gravity;
	double x, y, width, height;
} crops[] = {
#define CROP(photo, box, gravity, x, y, w, h)                                  \
	{                                                                      \
#gravity, photo, box, FIT_COVER, GRAVITY_##gravity, x, y, w, h \
	}
#define WIDE               \
	{                  \
		4032, 3024 \
	}
#define TALL               \
	{                  \
		3024, 4032 \
	}
#define SQUARE           \
	{                \
		320, 320 \
	}
	{ "inside takes all", WIDE, SQUARE, FIT_INSIDE, GRAVITY_SOUTHEAST, 0, 0,
	    4032, 3024 },
	{ "pad takes all", WIDE, SQUARE, FIT_PAD, GRAVITY_SOUTHEAST, 0, 0, 4032,
	    3024 },
	CROP(WIDE, SQUARE, CENTER, 504, 0, 3024, 3024),
	CROP(WIDE, SQUARE, NORTH, 504, 0, 3024, 3024),
	CROP(WIDE, SQUARE, NORTHEAST, 1008, 0, 3024, 3024),
	CROP(WIDE, SQUARE, EAST, 1008, 0, 3024, 3024),
	CROP(WIDE, SQUARE, SOUTHEAST, 1008, 0, 3024, 3024),
	CROP(WIDE, SQUARE, SOUTH, 504, 0, 3024, 3024),
	CROP(WIDE, SQUARE, SOUTHWEST, 0, 0, 3024, 3024),
	CROP(WIDE, SQUARE, WEST, 0, 0, 3024, 3024),
	CROP(WIDE, SQUARE, NORTHWEST, 0, 0, 3024, 3024),
	CROP(TALL, SQUARE, CENTER, 0, 504, 3024, 3024),
	CROP(TALL, SQUARE, NORTH, 0, 0, 3024, 3024),
	CROP(TALL, SQUARE, NORTHEAST, 0, 0, 3024, 3024),
	CROP(TALL, SQUARE, EAST, 0, 504, 3024, 3024),
	CROP(TALL, SQUARE, SOUTHEAST, 0, 1008, 3024, 3024),
	CROP(TALL, SQUARE, SOUTH, 0, 1008, 3024, 3024),
	CROP(TALL, SQUARE, SOUTHWEST, 0, 1008, 3024, 3024),
	CROP(TALL, SQUARE, WEST, 0, 504, 3024, 3024),
	CROP(TALL, SQUARE, NORTHWEST, 0, 0, 3024, 3024),
#define SMALL           \
	{               \
		100, 51 \
	}
	CROP(SMALL, SQUARE, CENTER, 24, 0, 51, 51),
	CROP(SMALL, SQUARE, EAST, 49, 0, 51, 51),
	CROP(SMALL, SQUARE, WEST, 0, 0, 51, 51),
#define LOW               \
	{                 \
		321, 4000 \
	}
	{ "same width is not resampled", LOW, { 321, 321 }, FIT_COVER,
	    GRAVITY_CENTER, 0, 1839, 321, 321 },
#define ODD              \
	{                \
		101, 200 \
	}
	{ "a fraction stays", ODD, { 30, 20 }, FIT_COVER, GRAVITY_SOUTH, 0,
	    200 - 101 * 20 / 30., 101, 101 * 20 / 30. },
};

START_TEST(a_crop_lies_where_gravity_puts_it)
{
	struct placement p;

	geometry_place(crops[_i].photo, crops[_i].box, crops[_i].fit,
	    crops[_i].gravity, false, &p);

	ck_assert_msg(fabs(p.crop_x - crops[_i].x) < 1e-9 &&
		fabs(p.crop_y - crops[_i].y) < 1e-9 &&
		fabs(p.crop_width - crops[_i].width) < 1e-9 &&
		fabs(p.crop_height - crops[_i].height) < 1e-9,
	    "%d, %s: %g x %g + %g + %g", _i, crops[_i].name, p.crop_width,
	    p.crop_height, p.crop_x, p.crop_y);
}
END_TEST

static const struct {
	struct size photo, box;
	enum gravity first, last;
} slides[] = {
	{ { 4032, 3024 }, { 320, 320 }, GRAVITY_WEST, GRAVITY_EAST },
	{ { 3024, 4032 }, { 320, 320 }, GRAVITY_NORTH, GRAVITY_SOUTH },
	{ { 100, 51 }, { 320, 320 }, GRAVITY_WEST, GRAVITY_EAST },
	{ { 51, 100 }, { 320, 320 }, GRAVITY_NORTH, GRAVITY_SOUTH },
	{ { 321, 4000 }, { 321, 321 }, GRAVITY_NORTH, GRAVITY_SOUTH },
	{ { 320, 320 }, { 320, 320 }, GRAVITY_NORTH, GRAVITY_SOUTH },
};

START_TEST(a_region_slides_from_one_end_to_the_other)
{
	const enum gravity gravities[] = { slides[_i].first, GRAVITY_CENTER,
		slides[_i].last };

	for (unsigned i = 0; i < 3; i++) {
		struct placement want, p;

		geometry_place(slides[_i].photo, slides[_i].box, FIT_COVER,
		    gravities[i], false, &want);
		geometry_place(slides[_i].photo, slides[_i].box, FIT_COVER,
		    GRAVITY_SMART, false, &p);
		geometry_slide(&p, slides[_i].photo, i / 2.0);
		ck_assert_double_eq(p.crop_x, want.crop_x);
		ck_assert_double_eq(p.crop_y, want.crop_y);
		ck_assert_double_eq(p.crop_width, want.crop_width);
	}
}
END_TEST

/* A photo of 60 x 40 px in a box of 101 x 101: room of 41 and 61 px. */
static const struct {
	enum gravity gravity;
	unsigned x, y;
} pads[] = {
	{ GRAVITY_CENTER, 20, 30 },
	{ GRAVITY_NORTH, 20, 0 },
	{ GRAVITY_NORTHEAST, 41, 0 },
	{ GRAVITY_EAST, 41, 30 },
	{ GRAVITY_SOUTHEAST, 41, 61 },
	{ GRAVITY_SOUTH, 20, 61 },
	{ GRAVITY_SOUTHWEST, 0, 61 },
	{ GRAVITY_WEST, 0, 30 },
	{ GRAVITY_NORTHWEST, 0, 0 },
};

START_TEST(a_padded_photo_lies_where_gravity_puts_it)
{
	struct placement p;

	geometry_place((struct size){ 60, 40 }, (struct size){ 101, 101 },
	    FIT_PAD, pads[_i].gravity, false, &p);

	ck_assert_uint_eq(p.x, pads[_i].x);
	ck_assert_uint_eq(p.y, pads[_i].y);
}
END_TEST

static const struct {
	const char *name;
	struct size photo, box;
	enum fit fit;
	double scale;
} scales[] = {
	{ "inside", { 4000, 3000 }, { 1000, 1000 }, FIT_INSIDE, .25 },
	{ "cover", { 4000, 3000 }, { 300, 300 }, FIT_COVER, .1 },
	{ "pad", { 4000, 3000 }, { 1000, 1000 }, FIT_PAD, .25 },
	{ "as it is", { 40, 30 }, { 1000, 1000 }, FIT_INSIDE, 1 },
	{ "cut but not scaled", { 40, 30 }, { 100, 100 }, FIT_COVER, 1 },
	{ "the larger axis", { 1000, 1 }, { 100, 100 }, FIT_INSIDE, 1 },
	{ "rounded up", { 300, 5 }, { 100, 100 }, FIT_INSIDE, .4 },
};

START_TEST(the_scale_is_that_of_the_larger_axis)
{
	struct placement p;

	geometry_place(scales[_i].photo, scales[_i].box, scales[_i].fit,
	    GRAVITY_CENTER, false, &p);

	ck_assert_msg(fabs(p.scale - scales[_i].scale) < 1e-12, "%s: %.15g",
	    scales[_i].name, p.scale);
}
END_TEST

static const struct {
	const char *name;
	struct size photo;
	double scale, leave;
	struct size want;
} hints[] = {
	{ "nothing to gain", { 4032, 3024 }, 1, 1, { 4032, 3024 } },
	{ "just too little", { 4032, 3024 }, .2501, 2, { 4032, 3024 } },
	{ "half, exactly", { 4032, 3024 }, .25, 2, { 2016, 1512 } },
	{ "half", { 4032, 3024 }, 640. / 4032, 2, { 1344, 1008 } },
	{ "third, where floats lose a bit", { 300, 300 }, 1 / (3 * 1.4), 1.4,
	    { 100, 100 } },
	{ "third of thirds", { 900, 900 }, 1. / 9, 3, { 300, 300 } },
	{ "quarter for five", { 4000, 3000 }, .1, 2, { 1000, 750 } },
	{ "quarter for seven", { 4000, 3000 }, 1. / 14, 2, { 1000, 750 } },
	{ "eighth", { 4000, 3000 }, 1. / 16, 2, { 500, 375 } },
	{ "never more than an eighth", { 8000, 8000 }, .001, 1,
	    { 1000, 1000 } },
	{ "odd sides round down", { 4033, 3025 }, .25, 2, { 2016, 1512 } },
	{ "a small side", { HUGE_SIDE, 63 }, .001, 1, { HUGE_SIDE, 63 } },
	{ "a small upright one", { 63, 64 }, .001, 1, { 63, 64 } },
	{ "not that small", { 64, 71 }, .001, 1, { 8, 8 } },
	{ "one px", { 1, 1 }, .001, 1, { 1, 1 } },
	{ "largest", { HUGE_SIDE, HUGE_SIDE }, 1. / HUGE_SIDE, 2,
	    { 8191, 8191 } },
};

START_TEST(a_hint_leaves_enough_to_the_scaling)
{
	struct size got = geometry_decode_hint(hints[_i].photo, hints[_i].scale,
	    hints[_i].leave);

	ck_assert_msg(got.width == hints[_i].want.width &&
		got.height == hints[_i].want.height,
	    "%s: %u x %u", hints[_i].name, got.width, got.height);
}
END_TEST

/* Every pair of these is a photo and, with every other pair, its box. */
static const unsigned sides[] = { 1, 2, 3, 7, 99, 100, 319, 320, 1279, 3024,
	4032, 16000, 65534, HUGE_SIDE };

/* Is it one that takes part of the photo and puts it into the box? */
static bool
is_sane(struct size photo, struct size box, enum fit fit, bool enlarge,
    const struct placement *p)
{
	bool good = p->crop_x >= 0 && p->crop_y >= 0 && p->crop_width > 0 &&
	    p->crop_height > 0 && p->crop_x + p->crop_width <= photo.width &&
	    p->crop_y + p->crop_height <= photo.height;

	good = good && p->scaled.width >= 1 && p->scaled.height >= 1 &&
	    p->scale > 0 &&
	    (enlarge ||
		(p->scaled.width <= p->crop_width &&
		    p->scaled.height <= p->crop_height && p->scale <= 1));
	good = good && p->canvas.width <= box.width &&
	    p->canvas.height <= box.height &&
	    p->x + p->scaled.width <= p->canvas.width &&
	    p->y + p->scaled.height <= p->canvas.height;
	if (fit == FIT_PAD || (fit == FIT_COVER && enlarge))
		good = good && p->canvas.width == box.width &&
		    p->canvas.height == box.height;
	return good;
}

static void
assert_sane(struct size photo, struct size box, enum fit fit,
    enum gravity gravity, bool enlarge)
{
	struct placement p;

	geometry_place(photo, box, fit, gravity, enlarge, &p);
	ck_assert_msg(is_sane(photo, box, fit, enlarge, &p),
	    "photo %u x %u, box %u x %u, fit %d, gravity %d, enlarge %d: "
	    "%g x %g + %g + %g to %u x %u, at %u, %u on %u x %u, scale %g",
	    photo.width, photo.height, box.width, box.height, (int)fit,
	    (int)gravity, enlarge, p.crop_width, p.crop_height, p.crop_x,
	    p.crop_y, p.scaled.width, p.scaled.height, p.x, p.y, p.canvas.width,
	    p.canvas.height, p.scale);
}

static void
assert_sane_in_all_boxes(struct size photo)
{
	for (size_t i = 0; i < NELEM(sides) * NELEM(sides); i++) {
		struct size box = { sides[i / NELEM(sides)],
			sides[i % NELEM(sides)] };

		for (int j = 0; j < FIT_COUNT * GRAVITY_COUNT * 2; j++)
			assert_sane(photo, box,
			    (enum fit)(j / 2 / GRAVITY_COUNT),
			    (enum gravity)(j / 2 % GRAVITY_COUNT), j % 2 == 1);
	}
}

START_TEST(no_placement_leaves_photo_or_box_or_enlarges_unasked)
{
	struct size photo = { sides[_i / NELEM(sides)],
		sides[_i % NELEM(sides)] };

	assert_sane_in_all_boxes(photo);
}
END_TEST

static Suite *
geometry_suite(void)
{
	Suite *s = suite_create("geometry");
	TCase *t = tcase_create("sizes");

	tcase_add_loop_test(t, a_photo_gets_the_size_of_its_fit, 0,
	    NELEM(sizes));
	tcase_add_loop_test(t, the_scale_is_that_of_the_larger_axis, 0,
	    NELEM(scales));
	tcase_add_loop_test(t, where_allowed_a_small_photo_grows_to_the_box, 0,
	    NELEM(enlarged));
	suite_add_tcase(s, t);
	t = tcase_create("gravity");
	tcase_add_loop_test(t, a_crop_lies_where_gravity_puts_it, 0,
	    NELEM(crops));
	tcase_add_loop_test(t, a_padded_photo_lies_where_gravity_puts_it, 0,
	    NELEM(pads));
	tcase_add_loop_test(t, a_region_slides_from_one_end_to_the_other, 0,
	    NELEM(slides));
	suite_add_tcase(s, t);
	t = tcase_create("hints");
	tcase_add_loop_test(t, a_hint_leaves_enough_to_the_scaling, 0,
	    NELEM(hints));
	suite_add_tcase(s, t);
	t = tcase_create("limits");
	tcase_add_loop_test(t,
	    no_placement_leaves_photo_or_box_or_enlarges_unasked, 0,
	    NELEM(sides) * NELEM(sides));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(geometry_suite());
}
