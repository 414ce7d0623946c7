#include "config.h"

/* Real processes that do nothing but what a test wants of them. */

#include "pool.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "log.h"
#include "metrics.h"
#include "support.h"
#include "watchdog.h"

/* What a worker does that is started from now on, by its slot. */
enum conduct {
	SERVES,
	NEVER_COMES_UP,
	FAILS_TO_BOOT,
	CRASHES_AT_BOOT,
	DIES_YOUNG,
	ENDS_IN_ORDER,
	CRASHES_IN_A_JOB,
	LIES,
	OVERRUNS,
	WATCHED,
	IGNORES_SIGTERM
};

/* More than any state takes on a busy machine. */
#define PATIENCE_NS (30 * NS_PER_S)

static enum conduct conduct[3];
static unsigned deaths;
static struct pool *pool;
static struct scoreboard *starts; /* .requests: how often a slot was started */

static void
serve_until_signal(void)
{
	for (;;)
		(void)pause();
}

static int
live(void *ctx, struct scoreboard *board, unsigned i)
{
	struct slot *s = scoreboard_slot(board, i);

	(void)ctx;
	scoreboard_slot(starts, i)->requests++;
	if (conduct[i] == NEVER_COMES_UP)
		serve_until_signal();
	if (conduct[i] == FAILS_TO_BOOT)
		return 1;
	if (conduct[i] == CRASHES_AT_BOOT)
		(void)raise(SIGKILL);
	/* Not what the test runner has set for itself. */
	(void)signal(SIGTERM,
	    conduct[i] == IGNORES_SIGTERM ? SIG_IGN : SIG_DFL);
	s->beat_ns = clock_monotonic_ns();
	switch (conduct[i]) {
	case DIES_YOUNG:
		return 2;
	case ENDS_IN_ORDER:
		return 0;
	case CRASHES_IN_A_JOB:
		s->phase = PHASE_DECODE;
		(void)strcpy(s->request, "ab12");
		(void)raise(SIGKILL);
		return 2;
	case LIES:
		s->phase = -77;
		memset(s->photo, 0x9b, sizeof s->photo);
		memset(s->request, 0x9b, sizeof s->request);
		(void)raise(SIGKILL);
		return 2;
	case OVERRUNS:
		s->deadline_ns = 1;
		break;
	case WATCHED:
		return WATCHDOG_EXIT;
	default:
		break;
	}
	serve_until_signal();
	return 2;
}

static void
count_death(void *ctx, const struct death *death)
{
	(void)ctx;
	(void)death;
	deaths++;
}

static void
setup(void)
{
	const struct pool_spec spec = { .photos = 2,
		.run = live,
		.died = count_death };

	ck_assert_int_eq(metrics_init(), 0);
	/* Hundreds of deaths are told in here. */
	ck_assert_int_eq(log_open("/dev/null"), 0);
	starts = scoreboard_new(3);
	pool = pool_new(&spec);
	ck_assert_ptr_nonnull(pool);
}

/* Once round the master's loop. */
static void
go_round(void)
{
	struct timespec ts = { .tv_nsec = 5 * (long)NS_PER_MS };
	int status;
	pid_t pid;

	(void)pool_tend(pool);
	(void)nanosleep(&ts, NULL);
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		ck_assert(pool_reap(pool, pid, status, 0));
}

/* For what must not happen: long enough to see it where it does. */
static void
run_ms(unsigned ms)
{
	uint64_t end = clock_monotonic_ns() + ms * NS_PER_MS;

	while (clock_monotonic_ns() < end)
		go_round();
}

static void
run_until(bool (*is_so)(unsigned n), unsigned n)
{
	uint64_t end = clock_monotonic_ns() + PATIENCE_NS;

	while (!is_so(n)) {
		ck_assert_msg(clock_monotonic_ns() < end, "still not at %u", n);
		go_round();
	}
}

static unsigned
started(unsigned slot)
{
	return (unsigned)scoreboard_slot(starts, slot)->requests;
}

static bool
is_in_state(unsigned state)
{
	return pool_state(pool) == (enum pool_state)state;
}

static bool
is_empty(unsigned unused)
{
	(void)unused;
	return pool_is_empty(pool);
}

static bool
has_started_the_first(unsigned times)
{
	return started(0) >= times;
}

static bool
has_lost(unsigned workers)
{
	return deaths >= workers;
}

static void
teardown(void)
{
	pool_leave(pool, SIGKILL, 0);
	run_until(is_empty, 0);
	pool_free(pool);
	scoreboard_free(starts);
}

/* Until the pool is up; how long the last round said that it may be left alone. */
static unsigned
tend_until_up(void)
{
	uint64_t end = clock_monotonic_ns() + PATIENCE_NS;
	struct timespec ts = { .tv_nsec = 5 * (long)NS_PER_MS };

	for (;;) {
		unsigned ms = pool_tend(pool);

		if (pool_state(pool) == POOL_UP)
			return ms;
		ck_assert(clock_monotonic_ns() < end);
		(void)nanosleep(&ts, NULL);
	}
}

