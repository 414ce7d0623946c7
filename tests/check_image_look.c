#include "config.h"

#include "image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fdio.h"
#include "log.h"
#include "pictures.h"
#include "profiles.h"
#include "support.h"

/* --- orientation and colour --- */

/* The scene's corners, 20 px inside. */
static void
assert_scene(const struct pixels *p, unsigned tolerance)
{
	static const unsigned corners[4] = { 0xe61414, 0x14c828, 0x1428dc,
		0xf0dc14 };

	for (unsigned i = 0; i < 4; i++) {
		unsigned x = i % 2 == 0 ? 20 : p->width - 21;
		unsigned y = i / 2 == 0 ? 20 : p->height - 21;
		unsigned is = pixel_at(p, x, y);

		ck_assert_msg(color_distance(is, corners[i]) <= tolerance,
		    "corner %u is %06x, not %06x", i, is, corners[i]);
	}
}

START_TEST(orientation_turns_the_picture_upright)
{
	char name[32];
	struct image *img;
	struct pixels p;

	snprintf(name, sizeof name, "data/orient-%d.jpg", _i);
	img = picture_srgb(name);
	p = picture_look(img);
	ck_assert_uint_eq(p.width, 360);
	ck_assert_uint_eq(p.height, 240);
	assert_scene(&p, 12);
	ck_assert(!image_is_sideways(img));
	pixels_free(&p);
	image_free(img);
}
END_TEST

static const struct {
	const char *name;
	unsigned tolerance;
} scenes[] = {
	{ "data/rgb.png", 0 },
	{ "data/lossy.webp", 12 },
	{ "data/progressive.jpg", 12 },
	/* Few colours: the file's own green is that far off. */
	{ "data/still.gif", 60 },
	/* No profile: ImageMagick's plain arithmetic, as Pillow's was. */
	{ "data/cmyk.jpg", 24 },
};

START_TEST(colours_of_the_scene_are_kept)
{
	struct image *img = picture_srgb(scenes[_i].name);
	struct pixels p = picture_look(img);

	assert_scene(&p, scenes[_i].tolerance);
	pixels_free(&p);
	image_free(img);
}
END_TEST

START_TEST(gray_keeps_its_levels)
{
	static const char *const names[] = { "data/gray.jpg",
		"data/gray16.png" };
	struct image *img = picture_srgb(names[_i]);
	struct pixels is = picture_look(img), was = pixels_load(names[_i]);

	ck_assert_double_le(pixels_distance(&is, &was), 0.6);
	for (size_t i = 0; i < (size_t)is.width * is.height; i += 7)
		ck_assert(is.rgba[4 * i] == is.rgba[4 * i + 1] &&
		    is.rgba[4 * i] == is.rgba[4 * i + 2]);
	pixels_free(&is);
	pixels_free(&was);
	image_free(img);
}
END_TEST

/* A JPEG with a profile's bytes in an APP2 (ICC.1 B.4) behind its SOI. */
static struct photo
with_profile(const char *name, const void *icc, size_t icc_len)
{
	struct photo photo = photo_load(name);
	size_t segment = 2 + 14 + icc_len;
	char *data = malloc(photo.len + 2 + segment);

	ck_assert_ptr_nonnull(data);
	ck_assert_uint_le(segment, 65535);
	memcpy(data, photo.data, 2);
	memcpy(data + 2, "\xff\xe2", 2);
	data[4] = (char)(segment >> 8);
	data[5] = (char)segment;
	memcpy(data + 6, "ICC_PROFILE\0\1\1", 14);
	memcpy(data + 20, icc, icc_len);
	memcpy(data + 20 + icc_len, photo.data + 2, photo.len - 2);
	free(photo.data);
	photo.data = data;
	photo.len += 2 + segment;
	return photo;
}

static void
log_to_file(void)
{
	char path[512];

	snprintf(path, sizeof path, "%s/log", tempdir_path());
	ck_assert_int_eq(log_open(path), 0);
}

