#include "config.h"

#include "rollout.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

/* A release on its way: what is next, and who is killed at each of its deeds. */

#define NOON INT64_C(1795867200000)
#define MINUTE INT64_C(60000)
#define ID "abcdefghij23"

static struct rollout_plan
plan_of(enum release_how how)
{
	struct rollout_plan plan = { .how = how,
		.by_customer = true,
		.step = 10 * MINUTE,
		.patience = 30 * MINUTE };

	if (how == RELEASE_ROLLOUT) {
		plan.n_steps = 3;
		plan.steps[0] = 100;
		plan.steps[1] = 2500;
		plan.steps[2] = RELEASE_ALL;
	}
	return plan;
}

/* Blue serves, green is staged, and before blue there were no slots. */
static struct release_state
before(void)
{
	return (struct release_state){ .active = SLOT_BLUE,
		.has_previous = true,
		.previous = SLOT_NONE };
}

/* ---- the command line ---- */

static const struct {
	const char *text;
	unsigned max;
	int want; /* -1: none */
} percents[] = {
	{ "5", 10000, 500 },
	{ "0.25", 10000, 25 },
	{ "0.5", 10000, 50 },
	{ "100", 10000, 10000 },
	{ "300", 100000, 30000 },
	{ "0", 10000, 0 },
	{ "100.01", 10000, -1 },
	{ "101", 10000, -1 },
	{ "", 10000, -1 },
	{ ".5", 10000, -1 },
	{ "5.", 10000, -1 },
	{ "0.125", 10000, -1 },
	{ "5%", 10000, -1 },
	{ "-5", 10000, -1 },
	{ "5 ", 10000, -1 },
	{ "00000000005", 10000, -1 },
	{ "0.-1", 10000, -1 },
};

START_TEST(a_percentage_is_exact_or_none)
{
	unsigned got = 77;
	int rc =
	    rollout_parse_percent(percents[_i].text, percents[_i].max, &got);

	ck_assert_int_eq(rc, percents[_i].want == -1 ? -1 : 0);
	ck_assert_int_eq((int)got,
	    percents[_i].want == -1 ? 77 : percents[_i].want);
}
END_TEST

static const struct {
	const char *text;
	const char *words; /* NULL: they are steps */
	unsigned n;
	unsigned steps[6];
} steps[] = {
	{ "1,5,25,50,100", NULL, 5, { 100, 500, 2500, 5000, 10000 } },
	{ "50,100", NULL, 2, { 5000, 10000 } },
	{ "0.01,99.99", NULL, 3, { 1, 9999, 10000 } },
	{ "25", NULL, 2, { 2500, 10000 } },
	{ "100", "switch", 0, { 0 } },
	{ "0,100", "more than", 0, { 0 } },
	{ "5,5,100", "more than", 0, { 0 } },
	{ "50,25,100", "more than", 0, { 0 } },
	{ "5,100,100", "more than", 0, { 0 } },
	{ "", "percent", 0, { 0 } },
	{ "5,", "percent", 0, { 0 } },
	{ ",5", "percent", 0, { 0 } },
	{ "5;10", "percent", 0, { 0 } },
	{ "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20", "steps", 0,
	    { 0 } },
};

START_TEST(steps_grow_up_to_all)
{
	struct rollout_plan plan = { 0 };
	char why[200] = "";
	int rc = rollout_parse_steps(steps[_i].text, &plan, why, sizeof why);

	if (steps[_i].words != NULL) {
		ck_assert_int_eq(rc, -1);
		ck_assert_msg(strstr(why, steps[_i].words) != NULL, "%s", why);
		return;
	}
	ck_assert_msg(rc == 0, "%s", why);
	ck_assert_uint_eq(plan.n_steps, steps[_i].n);
	ck_assert_mem_eq(plan.steps, steps[_i].steps,
	    steps[_i].n * sizeof plan.steps[0]);
}
END_TEST

/* ---- of the one who drives it ---- */