START_TEST(nobody_sleeps_on_the_news_that_all_are_up)
{
	ck_assert_uint_eq(tend_until_up(), 0);
	ck_assert_uint_gt(pool_tend(pool), 0);
}
END_TEST

START_TEST(it_comes_up_when_each_worker_waits)
{
	ck_assert_int_eq(pool_state(pool), POOL_BOOTING);
	ck_assert(pool_is_empty(pool));
	run_until(is_in_state, POOL_UP);

	ck_assert(!pool_is_empty(pool));
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(started(i), 1);
	ck_assert_uint_eq(deaths, 0);
}
END_TEST

START_TEST(one_that_is_not_up_yet_is_waited_for)
{
	conduct[1] = NEVER_COMES_UP;
	run_ms(200);

	ck_assert_int_eq(pool_state(pool), POOL_BOOTING);
	ck_assert_uint_le(started(1), 1);
}
END_TEST

static const enum conduct boot_failures[] = { FAILS_TO_BOOT, CRASHES_AT_BOOT };

START_TEST(one_that_does_not_come_up_fails_it)
{
	conduct[1] = boot_failures[_i];
	run_until(is_in_state, POOL_FAILED);

	ck_assert_uint_ge(deaths, 1);
}
END_TEST

START_TEST(one_that_dies_later_does_not)
{
	conduct[0] = CRASHES_IN_A_JOB;
	run_until(has_lost, 1);
	conduct[0] = FAILS_TO_BOOT;
	/* The first of them may be the last of those before. */
	run_until(has_lost, deaths + 2);

	run_until(is_in_state, POOL_UP);
}
END_TEST

START_TEST(it_looks_often_while_one_boots)
{
	conduct[1] = NEVER_COMES_UP;

	ck_assert_uint_le(pool_tend(pool), 50);
}
END_TEST

START_TEST(it_looks_seldom_when_all_are_up)
{
	run_until(is_in_state, POOL_UP);

	ck_assert_uint_eq(pool_tend(pool), 1000);
}
END_TEST

START_TEST(one_that_serves_is_left_alone)
{
	run_until(is_in_state, POOL_UP);
	run_ms(300);

	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(started(i), 1);
}
END_TEST

static const struct {
	const char *name;
	enum conduct conduct;
	unsigned starts; /* 20 of them with a delay would outlast PATIENCE_NS */
	unsigned least_ms;
} replaced[] = {
	{ "the end of a worn one", ENDS_IN_ORDER, 20, 0 },
	{ "a crash in a job", CRASHES_IN_A_JOB, 20, 0 },
	/* At 0, 0.1, 0.3, 0.7 seconds. */
	{ "a young death", DIES_YOUNG, 4, 700 },
};

START_TEST(the_next_comes_when_it_should)
{
	uint64_t since = clock_monotonic_ns();

	conduct[0] = replaced[_i].conduct;
	run_until(has_started_the_first, replaced[_i].starts);

	ck_assert_msg(clock_monotonic_ns() - since >=
		replaced[_i].least_ms * NS_PER_MS,
	    "%s: too early", replaced[_i].name);
	run_until(is_in_state, POOL_UP);
	ck_assert_uint_eq(started(1), 1);
}
END_TEST

START_TEST(only_what_is_not_in_order_is_a_death)
{
	conduct[0] = ENDS_IN_ORDER;
	run_until(has_started_the_first, 3);
	ck_assert_uint_eq(deaths, 0);
	conduct[0] = CRASHES_IN_A_JOB;
	run_until(has_lost, 1);
}
END_TEST

/* Of a request that nobody else can say anything of any more. */
START_TEST(a_death_is_told_with_its_request)
{
	char *text;
	size_t len;

	ck_assert_int_eq(log_open(tempdir_at("log")), 0);
	conduct[0] = CRASHES_IN_A_JOB;
	run_until(has_lost, 1);
	ck_assert_int_eq(log_open("/dev/null"), 0);

	ck_assert_int_eq(fd_read_file(tempdir_fd(), "log", 4096, &text, &len),
	    0);
	ck_assert_ptr_nonnull(
	    strstr(text, " (Killed) in phase decode, request ab12\n"));
	free(text);
}
END_TEST

/* A photo may have taken it over. */
START_TEST(what_a_worker_says_of_itself_is_not_believed)
{
	char *text;
	size_t len;

	ck_assert_int_eq(log_open(tempdir_at("log")), 0);
	conduct[0] = LIES;
	run_until(has_lost, 1);
	ck_assert_int_eq(log_open("/dev/null"), 0);

	ck_assert_int_eq(fd_read_file(tempdir_fd(), "log", 4096, &text, &len),
	    0);
	ck_assert_ptr_nonnull(strstr(text, " in phase unknown\n"));
	for (size_t i = 0; i < len; i++)
		ck_assert(isprint((unsigned char)text[i]) || text[i] == '\n');
	free(text);
}
END_TEST

