#include "config.h"

/*
 * A worker process of its own behind a real socket, asked by a client that does
 * to it what web servers and signals do.
 */

#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fcgi_client.h"
#include "listen.h"
#include "log.h"
#include "metrics.h"
#include "support.h"

#define MEGABYTE (1024 * 1024)

/* More than any state takes on a busy machine. */
#define PATIENCE_NS (30 * NS_PER_S)

static struct listeners listeners;
static struct scoreboard *board;
static struct worker worker;
static uint64_t last_beat;

static void
pass_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * (long)NS_PER_MS };

	(void)nanosleep(&ts, NULL);
}

static void
wait_until(bool (*is_so)(void))
{
	uint64_t end = clock_monotonic_ns() + PATIENCE_NS;

	while (!is_so()) {
		ck_assert(clock_monotonic_ns() < end);
		pass_ms(5);
	}
}

static bool
has_request_in_hand(void)
{
	return worker.slot->phase != PHASE_IDLE;
}

static bool
has_deadline(void)
{
	return worker.slot->deadline_ns != 0;
}

static bool
has_finished_one(void)
{
	return worker.slot->finished_ns != 0 &&
	    worker.slot->phase == PHASE_IDLE;
}

static bool
has_beaten(void)
{
	return worker.slot->beat_ns > last_beat;
}

static void
say(const struct io *io, const char *what, size_t n)
{
	char text[128];

	(void)snprintf(text, sizeof text,
	    "Status: 200\r\nContent-Type: text/plain\r\n\r\n%s %zu\n", what, n);
	(void)io->write(io->ctx, text, strlen(text));
}

/* Answers how much came and how it ended. */
static void
count_body(const struct io *io)
{
	static char piece[20000];
	size_t total = 0;
	ssize_t n;

	while ((n = io->read(io->ctx, piece, sizeof piece)) > 0)
		total += (size_t)n;
	if (n == 0)
		say(io, "read", total);
	else
		say(io, errno == ETIMEDOUT ? "silent" : "broken", total);
}

static void
say_much(const struct io *io)
{
	static char much[3 * MEGABYTE];

	say(io, "much", sizeof much);
	(void)io->write(io->ctx, much, sizeof much);
}

/* Which of the names that the tests send there is a value of. */
static void
say_params(const struct io *io)
{
	static const char *const names[] = { "ONE", "TWO", "HTTP_TWO", "TW",
		"TWO=1" };
	char text[128] = "";

	for (unsigned i = 0; i < NELEM(names); i++) {
		const char *value = io->param(io->ctx, names[i]);

		(void)strcat(text, value != NULL ? value : "none");
		(void)strcat(text, " ");
	}
	say(io, text, 0);
}

/* What to do stands in the address. */
static void
handle(void *ctx, const struct io *io)
{
	const char *uri = io->param(io->ctx, "DOCUMENT_URI");

	(void)ctx;
	worker.slot->phase = PHASE_RECEIVE;
	if (uri == NULL)
		uri = "";
	if (strcmp(uri, "/early") == 0) {
		say(io, "early", 0);
	} else if (strcmp(uri, "/slow") == 0) {
		pass_ms(200);
		count_body(io);
	} else if (strcmp(uri, "/much") == 0) {
		say_much(io);
	} else if (strcmp(uri, "/params") == 0) {
		say_params(io);
	} else if (strcmp(uri, "/fds") == 0) {
		say(io, "fds", count_fds());
	} else {
		count_body(io);
	}
}

static void
setup(void)
{
	sigset_t set;
	char why[256];

	tempdir_setup();
	ck_assert_msg(listeners_open(&listeners, tempdir_path(), 0600, "", 64,
			  why, sizeof why) == 0,
	    "%s", why);
	ck_assert_int_eq(listeners_show(&listeners, why, sizeof why), 0);
	ck_assert_int_eq(metrics_init(), 0);
	board = scoreboard_new(2);
	worker = (struct worker){ .listener = listeners.photo.fd,
		.slot = scoreboard_slot(board, 0),
		.idle_seconds = 30,
		.drain_seconds = 60,
		.jobs_max = 1000,
		.resident_max = UINT64_MAX,
		.handle = handle };
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

static void
teardown(void)
{
	scoreboard_free(board);
	listeners_unlink(&listeners);
	listeners_close(&listeners);
	tempdir_teardown();
}

/* The exit status of the process is worker_run's result. */
static pid_t
start(void)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		_exit((int)worker_run(&worker));
	return pid;
}

static int
end_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "killed by signal %d",
	    WTERMSIG(status));
	return WEXITSTATUS(status);
}

