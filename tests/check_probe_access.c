#include "config.h"

#include "probe_access.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

/* nginx's log as it is written, rotated, cut off and lost. */

#define MINUTE INT64_C(60000)
/* 2026-11-28T09:00:00Z */
#define NINE INT64_C(1795856400000)
#define NEVER (INT64_C(1) << 60)

static const struct probe_position anew;
static struct probe_access *a;
static struct probe_minute minute;
static char path[300];

static void
setup(void)
{
	tempdir_setup();
	(void)snprintf(path, sizeof path, "%s/access.log", tempdir_path());
}

static void
teardown(void)
{
	probe_access_close(a);
	tempdir_teardown();
}

static void
append_to(const char *name, const char *text)
{
	int fd =
	    openat(tempdir_fd(), name, O_WRONLY | O_CREAT | O_APPEND, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fd_write_full(fd, text, strlen(text)), 0);
	fd_close(&fd);
}

/* A line as nginx writes it, so many minutes after nine. */
static void
put(const char *name, int after, const char *uri, unsigned status)
{
	char line[700];

	(void)snprintf(line, sizeof line,
	    "{\"time\":\"2026-11-28T10:%02d:30+01:00\",\"id\":\"00\","
	    "\"remote\":\"192.0.2.1\",\"method\":\"GET\",\"uri\":\"%s\","
	    "\"status\":%u,\"bytes_in\":1,\"bytes\":2,\"seconds\":0.001,"
	    "\"upstream_status\":\"500\"}\n",
	    after, uri, status);
	append_to(name, line);
}

static void
open_at(const struct probe_position *from, int64_t now)
{
	probe_access_close(a);
	a = probe_access_open(path, "/m", "mark", from, now);
	ck_assert_ptr_nonnull(a);
}

static void
assert_minute(int after, uint64_t total, uint64_t errors)
{
	ck_assert(probe_access_take(a, NEVER, &minute));
	ck_assert_int_eq(minute.start, NINE + after * MINUTE);
	ck_assert_uint_eq(minute.total, total);
	ck_assert_uint_eq(minute.errors, errors);
}

static void
assert_no_more(void)
{
	ck_assert(!probe_access_take(a, NEVER, &minute));
}

static const struct {
	const char *uri;
	bool counts;
} addresses[] = {
	{ "/m/upload", true },
	{ "/m/upload?expires=30d", true },
	{ "/m/t/4oymiquy7qobjgx36tejs35zeq/large.jpg?v=7d9cf94d", true },
	{ "/m/photos/4oymiquy7qobjgx36tejs35zeq", true },
	{ "/m/t/x\\\"y", true },
	{ "/m/upload?probe=another", true },
	{ "/m/upload?expires=900&probe=mark", false },
	{ "/m/t/x/a.jpg?v=1&probe=mark", false },
	{ "/m/health/ready", false },
	{ "/m/metrics", false },
	{ "/m/status.json", false },
	{ "/m/", false },
	{ "/m/uploads", false },
	{ "/t/x", false },
	{ "", false },
};

START_TEST(uploads_and_thumbnails_of_others_count)
{
	append_to("access.log", "");
	open_at(&anew, NINE);
	put("access.log", 1, addresses[_i].uri, 200);
	ck_assert(!probe_access_read(a));
	if (addresses[_i].counts)
		assert_minute(1, 1, 0);
	assert_no_more();
}
END_TEST

START_TEST(a_minute_has_its_total_and_its_errors)
{
	append_to("access.log", "");
	open_at(&anew, NINE);
	put("access.log", 1, "/m/upload", 201);
	put("access.log", 1, "/m/upload", 499);
	put("access.log", 1, "/m/upload", 429);
	put("access.log", 2, "/m/upload", 502);
	put("access.log", 1, "/m/upload", 503);
	put("access.log", 1, "/m/upload", 0);
	ck_assert(!probe_access_read(a));
	ck_assert(!probe_access_take(a, NINE, &minute));
	assert_minute(1, 4, 1);
	/* A line of it that comes later is too late. */
	put("access.log", 1, "/m/upload", 500);
	ck_assert(!probe_access_read(a));
	ck_assert(!probe_access_take(a, NINE + MINUTE, &minute));
	assert_minute(2, 1, 1);
	assert_no_more();
}
END_TEST

