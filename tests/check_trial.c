#include "config.h"

#include "trial.h"

#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "pictures.h"
#include "sniff.h"
#include "support.h"
#include "whole.h"

static struct fault_info info;
static const struct size chart_size = { 960, 720 };
static struct image *chart;

static void
setup(void)
{
	unsigned char *rgb = trial_chart(chart_size);

	tempdir_setup();
	picture_boot();
	ck_assert_ptr_nonnull(rgb);
	chart = image_from_rgb(rgb, chart_size, &picture_progress);
	ck_assert_ptr_nonnull(chart);
	free(rgb);
}

static void
teardown(void)
{
	image_free(chart);
	picture_shutdown();
	tempdir_teardown();
}

/* ---- other words ---- */

/* All px of a file. */
static unsigned char *
look(const void *data, size_t len, enum format format, struct size *size)
{
	struct sniff sniff;
	struct image *img;
	unsigned char *rgba;

	ck_assert_int_eq(sniff_read(data, len, &sniff, &info), FAULT_NONE);
	ck_assert_int_eq(sniff.format, format);
	*size = (struct size){ sniff.width, sniff.height };
	ck_assert_msg(image_decode(data, len, &sniff, *size, &picture_progress,
			  &img, &info) == FAULT_NONE,
	    "%s: %s", format_spec(format)->name, info.cause);
	rgba = image_export(img, *size);
	ck_assert_ptr_nonnull(rgba);
	image_free(img);
	return rgba;
}

static void
assert_marked(const void *data, size_t len, enum format format)
{
	static const char words[] = "7q2 thumbctl", odd[] = "7q2 thumbctl!";
	struct buf one = { 0 }, other = { 0 };
	struct size size, same;
	unsigned char *before = look(data, len, format, &size), *after;

	ck_assert(trial_mark(format, data, len, words, &one));
	ck_assert(trial_mark(format, data, len, odd, &other));
	ck_assert_uint_eq(one.len + 1 + (format == FORMAT_WEBP), other.len);
	ck_assert_ptr_nonnull(memmem(one.data, one.len, words, strlen(words)));
	ck_assert(whole_file(one.data, one.len, format));
	ck_assert(whole_file(other.data, other.len, format));
	after = look(one.data, one.len, format, &same);
	ck_assert_uint_eq(size.width, same.width);
	ck_assert_uint_eq(size.height, same.height);
	ck_assert_mem_eq(before, after, (size_t)size.width * size.height * 4);
	free(after);
	free(look(other.data, other.len, format, &same));
	free(before);
	buf_fini(&one);
	buf_fini(&other);
}

START_TEST(test_a_sample_with_other_words)
{
	const struct image_sample *sample = &image_samples[_i];

	if (image_can_read((enum format)_i))
		assert_marked(sample->data, sample->len, (enum format)_i);
}
END_TEST

static const struct {
	const char *name;
	enum format format;
} files[] = {
	{ "data/orient-6.jpg", FORMAT_JPEG },
	{ "data/p3.jpg", FORMAT_JPEG },
	{ "data/palette-trns.png", FORMAT_PNG },
	{ "data/still.gif", FORMAT_GIF },
	{ "data/walking.gif", FORMAT_GIF },
	{ "data/animated.webp", FORMAT_WEBP },
	{ "data/lossy-alpha.webp", FORMAT_WEBP },
	{ "data/scene.avif", FORMAT_AVIF },
	{ "data/grid.heic", FORMAT_HEIC },
	{ "data/pages.tif", FORMAT_TIFF },
	{ "data/runs.bmp", FORMAT_BMP },
};

START_TEST(test_a_photo_with_other_words)
{
	struct photo photo = photo_load(files[_i].name);

	if (image_can_read(files[_i].format))
		assert_marked(photo.data, photo.len, files[_i].format);
	free(photo.data);
}
END_TEST

START_TEST(test_what_is_no_such_file_gets_no_words)
{
	struct buf out = { 0 };

	for (int f = FORMAT_NONE; f < FORMAT_TIFF; f++) {
		ck_assert(!trial_mark((enum format)f, "x", 1, "words", &out));
		ck_assert(!trial_mark((enum format)f,
		    "0123456789012345678901234567890123456789", 40, "words",
		    &out));
	}
	buf_fini(&out);
}
END_TEST

/* ---- pictures ---- */

/* The thumbnail of the chart in a box, as users see it. */
static unsigned char *
thumbnail(unsigned box, unsigned quality, enum format format, unsigned sharpen,
    struct size *size)
{
	const struct encoding how = { .format = format,
		.quality = quality,
		.chroma = CHROMA_420 };
	struct placement at;
	struct image *small;
	unsigned char *rgba;
	void *file;
	size_t len;

