#include "config.h"

/* On what terms photos come: what a request says beside them. */

#include "terms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "secrets_file.h"
#include "support.h"
#include "terms_time.h"

#define KEY22 "abcdefghijklmnopqrst 2"

/* One request and its answer. */
struct fixture {
	struct memory_io m;
	struct settings settings;
	struct upload upload;
	struct terms terms;
	struct fault_info info;
};

static struct fixture fx;

static void
setup(void)
{
	tempdir_setup();
	memset(&fx, 0, sizeof fx);
	memory_io_init(&fx.m, "", 0);
}

static void
teardown(void)
{
	secrets_free(fx.settings.secrets);
	memory_io_fini(&fx.m);
	tempdir_teardown();
}

static enum fault
ask(void)
{
	/* What a fault must not change. */
	memset(&fx.terms, 'x', sizeof fx.terms);
	return terms_read(&fx.m.io, &fx.upload, &fx.settings, &fx.terms,
	    &fx.info);
}

static void
assert_refused(const char *why, const char *words)
{
	enum fault f = ask();

	ck_assert_msg(f == FAULT_BAD_REQUEST, "%s: %s", why, fault_code(f));
	ck_assert_int_eq(fx.info.fault, f);
	ck_assert_msg(strstr(fx.info.detail, words) != NULL, "%s: %s", why,
	    fx.info.detail);
	ck_assert_uint_lt(strlen(fx.info.detail), sizeof fx.info.detail - 1);
	ck_assert_int_eq(fx.terms.owner[0], 'x');
}

static void
give_field(struct upload_field *field, const char *text)
{
	field->is_there = true;
	(void)snprintf(field->text, sizeof field->text, "%s", text);
}

START_TEST(a_bare_request_has_no_terms)
{
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_str_eq(fx.terms.owner, "");
	ck_assert_str_eq(fx.terms.key, "");
	ck_assert_int_eq(fx.terms.expires, 0);
}
END_TEST

START_TEST(a_request_without_photos_has_them_as_well)
{
	memory_io_param(&fx.m, "HTTP_IDEMPOTENCY_KEY", KEY22);
	memory_io_param(&fx.m, "QUERY_STRING", "expires=1h");
	ck_assert_int_eq(terms_read(&fx.m.io, NULL, &fx.settings, &fx.terms,
			     &fx.info),
	    FAULT_NONE);
	ck_assert_str_eq(fx.terms.key, KEY22);
	ck_assert_int_gt(fx.terms.expires, time(NULL) + 3500);
}
END_TEST

/* Idempotency-Key */

