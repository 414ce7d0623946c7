#include "config.h"

/*
 * Every kind of file that people send is decoded to the very picture that it
 * is: its size, its colours, its alpha, and upright once.
 */

#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "pictures.h"
#include "support.h"

/* The scene's corners: tests/data/README. */
static const unsigned corners[] = { 0xe61414, 0x14c828, 0x1428dc, 0xf0dc14 };

/* How far a colour may be off, for the kind of coding. */
enum {
	EXACT = 1,
	LOSSY = 12,
	FEW_COLORS = 80, /* a palette of 32 */
};

static const struct {
	const char *name;
	enum format format;
	unsigned width, height; /* upright, px */
	unsigned off;
} scenes[] = {
	{ "scene.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "brand-avif.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "deep.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "crop.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "grid.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "identity.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-2.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-3.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-4.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-5.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-6.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-7.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-box-8.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-exif-3.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-exif-6.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-both-3.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "turned-both-6.heic", FORMAT_HEIC, 180, 120, LOSSY },
	{ "scene.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "deep.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "lossless.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "limited.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-2.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-3.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-4.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-5.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-6.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-7.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-box-8.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-exif-3.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-exif-6.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-both-3.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "turned-both-6.avif", FORMAT_AVIF, 180, 120, LOSSY },
	{ "pages.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "deep.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "cmyk.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "palette.tif", FORMAT_TIFF, 180, 120, FEW_COLORS },
	{ "turned-3.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "turned-6.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "turned-tiles-3.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "turned-tiles-6.tif", FORMAT_TIFF, 180, 120, EXACT },
	{ "turned-jpeg-3.tif", FORMAT_TIFF, 180, 120, LOSSY },
	{ "turned-jpeg-6.tif", FORMAT_TIFF, 180, 120, LOSSY },
	{ "plain.bmp", FORMAT_BMP, 90, 60, EXACT },
	{ "core.bmp", FORMAT_BMP, 90, 60, FEW_COLORS },
	{ "runs.bmp", FORMAT_BMP, 90, 60, FEW_COLORS },
	{ "topdown.bmp", FORMAT_BMP, 90, 60, 8 },
	{ "fourth.bmp", FORMAT_BMP, 90, 60, EXACT },
	{ "motion.jpg", FORMAT_JPEG, 180, 120, LOSSY },
	{ "gainmap.jpg", FORMAT_JPEG, 180, 120, LOSSY },
	{ "restart.jpg", FORMAT_JPEG, 180, 120, LOSSY },
};

static char *
in_data(const char *name)
{
	static char path[64];

	snprintf(path, sizeof path, "data/%s", name);
	return path;
}

static struct pixels
look(const char *name, enum format format)
{
	struct photo photo = photo_load(in_data(name));
	struct image *img = picture_srgb(in_data(name));
	struct pixels p = picture_look(img);

	ck_assert_msg(photo.sniff.format == format, "%s: format %d", name,
	    (int)photo.sniff.format);
	image_free(img);
	free(photo.data);
	return p;
}

/* RGB as it is stored, whatever the alpha. */
static unsigned
stored_rgb(const struct pixels *p, unsigned x, unsigned y)
{
	const unsigned char *px = p->rgba + ((size_t)y * p->width + x) * 4;

	return (unsigned)px[0] << 16 | (unsigned)px[1] << 8 | px[2];
}

static void
assert_corners(const char *name, const struct pixels *p, unsigned off)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned x =
		    i % 2 == 0 ? p->width / 20 : p->width - 1 - p->width / 20;
		unsigned y = i / 2 == 0 ? p->height / 20
					: p->height - 1 - p->height / 20;
		unsigned is = stored_rgb(p, x, y);

		ck_assert_msg(color_distance(is, corners[i]) <= off,
		    "%s: corner %u is #%06x", name, i, is);
	}
}

START_TEST(a_scene_is_upright_and_has_its_colours)
{
	struct pixels p = look(scenes[_i].name, scenes[_i].format);

	ck_assert_msg(p.width == scenes[_i].width &&
		p.height == scenes[_i].height,
	    "%s: %ux%u", scenes[_i].name, p.width, p.height);
	assert_corners(scenes[_i].name, &p, scenes[_i].off);
	for (unsigned x = 0; x < p.width; x += 10)
		ck_assert_uint_eq(pixel_alpha(&p, x, p.height / 2), 255);
	pixels_free(&p);
}
END_TEST