/* All that has been said since log_to_file. free() it. */
static char *
logged(void)
{
	char *text;
	size_t len;

	ck_assert_int_eq(log_open(NULL), 0);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "log", 4096, &text, &len),
	    0);
	return text;
}

START_TEST(a_broken_profile_is_noted_and_passed_over)
{
	static const char *const names[] = { "data/orient-1.jpg",
		"data/gray.jpg", "data/cmyk.jpg" };
	unsigned char icc[300];
	struct photo photo;
	struct image *img = NULL, *plain = picture_srgb(names[_i]);
	struct fault_info info = { 0 };
	struct pixels a, b;
	char *log;

	for (size_t i = 0; i < sizeof icc; i++)
		icc[i] = (unsigned char)(i * 37);
	memcpy(icc + 36, "acsp", 4);
	photo = with_profile(names[_i], icc, sizeof icc);
	ck_assert_int_eq(photo_decode(&photo, &img, &info), FAULT_NONE);
	log_to_file();
	ck_assert_msg(image_to_srgb(img, &info) == FAULT_NONE, "%s",
	    info.cause);
	log = logged();
	ck_assert_msg(strstr(log, "profile of 300 bytes is unusable") != NULL,
	    "%s", log);
	free(log);
	a = picture_look(img);
	b = picture_look(plain);
	ck_assert_double_le(pixels_distance(&a, &b), 0);
	pixels_free(&a);
	pixels_free(&b);
	image_free(plain);
	image_free(img);
	free(photo.data);
}
END_TEST

/* The picture of a file that has been given a profile. */
static struct pixels
look_through(const char *name, struct icc icc)
{
	struct photo photo = with_profile(name, icc.data, icc.len);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	struct pixels p;

	ck_assert_int_eq(photo_decode(&photo, &img, &info), FAULT_NONE);
	ck_assert_msg(image_to_srgb(img, &info) == FAULT_NONE, "%s",
	    info.cause);
	p = picture_look(img);
	image_free(img);
	free(photo.data);
	free(icc.data);
	return p;
}

START_TEST(cmyk_is_seen_through_its_profile)
{
	struct pixels p = look_through("data/cmyk.jpg", icc_cmyk());
	unsigned px = pixel_at(&p, 20, 20);

	/* Red is (25 + 235 + 235) / 3 of 255 of ink: L* 35, in sRGB 83. */
	ck_assert_uint_le(color_distance(px, 0x535353), 8);
	for (size_t i = 0; i < (size_t)p.width * p.height; i += 5) {
		ck_assert_int_le(abs(p.rgba[4 * i] - p.rgba[4 * i + 1]), 2);
		ck_assert_int_le(abs(p.rgba[4 * i] - p.rgba[4 * i + 2]), 2);
	}
	pixels_free(&p);
}
END_TEST

START_TEST(gray_is_seen_through_its_profile)
{
	struct pixels was = pixels_load("data/gray.jpg");
	struct pixels is = look_through("data/gray.jpg", icc_gray(1.8));

	for (size_t i = 0; i < (size_t)is.width * is.height; i += 5) {
		double light = pow(was.rgba[4 * i] / 255.0, 1.8);
		double want = light <= 0.0031308
		    ? 12.92 * light
		    : 1.055 * pow(light, 1 / 2.4) - 0.055;

		for (int c = 0; c < 3; c++)
			ck_assert_double_le(fabs(is.rgba[4 * i + (size_t)c] -
						255 * want),
			    2);
	}
	pixels_free(&was);
	pixels_free(&is);
}
END_TEST

/* Its gray is sRGB's; and one for CMYK or RGB says nothing of the other. */
START_TEST(profiles_that_change_nothing_change_nothing)
{
	static const struct {
		const char *name;
		struct icc (*make)(void);
	} cases[] = {
		{ "data/gray.jpg", icc_display_p3 },
		{ "data/orient-1.jpg", icc_srgb },
		{ "data/orient-1.jpg", icc_cmyk },
		{ "data/cmyk.jpg", icc_display_p3 },
		{ "data/gray.jpg", icc_cmyk },
	};
	struct image *img = picture_srgb(cases[_i].name);
	struct pixels plain = picture_look(img);
	struct pixels is = look_through(cases[_i].name, cases[_i].make());

	ck_assert_double_le(pixels_distance(&is, &plain), 0.5);
	pixels_free(&is);
	pixels_free(&plain);
	image_free(img);
}
END_TEST