static const struct {
	unsigned step;
	struct rollout_signs signs;
	enum rollout_next want;
} nexts[] = {
	{ 0, { .verdict = VERDICT_INCONCLUSIVE }, ROLLOUT_ON },
	{ 0, { .elapsed = 10 * MINUTE, .closing = true }, ROLLOUT_WIDEN },
	{ 1, { .elapsed = 10 * MINUTE, .closing = true }, ROLLOUT_WIDEN },
	{ 2, { .elapsed = 10 * MINUTE, .closing = true }, ROLLOUT_PROMOTE },
	/* A pass before the end of a window is none. */
	{ 0, { .elapsed = 9 * MINUTE }, ROLLOUT_ON },
	{ 0, { .verdict = VERDICT_FAIL }, ROLLOUT_FAILED },
	{ 2, { .verdict = VERDICT_FAIL, .closing = true }, ROLLOUT_FAILED },
	{ 0,
	    { .elapsed = 10 * MINUTE,
		.closing = true,
		.verdict = VERDICT_INCONCLUSIVE },
	    ROLLOUT_ON },
	{ 0,
	    { .elapsed = 30 * MINUTE,
		.closing = true,
		.verdict = VERDICT_INCONCLUSIVE },
	    ROLLOUT_INCONCLUSIVE },
	/* The other side has no requests: patience may bring some. */
	{ 0,
	    { .elapsed = 10 * MINUTE,
		.closing = true,
		.verdict = VERDICT_REFUSED },
	    ROLLOUT_ON },
	{ 0,
	    { .elapsed = 30 * MINUTE,
		.closing = true,
		.verdict = VERDICT_REFUSED },
	    ROLLOUT_INCONCLUSIVE },
	{ 0, { .elapsed = 30 * MINUTE, .closing = true }, ROLLOUT_WIDEN },
	/* Whatever the requests say. */
	{ 2, { .closing = true, .interrupted = true }, ROLLOUT_FAILED },
	{ 2, { .closing = true, .gone = true }, ROLLOUT_FAILED },
	{ 2, { .closing = true, .probes_failed = 2 }, ROLLOUT_FAILED },
	{ 2, { .elapsed = 10 * MINUTE, .closing = true, .probes_failed = 1 },
	    ROLLOUT_PROMOTE },
};

START_TEST(each_look_says_what_is_next)
{
	struct rollout_plan plan = plan_of(RELEASE_ROLLOUT);

	ck_assert_int_eq(rollout_next(&plan, nexts[_i].step, &nexts[_i].signs),
	    nexts[_i].want);
}
END_TEST

START_TEST(a_window_is_over_once_a_step)
{
	struct rollout_plan plan = plan_of(RELEASE_ROLLOUT);

	ck_assert(!rollout_closes(&plan, 0, 0));
	ck_assert(!rollout_closes(&plan, 10 * MINUTE - 1, 0));
	ck_assert(rollout_closes(&plan, 10 * MINUTE, 0));
	ck_assert(!rollout_closes(&plan, 11 * MINUTE, 1));
	ck_assert(rollout_closes(&plan, 20 * MINUTE, 1));
	ck_assert(rollout_closes(&plan, 30 * MINUTE, 2));
	/* At the end of the patience, whatever the steps are. */
	plan.patience = 15 * MINUTE;
	ck_assert(!rollout_closes(&plan, 15 * MINUTE - 1, 1));
	ck_assert(rollout_closes(&plan, 15 * MINUTE, 1));
}
END_TEST

/* ---- a world in which anybody is killed ---- */

static struct {
	jmp_buf killed;
	unsigned deeds, last; /* killed at the last one; 0: never */
	int64_t now;
	struct release_state disk; /* state.json */
	struct release_state told; /* what nginx does, as the state it is of */
	enum release_slot files;   /* whose nginx's files are */
	bool enabled[SLOT_COUNT], alive[SLOT_COUNT];
	unsigned begun, ended;
	bool nginx_refuses, disk_is_full;
} world;

/*
 * Before the deed, or in the midst of it: what has one effect has had it or
 * not, and a kill after it is one before the next.
 */
