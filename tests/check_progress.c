#include "config.h"

/* Where the time is booked, and what happens when it is over. */

#include "progress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "log.h"
#include "support.h"
#include "watchdog.h"

static void
pass_ms(long ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * (long)NS_PER_MS };

	(void)nanosleep(&ts, NULL);
}

START_TEST(time_is_booked_on_the_phase_that_ends)
{
	uint64_t since = clock_monotonic_ns(), all;
	struct progress p;

	progress_start(&p, NULL);
	pass_ms(30);
	progress_enter(&p, PHASE_DECODE);
	pass_ms(30);
	progress_enter(&p, PHASE_RESIZE);
	all = clock_monotonic_ns() - since;

	ck_assert_uint_ge(progress_ms(&p, PHASE_DECODE), 30);
	ck_assert_uint_eq(p.spent_ns[PHASE_RESIZE], 0);
	/* Had a moment been booked twice, it would be more than there was. */
	ck_assert_uint_le(p.spent_ns[PHASE_IDLE] + p.spent_ns[PHASE_DECODE],
	    all);
}
END_TEST

START_TEST(a_phase_entered_twice_adds_up)
{
	struct progress p;

	progress_start(&p, NULL);
	progress_enter(&p, PHASE_ENCODE);
	pass_ms(20);
	progress_enter(&p, PHASE_RESIZE);
	progress_enter(&p, PHASE_ENCODE);
	pass_ms(20);
	progress_enter(&p, PHASE_IDLE);

	ck_assert_uint_ge(progress_ms(&p, PHASE_ENCODE), 40);
}
END_TEST

static const struct {
	uint64_t ns;
	unsigned ms;
} rounded[] = {
	{ 0, 0 },
	{ NS_PER_MS / 2 - 1, 0 },
	{ NS_PER_MS / 2, 1 },
	{ NS_PER_MS, 1 },
	{ NS_PER_MS + NS_PER_MS / 2, 2 },
	{ 86400 * NS_PER_S, 86400000 },
};

START_TEST(milliseconds_are_the_nearest)
{
	struct progress p = { .spent_ns = { [PHASE_DECODE] = rounded[_i].ns } };

	ck_assert_uint_eq(progress_ms(&p, PHASE_DECODE), rounded[_i].ms);
}
END_TEST

START_TEST(a_photos_share_is_what_came_since)
{
	struct progress p = { .spent_ns = { [PHASE_RECEIVE] = 5 * NS_PER_MS,
				  [PHASE_DECODE] = 70 * NS_PER_MS } };
	const uint64_t before[PHASE_COUNT] = { [PHASE_RECEIVE] = 4 * NS_PER_MS,
		[PHASE_DECODE] = 60 * NS_PER_MS };
	unsigned ms[PHASE_COUNT];

	progress_share(&p, before, ms);

	ck_assert_uint_eq(ms[PHASE_DECODE], 10);
	ck_assert_msg(ms[PHASE_RECEIVE] == 5,
	    "receiving is the whole request's: %u", ms[PHASE_RECEIVE]);
}
END_TEST

