#include "config.h"

#include "image.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "pictures.h"
#include "profiles.h"
#include "support.h"

/* A file of test data, with what sniffing says of it. */
struct photo {
	char *data;
	size_t len;
	struct sniff sniff;
};

static struct photo
load(const char *name)
{
	struct photo photo;
	struct fault_info info = { 0 };

	photo.data = test_data(name, &photo.len);
	ck_assert_msg(sniff_read(photo.data, photo.len, &photo.sniff, &info) ==
		FAULT_NONE,
	    "%s: %s", name, info.detail);
	return photo;
}

static enum fault
decode(const struct photo *photo, struct image **out, struct fault_info *info)
{
	struct size full = { photo->sniff.width, photo->sniff.height };

	return image_decode(photo->data, photo->len, &photo->sniff, full,
	    &picture_progress, out, info);
}

static struct image *
decode_whole(const char *name)
{
	struct photo photo = load(name);
	struct image *img = NULL;
	struct fault_info info = { 0 };

	ck_assert_msg(decode(&photo, &img, &info) == FAULT_NONE, "%s: %s: %s",
	    name, fault_code(info.fault), info.cause);
	free(photo.data);
	return img;
}

/* The px of a picture as they are, by way of a lossless file. */
static struct pixels
look(const struct image *img)
{
	struct fault_info info = { 0 };
	struct pixels p;
	void *data;
	size_t len;

	ck_assert_msg(image_encode(img, FORMAT_PNG, 80, 0, &data, &len,
			  &info) == FAULT_NONE,
	    "%s", info.cause);
	p = pixels_read(data, len, FORMAT_PNG);
	free(data);
	return p;
}

static struct image *
srgb_of(const char *name)
{
	struct image *img = decode_whole(name);
	struct fault_info info = { 0 };

	ck_assert_int_eq(image_orient(img, &info), FAULT_NONE);
	ck_assert_int_eq(image_to_srgb(img, &info), FAULT_NONE);
	return img;
}

/* --- decoding --- */

static const struct {
	const char *name;
	unsigned width, height;
	bool sideways;
} files[] = {
	{ "data/orient-0.jpg", 360, 240, false },
	{ "data/orient-1.jpg", 360, 240, false },
	{ "data/orient-2.jpg", 360, 240, false },
	{ "data/orient-3.jpg", 360, 240, false },
	{ "data/orient-4.jpg", 360, 240, false },
	{ "data/orient-5.jpg", 240, 360, true },
	{ "data/orient-6.jpg", 240, 360, true },
	{ "data/orient-7.jpg", 240, 360, true },
	{ "data/orient-8.jpg", 240, 360, true },
	{ "data/gray.jpg", 360, 240, false },
	{ "data/progressive.jpg", 360, 240, false },
	{ "data/cmyk.jpg", 360, 240, false },
	{ "data/rgb.png", 360, 240, false },
	{ "data/alpha.png", 360, 240, false },
	{ "data/palette-trns.png", 360, 240, false },
	{ "data/gray16.png", 360, 240, false },
	{ "data/interlaced.png", 179, 119, false },
	{ "data/animated.gif", 120, 80, false },
	{ "data/still.gif", 360, 240, false },
	{ "data/lossy.webp", 360, 240, false },
	{ "data/lossless-alpha.webp", 360, 240, false },
	{ "data/lossy-alpha.webp", 360, 240, false },
	{ "data/animated.webp", 120, 80, false },
};

START_TEST(every_kind_of_file_is_decoded)
{
	struct image *img = decode_whole(files[_i].name);
	struct size size = image_size(img);

	ck_assert_msg(size.width == files[_i].width &&
		size.height == files[_i].height,
	    "%s: %ux%u", files[_i].name, size.width, size.height);
	ck_assert_msg(image_is_sideways(img) == files[_i].sideways, "%s",
	    files[_i].name);
	image_free(img);
}
END_TEST

/* A file of each kind, cut at each of so many places. */
#define CUTS 12
static const char *const cuttable[] = { "data/orient-1.jpg",
	"data/orient-6.jpg", "data/progressive.jpg", "data/rgb.png",
	"data/interlaced.png", "data/still.gif", "data/animated.gif",
	"data/lossy.webp", "data/lossless-alpha.webp", "data/animated.webp" };

