#include "config.h"

#include "gif.h"

#include <stdlib.h>
#include <string.h>

#include "extras.h"
#include "pictures.h"
#include "support.h"

static unsigned
random_of(unsigned i)
{
	i = (i ^ i >> 13) * 1274126177U + 374761393U;
	i = (i ^ i >> 15) * 668265263U;
	return i ^ i >> 16;
}

static struct palette
rainbow(unsigned n)
{
	struct palette p = { .n = n };

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < 3; k++)
			p.rgb[i][k] = (unsigned char)(i * (37 + 50 * k));
	return p;
}

static unsigned
one(unsigned i, unsigned n)
{
	(void)i;
	return n - 1;
}

static unsigned
noise(unsigned i, unsigned n)
{
	return random_of(i) % n;
}

static unsigned
stripes(unsigned i, unsigned n)
{
	return i / 7 % n;
}

/* Strings that grow by one each time. */
static unsigned
ramps(unsigned i, unsigned n)
{
	unsigned len = 1;

	while (i >= len)
		i -= len++;
	return i % n;
}

static const struct {
	const char *name;
	struct size size;
	unsigned colors;
	bool has_clear;
	unsigned (*index)(unsigned i, unsigned n);
} cases[] = {
	{ "one px", { 1, 1 }, 1, false, one },
	{ "one clear px", { 1, 1 }, 0, true, one },
	{ "one colour", { 300, 200 }, 1, false, one },
	{ "two colours", { 33, 17 }, 2, false, noise },
	{ "a colour and clear", { 33, 17 }, 1, true, noise },
	{ "three and clear", { 100, 100 }, 3, true, stripes },
	{ "four and clear", { 100, 100 }, 4, true, noise },
	{ "many codes", { 500, 400 }, 256, false, noise },
	{ "many codes and clear", { 500, 400 }, 255, true, noise },
	{ "long strings", { 1000, 700 }, 200, false, ramps },
	{ "few long strings", { 700, 1000 }, 2, false, ramps },
	{ "stripes", { 513, 511 }, 129, false, stripes },
	{ "a line", { 5000, 1 }, 16, false, noise },
	{ "a column", { 1, 5000 }, 17, false, noise },
};

START_TEST(a_decoder_sees_the_px_that_were_written)
{
	const unsigned colors = cases[_i].colors;
	const unsigned indices = colors + cases[_i].has_clear;
	const struct size size = cases[_i].size;
	const unsigned n = size.width * size.height;
	struct palette palette = rainbow(colors);
	unsigned char *px = malloc(n);
	struct gif_frame frame = { .size = size,
		.palette = &palette,
		.indices = px,
		.has_clear = cases[_i].has_clear };
	struct buf file = { 0 };
	struct pixels is;

	ck_assert_ptr_nonnull(px);
	for (unsigned i = 0; i < n; i++)
		px[i] = (unsigned char)cases[_i].index(i, indices);
	gif_begin(&file, size, 1);
	gif_add(&file, &frame);
	gif_end(&file);
	ck_assert(!file.failed);
	is = pixels_read(file.data, file.len, FORMAT_GIF);
	ck_assert_uint_eq(is.width, size.width);
	ck_assert_uint_eq(is.height, size.height);
	for (unsigned i = 0; i < n; i++) {
		const unsigned char *got = is.rgba + 4 * (size_t)i;

		ck_assert_msg(px[i] == colors ? got[3] == 0
					      : got[3] == 255 &&
			    memcmp(got, palette.rgb[px[i]], 3) == 0,
		    "%s: px %u is %02x%02x%02x/%02x, not colour %u",
		    cases[_i].name, i, got[0], got[1], got[2], got[3], px[i]);
	}
	ck_assert_ptr_null(picture_extras(file.data, file.len, FORMAT_GIF));
	pixels_free(&is);
	buf_fini(&file);
	free(px);
}
END_TEST

