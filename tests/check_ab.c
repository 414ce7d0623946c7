#include "config.h"

#include "ab.h"

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* Differences by numbers that can be reckoned by hand, and lines of a log. */

/* 2026-11-28T09:00:00Z */
#define NINE INT64_C(1795856400000)

static struct ab ab;

static void
setup(void)
{
	ab = (struct ab){ .id = "mfrggzdfmztw",
		.by = "alice",
		.prefix = "/m",
		.from = NINE,
		.now = NINE + 125 * INT64_C(60000),
		.share = 5000,
		.arms = { { .slot = SLOT_BLUE,
			      .version = "0.2.0",
			      .digest = "1f0c9a2e77" },
		    { .slot = SLOT_GREEN,
			.version = "0.2.0",
			.digest = "7d9cf94d12" } } };
}

/* ---- means ---- */

static struct ab_mean
mean_of(unsigned n, ...)
{
	struct ab_mean m = { 0 };
	va_list ap;

	va_start(ap, n);
	for (unsigned i = 0; i < n; i++)
		ab_mean_take(&m, va_arg(ap, int));
	va_end(ap);
	return m;
}

/* Half of the width of an interval of equal spreads: t, of so many degrees. */
static const struct {
	unsigned each; /* values */
	double t;      /* of 2 each - 2 degrees, as the tables have it */
} quantiles[] = {
	{ 5, 2.306 },
	{ 6, 2.228 },
	{ 16, 2.042 },
	{ 61, 1.980 },
	{ 100000, 1.960 },
};

START_TEST(intervals_are_those_of_student)
{
	struct ab_mean a = { 0 }, b = { 0 };
	const double n = quantiles[_i].each;
	struct ab_interval d;

	for (unsigned i = 0; i < quantiles[_i].each; i++) {
		ab_mean_take(&a, i % 2);
		ab_mean_take(&b, 10 + i % 2);
	}
	ab_welch(&a, &b, &d);
	ck_assert(d.known);
	ck_assert_double_eq_tol(d.difference, 10, 1e-9);
	ck_assert_double_eq_tol((d.high - d.low) / 2 /
		sqrt(2 * a.squares / (n - 1) / n),
	    quantiles[_i].t, 1e-3);
}
END_TEST

/*
 * The means are 20 and 30, the variances 2.5 and 250: 4.08 degrees, where t is
 * 2.755.
 */
START_TEST(spreads_need_not_be_alike)
{
	struct ab_mean a = mean_of(5, 18, 19, 20, 21, 22);
	struct ab_mean b = mean_of(5, 10, 20, 30, 40, 50);
	struct ab_interval d;

	ab_welch(&a, &b, &d);
	ck_assert(d.known);
	ck_assert_double_eq_tol(d.difference, 10, 1e-9);
	/* sqrt(0.5 + 50) is 7.106. */
	ck_assert_double_eq_tol(d.high - d.difference, 2.755 * 7.106, 0.05);
	ck_assert_double_eq_tol(d.difference - d.low, 2.755 * 7.106, 0.05);
}
END_TEST

START_TEST(a_mean_does_not_lose_its_digits)
{
	struct ab_mean m = { 0 };

	for (unsigned i = 0; i < 1000; i++)
		ab_mean_take(&m, 1e9 + i % 2);
	ck_assert_double_eq_tol(m.mean, 1e9 + 0.5, 1e-6);
	ck_assert_double_eq_tol(m.squares, 250, 1e-3);
}
END_TEST

START_TEST(too_few_have_no_interval)
{
	struct ab_mean four = mean_of(4, 1, 2, 3, 4);
	struct ab_mean five = mean_of(5, 7, 7, 7, 7, 7);
	struct ab_mean none = { 0 };
	struct ab_interval d;

	ab_welch(&four, &five, &d);
	ck_assert(!d.known);
	ab_welch(&five, &four, &d);
	ck_assert(!d.known);
	ab_welch(&none, &none, &d);
	ck_assert(!d.known);
	/* All alike: no chance is in it, and nothing is divided by 0. */
	ab_welch(&five, &five, &d);
	ck_assert(d.known);
	ck_assert_double_eq(d.low, 0);
	ck_assert_double_eq(d.high, 0);
}
END_TEST

