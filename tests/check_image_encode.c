#include "config.h"

/* What a written file is, and what it is not to hold. */

#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extras.h"
#include "pictures.h"
#include "support.h"

static const enum format written[] = { FORMAT_JPEG, FORMAT_PNG, FORMAT_WEBP,
	FORMAT_GIF, FORMAT_AVIF };

/* A file, and the px that are in it. */
struct made {
	void *data;
	size_t len;
	struct pixels px;
};

static struct made
encode(const struct image *img, const struct encoding *how)
{
	struct fault_info info = { 0 };
	struct made m = { 0 };

	ck_assert_msg(image_encode(img, how, &m.data, &m.len, &info) ==
		FAULT_NONE,
	    "%s", info.cause);
	m.px = pixels_read(m.data, m.len, how->format);
	return m;
}

static struct made
encode_file(const char *name, const struct encoding *how)
{
	struct image *img = picture_srgb(name);
	struct made m = encode(img, how);

	image_free(img);
	return m;
}

static void
made_free(struct made *m)
{
	pixels_free(&m->px);
	free(m->data);
}

/* --- all formats --- */

START_TEST(a_written_file_holds_the_picture_alone)
{
	const struct picture_file *file = &picture_files[_i / NELEM(written)];
	const struct encoding how = { .format = written[_i % NELEM(written)],
		.quality = 80 };
	struct image *img = picture_srgb(file->name);
	struct size size = image_size(img);
	struct made m = encode(img, &how);
	const char *extras = picture_extras(m.data, m.len, how.format);

	ck_assert_msg(extras == NULL, "%s as %s: %s", file->name,
	    format_spec(how.format)->name, extras);
	ck_assert_uint_eq(m.px.width, size.width);
	ck_assert_uint_eq(m.px.height, size.height);
	made_free(&m);
	image_free(img);
}
END_TEST

/* Mean difference of 0..255 that the format's loss may make in the scene. */
static const struct {
	enum format format;
	double most;
} losses[] = {
	{ FORMAT_JPEG, 2 },
	{ FORMAT_PNG, 0 },
	{ FORMAT_WEBP, 2 },
	{ FORMAT_GIF, 2 },
	{ FORMAT_AVIF, 2 },
};

START_TEST(a_written_file_looks_like_the_picture)
{
	const struct encoding how = { .format = losses[_i].format,
		.quality = 90 };
	struct pixels was = pixels_load("data/rgb.png");
	struct made m = encode_file("data/rgb.png", &how);

	ck_assert_double_le(pixels_distance(&m.px, &was), losses[_i].most);
	made_free(&m);
	pixels_free(&was);
}
END_TEST

START_TEST(quality_changes_the_size_but_not_the_kind)
{
	static const enum format formats[] = { FORMAT_JPEG, FORMAT_WEBP,
		FORMAT_AVIF };
	struct encoding how = { .format = formats[_i] };
	size_t before = 0;

	for (how.quality = 1; how.quality <= 100; how.quality += 33) {
		struct made m = encode_file("data/orient-1.jpg", &how);

		ck_assert_uint_gt(m.len, before);
		ck_assert_ptr_null(picture_extras(m.data, m.len, how.format));
		before = m.len;
		made_free(&m);
	}
}
END_TEST

/* --- JPEG --- */

/* Width and height in px of a block of luma for one of chroma, as in the SOF. */
static const unsigned char factors[CHROMA_COUNT] = { 0x22, 0x21, 0x11 };

START_TEST(jpeg_has_the_chroma_and_the_scans_that_are_asked_for)
{
	/* 4:4:4, progressive, wide colours, no JPEG */
	static const char *const names[] = { "data/orient-1.jpg",
		"data/progressive.jpg", "data/p3.jpg", "data/rgb.png" };
	const bool progressive = _i / CHROMA_COUNT % 2 == 1;
	const struct encoding how = { .format = FORMAT_JPEG,
		.quality = 95,
		.progressive = progressive,
		.chroma = (enum chroma)(_i % CHROMA_COUNT) };
	struct made m = encode_file(names[_i / CHROMA_COUNT / 2], &how);
	const unsigned char *sof = memmem(m.data, m.len,
	    progressive ? "\xff\xc2\x00\x11\x08" : "\xff\xc0\x00\x11\x08", 5);

	ck_assert_ptr_nonnull(sof);
	ck_assert_uint_eq(sof[9], 3);
	ck_assert_uint_eq(sof[11], factors[_i % CHROMA_COUNT]);
	ck_assert_uint_eq(sof[14], 0x11);
	ck_assert_uint_eq(sof[17], 0x11);
	ck_assert_ptr_null(picture_extras(m.data, m.len, FORMAT_JPEG));
	made_free(&m);
}
END_TEST

