#include "config.h"

#include "window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

/* What each slot answered, from a log as nginx writes and logrotate turns it. */

/* 2026-11-28T09:00:00Z */
#define NINE INT64_C(1795856400000)

static struct window *w;
static struct verdict_sample sample;
static char path[300];

static void
append_to(const char *name, const char *text)
{
	int fd =
	    openat(tempdir_fd(), name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fd_write_full(fd, text, strlen(text)), 0);
	fd_close(&fd);
}

static void
setup(void)
{
	tempdir_setup();
	(void)snprintf(path, sizeof path, "%s/access.log", tempdir_path());
	append_to("access.log", "");
	w = window_open(path, "/m", "mark", NINE);
	ck_assert_ptr_nonnull(w);
}

static void
teardown(void)
{
	window_close(w);
	w = NULL;
	tempdir_teardown();
}

struct request {
	const char *method, *uri;
	unsigned status;
	const char *upstream, *seconds, *slot; /* slot NULL: an older nginx's */
};

static void
put_at(const char *name, unsigned second, const struct request *r)
{
	char line[900], slot[40] = "";

	if (r->slot != NULL)
		(void)snprintf(slot, sizeof slot, ",\"slot\":\"%s\"", r->slot);
	(void)snprintf(line, sizeof line,
	    "{\"time\":\"2026-11-28T10:00:%02u+01:00\",\"id\":\"00\","
	    "\"remote\":\"192.0.2.1\",\"method\":\"%s\",\"uri\":\"%s\","
	    "\"status\":%u,\"bytes_in\":1,\"bytes\":2,\"seconds\":9.001,"
	    "\"upstream_status\":\"%s\",\"upstream_connect\":\"0.000\","
	    "\"upstream_header\":\"0.001\",\"upstream_seconds\":\"%s\"%s}\n",
	    second, r->method, r->uri, r->status, r->upstream, r->seconds,
	    slot);
	append_to(name, line);
}

static void
put(const struct request *r)
{
	put_at("access.log", 30, r);
}

static const struct request good = { "POST", "/m/upload", 201, "201", "0.042",
	"blue" };
static const struct request bad = { "POST", "/m/upload", 502, "502", "0.042",
	"blue" };

static void
look(enum release_slot slot)
{
	ck_assert_int_eq(window_read(w), 0);
	window_sample(w, slot, &sample);
}

static void
assert_counts(enum release_slot slot, uint64_t requests, uint64_t errors)
{
	look(slot);
	ck_assert_uint_eq(sample.requests, requests);
	ck_assert_uint_eq(sample.errors, errors);
}

/* ---- which requests ---- */

static const struct {
	struct request r;
	unsigned requests, errors, refusals, times;
} rows[] = {
	{ { "POST", "/m/upload", 201, "201", "0.042", "blue" }, 1, 0, 0, 1 },
	{ { "PUT", "/m/upload?expires=30d", 200, "200", "0.0", "blue" }, 1, 0,
	    0, 0 },
	{ { "PUT", "/m/upload", 200, "200", "1.500", "blue" }, 1, 0, 0, 1 },
	{ { "POST", "/m/photos/x/claims", 201, "201", "0.001", "blue" }, 1, 0,
	    0, 0 },
	{ { "DELETE", "/m/photos/x", 204, "204", "0.001", "blue" }, 1, 0, 0,
	    0 },
	/* A first render; a file; a prober's. */
	{ { "GET", "/m/t/x/a.webp", 200, "200", "0.100", "blue" }, 1, 0, 0, 0 },
	{ { "GET", "/m/t/x/a.jpg", 200, "", "", "blue" }, 0, 0, 0, 0 },
	{ { "POST", "/m/upload?probe=mark", 500, "500", "0.1", "blue" }, 0, 0,
	    0, 0 },
	{ { "GET", "/m/health/ready", 503, "503", "0.001", "blue" }, 0, 0, 0,
	    0 },
	{ { "POST", "/upload", 500, "500", "0.001", "blue" }, 0, 0, 0, 0 },
	/* Errors, whoever words them. */
	{ { "POST", "/m/upload", 500, "500", "0.042", "blue" }, 1, 1, 0, 0 },
	{ { "POST", "/m/upload", 503, "502", "-", "blue" }, 1, 1, 0, 0 },
	{ { "POST", "/m/upload", 507, "507", "0.042", "blue" }, 1, 1, 0, 0 },
	{ { "GET", "/m/t/x/a.webp", 504, "504", "20.000", "blue" }, 1, 1, 0,
	    0 },
	/* Refused as photos; refused by nginx; not found. */
	{ { "POST", "/m/upload", 415, "415", "0.042", "blue" }, 1, 0, 1, 0 },
	{ { "POST", "/m/upload", 422, "422", "0.042", "blue" }, 1, 0, 1, 0 },
	{ { "POST", "/m/upload", 413, "", "", "blue" }, 0, 0, 0, 0 },
	{ { "DELETE", "/m/photos/x", 404, "404", "0.001", "blue" }, 1, 0, 0,
	    0 },
	/* Neither good nor bad. */
	{ { "POST", "/m/upload", 429, "429", "0.001", "blue" }, 0, 0, 0, 0 },
	{ { "POST", "/m/upload", 499, "-", "3.001", "blue" }, 0, 0, 0, 0 },
};

