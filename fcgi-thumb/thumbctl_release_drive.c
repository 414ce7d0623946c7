#include "config.h"

/*
 * The hands of a release: its state to the disk, nginx's route, units, and the
 * books. Responsible for that each deed may be done twice.
 */

#include "thumbctl_release_drive.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "thumbctl_release_internal.h"
#include "thumbctl_release_route.h"
#include "thumbctl_watch.h"

#define BACK_TRIES 3
#define BACK_PAUSE 2 /* seconds */

/* ---- signals ---- */

static volatile sig_atomic_t heard;

static void
hear(int signo)
{
	heard = signo;
}

/* Whoever reads what is said may be gone: that is no reason to leave users. */
void
drive_hear_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = hear };

	for (size_t i = 0; i < NELEM(ends); i++)
		(void)sigaction(ends[i], &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	/* A rollout that is stopped would hold the lock and judge nothing. */
	(void)signal(SIGTSTP, SIG_IGN);
}

int
drive_signal(void)
{
	return (int)heard;
}

/* ---- hands ---- */

static int64_t
hand_now(void *ctx)
{
	(void)ctx;
	return (int64_t)clock_wall_ms();
}

static int
hand_save(void *ctx, const struct release_state *state)
{
	struct drive *d = ctx;
	struct release_state before = d->r->state;

	d->r->state = *state;
	if (releases_save(d->r) == 0)
		return 0;
	d->r->state = before;
	return -1;
}

static int
hand_route(void *ctx, const struct release_state *state,
    enum release_slot files_of)
{
	const struct drive *d = ctx;
	struct route route =
	    route_of_state(state, d->r->settings->release_cookie);

	return releases_route(d->r, &route, files_of);
}

/* One that lives serves somebody, and is left alone. */
static int
hand_revive(void *ctx, enum release_slot slot)
{
	const struct drive *d = ctx;
	struct service_state state;

	return slot_is_alive(d->r, slot, &state) ? 0 : slot_start(d->r, slot);
}

static int
hand_enable(void *ctx, enum release_slot slot, bool on)
{
	const struct drive *d = ctx;

	return slot_enable(d->r, slot, on);
}

void
drive_await_old(const struct releases *r)
{
	unsigned wait = r->state.nginx.wait;

	(void)watch_old_workers(
	    clock_monotonic_ns() + (wait > 0 ? wait : WAIT_DEFAULT) * NS_PER_S);
}

/*
 * A slot's master stays, for the way back; the service without slots would be
 * one more that is looked after, and can be started for it. Requests that nginx
 * has from before may come to it yet.
 */
static void
hand_retire(void *ctx, enum release_slot slot)
{
	const struct drive *d = ctx;
	struct service_state state;

	if (slot != SLOT_NONE || !slot_is_alive(d->r, slot, &state))
		return;
	if (!units_are_used(d->r)) {
		(void)printf("the service without slots (process %ld) still "
			     "runs; nobody is sent there. rollback needs it\n",
		    (long)state.pid);
		return;
	}
	drive_await_old(d->r);
	(void)slot_stop(d->r, slot);
}

/* ---- the books ---- */

static const char *
what_of(const struct drive *d, enum rollout_mark mark)
{
	static const char *const names[] = {
		[ROLLOUT_BEGINS] = "begin",
		[ROLLOUT_WIDENS] = "step",
	};

	return mark == ROLLOUT_ENDS ? d->what : names[mark];
}

struct search {
	const char *id;
	bool found;
};

static bool
is_end(void *ctx, const struct release_event *event)
{
	static const char *const ends[] = { "end", "switch", "rollback",
		"abort", "revert" };
	struct search *s = ctx;

	for (size_t i = 0; i < NELEM(ends); i++)
		if (strcmp(event->id, s->id) == 0 &&
		    strcmp(event->what, ends[i]) == 0)
			s->found = true;
	return !s->found;
}

