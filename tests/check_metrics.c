#include "config.h"

/* Counts that outlive whoever counted, and how they are written. */

#include "metrics.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "metrics_text.h"
#include "support.h"

static struct counts sum;

static void
setup(void)
{
	ck_assert_int_eq(metrics_init(), 0);
}

/* A process with this page that does what it is to. */
static pid_t
start(unsigned page, bool reads_all, void (*live)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		metrics_take(page, reads_all);
		live();
		_exit(0);
	}
	ck_assert_int_ne(pid, -1);
	return pid;
}

static int
end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* ---- the pages ---- */

START_TEST(without_pages_it_counts_into_nowhere)
{
	metrics_own()->deletions++;
	ck_assert_uint_eq(metrics_lease(), 0);
	metrics_return(0);
	metrics_take(0, true);
	metrics_sum(&sum);
	ck_assert_uint_eq(sum.deletions, 0);
	ck_assert_int_eq(metrics_started(), 0);
}
END_TEST

static void
count_and_die(void)
{
	metrics_own()->deletions += 7;
	(void)raise(SIGKILL);
}

START_TEST(what_a_dead_process_counted_stays)
{
	unsigned page = metrics_lease(), next;

	ck_assert_uint_ne(page, 0);
	metrics_own()->deletions++;
	ck_assert(WIFSIGNALED(end_of(start(page, false, count_and_die))));
	metrics_return(page);
	metrics_sum(&sum);
	ck_assert_uint_eq(sum.deletions, 8);

	/* The next one goes on where it was. */
	next = metrics_lease();
	ck_assert_uint_eq(next, page);
	(void)end_of(start(next, true, count_and_die));
	metrics_sum(&sum);
	ck_assert_uint_eq(sum.deletions, 15);
}
END_TEST

static struct counts *of_master;

static void
look_at_masters_page(void)
{
	if (is_mapped(of_master) || !is_mapped(metrics_own()))
		_exit(1);
	metrics_sum(&sum);
	_exit(sum.deletions == 0 ? 0 : 2);
}

START_TEST(a_process_reaches_no_page_but_its_own)
{
	of_master = metrics_own();
	of_master->deletions++;
	ck_assert_int_eq(end_of(start(metrics_lease(), false,
			     look_at_masters_page)),
	    0);
}
END_TEST

static void
read_all(void)
{
	metrics_sum(&sum);
	_exit(sum.deletions == 8 && metrics_started() != 0 ? 0 : 1);
}

static void
falsify(void)
{
	(void)signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own */
	of_master->deletions = 0;
}

START_TEST(who_tells_of_all_can_read_and_not_write)
{
	unsigned page = metrics_lease();
	int status;

	of_master = metrics_own();
	of_master->deletions++;
	(void)end_of(start(page, false, count_and_die));
	page = metrics_lease();
	ck_assert_int_eq(end_of(start(page, true, read_all)), 0);
	status = end_of(start(page, true, falsify));
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	ck_assert_uint_eq(of_master->deletions, 1);
}
END_TEST

START_TEST(when_no_page_is_left_some_share_one)
{
	unsigned last = 0, page;

	while ((page = metrics_lease()) != last)
		last = page;
	ck_assert_uint_gt(last, 2000);
	(void)end_of(start(last, false, count_and_die));
	(void)end_of(start(last, false, count_and_die));
	metrics_sum(&sum);
	ck_assert_uint_eq(sum.deletions, 14);
	/* One of them leaves: it is still somebody's. */
	metrics_return(last);
	ck_assert_uint_eq(metrics_lease(), last);
	metrics_return(5);
	ck_assert_uint_eq(metrics_lease(), 5);
}
END_TEST

/* Until it is killed. */
static void
count_on(void)
{
	for (;;) {
		metrics_own()->deletions++;
		histogram_note(&metrics_own()->request_time[REQUEST_DELETE],
		    NS_PER_MS);
	}
}

static uint64_t
count_of(const struct histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i <= METRICS_BOUNDS; i++)
		n += h->buckets[i];
	return n;
}

START_TEST(sums_never_go_down_while_processes_come_and_die)
{
	uint64_t deletions = 0, requests = 0;
	unsigned pages[4];
	pid_t pids[4];

	for (unsigned i = 0; i < 4; i++) {
		pages[i] = metrics_lease();
		pids[i] = start(pages[i], false, count_on);
	}
	for (unsigned round = 0; round < 400; round++) {
		unsigned i = round % 4;
		uint64_t n;

		metrics_sum(&sum);
		n = count_of(&sum.request_time[REQUEST_DELETE]);
		ck_assert_uint_ge(sum.deletions, deletions);
		ck_assert_uint_ge(n, requests);
		deletions = sum.deletions;
		requests = n;
		(void)kill(pids[i], SIGKILL);
		(void)end_of(pids[i]);
		metrics_return(pages[i]);
		pages[i] = metrics_lease();
		pids[i] = start(pages[i], false, count_on);
	}
	for (unsigned i = 0; i < 4; i++) {
		(void)kill(pids[i], SIGKILL);
		(void)end_of(pids[i]);
	}
	metrics_sum(&sum);
	/* Each death comes between the two at most. */
	requests = count_of(&sum.request_time[REQUEST_DELETE]);
	ck_assert_uint_ge(sum.deletions, requests);
	ck_assert_uint_le(sum.deletions, requests + 404);
	ck_assert_uint_gt(requests, 0);
}
END_TEST

/* ---- histograms ---- */

