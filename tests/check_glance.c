#include "config.h"

#include "glance.h"

#include <check.h>
#include <string.h>

#include "support.h"

/* A picture by what each px is. */
static struct glance
draw(unsigned width, unsigned height, unsigned (*color)(unsigned x, unsigned y))
{
	struct glance g = { .size = { width, height } };

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			for (unsigned c = 0; c < 3; c++)
				g.rgb[3 * (y * width + x) + c] =
				    (unsigned char)(color(x, y) >>
					(16 - 8 * c));
	return g;
}

static unsigned
plain(unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	return 0x123456;
}

/* A checkerboard in the columns or rows from..to, gray elsewhere. */
static unsigned from, to;
static bool in_rows;

static unsigned
busy(unsigned x, unsigned y)
{
	unsigned at = in_rows ? y : x;

	if (at < from || at >= to)
		return 0x808080;
	return (x + y) % 2 == 0 ? 0x404040 : 0xc0c0c0;
}

static unsigned
mirrored(unsigned x, unsigned y)
{
	return busy(x < 50 ? x : 99 - x, y);
}

static const struct {
	const char *name;
	bool in_rows;
	unsigned from, to; /* of 100 */
	double length;
	double least, most; /* where the window's begin may be, of 100 */
} windows[] = {
	{ "left", false, 0, 20, .5, 0, 1 },
	{ "right", false, 80, 100, .5, 49, 50 },
	{ "top", true, 0, 20, .5, 0, 1 },
	{ "bottom", true, 80, 100, .5, 49, 50 },
	{ "all of it, nearest the middle", false, 60, 90, .5, 40, 41 },
	{ "as long as the window", false, 30, 60, .3, 30, 30 },
	{ "longer than the window, nearest the middle", false, 20, 95, .3, 35,
	    35 },
	{ "in the middle already", true, 45, 55, .4, 30, 30 },
	{ "a window of a px", false, 70, 71, .01, 70, 70 },
};

START_TEST(a_window_lies_over_the_detail)
{
	struct glance g;
	double share, room = 100 - 100 * windows[_i].length;

	from = windows[_i].from;
	to = windows[_i].to;
	in_rows = windows[_i].in_rows;
	g = draw(in_rows ? 60 : 100, in_rows ? 100 : 60, busy);
	share = glance_window(&g, in_rows, windows[_i].length);
	ck_assert_msg(share * room >= windows[_i].least - .6 &&
		share * room <= windows[_i].most + .6,
	    "%s: begins at %g", windows[_i].name, share * room);
	/* The other axis is as busy everywhere. */
	ck_assert_double_eq_tol(glance_window(&g, !in_rows, .5), .5, .02);
}
END_TEST

START_TEST(without_detail_or_room_the_middle_is_taken)
{
	struct glance g = draw(128, 77, plain);
	static const double lengths[] = { .1, .3, .5, 1 };

	for (unsigned i = 0; i < NELEM(lengths); i++) {
		ck_assert_double_eq_tol(glance_window(&g, false, lengths[i]),
		    .5, .01);
		ck_assert_double_eq_tol(glance_window(&g, true, lengths[i]), .5,
		    .02);
	}
	g = draw(1, 1, plain);
	ck_assert_double_eq(glance_window(&g, false, .1), .5);
	from = 0;
	to = 20;
	in_rows = false;
	g = draw(100, 50, busy);
	ck_assert_double_eq(glance_window(&g, false, 1), .5);
}
END_TEST

START_TEST(of_two_equally_near_places_the_first_is_taken)
{
	struct glance g;

	from = 0;
	to = 10;
	in_rows = false;
	g = draw(100, 40, mirrored);
	ck_assert_double_eq(glance_window(&g, false, .1), 0);
}
END_TEST

static unsigned
sea(unsigned x, unsigned y)
{
	if (y < 30)
		return 0xf0f0f0 + x % 2; /* sky: many, but not the most */
	if (x < 5)
		return 0xff0000;
	return 0x104080 + (x % 3) * 0x000100 + (y % 2) * 2;
}

START_TEST(the_dominant_color_is_the_mean_of_the_fullest_cube)
{
	struct glance g = draw(100, 100, sea);
	uint32_t is = glance_color(&g);

	ck_assert_uint_eq(is >> 16, 0x10);
	ck_assert_uint_eq(is >> 8 & 0xff, 0x41);
	ck_assert_uint_eq(is & 0xff, 0x81);
	g = draw(100, 100, plain);
	ck_assert_uint_eq(glance_color(&g), 0x123456);
	g = draw(1, 1, plain);
	ck_assert_uint_eq(glance_color(&g), 0x123456);
}
END_TEST

static unsigned
halves(unsigned x, unsigned y)
{
	(void)y;
	return x % 2 == 0 ? 0xffffff : 0x000000;
}

START_TEST(of_equal_cubes_the_darkest_is_taken)
{
	struct glance g = draw(GLANCE_SIDE, GLANCE_SIDE, halves);

	ck_assert_uint_eq(glance_color(&g), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("glance");
	TCase *tc = tcase_create("window");

	tcase_add_loop_test(tc, a_window_lies_over_the_detail, 0,
	    NELEM(windows));
	tcase_add_test(tc, without_detail_or_room_the_middle_is_taken);
	tcase_add_test(tc, of_two_equally_near_places_the_first_is_taken);
	suite_add_tcase(s, tc);
	tc = tcase_create("color");
	tcase_add_test(tc, the_dominant_color_is_the_mean_of_the_fullest_cube);
	tcase_add_test(tc, of_equal_cubes_the_darkest_is_taken);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