START_TEST(what_a_worker_was_asked_for_counts)
{
	put(&rows[_i].r);
	assert_counts(SLOT_BLUE, rows[_i].requests, rows[_i].errors);
	ck_assert_uint_eq(sample.refusals, rows[_i].refusals);
	ck_assert_uint_eq(sample.n_ms, rows[_i].times);
	assert_counts(SLOT_GREEN, 0, 0);
	assert_counts(SLOT_NONE, 0, 0);
}
END_TEST

static const struct {
	const char *slot;
	int counts; /* for that one; -1: for none */
} slots[] = {
	{ "blue", SLOT_BLUE },
	{ "green", SLOT_GREEN },
	{ "none", SLOT_NONE },
	{ NULL, SLOT_NONE },
	{ "", -1 },
	{ "bluegreen", -1 },
	{ "blu", -1 },
};

START_TEST(each_counts_for_its_slot)
{
	struct request r = bad;

	r.slot = slots[_i].slot;
	put(&r);
	for (int slot = 0; slot < SLOT_COUNT; slot++)
		assert_counts((enum release_slot)slot, slot == slots[_i].counts,
		    slot == slots[_i].counts);
}
END_TEST

static const struct {
	const char *seconds;
	int ms; /* -1: it has none */
} times[] = {
	{ "0.042", 42 },
	{ "12.001", 12001 },
	{ "0.010, 0.020", 30 },
	{ "0.010 : 0.020", 30 },
	{ "-, 0.020", 20 },
	{ "0.000", 0 },
	{ "", -1 },
	{ "-", -1 },
	{ "0.01", -1 },
	{ "0,010", -1 },
	{ "x.010", -1 },
	{ "99999999999999999999.000", -1 },
};

START_TEST(times_are_those_of_the_workers)
{
	struct request r = good;

	r.seconds = times[_i].seconds;
	put(&r);
	look(SLOT_BLUE);
	ck_assert_uint_eq(sample.requests, 1);
	ck_assert_uint_eq(sample.n_ms, times[_i].ms != -1);
	if (times[_i].ms != -1)
		ck_assert_uint_eq(sample.ms[0], (unsigned)times[_i].ms);
}
END_TEST

static const struct {
	const char *queue;
	unsigned ms;
} queues[] = {
	{ "0", 500 },
	{ "420", 80 },
	{ "700", 0 }, /* two clocks do not agree */
	{ "", 500 },  /* no worker said it */
	{ "-1", 500 },
	{ "99999999999999", 500 },
};