/* ---- lines ---- */

/* A line of an upload; more comes behind "status". */
static void
take(const char *slot, const char *time, const char *method, const char *uri,
    unsigned status, const char *more)
{
	char line[700];

	(void)snprintf(line, sizeof line,
	    "{\"time\":\"%s\"%s%s%s,\"request\":\"0a\",\"method\":\"%s\","
	    "\"uri\":\"%s\",\"status\":%u%s,\"worker\":7}",
	    time, slot[0] != '\0' ? ",\"slot\":\"" : "", slot,
	    slot[0] != '\0' ? "\"" : "", method, uri, status, more);
	ab_take_line(&ab, line, strlen(line));
}

#define AT_TEN "2026-11-28T10:00:00.123Z"
#define MADE                                                     \
	",\"photos\":[{\"status\":\"created\",\"decoded\":true," \
	"\"bytes\":9,\"thumbnails\":1000,\"ms\":{\"decode\":10," \
	"\"resize\":5,\"encode\":3,\"publish\":2}},"             \
	"{\"status\":\"exists\",\"decoded\":false,\"ms\":{}},"   \
	"{\"status\":\"refused\",\"decoded\":false,\"code\":\"x\"}]"

static const struct {
	const char *slot, *time, *method, *uri;
	unsigned status;
	const char *more;
	unsigned a[3], b[3]; /* requests, errors, photos */
} rows[] = {
	{ "blue", AT_TEN, "POST", "/m/upload", 201, MADE, { 1, 0, 1 }, { 0 } },
	{ "green", AT_TEN, "PUT", "/m/upload", 201, MADE, { 0 }, { 1, 0, 1 } },
	{ "green", AT_TEN, "POST", "/m/upload", 500, "", { 0 }, { 1, 1, 0 } },
	{ "blue", AT_TEN, "POST", "/m/upload", 422, ",\"photos\":[]",
	    { 1, 0, 0 }, { 0 } },
	/* Of another slot, of before, of a prober, of another kind. */
	{ "", AT_TEN, "POST", "/m/upload", 201, MADE, { 0 }, { 0 } },
	{ "blue", "2026-11-28T08:59:59.999Z", "POST", "/m/upload", 201, MADE,
	    { 0 }, { 0 } },
	{ "blue", "2026-11-28T09:00:00.000Z", "POST", "/m/upload", 201, MADE,
	    { 1, 0, 1 }, { 0 } },
	{ "blue", AT_TEN, "POST", "/m/upload", 201, ",\"probe\":true" MADE,
	    { 0 }, { 0 } },
	{ "blue", AT_TEN, "GET", "/m/upload", 201, MADE, { 0 }, { 0 } },
	{ "blue", AT_TEN, "POST", "/upload", 201, MADE, { 0 }, { 0 } },
	{ "blue", AT_TEN, "POST", "/m/photos/x/claims", 201, MADE, { 0 },
	    { 0 } },
	{ "blue", "yesterday", "POST", "/m/upload", 201, MADE, { 0 }, { 0 } },
	/* A line of an older version says nothing of thumbnails. */
	{ "blue", AT_TEN, "POST", "/m/upload", 201,
	    ",\"photos\":[{\"status\":\"created\",\"ms\":{}}]", { 1, 0, 0 },
	    { 0 } },
	/* Half of one. */
	{ "blue", AT_TEN, "POST", "/m/upload", 201, ",\"photos\":[{", { 0 },
	    { 0 } },
};

