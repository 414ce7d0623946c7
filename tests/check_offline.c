#include "config.h"

#include "store_admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "stores.h"
#include "support.h"

/* The hour off: what is in state/offline, and what counts of it. */

#define FROM INT64_C(1795856400) /* 2026-11-28T09:00:00Z */
#define HOUR 3600

static char data[STORE_PATH_MAX];
static struct store *store;
static struct store_offline off;

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

static void
put(const char *text, size_t len)
{
	(void)unlinkat(tempdir_fd(), "store/state/offline", 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "store/state/offline",
			     0600, text, len),
	    0);
}

static void
go_offline(int64_t from, int64_t until, const char *reason)
{
	off = (struct store_offline){ .from = from, .until = until };
	(void)snprintf(off.reason, sizeof off.reason, "%s", reason);
	(void)snprintf(off.by, sizeof off.by, "alice");
	ck_assert_int_eq(store_go_offline(store, &off), 0);
	memset(&off, 0, sizeof off);
}

START_TEST(it_begins_and_ends_by_the_clock_alone)
{
	struct store *later;

	ck_assert(!store_is_offline(store, FROM, &off));
	go_offline(FROM, FROM + HOUR, "a new disk");
	ck_assert(store_is_offline(store, FROM, &off));
	ck_assert_int_eq(off.from, FROM);
	ck_assert_int_eq(off.until, FROM + HOUR);
	ck_assert_str_eq(off.reason, "a new disk");
	ck_assert_str_eq(off.by, "alice");
	/* By another process, which may be a second behind. */
	later = stores_open(data);
	ck_assert(store_is_offline(later, FROM - 1, &off));
	ck_assert(store_is_offline(later, FROM + HOUR - 1, &off));
	ck_assert(!store_is_offline(later, FROM + HOUR, &off));
	store_close(later);
}
END_TEST

START_TEST(a_clock_that_is_set_back_does_not_prolong_it)
{
	go_offline(FROM, FROM + HOUR, "a new disk");
	ck_assert(!store_is_offline(store, FROM - HOUR, &off));
	ck_assert(!store_is_offline(store, 0, &off));
	ck_assert(!store_is_offline(store, INT64_MAX, &off));
}
END_TEST

START_TEST(the_last_one_counts_until_it_is_taken_back)
{
	go_offline(FROM, FROM + HOUR, "one");
	go_offline(FROM, FROM + 2 * HOUR, "two");
	ck_assert(store_is_offline(store, FROM + HOUR, &off));
	ck_assert_str_eq(off.reason, "two");
	ck_assert_int_eq(store_go_online(store), 0);
	ck_assert(!store_is_offline(store, FROM, &off));
	ck_assert_int_eq(store_go_online(store), 0);
	/* Nothing lies about. */
	ck_assert_uint_eq(count_entries(store_staging_path(store)), 0);
}
END_TEST

#define TIMES \
	"\"from\":\"2026-11-28T09:00:00Z\",\"until\":\"2026-11-28T10:00:00Z\""

static const struct {
	const char *text;
	bool is_off;
	const char *reason;
} files[] = {
	{ "{" TIMES ",\"reason\":\"why\",\"by\":\"root\"}", true, "why" },
	{ "{" TIMES "}", true, "" },
	{ "{" TIMES ",\"new\":[1]}\n", true, "" },
	/* Words that are not to be shown. */
	{ "{" TIMES ",\"reason\":7}", true, "" },
	{ "{" TIMES ",\"reason\":\"a\\nb\"}", true, "" },
	{ "{" TIMES ",\"reason\":\"a\\u001b[31m\"}", true, "" },
	{ "{" TIMES ",\"reason\":\"a\\u009b31m\"}", true, "" },
	{ "{" TIMES ",\"reason\":\"\\u00e9\"}", true, "\u00e9" },
	/* Times that are none, or too long. */
	{ "{\"from\":\"2026-11-28T09:00:00Z\"}", false, "" },
	{ "{\"until\":\"2026-11-28T10:00:00Z\"}", false, "" },
	{ "{\"from\":1795856400,\"until\":1795860000}", false, "" },
	{ "{\"from\":\"2026-11-28T09:00:00Z\","
	  "\"until\":\"2026-11-29T09:00:01Z\"}",
	    false, "" },
	{ "{\"from\":\"0001-01-01T00:00:00Z\","
	  "\"until\":\"9999-12-31T23:59:59Z\"}",
	    false, "" },
	{ "{\"from\":\"2026-11-28T10:00:00Z\","
	  "\"until\":\"2026-11-28T09:00:00Z\"}",
	    false, "" },
	/* No such thing at all. */
	{ "", false, "" },
	{ "{", false, "" },
	{ "[]", false, "" },
	{ "null", false, "" },
	{ "{" TIMES "} and more", false, "" },
	{ "{" TIMES ",\"reason\":\"\xff\"}", false, "" },
};

START_TEST(whatever_the_file_says_is_read_with_care)
{
	put(files[_i].text, strlen(files[_i].text));
	ck_assert(store_is_offline(store, FROM + 60, &off) == files[_i].is_off);
	if (files[_i].is_off)
		ck_assert_str_eq(off.reason, files[_i].reason);
}
END_TEST

START_TEST(a_file_of_any_size_or_kind_keeps_nobody_off)
{
	static char large[1 << 16];
	int len = snprintf(large, sizeof large, "{" TIMES ",\"reason\":\"");

	memset(large + len, 'x', sizeof large - (size_t)len);
	memcpy(large + sizeof large - 2, "\"}", 2);
	put(large, sizeof large);
	ck_assert(!store_is_offline(store, FROM, &off));
	ck_assert_int_eq(unlinkat(tempdir_fd(), "store/state/offline", 0), 0);
	ck_assert_int_eq(mkdirat(tempdir_fd(), "store/state/offline", 0700), 0);
	ck_assert(!store_is_offline(store, FROM, &off));
}
END_TEST

START_TEST(a_reason_as_long_as_may_be_is_told_whole)
{
	struct fault_info info = { 0 };
	char reason[STORE_REASON_MAX + 1];
	int64_t now = (int64_t)time(NULL);

	memset(reason, 'r', sizeof reason - 1);
	reason[sizeof reason - 1] = '\0';
	ck_assert_int_eq(store_check_offline(store, &info), FAULT_NONE);
	go_offline(now, now + STORE_OFFLINE_MAX, reason);
	ck_assert_int_eq(store_check_offline(store, &info), FAULT_OFFLINE);
	ck_assert_str_eq(info.detail + info.reason, reason);
	ck_assert_int_eq(info.until, now + STORE_OFFLINE_MAX);
	ck_assert_int_eq(strncmp(info.detail, "The service is off until ", 25),
	    0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("offline");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, it_begins_and_ends_by_the_clock_alone);
	tcase_add_test(all, a_clock_that_is_set_back_does_not_prolong_it);
	tcase_add_test(all, the_last_one_counts_until_it_is_taken_back);
	tcase_add_loop_test(all, whatever_the_file_says_is_read_with_care, 0,
	    NELEM(files));
	tcase_add_test(all, a_file_of_any_size_or_kind_keeps_nobody_off);
	tcase_add_test(all, a_reason_as_long_as_may_be_is_told_whole);
	suite_add_tcase(s, all);
	return run_suite(s);
}
