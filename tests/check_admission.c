#include "config.h"

#include "admission.h"

#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "support.h"

static struct settings settings = { .limits.queue_seconds = 10 };

static enum fault
ask(const char *method, const char *msec, struct progress *progress,
    struct fault_info *info)
{
	struct memory_io m;
	enum fault f;

	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", method);
	memory_io_param(&m, "QUEUE_MSEC", msec);
	progress_start(progress, NULL);
	f = admission_check(&m.io, &settings, progress, info);
	ck_assert_uint_eq(m.at, 0);
	memory_io_fini(&m);
	return f;
}

static void
write_msec(char *out, size_t size, long long ago_ms)
{
	long long then = (long long)clock_wall_ms() - ago_ms;

	(void)snprintf(out, size, "%lld.%03lld", then / 1000, then % 1000);
}

static const struct {
	const char *why;
	long long ago_ms;
	enum fault fault;
	unsigned min_ms, max_ms; /* booked on PHASE_QUEUE */
} waits[] = {
	{ "no wait", 0, FAULT_NONE, 0, 900 },
	{ "a wait within the limit", 5000, FAULT_NONE, 5000, 6000 },
	{ "just within the limit", 9000, FAULT_NONE, 9000, 9990 },
	{ "over the limit", 10500, FAULT_OVERLOADED, 10500, 11500 },
	{ "a clock that was set back", -60000, FAULT_NONE, 0, 0 },
};

START_TEST(a_request_that_waited_too_long_is_refused)
{
	char msec[32];
	struct progress progress;
	struct fault_info info = { 0 };

	write_msec(msec, sizeof msec, waits[_i].ago_ms);
	ck_assert_msg(ask("POST", msec, &progress, &info) == waits[_i].fault,
	    "%s: %s", waits[_i].why, fault_code(info.fault));
	ck_assert_uint_ge(progress_ms(&progress, PHASE_QUEUE),
	    waits[_i].min_ms);
	ck_assert_uint_le(progress_ms(&progress, PHASE_QUEUE),
	    waits[_i].max_ms);
	if (waits[_i].fault != FAULT_NONE) {
		ck_assert(info.has_limit);
		ck_assert_uint_eq(info.limit, 10);
		ck_assert_uint_ge(info.actual, 11);
	}
}
END_TEST

static const char *const odd[] = { NULL, "", "1", "1.2", ".123", "x.123",
	"-1.123", "1.12x", "99999999999999999999999999.123" };

START_TEST(a_strange_queue_time_counts_as_none)
{
	struct progress progress;
	struct fault_info info = { 0 };

	ck_assert_msg(ask("PUT", odd[_i], &progress, &info) == FAULT_NONE, "%s",
	    odd[_i] != NULL ? odd[_i] : "none");
	ck_assert_uint_eq(progress_ms(&progress, PHASE_QUEUE), 0);
}
END_TEST

static const char *const methods[] = { NULL, "", "GET", "HEAD", "DELETE",
	"post", "POSTS" };

START_TEST(only_post_and_put_bring_photos)
{
	struct progress progress;
	struct fault_info info = { 0 };

	ck_assert_int_eq(ask(methods[_i], NULL, &progress, &info),
	    FAULT_METHOD_NOT_ALLOWED);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("admission");
	TCase *tc = tcase_create("parameters");

	tcase_add_loop_test(tc, a_request_that_waited_too_long_is_refused, 0,
	    NELEM(waits));
	tcase_add_loop_test(tc, a_strange_queue_time_counts_as_none, 0,
	    NELEM(odd));
	tcase_add_loop_test(tc, only_post_and_put_bring_photos, 0,
	    NELEM(methods));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
