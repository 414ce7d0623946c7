#include "config.h"

#include "growth.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "stores.h"
#include "support.h"

#define NOW INT64_C(1800000000)
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define GIB (UINT64_C(1) << 30)

/* ---- made histories ---- */

#define POINTS_MAX 2000

static struct growth_point points[POINTS_MAX];
static struct growth history = { .points = points };
static struct forecast forecast;
static char words[GROWTH_WORDS_MAX];

/*
 * So many hours until NOW: the disk has 1000 GiB free at first, the store takes
 * so many bytes an hour.
 */
static void
grow(unsigned hours, int64_t bytes_an_hour)
{
	history.n = 0;
	for (unsigned i = 0; i < hours; i++) {
		int64_t grown = (int64_t)i * bytes_an_hour;

		points[history.n++] = (struct growth_point){ .time = NOW -
			    (int64_t)(hours - 1 - i) * HOUR,
			.bytes = (uint64_t)((int64_t)(100 * GIB) + grown),
			.photos = 1000 + i,
			.free = (uint64_t)((int64_t)(1000 * GIB) - grown),
			.inodes = GROWTH_NOT_COUNTED };
	}
}

static void
look(const struct limits *limits)
{
	growth_forecast(&history, limits, NOW, &forecast);
	growth_words(&forecast, words);
}

static void
expect_days(double days, enum growth_end end)
{
	ck_assert_int_eq(forecast.course, GROWTH_FULL);
	ck_assert_int_eq(forecast.end, end);
	ck_assert_msg(fabs((double)forecast.seconds / (double)DAY - days) <=
		0.02 * days,
	    "%" PRIu64 " seconds, not %.1f days", forecast.seconds, days);
}

static const struct limits free_only = { .free = GIB };

START_TEST(an_even_growth_is_told_to_the_day)
{
	grow(7 * 24, (int64_t)GIB);
	look(&free_only);
	/* 1000 GiB, less 167 that are used, less the one that is kept. */
	expect_days(832.0 / 24, GROWTH_END_FREE);
	ck_assert_str_eq(words,
	    "full in 34 days at this week's rate (limits.free)");
}
END_TEST

START_TEST(what_comes_first_counts)
{
	const struct limits store = { .free = GIB, .store = 300 * GIB },
			    large = { .free = GIB, .store = 100000 * GIB };

	grow(7 * 24, (int64_t)GIB);
	look(&store);
	expect_days((300.0 - 267) / 24, GROWTH_END_STORE);
	ck_assert_str_eq(words,
	    "full in 33 hours at this week's rate (limits.store)");
	look(&large);
	expect_days(832.0 / 24, GROWTH_END_FREE);
	for (size_t i = 0; i < history.n; i++)
		points[i].inodes = 100000 - 500 * i;
	look(&large);
	expect_days((100000.0 - 167 * 500) / 500 / 24, GROWTH_END_INODES);
	ck_assert_str_eq(words,
	    "full in 33 hours at this week's rate (inodes)");
}
END_TEST

START_TEST(nothing_grows)
{
	grow(7 * 24, 0);
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_STEADY);
	ck_assert_str_eq(words, "not growing");
	grow(7 * 24, -(int64_t)GIB / 4);
	look(&free_only);
	ck_assert_str_eq(words, "not growing");
	grow(7 * 24, 1000);
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_STEADY);
	ck_assert_str_eq(words,
	    "not full within ten years at this week's rate");
}
END_TEST

START_TEST(too_little_is_no_forecast)
{
	history.n = 0;
	look(&free_only);
	ck_assert_str_eq(words,
	    "not enough history for a forecast (0 of 24 hours)");
	grow(24, (int64_t)GIB);
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_UNKNOWN);
	ck_assert_str_eq(words,
	    "not enough history for a forecast (23 of 24 hours)");
	grow(25, (int64_t)GIB);
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_FULL);
	/* Two points of a week say nothing of what was between. */
	grow(7 * 24, (int64_t)GIB);
	points[1] = points[history.n - 1];
	history.n = 2;
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_UNKNOWN);
}
END_TEST

START_TEST(full_is_full)
{
	grow(7 * 24 - 1, (int64_t)(6 * GIB));
	look(&(struct limits){ .free = 4 * GIB });
	ck_assert_int_eq(forecast.course, GROWTH_FULL);
	ck_assert_uint_eq(forecast.seconds, 0);
	ck_assert_str_eq(words, "full (limits.free)");
	/* Also when it does not grow. */
	grow(7 * 24, 0);
	look(&(struct limits){ .free = 1000 * GIB });
	ck_assert_str_eq(words, "full (limits.free)");
}
END_TEST

START_TEST(by_day_and_not_by_night)
{
	uint64_t free = 1000 * GIB;

	grow(7 * 24, 0);
	for (size_t i = 0; i < history.n; i++) {
		if (i % 24 >= 8 && i % 24 < 20)
			free -= 2 * GIB;
		points[i].free = free;
	}
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_FULL);
	/* 24 GiB a day; where in the day it begins moves it a little. */
	ck_assert_msg(fabs((double)forecast.seconds / (double)DAY -
			  ((double)free / (double)GIB - 1) / 24) < 3,
	    "%s", words);
}
END_TEST

