#include "config.h"

/* The shared pages, and when they say that a photo can be taken. */

#include "scoreboard.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "support.h"

#define NOW (1000 * NS_PER_S)
#define AGO(seconds) (NOW - (seconds)*NS_PER_S)
#define IN(seconds) (NOW + (seconds)*NS_PER_S)
#define LIMIT (10 * NS_PER_S)

struct state {
	int pid;
	enum phase phase;
	uint64_t deadline_ns;
	uint64_t beat_ns;
	uint64_t finished_ns;
};

static const struct {
	const char *name;
	struct state
	    slots[2]; /* the second stays nobody's where it is left out */
	bool waiting;
	bool ready;
	const char *why;
} verdicts[] = {
	{ "nobody", { { 0 } }, false, false, "alive" },
	{ "one idle", { { 1, PHASE_IDLE, 0, AGO(1), 0 } }, false, true, "" },
	{ "still booting", { { 1, PHASE_IDLE, 0, 0, 0 } }, false, false,
	    "alive" },
	{ "idle and stopped", { { 1, PHASE_IDLE, 0, AGO(4), 0 } }, false, false,
	    "alive" },
	{ "idle, the last beat just in time",
	    { { 1, PHASE_IDLE, 0, AGO(3), 0 } }, false, true, "" },
	{ "a beat of a moment ahead", { { 1, PHASE_IDLE, 0, NOW + 1, 0 } },
	    false, true, "" },
	{ "busy for long, in its time",
	    { { 1, PHASE_DECODE, IN(1), AGO(15), 0 } }, false, true, "" },
	{ "under a deadline, idle by its own words",
	    { { 1, PHASE_IDLE, IN(1), AGO(15), 0 } }, false, true, "" },
	{ "busy without a deadline, the last beat just in time",
	    { { 1, PHASE_PUBLISH, 0, AGO(3), 0 } }, false, true, "" },
	{ "busy without a deadline for long",
	    { { 1, PHASE_PUBLISH, 0, AGO(4), 0 } }, false, false, "alive" },
	{ "past its deadline", { { 1, PHASE_DECODE, AGO(1), AGO(9), 0 } },
	    false, false, "deadline" },
	{ "one past its deadline, one idle",
	    { { 1, PHASE_DECODE, AGO(1), AGO(9), 0 },
		{ 2, PHASE_IDLE, 0, NOW, 0 } },
	    false, false, "deadline" },
	{ "the second alone", { { 0 }, { 2, PHASE_IDLE, 0, NOW, 0 } }, false,
	    true, "" },
	{ "a dead one's old deadline",
	    { { 0, PHASE_DECODE, AGO(1), AGO(9), 0 },
		{ 2, PHASE_IDLE, 0, NOW, 0 } },
	    false, true, "" },
	{ "photos wait, one finished lately",
	    { { 1, PHASE_DECODE, IN(9), AGO(30), AGO(9) } }, true, true, "" },
	{ "photos wait, none finished lately",
	    { { 1, PHASE_DECODE, IN(9), AGO(30), AGO(11) },
		{ 2, PHASE_DECODE, IN(9), AGO(30), AGO(12) } },
	    true, false, "wait" },
	{ "photos wait, one was free lately after a quiet hour",
	    { { 1, PHASE_DECODE, IN(9), AGO(2), AGO(3600 / 4) } }, true, true,
	    "" },
	{ "none finished lately, but nobody waits",
	    { { 1, PHASE_DECODE, IN(9), AGO(30), AGO(11) } }, false, true, "" },
};

static void
put(struct slot *s, const struct state *state)
{
	s->pid = state->pid;
	s->phase = (int)state->phase;
	s->deadline_ns = state->deadline_ns;
	s->beat_ns = state->beat_ns;
	s->finished_ns = state->finished_ns;
}

START_TEST(readiness_follows_the_slots)
{
	struct scoreboard *b = scoreboard_new(2);
	const char *why = "";
	bool ready;

	ck_assert_ptr_nonnull(b);
	put(scoreboard_slot(b, 0), &verdicts[_i].slots[0]);
	put(scoreboard_slot(b, 1), &verdicts[_i].slots[1]);

	ready = scoreboard_is_ready(b, 0, 2, verdicts[_i].waiting, LIMIT, NOW,
	    &why);

	ck_assert_msg(ready == verdicts[_i].ready &&
		strstr(why, verdicts[_i].why) != NULL,
	    "%s: %d, \"%s\"", verdicts[_i].name, ready, why);
	scoreboard_free(b);
}
END_TEST

