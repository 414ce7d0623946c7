#include "config.h"

#include "lean.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

/* A file and what is to stay of it, put together piece by piece. */
struct pair {
	unsigned char file[8192], rest[8192];
	size_t file_len, rest_len;
};

static void
add(struct pair *p, bool stays, const void *data, size_t len)
{
	ck_assert_uint_le(p->file_len + len, sizeof p->file);
	memcpy(p->file + p->file_len, data, len);
	p->file_len += len;
	if (!stays)
		return;
	memcpy(p->rest + p->rest_len, data, len);
	p->rest_len += len;
}

#define ADD(p, stays, text) add(p, stays, text, sizeof(text) - 1)

static size_t
check(const struct pair *p, enum format format, size_t profile_max)
{
	struct lean lean;
	size_t profile;

	ck_assert(lean_open(p->file, p->file_len, format, profile_max, &lean));
	ck_assert_uint_eq(lean.len, p->rest_len);
	ck_assert_mem_eq(lean.data, p->rest, p->rest_len);
	if (p->rest_len == p->file_len)
		ck_assert_ptr_eq(lean.data, p->file);
	profile = lean.profile;
	lean_close(&lean);
	return profile;
}

/* ---- JPEG ---- */

static void
add_segment(struct pair *p, bool stays, unsigned char marker, const char *body,
    size_t len)
{
	const unsigned char head[] = { 0xff, marker,
		(unsigned char)((len + 2) >> 8), (unsigned char)(len + 2) };

	add(p, stays, head, sizeof head);
	add(p, stays, body, len);
}

#define SEGMENT(p, stays, marker, text) \
	add_segment(p, stays, marker, text, sizeof(text) - 1)

static const char scan[] = "\xff\xda\0\6abcd1\xff\0\x32\xff\xd0three";

START_TEST(jpeg_keeps_what_its_picture_needs)
{
	struct pair p = { 0 };

	ADD(&p, true, "\xff\xd8");
	SEGMENT(&p, true, 0xe0, "JFIF\0\1\1");
	SEGMENT(&p, false, 0xe1, "http://ns.adobe.com/xap/1.0/\0<x/>");
	SEGMENT(&p, true, 0xe1, "Exif\0\0II");
	SEGMENT(&p, false, 0xe1, "Exif\0\0again");
	SEGMENT(&p, true, 0xe2, "ICC_PROFILE\0\1\2one");
	SEGMENT(&p, false, 0xe2, "MPF\0other pictures");
	SEGMENT(&p, true, 0xe2, "ICC_PROFILE\0\2\2two");
	SEGMENT(&p, false, 0xe3, "");
	SEGMENT(&p, false, 0xed, "Photoshop 3.0\0");
	SEGMENT(&p, true, 0xee, "Adobe\0d\0\0\0\0\1");
	SEGMENT(&p, false, 0xef, "x");
	SEGMENT(&p, false, 0xfe, "a comment");
	SEGMENT(&p, true, 0xdb, "tables");
	ADD(&p, true, "odd bytes");
	add(&p, true, scan, sizeof scan - 1);
	SEGMENT(&p, false, 0xfe, "between two scans");
	add(&p, true, scan, sizeof scan - 1);
	ADD(&p, true, "\xff\xd9\xff\xfe\0\4ab");
	ck_assert_uint_eq(check(&p, FORMAT_JPEG, 6), 0);
}
END_TEST

/* Else the one that stayed and what comes behind would be a scan. */
START_TEST(what_fills_up_before_a_marker_goes_with_it)
{
	struct pair p = { 0 };

	ADD(&p, true, "\xff\xd8");
	SEGMENT(&p, true, 0xdb, "a table that ends in \xff");
	ADD(&p, false, "\xff\xff");
	SEGMENT(&p, false, 0xfe, "a comment");
	ADD(&p, true, "\xda\0\6abcd");
	add(&p, true, scan, sizeof scan - 1);
	ADD(&p, false, "\xff");
	SEGMENT(&p, false, 0xe5, "");
	SEGMENT(&p, false, 0xe5, "");
	ADD(&p, true, "\xd9\xff\xd9");
	ck_assert_uint_eq(check(&p, FORMAT_JPEG, 0), 0);
}
END_TEST

