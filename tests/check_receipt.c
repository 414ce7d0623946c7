#include "config.h"

#include "receipt.h"

#include <string.h>

#include "support.h"

#define ID1 "abcdefghijklmnopqrstuvwxya"
#define ID2 "bbbbbbbbbbbbbbbbbbbbbbbbbq"
#define TOKEN "wr5nf2kd2w43j3w6uevpjcatyu"
#define PHOTO(id) "{\"id\":\"" id "\",\"delete_token\":\"" TOKEN "\"}"
#define MAX 2

START_TEST(the_claims_of_an_answer_are_found)
{
	static const char text[] =
	    "{\"photos\":[{\"name\":\"a\",\"error\":{\"status\":415}},"
	    "{\"name\":\"b\",\"status\":\"created\",\"id\":\"" ID1
	    "\",\"variants\":[],\"delete_token\":\"" TOKEN "\"},"
	    "{\"status\":\"exists\",\"id\":\"" ID2 "\"}],\"url\":\"/t/x\"}\n";
	struct receipt out[MAX];

	ck_assert_uint_eq(receipt_parse(text, strlen(text), out, MAX), 2);
	ck_assert_str_eq(out[0].id, ID1);
	ck_assert_str_eq(out[0].token, TOKEN);
	ck_assert_str_eq(out[1].id, ID2);
	ck_assert_str_eq(out[1].token, "");
}
END_TEST

START_TEST(a_token_of_another_form_is_none)
{
	static const char *const tokens[] = { "7", "null", "\"" TOKEN "a\"",
		"[\"" TOKEN "\"]" };

	for (size_t i = 0; i < NELEM(tokens); i++) {
		char text[200];
		struct receipt out[MAX];

		(void)snprintf(text, sizeof text,
		    "{\"photos\":[{\"id\":\"" ID1 "\",\"delete_token\":%s}]}",
		    tokens[i]);
		ck_assert_uint_eq(receipt_parse(text, strlen(text), out, MAX),
		    1);
		ck_assert_str_eq(out[0].token, "");
	}
}
END_TEST

static const char *const strange[] = {
	"",
	"photo",
	"[]",
	"{}",
	"{\"photos\":{}}",
	"{\"photos\":[]}",
	"{\"photos\":[1]}",
	"{\"photos\":[{\"name\":\"a\",\"error\":{}}]}",
	"{\"photos\":[" PHOTO("../../../state/locksaaaaaa") "]}",
	"{\"photos\":[" PHOTO("abcdefghijklmnopqrstuvwxy") "]}",
	"{\"photos\":[" PHOTO(ID1) ",{\"id\":7}]}",
	"{\"photos\":[{\"id\":\"" ID1 "\\u0000\"}]}",
	"{\"photos\":[" PHOTO(ID1) "," PHOTO(ID1) "," PHOTO(ID1) "]}",
	"{\"photos\":[" PHOTO(ID1) "],\"photos\":[]}",
	"{\"photos\":[" PHOTO(ID1) "]",
};

START_TEST(what_is_no_answer_has_no_claim)
{
	struct receipt out[MAX];

	ck_assert_uint_eq(receipt_parse(strange[_i], strlen(strange[_i]), out,
			      MAX),
	    0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("receipt");
	TCase *tc = tcase_create("receipt");

	tcase_add_test(tc, the_claims_of_an_answer_are_found);
	tcase_add_test(tc, a_token_of_another_form_is_none);
	tcase_add_loop_test(tc, what_is_no_answer_has_no_claim, 0,
	    NELEM(strange));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
