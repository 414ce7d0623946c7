#include "config.h"

#include "color.h"

#include <check.h>
#include <lcms2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "profiles.h"
#include "support.h"

static struct icc
link_profile(void)
{
	return icc_take(cmsCreateInkLimitingDeviceLink(cmsSigCmykData, 200));
}

static struct icc
cut_p3(void)
{
	struct icc icc = icc_display_p3();

	icc.len /= 2;
	return icc;
}

static struct icc
noise(void)
{
	struct icc icc = icc_display_p3();

	for (size_t i = 0; i < icc.len; i++)
		((unsigned char *)icc.data)[i] = (unsigned char)(i * 131);
	return icc;
}

static struct icc
nothing(void)
{
	return (struct icc){ NULL, 0 };
}

static struct icc
giant(void)
{
	struct icc icc = icc_display_p3();

	icc.data = realloc(icc.data, COLOR_PROFILE_MAX + 1);
	ck_assert_ptr_nonnull(icc.data);
	icc.len = COLOR_PROFILE_MAX + 1;
	return icc;
}

static const struct {
	const char *name;
	struct icc (*make)(void);
	enum color_model model;
	enum color_verdict want;
} verdicts[] = {
	{ "sRGB, 8 bit", icc_srgb, COLOR_RGB8, COLOR_IS_SRGB },
	{ "sRGB, 16 bit", icc_srgb, COLOR_RGB16, COLOR_IS_SRGB },
	{ "P3, 8 bit", icc_display_p3, COLOR_RGB8, COLOR_CONVERTS },
	{ "P3, 16 bit", icc_display_p3, COLOR_RGB16, COLOR_CONVERTS },
	{ "CMYK", icc_cmyk, COLOR_CMYK16, COLOR_CONVERTS },
	{ "RGB for gray", icc_display_p3, COLOR_GRAY16, COLOR_UNUSABLE },
	{ "RGB for CMYK", icc_display_p3, COLOR_CMYK16, COLOR_UNUSABLE },
	{ "CMYK for RGB", icc_cmyk, COLOR_RGB8, COLOR_UNUSABLE },
	{ "a link", link_profile, COLOR_CMYK16, COLOR_UNUSABLE },
	{ "cut off", cut_p3, COLOR_RGB8, COLOR_UNUSABLE },
	{ "noise", noise, COLOR_RGB8, COLOR_UNUSABLE },
	{ "nothing", nothing, COLOR_RGB8, COLOR_UNUSABLE },
	{ "giant", giant, COLOR_RGB8, COLOR_UNUSABLE },
};

/* Of the same colours and other bytes: made in another year. */
static struct icc
p3_of_year(unsigned char year)
{
	struct icc icc = icc_display_p3();

	((unsigned char *)icc.data)[25] = year;
	return icc;
}

/* The last few ways are kept; who holds one does not see it go. */
START_TEST(a_way_outlives_those_that_come_after_it)
{
	const unsigned char in[3] = { 10, 200, 30 };
	unsigned char first[3], later[3];
	struct color *held = NULL;
	struct icc icc = p3_of_year(0);

	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_RGB8, &held),
	    COLOR_CONVERTS);
	color_convert(held, in, first, 1);
	for (unsigned i = 0; i < 40; i++) {
		struct icc other = p3_of_year((unsigned char)(i % 20));
		struct color *color = NULL;

		ck_assert_int_eq(color_new(other.data, other.len, COLOR_RGB8,
				     &color),
		    COLOR_CONVERTS);
		color_convert(color, in, later, 1);
		ck_assert_mem_eq(later, first, sizeof first);
		color_free(color);
		free(other.data);
	}
	color_convert(held, in, later, 1);
	ck_assert_mem_eq(later, first, sizeof first);
	color_free(held);
	free(icc.data);
}
END_TEST

/* The same bytes mean another thing for other px. */
START_TEST(a_way_is_for_its_px_alone)
{
	struct icc icc = icc_display_p3();
	struct color *color = NULL;

	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_RGB8, &color),
	    COLOR_CONVERTS);
	color_free(color);
	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_GRAY16, &color),
	    COLOR_UNUSABLE);
	free(icc.data);
}
END_TEST

START_TEST(a_profile_is_known_for_what_it_is)
{
	struct icc icc = verdicts[_i].make();
	struct color *color = NULL;
	enum color_verdict got =
	    color_new(icc.data, icc.len, verdicts[_i].model, &color);

	ck_assert_msg(got == verdicts[_i].want, "%s: %d", verdicts[_i].name,
	    (int)got);
	ck_assert_msg((color != NULL) == (got == COLOR_CONVERTS), "%s",
	    verdicts[_i].name);
	color_free(color);
	free(icc.data);
}
END_TEST

/* Worked out from the primaries of both by hand, without a colour library. */
static const struct {
	uint8_t p3[3], srgb[3];
} known[] = {
	{ { 0, 0, 0 }, { 0, 0, 0 } },
	{ { 255, 255, 255 }, { 255, 255, 255 } },
	{ { 128, 128, 128 }, { 128, 128, 128 } },
	{ { 200, 100, 50 }, { 215, 93, 31 } },
	{ { 50, 180, 120 }, { 0, 183, 114 } },
	{ { 90, 60, 200 }, { 95, 58, 208 } },
	{ { 230, 200, 150 }, { 236, 199, 143 } },
	{ { 255, 0, 0 }, { 255, 0, 0 } },
	{ { 0, 255, 0 }, { 0, 255, 0 } },
	{ { 30, 30, 60 }, { 30, 30, 62 } },
};