START_TEST(of_a_good_profile_or_none_nothing_is_said)
{
	static const char *const names[] = { "data/p3.jpg",
		"data/orient-1.jpg" };
	char *log;

	log_to_file();
	image_free(picture_srgb(names[_i]));
	log = logged();
	ck_assert_str_eq(log, "");
	free(log);
}
END_TEST

START_TEST(alpha_survives_the_colours)
{
	static const char *const names[] = { "data/alpha.png",
		"data/lossless-alpha.webp", "data/lossy-alpha.webp" };
	struct image *img = picture_srgb(names[_i]);
	struct pixels p = picture_look(img);

	ck_assert_uint_le(pixel_alpha(&p, 2, 100), 4);
	ck_assert_uint_ge(pixel_alpha(&p, 357, 100), 251);
	ck_assert_uint_ge(pixel_alpha(&p, 180, 100), 120);
	ck_assert_uint_le(pixel_alpha(&p, 180, 100), 136);
	pixels_free(&p);
	image_free(img);
}
END_TEST

/* --- placing --- */

static unsigned
position(unsigned x, unsigned y)
{
	return x << 16 | y << 8;
}

/* 200 x 100 px whose red is x and whose green is y. */
static struct image *
ruler(void)
{
	struct sniff sniff = { FORMAT_PNG, 200, 100, 1, 0 };
	struct size full = { 200, 100 };
	struct image *img = NULL;
	struct fault_info info = { 0 };
	size_t len;
	void *data = picture_make(200, 100, position, &len);

	ck_assert_int_eq(image_decode(data, len, &sniff, full,
			     &picture_progress, &img, &info),
	    FAULT_NONE);
	free(data);
	return img;
}

static struct pixels
place_on_ruler(const struct placement *p, uint32_t background)
{
	struct image *img = ruler(), *made = NULL;
	struct fault_info info = { 0 };
	struct pixels pixels;

	ck_assert_msg(image_place(img, p, background, 0, &made, &info) ==
		FAULT_NONE,
	    "%s", info.cause);
	pixels = picture_look(made);
	ck_assert_uint_eq(pixels.width, p->canvas.width);
	ck_assert_uint_eq(pixels.height, p->canvas.height);
	image_free(made);
	image_free(img);
	return pixels;
}

static const struct {
	const char *name;
	double x, y, width, height;
	struct size scaled;
} regions[] = {
	{ "whole, unscaled", 0, 0, 200, 100, { 200, 100 } },
	{ "whole, halved", 0, 0, 200, 100, { 100, 50 } },
	{ "left", 0, 0, 100, 100, { 50, 50 } },
	{ "right", 100, 0, 100, 100, { 50, 50 } },
	{ "middle, unscaled", 50, 0, 100, 100, { 100, 100 } },
	{ "fractions, unscaled", 49.6, 10.3, 100.4, 80.4, { 100, 80 } },
	{ "fractions", 49.6, 10.3, 100.4, 80.4, { 50, 40 } },
	{ "over the edge by rounding", 99.9, 0, 100.6, 100, { 100, 100 } },
	{ "a column", 0, 0, 1, 100, { 1, 100 } },
	{ "less than a px", 99.5, 50, 0.4, 0.4, { 1, 1 } },
};