START_TEST(a_key_is_kept_up_to_its_longest)
{
	char longest[TERMS_KEY_MAX + 1];

	memset(longest, '~', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	memory_io_param(&fx.m, "HTTP_IDEMPOTENCY_KEY",
	    _i == 0 ? KEY22 : longest);
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_str_eq(fx.terms.key, _i == 0 ? KEY22 : longest);
}
END_TEST

static const struct {
	const char *why;
	const char *key;
} bad_keys[] = {
	{ "empty", "" },
	{ "one too short", "abcdefghijklmnopqrstu" },
	{ "a tab", "abcdefghijklmnopqrstu\tv" },
	{ "DEL", "abcdefghijklmnopqrstu\177v" },
	{ "not ASCII", "abcdefghijklmnopqrstu\xc3\xa4v" },
};

START_TEST(another_key_is_refused)
{
	memory_io_param(&fx.m, "HTTP_IDEMPOTENCY_KEY", bad_keys[_i].key);
	assert_refused(bad_keys[_i].why, "22 to 255");
}
END_TEST

START_TEST(a_key_too_long_is_refused)
{
	char key[TERMS_KEY_MAX + 2];

	memset(key, 'k', sizeof key - 1);
	key[sizeof key - 1] = '\0';
	memory_io_param(&fx.m, "HTTP_IDEMPOTENCY_KEY", key);
	assert_refused("one too long", "22 to 255");
}
END_TEST

/* expires */

static const struct {
	const char *text;
	int64_t seconds;
} durations[] = {
	{ "1", 1 },
	{ "3600s", 3600 },
	{ "90m", 5400 },
	{ "12h", 43200 },
	{ "30d", 2592000 },
	{ "3653d", TERMS_EXPIRES_MAX },
};

START_TEST(a_duration_counts_from_now)
{
	int64_t before = time(NULL);

	give_field(&fx.upload.expires, durations[_i].text);
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_int_ge(fx.terms.expires, before + durations[_i].seconds);
	ck_assert_int_le(fx.terms.expires,
	    (int64_t)time(NULL) + durations[_i].seconds);
}
END_TEST

/* In a year that is ahead for a long time, and within ten years of any now. */
static void
write_time(char *out, size_t size, const char *rest)
{
	time_t later = time(NULL) + 365 * 86400;
	struct tm tm;
	char day[16];

	ck_assert_ptr_nonnull(gmtime_r(&later, &tm));
	(void)strftime(day, sizeof day, "%Y-%m-%d", &tm);
	(void)snprintf(out, size, "%s%s", day, rest);
}

START_TEST(a_time_is_taken_as_it_is)
{
	char text[64];
	int64_t want;

	write_time(text, sizeof text, "T12:00:00+01:00");
	give_field(&fx.upload.expires, text);
	ck_assert_int_eq(ask(), FAULT_NONE);
	write_time(text, sizeof text, "T11:00:00Z");
	ck_assert_int_eq(terms_time_parse(text, &want), 0);
	ck_assert_int_eq(fx.terms.expires, want);
}
END_TEST

static const struct {
	const char *why;
	const char *text;
	const char *words;
} bad_expires[] = {
	{ "now", "0", "not in the future" },
	{ "no time at all", "0d", "not in the future" },
	{ "long ago", "1999-12-31T23:59:59Z", "not in the future" },
	{ "before all time", "0000-01-01T00:00:00Z", "not in the future" },
	{ "over ten years", "3654d", "ten years" },
	{ "over ten years to the second", "315619201", "ten years" },
	{ "more than can be added to now", "18446744073709551615",
	    "ten years" },
	{ "the end of all time", "9999-12-31T23:59:59Z", "ten years" },
	{ "a word", "tomorrow", "a duration" },
	{ "a negative number", "-1", "a duration" },
	{ "a unit alone", "d", "a duration" },
	{ "an unknown unit", "2w", "a duration" },
	{ "a day without a time", "2030-12-24", "a duration" },
	{ "a time without its zone", "2030-12-24T18:00:00", "a duration" },
	{ "a blank", " 30d", "a duration" },
	{ "more digits than a number has", "99999999999999999999d",
	    "a duration" },
};

START_TEST(another_time_is_refused)
{
	give_field(&fx.upload.expires, bad_expires[_i].text);
	assert_refused(bad_expires[_i].why, bad_expires[_i].words);
}
END_TEST

START_TEST(a_spoilt_field_is_refused)
{
	give_field(&fx.upload.expires, "30d");
	fx.upload.expires.is_spoilt = true;
	assert_refused("spoilt", "a duration");
}
END_TEST

START_TEST(a_field_that_was_left_empty_is_none)
{
	give_field(&fx.upload.expires, "");
	memory_io_param(&fx.m, "QUERY_STRING", "expires=30d");
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_int_eq(fx.terms.expires, 0);
}
END_TEST

static const struct {
	const char *query;
	int64_t seconds; /* 0: none; -1: refused */
} queries[] = {
	{ "", 0 },
	{ "expires=", 0 },
	{ "expires=30", 30 },
	{ "a=b&expires=30&c", 30 },
	{ "&&expires=3%30", 30 },
	{ "a=expires=30", 0 },
	{ "expires", 0 },
	{ "xexpires=30", 0 },
	{ "expiresx=30", 0 },
	{ "Expires=30", 0 },
	{ "expires=30&expires=30", -1 },
	{ "expires=30&expires=", -1 },
	{ "expires=30%00", -1 },
	{ "expires=%00", -1 },
	{ "expires=%33%zz", -1 },
	{ "expires="
	  "00000000000000000000000000000000000000000000000000000000000030",
	    30 },
	{ "expires="
	  "0000000000000000000000000000000000000000000000000000000000000030",
	    -1 },
};

START_TEST(the_query_has_it_too)
{
	memory_io_param(&fx.m, "QUERY_STRING", queries[_i].query);
	if (queries[_i].seconds == -1) {
		assert_refused(queries[_i].query, "given once");
		return;
	}
	ck_assert_msg(ask() == FAULT_NONE, "%s: %s", queries[_i].query,
	    fx.info.detail);
	if (queries[_i].seconds == 0)
		ck_assert_int_eq(fx.terms.expires, 0);
	else
		ck_assert_int_le(labs((long)(fx.terms.expires - time(NULL)) -
				     queries[_i].seconds),
		    2);
}
END_TEST

START_TEST(an_offset_keeps_its_plus_in_a_query)
{
	char text[64], query[80];
	int64_t want;

	write_time(text, sizeof text, "T12:00:00+01:00");
	ck_assert_int_eq(terms_time_parse(text, &want), 0);
	(void)snprintf(query, sizeof query, "expires=%s", text);
	memory_io_param(&fx.m, "QUERY_STRING", query);
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_int_eq(fx.terms.expires, want);
}
END_TEST

START_TEST(the_field_goes_before_the_query)
{
	give_field(&fx.upload.expires, "1h");
	memory_io_param(&fx.m, "QUERY_STRING", "expires=garbage");
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_int_gt(fx.terms.expires, time(NULL) + 3500);
}
END_TEST

/* Of `date -u -d TEXT +%s`. */
static const struct {
	const char *text;
	int64_t seconds; /* -1: no time */
} times[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-12-24T18:00:00Z", 1798135200 },
	{ "2026-12-24t18:00:00z", 1798135200 },
	{ "2026-12-24T19:30:00+01:30", 1798135200 },
	{ "2026-12-24T14:00:00-04:00", 1798135200 },
	{ "2026-12-24T18:00:00-00:00", 1798135200 },
	{ "2026-12-24T18:00:00.999999999999Z", 1798135200 },
	{ "2028-02-29T00:00:00Z", 1835395200 },
	{ "2000-02-29T00:00:00Z", 951782400 },
	{ "2016-12-31T23:59:60Z", 1483228800 },
	{ "2027-02-29T00:00:00Z", -1 },
	{ "2100-02-29T00:00:00Z", -1 },
	{ "2026-04-31T00:00:00Z", -1 },
	{ "2026-00-10T00:00:00Z", -1 },
	{ "2026-13-10T00:00:00Z", -1 },
	{ "2026-12-00T00:00:00Z", -1 },
	{ "2026-12-24T24:00:00Z", -1 },
	{ "2026-12-24T18:60:00Z", -1 },
	{ "2026-12-24T18:00:61Z", -1 },
	{ "2026-12-24T18:00:00", -1 },
	{ "2026-12-24T18:00:00.Z", -1 },
	{ "2026-12-24T18:00:00,5Z", -1 },
	{ "2026-12-24T18:00:00ZZ", -1 },
	{ "2026-12-24T18:00:00+0100", -1 },
	{ "2026-12-24T18:00:00+01:00 ", -1 },
	{ "2026-12-24T18:00:00+24:00", -1 },
	{ "2026-12-24T18:00:00+00:60", -1 },
	{ "2026-12-24T18:00Z", -1 },
	{ "2026-12-24 18:00:00Z", -1 },
	{ "26-12-24T18:00:00Z", -1 },
	{ "+2026-12-24T18:00:00Z", -1 },
	{ "", -1 },
};

START_TEST(times_are_those_of_rfc_3339)
{
	int64_t got = -1;
	int rc = terms_time_parse(times[_i].text, &got);

	ck_assert_msg(rc == (times[_i].seconds == -1 ? -1 : 0) &&
		got == times[_i].seconds,
	    "%s: %d, %lld", times[_i].text, rc, (long long)got);
}
END_TEST

/* As logs have them; the first three digits of a fraction count. */
static const struct {
	const char *text, *again;
	int64_t ms;
} moments[] = {
	{ "2026-12-24T18:00:00Z", "2026-12-24T18:00:00.000Z", 1798135200000 },
	{ "2026-12-24T18:00:00.1Z", "2026-12-24T18:00:00.100Z", 1798135200100 },
	{ "2026-12-24T19:00:00.0239999+01:00", "2026-12-24T18:00:00.023Z",
	    1798135200023 },
	{ "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z", -1 },
	{ "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z",
	    253402300799999 },
};

START_TEST(a_moment_is_a_text_and_back)
{
	char text[TERMS_TIME_MAX];
	int64_t ms, seconds;

	ck_assert_int_eq(terms_time_parse_ms(moments[_i].text, &ms), 0);
	ck_assert_int_eq(ms, moments[_i].ms);
	ck_assert_int_eq(terms_time_parse(moments[_i].text, &seconds), 0);
	ck_assert_int_eq(seconds, ms == -1 ? -1 : ms / 1000);
	terms_time_text(ms, text);
	ck_assert_str_eq(text, moments[_i].again);
	terms_time_text(253402300800000, text);
	ck_assert_str_eq(text, "");
	terms_time_text(INT64_MIN + 1000, text);
	ck_assert_str_eq(text, "");
}
END_TEST

/* Tokens */

static void
want_tokens(void)
{
	fx.settings.upload_auth = AUTH_TOKEN;
	fx.settings.secrets = secrets_of(SECRET_A "\n");
}

static void
make_token(const char *owner, int64_t seconds, uint64_t max,
    char out[TOKEN_LEN_MAX + 1])
{
	struct grant grant = { .expires = time(NULL) + seconds, .max = max };

	(void)snprintf(grant.owner, sizeof grant.owner, "%s", owner);
	ck_assert_int_eq(token_make(fx.settings.secrets, &grant, out), 0);
}

static void
give_header(const char *scheme, const char *token)
{
	char text[TOKEN_LEN_MAX + 20];

	(void)snprintf(text, sizeof text, "%s %s", scheme, token);
	memory_io_param(&fx.m, "HTTP_AUTHORIZATION", text);
}

START_TEST(a_token_in_the_header_or_the_form_says_the_owner)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", 60, 0, token);
	if (_i == 0)
		give_header("Bearer", token);
	else
		give_field(&fx.upload.token, token);
	ck_assert_msg(ask() == FAULT_NONE, "%s", fx.info.detail);
	ck_assert_str_eq(fx.terms.owner, "alice");
}
END_TEST

