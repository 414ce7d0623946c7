#include "config.h"

/* What the control worker says of the service. */

#include "control.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "fcgi_client.h"
#include "listen.h"
#include "support.h"

/* A pool of one photo worker, in memory, and its listening socket. */
static struct settings settings = { .limits = { .queue_seconds = 10 } };
static struct listeners listeners;
static struct control control;

static void
setup(void)
{
	char why[256];

	tempdir_setup();
	ck_assert_msg(listeners_open(&listeners, tempdir_path(), 0600, "", 4,
			  why, sizeof why) == 0,
	    "%s", why);
	ck_assert_int_eq(listeners_show(&listeners, why, sizeof why), 0);
	control = (struct control){ .settings = &settings,
		.board = scoreboard_new(2),
		.n = 1,
		.photo_listener = listeners.photo.fd };
	scoreboard_slot(control.board, 0)->pid = 1;
	scoreboard_slot(control.board, 0)->beat_ns = clock_monotonic_ns();
}

static void
teardown(void)
{
	scoreboard_free(control.board);
	listeners_unlink(&listeners);
	listeners_close(&listeners);
	tempdir_teardown();
}

static struct slot *
photo_worker(void)
{
	return scoreboard_slot(control.board, 0);
}

static void
ask(struct memory_io *m, const char *method, const char *address)
{
	memory_io_init(m, "", 0);
	memory_io_param(m, "REQUEST_METHOD", method);
	memory_io_param(m, "DOCUMENT_URI", address);
	control_handle(&control, &m->io);
	ck_assert_ptr_nonnull(m->reply.data);
}

#define assert_says(m, text)                                                  \
	ck_assert_msg(strstr((m)->reply.data, text) != NULL, "\"%s\" in: %s", \
	    text, (m)->reply.data)

static const struct {
	const char *method;
	const char *address;
	const char *status;
	const char *body;
} requests[] = {
	{ "GET", "/health/ready", "Status: 200", "{\"ready\":true}" },
	{ "HEAD", "/health/ready", "Status: 200", "" },
	{ "GET", "/media/health/ready", "Status: 200", "{\"ready\":true}" },
	{ "POST", "/health/ready", "Status: 405", "\"method-not-allowed\"" },
	{ NULL, "/health/ready", "Status: 405", "\"method-not-allowed\"" },
	{ "GET", "/health/ready/", "Status: 404", "\"not-found\"" },
	{ "GET", "/health/live", "Status: 404", "\"not-found\"" },
	{ "GET", "", "Status: 404", "\"not-found\"" },
	{ "GET", NULL, "Status: 404", "\"not-found\"" },
};

START_TEST(addresses_and_methods_are_told_apart)
{
	struct memory_io m;

	ask(&m, requests[_i].method, requests[_i].address);

	assert_says(&m, requests[_i].status);
	assert_says(&m, requests[_i].body);
	memory_io_fini(&m);
}
END_TEST

START_TEST(without_a_worker_it_is_overloaded_and_says_why)
{
	struct memory_io m;

	photo_worker()->pid = 0;
	ask(&m, "GET", "/health/ready");

	assert_says(&m, "Status: 503");
	assert_says(&m, "Retry-After: 2\r\n");
	assert_says(&m, "Content-Type: application/problem+json\r\n");
	assert_says(&m, "\"code\":\"overloaded\"");
	assert_says(&m, "\"detail\":\"no worker is alive\"");
	memory_io_fini(&m);
}
END_TEST

START_TEST(photos_that_wait_for_nobody_are_seen)
{
	char path[300];
	struct memory_io m;
	int fd;

	(void)snprintf(path, sizeof path, "%s/photo.sock", tempdir_path());
	photo_worker()->phase = PHASE_DECODE;
	photo_worker()->beat_ns = clock_monotonic_ns() - 60 * NS_PER_S;
	photo_worker()->deadline_ns = clock_monotonic_ns() + 60 * NS_PER_S;
	fd = fcgi_connect(path);
	ck_assert_int_ne(fd, -1);

	ask(&m, "GET", "/health/ready");

	assert_says(&m, "Status: 503");
	assert_says(&m, "photos wait");
	memory_io_fini(&m);
	(void)close(fd);
}
END_TEST

START_TEST(a_verdict_holds_for_a_second)
{
	struct memory_io m;

	ask(&m, "GET", "/health/ready");
	assert_says(&m, "Status: 200");
	memory_io_fini(&m);
	photo_worker()->pid = 0;

	ask(&m, "GET", "/health/ready");
	assert_says(&m, "Status: 200");
	memory_io_fini(&m);

	control.checked_ns -= NS_PER_S;
	ask(&m, "GET", "/health/ready");
	assert_says(&m, "Status: 503");
	memory_io_fini(&m);
}
END_TEST

START_TEST(a_peer_that_is_gone_harms_nobody)
{
	struct memory_io m;

	memory_io_init(&m, "", 0);
	memory_io_param(&m, "REQUEST_METHOD", "GET");
	memory_io_param(&m, "DOCUMENT_URI", "/health/ready");
	m.peer_gone = true;
	control_handle(&control, &m.io);
	memory_io_fini(&m);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("control");
	TCase *address = tcase_create("addresses");
	TCase *ready = tcase_create("ready");

	tcase_add_checked_fixture(address, setup, teardown);
	tcase_add_loop_test(address, addresses_and_methods_are_told_apart, 0,
	    NELEM(requests));
	suite_add_tcase(suite, address);
	tcase_add_checked_fixture(ready, setup, teardown);
	tcase_add_test(ready, without_a_worker_it_is_overloaded_and_says_why);
	tcase_add_test(ready, photos_that_wait_for_nobody_are_seen);
	tcase_add_test(ready, a_verdict_holds_for_a_second);
	tcase_add_test(ready, a_peer_that_is_gone_harms_nobody);
	suite_add_tcase(suite, ready);
	return run_suite(suite);
}