START_TEST(waiting_for_a_worker_is_no_work)
{
	char line[400];

	(void)snprintf(line, sizeof line,
	    "{\"time\":\"2026-11-28T10:00:30+01:00\",\"method\":\"PUT\","
	    "\"uri\":\"/m/upload\",\"status\":201,\"slot\":\"blue\","
	    "\"upstream_status\":\"201\",\"upstream_seconds\":\"0.500\","
	    "\"queue_ms\":\"%s\"}\n",
	    queues[_i].queue);
	append_to("access.log", line);
	look(SLOT_BLUE);
	ck_assert_uint_eq(sample.n_ms, 1);
	ck_assert_uint_eq(sample.ms[0], queues[_i].ms);
}
END_TEST

/* ---- from when on ---- */

START_TEST(what_was_there_before_does_not_count)
{
	put(&bad);
	window_close(w);
	w = window_open(path, "/m", "mark", NINE);
	ck_assert_ptr_nonnull(w);
	put(&good);
	assert_counts(SLOT_BLUE, 1, 0);
}
END_TEST

START_TEST(a_step_begins_with_a_whole_second)
{
	window_begin(w, NINE + 30500);
	put_at("access.log", 29, &bad);
	put_at("access.log", 30, &bad);
	put_at("access.log", 31, &good);
	assert_counts(SLOT_BLUE, 1, 0);
	/* Lines come later than what they tell. */
	put_at("access.log", 59, &good);
	window_begin(w, NINE + 40000);
	assert_counts(SLOT_BLUE, 1, 0);
	window_begin(w, NINE + 59000);
	assert_counts(SLOT_BLUE, 0, 0);
	put_at("access.log", 59, &bad);
	assert_counts(SLOT_BLUE, 1, 1);
	ck_assert_uint_eq(sample.n_ms, 0);
}
END_TEST

/* ---- the log ---- */

static const char *const foreign[] = {
	"\n",
	"127.0.0.1 - - [28/Nov/2026] \"POST /m/upload HTTP/1.1\" 500\n",
	"{\"time\":\"2026-11-28T10:00:30+01:00\",\"uri\":\"/m/upload\","
	"\"status\":500,\"upstream_status\":\n",
	"{\"time\":\"2026-11-28T10:00:30+01:00\",\"uri\":\"/m/upload\","
	"\"status\":5\n",
	"{\"time\":\"2026-11-28T10:00:3\",\"uri\":\"/m/upload\","
	",\"status\":500,\"upstream_status\":\"500\"}\n",
	"{\"time\":\"2026-11-28T10:00:xx+01:00\",\"uri\":\"/m/upload\","
	",\"status\":500,\"upstream_status\":\"500\"}\n",
};

START_TEST(lines_of_others_are_passed_over)
{
	append_to("access.log", foreign[_i]);
	put(&good);
	for (int slot = 0; slot < SLOT_COUNT; slot++)
		assert_counts((enum release_slot)slot, slot == SLOT_BLUE, 0);
}
END_TEST

START_TEST(a_client_cannot_speak_for_another_slot)
{
	struct request r = good;

	r.uri =
	    "/m/upload?x=\\\",\\\"slot\\\":\\\"green\\\",\\\"status\\\":500";
	put(&r);
	assert_counts(SLOT_BLUE, 1, 0);
	assert_counts(SLOT_GREEN, 0, 0);
}
END_TEST

START_TEST(a_cut_line_waits_for_its_end)
{
	append_to("access.log",
	    "{\"time\":\"2026-11-28T10:00:30+01:00\",\"uri\":\"/m/up");
	assert_counts(SLOT_NONE, 0, 0);
	append_to("access.log",
	    "load\",\"status\":500,\"upstream_status\":\"500\"}\n");
	assert_counts(SLOT_NONE, 1, 1);
}
END_TEST

START_TEST(a_rotation_loses_and_doubles_no_line)
{
	put(&good);
	assert_counts(SLOT_BLUE, 1, 0);
	ck_assert_int_eq(renameat(tempdir_fd(), "access.log", tempdir_fd(),
			     "access.log.1"),
	    0);
	put_at("access.log.1", 31, &good);
	assert_counts(SLOT_BLUE, 2, 0);
	put_at("access.log", 32, &good);
	put_at("access.log.1", 32, &bad);
	assert_counts(SLOT_BLUE, 4, 1);
	put_at("access.log.1", 32, &bad);
	put_at("access.log", 33, &good);
	assert_counts(SLOT_BLUE, 6, 2);
	assert_counts(SLOT_BLUE, 6, 2);
}
END_TEST