START_TEST(a_region_comes_from_its_place)
{
	struct placement p = { regions[_i].x, regions[_i].y, regions[_i].width,
		regions[_i].height, regions[_i].scaled, regions[_i].scaled, 0,
		0, 1, false };
	struct pixels is = place_on_ruler(&p, 0);
	double x_step = p.crop_width / p.scaled.width;
	double y_step = p.crop_height / p.scaled.height;

	/* Away from the borders, where Lanczos has all its samples. */
	for (unsigned y = is.height / 4; y <= is.height / 2; y++)
		for (unsigned x = is.width / 4; x <= is.width / 2; x++) {
			unsigned px = pixel_at(&is, x, y);
			double dx =
			    (px >> 16) - (p.crop_x + (x + 0.5) * x_step - 0.5);
			double dy = (px >> 8 & 0xff) -
			    (p.crop_y + (y + 0.5) * y_step - 0.5);

			ck_assert_msg(dx > -1.3 && dx < 1.3 && dy > -1.3 &&
				dy < 1.3,
			    "%s: (%u, %u) is off by %g, %g", regions[_i].name,
			    x, y, dx, dy);
		}
	pixels_free(&is);
}
END_TEST

START_TEST(padding_has_the_background)
{
	struct placement p = { 0, 0, 200, 100, { 100, 50 }, { 100, 100 }, 0, 25,
		0.5, false };
	struct pixels is = place_on_ruler(&p, 0x336699);

	ck_assert_uint_eq(pixel_at(&is, 0, 0), 0x336699);
	ck_assert_uint_eq(pixel_at(&is, 99, 24), 0x336699);
	ck_assert_uint_eq(pixel_at(&is, 50, 75), 0x336699);
	ck_assert_uint_le(color_distance(pixel_at(&is, 50, 50), 0x643200), 3);
	pixels_free(&is);
}
END_TEST

START_TEST(padding_of_gray_and_clear_has_colour)
{
	static const char *const names[] = { "data/gray.jpg", "data/gray16.png",
		"data/alpha.png", "data/still.gif" };
	struct image *img = picture_srgb(names[_i]), *made = NULL;
	struct placement p = { 0, 0, 360, 240, { 180, 120 }, { 200, 140 }, 10,
		10, 0.5, false };
	struct fault_info info = { 0 };
	struct pixels is;

	ck_assert_int_eq(image_place(img, &p, 0xff8000, 0, &made, &info),
	    FAULT_NONE);
	is = picture_look(made);
	ck_assert_uint_eq(is.width, 200);
	ck_assert_uint_eq(pixel_at(&is, 0, 0), 0xff8000);
	ck_assert_uint_eq(pixel_at(&is, 199, 139), 0xff8000);
	ck_assert_uint_eq(pixel_alpha(&is, 100, 70), 255);
	pixels_free(&is);
	image_free(made);
	image_free(img);
}
END_TEST

static TCase *
case_of(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_checked_fixture(tc, picture_boot, picture_shutdown);
	suite_add_tcase(suite, tc);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("image_look");
	TCase *tc = case_of(suite, "colour");
	tcase_add_loop_test(tc, orientation_turns_the_picture_upright, 0, 9);
	tcase_add_loop_test(tc, colours_of_the_scene_are_kept, 0,
	    NELEM(scenes));
	tcase_add_loop_test(tc, gray_keeps_its_levels, 0, 2);
	tcase_add_loop_test(tc, a_broken_profile_is_noted_and_passed_over, 0,
	    3);
	tcase_add_loop_test(tc, of_a_good_profile_or_none_nothing_is_said, 0,
	    2);
	tcase_add_test(tc, cmyk_is_seen_through_its_profile);
	tcase_add_test(tc, gray_is_seen_through_its_profile);
	tcase_add_loop_test(tc, profiles_that_change_nothing_change_nothing, 0,
	    5);
	tcase_add_loop_test(tc, alpha_survives_the_colours, 0, 3);

	tc = case_of(suite, "place");
	tcase_add_loop_test(tc, a_region_comes_from_its_place, 0,
	    NELEM(regions));
	tcase_add_test(tc, padding_has_the_background);
	tcase_add_loop_test(tc, padding_of_gray_and_clear_has_colour, 0, 4);
	return run_suite(suite);
}