START_TEST(the_slot_shows_phase_photo_and_deadline)
{
	struct slot slot = { .photo = "of the last request" };
	struct progress p;

	progress_start(&p, &slot);
	ck_assert_str_eq(slot.photo, "");
	progress_photo(&p, "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	progress_enter(&p, PHASE_DECODE);
	progress_deadline(&p, 12345);
	progress_count_decode(&p);

	ck_assert_int_eq(slot.phase, PHASE_DECODE);
	ck_assert_str_eq(slot.photo, "aaaaaaaaaaaaaaaaaaaaaaaaaa");
	ck_assert_uint_eq(slot.deadline_ns, 12345);
	ck_assert_uint_eq(slot.decodes, 1);
}
END_TEST

START_TEST(a_deadline_passes_and_can_be_lifted)
{
	struct progress p;

	progress_start(&p, NULL);
	ck_assert(!progress_is_over(&p));
	progress_deadline(&p, clock_monotonic_ns() + 60 * NS_PER_S);
	ck_assert(!progress_is_over(&p));
	progress_deadline(&p, clock_monotonic_ns() - 1);
	ck_assert(progress_is_over(&p));
	progress_deadline(&p, 0);
	ck_assert(!progress_is_over(&p));
}
END_TEST

START_TEST(a_lifted_deadline_is_a_sign_of_life)
{
	struct slot slot = { 0 };
	struct progress p;
	uint64_t before;

	progress_start(&p, &slot);
	progress_deadline(&p, 12345);
	ck_assert_uint_eq(slot.beat_ns, 0);
	before = clock_monotonic_ns();
	progress_deadline(&p, 0);
	ck_assert_uint_eq(slot.deadline_ns, 0);
	ck_assert_uint_ge(slot.beat_ns, before);
}
END_TEST

START_TEST(the_watchdog_ends_a_process_that_goes_on)
{
	ck_assert_int_eq(watchdog_init(), 0);
	watchdog_arm(clock_monotonic_ns() + 50 * NS_PER_MS);
	pass_ms(10000);
}
END_TEST

START_TEST(a_deadline_in_the_past_ends_it_at_once)
{
	ck_assert_int_eq(watchdog_init(), 0);
	watchdog_arm(1);
	pass_ms(10000);
}
END_TEST

START_TEST(a_passed_deadline_has_a_second_of_grace)
{
	uint64_t since = clock_monotonic_ns();
	struct progress p;
	int status;
	pid_t pid;

	progress_start(&p, NULL);
	pid = fork();
	if (pid == 0) {
		if (watchdog_init() == 0)
			progress_deadline(&p, since);
		pass_ms(10000);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, WATCHDOG_EXIT << 8);
	ck_assert_uint_ge(clock_monotonic_ns() - since, NS_PER_S);
}
END_TEST

START_TEST(a_lifted_deadline_is_quiet)
{
	struct progress p;

	ck_assert_int_eq(watchdog_init(), 0);
	progress_start(&p, NULL);
	progress_deadline(&p, clock_monotonic_ns());
	progress_deadline(&p, 0);
	pass_ms(1300);
}
END_TEST

START_TEST(a_watchdog_that_was_not_started_is_quiet)
{
	watchdog_arm(1);
	pass_ms(100);
}
END_TEST

/* The test dies of it; what it wrote is looked at by a parent. */
START_TEST(the_watchdogs_line_goes_to_the_log)
{
	char path[300];
	char *text = NULL;
	size_t len;
	pid_t pid;

	(void)snprintf(path, sizeof path, "%s/log", tempdir_path());
	pid = fork();
	if (pid == 0) {
		log_set_slot("green");
		if (log_open(path) == 0 && watchdog_init() == 0)
			watchdog_arm(1);
		pass_ms(10000);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(fd_read_file(AT_FDCWD, path, 1000, &text, &len), 0);
	ck_assert_msg(strncmp(text, "fcgi-thumb@green: ", 18) == 0 &&
		strstr(text, "watchdog") != NULL && text[len - 1] == '\n',
	    "%s", text);
	free(text);
}
END_TEST

START_TEST(work_has_its_seconds_or_until_the_later_time)
{
	struct progress p;
	uint64_t now = clock_monotonic_ns();

	progress_start(&p, NULL);
	progress_allow(&p, 5, 0);
	ck_assert_uint_ge(p.deadline_ns, now + 5 * NS_PER_S);
	ck_assert_uint_lt(p.deadline_ns, now + 60 * NS_PER_S);
	progress_allow(&p, 5, now + 3600 * NS_PER_S);
	ck_assert_uint_eq(p.deadline_ns, now + 3600 * NS_PER_S);
	progress_deadline(&p, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("progress");
	TCase *time_spent = tcase_create("time");
	TCase *slots = tcase_create("slots");
	TCase *dog = tcase_create("watchdog");

	tcase_add_test(time_spent, time_is_booked_on_the_phase_that_ends);
	tcase_add_test(time_spent, a_phase_entered_twice_adds_up);
	tcase_add_loop_test(time_spent, milliseconds_are_the_nearest, 0,
	    NELEM(rounded));
	tcase_add_test(time_spent, a_photos_share_is_what_came_since);
	suite_add_tcase(suite, time_spent);
	tcase_add_test(slots, the_slot_shows_phase_photo_and_deadline);
	tcase_add_test(slots, a_deadline_passes_and_can_be_lifted);
	tcase_add_test(slots, work_has_its_seconds_or_until_the_later_time);
	tcase_add_test(slots, a_lifted_deadline_is_a_sign_of_life);
	suite_add_tcase(suite, slots);
	tcase_set_timeout(dog, 60);
	tcase_add_checked_fixture(dog, tempdir_setup, tempdir_teardown);
	tcase_add_exit_test(dog, the_watchdog_ends_a_process_that_goes_on,
	    WATCHDOG_EXIT);
	tcase_add_exit_test(dog, a_deadline_in_the_past_ends_it_at_once,
	    WATCHDOG_EXIT);
	tcase_add_test(dog, a_passed_deadline_has_a_second_of_grace);
	tcase_add_test(dog, a_lifted_deadline_is_quiet);
	tcase_add_test(dog, a_watchdog_that_was_not_started_is_quiet);
	tcase_add_test(dog, the_watchdogs_line_goes_to_the_log);
	suite_add_tcase(suite, dog);
	return run_suite(suite);
}