START_TEST(jumps_are_no_trend)
{
	/* Half of the disk for six hours, and an import that stays. */
	grow(7 * 24, (int64_t)GIB);
	for (size_t i = 50; i < 56; i++)
		points[i].free /= 2;
	look(&free_only);
	expect_days(832.0 / 24, GROWTH_END_FREE);
	grow(7 * 24, (int64_t)GIB / 10);
	for (size_t i = 150; i < history.n; i++)
		points[i].free -= 300 * GIB;
	look(&free_only);
	ck_assert_int_eq(forecast.course, GROWTH_FULL);
	ck_assert_uint_gt(forecast.seconds, 200 * (uint64_t)DAY);
}
END_TEST

START_TEST(gaps_count_by_their_time)
{
	size_t n = 0;

	grow(7 * 24, (int64_t)GIB);
	for (size_t i = 0; i < history.n; i++)
		if (i < 20 || i > 90)
			points[n++] = points[i];
	history.n = n;
	look(&free_only);
	expect_days(832.0 / 24, GROWTH_END_FREE);
	/* Since the last line the store has grown on. */
	grow(7 * 24, (int64_t)GIB);
	growth_forecast(&history, &free_only, NOW + 20 * HOUR, &forecast);
	expect_days((832.0 - 20) / 24, GROWTH_END_FREE);
	/* What lies longer back than a week is not looked at. */
	growth_forecast(&history, &free_only, NOW + 8 * DAY, &forecast);
	ck_assert_int_eq(forecast.course, GROWTH_UNKNOWN);
}
END_TEST

START_TEST(older_weeks_and_the_future_do_not_count)
{
	grow(20 * 24, (int64_t)GIB);
	for (size_t i = 0; i < 13 * 24 - 1; i++)
		points[i].free = 0;
	look(&free_only);
	expect_days((1000.0 - 479 - 1) / 24, GROWTH_END_FREE);
	points[history.n] = points[history.n - 1];
	points[history.n].time = NOW + 300 * DAY;
	points[history.n++].free = 0;
	look(&free_only);
	expect_days((1000.0 - 479 - 1) / 24, GROWTH_END_FREE);
}
END_TEST

START_TEST(many_points_are_thinned)
{
	grow(7 * 24, 0);
	for (size_t i = 0; i < POINTS_MAX; i++)
		points[i] = (struct growth_point){ .time = NOW - 7 * DAY +
			    (int64_t)(i + 1) * 7 * DAY / POINTS_MAX,
			.free = 1000 * GIB - i * GIB / 4,
			.inodes = GROWTH_NOT_COUNTED };
	history.n = POINTS_MAX;
	look(&free_only);
	expect_days((1000.0 - POINTS_MAX / 4.0 - 1) / (POINTS_MAX / 4.0 / 7),
	    GROWTH_END_FREE);
}
END_TEST

/* ---- the file ---- */

static char data[STORE_PATH_MAX];
static struct store *store;

static void
setup(void)
{
	tempdir_setup();
	stores_prepare(data);
	store = stores_open(data);
}

static void
teardown(void)
{
	store_close(store);
	tempdir_teardown();
}

static int
open_file(int flags)
{
	char path[400];

	(void)snprintf(path, sizeof path, "%s/state/growth", data);
	return open(path, flags, 0600);
}

static void
write_text(const char *text, size_t len)
{
	int fd = open_file(O_WRONLY | O_CREAT | O_TRUNC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fd_write_full(fd, text, len), 0);
	fd_close(&fd);
}

static struct growth
read_back(void)
{
	struct growth g;

	ck_assert_int_eq(growth_read(data, &g), 0);
	return g;
}

START_TEST(a_line_is_what_is_there)
{
	struct growth g = read_back();

	ck_assert_uint_eq(g.n, 0);
	ck_assert(growth_is_due(store, (int64_t)time(NULL)));
	ck_assert_int_eq(growth_note(store, NOW), 0);
	g = read_back();
	ck_assert_uint_eq(g.n, 1);
	ck_assert_int_eq(g.points[0].time, NOW);
	ck_assert_uint_eq(g.points[0].photos, 0);
	ck_assert_uint_eq(g.points[0].bytes, (uint64_t)store_usage(store));
	ck_assert_uint_gt(g.points[0].free, 0);
	ck_assert_uint_gt(g.points[0].inodes, 0);
	growth_fini(&g);
}
END_TEST

START_TEST(one_an_hour)
{
	const int64_t now = (int64_t)time(NULL);
	int fd;

	ck_assert_int_eq(growth_note(store, now), 0);
	ck_assert(!growth_is_due(store, now));
	ck_assert(!growth_is_due(store, now + 50 * 60));
	ck_assert(growth_is_due(store, now + GROWTH_EVERY));
	/* A clock that was ahead does not keep it from being written for ever. */
	fd = open_file(O_WRONLY);
	ck_assert_int_eq(fd_set_mtime(fd, (time_t)(now + 5 * DAY)), 0);
	fd_close(&fd);
	ck_assert(growth_is_due(store, now));
}
END_TEST

