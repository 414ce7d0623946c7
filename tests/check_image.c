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

/* --- decoding --- */

START_TEST(every_kind_of_file_is_decoded)
{
	struct image *img = picture_decode(picture_files[_i].name);
	struct size size = image_size(img);

	ck_assert_msg(size.width == picture_files[_i].width &&
		size.height == picture_files[_i].height,
	    "%s: %ux%u", picture_files[_i].name, size.width, size.height);
	ck_assert_msg(image_is_sideways(img) == picture_files[_i].sideways,
	    "%s", picture_files[_i].name);
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
	struct photo photo = photo_load(cuttable[_i / CUTS]);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	size_t n = _i % CUTS;

	/* By 1, 2, 8 bytes; then by parts of the whole. */
	photo.len = n == 0 ? photo.len - 1
	    : n == 1       ? photo.len - 2
	    : n == 2       ? photo.len - 8
			   : photo.len * n / CUTS;
	ck_assert_msg(photo_decode(&photo, &img, &info) == FAULT_CORRUPT_IMAGE,
	    "%s cut to %zu: %s", cuttable[_i / CUTS], photo.len,
	    fault_code(info.fault));
	ck_assert_ptr_null(img);
	free(photo.data);
}
END_TEST

START_TEST(what_follows_the_end_is_no_harm)
{
	struct photo photo = photo_load(cuttable[_i]);
	struct fault_info info = { 0 };
	struct image *img = NULL;

	photo.data = realloc(photo.data, photo.len + 1000);
	ck_assert_ptr_nonnull(photo.data);
	memset(photo.data + photo.len, 0x55, 1000);
	photo.len += 1000;
	ck_assert_msg(photo_decode(&photo, &img, &info) == FAULT_NONE, "%s: %s",
	    cuttable[_i], info.cause);
	image_free(img);
	free(photo.data);
}
END_TEST

START_TEST(damaged_coded_data_is_no_success_without_pixels)
{
	struct photo photo = photo_load("data/rgb.png");
	struct image *img = NULL;
	struct fault_info info = { 0 };

	memset(photo.data + photo.len / 2, 0, 40);
	ck_assert_int_eq(photo_decode(&photo, &img, &info),
	    FAULT_CORRUPT_IMAGE);
	free(photo.data);
}
END_TEST

START_TEST(bytes_of_another_format_are_corrupt)
{
	static const enum format claims[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_GIF, FORMAT_WEBP };
	static const char *const names[] = { "data/orient-1.jpg",
		"data/rgb.png", "data/still.gif", "data/lossy.webp" };
	struct photo photo = photo_load(names[_i / 4]);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	enum fault want = _i / 4 == _i % 4 ? FAULT_NONE : FAULT_CORRUPT_IMAGE;

	photo.sniff.format = claims[_i % 4];
	ck_assert_int_eq(photo_decode(&photo, &img, &info), want);
	image_free(img);
	free(photo.data);
}
END_TEST

START_TEST(another_size_than_the_header_says_is_corrupt)
{
	static const int by[][2] = { { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 } };
	struct photo photo =
	    photo_load(_i < 4 ? "data/rgb.png" : "data/orient-1.jpg");
	struct image *img = NULL;
	struct fault_info info = { 0 };

	photo.sniff.width += (unsigned)by[_i % 4][0];
	photo.sniff.height += (unsigned)by[_i % 4][1];
	ck_assert_int_eq(photo_decode(&photo, &img, &info),
	    FAULT_CORRUPT_IMAGE);
	free(photo.data);
}
END_TEST

START_TEST(the_hint_makes_jpeg_smaller_but_not_too_small)
{
	struct photo photo = photo_load("data/photo-12mp.jpg");
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
	struct sniff sniff = { FORMAT_GIF, 6, 4, 1, 0 };
	struct size full = { 6, 4 };
	struct image *img = NULL;
	struct fault_info info = { 0 };
	struct pixels p;

	ck_assert_msg(image_decode(offset_gif, sizeof offset_gif, &sniff, full,
			  &picture_progress, &img, &info) == FAULT_NONE,
	    "%s", info.cause);
	p = picture_look(img);
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
	struct image *img = picture_srgb(names[_i]);
	struct pixels p = picture_look(img);

	for (unsigned y = 0; y < p.height; y += 10)
		for (unsigned x = 0; x < p.width; x += 10)
			ck_assert_uint_le(color_distance(pixel_at(&p, x, y),
					      0xdc1e1e),
			    2);
	pixels_free(&p);
	image_free(img);
}
END_TEST