START_TEST(a_log_that_is_cut_off_begins_anew)
{
	for (unsigned i = 0; i < 5; i++)
		put(&good);
	assert_counts(SLOT_BLUE, 5, 0);
	ck_assert_int_eq(truncate(path, 0), 0);
	put(&bad);
	assert_counts(SLOT_BLUE, 6, 1);
}
END_TEST

START_TEST(a_log_that_is_not_there_is_an_error)
{
	char none[320];

	(void)snprintf(none, sizeof none, "%s.none", path);
	errno = 0;
	ck_assert_ptr_null(window_open(none, "/m", "", NINE));
	ck_assert_int_eq(errno, ENOENT);
	/* One that went comes back with the next rotation. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(window_read(w), 0);
	put(&good);
	assert_counts(SLOT_BLUE, 1, 0);
}
END_TEST

START_TEST(without_a_prober_all_count)
{
	struct request r = good;

	window_close(w);
	w = window_open(path, "", "", NINE);
	ck_assert_ptr_nonnull(w);
	r.uri = "/upload?probe=";
	put(&r);
	assert_counts(SLOT_BLUE, 1, 0);
}
END_TEST

/* ---- many ---- */

START_TEST(the_times_of_many_are_those_of_all)
{
	FILE *log = fopen(path, "a");

	ck_assert_ptr_nonnull(log);
	/* The slow ones come last, and a cap alone would not have them. */
	for (unsigned i = 0; i < 40000; i++)
		ck_assert_int_gt(
		    fprintf(log,
			"{\"time\":\"2026-11-28T10:00:30+01:00\",\"uri\":"
			"\"/m/upload\",\"status\":201,\"upstream_status\":"
			"\"201\",\"upstream_seconds\":\"%s\",\"slot\":\"%s\"}"
			"\n",
			i < 36000 ? "0.100" : "0.900",
			i % 2 == 0 ? "green" : "blue"),
		    0);
	ck_assert_int_eq(fclose(log), 0);
	look(SLOT_GREEN);
	ck_assert_uint_eq(sample.requests, 20000);
	ck_assert_uint_eq(sample.n_ms, 10000);
	for (size_t i = 1; i < sample.n_ms; i++)
		ck_assert_uint_le(sample.ms[i - 1], sample.ms[i]);
	ck_assert_uint_eq(sample.ms[8850], 100);
	ck_assert_uint_eq(sample.ms[9150], 900);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("window");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_loop_test(all, what_a_worker_was_asked_for_counts, 0,
	    NELEM(rows));
	tcase_add_loop_test(all, each_counts_for_its_slot, 0, NELEM(slots));
	tcase_add_loop_test(all, times_are_those_of_the_workers, 0,
	    NELEM(times));
	tcase_add_loop_test(all, waiting_for_a_worker_is_no_work, 0,
	    NELEM(queues));
	tcase_add_test(all, what_was_there_before_does_not_count);
	tcase_add_test(all, a_step_begins_with_a_whole_second);
	tcase_add_loop_test(all, lines_of_others_are_passed_over, 0,
	    NELEM(foreign));
	tcase_add_test(all, a_client_cannot_speak_for_another_slot);
	tcase_add_test(all, a_cut_line_waits_for_its_end);
	tcase_add_test(all, a_rotation_loses_and_doubles_no_line);
	tcase_add_test(all, a_log_that_is_cut_off_begins_anew);
	tcase_add_test(all, a_log_that_is_not_there_is_an_error);
	tcase_add_test(all, without_a_prober_all_count);
	tcase_add_test(all, the_times_of_many_are_those_of_all);
	suite_add_tcase(s, all);
	return run_suite(s);
}