START_TEST(p3_becomes_srgb_in_8_bits)
{
	struct icc icc = icc_display_p3();
	struct color *color = NULL;
	uint8_t out[3];

	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_RGB8, &color),
	    COLOR_CONVERTS);
	color_convert(color, known[_i].p3, out, 1);
	for (int c = 0; c < 3; c++)
		ck_assert_msg(abs(out[c] - known[_i].srgb[c]) <= 1,
		    "channel %d: %d, not %d", c, out[c], known[_i].srgb[c]);
	color_free(color);
	free(icc.data);
}
END_TEST

START_TEST(p3_becomes_srgb_in_16_bits)
{
	struct icc icc = icc_display_p3();
	struct color *color = NULL;
	uint16_t in[3], out[3];

	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_RGB16, &color),
	    COLOR_CONVERTS);
	for (int c = 0; c < 3; c++)
		in[c] = (uint16_t)(known[_i].p3[c] * 257);
	color_convert(color, in, out, 1);
	for (int c = 0; c < 3; c++)
		ck_assert_msg(abs(out[c] / 257 - known[_i].srgb[c]) <= 2,
		    "channel %d: %d, not %d", c, out[c] / 257,
		    known[_i].srgb[c]);
	color_free(color);
	free(icc.data);
}
END_TEST

START_TEST(gray_of_another_gamma_stays_gray)
{
	static const uint8_t levels[][2] = { { 0, 0 }, { 64, 81 }, { 128, 146 },
		{ 192, 203 }, { 255, 255 } };
	struct icc icc = icc_gray(1.8);
	struct color *color = NULL;
	uint16_t in = (uint16_t)(levels[_i][0] * 257), out[3];

	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_GRAY16, &color),
	    COLOR_CONVERTS);
	color_convert(color, &in, out, 1);
	ck_assert_int_le(abs(out[0] / 257 - levels[_i][1]), 1);
	ck_assert_int_le(abs(out[0] - out[1]), 257);
	ck_assert_int_le(abs(out[0] - out[2]), 257);
	color_free(color);
	free(icc.data);
}
END_TEST

START_TEST(no_ink_is_white_and_all_ink_is_black)
{
	static const uint16_t in[3][4] = { { 0, 0, 0, 0 }, { 0, 0, 0, 65535 },
		{ 32768, 32768, 32768, 0 } };
	struct icc icc = icc_cmyk();
	struct color *color = NULL;
	uint16_t out[3][3];

	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_CMYK16, &color),
	    COLOR_CONVERTS);
	color_convert(color, in, out, 3);
	for (int c = 0; c < 3; c++) {
		ck_assert_uint_ge(out[0][c], 65000);
		ck_assert_uint_le(out[1][c], 500);
		/* L* 50 is 119 in sRGB. */
		ck_assert_int_le(abs(out[2][c] / 257 - 119), 3);
	}
	color_free(color);
	free(icc.data);
}
END_TEST

START_TEST(many_pixels_are_converted_like_one)
{
	const size_t n = 10000;
	struct icc icc = icc_display_p3();
	struct color *color = NULL;
	uint8_t *pixels = malloc(3 * n), one[3];

	ck_assert_ptr_nonnull(pixels);
	ck_assert_int_eq(color_new(icc.data, icc.len, COLOR_RGB8, &color),
	    COLOR_CONVERTS);
	for (size_t i = 0; i < n; i++)
		memcpy(pixels + 3 * i, known[i % NELEM(known)].p3, 3);
	color_convert(color, pixels, pixels, n);
	for (size_t i = 0; i < n; i++) {
		color_convert(color, known[i % NELEM(known)].p3, one, 1);
		ck_assert_mem_eq(pixels + 3 * i, one, 3);
	}
	free(pixels);
	color_free(color);
	free(icc.data);
}
END_TEST

START_TEST(channels_are_those_of_the_profile)
{
	static const struct {
		struct icc (*make)(void);
		unsigned want;
	} cases[] = { { icc_srgb, 3 }, { icc_display_p3, 3 }, { icc_cmyk, 4 },
		{ noise, 0 }, { nothing, 0 }, { giant, 0 } };

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct icc icc = cases[i].make();

		ck_assert_uint_eq(color_channels(icc.data, icc.len),
		    cases[i].want);
		free(icc.data);
	}
	struct icc icc = icc_gray(2.2);
	ck_assert_uint_eq(color_channels(icc.data, icc.len), 1);
	free(icc.data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("color");
	TCase *verdict = tcase_create("verdict");
	TCase *convert = tcase_create("convert");

	tcase_set_timeout(verdict, 60);
	tcase_add_loop_test(verdict, a_profile_is_known_for_what_it_is, 0,
	    NELEM(verdicts));
	tcase_add_test(verdict, channels_are_those_of_the_profile);
	tcase_add_test(verdict, a_way_outlives_those_that_come_after_it);
	tcase_add_test(verdict, a_way_is_for_its_px_alone);
	suite_add_tcase(suite, verdict);

	tcase_set_timeout(convert, 60);
	tcase_add_loop_test(convert, p3_becomes_srgb_in_8_bits, 0,
	    NELEM(known));
	tcase_add_loop_test(convert, p3_becomes_srgb_in_16_bits, 0,
	    NELEM(known));
	tcase_add_loop_test(convert, gray_of_another_gamma_stays_gray, 0, 5);
	tcase_add_test(convert, no_ink_is_white_and_all_ink_is_black);
	tcase_add_test(convert, many_pixels_are_converted_like_one);
	suite_add_tcase(suite, convert);
	return run_suite(suite);
}