START_TEST(a_profile_that_is_too_large_goes_as_a_whole)
{
	struct pair p = { 0 };

	ADD(&p, true, "\xff\xd8");
	SEGMENT(&p, false, 0xe2, "ICC_PROFILE\0\1\2one");
	SEGMENT(&p, false, 0xe2, "ICC_PROFILE\0\2\2two");
	add(&p, true, scan, sizeof scan - 1);
	ADD(&p, true, "\xff\xd9");
	ck_assert_uint_eq(check(&p, FORMAT_JPEG, 5), 6);
}
END_TEST

/* Putting it together costs more with each. */
START_TEST(so_does_one_of_too_many_pieces)
{
	const bool stays = _i <= 255;
	struct pair p = { 0 };

	ADD(&p, true, "\xff\xd8");
	for (int i = 0; i < _i; i++)
		add_segment(&p, stays, 0xe2, "ICC_PROFILE\0\1", 14);
	ADD(&p, true, "\xff\xd9");
	(void)check(&p, FORMAT_JPEG, 1000);
}
END_TEST

START_TEST(from_an_impossible_segment_on_all_stays)
{
	static const char *const ends[] = { "\xff\xe5\0\1a", "\xff\xe5\xff\xff",
		"\xff\xe5", "\xff" };
	static const size_t lens[] = { 5, 4, 2, 1 };
	struct pair p = { 0 };

	ADD(&p, true, "\xff\xd8");
	SEGMENT(&p, false, 0xfe, "gone");
	add(&p, true, ends[_i], lens[_i]);
	(void)check(&p, FORMAT_JPEG, 0);
}
END_TEST

/* ---- PNG ---- */

static void
add_chunk(struct pair *p, bool stays, const char *name, size_t len)
{
	const unsigned char head[] = { 0, 0, 0, (unsigned char)len };
	const char zeros[300] = { 0 };

	add(p, stays, head, sizeof head);
	add(p, stays, name, 4);
	add(p, stays, zeros, len + 4);
}

START_TEST(png_keeps_what_its_picture_needs)
{
	static const char *const goes[] = { "tEXt", "zTXt", "iTXt", "eXIf",
		"tIME", "pHYs", "sPLT", "hIST", "acTL", "fcTL", "fdAT",
		"teST" };
	static const char *const stays[] = { "PLTE", "tRNS", "gAMA", "cHRM",
		"sRGB", "iCCP", "IDAT", "IDAT", "CgBI", "IEND" };
	struct pair p = { 0 };

	ADD(&p, true, "\x89PNG\r\n\x1a\n");
	add_chunk(&p, true, "IHDR", 13);
	for (unsigned i = 0; i < NELEM(stays); i++) {
		add_chunk(&p, false, goes[i], 9 * i);
		add_chunk(&p, true, stays[i], 7 * i);
	}
	for (unsigned i = NELEM(stays); i < NELEM(goes); i++)
		add_chunk(&p, false, goes[i], 1);
	ADD(&p, true, "\0\0\1\0tEXt, cut");
	ck_assert_uint_eq(check(&p, FORMAT_PNG, 100), 0);
}
END_TEST

START_TEST(of_each_of_png_s_colours_one_is_enough)
{
	struct pair p = { 0 };

	ADD(&p, true, "\x89PNG\r\n\x1a\n");
	add_chunk(&p, true, "gAMA", 4);
	add_chunk(&p, true, "iCCP", 100);
	add_chunk(&p, false, "iCCP", 1);
	add_chunk(&p, false, "gAMA", 4);
	ck_assert_uint_eq(check(&p, FORMAT_PNG, 100), 0);
}
END_TEST

/* Four bytes are packed in it, and say how many there will be: 0x10000. */
#define PROFILE                                                     \
	"\0\0\0\x11iCCPicc\0\0\x78\x9c\x63\x60\x64\x60\0\0\0\7\0\2" \
	"crc!"