START_TEST(only_the_slots_asked_for_count)
{
	const struct state late = { 1, PHASE_DECODE, AGO(5), NOW, 0 };
	const struct state idle = { 2, PHASE_IDLE, 0, NOW, 0 };
	struct scoreboard *b = scoreboard_new(3);
	const char *why = "";

	put(scoreboard_slot(b, 0), &late);
	put(scoreboard_slot(b, 1), &idle);
	put(scoreboard_slot(b, 2), &late);

	ck_assert(scoreboard_is_ready(b, 1, 1, false, LIMIT, NOW, &why));
	scoreboard_free(b);
}
END_TEST

START_TEST(workers_are_counted_by_what_they_do)
{
	const struct state states[] = {
		{ 1, PHASE_IDLE, 0, AGO(1), 0 },
		{ 2, PHASE_DECODE, IN(5), AGO(9), 0 },
		{ 3, PHASE_DECODE, IN(5), AGO(9), 0 },
		{ 4, (enum phase)1234, IN(5), NOW, 0 },
		{ 5, PHASE_ENCODE, 0, AGO(9), 0 },  /* stuck */
		{ 0, PHASE_RESIZE, IN(5), NOW, 0 }, /* nobody */
	};
	struct scoreboard *b = scoreboard_new(NELEM(states));
	struct census census;

	for (unsigned i = 0; i < NELEM(states); i++) {
		put(scoreboard_slot(b, i), &states[i]);
		scoreboard_slot(b, i)->resident = 10 + i;
	}
	scoreboard_count(b, 0, NELEM(states), NOW, &census);
	ck_assert_uint_eq(census.alive, 4);
	ck_assert_uint_eq(census.phases[PHASE_DECODE], 2);
	ck_assert_uint_eq(census.phases[PHASE_IDLE], 2);
	ck_assert_uint_eq(census.phases[PHASE_ENCODE], 0);
	ck_assert_uint_eq(census.phases[PHASE_RESIZE], 0);
	ck_assert_uint_eq(census.resident, 10 + 11 + 12 + 13);
	ck_assert_uint_eq(census.resident_most, 13);
	scoreboard_count(b, 1, 1, NOW, &census);
	ck_assert_uint_eq(census.alive, 1);
	scoreboard_free(b);
}
END_TEST

START_TEST(a_child_writes_what_its_parent_reads)
{
	struct scoreboard *b = scoreboard_new(2);
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		scoreboard_slot(b, 1)->requests = 7;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);

	ck_assert_uint_eq(scoreboard_slot(b, 0)->requests, 0);
	ck_assert_uint_eq(scoreboard_slot(b, 1)->requests, 7);
	scoreboard_free(b);
}
END_TEST

START_TEST(a_kept_slot_stays_in_place)
{
	struct scoreboard *b = scoreboard_new(3);
	struct slot *own = scoreboard_slot(b, (unsigned)_i);

	own->requests = 1;
	scoreboard_keep_only(b, (unsigned)_i);

	ck_assert_ptr_eq(scoreboard_slot(b, (unsigned)_i), own);
	ck_assert_uint_eq(own->requests, 1);
	own->requests = 2;
	ck_assert_uint_eq(own->requests, 2);
	scoreboard_free(b);
}
END_TEST

START_TEST(what_is_not_kept_is_gone)
{
	struct scoreboard *b = scoreboard_new(3);

	scoreboard_keep_only(b, 1);

	ck_assert(!is_mapped(scoreboard_slot(b, 0)));
	ck_assert(is_mapped(scoreboard_slot(b, 1)));
	ck_assert(!is_mapped(scoreboard_slot(b, 2)));
	scoreboard_free(b);
}
END_TEST

START_TEST(each_phase_has_a_name_of_its_own)
{
	const char *name = phase_name((enum phase)_i);

	ck_assert_str_ne(name, "unknown");
	for (int i = 0; i < _i; i++)
		ck_assert_str_ne(name, phase_name((enum phase)i));
}
END_TEST

START_TEST(garbage_in_a_slot_has_a_name_too)
{
	ck_assert_str_eq(phase_name((enum phase)12345), "unknown");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scoreboard");
	TCase *ready = tcase_create("ready");
	TCase *memory = tcase_create("memory");
	TCase *names = tcase_create("names");

	tcase_add_loop_test(ready, readiness_follows_the_slots, 0,
	    NELEM(verdicts));
	tcase_add_test(ready, only_the_slots_asked_for_count);
	tcase_add_test(ready, workers_are_counted_by_what_they_do);
	suite_add_tcase(suite, ready);
	tcase_add_test(memory, a_child_writes_what_its_parent_reads);
	tcase_add_loop_test(memory, a_kept_slot_stays_in_place, 0, 3);
	tcase_add_test(memory, what_is_not_kept_is_gone);
	suite_add_tcase(suite, memory);
	tcase_add_loop_test(names, each_phase_has_a_name_of_its_own, 0,
	    PHASE_COUNT);
	tcase_add_test(names, garbage_in_a_slot_has_a_name_too);
	suite_add_tcase(suite, names);
	return run_suite(suite);
}