START_TEST(progressive_and_chroma_are_of_jpeg_alone)
{
	const struct encoding plain = { .format = written[_i], .quality = 80 };
	struct encoding how = plain;
	struct made a, b;

	how.progressive = true;
	how.chroma = CHROMA_444;
	a = encode_file("data/orient-1.jpg", &plain);
	b = encode_file("data/orient-1.jpg", &how);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.data, b.data, a.len);
	made_free(&a);
	made_free(&b);
}
END_TEST

/* --- PNG --- */

START_TEST(png_has_8_bits_and_no_interlace)
{
	static const char *const names[] = { "data/gray16.png",
		"data/interlaced.png", "data/palette-trns.png" };
	struct image *img = picture_srgb(names[_i]);
	struct fault_info info = { 0 };
	unsigned char *ihdr;
	void *data;
	size_t len;

	ck_assert_int_eq(picture_encode(img, FORMAT_PNG, 80, 0, &data, &len,
			     &info),
	    FAULT_NONE);
	ihdr = (unsigned char *)data + 16;
	ck_assert_uint_le(ihdr[8], 8);
	ck_assert_uint_eq(ihdr[12], 0);
	free(data);
	image_free(img);
}
END_TEST

/* Few colours, which are a text in the order of the palette. */
static unsigned
written_colors(unsigned x, unsigned y)
{
	static const char text[] = "<?php a();?><script >b()</script>!";
	const char *rgb = text + (x + y) % 11 * 3;

	return (unsigned)rgb[0] << 16 | (unsigned)rgb[1] << 8 |
	    (unsigned)rgb[2];
}

START_TEST(a_palette_is_no_markup)
{
	const struct encoding how = { .format = written[_i], .quality = 80 };
	struct fault_info info = { 0 };
	struct photo photo;
	struct pixels was;
	struct image *img;
	struct made m;

	photo.data = picture_make(40, 30, written_colors, &photo.len);
	ck_assert_int_eq(sniff_read(photo.data, photo.len, &photo.sniff, &info),
	    FAULT_NONE);
	ck_assert_int_eq(photo_decode(&photo, &img, &info), FAULT_NONE);
	was = picture_look(img);
	m = encode(img, &how);
	ck_assert_ptr_null(memmem(m.data, m.len, "<?php", 5));
	ck_assert_ptr_null(memmem(m.data, m.len, "<script", 7));
	if (how.format == FORMAT_PNG)
		ck_assert(pixels_distance(&was, &m.px) == 0);
	if (how.format == FORMAT_GIF)
		ck_assert(pixels_distance(&was, &m.px) < 0.1);
	made_free(&m);
	pixels_free(&was);
	image_free(img);
	free(photo.data);
}
END_TEST

/* --- transparency --- */

/* The scene under an alpha that rises from 0 at the left to 255. */
START_TEST(alpha_stays_or_the_background_is_laid_under_it)
{
	const struct encoding how = { .format = written[_i],
		.quality = 95,
		.background = 0x2040c0 };
	struct made m = encode_file("data/alpha.png", &how);
	bool keeps = written[_i] == FORMAT_PNG || written[_i] == FORMAT_WEBP;

#ifdef HAVE_MAGICKWAND_7
	keeps = keeps || written[_i] == FORMAT_AVIF;
#endif
	if (keeps) {
		ck_assert_uint_le(pixel_alpha(&m.px, 0, 120), 2);
		ck_assert_uint_ge(pixel_alpha(&m.px, 359, 120), 253);
		ck_assert_uint_ge(pixel_alpha(&m.px, 180, 120), 120);
		ck_assert_uint_le(pixel_alpha(&m.px, 180, 120), 136);
	} else if (written[_i] != FORMAT_GIF) {
		ck_assert_uint_eq(pixel_alpha(&m.px, 0, 120), 255);
		ck_assert_uint_le(color_distance(pixel_at(&m.px, 0, 120),
				      0x2040c0),
		    10);
	}
	made_free(&m);
}
END_TEST

static const char *const clear_files[] = { "data/alpha.png",
	"data/palette-trns.png", "data/still.gif", "data/lossless-alpha.webp",
	"data/lossy-alpha.webp" };

/* Each px against what the picture itself has there. */
START_TEST(gif_is_clear_or_opaque_over_the_background)
{
	const struct encoding how = { .format = FORMAT_GIF,
		.quality = 80,
		.background = 0x2040c0 };
	struct image *img = picture_srgb(clear_files[_i]);
	struct pixels was = picture_look(img);
	struct made m = encode(img, &how);
	double sum = 0;
	unsigned opaque = 0;

	for (unsigned y = 0; y < was.height; y++)
		for (unsigned x = 0; x < was.width; x++) {
			const unsigned a = pixel_alpha(&was, x, y);
			const unsigned px = pixel_at(&was, x, y);
			unsigned want = 0;

			ck_assert_uint_eq(pixel_alpha(&m.px, x, y),
			    a < 128 ? 0 : 255);
			if (a < 128)
				continue;
			for (unsigned i = 0; i < 24; i += 8)
				want |= ((px >> i & 0xff) +
					    (0x2040c0 >> i & 0xff) * (255 - a) /
						255)
				    << i;
			sum += color_distance(pixel_at(&m.px, x, y), want);
			opaque++;
		}
	ck_assert_uint_gt(opaque, 0);
	ck_assert_uint_lt(opaque, was.width * was.height);
	ck_assert_double_le(sum / opaque, 12);
	made_free(&m);
	pixels_free(&was);
	image_free(img);
}
END_TEST