/* The scene, from clear at the left to opaque at the right. */
static const struct {
	const char *name;
	enum format format;
} faded[] = {
	{ "alpha.heic", FORMAT_HEIC },
	{ "alpha.avif", FORMAT_AVIF },
	{ "alpha-turned.avif", FORMAT_AVIF },
	{ "alpha-unturned.avif", FORMAT_AVIF },
	{ "alpha.tif", FORMAT_TIFF },
	{ "alpha-v4.bmp", FORMAT_BMP },
	{ "alpha-v5.bmp", FORMAT_BMP },
	{ "deep-alpha.png", FORMAT_PNG },
};

START_TEST(alpha_belongs_to_the_picture)
{
	struct pixels p = look(faded[_i].name, faded[_i].format);

	ck_assert_uint_eq(p.width * 2, p.height * 3);
	assert_corners(faded[_i].name, &p, LOSSY);
	for (unsigned y = 5; y < p.height; y += 20) {
		for (unsigned x = 5; x < p.width; x += 10) {
			unsigned want = x * 255 / (p.width - 1);
			unsigned is = pixel_alpha(&p, x, y);

			ck_assert_msg(abs((int)want - (int)is) <= 8,
			    "%s: alpha at %u,%u is %u, not %u", faded[_i].name,
			    x, y, is, want);
		}
	}
	pixels_free(&p);
}
END_TEST

static const struct {
	const char *name;
	enum format format;
	unsigned width, height;
	unsigned color; /* all of it, 0xRRGGBB */
} flat[] = {
	/* The first of several, and no mixture with the others. */
	{ "sequence.avif", FORMAT_AVIF, 180, 120, 0xdc1e1e },
	{ "animated.png", FORMAT_PNG, 64, 48, 0xdc1e1e },
};

START_TEST(only_the_first_picture_is_shown)
{
	struct pixels p = look(flat[_i].name, flat[_i].format);

	ck_assert_uint_eq(p.width, flat[_i].width);
	ck_assert_uint_eq(p.height, flat[_i].height);
	for (unsigned y = 0; y < p.height; y += 7)
		for (unsigned x = 0; x < p.width; x += 7)
			ck_assert_uint_le(color_distance(pixel_at(&p, x, y),
					      flat[_i].color),
			    LOSSY);
	pixels_free(&p);
}
END_TEST

/* Brightness of the scene's corners, as three libraries have it. */
static const unsigned gray_corners[] = { 83, 128, 55, 203 };

static const struct {
	const char *name;
	enum format format;
	unsigned off;
} grays[] = {
	{ "gray.avif", FORMAT_AVIF, 12 },
	{ "gray.tif", FORMAT_TIFF, 1 },
	{ "gray.jpg", FORMAT_JPEG, 12 },
};

START_TEST(gray_stays_gray)
{
	struct pixels p = look(grays[_i].name, grays[_i].format);

	for (unsigned i = 0; i < 4; i++) {
		unsigned x = i % 2 == 0 ? 5 : p.width - 6;
		unsigned y = i / 2 == 0 ? 5 : p.height - 6;
		unsigned want = gray_corners[i] * 0x010101;

		ck_assert_msg(color_distance(pixel_at(&p, x, y), want) <=
			grays[_i].off,
		    "%s: corner %u is #%06x", grays[_i].name, i,
		    pixel_at(&p, x, y));
	}
	pixels_free(&p);
}
END_TEST

START_TEST(an_overlay_has_its_parts_in_place)
{
	struct pixels p = look("overlay.heic", FORMAT_HEIC);

	/* The left half of the scene mirrored, the right half as it is. */
	ck_assert_uint_le(color_distance(pixel_at(&p, 5, 5), 0x14c828), LOSSY);
	ck_assert_uint_le(color_distance(pixel_at(&p, 174, 5), 0x14c828),
	    LOSSY);
	ck_assert_uint_le(color_distance(pixel_at(&p, 174, 114), 0xf0dc14),
	    LOSSY);
	pixels_free(&p);
}
END_TEST

