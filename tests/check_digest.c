#include "config.h"

#include "digest.h"

#include <check.h>
#include <stdio.h>
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
	char id[PHOTO_ID_LEN + 1], hex[DIGEST_HEX_LEN + 1];

	ck_assert_int_eq(digest_sha256(sums[_i].text, strlen(sums[_i].text),
			     sha),
	    0);
	ck_assert_mem_eq(sha, sums[_i].sha_begin, 4);
	photo_id_make(sha, id);
	ck_assert_str_eq(id, sums[_i].id);
	ck_assert(photo_id_is_valid(id));
	digest_hex(sha, hex);
	ck_assert_uint_eq(strlen(hex), DIGEST_HEX_LEN);
	for (unsigned i = 0; i < DIGEST_SHA256_LEN; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		ck_assert_uint_eq(byte, sha[i]);
	}
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

/* RFC 4231, test cases 2 and 1; and nothing at all. */
static const struct {
	const char *key;
	const char *text;
	unsigned char mac_begin[8];
} macs[] = {
	{ "Jefe", "what do ya want for nothing?",
	    { 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e } },
	{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
	  "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
	    "Hi There", { 0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53 } },
	{ "", "", { 0xb6, 0x13, 0x67, 0x9a, 0x08, 0x14, 0xd9, 0xec } },
};

START_TEST(known_keys_and_texts_have_their_macs)
{
	unsigned char mac[DIGEST_SHA256_LEN];

	ck_assert_int_eq(digest_hmac_sha256(macs[_i].key, strlen(macs[_i].key),
			     macs[_i].text, strlen(macs[_i].text), mac),
	    0);
	ck_assert_mem_eq(mac, macs[_i].mac_begin, 8);
}
END_TEST

START_TEST(only_equal_bytes_are_equal)
{
	ck_assert(digest_is_equal("abc", "abc", 3));
	ck_assert(digest_is_equal("abc", "abd", 2));
	ck_assert(!digest_is_equal("abc", "abd", 3));
	ck_assert(!digest_is_equal("xbc", "abc", 3));
	ck_assert(digest_is_equal("a", "b", 0));
}
END_TEST

/* RFC 4648 10, and the two characters that base64 has otherwise. */
static const struct {
	const char *bytes;
	const char *text;
} codes[] = {
	{ "", "" },
	{ "f", "Zg" },
	{ "fo", "Zm8" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "-__-" },
};

START_TEST(base64url_goes_there_and_back)
{
	size_t len = strlen(codes[_i].bytes), got_len = 99;
	unsigned char bytes[8];
	char text[16];

	base64url_encode(codes[_i].bytes, len, text);
	ck_assert_str_eq(text, codes[_i].text);
	ck_assert_uint_eq(strlen(text), BASE64URL_LEN(len));
	ck_assert_int_eq(base64url_decode(text, strlen(text), bytes, &got_len),
	    0);
	ck_assert_uint_eq(got_len, len);
	if (len > 0)
		ck_assert_mem_eq(bytes, codes[_i].bytes, len);
}
END_TEST

/* Among them the bits that no byte has, and what plain base64 allows. */
static const char *const no_codes[] = { "Z", "Zg==", "Zh", "Zm9", "Zm9vY",
	"Z g", "Zm+v", "Zm/v", "Zg\n", "Zm\xc3\xa4" };

START_TEST(what_base64url_does_not_write_is_not_read)
{
	unsigned char bytes[8];
	size_t len;

	ck_assert_msg(base64url_decode(no_codes[_i], strlen(no_codes[_i]),
			  bytes, &len) == -1,
	    "%s", no_codes[_i]);
}
END_TEST

START_TEST(a_nul_is_not_base64url)
{
	unsigned char bytes[8];
	size_t len;

	ck_assert_int_eq(base64url_decode("Zg\0A", 4, bytes, &len), -1);
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

/* RFC 4648, 10. */
static const struct {
	const char *bytes, *text;
} base64s[] = {
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+" },
};

START_TEST(base64_is_that_of_its_rfc)
{
	const size_t len = strlen(base64s[_i].bytes);
	char out[16];

	memset(out, 'x', sizeof out);
	base64_encode(base64s[_i].bytes, len, out);
	ck_assert_str_eq(out, base64s[_i].text);
	ck_assert_uint_eq(BASE64_LEN(len), strlen(out));
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

START_TEST(only_64_digits_are_a_sum)
{
	unsigned char sum[DIGEST_SHA256_LEN];
	char hex[DIGEST_HEX_LEN + 1];

	ck_assert_int_eq(digest_sha256("abc", 3, sum), 0);
	digest_hex(sum, hex);
	ck_assert(digest_hex_is_valid(hex));
	hex[63] = 'g';
	ck_assert(!digest_hex_is_valid(hex));
	hex[63] = '\0';
	ck_assert(!digest_hex_is_valid(hex));
	ck_assert(!digest_hex_is_valid(""));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("digest");
	TCase *sum = tcase_create("sums");
	TCase *text = tcase_create("texts");
	TCase *name = tcase_create("names");

	tcase_add_loop_test(sum, known_texts_have_their_sums_and_ids, 0,
	    NELEM(sums));
	tcase_add_loop_test(sum, feeding_in_pieces_gives_the_same_sum, 0,
	    NELEM(sums));
	tcase_add_loop_test(sum, known_keys_and_texts_have_their_macs, 0,
	    NELEM(macs));
	tcase_add_test(sum, only_equal_bytes_are_equal);
	tcase_add_loop_test(text, base64url_goes_there_and_back, 0,
	    NELEM(codes));
	tcase_add_loop_test(text, what_base64url_does_not_write_is_not_read, 0,
	    NELEM(no_codes));
	tcase_add_test(text, a_nul_is_not_base64url);
	tcase_add_test(name, only_64_digits_are_a_sum);
	tcase_add_loop_test(name, only_ids_of_the_exact_form_are_valid, 0,
	    NELEM(ids));
	tcase_add_loop_test(name, base64_is_that_of_its_rfc, 0, NELEM(base64s));
	tcase_add_test(name, random_names_have_their_length_and_differ);
	suite_add_tcase(s, sum);
	suite_add_tcase(s, text);
	suite_add_tcase(s, name);
	return run_suite(s);
}