static void
stop(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	ck_assert_int_eq(end_of(pid), WORKER_STOPPED);
}

static int
reach(void)
{
	int fd = fcgi_connect(listeners.photo.path);

	ck_assert_int_ne(fd, -1);
	return fd;
}

static void
assert_answer(int fd, const char *text)
{
	struct fcgi_answer answer;

	fcgi_receive(fd, &answer);
	ck_assert_msg(answer.complete && answer.status == 200 &&
		answer.text != NULL && strstr(answer.text, text) != NULL,
	    "wanted \"%s\", got %d: %s", text, answer.status, answer.text);
	free(answer.text);
	(void)close(fd);
}

static int
ask(const char *uri, const void *body, size_t len)
{
	const char *const params[] = { "DOCUMENT_URI", uri, NULL };
	int fd = reach();

	ck_assert_int_eq(fcgi_send(fd, params, body, len), 0);
	return fd;
}

/* A request of which `sent` bytes of the body have gone out. */
static int
begin(const char *uri, const void *body, size_t sent)
{
	const char *const params[] = { "DOCUMENT_URI", uri, NULL };
	int fd = reach();

	ck_assert_int_eq(fcgi_send_begin(fd, FCGI_ROLE_RESPONDER, false), 0);
	ck_assert_int_eq(fcgi_send_params(fd, params), 0);
	ck_assert_int_eq(fcgi_send_body(fd, body, sent), 0);
	return fd;
}

static const size_t sizes[] = { 0, 1, 7, 8, 8183, 8184, 8192, 20000, 65535,
	65536, 5000000 };

START_TEST(the_whole_body_arrives)
{
	char *body = calloc(1, sizes[_i] + 1);
	char want[64];
	pid_t pid = start();

	(void)snprintf(want, sizeof want, "read %zu\n", sizes[_i]);
	assert_answer(ask("/", body, sizes[_i]), want);
	stop(pid);
	free(body);
}
END_TEST

START_TEST(a_long_answer_arrives_whole)
{
	struct fcgi_answer answer;
	pid_t pid = start();
	int fd = ask("/much", "", 0);

	fcgi_receive(fd, &answer);
	ck_assert(answer.complete);
	ck_assert_uint_gt(answer.len, 3 * MEGABYTE);
	free(answer.text);
	(void)close(fd);
	stop(pid);
}
END_TEST

START_TEST(a_body_that_breaks_off_is_not_whole)
{
	static char body[50000];
	pid_t pid = start();
	int fd = begin("/", body, sizeof body);

	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	assert_answer(fd, "broken 50000");
	stop(pid);
}
END_TEST

START_TEST(a_peer_that_falls_silent_is_told_apart)
{
	int fd = begin("/", "abc", 3);
	pid_t pid;

	worker.idle_seconds = 1;
	pid = start();

	assert_answer(fd, "silent 3");
	stop(pid);
}
END_TEST

/* The client sends all before it reads, as a web server that is busy may. */
START_TEST(an_early_answer_survives_a_long_body)
{
	size_t len = 30 * MEGABYTE;
	char *body = calloc(1, len);
	pid_t pid = start();

	assert_answer(ask("/early", body, len), "early 0");
	assert_answer(ask("/", "abc", 3), "read 3");
	stop(pid);
	free(body);
}
END_TEST

