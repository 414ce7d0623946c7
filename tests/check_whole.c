#include "config.h"

#include "whole.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static const struct {
	const char *name;
	enum format format;
} files[] = {
	{ "data/orient-0.jpg", FORMAT_JPEG },
	{ "data/orient-1.jpg", FORMAT_JPEG },
	{ "data/orient-2.jpg", FORMAT_JPEG },
	{ "data/orient-3.jpg", FORMAT_JPEG },
	{ "data/orient-4.jpg", FORMAT_JPEG },
	{ "data/orient-5.jpg", FORMAT_JPEG },
	{ "data/orient-6.jpg", FORMAT_JPEG },
	{ "data/orient-7.jpg", FORMAT_JPEG },
	{ "data/orient-8.jpg", FORMAT_JPEG },
	{ "data/gray.jpg", FORMAT_JPEG },
	{ "data/progressive.jpg", FORMAT_JPEG },
	{ "data/cmyk.jpg", FORMAT_JPEG },
	{ "data/rgb.png", FORMAT_PNG },
	{ "data/alpha.png", FORMAT_PNG },
	{ "data/palette-trns.png", FORMAT_PNG },
	{ "data/gray16.png", FORMAT_PNG },
	{ "data/interlaced.png", FORMAT_PNG },
	{ "data/animated.gif", FORMAT_GIF },
	{ "data/still.gif", FORMAT_GIF },
	{ "data/lossy.webp", FORMAT_WEBP },
	{ "data/lossless-alpha.webp", FORMAT_WEBP },
	{ "data/lossy-alpha.webp", FORMAT_WEBP },
	{ "data/animated.webp", FORMAT_WEBP },
};

START_TEST(every_file_is_whole)
{
	size_t len;
	char *data = test_data(files[_i].name, &len);

	ck_assert_msg(whole_file(data, len, files[_i].format), "%s",
	    files[_i].name);
	free(data);
}
END_TEST

START_TEST(what_follows_the_end_does_not_matter)
{
	size_t len;
	char *data = test_data(files[_i].name, &len);

	data = realloc(data, len + 1000);
	ck_assert_ptr_nonnull(data);
	memset(data + len, 0xff, 1000);
	ck_assert_msg(whole_file(data, len + 1000, files[_i].format), "%s",
	    files[_i].name);
	free(data);
}
END_TEST

/* Each beginning is a copy, so that a sanitizer sees what is read beyond. */
START_TEST(no_beginning_of_a_file_is_whole)
{
	size_t len;
	char *data = test_data(files[_i].name, &len);
	size_t step = len / 400 + 1;

	for (size_t n = 0; n < len; n += n < 400 ? 1 : step) {
		char *part = malloc(n > 0 ? n : 1);

		ck_assert_ptr_nonnull(part);
		memcpy(part, data, n);
		ck_assert_msg(!whole_file(part, n, files[_i].format),
		    "%s, %zu bytes of it", files[_i].name, n);
		free(part);
	}
	ck_assert(!whole_file(data, len - 1, files[_i].format));
	free(data);
}
END_TEST

START_TEST(the_bytes_of_another_format_are_not_whole)
{
	static const enum format formats[] = { FORMAT_JPEG, FORMAT_PNG,
		FORMAT_GIF, FORMAT_WEBP, FORMAT_NONE };
	size_t len;
	char *data = test_data("data/notes.txt", &len);

	ck_assert(!whole_file(data, len, formats[_i]));
	free(data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("whole");
	TCase *tc = tcase_create("ends");
	const int n = NELEM(files);

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_file_is_whole, 0, n);
	tcase_add_loop_test(tc, what_follows_the_end_does_not_matter, 0, n);
	tcase_add_loop_test(tc, no_beginning_of_a_file_is_whole, 0, n);
	tcase_add_loop_test(tc, the_bytes_of_another_format_are_not_whole, 0,
	    5);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