START_TEST(a_file_that_ends_early_is_corrupt)
{
	struct photo photo = load(cuttable[_i / CUTS]);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	size_t n = _i % CUTS;

	/* By 1, 2, 8 bytes; then by parts of the whole. */
	photo.len = n == 0 ? photo.len - 1
	    : n == 1       ? photo.len - 2
	    : n == 2       ? photo.len - 8
			   : photo.len * n / CUTS;
	ck_assert_msg(decode(&photo, &img, &info) == FAULT_CORRUPT_IMAGE,
	    "%s cut to %zu: %s", cuttable[_i / CUTS], photo.len,
	    fault_code(info.fault));
	ck_assert_ptr_null(img);
	free(photo.data);
}
END_TEST

START_TEST(what_follows_the_end_is_no_harm)
{
	struct photo photo = load(cuttable[_i]);
	struct fault_info info = { 0 };
	struct image *img = NULL;

	photo.data = realloc(photo.data, photo.len + 1000);
	ck_assert_ptr_nonnull(photo.data);
	memset(photo.data + photo.len, 0x55, 1000);
	photo.len += 1000;
	ck_assert_msg(decode(&photo, &img, &info) == FAULT_NONE, "%s: %s",
	    cuttable[_i], info.cause);
	image_free(img);
	free(photo.data);
}
END_TEST

START_TEST(damaged_coded_data_is_no_success_without_pixels)
{
	struct photo photo = load("data/rgb.png");
	struct image *img = NULL;
	struct fault_info info = { 0 };

	memset(photo.data + photo.len / 2, 0, 40);
	ck_assert_int_eq(decode(&photo, &img, &info), FAULT_CORRUPT_IMAGE);
	free(photo.data);
}
END_TEST

START_TEST(bytes_of_another_format_are_corrupt)
{
	static const enum format claims[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_GIF, FORMAT_WEBP };
	static const char *const names[] = { "data/orient-1.jpg",
		"data/rgb.png", "data/still.gif", "data/lossy.webp" };
	struct photo photo = load(names[_i / 4]);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	enum fault want = _i / 4 == _i % 4 ? FAULT_NONE : FAULT_CORRUPT_IMAGE;

	photo.sniff.format = claims[_i % 4];
	ck_assert_int_eq(decode(&photo, &img, &info), want);
	image_free(img);
	free(photo.data);
}
END_TEST

START_TEST(another_size_than_the_header_says_is_corrupt)
{
	static const int by[][2] = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } };
	struct photo photo =
	    load(_i < 4 ? "data/rgb.png" : "data/orient-1.jpg");
	struct image *img = NULL;
	struct fault_info info = { 0 };

	photo.sniff.width += (unsigned)by[_i % 4][0];
	photo.sniff.height += (unsigned)by[_i % 4][1];
	ck_assert_int_eq(decode(&photo, &img, &info), FAULT_CORRUPT_IMAGE);
	free(photo.data);
}
END_TEST

START_TEST(the_hint_makes_jpeg_smaller_but_not_too_small)
{
	struct photo photo = load("data/photo-12mp.jpg");
	struct size full = { 4032, 3024 };
	struct size hint = geometry_decode_hint(full, 0.1 * (_i + 1), 1.5);
	struct image *img = NULL;
	struct fault_info info = { 0 };

	ck_assert_int_eq(image_decode(photo.data, photo.len, &photo.sniff, hint,
			     &picture_progress, &img, &info),
	    FAULT_NONE);
	ck_assert_uint_ge(image_size(img).width, hint.width);
	ck_assert_uint_ge(image_size(img).height, hint.height);
	/* libjpeg has eighths, so less than twice the hint's sides. */
	if (hint.width < full.width)
		ck_assert_uint_lt(image_size(img).width, 2 * hint.width);
	image_free(img);
	free(photo.data);
}
END_TEST

/* A red frame of 2 x 1 px at (3, 1) of a canvas of 6 x 4. */
static const unsigned char offset_gif[] = { 'G', 'I', 'F', '8', '9', 'a', 6, 0,
	4, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255, ',', 3, 0, 1, 0, 2, 0, 1, 0, 0,
	2, 2, 0x04, 0x0a, 0, ';' };

