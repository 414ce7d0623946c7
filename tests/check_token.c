#include "config.h"

/*
 * Upload tokens: what one secret made it, and only that, is taken, and only
 * until its time is over.
 */

#include "token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secrets_file.h"
#include "support.h"

/*
 * Made by Python's hmac and base64 with SECRET_A from
 * {"exp":2000000000,"owner":"alice","max":8388608}
 */
#define GOLDEN                                                              \
	"eyJleHAiOjIwMDAwMDAwMDAsIm93bmVyIjoiYWxpY2UiLCJtYXgiOjgzODg2MDh9." \
	"tBxr5bGaX6dqmRMi2J3qFPDzttU1C_MIVEc9qDz95SI"
#define NOW 1999999999

static struct secrets *secrets;
static struct grant grant;
static struct fault_info info;

static void
setup(void)
{
	tempdir_setup();
	secrets = secrets_of(SECRET_A "\n");
	memset(&grant, 'x', sizeof grant);
}

static void
teardown(void)
{
	secrets_free(secrets);
	tempdir_teardown();
}

static enum fault
check(const char *text)
{
	return token_check(secrets, text, NOW, &grant, &info);
}

static void
assert_refused(const char *why, const char *text, const char *words)
{
	enum fault f = check(text);

	ck_assert_msg(f == FAULT_TOKEN_INVALID && info.fault == f, "%s: %s",
	    why, fault_code(f));
	ck_assert_msg(strstr(info.detail, words) != NULL, "%s: %s", why,
	    info.detail);
	ck_assert_uint_lt(strlen(info.detail), sizeof info.detail - 1);
	ck_assert_int_eq(grant.owner[0], 'x');
}

/* What another language's library makes */

START_TEST(a_token_made_elsewhere_is_taken)
{
	ck_assert_msg(check(GOLDEN) == FAULT_NONE, "%s", info.detail);
	ck_assert_int_eq(grant.expires, 2000000000);
	ck_assert_str_eq(grant.owner, "alice");
	ck_assert_uint_eq(grant.max, 8388608);
}
END_TEST

START_TEST(ours_is_the_same_to_the_character)
{
	const struct grant alice = { .expires = 2000000000,
		.owner = "alice",
		.max = 8388608 };
	char token[TOKEN_LEN_MAX + 1];

	ck_assert_int_eq(token_make(secrets, &alice, token), 0);
	ck_assert_str_eq(token, GOLDEN);
}
END_TEST

START_TEST(the_longest_owner_and_the_largest_numbers_pass)
{
	struct grant most = { .expires = TOKEN_TIME_MAX,
		.max = TOKEN_BYTES_MAX };
	char token[TOKEN_LEN_MAX + 1];

	for (unsigned i = 0; i < TOKEN_OWNER_MAX; i += 2)
		memcpy(most.owner + i, "\xc3\xb6", 3);
	ck_assert_int_eq(token_make(secrets, &most, token), 0);
	ck_assert_int_eq(check(token), FAULT_NONE);
	ck_assert_str_eq(grant.owner, most.owner);
	ck_assert_uint_eq(grant.max, most.max);
	ck_assert_int_eq(grant.expires, most.expires);
}
END_TEST

START_TEST(all_but_the_time_may_be_missing)
{
	const struct grant bare = { .expires = 2000000000 };
	char token[TOKEN_LEN_MAX + 1];
	char *want = sign_text(SECRET_A, "{\"exp\":2000000000}");

	ck_assert_int_eq(token_make(secrets, &bare, token), 0);
	ck_assert_str_eq(token, want);
	ck_assert_int_eq(check(token), FAULT_NONE);
	ck_assert_str_eq(grant.owner, "");
	ck_assert_uint_eq(grant.max, 0);
	free(want);
}
END_TEST

static const char *const odd_owners[] = { "a\nb", "J\xf6rg", "\x7f" };

