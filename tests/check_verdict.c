#include "config.h"

#include "verdict.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"
#include "verdict_chance.h"

/*
 * The arithmetic by numbers that can be looked up, then whole rollouts of two
 * sides that answer by chance.
 */

static const struct verdict_terms terms = { .errors = 0.02,
	.slower = 0.25,
	.memory = 0.5 };

#define TIMES 200
static uint32_t times[TIMES]; /* 301 to 500 ms */
static struct verdict_finding f;

static void
setup(void)
{
	for (unsigned i = 0; i < TIMES; i++)
		times[i] = 301 + i;
}

/* One that has times as every sound one has, and enough of them. */
static struct verdict_sample
sample(uint64_t requests, uint64_t errors)
{
	return (struct verdict_sample){ .requests = requests,
		.errors = errors,
		.ms = times,
		.n_ms = requests > errors && requests - errors < TIMES
		    ? requests - errors
		    : TIMES };
}

static enum verdict
judge(struct verdict_sample active, struct verdict_sample candidate)
{
	verdict_give(&terms, &active, &candidate, true, &f);
	ck_assert_uint_lt(strlen(f.words), sizeof f.words - 1);
	ck_assert_ptr_null(strstr(f.words, "nan"));
	return f.verdict;
}

static void
assert_says(const char *words)
{
	ck_assert_msg(strstr(f.words, words) != NULL, "\"%s\" lacks \"%s\"",
	    f.words, words);
}

/* ---- bounds ---- */

/* Wilson 1927; those of 81 in 263 and so on are in Newcombe 1998, table I. */
static const struct {
	uint64_t hits, n;
	double z, low, high;
} bounds[] = {
	{ 0, 50, 1.645, 0, 0.0513 },
	{ 0, 133, 1.645, 0, 0.0199 },
	{ 0, 132, 1.645, 0, 0.0201 },
	{ 0, 268, 1.645, 0, 0.0100 },
	{ 81, 263, 1.96, 0.2553, 0.3662 },
	{ 15, 148, 1.96, 0.0624, 0.1605 },
	{ 0, 20, 1.96, 0, 0.1611 },
	{ 1, 29, 1.96, 0.0061, 0.1718 },
	{ 29, 29, 1.96, 0.8830, 1 },
	{ 0, 0, 1.96, 0, 1 },
};

START_TEST(bounds_of_a_rate_are_wilsons)
{
	double low, high;

	verdict_bounds(bounds[_i].hits, bounds[_i].n, bounds[_i].z, &low,
	    &high);
	ck_assert_double_eq_tol(low, bounds[_i].low, 6e-5);
	ck_assert_double_eq_tol(high, bounds[_i].high, 6e-5);
}
END_TEST

/* The second paper of Newcombe 1998, table II, method 10: first less second. */
static const struct {
	uint64_t hits_b, n_b, hits_a, n_a;
	double low, high;
} differences[] = {
	{ 56, 70, 48, 80, 0.0524, 0.3339 },
	{ 9, 10, 3, 10, 0.1705, 0.8090 },
	{ 6, 7, 2, 7, 0.0582, 0.8062 },
	{ 5, 56, 0, 29, -0.0381, 0.1926 },
	{ 0, 10, 0, 20, -0.1611, 0.2775 },
	{ 0, 10, 0, 10, -0.2775, 0.2775 },
	{ 10, 10, 0, 20, 0.6791, 1 },
	{ 10, 10, 0, 10, 0.6075, 1 },
};

START_TEST(bounds_of_a_difference_are_newcombes)
{
	double low, high;

	verdict_difference(differences[_i].hits_a, differences[_i].n_a,
	    differences[_i].hits_b, differences[_i].n_b, 1.959964, &low, &high);
	ck_assert_double_eq_tol(low, differences[_i].low, 6e-5);
	ck_assert_double_eq_tol(high, differences[_i].high, 6e-5);
}
END_TEST