START_TEST(a_profile_that_unpacks_to_much_goes)
{
	struct pair small = { 0 }, large = { 0 };

	ADD(&small, true, "\x89PNG\r\n\x1a\n" PROFILE);
	ck_assert_uint_eq(check(&small, FORMAT_PNG, 0x10000), 0);
	ADD(&large, true, "\x89PNG\r\n\x1a\n");
	ADD(&large, false, PROFILE PROFILE);
	ck_assert_uint_eq(check(&large, FORMAT_PNG, 0xffff), 0x10000);
}
END_TEST

/* ---- GIF ---- */

START_TEST(gif_keeps_what_its_pictures_need)
{
	struct pair p = { 0 };

	ADD(&p, true, "GIF89a\1\0\1\0\x80\0\0abcdef");
	ADD(&p, false, "!\xfe\1a\2bc\0");
	ADD(&p, true, "!\xff\013NETSCAPE2.0\3\1\0\0\0");
	ADD(&p, false, "!\xff\013NETSCAPE2.0\3\1\5\0\0");
	ADD(&p, false, "!\xff\013ICCRGBG1012\1a\0");
	ADD(&p, false, "!\x01\1a\0");
	ADD(&p, true, "!\xf9\4\0\0\0\0\0");
	ADD(&p, true, ",\0\0\0\0\1\0\1\0\0\2\1!\0");
	ADD(&p, false, "!\xfe\0");
	ADD(&p, true,
	    ",\0\0\0\0\1\0\1\0\x80"
	    "abcdef\2\1!\0");
	ADD(&p, true, ";!\xfe\1a\0");
	(void)check(&p, FORMAT_GIF, 0);
}
END_TEST

/* ---- real files ---- */

static const struct {
	const char *name;
	enum format format;
	bool is_lean;
} files[] = {
	{ "data/gray.jpg", FORMAT_JPEG, true },
	{ "data/orient-3.jpg", FORMAT_JPEG, false },
	{ "data/ycck.jpg", FORMAT_JPEG, true },
	{ "data/rgb.png", FORMAT_PNG, false },
	{ "data/palette-trns.png", FORMAT_PNG, true },
	{ "data/animated.gif", FORMAT_GIF, false },
	{ "data/still.gif", FORMAT_GIF, true },
	{ "data/lossy.webp", FORMAT_WEBP, true },
};

/* Every one is an allocation of its own, so that a sanitizer sees too much. */
START_TEST(a_file_may_end_anywhere)
{
	struct lean lean;
	size_t len;
	char *data = test_data(files[_i].name, &len);

	for (size_t n = 1; n <= len; n += n < 900 || n + 50 > len ? 1 : 97) {
		char *part = malloc(n);

		ck_assert_ptr_nonnull(part);
		memcpy(part, data, n);
		ck_assert(lean_open(part, n, files[_i].format, 5000, &lean));
		ck_assert_uint_le(lean.len, n);
		if (n == len)
			ck_assert_int_eq(lean.data == part, files[_i].is_lean);
		lean_close(&lean);
		free(part);
	}
	free(data);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lean");
	TCase *tc = tcase_create("formats");

	tcase_add_test(tc, jpeg_keeps_what_its_picture_needs);
	tcase_add_test(tc, what_fills_up_before_a_marker_goes_with_it);
	tcase_add_test(tc, a_profile_that_is_too_large_goes_as_a_whole);
	tcase_add_loop_test(tc, so_does_one_of_too_many_pieces, 254, 258);
	tcase_add_loop_test(tc, from_an_impossible_segment_on_all_stays, 0, 4);
	tcase_add_test(tc, png_keeps_what_its_picture_needs);
	tcase_add_test(tc, of_each_of_png_s_colours_one_is_enough);
	tcase_add_test(tc, a_profile_that_unpacks_to_much_goes);
	tcase_add_test(tc, gif_keeps_what_its_pictures_need);
	tcase_add_loop_test(tc, a_file_may_end_anywhere, 0, (int)NELEM(files));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