START_TEST(a_small_first_frame_lies_on_its_canvas)
{
	struct sniff sniff = { FORMAT_GIF, 6, 4, 1, false };
	struct size full = { 6, 4 };
	struct image *img = NULL;
	struct fault_info info = { 0 };
	struct pixels p;

	ck_assert_msg(image_decode(offset_gif, sizeof offset_gif, &sniff, full,
			  &picture_progress, &img, &info) == FAULT_NONE,
	    "%s", info.cause);
	p = look(img);
	ck_assert_uint_eq(p.width, 6);
	ck_assert_uint_eq(p.height, 4);
	for (unsigned y = 0; y < 4; y++)
		for (unsigned x = 0; x < 6; x++)
			ck_assert_uint_eq(pixel_alpha(&p, x, y),
			    y == 1 && (x == 3 || x == 4) ? 255 : 0);
	ck_assert_uint_eq(pixel_at(&p, 3, 1), 0xff0000);
	pixels_free(&p);
	image_free(img);
}
END_TEST

START_TEST(only_the_first_frame_is_shown)
{
	static const char *const names[] = { "data/animated.gif",
		"data/animated.webp" };
	struct image *img = srgb_of(names[_i]);
	struct pixels p = look(img);

	for (unsigned y = 0; y < p.height; y += 10)
		for (unsigned x = 0; x < p.width; x += 10)
			ck_assert_uint_le(color_distance(pixel_at(&p, x, y),
					      0xdc1e1e),
			    2);
	pixels_free(&p);
	image_free(img);
}
END_TEST

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
	img = srgb_of(name);
	p = look(img);
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
	struct image *img = srgb_of(scenes[_i].name);
	struct pixels p = look(img);

	assert_scene(&p, scenes[_i].tolerance);
	pixels_free(&p);
	image_free(img);
}
END_TEST

START_TEST(gray_keeps_its_levels)
{
	static const char *const names[] = { "data/gray.jpg",
		"data/gray16.png" };
	struct image *img = srgb_of(names[_i]);
	struct pixels is = look(img), was = pixels_load(names[_i]);

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
	struct photo photo = load(name);
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

START_TEST(a_broken_profile_is_passed_over)
{
	static const char *const names[] = { "data/orient-1.jpg",
		"data/gray.jpg", "data/cmyk.jpg" };
	unsigned char icc[300];
	struct photo photo;
	struct image *img = NULL, *plain = srgb_of(names[_i]);
	struct fault_info info = { 0 };
	struct pixels a, b;

	for (size_t i = 0; i < sizeof icc; i++)
		icc[i] = (unsigned char)(i * 37);
	memcpy(icc + 36, "acsp", 4);
	photo = with_profile(names[_i], icc, sizeof icc);
	ck_assert_int_eq(decode(&photo, &img, &info), FAULT_NONE);
	ck_assert_msg(image_to_srgb(img, &info) == FAULT_NONE, "%s",
	    info.cause);
	a = look(img);
	b = look(plain);
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

	ck_assert_int_eq(decode(&photo, &img, &info), FAULT_NONE);
	ck_assert_msg(image_to_srgb(img, &info) == FAULT_NONE, "%s",
	    info.cause);
	p = look(img);
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
	struct image *img = srgb_of(cases[_i].name);
	struct pixels plain = look(img);
	struct pixels is = look_through(cases[_i].name, cases[_i].make());

	ck_assert_double_le(pixels_distance(&is, &plain), 0.5);
	pixels_free(&is);
	pixels_free(&plain);
	image_free(img);
}
END_TEST

START_TEST(alpha_survives_the_colours)
{
	static const char *const names[] = { "data/alpha.png",
		"data/lossless-alpha.webp", "data/lossy-alpha.webp" };
	struct image *img = srgb_of(names[_i]);
	struct pixels p = look(img);

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
	struct sniff sniff = { FORMAT_PNG, 200, 100, 1, false };
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

	ck_assert_msg(image_place(img, p, background, &made, &info) ==
		FAULT_NONE,
	    "%s", info.cause);
	pixels = look(made);
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
		0, 1 };
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
		0.5 };
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
	struct image *img = srgb_of(names[_i]), *made = NULL;
	struct placement p = { 0, 0, 360, 240, { 180, 120 }, { 200, 140 }, 10,
		10, 0.5 };
	struct fault_info info = { 0 };
	struct pixels is;

	ck_assert_int_eq(image_place(img, &p, 0xff8000, &made, &info),
	    FAULT_NONE);
	is = look(made);
	ck_assert_uint_eq(is.width, 200);
	ck_assert_uint_eq(pixel_at(&is, 0, 0), 0xff8000);
	ck_assert_uint_eq(pixel_at(&is, 199, 139), 0xff8000);
	ck_assert_uint_eq(pixel_alpha(&is, 100, 70), 255);
	pixels_free(&is);
	image_free(made);
	image_free(img);
}
END_TEST

