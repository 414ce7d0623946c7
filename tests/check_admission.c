#include "config.h"

#include "admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "machine.h"
#include "secrets_file.h"
#include "support.h"
#include "token.h"

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

/* Uploads that need a token */

#define FORM "multipart/form-data; boundary=AaB03x"
#define PHOTO "image/jpeg"
#define EXPIRED "expired"
#define GOOD "good" /* allows 1000 bytes */

static const struct {
	const char *why;
	const char *type;
	const char *token; /* GOOD and EXPIRED stand for one of that kind */
	const char *length;
	enum fault fault;
} token_cases[] = {
	{ "no token, no form", PHOTO, NULL, "10", FAULT_TOKEN_INVALID },
	{ "no token, no type", NULL, NULL, "10", FAULT_TOKEN_INVALID },
	{ "no token yet, but a form", FORM, NULL, "10", FAULT_NONE },
	{ "a form in the wrong encoding", "application/x-www-form-urlencoded",
	    NULL, "10", FAULT_TOKEN_INVALID },
	{ "nonsense", PHOTO, "nonsense", "10", FAULT_TOKEN_INVALID },
	{ "nonsense before a form", FORM, "nonsense", "10",
	    FAULT_TOKEN_INVALID },
	{ "an expired one", PHOTO, EXPIRED, "10", FAULT_TOKEN_EXPIRED },
	{ "an expired one before a form", FORM, EXPIRED, "10",
	    FAULT_TOKEN_EXPIRED },
	{ "a good one", PHOTO, GOOD, "1000", FAULT_NONE },
	{ "a photo too large for it", PHOTO, GOOD, "1001",
	    FAULT_BODY_TOO_LARGE },
	{ "a form whose texts may be long", FORM, GOOD, "1049576", FAULT_NONE },
	{ "a form whose photos must be too large", FORM, GOOD, "1049577",
	    FAULT_BODY_TOO_LARGE },
	{ "no length, which is body.c's", PHOTO, GOOD, NULL, FAULT_NONE },
	{ "no number, which is body.c's", PHOTO, GOOD, "x", FAULT_NONE },
};

START_TEST(a_token_is_asked_for_before_the_body)
{
	struct settings asking = { .limits.queue_seconds = 10,
		.upload_auth = AUTH_TOKEN };
	struct grant grant = { .expires = time(NULL) + 60, .max = 1000 };
	const char *kind = token_cases[_i].token;
	char token[TOKEN_LEN_MAX + 1], header[TOKEN_LEN_MAX + 8];
	struct progress progress;
	struct fault_info info = { 0 };
	struct memory_io m;
	enum fault f;

	tempdir_setup();
	asking.secrets = secrets_of(SECRET_A "\n");
	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", "POST");
	memory_io_param(&m, "CONTENT_TYPE", token_cases[_i].type);
	memory_io_param(&m, "CONTENT_LENGTH", token_cases[_i].length);
	if (kind != NULL && strcmp(kind, EXPIRED) == 0)
		grant.expires -= 61;
	ck_assert_int_eq(token_make(asking.secrets, &grant, token), 0);
	(void)snprintf(header, sizeof header, "Bearer %s",
	    kind == NULL || strcmp(kind, "nonsense") == 0 ? "nonsense" : token);
	if (kind != NULL)
		memory_io_param(&m, "HTTP_AUTHORIZATION", header);
	progress_start(&progress, NULL);
	f = admission_check(&m.io, &asking, &progress, &info);
	ck_assert_msg(f == token_cases[_i].fault, "%s: %s", token_cases[_i].why,
	    fault_code(f));
	ck_assert_uint_eq(m.at, 0);
	if (f == FAULT_BODY_TOO_LARGE)
		ck_assert_uint_eq(info.limit, 1000);
	memory_io_fini(&m);
	secrets_free(asking.secrets);
	tempdir_teardown();
}
END_TEST

START_TEST(waiting_counts_for_every_method)
{
	struct memory_io m;
	struct progress progress;
	struct fault_info info = { 0 };
	char msec[40];

	write_msec(msec, sizeof msec, 12000);
	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", "GET");
	memory_io_param(&m, "QUEUE_MSEC", msec);
	progress_start(&progress, NULL);
	ck_assert_int_eq(admission_wait(&m.io, &settings, &progress, &info),
	    FAULT_OVERLOADED);
	memory_io_param(&m, "QUEUE_MSEC", NULL);
	ck_assert_int_eq(admission_wait(&m.io, &settings, &progress, &info),
	    FAULT_NONE);
	memory_io_fini(&m);
}
END_TEST

static const struct {
	unsigned workers, queue_seconds, queue_length;
	unsigned length; /* as far as the kernel allows */
} queues[] = {
	{ 2, 10, 0, 200 },
	{ 1, 1, 0, 16 }, /* never less */
	{ 8, 10, 1, 1 },
	{ 100, 600, 0, 600000 },
};

START_TEST(the_queue_is_as_long_as_can_be_served)
{
	struct settings s = { .workers = queues[_i].workers,
		.limits.queue_seconds = queues[_i].queue_seconds,
		.limits.queue_length = queues[_i].queue_length };
	unsigned max = machine_queue_max(), length = queues[_i].length;
	bool is_cut;

	ck_assert_uint_gt(max, 0);
	ck_assert_uint_eq(admission_queue_length(&s, &is_cut),
	    length < max ? length : max);
	ck_assert_int_eq(is_cut, length > max);
	ck_assert_uint_eq(admission_queue_length(&s, NULL),
	    length < max ? length : max);
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
	tcase_add_test(tc, waiting_counts_for_every_method);
	tcase_add_loop_test(tc, only_post_and_put_bring_photos, 0,
	    NELEM(methods));
	tcase_add_loop_test(tc, a_token_is_asked_for_before_the_body, 0,
	    NELEM(token_cases));
	tcase_add_loop_test(tc, the_queue_is_as_long_as_can_be_served, 0,
	    NELEM(queues));
	suite_add_tcase(s, tc);
	return run_suite(s);
}