static const struct {
	uint64_t ns;
	unsigned bucket;
} times[] = {
	{ 0, 0 },
	{ NS_PER_MS, 0 },
	{ NS_PER_MS + 1, 1 },
	{ 2500000, 1 },
	{ 2500001, 2 },
	{ NS_PER_S, 9 },
	{ 2 * NS_PER_S, 10 },
	{ 60 * NS_PER_S, METRICS_BOUNDS - 1 },
	{ 60 * NS_PER_S + 1, METRICS_BOUNDS },
	{ 3600 * NS_PER_S, METRICS_BOUNDS },
};

START_TEST(a_time_is_in_the_bucket_of_the_next_bound)
{
	struct histogram h = { 0 };

	histogram_note(&h, times[_i].ns);
	ck_assert_uint_eq(h.buckets[times[_i].bucket], 1);
	ck_assert_uint_eq(count_of(&h), 1);
	ck_assert_uint_eq(h.sum_ns, times[_i].ns);
}
END_TEST

START_TEST(bounds_are_what_they_say_and_rise)
{
	struct histogram h = { 0 };
	double bound = strtod(histogram_bound((unsigned)_i), NULL);

	histogram_note(&h, (uint64_t)(bound * 1e9 + 0.5));
	ck_assert_uint_eq(h.buckets[_i], 1);
	if (_i > 0)
		ck_assert(
		    bound > strtod(histogram_bound((unsigned)_i - 1), NULL));
	ck_assert_str_eq(histogram_bound(METRICS_BOUNDS), "+Inf");
}
END_TEST

/* ---- text ---- */

static struct buf out;

START_TEST(a_family_is_two_comments_and_its_samples)
{
	metrics_single(&out, "a_total", "counter", "How many.", 3);
	metrics_family(&out, "b", "gauge", "Some.");
	metrics_sample(&out, "b", LABELS({ "x", "1" }, { "y", "" }),
	    UINT64_MAX);
	ck_assert_str_eq(out.data,
	    "# HELP a_total How many.\n# TYPE a_total counter\na_total 3\n"
	    "# HELP b Some.\n# TYPE b gauge\n"
	    "b{x=\"1\",y=\"\"} 18446744073709551615\n");
	buf_fini(&out);
}
END_TEST

START_TEST(a_part_has_four_digits)
{
	metrics_fraction(&out, "a", NULL, 1);
	metrics_fraction(&out, "a", LABELS({ "x", "1" }), 10000);
	ck_assert_str_eq(out.data, "a 0.0001\na{x=\"1\"} 1.0000\n");
	buf_fini(&out);
}
END_TEST

START_TEST(what_would_end_a_label_is_escaped)
{
	metrics_sample(&out, "a", LABELS({ "x", "\"\\\n} 1\xc3\xa4{" }), 0);
	ck_assert_str_eq(out.data, "a{x=\"\\\"\\\\\\n} 1\xc3\xa4{\"} 0\n");
	buf_fini(&out);
}
END_TEST

START_TEST(a_histogram_adds_up)
{
	struct histogram h = { 0 };
	const char *head = "a_bucket{k=\"v\",le=\"0.001\"} 1\n"
			   "a_bucket{k=\"v\",le=\"0.0025\"} 1\n"
			   "a_bucket{k=\"v\",le=\"0.005\"} 2\n";
	const char *tail = "a_bucket{k=\"v\",le=\"60\"} 2\n"
			   "a_bucket{k=\"v\",le=\"+Inf\"} 3\n"
			   "a_sum{k=\"v\"} 61.004000007\n"
			   "a_count{k=\"v\"} 3\n";

	histogram_note(&h, 7);
	histogram_note(&h, 4 * NS_PER_MS);
	histogram_note(&h, 61 * NS_PER_S);
	metrics_histogram(&out, "a", LABELS({ "k", "v" }), &h);
	ck_assert_msg(strncmp(out.data, head, strlen(head)) == 0, "%s",
	    out.data);
	ck_assert_str_eq(out.data + out.len - strlen(tail), tail);
	buf_fini(&out);
	metrics_histogram(&out, "a", NULL, &h);
	ck_assert_msg(strncmp(out.data, "a_bucket{le=\"0.001\"} 1\n", 22) == 0,
	    "%s", out.data);
	ck_assert_ptr_nonnull(strstr(out.data, "\na_count 3\n"));
	buf_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *nowhere = tcase_create("nowhere");
	TCase *pages = tcase_create("pages");
	TCase *times_case = tcase_create("times");
	TCase *text = tcase_create("text");

	tcase_add_test(nowhere, without_pages_it_counts_into_nowhere);
	suite_add_tcase(suite, nowhere);
	tcase_add_checked_fixture(pages, setup, NULL);
	tcase_add_test(pages, what_a_dead_process_counted_stays);
	tcase_add_test(pages, a_process_reaches_no_page_but_its_own);
	tcase_add_test(pages, who_tells_of_all_can_read_and_not_write);
	tcase_add_test(pages, when_no_page_is_left_some_share_one);
	tcase_add_test(pages, sums_never_go_down_while_processes_come_and_die);
	suite_add_tcase(suite, pages);
	tcase_add_loop_test(times_case,
	    a_time_is_in_the_bucket_of_the_next_bound, 0, NELEM(times));
	tcase_add_loop_test(times_case, bounds_are_what_they_say_and_rise, 0,
	    METRICS_BOUNDS);
	suite_add_tcase(suite, times_case);
	tcase_add_test(text, a_family_is_two_comments_and_its_samples);
	tcase_add_test(text, a_part_has_four_digits);
	tcase_add_test(text, what_would_end_a_label_is_escaped);
	tcase_add_test(text, a_histogram_adds_up);
	suite_add_tcase(suite, text);
	return run_suite(suite);
}