START_TEST(a_site_s_password_leaves_the_form_s_token)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", 60, 0, token);
	give_header("Basic", "YWxpY2U6cGFzcw==");
	give_field(&fx.upload.token, token);
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_str_eq(fx.terms.owner, "alice");
}
END_TEST

START_TEST(the_header_s_token_goes_before_the_form_s)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", 60, 0, token);
	give_header("Bearer", "nonsense");
	give_field(&fx.upload.token, token);
	ck_assert_int_eq(ask(), FAULT_TOKEN_INVALID);
}
END_TEST

START_TEST(without_a_token_an_upload_is_refused)
{
	want_tokens();
	if (_i > 0)
		give_field(&fx.upload.token, "");
	fx.upload.token.is_spoilt = _i == 2;
	ck_assert_int_eq(ask(), FAULT_TOKEN_INVALID);
	if (_i == 0)
		ck_assert_ptr_nonnull(strstr(fx.info.detail, "Bearer TOKEN"));
}
END_TEST

START_TEST(a_spoilt_token_is_refused)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", 60, 0, token);
	give_field(&fx.upload.token, token);
	fx.upload.token.is_spoilt = true;
	ck_assert_int_eq(ask(), FAULT_TOKEN_INVALID);
}
END_TEST

START_TEST(a_request_without_photos_needs_a_token_too)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	ck_assert_int_eq(terms_read(&fx.m.io, NULL, &fx.settings, &fx.terms,
			     &fx.info),
	    FAULT_TOKEN_INVALID);
	make_token("alice", 60, 1, token);
	give_header("Bearer", token);
	ck_assert_int_eq(terms_read(&fx.m.io, NULL, &fx.settings, &fx.terms,
			     &fx.info),
	    FAULT_NONE);
	ck_assert_str_eq(fx.terms.owner, "alice");
}
END_TEST