/* --- encoding --- */

static const enum format written[] = { FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP };

START_TEST(a_written_file_holds_the_picture_alone)
{
	const char *name = files[_i / 3].name;
	enum format format = written[_i % 3];
	struct image *img = srgb_of(name);
	struct size size = image_size(img);
	struct fault_info info = { 0 };
	struct pixels is;
	void *data = NULL;
	size_t len = 0;

	ck_assert_msg(image_encode(img, format, 80, 0, &data, &len, &info) ==
		FAULT_NONE,
	    "%s: %s", name, info.cause);
	ck_assert_msg(picture_extras(data, len, format) == NULL, "%s as %s: %s",
	    name, format_spec(format)->name, picture_extras(data, len, format));
	is = pixels_read(data, len, format);
	ck_assert_uint_eq(is.width, size.width);
	ck_assert_uint_eq(is.height, size.height);
	pixels_free(&is);
	free(data);
	image_free(img);
}
END_TEST

START_TEST(jpeg_is_baseline_and_halves_chroma)
{
	/* 4:4:4, progressive, gray */
	static const char *const names[] = { "data/orient-1.jpg",
		"data/progressive.jpg", "data/p3.jpg", "data/rgb.png" };
	struct image *img = srgb_of(names[_i]);
	struct fault_info info = { 0 };
	const unsigned char *sof;
	void *data;
	size_t len;

	ck_assert_int_eq(image_encode(img, FORMAT_JPEG, 95, 0, &data, &len,
			     &info),
	    FAULT_NONE);
	sof = memmem(data, len, "\xff\xc0\x00\x11\x08", 5);
	ck_assert_ptr_nonnull(sof);
	ck_assert_uint_eq(sof[9], 3);
	ck_assert_uint_eq(sof[11], 0x22);
	ck_assert_uint_eq(sof[14], 0x11);
	ck_assert_uint_eq(sof[17], 0x11);
	free(data);
	image_free(img);
}
END_TEST

START_TEST(png_has_8_bits_and_no_interlace)
{
	static const char *const names[] = { "data/gray16.png",
		"data/interlaced.png", "data/palette-trns.png" };
	struct image *img = srgb_of(names[_i]);
	struct fault_info info = { 0 };
	unsigned char *ihdr;
	void *data;
	size_t len;

	ck_assert_int_eq(image_encode(img, FORMAT_PNG, 80, 0, &data, &len,
			     &info),
	    FAULT_NONE);
	ihdr = (unsigned char *)data + 16;
	ck_assert_uint_le(ihdr[8], 8);
	ck_assert_uint_eq(ihdr[12], 0);
	free(data);
	image_free(img);
}
END_TEST

START_TEST(quality_changes_the_size_but_not_the_kind)
{
	static const enum format formats[] = { FORMAT_JPEG, FORMAT_WEBP };
	enum format format = formats[_i];
	struct image *img = srgb_of("data/orient-1.jpg");
	struct fault_info info = { 0 };
	size_t before = 0;

	for (unsigned quality = 1; quality <= 100; quality += 33) {
		void *data;
		size_t len;

		ck_assert_int_eq(image_encode(img, format, quality, 0, &data,
				     &len, &info),
		    FAULT_NONE);
		ck_assert_uint_gt(len, before);
		ck_assert_ptr_null(picture_extras(data, len, format));
		before = len;
		free(data);
	}
	image_free(img);
}
END_TEST