/* Fisher's lady, who tells three of four cups, and his convicts' twins. */
START_TEST(the_test_is_fishers)
{
	ck_assert_double_eq_tol(chance_of_more(1, 4, 3, 4), 17.0 / 70, 1e-9);
	ck_assert_double_eq_tol(chance_of_more(0, 4, 4, 4), 1.0 / 70, 1e-9);
	ck_assert_double_eq_tol(chance_of_more(2, 17, 10, 13), 0.0004652, 1e-6);
	ck_assert_double_eq_tol(chance_of_more(9, 99, 0, 99), 1, 1e-9);
	ck_assert_double_eq(chance_of_more(0, 0, 3, 3), 1);
	/* The first term alone is no double any more. */
	ck_assert_double_eq_tol(chance_of_more(9000, 10000, 1000, 10000), 1,
	    1e-6);
	ck_assert_double_eq(chance_of_more(1000, 10000, 9000, 10000), 0);
}
END_TEST

START_TEST(bounds_of_a_percentile_are_order_statistics)
{
	ck_assert_uint_eq(chance_upper_rank(0, 0.95, 0.05), 0);
	ck_assert_uint_eq(chance_upper_rank(58, 0.95, 0.05), 0);
	ck_assert_uint_eq(chance_upper_rank(59, 0.95, 0.05), 59);
	ck_assert_uint_eq(chance_upper_rank(92, 0.95, 0.05), 92);
	ck_assert_uint_eq(chance_upper_rank(93, 0.95, 0.05), 92);
	ck_assert_uint_eq(chance_lower_rank(0, 0.95, 0.05), 0);
	ck_assert_uint_eq(chance_lower_rank(2, 0.95, 0.001), 0);
	ck_assert_uint_eq(chance_lower_rank(5, 0.5, 0.04), 1);
	ck_assert_uint_eq(chance_lower_rank(5, 0.5, 0.03), 0);
	/* Of very many they are where the bell has them. */
	ck_assert_uint_eq(chance_lower_rank(1000000, 0.95, 0.05), 949641);
	ck_assert_uint_eq(chance_upper_rank(1000000, 0.95, 0.05), 950359);
}
END_TEST

/* ---- verdicts ---- */

START_TEST(as_many_clean_requests_as_the_bound_takes_pass)
{
	ck_assert_int_eq(judge(sample(2527, 0), sample(132, 0)),
	    VERDICT_INCONCLUSIVE);
	ck_assert_uint_eq(f.requests_needed, 133);
	ck_assert_int_eq(judge(sample(2527, 0), sample(133, 0)), VERDICT_PASS);
	ck_assert_double_eq_tol(f.excludes, 0.0199, 6e-5);
	ck_assert_uint_eq(f.requests_needed, 0);
	/* 50 exclude no more than this. */
	ck_assert_int_eq(judge(sample(2527, 0), sample(50, 0)),
	    VERDICT_INCONCLUSIVE);
	assert_says("0 errors in 50 requests (active: 0 in 2527): more than "
		    "5.1 % errors are excluded");
	assert_says("about 133 requests are needed to exclude 2.0 % more "
		    "errors");
}
END_TEST

START_TEST(a_pass_says_what_it_excludes)
{
	ck_assert_int_eq(judge(sample(2527, 1), sample(134, 0)), VERDICT_PASS);
	ck_assert_str_eq(f.words,
	    "0 errors in 134 requests (active: 1 in 2527): more than 2.0 % "
	    "errors are excluded; p95 428 ms (active 490 ms)");
	/* What the active one has too is nobody's fault. */
	ck_assert_int_eq(judge(sample(30000, 900), sample(6000, 180)),
	    VERDICT_PASS);
	assert_says("more than 3.4 % errors, and 0.42 % more than the active "
		    "has, are excluded");
	ck_assert_double_eq_tol(f.difference, 0, 1e-9);
	ck_assert_double_lt(f.difference_low, 0);
	ck_assert_double_gt(f.difference_high, 0.004);
}
END_TEST

START_TEST(no_data_never_passes)
{
	static const struct verdict_sample none;

	ck_assert_int_eq(judge(none, none), VERDICT_INCONCLUSIVE);
	ck_assert_uint_eq(f.requests_needed, 133);
	ck_assert_double_eq(f.excludes, 1);
	ck_assert_int_eq(judge(sample(2527, 0), none), VERDICT_INCONCLUSIVE);
	ck_assert_uint_eq(f.requests_needed, 133);
	assert_says("0 errors in 0 requests (active: 0 in 2527); about 133");
	ck_assert_int_eq(judge(none, sample(100000, 0)), VERDICT_REFUSED);
	assert_says("nothing to compare it with");
}
END_TEST