static void
deed(void)
{
	if (++world.deeds == world.last)
		longjmp(world.killed, 1);
}

static int64_t
now(void *ctx)
{
	(void)ctx;
	return world.now;
}

static bool
is_served(const struct release_state *s)
{
	for (enum release_slot slot = SLOT_NONE; slot < SLOT_COUNT; slot++)
		if (release_share(s, slot) > 0 && !world.alive[slot])
			return false;
	return true;
}

static int
hand_save(void *ctx, const struct release_state *state)
{
	(void)ctx;
	deed();
	if (world.disk_is_full)
		return -1;
	world.disk = *state;
	return 0;
}

static int
hand_route(void *ctx, const struct release_state *state,
    enum release_slot files_of)
{
	(void)ctx;
	deed();
	if (world.nginx_refuses)
		return -1;
	ck_assert_msg(is_served(state), "users come to a slot that is down");
	if (files_of != SLOT_COUNT)
		world.files = files_of;
	deed(); /* its files are there, and it has not been told */
	world.told = *state;
	deed(); /* it has them, and we have not heard of it */
	return 0;
}

static int
hand_revive(void *ctx, enum release_slot slot)
{
	(void)ctx;
	deed();
	world.alive[slot] = true;
	return 0;
}

static int
hand_enable(void *ctx, enum release_slot slot, bool on)
{
	(void)ctx;
	deed();
	world.enabled[slot] = on;
	return 0;
}

/* The service without slots is stopped, as under systemd. */
static void
hand_retire(void *ctx, enum release_slot slot)
{
	(void)ctx;
	deed();
	ck_assert_uint_eq(release_share(&world.told, slot), 0);
	if (slot == SLOT_NONE)
		world.alive[slot] = false;
}

static void
hand_note(void *ctx, const struct release_state *state, enum rollout_mark mark)
{
	(void)ctx;
	(void)state;
	deed();
	world.begun += mark == ROLLOUT_BEGINS;
	world.ended += mark == ROLLOUT_ENDS;
}

static const struct rollout_hands hands = { .now = now,
	.save = hand_save,
	.route = hand_route,
	.revive = hand_revive,
	.enable = hand_enable,
	.retire = hand_retire,
	.note = hand_note };

static void
make_world(enum release_slot active)
{
	memset(&world, 0, sizeof world);
	world.now = NOON;
	world.disk = before();
	world.disk.active = active;
	world.disk.has_previous = active != SLOT_NONE;
	world.told = world.disk;
	world.files = active;
	world.alive[active] = world.enabled[active] = true;
	world.alive[release_other(active)] = true; /* the system test did it */
	if (active == SLOT_BLUE)
		world.alive[SLOT_GREEN] = true;
}

/* How a driver may be told to go. */
enum course {
	TO_THE_END,
	BACK_IN_A_STEP,
	COURSES
};

struct drive {
	enum release_how how;
	enum release_slot from, to;
	enum course course;
};

static const struct drive drives[] = {
	{ RELEASE_ROLLOUT, SLOT_BLUE, SLOT_GREEN, TO_THE_END },
	{ RELEASE_ROLLOUT, SLOT_BLUE, SLOT_GREEN, BACK_IN_A_STEP },
	{ RELEASE_ROLLOUT, SLOT_NONE, SLOT_BLUE, TO_THE_END },
	{ RELEASE_ROLLOUT, SLOT_NONE, SLOT_BLUE, BACK_IN_A_STEP },
	{ RELEASE_SWITCH, SLOT_BLUE, SLOT_GREEN, TO_THE_END },
	{ RELEASE_SWITCH, SLOT_NONE, SLOT_BLUE, TO_THE_END },
	{ RELEASE_ROLLBACK, SLOT_BLUE, SLOT_GREEN, TO_THE_END },
	{ RELEASE_ROLLBACK, SLOT_BLUE, SLOT_NONE, TO_THE_END },
};