START_TEST(clear_px_get_the_background_in_jpeg_only)
{
	struct image *img = srgb_of("data/alpha.png");
	struct fault_info info = { 0 };
	struct pixels is;
	void *data;
	size_t len;

	ck_assert_int_eq(image_encode(img, written[_i], 95, 0x2040c0, &data,
			     &len, &info),
	    FAULT_NONE);
	is = pixels_read(data, len, written[_i]);
	if (written[_i] == FORMAT_JPEG) {
		ck_assert_uint_eq(pixel_alpha(&is, 0, 120), 255);
		ck_assert_uint_le(color_distance(pixel_at(&is, 0, 120),
				      0x2040c0),
		    10);
	} else {
		ck_assert_uint_le(pixel_alpha(&is, 0, 120), 2);
		ck_assert_uint_ge(pixel_alpha(&is, 359, 120), 253);
	}
	pixels_free(&is);
	free(data);
	image_free(img);
}
END_TEST

/* --- limits --- */

START_TEST(a_passed_deadline_ends_each_step)
{
	struct photo photo = load("data/rgb.png");
	struct image *img = decode_whole("data/rgb.png"), *made = NULL;
	struct placement p = { 0, 0, 360, 240, { 180, 120 }, { 180, 120 }, 0, 0,
		0.5 };
	struct fault_info info = { 0 };
	void *data;
	size_t len;

	picture_progress.deadline_ns = 1;
	ck_assert_int_eq(decode(&photo, &made, &info), FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_orient(img, &info), FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_to_srgb(img, &info), FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_place(img, &p, 0, &made, &info),
	    FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_encode(img, FORMAT_JPEG, 80, 0, &data, &len,
			     &info),
	    FAULT_RENDER_TIMEOUT);
	ck_assert_ptr_null(made);
	image_free(img);
	free(photo.data);
}
END_TEST

static double
decode_cpu_ms(const struct photo *photo, enum fault want)
{
	struct image *img = NULL;
	struct fault_info info = { 0 };
	struct timespec before, after;

	ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
	ck_assert_int_eq(decode(photo, &img, &info), want);
	ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	ck_assert_int_eq(img == NULL, want != FAULT_NONE);
	image_free(img);
	return (double)(after.tv_sec - before.tv_sec) * 1e3 +
	    (double)(after.tv_nsec - before.tv_nsec) / 1e6;
}

/* Not only is it said, it saves the rest of the work. */
START_TEST(a_deadline_in_the_midst_ends_the_decoding)
{
	struct photo photo = load("data/photo-12mp.jpg");
	double full_ms = decode_cpu_ms(&photo, FAULT_NONE);

	picture_progress.deadline_ns = clock_monotonic_ns() + 5 * NS_PER_MS;
	ck_assert_double_lt(decode_cpu_ms(&photo, FAULT_RENDER_TIMEOUT),
	    full_ms / 2);
	free(photo.data);
}
END_TEST

/* As picture_boot, with less memory than any of the pictures needs. */
static void
boot_small(void)
{
	char why[256] = "";

	picture_settings = settings_load(NULL, stderr);
	ck_assert_ptr_nonnull(picture_settings);
	picture_settings->limits.memory = 60000;
	ck_assert_msg(image_boot(picture_settings, tempdir_path(), why,
			  sizeof why) == 0,
	    "%s", why);
	progress_start(&picture_progress, NULL);
}

START_TEST(too_little_memory_is_said_and_no_blank_picture)
{
	struct photo photo = load(files[_i].name);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	enum fault f = decode(&photo, &img, &info);

	ck_assert_msg(f == FAULT_TOO_MUCH_MEMORY, "%s: %s, %s", files[_i].name,
	    fault_code(f), info.cause);
	ck_assert_ptr_null(img);
	ck_assert_uint_eq(count_entries(tempdir_path()), 1); /* policy.xml */
	free(photo.data);
}
END_TEST

/* --- start --- */

START_TEST(a_missing_directory_stops_the_start)
{
	struct settings *settings = settings_load(NULL, stderr);
	char why[256] = "";

	ck_assert_int_eq(image_boot(settings, "/nowhere/at/all", why,
			     sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "/nowhere/at/all"));
	settings_free(settings);
}
END_TEST