	geometry_place(chart_size, (struct size){ box, box }, FIT_INSIDE,
	    GRAVITY_CENTER, false, &at);
	ck_assert_int_eq(image_place(chart, &at, 0, sharpen, &small, &info),
	    FAULT_NONE);
	ck_assert_int_eq(image_encode(small, &how, &file, &len, &info),
	    FAULT_NONE);
	rgba = look(file, len, format, size);
	image_free(small);
	free(file);
	return rgba;
}

static const unsigned boxes[] = { 1280, 640, 320, 96 };

static struct trial_likeness
compare(const unsigned char *a, const unsigned char *b, struct size size)
{
	struct trial_likeness l;

	trial_compare(a, b, size, &l);
	return l;
}

START_TEST(test_the_same_picture)
{
	struct size size;
	unsigned char *a = thumbnail(boxes[_i], 80, FORMAT_JPEG, 0, &size);
	struct trial_likeness l = compare(a, a, size);

	ck_assert_double_eq(l.psnr, TRIAL_EQUAL);
	ck_assert_double_eq(l.tint, 0);
	ck_assert_int_eq(l.right, 0);
	ck_assert_int_eq(l.down, 0);
	free(a);
}
END_TEST

/* What an operator may want leaves a picture where it is, and its colours. */
START_TEST(test_coarser_coding)
{
	static const struct {
		unsigned quality, sharpen;
		double psnr, tint;
	} others[] = { { 72, 0, 23, 4 }, { 40, 0, 19, 6 }, { 80, 60, 20, 6 } };
	struct size size;
	unsigned char *a = thumbnail(boxes[_i], 80, FORMAT_JPEG, 0, &size);

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		unsigned char *b = thumbnail(boxes[_i], others[i].quality,
		    FORMAT_JPEG, others[i].sharpen, &size);
		struct trial_likeness l = compare(a, b, size);

		ck_assert_double_ge(l.psnr, others[i].psnr);
		ck_assert_double_le(l.psnr, 40);
		ck_assert_double_le(l.tint, others[i].tint);
		ck_assert_int_eq(l.right, 0);
		ck_assert_int_eq(l.down, 0);
		free(b);
	}
	free(a);
}
END_TEST

/* The second is the first, moved: what comes in is the edge's. */
static unsigned char *
moved(const unsigned char *a, struct size size, int right, int down)
{
	unsigned char *b = malloc((size_t)size.width * size.height * 4);

	ck_assert_ptr_nonnull(b);
	for (int y = 0; y < (int)size.height; y++)
		for (int x = 0; x < (int)size.width; x++) {
			int sx = x - right, sy = y - down;

			if (sx < 0 || sx >= (int)size.width)
				sx = x;
			if (sy < 0 || sy >= (int)size.height)
				sy = y;
			memcpy(b + ((size_t)y * size.width + (size_t)x) * 4,
			    a + ((size_t)sy * size.width + (size_t)sx) * 4, 4);
		}
	return b;
}

START_TEST(test_a_step_aside)
{
	static const int steps[][2] = { { 1, 0 }, { 2, 0 }, { -2, 0 }, { 0, 2 },
		{ 0, -1 }, { 2, -2 }, { -3, 3 } };
	struct size size;
	unsigned char *a = thumbnail(boxes[_i], 80, FORMAT_JPEG, 0, &size);
	/* Also where another quality hides it. */
	unsigned char *coarse = thumbnail(boxes[_i], 72, FORMAT_JPEG, 0, &size);

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		unsigned char *b =
		    moved(coarse, size, steps[i][0], steps[i][1]);
		struct trial_likeness l = compare(a, b, size);

		ck_assert_double_le(l.psnr, 23);
		ck_assert_int_eq(l.right, steps[i][0]);
		ck_assert_int_eq(l.down, steps[i][1]);
		free(b);
	}
	free(coarse);
	free(a);
}
END_TEST

