#include "config.h"

#include "number.h"

#include <limits.h>

#include "support.h"

#define UNTOUCHED 4711ULL

static const struct {
	const char *text;
	unsigned long long min, max;
	int rc;
	unsigned long long value;
} plain[] = {
	{ "0", 0, 10, 0, 0 },
	{ "007", 0, 10, 0, 7 },
	{ "10", 0, 10, 0, 10 },
	{ "18446744073709551615", 0, ULLONG_MAX, 0, ULLONG_MAX },
	{ "11", 0, 10, -1, UNTOUCHED },
	{ "0", 1, 10, -1, UNTOUCHED },
	{ "18446744073709551616", 0, ULLONG_MAX, -1, UNTOUCHED },
	{ "99999999999999999999999", 0, ULLONG_MAX, -1, UNTOUCHED },
	{ "", 0, 10, -1, UNTOUCHED },
	{ "-1", 0, ULLONG_MAX, -1, UNTOUCHED },
	{ "+1", 0, 10, -1, UNTOUCHED },
	{ " 1", 0, 10, -1, UNTOUCHED },
	{ "1 ", 0, 10, -1, UNTOUCHED },
	{ "0x1", 0, 10, -1, UNTOUCHED },
	{ "1e1", 0, 10, -1, UNTOUCHED },
};

START_TEST(only_digits_within_the_range_are_a_number)
{
	unsigned long long out = UNTOUCHED;

	ck_assert_msg(number_parse(plain[_i].text, plain[_i].min, plain[_i].max,
			  &out) == plain[_i].rc,
	    "\"%s\"", plain[_i].text);
	ck_assert_uint_eq(out, plain[_i].value);
}
END_TEST

static const struct {
	const char *text;
	unsigned base;
	int rc;
	unsigned long long value;
} scaled[] = {
	{ "0", 1024, 0, 0 },
	{ "5", 1024, 0, 5 },
	{ "1K", 1024, 0, 1024 },
	{ "32M", 1024, 0, 33554432 },
	{ "2G", 1024, 0, 2147483648 },
	{ "64M", 1000, 0, 64000000 },
	{ "17179869183G", 1024, 0, 18446744072635809792ULL },
	{ "17179869184G", 1024, -1, UNTOUCHED },
	{ "1k", 1024, -1, UNTOUCHED },
	{ "1T", 1024, -1, UNTOUCHED },
	{ "1KB", 1024, -1, UNTOUCHED },
	{ "1 K", 1024, -1, UNTOUCHED },
	{ "K", 1024, -1, UNTOUCHED },
	{ "1.5M", 1024, -1, UNTOUCHED },
	{ "", 1024, -1, UNTOUCHED },
};

START_TEST(one_suffix_multiplies)
{
	unsigned long long out = UNTOUCHED;

	ck_assert_msg(number_parse_scaled(scaled[_i].text, scaled[_i].base,
			  &out) == scaled[_i].rc,
	    "\"%s\"", scaled[_i].text);
	ck_assert_uint_eq(out, scaled[_i].value);
}
END_TEST

static const struct {
	const char *text;
	int rc;
	unsigned long long value;
} durations[] = {
	{ "0", 0, 0 },
	{ "3600", 0, 3600 },
	{ "3600s", 0, 3600 },
	{ "90m", 0, 5400 },
	{ "12h", 0, 43200 },
	{ "30d", 0, 2592000 },
	{ "213503982334601d", 0, 18446744073709526400ULL },
	{ "213503982334602d", -1, UNTOUCHED },
	{ "", -1, UNTOUCHED },
	{ "d", -1, UNTOUCHED },
	{ "1D", -1, UNTOUCHED },
	{ "1w", -1, UNTOUCHED },
	{ "1 d", -1, UNTOUCHED },
	{ "1d ", -1, UNTOUCHED },
	{ "1h30m", -1, UNTOUCHED },
	{ "1.5h", -1, UNTOUCHED },
	{ "-1d", -1, UNTOUCHED },
};

START_TEST(a_duration_has_one_unit)
{
	unsigned long long out = UNTOUCHED;

	ck_assert_msg(number_parse_duration(durations[_i].text, &out) ==
		durations[_i].rc,
	    "\"%s\"", durations[_i].text);
	ck_assert_uint_eq(out, durations[_i].value);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("number");
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, only_digits_within_the_range_are_a_number, 0,
	    NELEM(plain));
	tcase_add_loop_test(tc, one_suffix_multiplies, 0, NELEM(scaled));
	tcase_add_loop_test(tc, a_duration_has_one_unit, 0, NELEM(durations));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