START_TEST(one_past_its_deadline_is_killed_and_replaced)
{
	conduct[0] = OVERRUNS;
	run_until(has_started_the_first, 1);
	conduct[0] = SERVES;
	run_until(has_started_the_first, 2);

	run_until(is_in_state, POOL_UP);
	ck_assert_uint_eq(started(1), 1);
	ck_assert_uint_eq(deaths, 1);
}
END_TEST

static bool
has_counted(unsigned ends)
{
	const struct counts *c = metrics_own();
	uint64_t n = 0;

	for (unsigned i = 0; i < KILL_COUNT; i++)
		n += c->kills[i];
	for (unsigned i = 0; i < DEATH_COUNT; i++)
		n += c->deaths[i];
	return n >= ends;
}

START_TEST(each_end_is_counted_by_its_cause)
{
	const struct counts *c = metrics_own();

	conduct[0] = ENDS_IN_ORDER;
	run_until(has_started_the_first, 2);
	ck_assert(!has_counted(1));
	conduct[0] = CRASHES_IN_A_JOB;
	run_until(has_counted, 1);
	ck_assert_uint_eq(c->deaths[DEATH_KILL], 1);
	conduct[0] = OVERRUNS;
	run_until(has_counted, 2);
	conduct[0] = WATCHED;
	run_until(has_counted, 3);
	/* The first of these may be one that was started before. */
	ck_assert_uint_ge(c->kills[KILL_DEADLINE], 1);
	conduct[0] = DIES_YOUNG;
	run_until(has_counted, 5);
	ck_assert_uint_ge(c->deaths[DEATH_STATUS], 1);
	ck_assert_uint_eq(c->deaths[DEATH_SEGV], 0);
	run_until(has_counted, deaths);
	ck_assert(!has_counted(deaths + 1));
	/* One may have been forked that has not said so yet. */
	ck_assert_uint_ge(c->starts, started(0) + started(1) + started(2));
}
END_TEST

START_TEST(those_that_leave_are_not_replaced)
{
	run_until(is_in_state, POOL_UP);
	pool_leave(pool, SIGKILL, UINT64_MAX);
	run_until(is_empty, 0);
	run_ms(200);

	ck_assert(pool_is_empty(pool));
	for (unsigned i = 0; i < 3; i++)
		ck_assert_uint_eq(started(i), 1);
}
END_TEST

START_TEST(one_that_does_not_leave_is_killed)
{
	conduct[0] = IGNORES_SIGTERM;
	run_until(is_in_state, POOL_UP);
	pool_leave(pool, SIGTERM, UINT64_MAX);
	run_ms(200);
	ck_assert(!pool_is_empty(pool));

	pool_leave(pool, SIGTERM, clock_monotonic_ns());
	run_until(is_empty, 0);
}
END_TEST

START_TEST(other_children_are_not_its_own)
{
	run_until(is_in_state, POOL_UP);
	ck_assert(!pool_reap(pool, getpid(), 0, 0));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pool");
	TCase *boot = tcase_create("boot");
	TCase *death = tcase_create("death");
	TCase *leave = tcase_create("leave");

	tcase_set_timeout(boot, 60);
	tcase_add_checked_fixture(boot, setup, teardown);
	tcase_add_test(boot, nobody_sleeps_on_the_news_that_all_are_up);
	tcase_add_test(boot, it_comes_up_when_each_worker_waits);
	tcase_add_test(boot, one_that_is_not_up_yet_is_waited_for);
	tcase_add_loop_test(boot, one_that_does_not_come_up_fails_it, 0,
	    NELEM(boot_failures));
	tcase_add_test(boot, one_that_dies_later_does_not);
	tcase_add_test(boot, it_looks_often_while_one_boots);
	tcase_add_test(boot, it_looks_seldom_when_all_are_up);
	suite_add_tcase(suite, boot);
	tcase_set_timeout(death, 60);
	tcase_add_checked_fixture(death, tempdir_setup, tempdir_teardown);
	tcase_add_checked_fixture(death, setup, teardown);
	tcase_add_test(death, one_that_serves_is_left_alone);
	tcase_add_loop_test(death, the_next_comes_when_it_should, 0,
	    NELEM(replaced));
	tcase_add_test(death, only_what_is_not_in_order_is_a_death);
	tcase_add_test(death, a_death_is_told_with_its_request);
	tcase_add_test(death, what_a_worker_says_of_itself_is_not_believed);
	tcase_add_test(death, one_past_its_deadline_is_killed_and_replaced);
	tcase_add_test(death, each_end_is_counted_by_its_cause);
	suite_add_tcase(suite, death);
	tcase_set_timeout(leave, 60);
	tcase_add_checked_fixture(leave, setup, teardown);
	tcase_add_test(leave, those_that_leave_are_not_replaced);
	tcase_add_test(leave, one_that_does_not_leave_is_killed);
	tcase_add_test(leave, other_children_are_not_its_own);
	suite_add_tcase(suite, leave);
	return run_suite(suite);
}