START_TEST(a_fax_is_black_and_white)
{
	struct pixels p = look("fax.tif", FORMAT_TIFF);
	uint64_t sum = 0;

	for (unsigned y = 0; y < p.height; y++)
		for (unsigned x = 0; x < p.width; x++) {
			unsigned c = pixel_at(&p, x, y);

			ck_assert(c == 0 || c == 0xffffff);
			sum += c != 0;
		}
	/* Its brightness is the scene's: 0.53 of white. */
	ck_assert_uint_ge(sum * 100 / (p.width * p.height), 45);
	ck_assert_uint_le(sum * 100 / (p.width * p.height), 65);
	pixels_free(&p);
}
END_TEST

START_TEST(one_gray_is_transparent)
{
	struct pixels p = look("gray-trns.png", FORMAT_PNG);

	ck_assert_uint_eq(pixel_alpha(&p, 5, 5), 0);
	ck_assert_uint_eq(pixel_alpha(&p, 60, 5), 255);
	ck_assert_uint_eq(pixel_at(&p, 60, 5), 0x606060);
	pixels_free(&p);
}
END_TEST

/* --- files that end early, and that go on --- */

static const char *const cuttable[] = { "scene.heic", "grid.heic", "alpha.heic",
	"scene.avif", "alpha.avif", "pages.tif", "deep.tif",
	"turned-tiles-6.tif", "turned-jpeg-3.tif", "plain.bmp", "core.bmp",
	"runs.bmp", "alpha-v5.bmp", "gainmap.jpg", "deep-alpha.png" };
#define CUTS 8

/* What is appended to a JPEG is not its own: cut before that. */
static size_t
own_length(const struct photo *photo)
{
	const char *end = memmem(photo->data, photo->len, "\xff\xd9", 2);

	return photo->sniff.format == FORMAT_JPEG
	    ? (size_t)(end - photo->data) + 2
	    : photo->len;
}

START_TEST(a_file_that_ends_early_is_corrupt)
{
	const char *name = cuttable[_i / CUTS];
	struct photo photo = photo_load(in_data(name));
	struct image *img = NULL;
	struct fault_info info = { 0 };
	struct sniff sniff;
	int n = _i % CUTS;

	photo.len = own_length(&photo);
	/* More than what pads the end. */
	photo.len = n == 0 ? photo.len - 20 : photo.len * (size_t)n / CUTS;
	if (sniff_read(photo.data, photo.len, &sniff, &info) == FAULT_NONE)
		(void)photo_decode(&photo, &img, &info);
	ck_assert_msg(img == NULL && info.fault == FAULT_CORRUPT_IMAGE,
	    "%s cut to %zu: %s", name, photo.len, fault_code(info.fault));
	free(photo.data);
}
END_TEST

START_TEST(what_follows_the_end_is_no_harm)
{
	struct photo photo = photo_load(in_data(cuttable[_i]));
	struct image *img = NULL;
	struct fault_info info = { 0 };

	photo.data = realloc(photo.data, photo.len + 1000);
	ck_assert_ptr_nonnull(photo.data);
	memset(photo.data + photo.len, 0x55, 1000);
	photo.len += 1000;
	ck_assert_int_eq(sniff_read(photo.data, photo.len, &photo.sniff, &info),
	    FAULT_NONE);
	ck_assert_msg(photo_decode(&photo, &img, &info) == FAULT_NONE, "%s: %s",
	    cuttable[_i], info.cause);
	image_free(img);
	free(photo.data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("formats");
	TCase *tc = tcase_create("decode");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_checked_fixture(tc, picture_boot, picture_shutdown);
	tcase_add_loop_test(tc, a_scene_is_upright_and_has_its_colours, 0,
	    NELEM(scenes));
	tcase_add_loop_test(tc, alpha_belongs_to_the_picture, 0, NELEM(faded));
	tcase_add_loop_test(tc, only_the_first_picture_is_shown, 0,
	    NELEM(flat));
	tcase_add_loop_test(tc, gray_stays_gray, 0, NELEM(grays));
	tcase_add_test(tc, an_overlay_has_its_parts_in_place);
	tcase_add_test(tc, a_fax_is_black_and_white);
	tcase_add_test(tc, one_gray_is_transparent);
	tcase_add_loop_test(tc, a_file_that_ends_early_is_corrupt, 0,
	    NELEM(cuttable) * CUTS);
	tcase_add_loop_test(tc, what_follows_the_end_is_no_harm, 0,
	    NELEM(cuttable));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