START_TEST(no_token_is_made_for_an_owner_that_none_may_have)
{
	struct grant odd = { .expires = 2000000000 };
	char token[TOKEN_LEN_MAX + 1];

	(void)snprintf(odd.owner, sizeof odd.owner, "%s", odd_owners[_i]);
	ck_assert_int_eq(token_make(secrets, &odd, token), -1);
}
END_TEST

/* Form and signature */

START_TEST(a_changed_character_anywhere_is_refused)
{
	char token[] = GOLDEN;

	token[_i] = token[_i] == 'A' ? 'B' : 'A';
	assert_refused("changed", token, "");
}
END_TEST

START_TEST(a_token_cut_anywhere_is_refused)
{
	char token[] = GOLDEN;

	token[_i] = '\0';
	assert_refused("cut", token, "");
}
END_TEST

static const struct {
	const char *why;
	const char *text;
	const char *words;
} strange[] = {
	{ "nothing", "", "not an upload token" },
	{ "a point", ".", "not an upload token" },
	{ "one part", "eyJleHAiOjIwMDAwMDAwMDB9", "not an upload token" },
	{ "something behind it", GOLDEN "A", "not an upload token" },
	{ "a blank behind it", GOLDEN " ", "not an upload token" },
	{ "a blank before it", " " GOLDEN, "signature" },
	{ "its padding", GOLDEN "=", "not an upload token" },
	{ "three parts, as a JSON web token has",
	    "eyJhbGciOiJub25lIn0.eyJleHAiOjIwMDAwMDAwMDB9.",
	    "not an upload token" },
	{ "nothing that is signed",
	    ".AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "signature" },
	{ "another point", "AAAA..AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "signature" },
};

START_TEST(another_form_is_refused)
{
	assert_refused(strange[_i].why, strange[_i].text, strange[_i].words);
}
END_TEST

START_TEST(a_token_too_long_is_refused)
{
	char payload[TOKEN_LEN_MAX];
	char *token;

	memset(payload, ' ', sizeof payload);
	(void)snprintf(payload + 730, sizeof payload - 730, "{\"exp\":%d}",
	    2000000000);
	token = sign_text(SECRET_A, payload);
	ck_assert_uint_gt(strlen(token), TOKEN_LEN_MAX);
	assert_refused("too long", token, "not an upload token");
	free(token);
}
END_TEST

START_TEST(a_payload_that_fills_it_is_read)
{
	char payload[TOKEN_LEN_MAX];
	char *token;

	memset(payload, ' ', sizeof payload);
	(void)snprintf(payload + 699, sizeof payload - 699, "{\"exp\":%d}",
	    2000000000);
	token = sign_text(SECRET_A, payload);
	ck_assert_uint_le(strlen(token), TOKEN_LEN_MAX);
	ck_assert_int_eq(check(token), FAULT_NONE);
	free(token);
}
END_TEST

START_TEST(each_secret_is_good_and_the_first_one_signs)
{
	struct secrets *both = secrets_of(SECRET_B "\n" SECRET_A "\n");
	struct secrets *newer = secrets_of(SECRET_B "\n");
	const struct grant bare = { .expires = 2000000000 };
	char token[TOKEN_LEN_MAX + 1];

	ck_assert_int_eq(token_check(both, GOLDEN, NOW, &grant, &info),
	    FAULT_NONE);
	ck_assert_int_eq(token_check(newer, GOLDEN, NOW, &grant, &info),
	    FAULT_TOKEN_INVALID);
	ck_assert_int_eq(token_make(both, &bare, token), 0);
	ck_assert_int_eq(token_check(newer, token, NOW, &grant, &info),
	    FAULT_NONE);
	secrets_free(both);
	secrets_free(newer);
}
END_TEST

/* The payload, whose signature fits. */

static const struct {
	const char *payload;
	const char *words; /* NULL: it is taken */
} payloads[] = {
	{ "{\"exp\":2000000000}", NULL },
	{ " { \"max\" : 1 , \"exp\" : 2000000000 , \"owner\" : \"\" } ", NULL },
	{ "{\"exp\":2000000000,\"owner\":\"J\\u00f6rg\"}", NULL },
	{ "{\"exp\":2000000000,\"owner\":\"\\ud83d\\ude00\"}", NULL },
	{ "", "not a JSON object" },
	{ "{", "not a JSON object" },
	{ "[]", "not a JSON object" },
	{ "2000000000", "not a JSON object" },
	{ "null", "not a JSON object" },
	{ "{\"exp\":2000000000}{}", "not a JSON object" },
	{ "{\"exp\":2000000000,\"exp\":2000000000}", "not a JSON object" },
	{ "{\"exp\":2000000000,\"owner\":\"\xff\"}", "not a JSON object" },
	{ "{\"exp\":2000000000,\"owner\":\"\\u0000\"}", "not a JSON object" },
	{ "{\"exp\":2000000000,\"alg\":\"none\"}", "more than" },
	{ "{\"exp\":2000000000,\"Max\":1}", "more than" },
	{ "{}", "\"exp\"" },
	{ "{\"max\":1}", "\"exp\"" },
	{ "{\"exp\":null}", "\"exp\"" },
	{ "{\"exp\":\"2000000000\"}", "\"exp\"" },
	{ "{\"exp\":2000000000.5}", "\"exp\"" },
	{ "{\"exp\":2e9}", "\"exp\"" },
	{ "{\"exp\":true}", "\"exp\"" },
	{ "{\"exp\":0}", "\"exp\"" },
	{ "{\"exp\":-2000000000}", "\"exp\"" },
	{ "{\"exp\":253402300800}", "\"exp\"" },
	{ "{\"exp\":2000000000000}", "\"exp\"" },
	{ "{\"exp\":99999999999999999999}", "not a JSON object" },
	{ "{\"exp\":2000000000,\"max\":0}", "\"max\"" },
	{ "{\"exp\":2000000000,\"max\":-1}", "\"max\"" },
	{ "{\"exp\":2000000000,\"max\":1.0}", "\"max\"" },
	{ "{\"exp\":2000000000,\"max\":\"8M\"}", "\"max\"" },
	{ "{\"exp\":2000000000,\"max\":null}", "\"max\"" },
	{ "{\"exp\":2000000000,\"max\":1125899906842625}", "\"max\"" },
	{ "{\"exp\":2000000000,\"owner\":7}", "\"owner\"" },
	{ "{\"exp\":2000000000,\"owner\":null}", "\"owner\"" },
	{ "{\"exp\":2000000000,\"owner\":\"a\\nb\"}", "\"owner\"" },
	{ "{\"exp\":2000000000,\"owner\":\"\\u0085\"}", "\"owner\"" },
	{ "{\"exp\":2000000000,\"owner\":"
	  "\"0123456789012345678901234567890123456789012345678901234567890123"
	  "4\"}",
	    "\"owner\"" },
};

START_TEST(a_payload_is_read_strictly)
{
	char *token = sign_text(SECRET_A, payloads[_i].payload);

	if (payloads[_i].words != NULL)
		assert_refused(payloads[_i].payload, token, payloads[_i].words);
	else
		ck_assert_msg(check(token) == FAULT_NONE, "%s: %s",
		    payloads[_i].payload, info.detail);
	free(token);
}
END_TEST

START_TEST(a_signed_payload_that_is_no_base64url_is_refused)
{
	unsigned char mac[DIGEST_SHA256_LEN];
	char token[64] = "e30=.";

	ck_assert_int_eq(digest_hmac_sha256(SECRET_A, 32, "e30=", 4, mac), 0);
	base64url_encode(mac, sizeof mac, token + 5);
	assert_refused("padding", token, "base64url");
}
END_TEST

/* Its time */

START_TEST(a_token_is_over_at_its_time)
{
	ck_assert_int_eq(token_check(secrets, GOLDEN, 1999999999, &grant,
			     &info),
	    FAULT_NONE);
	ck_assert_int_eq(token_check(secrets, GOLDEN, 2000000000, &grant,
			     &info),
	    FAULT_TOKEN_EXPIRED);
	ck_assert_str_eq(info.detail,
	    "The token was good until 2033-05-18T03:33:20Z.");
}
END_TEST

START_TEST(a_changed_token_is_not_said_to_be_over)
{
	char token[] = GOLDEN;

	token[sizeof token - 2] = token[sizeof token - 2] == 'A' ? 'B' : 'A';
	ck_assert_int_eq(token_check(secrets, token, 2000000001, &grant, &info),
	    FAULT_TOKEN_INVALID);
}
END_TEST

/* Its bytes */

START_TEST(more_bytes_than_it_allows_are_refused)
{
	const struct grant some = { .max = 1000 }, any = { 0 };

	ck_assert_int_eq(token_check_bytes(&some, 1000, &info), FAULT_NONE);
	ck_assert_int_eq(token_check_bytes(&any, UINT64_MAX, &info),
	    FAULT_NONE);
	ck_assert_int_eq(token_check_bytes(&some, 1001, &info),
	    FAULT_BODY_TOO_LARGE);
	ck_assert(info.has_limit);
	ck_assert_uint_eq(info.limit, 1000);
	ck_assert_uint_eq(info.actual, 1001);
}
END_TEST

/* Where it stands */

static const struct {
	const char *header;
	const char *token; /* NULL: none */
} headers[] = {
	{ NULL, NULL },
	{ "", NULL },
	{ "Bearer abc", "abc" },
	{ "bearer abc", "abc" },
	{ "BEARER   abc", "abc" },
	{ "Bearer ", "" },
	{ "Bearer a b", "a b" },
	{ "Bearer", NULL },
	{ "Bearerabc", NULL },
	{ "Basic YWxpY2U6cGFzcw==", NULL },
	{ " Bearer abc", NULL },
};

START_TEST(only_a_bearer_s_credentials_are_a_token)
{
	struct memory_io m;
	const char *got;

	memory_io_init(&m, "", 0);
	memory_io_param(&m, "HTTP_AUTHORIZATION", headers[_i].header);
	got = token_bearer(&m.io);
	if (headers[_i].token == NULL)
		ck_assert_ptr_null(got);
	else
		ck_assert_str_eq(got, headers[_i].token);
	memory_io_fini(&m);
}
END_TEST

static TCase *
add_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	return tc;
}

static Suite *
token_suite(void)
{
	Suite *s = suite_create("token");
	TCase *tc = add_case(s, "made");

	tcase_add_test(tc, a_token_made_elsewhere_is_taken);
	tcase_add_test(tc, ours_is_the_same_to_the_character);
	tcase_add_test(tc, the_longest_owner_and_the_largest_numbers_pass);
	tcase_add_test(tc, all_but_the_time_may_be_missing);
	tcase_add_loop_test(tc,
	    no_token_is_made_for_an_owner_that_none_may_have, 0,
	    NELEM(odd_owners));

	tc = add_case(s, "signature");
	tcase_add_loop_test(tc, a_changed_character_anywhere_is_refused, 0,
	    sizeof GOLDEN - 1);
	tcase_add_loop_test(tc, a_token_cut_anywhere_is_refused, 0,
	    sizeof GOLDEN - 1);
	tcase_add_loop_test(tc, another_form_is_refused, 0, NELEM(strange));
	tcase_add_test(tc, a_token_too_long_is_refused);
	tcase_add_test(tc, a_payload_that_fills_it_is_read);
	tcase_add_test(tc, each_secret_is_good_and_the_first_one_signs);

	tc = add_case(s, "payload");
	tcase_add_loop_test(tc, a_payload_is_read_strictly, 0, NELEM(payloads));
	tcase_add_test(tc, a_signed_payload_that_is_no_base64url_is_refused);

	tc = add_case(s, "limits");
	tcase_add_test(tc, a_token_is_over_at_its_time);
	tcase_add_test(tc, a_changed_token_is_not_said_to_be_over);
	tcase_add_test(tc, more_bytes_than_it_allows_are_refused);

	tc = add_case(s, "header");
	tcase_add_loop_test(tc, only_a_bearer_s_credentials_are_a_token, 0,
	    NELEM(headers));
	return s;
}

int
main(void)
{
	return run_suite(token_suite());
}