/* What the driver does; false: killed at the deed `last`. */
static bool
drive(const struct drive *d, unsigned last)
{
	struct rollout_plan plan = plan_of(d->how);
	struct release_state state = world.disk;

	world.deeds = 0;
	world.last = last;
	if (setjmp(world.killed) != 0)
		return false;
	ck_assert_int_eq(rollout_do_begin(&hands, &state, &plan, d->to, ID,
			     "alice", ""),
	    0);
	if (plan.n_steps == 0)
		return true;
	world.now += 10 * MINUTE;
	ck_assert_int_eq(rollout_do_step(&hands, &state, &plan, 1), 0);
	if (d->course == BACK_IN_A_STEP) {
		ck_assert_int_eq(rollout_do_back(&hands, &state), 0);
		return true;
	}
	ck_assert_int_eq(rollout_do_step(&hands, &state, &plan, 2), 0);
	ck_assert_int_eq(rollout_do_forward(&hands, &state), 0);
	return true;
}

enum finder {
	TEND,
	ABORT,
	ROLLBACK,
	FINDERS
};

/* nginx sends everybody there. */
static bool
has_arrived(void)
{
	return release_share(&world.told, world.disk.run.to) == RELEASE_ALL;
}

static enum rollout_deed
decide(enum finder finder)
{
	struct rollout_find find = { .now = world.now,
		.arrived = has_arrived() };
	const char *why;

	if (finder == ABORT)
		return rollout_abort(&world.disk);
	if (finder == ROLLBACK)
		return rollout_rollback(&world.disk);
	return rollout_tend(&world.disk, &find, &why);
}

/* What the one who finds it does; false: killed too. */
static bool
mend(enum finder finder, unsigned last)
{
	struct release_state state = world.disk;
	enum rollout_deed what = decide(finder);

	world.deeds = 0;
	world.last = last;
	if (setjmp(world.killed) != 0)
		return false;
	if (what == ROLLOUT_FORWARD)
		ck_assert_int_eq(rollout_do_forward(&hands, &state), 0);
	else if (what == ROLLOUT_BACK)
		ck_assert_int_eq(rollout_do_back(&hands, &state), 0);
	return true;
}

/* Whatever happened, one of the two serves all, and all of it agrees. */
static void
check_world(const struct drive *d, bool began)
{
	const struct release_state *s = &world.disk;
	enum release_slot other = s->active == d->to ? d->from : d->to;

	ck_assert_int_eq(s->run.how, RELEASE_NONE);
	ck_assert(s->active == d->from || s->active == d->to);
	ck_assert_int_eq(world.told.active, s->active);
	ck_assert_uint_eq(release_share(&world.told, s->active), RELEASE_ALL);
	ck_assert(world.alive[s->active]);
	ck_assert(world.enabled[s->active]);
	if (began)
		ck_assert(!world.enabled[other]);
	ck_assert_int_eq(world.files, s->active);
	if (s->active == d->to) {
		ck_assert(s->has_previous);
		ck_assert_int_eq(s->previous, d->from);
	} else if (d->from == SLOT_BLUE) {
		ck_assert(s->has_previous);
		ck_assert_int_eq(s->previous, SLOT_NONE);
	}
}

START_TEST(it_comes_to_its_end)
{
	const struct drive *d = &drives[_i];

	make_world(d->from);
	if (d->to == SLOT_NONE)
		world.alive[SLOT_NONE] = true;
	ck_assert(drive(d, 0));
	check_world(d, true);
	ck_assert_int_eq(world.disk.active,
	    d->course == TO_THE_END ? d->to : d->from);
	ck_assert_uint_eq(world.begun, 1);
	ck_assert_uint_eq(world.ended, 1);
}
END_TEST

/*
 * The driver is killed at each of its deeds; an hour later somebody finds it, is
 * killed at each of his, and somebody else does it again.
 */