/* Lengths up to where the dictionary has been full three times. */
START_TEST(a_picture_may_end_at_any_code)
{
	static unsigned char px[12000];
	struct palette palette = rainbow(256);

	for (unsigned i = 0; i < NELEM(px); i++)
		px[i] = (unsigned char)random_of(i);
	for (unsigned n = 1 + (unsigned)_i; n < NELEM(px);
	     n += n < 600 ? 10 : 90) {
		struct gif_frame frame = { .size = { n, 1 },
			.palette = &palette,
			.indices = px };
		struct buf file = { 0 };
		struct pixels is;

		gif_begin(&file, frame.size, 1);
		gif_add(&file, &frame);
		gif_end(&file);
		is = pixels_read(file.data, file.len, FORMAT_GIF);
		for (unsigned i = 0; i < n; i++)
			ck_assert_mem_eq(is.rgba + 4 * (size_t)i,
			    palette.rgb[px[i]], 3);
		pixels_free(&is);
		buf_fini(&file);
	}
}
END_TEST

static const struct {
	unsigned plays;
	const char *loop; /* of NETSCAPE2.0; NULL: none is there */
} plays[] = {
	{ 0, "\0\0" },
	{ 1, NULL },
	{ 2, "\1\0" },
	{ 257, "\0\1" },
};

START_TEST(repetitions_are_those_after_the_first)
{
	struct buf file = { 0 };
	const char *at;

	gif_begin(&file, (struct size){ 3, 2 }, plays[_i].plays);
	ck_assert_mem_eq(file.data, "GIF89a\3\0\2\0\0\0\0", 13);
	at = memmem(file.data, file.len, "NETSCAPE2.0\3\1", 13);
	ck_assert(plays[_i].loop == NULL ? at == NULL : at != NULL);
	if (at != NULL)
		ck_assert_mem_eq(at + 13, plays[_i].loop, 2);
	buf_fini(&file);
}
END_TEST

static const struct {
	struct gif_frame frame;
	const char *control; /* flags, time, clear index */
} controls[] = {
	{ { .ms = 120 }, "\x04\x0c\0\0" },
	{ { .ms = 124, .clear = true }, "\x08\x0c\0\0" },
	{ { .ms = 125, .has_clear = true }, "\x05\x0d\0\2" },
	{ { .ms = 4 }, "\x04\0\0\0" },
	{ { .ms = 700000 }, "\x04\xff\xff\0" },
};

START_TEST(a_frame_has_its_time_and_its_disposal)
{
	struct palette palette = rainbow(2);
	const unsigned char px[1] = { 0 };
	struct gif_frame frame = controls[_i].frame;
	struct buf file = { 0 };
	const char *at;

	frame.x = 258;
	frame.y = 3;
	frame.size = (struct size){ 1, 1 };
	frame.palette = &palette;
	frame.indices = px;
	gif_begin(&file, (struct size){ 300, 4 }, 0);
	gif_add(&file, &frame);
	at = memmem(file.data, file.len, "!\xf9\4", 3);
	ck_assert_ptr_nonnull(at);
	ck_assert_mem_eq(at + 3, controls[_i].control, 4);
	ck_assert_mem_eq(at + 7, "\0,\2\1\3\0\1\0\1\0", 10);
	buf_fini(&file);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("gif");
	TCase *tc = tcase_create("px");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, tempdir_setup, tempdir_teardown);
	tcase_add_checked_fixture(tc, picture_boot, picture_shutdown);
	tcase_add_loop_test(tc, a_decoder_sees_the_px_that_were_written, 0,
	    NELEM(cases));
	tcase_add_loop_test(tc, a_picture_may_end_at_any_code, 0, 10);
	suite_add_tcase(s, tc);
	tc = tcase_create("blocks");
	tcase_add_loop_test(tc, repetitions_are_those_after_the_first, 0,
	    NELEM(plays));
	tcase_add_loop_test(tc, a_frame_has_its_time_and_its_disposal, 0,
	    NELEM(controls));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
