#include "config.h"

/*
 * A system on which a format's codec is missing. ImageMagick loads its coders
 * as modules, by dlopen: here stands one that does not find some of them.
 */

#include "image.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "pictures.h"
#include "support.h"

static const char *missing; /* a part of a module's name; NULL: none */
static unsigned refused;

void *dlopen(const char *path, int flags);

void *
dlopen(const char *path, int flags)
{
	void *(*real)(const char *, int);

	*(void **)&real = dlsym(RTLD_NEXT, "dlopen");
	if (path != NULL && missing != NULL && strstr(path, missing) != NULL) {
		refused++;
		return NULL;
	}
	return real(path, flags);
}

static char log_path[512];

/* With presets that ask for JPEG and this one. */
static int
boot(const char *module, enum format wanted, char *why, size_t why_size)
{
	struct preset *first;

	missing = module;
	snprintf(log_path, sizeof log_path, "%s/log", tempdir_path());
	ck_assert_int_eq(log_open(log_path), 0);
	picture_settings = settings_load(NULL, stderr);
	ck_assert_ptr_nonnull(picture_settings);
	first = &picture_settings->presets[0];
	first->formats[0] = FORMAT_JPEG;
	first->formats[1] = wanted;
	first->n_formats = 2;
	progress_start(&picture_progress, NULL);
	return image_boot(picture_settings, tempdir_path(), why, why_size);
}

static bool
log_says(const char *words)
{
	char text[2000] = "";
	FILE *file = fopen(log_path, "r");

	ck_assert_ptr_nonnull(file);
	(void)fread(text, 1, sizeof text - 1, file);
	fclose(file);
	return strstr(text, words) != NULL;
}

START_TEST(every_codec_is_there)
{
	static const enum format written[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_GIF, FORMAT_WEBP };
	char why[256] = "";

	ck_assert_msg(boot(NULL, FORMAT_JPEG, why, sizeof why) == 0, "%s", why);
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++) {
		bool is_written = false;

		for (size_t i = 0; i < NELEM(written); i++)
			is_written = is_written || written[i] == f;
		ck_assert_msg(image_can_read(f), "%s", format_spec(f)->name);
		/* AV1's encoder is a package of its own on some systems. */
		if (f != FORMAT_AVIF)
			ck_assert_msg(image_can_write(f) == is_written, "%s",
			    format_spec(f)->name);
	}
	ck_assert(!log_says("cannot"));
	picture_shutdown();
}
END_TEST

START_TEST(a_missing_codec_costs_its_formats_alone)
{
	char why[256] = "";
	struct fault_info info = { 0 };
	struct sniff sniff;
	size_t len;
	char *data = test_data("data/scene.heic", &len);

	ck_assert_msg(boot("heic.", FORMAT_PNG, why, sizeof why) == 0, "%s",
	    why);
	ck_assert_uint_gt(refused, 0);
	for (enum format f = FORMAT_NONE + 1; f < FORMAT_COUNT; f++)
		ck_assert_msg(image_can_read(f) ==
			(f != FORMAT_HEIC && f != FORMAT_AVIF),
		    "%s", format_spec(f)->name);
	ck_assert(!image_can_write(FORMAT_AVIF));
	ck_assert(image_can_write(FORMAT_WEBP));
	ck_assert(log_says("cannot read HEIC: "));
	ck_assert(log_says("cannot read AVIF: "));
	ck_assert(!log_says("cannot read TIFF"));
	ck_assert_int_eq(sniff_read(data, len, &sniff, &info),
	    FAULT_UNSUPPORTED_FORMAT);
	ck_assert_str_eq(info.detail,
	    "This is HEIC, which this server cannot read. Accepted are JPEG, "
	    "PNG, GIF, WebP, TIFF and BMP.");
	free(data);
	picture_shutdown();
}
END_TEST

START_TEST(a_missing_codec_that_a_preset_wants_stops_the_start)
{
	static const struct {
		const char *module;
		enum format format;
		const char *why;
	} cases[] = {
		{ "heic.", FORMAT_AVIF, "cannot write AVIF, which a preset" },
		{ "webp.", FORMAT_WEBP, "cannot write WebP, which a preset" },
	};
	char why[256] = "";

	ck_assert_int_eq(boot(cases[_i].module, cases[_i].format, why,
			     sizeof why),
	    -1);
	ck_assert_uint_gt(refused, 0);
	ck_assert_msg(strstr(why, cases[_i].why) != NULL, "%s", why);
	picture_shutdown();
}
END_TEST

/* Reading takes ImageMagick's module, writing does not. */
START_TEST(gif_is_written_without_a_codec)
{
	char why[256] = "";

	ck_assert_msg(boot("gif.", FORMAT_GIF, why, sizeof why) == 0, "%s",
	    why);
	ck_assert_uint_gt(refused, 0);
	ck_assert(!image_can_read(FORMAT_GIF));
	ck_assert(image_can_write(FORMAT_GIF));
	picture_shutdown();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codecs");
	TCase *tc = tcase_create("boot");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_test(tc, every_codec_is_there);
	tcase_add_test(tc, a_missing_codec_costs_its_formats_alone);
	tcase_add_loop_test(tc,
	    a_missing_codec_that_a_preset_wants_stops_the_start, 0, 2);
	tcase_add_test(tc, gif_is_written_without_a_codec);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