START_TEST(sixty_days_are_kept)
{
	struct growth g;

	for (int i = 0; i < 3; i++) {
		char *text = NULL;
		size_t len = 0;
		FILE *stream = open_memstream(&text, &len);

		for (int64_t n = 2000; n > 0; n--)
			(void)fprintf(stream, "%" PRId64 "\t1\t2\t3\t4\n",
			    NOW - n * HOUR);
		(void)fclose(stream);
		write_text(text, len);
		free(text);
	}
	ck_assert_int_eq(growth_note(store, NOW), 0);
	g = read_back();
	ck_assert_uint_eq(g.n, GROWTH_DAYS * 24);
	ck_assert_int_eq(g.points[g.n - 1].time, NOW);
	ck_assert_int_eq(g.points[0].time, NOW - (GROWTH_DAYS * 24 - 1) * HOUR);
	growth_fini(&g);
}
END_TEST

START_TEST(a_clock_that_was_wrong_costs_what_it_wrote)
{
	struct growth g;

	ck_assert_int_eq(growth_note(store, NOW), 0);
	ck_assert_int_eq(growth_note(store, NOW + HOUR), 0);
	/* Ten years ahead, for an hour. */
	ck_assert_int_eq(growth_note(store, NOW + 3650 * DAY), 0);
	g = read_back();
	ck_assert_uint_eq(g.n, 3);
	growth_fini(&g);
	ck_assert_int_eq(growth_note(store, NOW + 2 * HOUR), 0);
	g = read_back();
	ck_assert_uint_eq(g.n, 3);
	ck_assert_int_eq(g.points[1].time, NOW + HOUR);
	ck_assert_int_eq(g.points[2].time, NOW + 2 * HOUR);
	growth_fini(&g);
}
END_TEST

START_TEST(lines_of_strangers_are_left_out)
{
	static const char text[] = "\n"
				   "1\t2\t3\t4\n"
				   "1\t2\t3\t4\t5\t6\n"
				   "-1\t2\t3\t4\t5\n"
				   "1\t2\t3\t-\t5\n"
				   "99999999999999999999999\t2\t3\t4\t5\n"
				   "20\t2\t3\t4\t5\n"
				   "10\t1\t3\t4\t-\n"
				   "20\t9\t9\t9\t9\n"
				   "1 2 3 4 5\n"
				   "{\"time\":1}\n"
				   "30\t3\t3\t4\t5\r\n"
				   "40\t4\t4\t4\t4";
	struct growth g;

	write_text(text, sizeof text - 1);
	g = read_back();
	ck_assert_uint_eq(g.n, 3);
	ck_assert_int_eq(g.points[0].time, 10);
	ck_assert_uint_eq(g.points[0].inodes, GROWTH_NOT_COUNTED);
	ck_assert_int_eq(g.points[1].time, 20);
	ck_assert_int_eq(g.points[2].time, 40);
	growth_fini(&g);
	write_text("\0\0\0\n1\t2\t3\t4\t5\n", 15);
	g = read_back();
	ck_assert_uint_eq(g.n, 0);
	growth_fini(&g);
}
END_TEST

START_TEST(what_nobody_can_use_is_replaced)
{
	const size_t len = 4 << 20;
	char *text = calloc(1, len), path[400];
	struct growth g;

	memset(text, 'x', len);
	write_text(text, len);
	free(text);
	ck_assert_int_eq(growth_read(data, &g), -1);
	ck_assert_int_eq(growth_note(store, NOW), 0);
	g = read_back();
	ck_assert_uint_eq(g.n, 1);
	growth_fini(&g);
	(void)snprintf(path, sizeof path, "%s/state/growth", data);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(growth_note(store, NOW), 0);
	g = read_back();
	ck_assert_uint_eq(g.n, 1);
	growth_fini(&g);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("growth");
	TCase *tc = tcase_create("forecast");

	tcase_add_test(tc, an_even_growth_is_told_to_the_day);
	tcase_add_test(tc, what_comes_first_counts);
	tcase_add_test(tc, nothing_grows);
	tcase_add_test(tc, too_little_is_no_forecast);
	tcase_add_test(tc, full_is_full);
	tcase_add_test(tc, by_day_and_not_by_night);
	tcase_add_test(tc, jumps_are_no_trend);
	tcase_add_test(tc, gaps_count_by_their_time);
	tcase_add_test(tc, older_weeks_and_the_future_do_not_count);
	tcase_add_test(tc, many_points_are_thinned);
	suite_add_tcase(s, tc);
	tc = tcase_create("file");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_line_is_what_is_there);
	tcase_add_test(tc, one_an_hour);
	tcase_add_test(tc, sixty_days_are_kept);
	tcase_add_test(tc, a_clock_that_was_wrong_costs_what_it_wrote);
	tcase_add_test(tc, lines_of_strangers_are_left_out);
	tcase_add_test(tc, what_nobody_can_use_is_replaced);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