START_TEST(lingering_has_an_end)
{
	pid_t pid = start();
	int fd = begin("/early", "abc", 3);

	/* It neither sends nor closes: the next one would wait in vain. */
	assert_answer(ask("/", "abc", 3), "read 3");
	(void)close(fd);
	stop(pid);
}
END_TEST

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
} garbage[] = {
	{ "nothing at all", "", 0 },
	{ "half a header", "\1\1\0", 3 },
	{ "another protocol", "GET / HTTP/1.1\r\n\r\n", 18 },
	{ "version 2", "\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16 },
	{ "parameters first", "\1\4\0\1\0\4\0\0\1\1AB", 12 },
	{ "a role that is none",
	    "\1\1\0\1\0\10\0\0\0\11\0\0\0\0\0\0\1\4\0\1\0\0\0\0", 24 },
	{ "request 0", "\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0", 16 },
	{ "cut in the parameters",
	    "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0\1\4\0\1\0\10\0\0\1\1AB", 28 },
	{ "a name longer than the record",
	    "\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
	    "\1\4\0\1\0\5\0\0\377\377\377\377\1\1\4\0\1\0\0\0\0",
	    37 },
};

START_TEST(garbage_costs_its_own_connection)
{
	struct fcgi_answer answer;
	pid_t pid = start();
	int fd = reach();

	ck_assert_int_eq(send(fd, garbage[_i].bytes, garbage[_i].len, 0),
	    (int)garbage[_i].len);
	(void)shutdown(fd, SHUT_WR);
	fcgi_receive(fd, &answer);
	ck_assert_msg(answer.status == 0, "%s", garbage[_i].name);
	free(answer.text);
	(void)close(fd);

	assert_answer(ask("/", "abc", 3), "read 3");
	stop(pid);
}
END_TEST

START_TEST(silence_before_the_parameters_ends)
{
	pid_t pid;
	int fd;

	worker.idle_seconds = 1;
	pid = start();
	fd = reach();

	assert_answer(ask("/", "abc", 3), "read 3");
	(void)close(fd);
	stop(pid);
}
END_TEST

START_TEST(other_roles_get_no_answer)
{
	const char *const params[] = { "DOCUMENT_URI", "/early", NULL };
	struct fcgi_answer answer;
	pid_t pid = start();
	int fd = reach();

	ck_assert_int_eq(fcgi_send_begin(fd, FCGI_ROLE_AUTHORIZER, false), 0);
	ck_assert_int_eq(fcgi_send_params(fd, params), 0);
	fcgi_receive(fd, &answer);

	ck_assert_uint_eq(answer.len, 0);
	free(answer.text);
	(void)close(fd);
	stop(pid);
}
END_TEST

START_TEST(what_nginx_says_twice_is_not_said)
{
	const char *const params[] = { "DOCUMENT_URI", "/params", "TWO", "1",
		"ONE", "a", "HTTP_TWO", "b", "TWO", "2", "HTTP_TWO", "c",
		NULL };
	pid_t pid = start();
	int fd = reach();

	ck_assert_int_eq(fcgi_send(fd, params, "", 0), 0);
	assert_answer(fd, "a none b none none  0");
	stop(pid);
}
END_TEST

START_TEST(a_connection_is_never_kept)
{
	const char *const params[] = { "DOCUMENT_URI", "/fds", NULL };
	struct fcgi_answer answer;
	char last = 0, first[64] = "";
	pid_t pid = start();

	for (int i = 0; i < 5; i++) {
		int fd = reach();

		ck_assert_int_eq(fcgi_send_begin(fd, FCGI_ROLE_RESPONDER, true),
		    0);
		ck_assert_int_eq(fcgi_send_params(fd, params), 0);
		ck_assert_int_eq(fcgi_send_body(fd, "", 0), 0);
		fcgi_receive(fd, &answer);
		ck_assert_int_eq(answer.status, 200);
		if (i == 0)
			(void)snprintf(first, sizeof first, "%s",
			    strstr(answer.text, "fds"));
		ck_assert_str_eq(strstr(answer.text, "fds"), first);
		ck_assert_int_eq(recv(fd, &last, 1, 0), 0);
		free(answer.text);
		(void)close(fd);
	}
	stop(pid);
}
END_TEST

START_TEST(many_at_once_are_all_answered)
{
	static char body[100000];
	pid_t pids[2];
	int fds[40];

	pids[0] = start();
	worker.slot = scoreboard_slot(board, 1);
	pids[1] = start();
	for (unsigned i = 0; i < NELEM(fds); i++)
		fds[i] = begin("/", body, 10 + i);
	for (unsigned i = 0; i < NELEM(fds); i++)
		ck_assert_int_eq(fcgi_send_body(fds[i], "", 0), 0);
	for (unsigned i = 0; i < NELEM(fds); i++) {
		char want[32];

		(void)snprintf(want, sizeof want, "read %u\n", 10 + i);
		assert_answer(fds[i], want);
	}
	stop(pids[0]);
	stop(pids[1]);
	ck_assert_uint_eq(scoreboard_slot(board, 0)->requests +
		scoreboard_slot(board, 1)->requests,
	    NELEM(fds));
}
END_TEST

START_TEST(sigterm_lets_the_request_in_hand_finish)
{
	size_t half = 2500000;
	char *body = calloc(1, half);
	pid_t pid = start();
	int fd = begin("/", body, half);

	wait_until(has_request_in_hand);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	pass_ms(100); /* for the signal to do harm, if it does */
	ck_assert_int_eq(fcgi_send_body(fd, body, half), 0);
	ck_assert_int_eq(fcgi_send_body(fd, "", 0), 0);

	assert_answer(fd, "read 5000000");
	ck_assert_int_eq(end_of(pid), WORKER_STOPPED);
	free(body);
}
END_TEST

START_TEST(sigterm_empties_the_queue_first)
{
	int fds[6];
	pid_t pid = start();

	for (unsigned i = 0; i < NELEM(fds); i++)
		fds[i] = ask("/slow", "abc", 3);
	wait_until(has_request_in_hand);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);
	for (unsigned i = 0; i < NELEM(fds); i++)
		assert_answer(fds[i], "read 3");
	ck_assert_int_eq(end_of(pid), WORKER_STOPPED);
}
END_TEST