START_TEST(nothing_passes_before_the_end)
{
	static const struct verdict_sample none;
	struct verdict_sample a = sample(9000, 0), c = sample(9000, 0);

	verdict_give(&terms, &a, &c, false, &f);
	ck_assert_int_eq(f.verdict, VERDICT_INCONCLUSIVE);
	verdict_give(&terms, &none, &c, false, &f);
	ck_assert_int_eq(f.verdict, VERDICT_INCONCLUSIVE);
	c.errors = 900;
	verdict_give(&terms, &a, &c, false, &f);
	ck_assert_int_eq(f.verdict, VERDICT_FAIL);
}
END_TEST

START_TEST(one_error_is_no_verdict)
{
	/* A long clean record makes a single one look like a rise. */
	ck_assert_int_eq(judge(sample(1000000, 0), sample(400, 1)),
	    VERDICT_PASS);
	ck_assert_int_eq(judge(sample(1000000, 0), sample(5, 1)),
	    VERDICT_INCONCLUSIVE);
	assert_says("1 error in 5 requests");
	ck_assert_uint_eq(f.requests_needed, 0);
	assert_says("it may have 2.0 % more errors than the active, or not");
	/* Three in a row are one. */
	ck_assert_int_eq(judge(sample(1000000, 0), sample(5, 3)), VERDICT_FAIL);
	ck_assert_str_eq(f.words,
	    "3 errors in 5 requests (active: 0 in 1000000), and that is no "
	    "chance; p95 302 ms (active 490 ms)");
}
END_TEST

START_TEST(errors_of_both_are_nobodys)
{
	/* A disk that is full, say. */
	ck_assert_int_eq(judge(sample(1000, 500), sample(100, 60)),
	    VERDICT_INCONCLUSIVE);
	ck_assert_int_eq(judge(sample(1000, 10), sample(1000, 10)),
	    VERDICT_PASS);
	ck_assert_int_eq(judge(sample(1000, 10), sample(1000, 40)),
	    VERDICT_FAIL);
}
END_TEST

START_TEST(photos_that_are_refused_are_judged_too)
{
	struct verdict_sample a = sample(20000, 0), c = sample(1000, 0);

	a.refusals = 400;
	c.refusals = 20;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
	c.refusals = 150;
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
	assert_says("150 refusals in 1000 requests (active: 400 in 20000) "
		    "of photos (415, 422), and that is no chance; 0 errors");
	/* Somewhat more of them are other customers. */
	c.refusals = 45;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	assert_says("refusals");
	c = sample(150, 0);
	c.refusals = 3;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	ck_assert_uint_gt(f.requests_needed, 200);
	ck_assert_uint_lt(f.requests_needed, 400);
}
END_TEST

START_TEST(a_pass_needs_the_times_of_59_uploads)
{
	struct verdict_sample a = sample(2527, 0), c = sample(590, 0);

	c.n_ms = 58;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	ck_assert_uint_eq(f.requests_needed, 601);
	assert_says("about 601 requests are needed to compare p95");
	c.n_ms = 59;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
	c.n_ms = 0;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	assert_says("without uploads p95 cannot be compared");
	c = sample(590, 0);
	a.n_ms = 20;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
}
END_TEST

START_TEST(a_longer_p95_fails_once_it_is_sure)
{
	struct verdict_sample a = sample(2527, 0), c = sample(200, 0);
	uint32_t slow[TIMES];

	for (unsigned i = 0; i < TIMES; i++)
		slow[i] = times[i] * 3 / 2;
	c.ms = slow;
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
	assert_says("p95 735 ms (active 490 ms): at least ");
	assert_says("more than 25 % longer");
	/* So few show nothing, and pass nothing. */
	c.n_ms = 12;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	for (unsigned i = 0; i < TIMES; i++)
		slow[i] = times[i] * (i < 170 ? 1 : 2);
	c.n_ms = TIMES;
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
	/* The slow ones are fewer than p95 knows of. */
	for (unsigned i = 0; i < TIMES; i++)
		slow[i] = times[i] * (i < 195 ? 1 : 2);
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
	/* 20 % longer is allowed; a clock of whole ms is no measure. */
	for (unsigned i = 0; i < TIMES; i++)
		slow[i] = times[i] * 6 / 5;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
	for (unsigned i = 0; i < TIMES; i++)
		slow[i] = 4;
	a.ms = slow + TIMES / 2;
	a.n_ms = c.n_ms = TIMES / 2;
	for (unsigned i = 0; i < TIMES / 2; i++)
		slow[i] = 6;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
}
END_TEST