START_TEST(whoever_is_killed_at_whatever_deed)
{
	const struct drive *d = &drives[_i / FINDERS];
	enum finder finder = _i % FINDERS;
	unsigned deeds = 0, mended = 0;

	for (unsigned at = 1;; at++) {
		for (unsigned again = 1;; again++) {
			bool began;

			make_world(d->from);
			if (d->to == SLOT_NONE)
				world.alive[SLOT_NONE] = true;
			if (drive(d, at)) {
				ck_assert_uint_gt(deeds, 4);
				ck_assert_uint_gt(mended, 4);
				return;
			}
			deeds = at;
			began = world.disk.run.how != RELEASE_NONE;
			world.now += 60 * MINUTE;
			if (mend(finder, again)) {
				if (began)
					check_world(d, began);
				break;
			}
			mended++;
			world.now += MINUTE;
			ck_assert(mend(TEND, 0));
			check_world(d, began);
			/* And again, which is harmless. */
			ck_assert(mend(TEND, 0));
			ck_assert(mend(finder, 0));
			check_world(d, began);
		}
	}
}
END_TEST

/* Every master is gone, as after a reboot; what should run runs again. */
START_TEST(a_reboot_in_a_step_serves_all_and_goes_back)
{
	const struct drive d = { RELEASE_ROLLOUT, SLOT_BLUE, SLOT_GREEN,
		TO_THE_END };

	for (unsigned at = 1;; at++) {
		make_world(d.from);
		if (drive(&d, at))
			return;
		memcpy(world.alive, world.enabled, sizeof world.alive);
		ck_assert_msg(is_served(&world.told), "killed at deed %u", at);
		world.now += 60 * MINUTE;
		ck_assert(mend(TEND, 0));
		ck_assert(mend(TEND, 0));
		ck_assert_int_eq(world.disk.run.how, RELEASE_NONE);
		ck_assert(is_served(&world.told));
	}
}
END_TEST

/* ---- of the one who finds it ---- */

static struct release_state
in_a_step(void)
{
	struct release_state state = before();
	struct rollout_plan plan = plan_of(RELEASE_ROLLOUT);

	rollout_begin(&state, &plan, SLOT_GREEN, ID, "alice", "Friday", NOON);
	return state;
}

START_TEST(what_begins_is_in_its_first_step)
{
	struct release_state state = in_a_step();

	ck_assert_int_eq(state.active, SLOT_BLUE);
	ck_assert_int_eq(state.run.how, RELEASE_ROLLOUT);
	ck_assert_int_eq(state.run.from, SLOT_BLUE);
	ck_assert_int_eq(state.run.to, SLOT_GREEN);
	ck_assert_str_eq(state.run.id, ID);
	ck_assert_str_eq(state.run.by, "alice");
	ck_assert_str_eq(state.run.forced, "Friday");
	ck_assert_uint_eq(state.run.share, 100);
	ck_assert(!state.run.settled);
	ck_assert_int_eq(state.run.began, NOON);
	ck_assert_int_eq(state.run.deadline,
	    NOON + (10 + 30) * MINUTE + ROLLOUT_GRACE_MS);
}
END_TEST

START_TEST(before_its_deadline_a_step_is_left_alone)
{
	struct release_state state = in_a_step();
	struct rollout_find find = { .now = state.run.deadline - 1 };
	const char *why;

	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_NOTHING);
	find.now++;
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
	ck_assert_ptr_nonnull(strstr(why, "deadline"));
	/* An operator need not wait. */
	ck_assert_int_eq(rollout_abort(&state), ROLLOUT_BACK);
	ck_assert_int_eq(rollout_rollback(&state), ROLLOUT_BACK);
}
END_TEST

START_TEST(a_clock_that_was_set_back_is_no_reprieve)
{
	struct release_state state = in_a_step();
	struct rollout_find find = { .now = NOON - 1 };
	const char *why;

	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
	ck_assert_ptr_nonnull(strstr(why, "clock"));
}
END_TEST

START_TEST(a_candidate_without_a_master_goes_back_at_once)
{
	struct release_state state = in_a_step();
	struct rollout_find find = { .now = NOON + 1, .gone = true };
	const char *why;

	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
	ck_assert_ptr_nonnull(strstr(why, "master"));
}
END_TEST

