#include "config.h"

#include "figures.h"

#include "support.h"

static struct buf out;

static void
teardown(void)
{
	buf_fini(&out);
}

static const struct {
	double n;
	int digits;
	const char *text;
} numbers[] = {
	{ 0, 0, "0" },
	{ 7, 6, "7" },
	{ 999, 0, "999" },
	{ 1000, 1, "1,000" },
	{ 16000, 0, "16,000" },
	{ 123456789, 0, "123,456,789" },
	{ 99.53, 1, "99.5" },
	{ 99.96, 1, "100" },
	{ 64, 1, "64" },
	{ 1234.5, 3, "1,234.5" },
	{ 0.000001, 6, "0.000001" },
	{ 0.04, 1, "0" },
};

START_TEST(a_number_is_as_short_as_it_can_be)
{
	figures_number(&out, numbers[_i].n, numbers[_i].digits);
	ck_assert_str_eq(out.data, numbers[_i].text);
}
END_TEST

static const struct {
	unsigned long long n;
	int digits;
	const char *en, *ko;
} weights[] = {
	{ 0, 1, "0\u00a0bytes", "0\u00a0바이트" },
	{ 1023, 1, "1,023\u00a0bytes", "1,023\u00a0바이트" },
	{ 1024, 1, "1\u00a0kB", "1\u00a0kB" },
	{ 214005, 1, "209\u00a0kB", "209\u00a0kB" },
	{ 214005, 2, "208.99\u00a0kB", "208.99\u00a0kB" },
	{ 3423409, 1, "3.3\u00a0MB", "3.3\u00a0MB" },
	{ 32u << 20, 1, "32\u00a0MB", "32\u00a0MB" },
	{ (32u << 20) + 1, 6, "32.000001\u00a0MB", "32.000001\u00a0MB" },
	{ 3ull << 40, 1, "3,072\u00a0GB", "3,072\u00a0GB" },
};

START_TEST(bytes_count_as_the_settings_do)
{
	figures_bytes(&out, weights[_i].n, weights[_i].digits, LANGUAGE_EN);
	ck_assert_str_eq(out.data, weights[_i].en);
	buf_fini(&out);
	figures_bytes(&out, weights[_i].n, weights[_i].digits, LANGUAGE_KO);
	ck_assert_str_eq(out.data, weights[_i].ko);
}
END_TEST

START_TEST(a_language_is_the_one_of_its_tag)
{
	static const char *const others[] = { "", "en", "fr", "KO", "kok", "k",
		"ko-KR" };

	for (int l = 0; l < LANGUAGE_COUNT; l++)
		ck_assert_int_eq(language_parse(language_tag((enum language)l)),
		    l);
	ck_assert_int_eq(language_parse(NULL), LANGUAGE_EN);
	for (size_t i = 0; i < NELEM(others); i++)
		ck_assert_int_eq(language_parse(others[i]), LANGUAGE_EN);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("figures");
	TCase *figures = tcase_create("figures");

	tcase_add_checked_fixture(figures, NULL, teardown);
	tcase_add_loop_test(figures, a_number_is_as_short_as_it_can_be, 0,
	    NELEM(numbers));
	tcase_add_loop_test(figures, bytes_count_as_the_settings_do, 0,
	    NELEM(weights));
	tcase_add_test(figures, a_language_is_the_one_of_its_tag);
	suite_add_tcase(s, figures);
	return run_suite(s);
}
