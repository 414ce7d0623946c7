#include "config.h"

/*
 * The request's body: its announced length, its limits in bytes and time, and
 * streams that break off.
 */

#include "body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static struct memory_io m;
static struct progress progress;
static struct fault_info info;

static void
setup(void)
{
	memory_io_init(&m, "12345678", 8);
	progress_start(&progress, NULL);
}

static void
teardown(void)
{
	memory_io_fini(&m);
}

/* Open and read all of it, four bytes at a time, into got. */
static enum fault
read_all(char got[8], size_t *n)
{
	struct body body;
	char piece[4];
	enum fault f = body_open(&body, &m.io, &progress, 100, &info);
	size_t len = 1;

	*n = 0;
	while (f == FAULT_NONE && len > 0) {
		f = body_read(&body, piece, sizeof piece, &len, &info);
		if (f != FAULT_NONE)
			break;
		ck_assert_uint_le(*n + len, 8);
		memcpy(got + *n, piece, len);
		*n += len;
	}
	return f;
}

static const struct {
	const char *length;
	enum fault fault;
} lengths[] = {
	{ NULL, FAULT_BAD_REQUEST },
	{ "", FAULT_BAD_REQUEST },
	{ "abc", FAULT_BAD_REQUEST },
	{ "-1", FAULT_BAD_REQUEST },
	{ "+5", FAULT_BAD_REQUEST },
	{ " 5", FAULT_BAD_REQUEST },
	{ "5 ", FAULT_BAD_REQUEST },
	{ "0x5", FAULT_BAD_REQUEST },
	{ "99999999999999999999999999", FAULT_BAD_REQUEST },
	{ "18446744073709551615", FAULT_BODY_TOO_LARGE },
	{ "101", FAULT_BODY_TOO_LARGE },
	{ "100", FAULT_NONE },
	{ "5", FAULT_NONE },
	{ "0", FAULT_NONE },
};

START_TEST(length_is_digits_within_the_limit)
{
	struct body body;
	enum fault f;

	memory_io_param(&m, "CONTENT_LENGTH", lengths[_i].length);
	f = body_open(&body, &m.io, &progress, 100, &info);
	ck_assert_int_eq(f, lengths[_i].fault);
	if (f == FAULT_BODY_TOO_LARGE) {
		ck_assert(info.has_limit);
		ck_assert_uint_eq(info.limit, 100);
		ck_assert_uint_eq(info.actual,
		    strtoull(lengths[_i].length, NULL, 10));
	}
}
END_TEST

static const char *const announced[] = { "0", "1", "3", "4", "7", "8" };

START_TEST(body_is_read_to_its_announced_end_and_not_beyond)
{
	size_t want = strtoul(announced[_i], NULL, 10), n;
	char got[8];

	memory_io_param(&m, "CONTENT_LENGTH", announced[_i]);
	ck_assert_int_eq(read_all(got, &n), FAULT_NONE);
	ck_assert_uint_eq(n, want);
	ck_assert_uint_eq(m.at, want);
	if (n > 0)
		ck_assert_mem_eq(got, "12345678", n);
}
END_TEST

static const struct {
	int error; /* 0: the stream ends */
	enum fault fault;
	bool has_cause;
} broken[] = {
	{ 0, FAULT_BODY_TRUNCATED, false },
	{ EPROTO, FAULT_BODY_TRUNCATED, true },
	{ EIO, FAULT_BODY_TRUNCATED, true },
	{ ETIMEDOUT, FAULT_BODY_TIMEOUT, false },
};

START_TEST(stream_that_breaks_off_is_no_end)
{
	char got[8];
	size_t n;

	m.fail_at = 5;
	m.fail_errno = broken[_i].error;
	ck_assert_int_eq(read_all(got, &n), broken[_i].fault);
	ck_assert_uint_eq(n, 5);
	ck_assert_str_eq(info.detail, "5 of 8 announced bytes came.");
	ck_assert_int_eq(info.cause[0] != '\0', broken[_i].has_cause);
}
END_TEST

START_TEST(nothing_is_read_after_the_deadline)
{
	char got[8];
	size_t n;

	progress.deadline_ns = 1;
	ck_assert_int_eq(read_all(got, &n), FAULT_BODY_TIMEOUT);
	ck_assert_uint_eq(m.at, 0);
}
END_TEST

static Suite *
body_suite(void)
{
	Suite *s = suite_create("body");
	TCase *tc = tcase_create("reading");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, length_is_digits_within_the_limit, 0,
	    (int)NELEM(lengths));
	tcase_add_loop_test(tc,
	    body_is_read_to_its_announced_end_and_not_beyond, 0,
	    (int)NELEM(announced));
	tcase_add_loop_test(tc, stream_that_breaks_off_is_no_end, 0,
	    (int)NELEM(broken));
	tcase_add_test(tc, nothing_is_read_after_the_deadline);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return run_suite(body_suite());
}