/* --- limits --- */

START_TEST(a_passed_deadline_ends_each_step)
{
	struct photo photo = photo_load("data/rgb.png");
	struct image *img = picture_decode("data/rgb.png"), *made = NULL;
	struct placement p = { 0, 0, 360, 240, { 180, 120 }, { 180, 120 }, 0, 0,
		0.5, false };
	struct fault_info info = { 0 };
	void *data;
	size_t len;

	picture_progress.deadline_ns = 1;
	ck_assert_int_eq(photo_decode(&photo, &made, &info),
	    FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_orient(img, &info), FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_to_srgb(img, &info), FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(image_place(img, &p, 0, 0, &made, &info),
	    FAULT_RENDER_TIMEOUT);
	ck_assert_int_eq(picture_encode(img, FORMAT_JPEG, 80, 0, &data, &len,
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
	ck_assert_int_eq(photo_decode(photo, &img, &info), want);
	ck_assert_int_eq(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
	ck_assert_int_eq(img == NULL, want != FAULT_NONE);
	image_free(img);
	return (double)(after.tv_sec - before.tv_sec) * 1e3 +
	    (double)(after.tv_nsec - before.tv_nsec) / 1e6;
}

/* Not only is it said, it saves the rest of the work. */
START_TEST(a_deadline_in_the_midst_ends_the_decoding)
{
	struct photo photo = photo_load("data/photo-12mp.jpg");
	double full_ms = decode_cpu_ms(&photo, FAULT_NONE);

	picture_progress.deadline_ns = clock_monotonic_ns() + 5 * NS_PER_MS;
	ck_assert_double_lt(decode_cpu_ms(&photo, FAULT_RENDER_TIMEOUT),
	    full_ms / 2);
	free(photo.data);
}
END_TEST

/* Less memory than any of the pictures needs. */
START_TEST(what_cannot_fit_is_refused_with_its_numbers)
{
	struct photo photo = photo_load(picture_files[_i].name);
	const uint64_t px = (uint64_t)photo.sniff.width * photo.sniff.height;
	const uint64_t limit = px < 30000 ? px : 30000;
	struct image *img = NULL;
	struct fault_info info = { 0 };
	enum fault f;

	picture_boot_with_memory(limit);
	f = photo_decode(&photo, &img, &info);
	ck_assert_msg(f == FAULT_TOO_MUCH_MEMORY, "%s: %s, %s",
	    picture_files[_i].name, fault_code(f), info.cause);
	ck_assert_ptr_null(img);
	ck_assert(info.has_limit);
	ck_assert_uint_eq(info.limit, limit);
	ck_assert_uint_gt(info.actual, limit);
	ck_assert_uint_le(info.actual,
	    (uint64_t)photo.sniff.width * photo.sniff.height * 24);
	picture_shutdown();
	free(photo.data);
}
END_TEST

/* 268 million px in 60 bytes: libwebp would fill a gigabyte before it failed. */
START_TEST(a_claim_that_cannot_fit_costs_nothing)
{
	struct photo photo = photo_load("data/webp-bomb.webp");

	ck_assert_double_lt(decode_cpu_ms(&photo, FAULT_TOO_MUCH_MEMORY), 20);
	free(photo.data);
}
END_TEST

/* Of memory in bytes a px: too little for all, for some, enough for all. */
static const unsigned bytes_a_px[] = { 1, 3, 5, 7, 8, 9, 10, 15, 17, 20, 64 };
#define N_BYTES ((int)NELEM(bytes_a_px))

START_TEST(with_any_memory_a_file_is_decoded_or_refused)
{
	const char *name = picture_files[_i / N_BYTES].name;
	const unsigned bytes = bytes_a_px[_i % N_BYTES];
	struct photo photo = photo_load(name);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	enum fault f;

	picture_boot_with_memory(
	    (uint64_t)photo.sniff.width * photo.sniff.height * bytes);
	f = photo_decode(&photo, &img, &info);
	ck_assert_msg(f == FAULT_TOO_MUCH_MEMORY ||
		(f == FAULT_NONE && bytes > 1),
	    "%s with %u bytes a px: %s, %s", name, bytes, fault_code(f),
	    info.cause);
	if (bytes == 64)
		ck_assert_int_eq(f, FAULT_NONE);
	ck_assert_uint_eq(count_entries(tempdir_path()), 1); /* policy.xml */
	image_free(img);
	ck_assert(!image_has_lost_pixels());
	picture_shutdown();
	free(photo.data);
}
END_TEST

/* A leak that a sanitizer would see as well; ImageMagick 7 has none. */
#if !defined(FT_ASAN) && !defined(HAVE_MAGICKWAND_7)
START_TEST(pixels_that_imagemagick_loses_are_noticed)
{
	struct photo photo = photo_load("data/gray.jpg");
	struct size small = { 200, 133 }; /* which no whole factor reaches */
	struct image *img = NULL;
	struct fault_info info = { 0 };

	picture_boot_with_memory(
	    (uint64_t)photo.sniff.width * photo.sniff.height * 10);
	ck_assert(!image_has_lost_pixels());
	ck_assert_int_eq(image_decode(photo.data, photo.len, &photo.sniff,
			     small, &picture_progress, &img, &info),
	    FAULT_TOO_MUCH_MEMORY);
	ck_assert(!info.has_limit);
	ck_assert(image_has_lost_pixels());
	picture_shutdown();
	free(photo.data);
}
END_TEST
#endif

/*
 * How much more than the estimate decoding may take. ImageMagick 7 holds as many
 * channels as it finds, and now and then a picture twice; the estimate is of
 * one channel where a file does not say.
 */
#ifdef HAVE_MAGICKWAND_7
#define TIMES_THE_ESTIMATE 12
#else
#define TIMES_THE_ESTIMATE 1
#endif

/*
 * What is said to be needed is: with less it is refused with numbers and not on
 * the way, with so much and what tables take it is decoded.
 */
START_TEST(the_estimate_is_what_decoding_takes)
{
	const uint64_t tables = 64 * 1024;
	const char *name = picture_files[_i].name;
	struct photo photo = photo_load(name);
	struct image *img = NULL;
	struct fault_info info = { 0 };
	uint64_t need;

	picture_boot();
	picture_limit_memory(1000);
	ck_assert_int_eq(photo_decode(&photo, &img, &info),
	    FAULT_TOO_MUCH_MEMORY);
	need = info.actual;
	info.actual = 0;
	picture_limit_memory(need - 1);
	ck_assert_int_eq(photo_decode(&photo, &img, &info),
	    FAULT_TOO_MUCH_MEMORY);
	ck_assert_uint_eq(info.actual, need);
	picture_limit_memory(TIMES_THE_ESTIMATE * need + tables);
	ck_assert_msg(photo_decode(&photo, &img, &info) == FAULT_NONE,
	    "%s with %llu bytes: %s, %s", name, (unsigned long long)need,
	    fault_code(info.fault), info.cause);
	image_free(img);
	picture_shutdown();
	free(photo.data);
}
END_TEST

static enum fault
decode_small(const struct photo *photo, struct fault_info *info)
{
	const struct size small = { 45, 30 };
	struct image *img = NULL;
	enum fault f = image_decode(photo->data, photo->len, &photo->sniff,
	    small, &picture_progress, &img, info);

	image_free(img);
	return f;
}

/* Its coefficients are held whole, whatever it is shrunk to. */
START_TEST(a_progressive_jpeg_takes_more)
{
	struct photo photo = photo_load("data/progressive.jpg");
	const uint64_t held =
	    (uint64_t)photo.sniff.width * photo.sniff.height * 3;
	struct fault_info info = { 0 };

	picture_boot();
	picture_limit_memory(held / 2);
	ck_assert_int_eq(decode_small(&photo, &info), FAULT_TOO_MUCH_MEMORY);
	ck_assert_uint_eq(info.limit, held);
	ck_assert_uint_gt(info.actual, held);
	picture_limit_memory(held);
	ck_assert_int_eq(decode_small(&photo, &info), FAULT_NONE);
	picture_shutdown();
	free(photo.data);
}
END_TEST

START_TEST(what_is_shrunk_while_loading_needs_less_memory)
{
	struct photo photo = photo_load("data/photo-12mp.jpg");
	struct size half = { 2016, 1512 };
	struct image *img = NULL;
	struct fault_info info = { 0 };

	picture_boot_with_memory(40000000);
	ck_assert_int_eq(photo_decode(&photo, &img, &info),
	    FAULT_TOO_MUCH_MEMORY);
	ck_assert_int_eq(image_decode(photo.data, photo.len, &photo.sniff, half,
			     &picture_progress, &img, &info),
	    FAULT_NONE);
	image_free(img);
	picture_shutdown();
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
/* As /etc's policy.xml could, which ImageMagick reads behind ours. */
static const struct {
	const char *name;
	const char *rules;
	const char *said;
} loose[] = {
	{ "MVG",
	    "<policymap><policy domain=\"module\" rights=\"all\""
	    " pattern=\"MVG\"/><policy domain=\"coder\""
	    " rights=\"all\" pattern=\"MVG\"/></policymap>",
	    "reading MVG" },
	{ "TXT",
	    "<policymap><policy domain=\"module\" rights=\"all\""
	    " pattern=\"TXT\"/><policy domain=\"coder\""
	    " rights=\"all\" pattern=\"TXT\"/></policymap>",
	    "reading TXT" },
	{ "paths",
	    "<policymap><policy domain=\"path\" rights=\"all\""
	    " pattern=\"/dev/*\"/></policymap>",
	    "opening " },
};

START_TEST(a_policy_that_lets_more_in_stops_the_start)
{
	char why[256] = "";

	picture_boot();
	ck_assert_int_eq(image_try_policy(why, sizeof why), 0);
	picture_loosen_policy(loose[_i].rules);
	ck_assert_int_eq(image_try_policy(why, sizeof why), -1);
	ck_assert_msg(strstr(why, loose[_i].said) != NULL, "%s: %s",
	    loose[_i].name, why);
	picture_shutdown();
}
END_TEST

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
	const int n_files = (int)picture_n_files;
	const int n_cuttable = NELEM(cuttable);

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

	tc = case_of(suite, "time", picture_boot);
	tcase_add_test(tc, a_passed_deadline_ends_each_step);
	tcase_add_test(tc, a_deadline_in_the_midst_ends_the_decoding);
	tcase_add_test(tc, a_claim_that_cannot_fit_costs_nothing);
	tc = case_of(suite, "memory", NULL);
	tcase_add_loop_test(tc, what_cannot_fit_is_refused_with_its_numbers, 0,
	    n_files);
	tcase_add_loop_test(tc, with_any_memory_a_file_is_decoded_or_refused, 0,
	    n_files * N_BYTES);
#if !defined(FT_ASAN) && !defined(HAVE_MAGICKWAND_7)
	tcase_add_test(tc, pixels_that_imagemagick_loses_are_noticed);
#endif
	tcase_add_loop_test(tc, the_estimate_is_what_decoding_takes, 0,
	    (int)picture_n_files);
	tcase_add_test(tc, a_progressive_jpeg_takes_more);
	tcase_add_test(tc, what_is_shrunk_while_loading_needs_less_memory);

	tc = case_of(suite, "start", NULL);
	tcase_add_test(tc, a_missing_directory_stops_the_start);
	tcase_add_loop_test(tc, a_policy_that_lets_more_in_stops_the_start, 0,
	    (int)NELEM(loose));
	tcase_add_test(tc, other_policies_and_limits_are_not_heard);
	return run_suite(suite);
}
