#include "config.h"

#include "exif.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

struct bytes {
	const char *at;
	size_t len;
};

#define BYTES(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

#define HEAD_BIG "MM\0*\0\0\0\10"
#define HEAD_LITTLE "II*\0\10\0\0\0"

static const struct {
	const char *name;
	struct bytes exif;
	const char *artist, *copyright;
} cases[] = {
	{ "nothing", BYTES(""), "", "" },
	{ "big-endian",
	    BYTES(HEAD_BIG "\0\2\x01\x3b\0\2\0\0\0\6\0\0\0\x26"
			   "\x82\x98\0\2\0\0\0\4ACM\0\0\0\0\0"
			   "Alice\0"),
	    "Alice", "ACM" },
	{ "the same in little-endian and behind a prefix",
	    BYTES("Exif\0\0" HEAD_LITTLE "\2\0\x3b\x01\2\0\6\0\0\0\x26\0\0\0"
		  "\x98\x82\2\0\4\0\0\0ACM\0\0\0\0\0"
		  "Alice\0"),
	    "Alice", "ACM" },
	{ "photographer and editor",
	    BYTES(HEAD_BIG "\0\1\x82\x98\0\2\0\0\0\5\0\0\0\x1a\0\0\0\0"
			   "A\0B\0\0"),
	    "", "A B" },
	{ "control characters and spaces",
	    BYTES(HEAD_BIG "\0\1\x01\x3b\0\2\0\0\0\12\0\0\0\x1a\0\0\0\0"
			   "\t \nA\r\nB\x7f\t\0"),
	    "A  B", "" },
	{ "UTF-8 of EXIF 3.0",
	    BYTES(HEAD_BIG "\0\1\x01\x3b\0\x81\0\0\0\4\xc3\x84"
			   "b\0\0\0\0\0"),
	    "\xc3\x84"
	    "b",
	    "" },
	{ "not a text", BYTES(HEAD_BIG "\0\1\x01\x3b\0\3\0\0\0\2ABCD"), "",
	    "" },
	{ "text before the file",
	    BYTES(HEAD_BIG "\0\1\x01\x3b\0\2\xff\xff\xff\xff\0\0\0\0ABCDEFGH"),
	    "", "" },
	{ "text behind the end",
	    BYTES(HEAD_BIG "\0\1\x01\x3b\0\2\0\0\0\x9\0\0\0\x16"), "", "" },
	{ "text at the very end",
	    BYTES(HEAD_BIG "\0\1\x01\x3b\0\2\0\0\0\5\0\0\0\x16XABCD"), "XABCD",
	    "" },
	{ "offset far outside",
	    BYTES(HEAD_BIG "\0\1\x01\x3b\0\2\0\0\0\x9\xff\xff\xff\xf0"), "",
	    "" },
	{ "directory behind the end", BYTES("MM\0*\0\0\0\12\0\1"), "", "" },
	{ "directory far outside", BYTES("MM\0*\xff\xff\xff\xff\0\1"), "", "" },
	{ "more entries than bytes",
	    BYTES(HEAD_BIG "\xff\xff\x01\x3b\0\2\0\0\0\4ABC\0\x82"), "ABC",
	    "" },
	{ "neither byte order",
	    BYTES("MI\0*\0\0\0\10\0\1\x01\x3b\0\2\0\0\0\4"
		  "ABC\0"),
	    "", "" },
	{ "not 42", BYTES("MM\0+\0\0\0\10\0\1\x01\x3b\0\2\0\0\0\4ABC\0"), "",
	    "" },
	{ "prefix alone", BYTES("Exif\0\0"), "", "" },
};

/* In a block of its own size, so that a step outside is seen. */
static struct credits
read_exact(struct bytes exif)
{
	char *copy = malloc(exif.len + 1);
	struct credits c;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, exif.at, exif.len);
	exif_read(copy + 1, exif.len, &c);
	free(copy);
	return c;
}

START_TEST(both_texts_are_found_or_not_there)
{
	struct credits c = read_exact(cases[_i].exif);

	ck_assert_msg(strcmp(c.artist, cases[_i].artist) == 0 &&
		strcmp(c.copyright, cases[_i].copyright) == 0,
	    "%s: \"%s\", \"%s\"", cases[_i].name, c.artist, c.copyright);
}
END_TEST

START_TEST(cut_anywhere_nothing_but_a_part_is_found)
{
	for (size_t len = 0; len < cases[_i].exif.len; len++) {
		struct credits c =
		    read_exact((struct bytes){ cases[_i].exif.at, len });

		ck_assert(c.artist[0] == '\0' ||
		    strcmp(c.artist, cases[_i].artist) == 0);
		ck_assert(c.copyright[0] == '\0' ||
		    strcmp(c.copyright, cases[_i].copyright) == 0);
	}
}
END_TEST

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\2IHDRab\0\0\0\0"

