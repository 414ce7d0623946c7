#include "config.h"

#include "proof.h"

#include <string.h>

#include "support.h"

#define LOWER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UPPER "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *body;
	bool good;
} bodies[] = {
	{ LOWER, true },
	{ UPPER, true },
	{ " \t" LOWER "\r\n", true },
	{ "{\"sha256\":\"" LOWER "\"}", true },
	{ " {\"a\": [1], \"sha256\": \"" UPPER "\"}\n", true },
	{ "sha256=" LOWER, true },
	{ "a=b&sha256=" UPPER "&c=d\n", true },
	{ "", false },
	{ " ", false },
	{ "0" LOWER, false },
	{ LOWER "g", false },
	{ "g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	    false },
	{ "{\"sha256\":\"" LOWER "0\"}", false },
	{ "{\"sha256\":7}", false },
	{ "{\"sha256\":null}", false },
	{ "{\"SHA256\":\"" LOWER "\"}", false },
	{ "{\"sha256\":\"" LOWER "\",\"sha256\":\"" LOWER "\"}", false },
	{ "{\"sha256\":\"" LOWER "\"", false },
	{ "[\"" LOWER "\"]", false },
	{ "sha256=", false },
	{ "asha256=" LOWER, false },
	{ "sha256=" LOWER "0", false },
	{ "sha256=%30" LOWER, false },
};

START_TEST(a_sum_is_found_or_refused)
{
	char out[DIGEST_HEX_LEN + 1] = "untouched";
	int rc = proof_parse(bodies[_i].body, strlen(bodies[_i].body), out);

	ck_assert_msg(rc == (bodies[_i].good ? 0 : -1), "%s", bodies[_i].body);
	ck_assert_str_eq(out, bodies[_i].good ? LOWER : "untouched");
}
END_TEST

static const struct {
	const char *body;
	bool has;
} expiries[] = {
	{ "sha256=" LOWER "&expires=5s", true },
	{ "expires=5s&sha256=" LOWER "\n", true },
	{ "{\"sha256\":\"" LOWER "\",\"expires\":\"5s\"}", true },
	{ " {\"expires\":null}", true },
	{ LOWER, false },
	{ "", false },
	{ "sha256=" LOWER "&noexpires=5s", false },
	{ "{\"sha256\":\"" LOWER "\"}", false },
	{ "{\"sha256\":", false },
};

START_TEST(an_expiry_is_not_passed_over)
{
	ck_assert(proof_has_expiry(expiries[_i].body,
		      strlen(expiries[_i].body)) == expiries[_i].has);
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
	static const char body[] = "{\"sha256\":\"" LOWER "\\u0000\"}";
	static const char raw[DIGEST_HEX_LEN] = { '0' };
	char out[DIGEST_HEX_LEN + 1];

	ck_assert_int_eq(proof_parse(body, sizeof body - 1, out), -1);
	ck_assert_int_eq(proof_parse(raw, sizeof raw, out), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("proof");
	TCase *tc = tcase_create("forms");

	tcase_add_loop_test(tc, a_sum_is_found_or_refused, 0, NELEM(bodies));
	tcase_add_loop_test(tc, an_expiry_is_not_passed_over, 0,
	    NELEM(expiries));
	tcase_add_test(tc, a_nul_is_no_digit);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