/* The policies of others, as a home or an environment can bring them in. */
START_TEST(other_policies_and_limits_are_not_heard)
{
	char path[512], why[256] = "";
	struct settings *settings = settings_load(NULL, stderr);
	FILE *file;

	snprintf(path, sizeof path, "%s/.config", tempdir_path());
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/.config/ImageMagick", tempdir_path());
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/.config/ImageMagick/policy.xml",
	    tempdir_path());
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("<policymap><policy domain=\"coder\" rights=\"none\""
	      " pattern=\"PNG\"/></policymap>\n",
	    file);
	fclose(file);
	setenv("HOME", tempdir_path(), 1);
	setenv("MAGICK_MEMORY_LIMIT", "1", 1);
	setenv("MAGICK_CODER_MODULE_PATH", "/nowhere", 1);
	ck_assert_msg(image_boot(settings, tempdir_path(), why, sizeof why) ==
		0,
	    "%s", why);
	image_shutdown();
	settings_free(settings);
}
END_TEST

static TCase *
case_of(Suite *suite, const char *name, void (*boot)(void))
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	if (boot != NULL)
		tcase_add_checked_fixture(tc, boot, picture_shutdown);
	suite_add_tcase(suite, tc);
	return tc;
}

int
main(void)
{
	Suite *suite = suite_create("image");
	TCase *tc = case_of(suite, "decode", picture_boot);
	const int n_files = NELEM(files), n_cuttable = NELEM(cuttable);

	tcase_add_loop_test(tc, every_kind_of_file_is_decoded, 0, n_files);
	tcase_add_loop_test(tc, a_file_that_ends_early_is_corrupt, 0,
	    n_cuttable * CUTS);
	tcase_add_loop_test(tc, what_follows_the_end_is_no_harm, 0, n_cuttable);
	tcase_add_test(tc, damaged_coded_data_is_no_success_without_pixels);
	tcase_add_loop_test(tc, bytes_of_another_format_are_corrupt, 0, 16);
	tcase_add_loop_test(tc, another_size_than_the_header_says_is_corrupt, 0,
	    8);
	tcase_add_loop_test(tc, the_hint_makes_jpeg_smaller_but_not_too_small,
	    0, 10);
	tcase_add_test(tc, a_small_first_frame_lies_on_its_canvas);
	tcase_add_loop_test(tc, only_the_first_frame_is_shown, 0, 2);

	tc = case_of(suite, "colour", picture_boot);
	tcase_add_loop_test(tc, orientation_turns_the_picture_upright, 0, 9);
	tcase_add_loop_test(tc, colours_of_the_scene_are_kept, 0,
	    NELEM(scenes));
	tcase_add_loop_test(tc, gray_keeps_its_levels, 0, 2);
	tcase_add_loop_test(tc, a_broken_profile_is_passed_over, 0, 3);
	tcase_add_test(tc, cmyk_is_seen_through_its_profile);
	tcase_add_test(tc, gray_is_seen_through_its_profile);
	tcase_add_loop_test(tc, profiles_that_change_nothing_change_nothing, 0,
	    5);
	tcase_add_loop_test(tc, alpha_survives_the_colours, 0, 3);

	tc = case_of(suite, "place", picture_boot);
	tcase_add_loop_test(tc, a_region_comes_from_its_place, 0,
	    NELEM(regions));
	tcase_add_test(tc, padding_has_the_background);
	tcase_add_loop_test(tc, padding_of_gray_and_clear_has_colour, 0, 4);

	tc = case_of(suite, "encode", picture_boot);
	tcase_add_loop_test(tc, a_written_file_holds_the_picture_alone, 0,
	    n_files * 3);
	tcase_add_loop_test(tc, jpeg_is_baseline_and_halves_chroma, 0, 4);
	tcase_add_loop_test(tc, png_has_8_bits_and_no_interlace, 0, 3);
	tcase_add_loop_test(tc, quality_changes_the_size_but_not_the_kind, 0,
	    2);
	tcase_add_loop_test(tc, clear_px_get_the_background_in_jpeg_only, 0, 3);

	tc = case_of(suite, "time", picture_boot);
	tcase_add_test(tc, a_passed_deadline_ends_each_step);
	tcase_add_test(tc, a_deadline_in_the_midst_ends_the_decoding);
	tc = case_of(suite, "memory", boot_small);
	tcase_add_loop_test(tc, too_little_memory_is_said_and_no_blank_picture,
	    0, n_files);

	tc = case_of(suite, "start", NULL);
	tcase_add_test(tc, a_missing_directory_stops_the_start);
	tcase_add_test(tc, other_policies_and_limits_are_not_heard);
	return run_suite(suite);
}