static void
assert_arm(const struct ab_arm *arm, const unsigned wanted[3])
{
	ck_assert_uint_eq(arm->requests, wanted[0]);
	ck_assert_uint_eq(arm->errors, wanted[1]);
	ck_assert_uint_eq(arm->bytes.n, wanted[2]);
	ck_assert_uint_eq(arm->ms.n, wanted[2]);
	if (wanted[2] > 0) {
		ck_assert_double_eq(arm->bytes.mean, 1000);
		ck_assert_double_eq(arm->ms.mean, 20);
		ck_assert_int_eq(slo_times_percentile(&arm->times, 50), 20);
	}
}

START_TEST(each_line_counts_for_its_arm)
{
	take(rows[_i].slot, rows[_i].time, rows[_i].method, rows[_i].uri,
	    rows[_i].status, rows[_i].more);
	assert_arm(&ab.arms[AB_A], rows[_i].a);
	assert_arm(&ab.arms[AB_B], rows[_i].b);
}
END_TEST

START_TEST(the_service_without_slots_can_be_an_arm)
{
	static const unsigned one[] = { 1, 0, 1 }, none[] = { 0, 0, 0 };

	ab.arms[AB_A].slot = SLOT_NONE;
	take("", AT_TEN, "POST", "/m/upload", 201, MADE);
	take("blue", AT_TEN, "POST", "/m/upload", 201, MADE);
	assert_arm(&ab.arms[AB_A], one);
	assert_arm(&ab.arms[AB_B], none);
}
END_TEST

START_TEST(words_and_cut_lines_are_passed_over)
{
	static const char *const lines[] = { "",
		"fcgi-thumb@blue: /upload\" of words", "{", "{\"/upload\"",
		"[\"/upload\"]", "{\"uri\":\"/upload\",\"status\":\"200\"}" };

	for (size_t i = 0; i < NELEM(lines); i++)
		ab_take_line(&ab, lines[i], strlen(lines[i]));
	ck_assert_uint_eq(ab.arms[AB_A].requests, 0);
	ck_assert_uint_eq(ab.arms[AB_B].requests, 0);
}
END_TEST

/* ---- reports ---- */

/* Photos of both arms, around these means. */
static void
fill(unsigned n, double bytes_a, double bytes_b, unsigned ms_a, unsigned ms_b)
{
	for (unsigned i = 0; i < n; i++) {
		double spread = ((double)(i % 5) - 2) / 10;

		ab_mean_take(&ab.arms[AB_A].bytes, bytes_a * (1 + spread));
		ab_mean_take(&ab.arms[AB_B].bytes, bytes_b * (1 + spread));
		ab_mean_take(&ab.arms[AB_A].ms, ms_a * (1 + spread));
		ab_mean_take(&ab.arms[AB_B].ms, ms_b * (1 + spread));
		slo_times_take(&ab.arms[AB_A].times, ms_a);
		slo_times_take(&ab.arms[AB_B].times, ms_b);
	}
}

static const struct {
	unsigned n;
	double bytes_b;
	unsigned ms_b, errors_b;
	const char *words;
} reports[] = {
	{ 200, 17000, 100, 0,
	    "thumbnails of B are 15.0 % smaller (12.4 to 17.6 %); no "
	    "difference of times is shown (-2.8 to +2.8 %); no difference of "
	    "errors is shown (-1.88 to +1.88 %)" },
	{ 200, 24000, 150, 30,
	    "thumbnails of B are 20.0 % larger (16.9 to 23.1 %); times of B "
	    "are 50.0 % longer (46.4 to 53.6 %); B has more errors (10.32 to "
	    "20.61 % of requests)" },
	{ 3, 17000, 50, 0,
	    "too few photos to compare thumbnails; too few photos to compare "
	    "times; no difference of errors is shown (-1.88 to +1.88 %)" },
};

START_TEST(the_differences_are_in_the_sentence)
{
	struct ab_findings f;
	char words[AB_WORDS_MAX];

	fill(reports[_i].n, 20000, reports[_i].bytes_b, 100, reports[_i].ms_b);
	ab.arms[AB_A].requests = ab.arms[AB_B].requests = 200;
	ab.arms[AB_B].errors = reports[_i].errors_b;
	ab_find(&ab, &f);
	ab_words(&ab, &f, words);
	ck_assert_str_eq(words, reports[_i].words);
}
END_TEST

