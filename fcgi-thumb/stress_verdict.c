#include "config.h"

/*
 * From numbers to the one that limits the others. Knows no clock, no file and
 * no network; how it is said is stress_words.c's.
 */

#include "stress_verdict.h"

#include <stdio.h>
#include <string.h>

#include "stress_sight.h"

/* Shares from which on something is used up, of what a machine can tell. */
#define DISK_SHARE 0.4    /* of a worker's time, where processors idle */
#define DISK_MOST 0.5     /* the same, where they do not */
#define BLOCKED_LEAST 0.2 /* of the workers at work; below, it is noise */
#define DISK_CAUSE 0.5    /* of the time in which it waits for anything else */
#define SELF_FULL 0.9     /* of the processor that the test's thread can have */
#define DISK_FULL 0.85    /* of the disk's own time */
#define DISK_WAITING 0.25 /* of processors that wait for it */
#define DISK_GROWN 3      /* times as long as with the first step's clients */
#define DISK_LEAST 0.25   /* of a worker's time, where it has grown so */
#define FAULT_SHARE 0.05  /* of all requests */
#define FREE_LEAST 0.03   /* of the machine's memory */
#define SWAPPED_LEAST 1e6 /* bytes a second */
#define FRONT_SHARE 0.5   /* of a photo's whole time */

static bool
memory_is_short(const struct sight *s)
{
	if (s->run->elsewhere)
		return false;
	return (s->at->free > 0 &&
		   (double)s->at->free < FREE_LEAST * (double)s->run->memory) ||
	    (double)s->at->swapped > SWAPPED_LEAST * s->at->seconds;
}

/* ms of a photo's time in which files are written. */
static double
disk_time(const struct stress_step *step)
{
	return step->phase[STRESS_RECEIVE] + step->phase[STRESS_PUBLISH];
}

static bool
disk_has_grown(const struct sight *s, double share)
{
	return share >= DISK_LEAST &&
	    disk_time(s->at) >= DISK_GROWN * disk_time(s->run->steps);
}

/*
 * Where it is known how long workers wait for a processor, that time is left
 * out: with processors of their own they would work or wait for the disk.
 */
static bool
disk_holds_workers(const struct sight *s, double share)
{
	return s->blocked >= BLOCKED_LEAST * s->occupied &&
	    s->blocked >= DISK_SHARE * (s->blocked + s->at->running) &&
	    share >= DISK_CAUSE * s->blocked / s->occupied;
}

/*
 * Else: a worker that waits for a processor waits in every phase, so that the
 * disk's part has to be the most of all where there are none left.
 */
static bool
disk_is_full(const struct sight *s)
{
	const struct stress_step *at = s->at;
	const double share = s->work > 0 ? disk_time(at) / s->work : 0;

	if (s->run->elsewhere)
		return share >= DISK_MOST;
	if (at->service + at->self >= SIGHT_FULL)
		return false;
	if (s->blocked >= 0 && s->occupied > 0)
		return disk_holds_workers(s, share);
	return share >= DISK_MOST ||
	    (at->busy < SIGHT_FULL &&
		(share >= DISK_SHARE || disk_has_grown(s, share))) ||
	    (at->disk >= DISK_FULL && at->waiting >= DISK_WAITING);
}

/* Of the machine that the test runs on. */
static bool
test_is_full(const struct sight *s)
{
	return s->at->busy >= SIGHT_FULL &&
	    (s->run->elsewhere || s->at->self > s->at->busy / 2);
}

static enum stress_limit
find_limit(const struct sight *s)
{
	const struct stress_run *run = s->run;

	if (sight_lost(run, STRESS_BROKEN) + sight_lost(run, STRESS_SLOW) >
	    FAULT_SHARE)
		return STRESS_BY_FAULTS;
	if (sight_lost(run, STRESS_FULL) > 0)
		return STRESS_BY_ROOM;
	if (sight_first_loss(run, STRESS_RATE_LIMITED, SIGHT_LOSS) != NULL)
		return STRESS_BY_RATE;
	if (sight_short_queue(run) != NULL)
		return STRESS_BY_QUEUE;
	if (!s->saturated)
		return STRESS_BY_NOTHING;
	if (memory_is_short(s))
		return STRESS_BY_MEMORY;
	if (test_is_full(s))
		return STRESS_BY_SELF;
	if (disk_is_full(s))
		return STRESS_BY_DISK;
	if (sight_is_full(s))
		return STRESS_BY_CPU;
	if (sight_workers_are_busy(s))
		return STRESS_BY_WORKERS;
	if (s->at->self * run->processors >= SELF_FULL)
		return STRESS_BY_SELF;
	if (s->at->phase[STRESS_NGINX] > FRONT_SHARE * sight_whole(s->at))
		return STRESS_BY_FRONT;
	return STRESS_BY_NOTHING;
}

/* Steps that an operator would call good: all taken, and in time. */
static void
find_capacity(const struct stress_run *run, struct stress_verdict *out)
{
	for (unsigned i = 0; i < run->n; i++) {
		const struct stress_step *s = &run->steps[i];

		if (s->photos > 0 && stress_lost(s) == 0 &&
		    s->p95 <= run->p95_wanted && s->rate > out->capacity) {
			out->capacity = s->rate;
			out->capacity_clients = s->clients;
		}
	}
}

void
stress_judge(const struct stress_run *run, struct stress_verdict *out)
{
	struct sight s;

	memset(out, 0, sizeof *out);
	if (run->n == 0) {
		(void)snprintf(out->sentence, sizeof out->sentence,
		    "Nothing was measured.");
		return;
	}
	sight_take(run, &s);
	out->step = s.best;
	out->most = run->steps[s.best].rate;
	out->limit = find_limit(&s);
	find_capacity(run, out);
	sight_tell(&s, out);
}