START_TEST(a_comparison_lasts_until_it_is_ended_by_hand)
{
	struct release_state state = before();
	struct rollout_plan plan = plan_of(RELEASE_AB);
	struct rollout_find find = { .now = NOON + 365 * 1440 * MINUTE };
	const char *why;

	plan.steps[plan.n_steps++] = 5000;
	rollout_begin(&state, &plan, SLOT_GREEN, ID, "alice", "", NOON);
	ck_assert_uint_eq(state.run.share, 5000);
	ck_assert_int_eq(state.run.deadline, 0);
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_NOTHING);
	find.now = NOON - 1;
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_NOTHING);
	ck_assert_int_eq(rollout_abort(&state), ROLLOUT_BACK);
	/* But half of the users are not left without a master, */
	find.gone = true;
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
	/* nor half-way, where it was ended and that was cut off. */
	find.gone = false;
	rollout_settle(&state, false, NOON);
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
}
END_TEST

START_TEST(where_nothing_is_under_way_nothing_is_done)
{
	struct release_state state = before();
	struct rollout_find find = { .now = NOON };
	const char *why;

	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_NOTHING);
	ck_assert_int_eq(rollout_abort(&state), ROLLOUT_NOTHING);
	ck_assert_int_eq(rollout_rollback(&state), ROLLOUT_NOTHING);
}
END_TEST

START_TEST(a_switch_that_nginx_has_not_heard_of_is_none)
{
	struct release_state state = before();
	struct rollout_plan plan = plan_of(RELEASE_SWITCH);
	struct rollout_find find = { .now = NOON + 1 };
	const char *why;

	rollout_begin(&state, &plan, SLOT_GREEN, ID, "alice", "", NOON);
	ck_assert(state.run.settled);
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
	find.arrived = true;
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_FORWARD);
	ck_assert_int_eq(rollout_abort(&state), ROLLOUT_BACK);
	ck_assert_int_eq(rollout_rollback(&state), ROLLOUT_BACK);
}
END_TEST

START_TEST(a_way_back_is_gone_to_its_end)
{
	struct release_state state = before();
	struct rollout_plan plan = plan_of(RELEASE_ROLLBACK);
	struct rollout_find find = { .now = NOON + 1 };
	const char *why;

	rollout_begin(&state, &plan, SLOT_GREEN, ID, "alice", "", NOON);
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_FORWARD);
	ck_assert_int_eq(rollout_rollback(&state), ROLLOUT_FORWARD);
	ck_assert_int_eq(rollout_abort(&state), ROLLOUT_BACK);
	/* Aborted, by one who was cut off. */
	rollout_settle(&state, false, NOON);
	ck_assert_int_eq(rollout_tend(&state, &find, &why), ROLLOUT_BACK);
	ck_assert_int_eq(rollout_rollback(&state), ROLLOUT_BACK);
}
END_TEST

/* ---- what refuses ---- */

START_TEST(where_nginx_refuses_the_begin_nothing_has_begun)
{
	const struct drive *d = &drives[_i];
	struct rollout_plan plan = plan_of(d->how);
	struct release_state state;

	make_world(d->from);
	state = world.disk;
	world.nginx_refuses = true;
	ck_assert_int_eq(rollout_do_begin(&hands, &state, &plan, d->to, ID,
			     "alice", ""),
	    -1);
	ck_assert_int_eq(world.disk.run.how, RELEASE_NONE);
	ck_assert_int_eq(world.disk.active, d->from);
	ck_assert(!world.enabled[d->to]);
	ck_assert_uint_eq(world.begun, 0);
}
END_TEST

START_TEST(where_the_disk_refuses_the_begin_nginx_is_not_told)
{
	const struct drive *d = &drives[_i];
	struct rollout_plan plan = plan_of(d->how);
	struct release_state state;

	make_world(d->from);
	state = world.disk;
	world.disk_is_full = true;
	ck_assert_int_eq(rollout_do_begin(&hands, &state, &plan, d->to, ID,
			     "alice", ""),
	    -1);
	ck_assert_int_eq(state.run.how, RELEASE_NONE);
	ck_assert_int_eq(world.told.active, d->from);
	ck_assert_int_eq(world.told.run.how, RELEASE_NONE);
}
END_TEST