START_TEST(workers_that_die_fail_it)
{
	struct verdict_sample a = sample(5000, 0), c = sample(50, 0);

	c.deaths = 1;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	c.deaths = 2;
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
	ck_assert_str_eq(f.words,
	    "2 dead workers in 50 requests (active: 0 in 5000), and that is "
	    "no chance; 0 errors in 50 requests (active: 0 in 5000): more "
	    "than 5.1 % errors are excluded; p95 348 ms (active 490 ms)");
	/* Of both sides they are no news. */
	a.deaths = 200;
	ck_assert_int_eq(judge(a, c), VERDICT_INCONCLUSIVE);
	/* More of them than requests. */
	a.deaths = 0;
	c = (struct verdict_sample){ .requests = 1, .deaths = 5 };
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
}
END_TEST

START_TEST(memory_that_grows_fails_it)
{
	struct verdict_sample a = sample(5000, 0), c = sample(1000, 0);

	c.memory = UINT64_C(560) << 20;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
	a.memory = UINT64_C(300) << 20;
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
	assert_says("a worker has 560 MiB (active 300 MiB), more than 50 % "
		    "more; 0 errors");
	c.memory = UINT64_C(546) << 20;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
	c.memory = 0;
	ck_assert_int_eq(judge(a, c), VERDICT_PASS);
}
END_TEST

START_TEST(the_words_hold_the_largest_numbers)
{
	struct verdict_sample a = sample(UINT32_MAX, 1);
	struct verdict_sample c = sample(UINT32_MAX, UINT32_MAX / 50);

	a.deaths = 1;
	c.deaths = 1000000;
	ck_assert_int_eq(judge(a, c), VERDICT_FAIL);
	assert_says("ms)");
}
END_TEST

START_TEST(each_verdict_has_a_name)
{
	static const char *const wanted[] = { "pass", "fail", "inconclusive",
		"refused" };

	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		ck_assert_str_eq(verdict_name((enum verdict)v), wanted[v]);
}
END_TEST

/* ---- rollouts by chance ---- */

static uint64_t seed;

static double
chance(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (double)(seed * UINT64_C(2685821657736338717) >> 11) /
	    (double)(UINT64_C(1) << 53);
}

static const double shares[] = { 0.01, 0.05, 0.25, 0.5, 1 };

struct rollout {
	double active, candidate; /* error rates */
	unsigned requests, look;  /* of a step, and between two looks */
};

/*
 * How many of the candidate's requests it took to stop a rollout; 0: it went
 * through. As a driver does it: the last step is measured by the one before.
 */
static uint64_t
roll(const struct rollout *r)
{
	struct verdict_sample a = { 0 }, c;
	uint64_t exposed = 0;

	for (unsigned step = 0; step < NELEM(shares); step++) {
		if (shares[step] < 1)
			a = (struct verdict_sample){ 0 };
		c = (struct verdict_sample){ 0 };
		for (unsigned n = 1; n <= r->requests; n++) {
			if (chance() < shares[step]) {
				c.requests++;
				exposed++;
				c.errors += chance() < r->candidate;
			} else {
				a.requests++;
				a.errors += chance() < r->active;
			}
			if (n % r->look != 0)
				continue;
			verdict_give(&terms, &a, &c, false, &f);
			if (f.verdict == VERDICT_FAIL)
				return exposed;
		}
	}
	return 0;
}

static const double sound[] = { 0.0005, 0.01, 0.05, 0.3 };

START_TEST(equal_sides_are_hardly_ever_failed)
{
	const struct rollout r = { .active = sound[_i],
		.candidate = sound[_i],
		.requests = 6000,
		.look = 100 };
	unsigned failed = 0;

	seed = 20261128 + (uint64_t)_i;
	for (unsigned i = 0; i < 1000; i++)
		failed += roll(&r) != 0;
	ck_assert_uint_lt(failed, 10);
}
END_TEST

/* The mean of what a bad one costs, and that none gets through. */
static const struct {
	double active, candidate;
	double exposed; /* requests at most, in the mean */
} bad[] = {
	{ 0, 1, 12 },
	{ 0, 0.1, 50 },
	{ 0.0005, 0.1, 50 },
	{ 0.01, 0.1, 90 },
	{ 0, 0.02, 320 },
	{ 0.0005, 0.02, 400 },
};