/* --- credits --- */

static const struct {
	const char *name;
	bool has;
} signed_files[] = {
	{ "data/orient-1.jpg", true },
	{ "data/orient-3.jpg", true },
	{ "data/orient-6.jpg", true },
	{ "data/rgb.png", true },
	{ "data/lossy.webp", true },
	{ "data/gray.jpg", false },
	{ "data/animated.gif", false },
};

static struct credits
credits_of(const char *name)
{
	struct photo photo = photo_load(name);
	struct image *img = picture_decode(name);
	struct credits c;

	image_credits(img, photo.data, photo.len, &photo.sniff, &c);
	image_free(img);
	free(photo.data);
	return c;
}

START_TEST(credits_are_found_in_what_holds_exif)
{
	struct credits c = credits_of(signed_files[_i].name);

	ck_assert_str_eq(c.artist, signed_files[_i].has ? "ftmark artist" : "");
	ck_assert_str_eq(c.copyright, "");
}
END_TEST

static bool
holds_exif(enum format format)
{
#ifdef HAVE_MAGICKWAND_7
	if (format == FORMAT_AVIF)
		return true;
#endif
	return format == FORMAT_JPEG || format == FORMAT_PNG ||
	    format == FORMAT_WEBP;
}

/* Out of a file with GPS, XMP and a comment, too. */
START_TEST(of_all_metadata_the_credits_alone_come_through)
{
	static const struct credits both = { "ftmark artist",
		"\xc2\xa9 ftmark 2024" };
	const struct credits one =
	    credits_of(signed_files[_i / NELEM(written)].name);
	const struct credits *credits[] = { &one, &both };

	for (unsigned i = 0; i < 2; i++) {
		const struct encoding how = { .format =
						  written[_i % NELEM(written)],
			.quality = 80,
			.credits = credits[i] };
		struct made m =
		    encode_file(signed_files[_i / NELEM(written)].name, &how);
		bool has =
		    holds_exif(how.format) && credits[i]->artist[0] != '\0';
		const char *extras = has
		    ? picture_extras_beside(m.data, m.len, how.format,
			  credits[i])
		    : picture_extras(m.data, m.len, how.format);

		ck_assert_msg(extras == NULL, "%s as %s: %s",
		    signed_files[_i / NELEM(written)].name,
		    format_spec(how.format)->name, extras);
		made_free(&m);
	}
}
END_TEST

START_TEST(credits_change_no_pixel)
{
	static const struct credits who = { "Alice", "Alice" };
	struct encoding how = { .format = written[_i], .quality = 80 };
	struct made a = encode_file("data/orient-6.jpg", &how), b;

	how.credits = &who;
	b = encode_file("data/orient-6.jpg", &how);
	ck_assert_double_le(pixels_distance(&a.px, &b.px), 0);
	made_free(&a);
	made_free(&b);
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
	Suite *suite = suite_create("image_encode");
	TCase *tc = case_of(suite, "all");

	tcase_add_loop_test(tc, a_written_file_holds_the_picture_alone, 0,
	    (int)picture_n_files * NELEM(written));
	tcase_add_loop_test(tc, a_written_file_looks_like_the_picture, 0,
	    NELEM(losses));
	tcase_add_loop_test(tc, quality_changes_the_size_but_not_the_kind, 0,
	    3);
	tc = case_of(suite, "jpeg");
	tcase_add_loop_test(tc,
	    jpeg_has_the_chroma_and_the_scans_that_are_asked_for, 0,
	    4 * 2 * CHROMA_COUNT);
	tcase_add_loop_test(tc, progressive_and_chroma_are_of_jpeg_alone, 1,
	    NELEM(written));
	tc = case_of(suite, "png");
	tcase_add_loop_test(tc, png_has_8_bits_and_no_interlace, 0, 3);
	tcase_add_loop_test(tc, a_palette_is_no_markup, 0, NELEM(written));
	tc = case_of(suite, "alpha");
	tcase_add_loop_test(tc, alpha_stays_or_the_background_is_laid_under_it,
	    0, NELEM(written));
	tcase_add_loop_test(tc, gif_is_clear_or_opaque_over_the_background, 0,
	    NELEM(clear_files));
	tc = case_of(suite, "credits");
	tcase_add_loop_test(tc, credits_are_found_in_what_holds_exif, 0,
	    NELEM(signed_files));
	tcase_add_loop_test(tc, of_all_metadata_the_credits_alone_come_through,
	    0, NELEM(signed_files) * NELEM(written));
	tcase_add_loop_test(tc, credits_change_no_pixel, 0, NELEM(written));
	return run_suite(suite);
}