START_TEST(what_was_there_before_is_nobodys_business)
{
	put("access.log", 1, "/m/upload", 200);
	open_at(&anew, NINE + MINUTE + 30000);
	put("access.log", 1, "/m/upload", 500);
	put("access.log", 2, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	assert_minute(2, 1, 0);
	assert_no_more();
}
END_TEST

START_TEST(half_a_line_waits_for_its_end)
{
	append_to("access.log", "");
	open_at(&anew, NINE);
	append_to("access.log",
	    "{\"time\":\"2026-11-28T09:01:00+00:00\",\"uri\":\"/m/up");
	ck_assert(!probe_access_read(a));
	assert_no_more();
	append_to("access.log", "load\",\"status\":200,\"x\":1}\n");
	ck_assert(!probe_access_read(a));
	assert_minute(1, 1, 0);
}
END_TEST

static const char *const foreign[] = {
	"\n",
	"127.0.0.1 - - [28/Nov/2026] \"GET /m/upload HTTP/1.1\" 500\n",
	"{\"time\":\"2026-11-28T09:01:00\n",
	"{\"time\":\"yesterday, at about nine o'clock\",\"uri\":\"/m/upload\","
	"\"status\":500}\n",
	"{\"time\":\"2026-11-28T09:01:00+00:00\",\"uri\":\"/m/upload\","
	"\"status\":",
	"{\"uri\":\"/m/upload\",\"status\":500}\n",
	"{\"time\":\"2026-11-28T09:01:00+00:00\",\"status\":500}\n",
	"{\"time\":\"2026-11-28T09:01:00+00:00\",\"uri\":\"/m/upload,\"}\n",
	"{\"time\":\"2026-11-28T09:01:00+00:00\",\"uri\":\"/m/upload\","
	"\"upstream_status\":500}\n",
};

START_TEST(lines_of_others_are_passed_over)
{
	append_to("access.log", "");
	open_at(&anew, NINE);
	append_to("access.log", foreign[_i]);
	append_to("access.log", "\n");
	put("access.log", 1, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	assert_minute(1, 1, 0);
	assert_no_more();
}
END_TEST

START_TEST(a_line_without_an_end_costs_itself)
{
	char *much = malloc((1 << 20) + 1);

	ck_assert_ptr_nonnull(much);
	memset(much, 'x', 1 << 20);
	much[1 << 20] = '\0';
	append_to("access.log", "");
	open_at(&anew, NINE);
	append_to("access.log", much);
	append_to("access.log", "\n");
	put("access.log", 1, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	assert_minute(1, 1, 0);
	free(much);
}
END_TEST

static void
rotate(void)
{
	ck_assert_int_eq(renameat(tempdir_fd(), "access.log", tempdir_fd(),
			     "access.log.1"),
	    0);
}

START_TEST(a_rotation_loses_no_line)
{
	append_to("access.log", "");
	open_at(&anew, NINE);
	put("access.log", 1, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	rotate();
	put("access.log.1", 1, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	/* The new one is there, and a worker still writes to the old one. */
	put("access.log", 2, "/m/upload", 200);
	put("access.log.1", 1, "/m/upload", 500);
	ck_assert(!probe_access_read(a));
	put("access.log.1", 2, "/m/upload", 500);
	put("access.log", 2, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	assert_minute(1, 3, 1);
	assert_minute(2, 3, 1);
	assert_no_more();
}
END_TEST

START_TEST(a_log_that_is_cut_off_begins_anew)
{
	append_to("access.log", "");
	open_at(&anew, NINE);
	for (int i = 0; i < 5; i++)
		put("access.log", 1, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	ck_assert_int_eq(truncate(path, 0), 0);
	put("access.log", 2, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	assert_minute(1, 5, 0);
	assert_minute(2, 1, 0);
	assert_no_more();
}
END_TEST

START_TEST(a_log_may_come_later_and_go)
{
	open_at(&anew, NINE);
	ck_assert(!probe_access_read(a));
	put("access.log", 1, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert(!probe_access_read(a));
	put("access.log", 2, "/m/upload", 200);
	ck_assert(!probe_access_read(a));
	assert_minute(1, 1, 0);
	assert_minute(2, 1, 0);
}
END_TEST

START_TEST(what_is_no_file_is_not_read)
{
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	open_at(&anew, NINE);
	ck_assert(!probe_access_read(a));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert(!probe_access_read(a));
	assert_no_more();
}
END_TEST

/* Each minute whole and once, with a new reader after each look. */
START_TEST(another_reader_goes_on_where_one_stopped)
{
	struct probe_position at = anew;

	append_to("access.log", "");
	open_at(&anew, NINE);
	for (int i = 1; i < 5; i++) {
		put("access.log", i, "/m/upload", 200);
		ck_assert(!probe_access_read(a));
		at = probe_access_position(a);
		open_at(&at, NINE + i * MINUTE);
		put("access.log", i, "/m/upload", 500);
		if (i == 3)
			rotate();
		ck_assert(!probe_access_read(a));
		at = probe_access_position(a);
		open_at(&at, NINE + i * MINUTE);
		put("access.log", i + 1, "/m/upload", 200);
		ck_assert(!probe_access_read(a));
		ck_assert(probe_access_take(a, NINE + i * MINUTE, &minute));
		ck_assert_int_eq(minute.start, NINE + i * MINUTE);
		ck_assert_uint_eq(minute.total, i > 1 ? 3 : 2);
		ck_assert_uint_eq(minute.errors, 1);
		ck_assert(!probe_access_take(a, NINE + i * MINUTE, &minute));
		at = probe_access_position(a);
		open_at(&at, NINE + i * MINUTE);
	}
}
END_TEST

START_TEST(more_minutes_than_there_is_room_for_come_in_turn)
{
	int told = 0;
	bool more;

	append_to("access.log", "");
	open_at(&anew, NINE - 60 * MINUTE);
	for (int i = 0; i < 60; i++)
		put("access.log", i, "/m/upload", 200);
	for (int i = 0; i < 60; i++) {
		char line[200];

		(void)snprintf(line, sizeof line,
		    "{\"time\":\"2026-11-28T10:%02d:00+00:00\",\"uri\":"
		    "\"/m/upload\",\"status\":200,\"x\":1}\n",
		    i);
		append_to("access.log", line);
	}
	do {
		more = probe_access_read(a);
		while (probe_access_take(a, NEVER, &minute)) {
			ck_assert_int_eq(minute.start, NINE + told * MINUTE);
			ck_assert_uint_eq(minute.total, 1);
			told++;
		}
	} while (more);
	ck_assert_int_eq(told, 120);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("probe_access");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_loop_test(all, uploads_and_thumbnails_of_others_count, 0,
	    NELEM(addresses));
	tcase_add_test(all, a_minute_has_its_total_and_its_errors);
	tcase_add_test(all, what_was_there_before_is_nobodys_business);
	tcase_add_test(all, half_a_line_waits_for_its_end);
	tcase_add_loop_test(all, lines_of_others_are_passed_over, 0,
	    NELEM(foreign));
	tcase_add_test(all, a_line_without_an_end_costs_itself);
	tcase_add_test(all, a_rotation_loses_no_line);
	tcase_add_test(all, a_log_that_is_cut_off_begins_anew);
	tcase_add_test(all, a_log_may_come_later_and_go);
	tcase_add_test(all, what_is_no_file_is_not_read);
	tcase_add_test(all, another_reader_goes_on_where_one_stopped);
	tcase_add_test(all, more_minutes_than_there_is_room_for_come_in_turn);
	suite_add_tcase(s, all);
	return run_suite(s);
}