START_TEST(sigterm_before_the_start_is_not_lost)
{
	int fd = ask("/", "abc", 3);
	pid_t pid = fork();

	if (pid == 0) {
		(void)raise(SIGTERM);
		_exit((int)worker_run(&worker));
	}
	assert_answer(fd, "read 3");
	ck_assert_int_eq(end_of(pid), WORKER_STOPPED);
}
END_TEST

START_TEST(draining_ends_although_more_comes)
{
	int fds[20];
	pid_t pid;

	worker.drain_seconds = 1;
	pid = start();
	for (unsigned i = 0; i < NELEM(fds); i++)
		fds[i] = ask("/slow", "abc", 3);
	ck_assert_int_eq(kill(pid, SIGTERM), 0);

	ck_assert_int_eq(end_of(pid), WORKER_STOPPED);
	ck_assert_uint_ge(worker.slot->requests, 1);
	ck_assert_uint_lt(worker.slot->requests, NELEM(fds));
}
END_TEST

START_TEST(sigusr1_leaves_the_queue_to_the_next)
{
	int fds[4];
	pid_t old = start(), young;

	fds[0] = begin("/", "abc", 3);
	wait_until(has_request_in_hand);
	for (unsigned i = 1; i < NELEM(fds); i++)
		fds[i] = ask("/slow", "abc", 3);
	ck_assert_int_eq(kill(old, SIGUSR1), 0);
	ck_assert_int_eq(fcgi_send_body(fds[0], "", 0), 0);
	assert_answer(fds[0], "read 3");
	ck_assert_int_eq(end_of(old), WORKER_STOPPED);
	ck_assert_uint_eq(worker.slot->requests, 1);

	young = start();
	for (unsigned i = 1; i < NELEM(fds); i++)
		assert_answer(fds[i], "read 3");
	stop(young);
}
END_TEST

START_TEST(a_worker_ends_after_its_jobs)
{
	pid_t pid;

	worker.jobs_max = 3;
	pid = start();
	for (int i = 0; i < 3; i++)
		assert_answer(ask("/", "abc", 3), "read 3");

	ck_assert_int_eq(end_of(pid), WORKER_RECYCLED);
	ck_assert_uint_eq(metrics_own()->recycles[RECYCLE_JOBS], 1);
}
END_TEST

START_TEST(a_worker_that_has_grown_ends)
{
	pid_t pid;

	worker.resident_max = 1;
	pid = start();
	assert_answer(ask("/", "abc", 3), "read 3");

	ck_assert_int_eq(end_of(pid), WORKER_RECYCLED);
	ck_assert_uint_eq(metrics_own()->recycles[RECYCLE_MEMORY], 1);
	ck_assert_uint_gt(worker.slot->resident, 100000);
}
END_TEST

START_TEST(a_worker_whose_log_has_grown_ends)
{
	pid_t pid;

	ck_assert_int_eq(log_open(tempdir_at("log")), 0);
	log_info("a line");
	worker.log_max = log_bytes() - 1;
	pid = start();
	assert_answer(ask("/", "abc", 3), "read 3");

	ck_assert_int_eq(end_of(pid), WORKER_RECYCLED);
	ck_assert_uint_eq(metrics_own()->recycles[RECYCLE_LOG], 1);
}
END_TEST

static bool
always(void *ctx)
{
	(void)ctx;
	return true;
}

START_TEST(a_worker_that_is_spoilt_ends)
{
	pid_t pid;

	worker.is_spoilt = always;
	pid = start();
	assert_answer(ask("/", "abc", 3), "read 3");

	ck_assert_int_eq(end_of(pid), WORKER_RECYCLED);
	ck_assert_uint_eq(metrics_own()->recycles[RECYCLE_PIXELS], 1);
}
END_TEST

/* Seen from the other process by what it leaves in the slot. */
static void
rest(void *ctx)
{
	(void)ctx;
	if (worker.slot->deadline_ns != 0)
		worker.slot->decodes++;
}

static bool
has_rested(void)
{
	return worker.slot->decodes > 0;
}

START_TEST(idle_time_is_used_under_a_deadline)
{
	pid_t pid;

	worker.idle = rest;
	pid = start();
	wait_until(has_rested);
	ck_assert_uint_eq(worker.slot->deadline_ns, 0);
	stop(pid);
}
END_TEST