START_TEST(a_bad_one_is_found_soon)
{
	const struct rollout r = { .active = bad[_i].active,
		.candidate = bad[_i].candidate,
		.requests = 6000,
		.look = 40 };
	double sum = 0;
	const unsigned rounds = 300;

	seed = 7;
	for (unsigned i = 0; i < rounds; i++) {
		uint64_t exposed = roll(&r);

		ck_assert_uint_ne(exposed, 0);
		sum += (double)exposed;
	}
	ck_assert_double_le(sum / rounds, bad[_i].exposed);
}
END_TEST

/* ---- times by chance ---- */

/* A time as photos of all sizes have: their logarithm is a bell, by `wide`. */
static uint32_t
time_by_chance(double middle, double wide)
{
	double r = sqrt(-2 * log(1 - chance()));

	return (uint32_t)lround(
	    middle * exp(wide * r * cos(2 * M_PI * chance())));
}

static void
insert(uint32_t *sorted, size_t n, uint32_t ms)
{
	for (; n > 0 && sorted[n - 1] > ms; n--)
		sorted[n] = sorted[n - 1];
	sorted[n] = ms;
}

#define UPLOADS 600

/* Of so many uploads of the candidate; 0: it was not failed. */
static unsigned
time_out(double share, double factor)
{
	static uint32_t ms[2][64 * UPLOADS];
	struct verdict_sample a = { .ms = ms[0] }, c = { .ms = ms[1] };

	while (c.n_ms < UPLOADS) {
		if (chance() < share) {
			insert(ms[1], c.n_ms++,
			    time_by_chance(100 * factor, 0.5));
			c.requests++;
		} else if (a.n_ms < 10000) {
			insert(ms[0], a.n_ms++, time_by_chance(100, 0.5));
			a.requests++;
		}
		if (chance() > 0.1)
			continue;
		verdict_give(&terms, &a, &c, false, &f);
		if (f.verdict == VERDICT_FAIL)
			return (unsigned)c.n_ms;
	}
	return 0;
}

START_TEST(equal_times_are_hardly_ever_failed)
{
	unsigned failed = 0;

	seed = 41;
	for (unsigned i = 0; i < 300; i++)
		failed += time_out(shares[1 + i % 3], 1) != 0;
	ck_assert_uint_lt(failed, 3);
}
END_TEST

START_TEST(twice_the_time_is_found_soon)
{
	double sum = 0;

	seed = 43;
	for (unsigned i = 0; i < 60; i++) {
		unsigned n = time_out(shares[1 + i % 3], 2);

		ck_assert_uint_ne(n, 0);
		sum += n;
	}
	ck_assert_double_le(sum / 60, 180);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("verdict");
	TCase *tc = tcase_create("verdict");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, bounds_of_a_rate_are_wilsons, 0, NELEM(bounds));
	tcase_add_loop_test(tc, bounds_of_a_difference_are_newcombes, 0,
	    NELEM(differences));
	tcase_add_test(tc, the_test_is_fishers);
	tcase_add_test(tc, bounds_of_a_percentile_are_order_statistics);
	tcase_add_test(tc, as_many_clean_requests_as_the_bound_takes_pass);
	tcase_add_test(tc, a_pass_says_what_it_excludes);
	tcase_add_test(tc, no_data_never_passes);
	tcase_add_test(tc, nothing_passes_before_the_end);
	tcase_add_test(tc, one_error_is_no_verdict);
	tcase_add_test(tc, errors_of_both_are_nobodys);
	tcase_add_test(tc, photos_that_are_refused_are_judged_too);
	tcase_add_test(tc, a_pass_needs_the_times_of_59_uploads);
	tcase_add_test(tc, a_longer_p95_fails_once_it_is_sure);
	tcase_add_test(tc, workers_that_die_fail_it);
	tcase_add_test(tc, memory_that_grows_fails_it);
	tcase_add_test(tc, the_words_hold_the_largest_numbers);
	tcase_add_test(tc, each_verdict_has_a_name);
	suite_add_tcase(s, tc);
	tc = tcase_create("chance");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, equal_sides_are_hardly_ever_failed, 0,
	    NELEM(sound));
	tcase_add_loop_test(tc, a_bad_one_is_found_soon, 0, NELEM(bad));
	tcase_add_test(tc, equal_times_are_hardly_ever_failed);
	tcase_add_test(tc, twice_the_time_is_found_soon);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
