#include "config.h"

#include "palette.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define SIDE 64
#define PX (SIDE * SIDE)

static unsigned char rgba[PX * 4], indices[PX];

static void
fill(unsigned (*color)(unsigned x, unsigned y))
{
	for (unsigned i = 0; i < PX; i++) {
		const unsigned c = color(i % SIDE, i / SIDE);

		for (unsigned k = 0; k < 4; k++)
			rgba[4 * i + k] = (unsigned char)(c >> (24 - 8 * k));
	}
}

/* 256 colours, each 16 times. */
static unsigned
checkered(unsigned x, unsigned y)
{
	const unsigned n = (x + y * SIDE) % 256;

	return n << 24 | (255 - n) << 16 | (n * 7 & 0xff) << 8 | 0xff;
}

static unsigned
slopes(unsigned x, unsigned y)
{
	return (x * 4) << 24 | (y * 4) << 16 | (x + y) << 8 | 0xff;
}

/* The left half clear, with other colours under it. */
static unsigned
half(unsigned x, unsigned y)
{
	return x < SIDE / 2 ? (x * 9 + y) << 16 : slopes(x, y);
}

static unsigned
gray(unsigned x, unsigned y)
{
	(void)x;
	(void)y;
	return 0x5a5a5aff;
}

static unsigned
clear(unsigned x, unsigned y)
{
	return x << 24 | y << 8;
}

START_TEST(few_colors_are_kept_exactly)
{
	struct palette p;

	fill(checkered);
	ck_assert_int_eq(palette_choose(rgba, PX, 256, &p), 0);
	ck_assert_uint_eq(p.n, 256);
	ck_assert_int_eq(palette_dither(rgba, SIDE, SIDE, &p, indices), 0);
	for (unsigned i = 0; i < PX; i++)
		ck_assert_mem_eq(p.rgb[indices[i]], rgba + 4 * i, 3);
}
END_TEST

/* Colours whose bytes are a text, in its order. */
static const char text[] = "<?php a()?><script >b()</script><!doctype <%<b>";

static unsigned
written(unsigned x, unsigned y)
{
	const char *rgb = text + (x + y * SIDE) % (sizeof text / 3) * 3;

	return (unsigned)rgb[0] << 24 | (unsigned)rgb[1] << 16 |
	    (unsigned)rgb[2] << 8 | 0xff;
}

START_TEST(colors_are_no_markup)
{
	struct palette p;

	ck_assert_uint_eq(palette_markup((const unsigned char *)text,
			      sizeof text),
	    0);
	fill(written);
	ck_assert_int_eq(palette_choose(rgba, PX, 256, &p), 0);
	ck_assert_uint_eq(p.n, sizeof text / 3);
	ck_assert_mem_eq(p.rgb,
	    "=?php a()?>=script >b()</script>=!doctype =%<b>", sizeof text);
	ck_assert_uint_eq(palette_markup(p.rgb[0], sizeof text), sizeof text);

	/* Nearly the same picture. */
	ck_assert_int_eq(palette_dither(rgba, SIDE, SIDE, &p, indices), 0);
	for (unsigned i = 0; i < PX; i++)
		for (unsigned k = 0; k < 3; k++)
			ck_assert_int_le(abs(p.rgb[indices[i]][k] -
					     rgba[4 * i + k]),
			    1);
}
END_TEST

START_TEST(one_color_more_is_shared)
{
	struct palette p;

	fill(checkered);
	ck_assert_int_eq(palette_choose(rgba, PX, 255, &p), 0);
	ck_assert_uint_le(p.n, 255);
	ck_assert_uint_ge(p.n, 200);
}
END_TEST

/* By how much the mean of a channel over a square is off at most. */
static double
worst_mean(const struct palette *p, unsigned side)
{
	double worst = 0;

	for (unsigned at = 0; at < PX; at += side)
		for (unsigned k = 0; at / SIDE % side == 0 && k < 3; k++) {
			int sum = 0;

			for (unsigned i = 0; i < side * side; i++) {
				const unsigned px =
				    at + i / side * SIDE + i % side;

				sum +=
				    p->rgb[indices[px]][k] - rgba[4 * px + k];
			}
			worst = fmax(worst, fabs((double)sum / side / side));
		}
	return worst;
}

/* At the ends of the slopes there are colours that no mean reaches. */
START_TEST(a_dithered_picture_has_the_colors_of_the_picture)
{
	static const struct {
		unsigned n;
		double of_8, of_all; /* most, by the side of the square */
	} counts[] = { { 256, 2, .8 }, { 64, 5, 1 }, { 16, 17, 2 },
		{ 8, 50, 4 } };
	struct palette p;

	fill(slopes);
	ck_assert_int_eq(palette_choose(rgba, PX, counts[_i].n, &p), 0);
	ck_assert_uint_eq(p.n, counts[_i].n);
	ck_assert_int_eq(palette_dither(rgba, SIDE, SIDE, &p, indices), 0);
	ck_assert_double_le(worst_mean(&p, 8), counts[_i].of_8);
	ck_assert_double_le(worst_mean(&p, SIDE), counts[_i].of_all);
}
END_TEST

START_TEST(clear_px_choose_nothing_and_take_no_error)
{
	struct palette p;

	fill(half);
	ck_assert_int_eq(palette_choose(rgba, PX, 255, &p), 0);
	for (unsigned i = 0; i < p.n; i++)
		ck_assert_uint_ge(p.rgb[i][0], SIDE / 2 * 4 - 8);
	ck_assert_int_eq(palette_dither(rgba, SIDE, SIDE, &p, indices), 0);
	for (unsigned i = 0; i < PX; i++)
		ck_assert((indices[i] == p.n) == (i % SIDE < SIDE / 2));
	fill(clear);
	ck_assert_int_eq(palette_choose(rgba, PX, 255, &p), 0);
	ck_assert_uint_eq(p.n, 0);
	ck_assert_int_eq(palette_dither(rgba, SIDE, SIDE, &p, indices), 0);
	for (unsigned i = 0; i < PX; i++)
		ck_assert_uint_eq(indices[i], 0);
}
END_TEST

START_TEST(the_least_of_everything_works)
{
	struct palette p;
	unsigned char index = 7;

	fill(gray);
	ck_assert_int_eq(palette_choose(rgba, 1, 1, &p), 0);
	ck_assert_uint_eq(p.n, 1);
	ck_assert_mem_eq(p.rgb[0], "\x5a\x5a\x5a", 3);
	ck_assert_int_eq(palette_dither(rgba, 1, 1, &p, &index), 0);
	ck_assert_uint_eq(index, 0);
	fill(slopes);
	ck_assert_int_eq(palette_choose(rgba, PX, 1, &p), 0);
	ck_assert_uint_eq(p.n, 1);
	ck_assert_uint_eq(p.rgb[0][0], 126);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("palette");
	TCase *tc = tcase_create("palette");

	tcase_add_test(tc, few_colors_are_kept_exactly);
	tcase_add_test(tc, colors_are_no_markup);
	tcase_add_test(tc, one_color_more_is_shared);
	tcase_add_loop_test(tc,
	    a_dithered_picture_has_the_colors_of_the_picture, 0, 4);
	tcase_add_test(tc, clear_px_choose_nothing_and_take_no_error);
	tcase_add_test(tc, the_least_of_everything_works);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