START_TEST(there_is_idle_time_while_requests_come)
{
	uint64_t end = clock_monotonic_ns() + PATIENCE_NS;
	pid_t pid;

	worker.idle = rest;
	pid = start();
	while (worker.slot->decodes < 2 && clock_monotonic_ns() < end) {
		assert_answer(ask("/", "abc", 3), "read 3");
		pass_ms(10);
	}
	ck_assert_uint_ge(worker.slot->decodes, 2);
	/* No more than one a second. */
	ck_assert_uint_gt(worker.slot->requests, 20);
	stop(pid);
}
END_TEST

START_TEST(a_listener_that_fails_ends_it)
{
	ck_assert_int_eq(shutdown(worker.listener, SHUT_RDWR), 0);

	ck_assert_int_eq(end_of(start()), WORKER_BROKEN);
}
END_TEST

START_TEST(the_slot_shows_life_and_work)
{
	struct slot *s = worker.slot;
	pid_t pid = start();

	assert_answer(ask("/", "abc", 3), "read 3");
	wait_until(has_finished_one);
	ck_assert_uint_eq(s->requests, 1);
	ck_assert_uint_eq(s->deadline_ns, 0);
	/* The next one may be of the request; those after it are idle beats. */
	for (int i = 0; i < 3; i++) {
		last_beat = s->beat_ns;
		wait_until(has_beaten);
	}
	stop(pid);
}
END_TEST

START_TEST(reading_parameters_has_a_deadline)
{
	pid_t pid = start();
	int fd = reach();

	wait_until(has_deadline);
	(void)close(fd);
	stop(pid);
	ck_assert_uint_eq(worker.slot->deadline_ns, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("worker");
	TCase *bodies = tcase_create("bodies");
	TCase *peers = tcase_create("peers");
	TCase *ends = tcase_create("ends");
	TCase *slots = tcase_create("slots");

	tcase_set_timeout(bodies, 60);
	tcase_add_checked_fixture(bodies, setup, teardown);
	tcase_add_loop_test(bodies, the_whole_body_arrives, 0, NELEM(sizes));
	tcase_add_test(bodies, a_long_answer_arrives_whole);
	tcase_add_test(bodies, a_body_that_breaks_off_is_not_whole);
	tcase_add_test(bodies, a_peer_that_falls_silent_is_told_apart);
	tcase_add_test(bodies, an_early_answer_survives_a_long_body);
	suite_add_tcase(suite, bodies);
	tcase_set_timeout(peers, 60);
	tcase_add_checked_fixture(peers, setup, teardown);
	tcase_add_test(peers, lingering_has_an_end);
	tcase_add_loop_test(peers, garbage_costs_its_own_connection, 0,
	    NELEM(garbage));
	tcase_add_test(peers, silence_before_the_parameters_ends);
	tcase_add_test(peers, other_roles_get_no_answer);
	tcase_add_test(peers, what_nginx_says_twice_is_not_said);
	tcase_add_test(peers, a_connection_is_never_kept);
	tcase_add_test(peers, many_at_once_are_all_answered);
	suite_add_tcase(suite, peers);
	tcase_set_timeout(ends, 60);
	tcase_add_checked_fixture(ends, setup, teardown);
	tcase_add_test(ends, sigterm_lets_the_request_in_hand_finish);
	tcase_add_test(ends, sigterm_empties_the_queue_first);
	tcase_add_test(ends, sigterm_before_the_start_is_not_lost);
	tcase_add_test(ends, draining_ends_although_more_comes);
	tcase_add_test(ends, sigusr1_leaves_the_queue_to_the_next);
	tcase_add_test(ends, a_worker_ends_after_its_jobs);
	tcase_add_test(ends, a_worker_that_has_grown_ends);
	tcase_add_test(ends, a_worker_whose_log_has_grown_ends);
	tcase_add_test(ends, a_worker_that_is_spoilt_ends);
	tcase_add_test(ends, a_listener_that_fails_ends_it);
	suite_add_tcase(suite, ends);
	tcase_set_timeout(slots, 60);
	tcase_add_checked_fixture(slots, setup, teardown);
	tcase_add_test(slots, the_slot_shows_life_and_work);
	tcase_add_test(slots, idle_time_is_used_under_a_deadline);
	tcase_add_test(slots, there_is_idle_time_while_requests_come);
	tcase_add_test(slots, reading_parameters_has_a_deadline);
	suite_add_tcase(suite, slots);
	return run_suite(suite);
}
