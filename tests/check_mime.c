#include "config.h"

/*
 * The values of MIME header fields, and clean text from any bytes.
 */

#include "mime.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "support.h"

#define FFFD "\xef\xbf\xbd" /* U+FFFD */

static const struct {
	const char *value;
	const char *type;
	bool is;
} types[] = {
	{ "image/jpeg", "image/jpeg", true },
	{ " IMAGE/Jpeg ; q=1", "image/jpeg", true },
	{ "image/jpeg;q=1", "image/*", true },
	{ "Image/x-anything", "image/*", true },
	{ "image/jpeg2000", "image/jpeg", false },
	{ "image/jpe", "image/jpeg", false },
	{ "imagery/jpeg", "image/*", false },
	{ "image", "image/*", false },
	{ "x; image/jpeg", "image/jpeg", false },
	{ "", "image/jpeg", false },
	{ "", "image/*", false },
};

START_TEST(type_is_compared_without_case_and_parameters)
{
	ck_assert_int_eq(mime_type_is(types[_i].value, types[_i].type),
	    types[_i].is);
}
END_TEST

/* Each parameter as <name|value>, then where the grammar broke, if it did. */
static const struct {
	const char *value;
	const char *params;
} values[] = {
	{ "", "" },
	{ "a", "" },
	{ "a;", "" },
	{ "a ; ;; \t", "" },
	{ "a; b=c", "<b|c>" },
	{ "a;b=c;d=e", "<b|c><d|e>" },
	{ "a; b=\"c; d=e\" ; f=g;", "<b|c; d=e><f|g>" },
	{ "a; b=\"\"", "<b|>" },
	{ "a; b=\"c\\\"d\\\\e\\f\"", "<b|c\"d\\e\\f>" },
	{ "a; b=c\\\"", "<b|c\\>at 7" },
	{ "a; b*=c", "<b*|c>" },
	{ "a; b=c/d=e?", "<b|c/d=e?>" },
	{ "a; b", "at 4" },
	{ "a; =c", "at 3" },
	{ "a; b =c", "at 4" },
	{ "a; b= c", "at 5" },
	{ "a; b=", "at 5" },
	{ "a; b=;", "at 5" },
	{ "a; b=\"c", "at 5" },
	{ "a; b=\"c\\\"", "at 5" },
	{ "a; b=\"c\"d", "<b|c>at 8" },
	{ "a; b=c d=e", "<b|c>at 7" },
	{ "a; b=c; \xc3\xa9=d", "<b|c>at 8" },
};

START_TEST(parameters_are_walked_to_the_end_or_the_break)
{
	const char *value = values[_i].value, *at = mime_params(value);
	struct mime_param p;
	struct buf got = { 0 };
	char text[64];
	int more;

	while ((more = mime_next(&at, &p)) == 1)
		buf_printf(&got, "<%.*s|%.*s>", (int)p.name_len, p.name,
		    (int)mime_unquote(&p, text), text);
	if (more == -1)
		buf_printf(&got, "at %zu", (size_t)(at - value));
	ck_assert_str_eq(got.data == NULL ? "" : got.data, values[_i].params);
	buf_fini(&got);
}
END_TEST

START_TEST(parameter_names_have_no_case)
{
	const char *at = "; FileName=a";
	struct mime_param p;

	ck_assert_int_eq(mime_next(&at, &p), 1);
	ck_assert(mime_param_is(&p, "filename"));
	ck_assert(!mime_param_is(&p, "file"));
	ck_assert(!mime_param_is(&p, "filename*"));
}
END_TEST

static const struct {
	const char *text;
	const char *only;
	const char *decoded;
} percents[] = {
	{ "", NULL, "" },
	{ "%41%6a%6A", NULL, "Ajj" },
	{ "100%", NULL, "100%" },
	{ "%4", NULL, "%4" },
	{ "%4g%g4%%41", NULL, "%4g%g4%A" },
	{ "%2541", NULL, "%41" },
	{ "%22%41%0d%0A%00", "\"\r\n", "\"%41\r\n%00" },
};

START_TEST(percent_sequences_are_decoded_once)
{
	char text[32];
	size_t len = strlen(percents[_i].text);

	memcpy(text, percents[_i].text, len);
	len = mime_unpercent(text, len, percents[_i].only);
	ck_assert_uint_eq(len, strlen(percents[_i].decoded));
	if (len > 0)
		ck_assert_mem_eq(text, percents[_i].decoded, len);
}
END_TEST

static const struct {
	const char *bytes;
	const char *text; /* kept of it in 16 bytes */
} texts[] = {
	{ "123456789012345", "123456789012345" },
	{ "1234567890123456", "123456789012345" },
	{ "1234567890123\xc3\xa9", "1234567890123\xc3\xa9" },
	{ "12345678901234\xc3\xa9", "12345678901234" },
	{ "123456789012\xe2\x82\xac", "123456789012\xe2\x82\xac" },
	{ "1234567890123\xe2\x82\xac", "1234567890123" },
	{ "12345678901\xf0\x9f\x98\x80", "12345678901\xf0\x9f\x98\x80" },
	{ "123456789012\xf0\x9f\x98\x80", "123456789012" },
	{ "1234567890123\xff", "1234567890123" },
	{ "\x80", FFFD },
	{ "\xc3", FFFD },
	{ "\xc3(", FFFD "(" },
	{ "\xc0\xaf", FFFD FFFD },
	{ "\xe0\x80\xaf", FFFD FFFD FFFD },
	{ "\xed\xa0\x80", FFFD FFFD FFFD },
	{ "\xf0\x80\x80\xaf", FFFD FFFD FFFD FFFD },
	{ "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD },
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	{ "\xf5\x80", FFFD FFFD },
	{ "a\xc2\x85z", "a" FFFD "z" },
	{ "a\xc2\xa0z", "a\xc2\xa0z" },
};

START_TEST(text_is_valid_and_cut_between_characters)
{
	size_t len = strlen(texts[_i].bytes);
	char *bytes = malloc(len), out[16];

	/* Without the NUL: the last character may end in the void. */
	memcpy(bytes, texts[_i].bytes, len);
	mime_text(bytes, len, out, sizeof out);
	free(bytes);
	ck_assert_str_eq(out, texts[_i].text);
}
END_TEST

static Suite *
mime_suite(void)
{
	Suite *s = suite_create("mime");
	TCase *tc = tcase_create("values");

	tcase_add_loop_test(tc, type_is_compared_without_case_and_parameters, 0,
	    (int)NELEM(types));
	tcase_add_loop_test(tc, parameters_are_walked_to_the_end_or_the_break,
	    0, (int)NELEM(values));
	tcase_add_test(tc, parameter_names_have_no_case);
	suite_add_tcase(s, tc);

	tc = tcase_create("text");
	tcase_add_loop_test(tc, percent_sequences_are_decoded_once, 0,
	    (int)NELEM(percents));
	tcase_add_loop_test(tc, text_is_valid_and_cut_between_characters, 0,
	    (int)NELEM(texts));
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(mime_suite());
}