START_TEST(a_full_disk_does_not_keep_users_on_a_bad_one)
{
	struct release_state state;
	struct rollout_plan plan = plan_of(RELEASE_ROLLOUT);

	make_world(SLOT_BLUE);
	state = world.disk;
	ck_assert_int_eq(rollout_do_begin(&hands, &state, &plan, SLOT_GREEN, ID,
			     "alice", ""),
	    0);
	world.disk_is_full = true;
	ck_assert_int_eq(rollout_do_back(&hands, &state), -1);
	ck_assert_uint_eq(release_share(&world.told, SLOT_GREEN), 0);
	/* On the disk it is a step that nobody drives: it goes back, again. */
	world.disk_is_full = false;
	world.now = world.disk.run.deadline;
	ck_assert(mend(TEND, 0));
	ck_assert_int_eq(world.disk.run.how, RELEASE_NONE);
}
END_TEST

START_TEST(where_nginx_refuses_the_way_back_it_is_tried_again)
{
	struct release_state state;
	struct rollout_plan plan = plan_of(RELEASE_ROLLOUT);

	make_world(SLOT_BLUE);
	state = world.disk;
	ck_assert_int_eq(rollout_do_begin(&hands, &state, &plan, SLOT_GREEN, ID,
			     "alice", ""),
	    0);
	world.nginx_refuses = true;
	ck_assert_int_eq(rollout_do_back(&hands, &state), -1);
	ck_assert(world.disk.run.settled);
	ck_assert_uint_eq(world.ended, 0);
	world.nginx_refuses = false;
	ck_assert(mend(TEND, 0));
	ck_assert_int_eq(world.disk.run.how, RELEASE_NONE);
	ck_assert_uint_eq(release_share(&world.told, SLOT_GREEN), 0);
	ck_assert_uint_eq(world.ended, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("rollout");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, a_percentage_is_exact_or_none, 0,
	    NELEM(percents));
	tcase_add_loop_test(all, steps_grow_up_to_all, 0, NELEM(steps));
	tcase_add_loop_test(all, each_look_says_what_is_next, 0, NELEM(nexts));
	tcase_add_test(all, a_window_is_over_once_a_step);
	tcase_add_loop_test(all, it_comes_to_its_end, 0, NELEM(drives));
	tcase_add_loop_test(all, whoever_is_killed_at_whatever_deed, 0,
	    FINDERS * NELEM(drives));
	tcase_add_test(all, a_reboot_in_a_step_serves_all_and_goes_back);
	tcase_add_test(all, what_begins_is_in_its_first_step);
	tcase_add_test(all, before_its_deadline_a_step_is_left_alone);
	tcase_add_test(all, a_clock_that_was_set_back_is_no_reprieve);
	tcase_add_test(all, a_candidate_without_a_master_goes_back_at_once);
	tcase_add_test(all, a_comparison_lasts_until_it_is_ended_by_hand);
	tcase_add_test(all, where_nothing_is_under_way_nothing_is_done);
	tcase_add_test(all, a_switch_that_nginx_has_not_heard_of_is_none);
	tcase_add_test(all, a_way_back_is_gone_to_its_end);
	tcase_add_loop_test(all,
	    where_nginx_refuses_the_begin_nothing_has_begun, 0, NELEM(drives));
	tcase_add_loop_test(all,
	    where_the_disk_refuses_the_begin_nginx_is_not_told, 0,
	    NELEM(drives));
	tcase_add_test(all, a_full_disk_does_not_keep_users_on_a_bad_one);
	tcase_add_test(all, where_nginx_refuses_the_way_back_it_is_tried_again);
	suite_add_tcase(s, all);
	return run_suite(s);
}