/* What a report prints. free() it. */
static char *
printed(void (*print)(const struct ab *, FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	print(&ab, out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(a_report_is_80_columns_of_ascii)
{
	char *text;

	fill(200, 214005, 181230, 142, 139);
	ab.arms[AB_A].requests = 1320;
	ab.arms[AB_B].requests = 1290;
	ab.arms[AB_B].errors = 1;
	text = printed(ab_print);
	ck_assert_ptr_nonnull(strstr(text,
	    "A/B mfrggzdfmztw by alice, 50 % of the customers on B\n"
	    "since 2026-11-28T09:00:00.000Z (2 h 5 min)\n"
	    "A  blue, version 0.2.0, settings 1f0c9a2e\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "thumbnails, bytes each       214005       181230  -32775 ("));
	ck_assert_ptr_nonnull(
	    strstr(text, "  median                        143          139\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "  of requests                0.00 %       0.08 %  +0"));
	for (const char *at = text; *at != '\0';) {
		ck_assert_uint_le(strcspn(at, "\n"), 80);
		at += strcspn(at, "\n") + 1;
	}
	for (const char *at = text; *at != '\0'; at++)
		ck_assert(*at == '\n' || (*at >= ' ' && *at <= '~'));
	free(text);
}
END_TEST

START_TEST(an_empty_report_is_no_nonsense)
{
	char *text = printed(ab_print);

	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_null(strstr(text, "inf"));
	ck_assert_ptr_nonnull(strstr(text, "too few photos"));
	free(text);
	text = printed(ab_print_json);
	ck_assert_ptr_null(strstr(text, "nan"));
	free(text);
}
END_TEST

START_TEST(programs_read_the_same)
{
	double low = 0, high = 0, mean = 0, rate = 0;
	json_int_t photos = 0;
	char *text;
	json_t *all;

	fill(200, 20000, 17000, 100, 100);
	ab.arms[AB_A].requests = ab.arms[AB_B].requests = 200;
	ab.arms[AB_B].errors = 30;
	text = printed(ab_print_json);
	all = json_loads(text, 0, NULL);
	free(text);
	ck_assert_ptr_nonnull(all);
	ck_assert_int_eq(json_unpack(all,
			     "{s:{s:I},s:{s:F},s:{s:{s:F,s:F},s:{s:F}}}", "a",
			     "photos", &photos, "b", "thumbnail_bytes_mean",
			     &mean, "b_less_a", "thumbnail_bytes", "low", &low,
			     "high", &high, "error_rate", "difference", &rate),
	    0);
	ck_assert_int_eq(photos, 200);
	ck_assert_double_eq_tol(mean, 17000, 0.1);
	ck_assert_double_eq_tol(low, -3518, 1);
	ck_assert_double_eq_tol(high, -2482, 1);
	ck_assert_double_eq_tol(rate, 0.15, 1e-6);
	json_decref(all);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ab");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, NULL);
	tcase_add_loop_test(all, intervals_are_those_of_student, 0,
	    NELEM(quantiles));
	tcase_add_test(all, spreads_need_not_be_alike);
	tcase_add_test(all, a_mean_does_not_lose_its_digits);
	tcase_add_test(all, too_few_have_no_interval);
	tcase_add_loop_test(all, each_line_counts_for_its_arm, 0, NELEM(rows));
	tcase_add_test(all, the_service_without_slots_can_be_an_arm);
	tcase_add_test(all, words_and_cut_lines_are_passed_over);
	tcase_add_loop_test(all, the_differences_are_in_the_sentence, 0,
	    NELEM(reports));
	tcase_add_test(all, a_report_is_80_columns_of_ascii);
	tcase_add_test(all, an_empty_report_is_no_nonsense);
	tcase_add_test(all, programs_read_the_same);
	suite_add_tcase(s, all);
	return run_suite(s);
}