static const struct {
	const char *name;
	struct bytes png;
	const char *artist;
} pngs[] = {
	{ "eXIf behind another chunk",
	    BYTES(PNG_HEAD "\0\0\0\32eXIf" HEAD_BIG
			   "\0\1\x01\x3b\0\2\0\0\0\4ABC\0\0\0\0\0"
			   "sum!\0\0\0\0IEND...."),
	    "ABC" },
	{ "without a room for its sum",
	    BYTES(PNG_HEAD "\0\0\0\32eXIf" HEAD_BIG
			   "\0\1\x01\x3b\0\2\0\0\0\4ABC\0\0\0\0\0"
			   "sum"),
	    "" },
	{ "a length far outside",
	    BYTES(
		PNG_HEAD "\xff\xff\xff\xff"
			 "eXIf" HEAD_BIG "\0\1\x01\x3b\0\2\0\0\0\4ABC\0\0\0\0\0"
			 "sum!"),
	    "" },
	{ "none", BYTES(PNG_HEAD "\0\0\0\0IEND...."), "" },
	{ "no file", BYTES(""), "" },
	{ "a signature", BYTES("\x89PNG\r\n\x1a\n"), "" },
};

START_TEST(of_a_png_its_chunk_is_read)
{
	char *copy = malloc(pngs[_i].png.len + 1);
	struct credits c;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, pngs[_i].png.at, pngs[_i].png.len);
	exif_read_png(copy + 1, pngs[_i].png.len, &c);
	ck_assert_msg(strcmp(c.artist, pngs[_i].artist) == 0, "%s: \"%s\"",
	    pngs[_i].name, c.artist);
	free(copy);
}
END_TEST

static const struct credits kept[] = {
	{ "Alice", "(c) 2024 Alice" },
	{ "", "(c) 2024 Alice" },
	{ "Alice", "" },
	{ "A", "BCD" },
	{ "ABC", "ABCD" },
	{ "\xc3\x84lice", "\xc2\xa9" },
};

START_TEST(what_is_written_is_read_back)
{
	unsigned char exif[EXIF_MAX];
	size_t len = exif_write(&kept[_i], exif);
	struct credits c = read_exact((struct bytes){ (char *)exif, len });

	ck_assert_uint_gt(len, 0);
	ck_assert_str_eq(c.artist, kept[_i].artist);
	ck_assert_str_eq(c.copyright, kept[_i].copyright);
}
END_TEST

START_TEST(of_nothing_nothing_is_written)
{
	struct credits none = { "", "" };
	unsigned char exif[EXIF_MAX];

	ck_assert_uint_eq(exif_write(&none, exif), 0);
}
END_TEST

START_TEST(markup_is_none)
{
	char text[CREDIT_MAX + 1];

	exif_clean("\tJ. <j@x.org>\x7f<?php\n<script>", text);
	ck_assert_str_eq(text, "J. (j@x.org) (?php (script)");
}
END_TEST

START_TEST(what_is_too_long_is_cut_between_characters)
{
	char text[CREDIT_MAX + 100];
	unsigned char exif[EXIF_MAX];
	struct credits c, again;
	size_t len;

	for (size_t i = 0; i + 2 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	exif_clean(text + 2, c.artist);
	ck_assert_uint_eq(strlen(c.artist), CREDIT_MAX);
	text[1] = 'x';
	exif_clean(text + 1, c.copyright);
	ck_assert_uint_eq(strlen(c.copyright), CREDIT_MAX - 1);
	len = exif_write(&c, exif);
	ck_assert_uint_le(len, EXIF_MAX);
	again = read_exact((struct bytes){ (char *)exif, len });
	ck_assert_str_eq(again.artist, c.artist);
	ck_assert_str_eq(again.copyright, c.copyright);
	exif_clean(NULL, c.artist);
	ck_assert_str_eq(c.artist, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("exif");
	TCase *tc = tcase_create("read");

	tcase_add_loop_test(tc, both_texts_are_found_or_not_there, 0,
	    NELEM(cases));
	tcase_add_loop_test(tc, cut_anywhere_nothing_but_a_part_is_found, 0,
	    NELEM(cases));
	tcase_add_loop_test(tc, of_a_png_its_chunk_is_read, 0, NELEM(pngs));
	suite_add_tcase(s, tc);
	tc = tcase_create("write");
	tcase_add_loop_test(tc, what_is_written_is_read_back, 0, NELEM(kept));
	tcase_add_test(tc, of_nothing_nothing_is_written);
	tcase_add_test(tc, markup_is_none);
	tcase_add_test(tc, what_is_too_long_is_cut_between_characters);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