START_TEST(a_token_in_the_form_expires)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", -1, 0, token);
	give_field(&fx.upload.token, token);
	ck_assert_int_eq(ask(), FAULT_TOKEN_EXPIRED);
	ck_assert_ptr_nonnull(strstr(fx.info.detail, "was good until"));
}
END_TEST

START_TEST(a_token_s_bytes_are_those_of_all_photos)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", 60, 1000, token);
	give_field(&fx.upload.token, token);
	fx.upload.bytes = 1000;
	ck_assert_int_eq(ask(), FAULT_NONE);
	fx.upload.bytes = 1001;
	ck_assert_int_eq(ask(), FAULT_BODY_TOO_LARGE);
	ck_assert_uint_eq(fx.info.limit, 1000);
	ck_assert_uint_eq(fx.info.actual, 1001);
}
END_TEST

START_TEST(where_none_is_asked_for_a_token_says_nothing)
{
	char token[TOKEN_LEN_MAX + 1];

	want_tokens();
	make_token("alice", 60, 1, token);
	fx.settings.upload_auth = _i == 0 ? AUTH_NONE : AUTH_REQUEST;
	give_header("Bearer", _i == 0 ? token : "nonsense");
	fx.upload.bytes = 1001;
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_str_eq(fx.terms.owner, "");
}
END_TEST

/* The owner, when nginx has asked the site. */