/* Has one that was cut off noted it before? */
static bool
has_ended(const struct drive *d, const char *id)
{
	struct search s = { .id = id };

	return release_history(d->r->settings->release_dir, is_end, &s) == 0 &&
	    s.found;
}

static void
hand_note(void *ctx, const struct release_state *state, enum rollout_mark mark)
{
	struct drive *d = ctx;
	const struct release_run *run = &state->run;
	struct release_event event = { .how = run->how,
		.from = run->from,
		.to = run->to,
		.share = run->share };

	if (mark == ROLLOUT_ENDS && has_ended(d, run->id))
		return;
	if (mark == ROLLOUT_ENDS && d->tell_end != NULL)
		d->tell_end(d->ctx);
	(void)snprintf(event.what, sizeof event.what, "%s", what_of(d, mark));
	memcpy(event.id, run->id, sizeof event.id);
	memcpy(event.forced, run->forced, sizeof event.forced);
	memcpy(event.words, d->words, sizeof event.words);
	if (d->verdict != VERDICT_COUNT)
		(void)snprintf(event.verdict, sizeof event.verdict, "%s",
		    verdict_name(d->verdict));
	/* What comes to its end at once has one line. */
	if (mark != ROLLOUT_BEGINS || run->n_steps > 0)
		releases_note(d->r, &event);
	/* No minute is lost in a comparison that lasts for weeks. */
	if (run->how != RELEASE_AB)
		drive_note_in_ledger(d, state, mark);
}

/* ---- for the commands ---- */

void
drive_init(struct drive *d, struct releases *r, const char *what)
{
	*d = (struct drive){ .r = r,
		.hands = { .ctx = d,
		    .now = hand_now,
		    .save = hand_save,
		    .route = hand_route,
		    .revive = hand_revive,
		    .enable = hand_enable,
		    .retire = hand_retire,
		    .note = hand_note },
		.what = what,
		.verdict = VERDICT_COUNT };
}

void
drive_say(struct drive *d, enum verdict verdict, const char *fmt, ...)
{
	va_list ap;

	d->verdict = verdict;
	va_start(ap, fmt);
	(void)vsnprintf(d->words, sizeof d->words, fmt, ap);
	va_end(ap);
}

/* Does nginx send everybody to that slot, as the active one? */
static bool
sends_all_to(const struct releases *r, enum release_slot slot)
{
	char salt[RELEASE_ID_LEN + 1];
	struct route route;

	return releases_routed(r, &route, salt, sizeof salt) == 0 &&
	    route.share == 0 && route.active == slot;
}

static int
try_back(struct drive *d)
{
	struct release_state *state = &d->r->state;

	return rollout_do_back(&d->hands, state) == 0 ||
		state->run.how == RELEASE_NONE
	    ? 0
	    : -1;
}

int
drive_back(struct drive *d)
{
	const enum release_slot from = d->r->state.run.from;
	const struct timespec pause = { .tv_sec = BACK_PAUSE };
	bool is_back = false;

	for (unsigned i = 0; i < BACK_TRIES && !is_back; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		if (try_back(d) == 0)
			return 0;
		is_back = sends_all_to(d->r, from);
	}
	complain("%s %s; thumbctl release tend (its timer, each minute) tries "
		 "again, and thumbctl release abort does at once",
	    settings_slot_name(from),
	    is_back ? "serves all users again, and not all that belongs to it "
		      "could be done"
		    : "is NOT where all users are");
	return -1;
}

bool
drive_has_turned(const struct releases *r)
{
	return sends_all_to(r, r->state.run.to);
}

bool
drive_has_arrived(const struct releases *r)
{
	char salt[RELEASE_ID_LEN + 1];
	struct route route;

	return drive_has_turned(r) ||
	    (releases_routed(r, &route, salt, sizeof salt) == 0 &&
		route.share == RELEASE_ALL &&
		route.candidate == r->state.run.to);
}