START_TEST(test_another_colour)
{
	struct size size;
	unsigned char *a = thumbnail(boxes[_i], 80, FORMAT_JPEG, 0, &size);
	unsigned char *b = thumbnail(boxes[_i], 72, FORMAT_JPEG, 0, &size);
	size_t n = (size_t)size.width * size.height;
	struct trial_likeness l;

	/* A channel a little darker: what the eye does not see at once. */
	for (size_t i = 0; i < n; i++)
		b[4 * i] = (unsigned char)(b[4 * i] * 9 / 10);
	l = compare(a, b, size);
	ck_assert_double_ge(l.tint, 12);
	/* Two channels in each other's place. */
	for (size_t i = 0; i < n; i++) {
		b[4 * i] = a[4 * i + 2];
		b[4 * i + 2] = a[4 * i];
	}
	l = compare(a, b, size);
	ck_assert_double_ge(l.tint, 25);
	ck_assert_double_le(l.psnr, 15);
	ck_assert_int_eq(l.right, 0);
	ck_assert_int_eq(l.down, 0);
	/* What is clear is no colour. */
	memcpy(b, a, n * 4);
	for (size_t i = 0; i < n; i++)
		b[4 * i + 3] = 0;
	l = compare(a, b, size);
	ck_assert_double_ge(l.tint, 25);
	free(b);
	free(a);
}
END_TEST

START_TEST(test_a_picture_of_one_px)
{
	static const unsigned char a[] = { 10, 20, 30, 255 },
				   b[] = { 40, 20, 30, 255 };
	struct trial_likeness l = compare(a, b, (struct size){ 1, 1 });
	unsigned char *rgb = trial_chart((struct size){ 1, 1 });

	ck_assert_double_eq_tol(l.psnr, 23.4, 0.1);
	ck_assert_double_eq(l.tint, 30);
	ck_assert_int_eq(l.right, 0);
	ck_assert_ptr_nonnull(rgb);
	free(rgb);
}
END_TEST

/* ---- time ---- */

START_TEST(test_pace)
{
	static const struct {
		unsigned n;
		double first[TRIAL_TURNS_MAX], second[TRIAL_TURNS_MAX];
		enum trial_pace pace;
		double ratio;
	} cases[] = {
		/* The machine was busy with something else in most of them. */
		{ 3, { 300, 900, 410 }, { 700, 305, 1500 }, TRIAL_KEEPS_PACE,
		    1.0167 },
		{ 3, { 100, 101, 102 }, { 110, 112, 140 }, TRIAL_KEEPS_PACE,
		    1.1 },
		{ 3, { 100, 101, 102 }, { 50, 50, 50 }, TRIAL_KEEPS_PACE, 0.5 },
		/* Not yet clear. */
		{ 3, { 100, 100, 100 }, { 125, 130, 140 }, TRIAL_OPEN, 1.25 },
		{ 5, { 100, 100, 100, 100, 100 }, { 125, 130, 140, 150, 150 },
		    TRIAL_KEEPS_PACE, 1.25 },
		{ 5, { 100, 100, 100, 100, 100 }, { 150, 150, 150, 150, 150 },
		    TRIAL_OPEN, 1.5 },
		{ 8, { 100, 100, 100, 100, 100, 100, 100, 100 },
		    { 150, 150, 150, 150, 150, 150, 150, 150 }, TRIAL_OPEN,
		    1.5 },
		{ 9, { 100, 100, 100, 100, 100, 100, 100, 100, 100 },
		    { 150, 150, 150, 150, 150, 150, 150, 150, 150 },
		    TRIAL_IS_SLOWER, 1.5 },
		{ 9, { 100, 100, 100, 100, 100, 100, 100, 100, 100 },
		    { 150, 150, 150, 150, 150, 150, 150, 150, 128 },
		    TRIAL_KEEPS_PACE, 1.28 },
		{ 3, { 0, 0, 0 }, { 0, 0, 0 }, TRIAL_KEEPS_PACE, 1 },
	};
	double ratio;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ck_assert_int_eq(trial_judge_pace(cases[i].first,
				     cases[i].second, cases[i].n, &ratio),
		    cases[i].pace);
		ck_assert_double_eq_tol(ratio, cases[i].ratio, 0.001);
	}
}
END_TEST

int
main(void)
{
	const int n_boxes = sizeof boxes / sizeof boxes[0];
	Suite *s = suite_create("trial");
	TCase *tc = tcase_create("pictures");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_a_sample_with_other_words, FORMAT_JPEG,
	    FORMAT_COUNT);
	tcase_add_loop_test(tc, test_a_photo_with_other_words, 0,
	    sizeof files / sizeof files[0]);
	tcase_add_loop_test(tc, test_the_same_picture, 0, n_boxes);
	tcase_add_loop_test(tc, test_coarser_coding, 0, n_boxes);
	tcase_add_loop_test(tc, test_a_step_aside, 0, n_boxes);
	tcase_add_loop_test(tc, test_another_colour, 0, n_boxes);
	suite_add_tcase(s, tc);
	tc = tcase_create("figures");
	tcase_add_test(tc, test_what_is_no_such_file_gets_no_words);
	tcase_add_test(tc, test_a_picture_of_one_px);
	tcase_add_test(tc, test_pace);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
