#include "config.h"

#include "digest.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* FIPS 180-4's examples; the ids are base32(sha256)[:26] by Python's base64. */
static const struct {
	const char *text;
	unsigned char sha_begin[4];
	const char *id;
} sums[] = {
	{ "", { 0xe3, 0xb0, 0xc4, 0x42 }, "4oymiquy7qobjgx36tejs35zeq" },
	{ "abc", { 0xba, 0x78, 0x16, 0xbf }, "xj4bnp4pahh6uqkbidpf3lrcem" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	    { 0x24, 0x8d, 0x6a, 0x61 }, "esgwuyosay4lrzoae2jqyptahe" },
};

START_TEST(known_texts_have_their_sums_and_ids)
{
	unsigned char sha[DIGEST_SHA256_LEN];
	char id[PHOTO_ID_LEN + 1];

	ck_assert_int_eq(digest_sha256(sums[_i].text, strlen(sums[_i].text),
			     sha),
	    0);
	ck_assert_mem_eq(sha, sums[_i].sha_begin, 4);
	photo_id_make(sha, id);
	ck_assert_str_eq(id, sums[_i].id);
	ck_assert(photo_id_is_valid(id));
}
END_TEST

START_TEST(feeding_in_pieces_gives_the_same_sum)
{
	const char *text = sums[_i].text;
	unsigned char whole[DIGEST_SHA256_LEN], pieces[DIGEST_SHA256_LEN];
	struct digest *d = digest_new();

	ck_assert_ptr_nonnull(d);
	for (size_t i = 0; i < strlen(text); i++)
		ck_assert_int_eq(digest_feed(d, text + i, 1), 0);
	ck_assert_int_eq(digest_final(d, pieces), 0);
	digest_free(d);
	ck_assert_int_eq(digest_sha256(text, strlen(text), whole), 0);
	ck_assert_mem_eq(whole, pieces, sizeof whole);
}
END_TEST

static const struct {
	const char *why;
	const char *id;
	bool valid;
} ids[] = {
	{ "as it should be", "4oymiquy7qobjgx36tejs35zeq", true },
	{ "every last character that 128 bits allow: a",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaa", true },
	{ "and 4", "aaaaaaaaaaaaaaaaaaaaaaaaa4", true },
	{ "a last character with bits beyond 128", "aaaaaaaaaaaaaaaaaaaaaaaaab",
	    false },
	{ "one too short", "aaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "one too long", "aaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "upper case", "AAAAAAAAAAAAAAAAAAAAAAAAAA", false },
	{ "a digit that base32 lacks", "aaaaaaaaaaaa1aaaaaaaaaaaaa", false },
	{ "a path", "../aaaaaaaaaaaaaaaaaaaaaaa", false },
	{ "nothing", "", false },
};

START_TEST(only_ids_of_the_exact_form_are_valid)
{
	ck_assert_msg(photo_id_is_valid(ids[_i].id) == ids[_i].valid, "%s",
	    ids[_i].why);
}
END_TEST

START_TEST(random_names_have_their_length_and_differ)
{
	char a[101], b[101];

	memset(a, 'x', sizeof a);
	ck_assert_int_eq(random_name(a, 100), 0);
	ck_assert_int_eq(random_name(b, 100), 0);
	ck_assert_uint_eq(strlen(a), 100);
	ck_assert_uint_eq(strspn(a, "abcdefghijklmnopqrstuvwxyz234567"), 100);
	ck_assert_str_ne(a, b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("digest");
	TCase *sum = tcase_create("sums");
	TCase *name = tcase_create("names");

	tcase_add_loop_test(sum, known_texts_have_their_sums_and_ids, 0,
	    NELEM(sums));
	tcase_add_loop_test(sum, feeding_in_pieces_gives_the_same_sum, 0,
	    NELEM(sums));
	tcase_add_loop_test(name, only_ids_of_the_exact_form_are_valid, 0,
	    NELEM(ids));
	tcase_add_test(name, random_names_have_their_length_and_differ);
	suite_add_tcase(s, sum);
	suite_add_tcase(s, name);
	return run_suite(s);
}