static const struct {
	const char *given;
	const char *kept;
} owners[] = {
	{ NULL, "" },
	{ "", "" },
	{ "alice", "alice" },
	{ "J\xc3\xb6rg", "J\xc3\xb6rg" },
	{ "a\nb\x7f",
	    "a\xef\xbf\xbd"
	    "b\xef\xbf\xbd" },
	{ "J\xf6rg", "J\xef\xbf\xbdrg" },
	{ "0123456789012345678901234567890123456789012345678901234567890123",
	    "012345678901234567890123456789012345678901234567890123456789012"
	    "3" },
};

START_TEST(the_site_s_owner_is_kept_clean)
{
	fx.settings.upload_auth = AUTH_REQUEST;
	memory_io_param(&fx.m, "THUMB_OWNER", owners[_i].given);
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_str_eq(fx.terms.owner, owners[_i].kept);
}
END_TEST

/* Cut, it could be another's. */
START_TEST(an_owner_that_is_too_long_is_none)
{
	static const char *const long_ones[] = {
		"0123456789012345678901234567890123456789012345678901234567890"
		"1234",
		"01234567890123456789012345678901234567890123456789012345678901"
		"2"
		"\xc3\xb6",
		/* Too long only when it is fit. */
		"0123456789012345678901234567890123456789012345678901234567890"
		"1\xf6\xf6",
	};

	fx.settings.upload_auth = AUTH_REQUEST;
	memory_io_param(&fx.m, "THUMB_OWNER", long_ones[_i]);
	ck_assert_int_eq(ask(), FAULT_INTERNAL);
	ck_assert_ptr_nonnull(strstr(fx.info.cause, "X-Owner"));
}
END_TEST

START_TEST(without_a_site_to_ask_there_is_no_owner)
{
	memory_io_param(&fx.m, "THUMB_OWNER", "alice");
	ck_assert_int_eq(ask(), FAULT_NONE);
	ck_assert_str_eq(fx.terms.owner, "");
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
terms_suite(void)
{
	Suite *s = suite_create("terms");
	TCase *tc = add_case(s, "request");

	tcase_add_test(tc, a_bare_request_has_no_terms);
	tcase_add_test(tc, a_request_without_photos_has_them_as_well);

	tc = add_case(s, "key");
	tcase_add_loop_test(tc, a_key_is_kept_up_to_its_longest, 0, 2);
	tcase_add_loop_test(tc, another_key_is_refused, 0, NELEM(bad_keys));
	tcase_add_test(tc, a_key_too_long_is_refused);

	tc = add_case(s, "expires");
	tcase_add_loop_test(tc, a_duration_counts_from_now, 0,
	    NELEM(durations));
	tcase_add_test(tc, a_time_is_taken_as_it_is);
	tcase_add_loop_test(tc, another_time_is_refused, 0, NELEM(bad_expires));
	tcase_add_test(tc, a_spoilt_field_is_refused);
	tcase_add_test(tc, a_field_that_was_left_empty_is_none);
	tcase_add_loop_test(tc, the_query_has_it_too, 0, NELEM(queries));
	tcase_add_test(tc, an_offset_keeps_its_plus_in_a_query);
	tcase_add_test(tc, the_field_goes_before_the_query);
	tcase_add_loop_test(tc, times_are_those_of_rfc_3339, 0, NELEM(times));
	tcase_add_loop_test(tc, a_moment_is_a_text_and_back, 0, NELEM(moments));

	tc = add_case(s, "token");
	tcase_add_loop_test(tc,
	    a_token_in_the_header_or_the_form_says_the_owner, 0, 2);
	tcase_add_test(tc, a_site_s_password_leaves_the_form_s_token);
	tcase_add_test(tc, the_header_s_token_goes_before_the_form_s);
	tcase_add_loop_test(tc, without_a_token_an_upload_is_refused, 0, 3);
	tcase_add_test(tc, a_spoilt_token_is_refused);
	tcase_add_test(tc, a_request_without_photos_needs_a_token_too);
	tcase_add_test(tc, a_token_in_the_form_expires);
	tcase_add_test(tc, a_token_s_bytes_are_those_of_all_photos);
	tcase_add_loop_test(tc, where_none_is_asked_for_a_token_says_nothing, 0,
	    2);

	tc = add_case(s, "owner");
	tcase_add_loop_test(tc, the_site_s_owner_is_kept_clean, 0,
	    NELEM(owners));
	tcase_add_loop_test(tc, an_owner_that_is_too_long_is_none, 0, 3);
	tcase_add_test(tc, without_a_site_to_ask_there_is_no_owner);
	return s;
}

int
main(void)
{
	return run_suite(terms_suite());
}
