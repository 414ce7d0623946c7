#include "config.h"

/*
 * From numbers to the one that limits the others. Knows no clock, no file and
 * no network; how it is said is stress_words.c's.
 */

#include "stress_verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stress_sight.h"

/* A step whose rate is within this share of the most is at the limit as well. */
#define AT_LIMIT 0.95
/* By which twice the clients have to raise the rate, or it is the limit. */
#define RISE 1.05

/* Shares from which on something is used up, of what a machine can tell. */
#define BUSY_FULL 0.85     /* processors: the rest is lost between processes */
#define OCCUPIED 0.8       /* workers: they change photos, too */
#define DISK_SHARE 0.4     /* of a worker's time, where processors idle */
#define DISK_MOST 0.5      /* the same, where they do not */
#define DISK_FULL 0.85     /* of the disk's own time */
#define DISK_WAITING 0.25  /* of processors that wait for it */
#define SIGHT_FOREIGN 0.15 /* worth to be told */
#define SIGHT_LOSS 0.02    /* of a step's requests; below, it is an accident */
#define FAULT_SHARE 0.05   /* of all requests */
#define FREE_LEAST 0.03    /* of the machine's memory */
#define SWAPPED_LEAST 1e6  /* bytes a second */
#define FRONT_SHARE 0.5    /* of a photo's whole time */

static const char *const phase_names[STRESS_PHASES] = {
	[STRESS_NGINX] = "nginx",
	[STRESS_QUEUE] = "queue",
	[STRESS_RECEIVE] = "receive",
	[STRESS_DECODE] = "decode",
	[STRESS_RESIZE] = "resize",
	[STRESS_ENCODE] = "encode",
	[STRESS_PUBLISH] = "publish",
};

const char *
stress_phase_name(enum stress_phase phase)
{
	return phase_names[phase];
}

unsigned
stress_lost(const struct stress_step *step)
{
	unsigned n = 0;

	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		n += step->losses[i];
	return n;
}

unsigned
stress_requests(const struct stress_step *step)
{
	return step->photos + stress_lost(step);
}

static double
work_of(const struct stress_step *s)
{
	double work = 0;

	for (enum stress_phase p = STRESS_RECEIVE; p < STRESS_PHASES; p++)
		work += s->phase[p];
	return work;
}

double
sight_whole(const struct stress_step *s)
{
	return s->phase[STRESS_NGINX] + s->phase[STRESS_QUEUE] + work_of(s);
}

static unsigned
best_step(const struct stress_run *run)
{
	unsigned best = 0;

	for (unsigned i = 1; i < run->n; i++)
		if (run->steps[i].rate > run->steps[best].rate)
			best = i;
	return best;
}

/* Twice the clients gave nothing, or they were refused. */
static bool
is_saturated(const struct stress_run *run)
{
	const struct stress_step *last = &run->steps[run->n - 1];
	double before = 0;

	for (unsigned i = 0; i + 1 < run->n; i++)
		before = fmax(before, run->steps[i].rate);
	return run->n > 1 && last->rate < RISE * before;
}

static void
look(const struct stress_run *run, unsigned best, struct sight *s)
{
	memset(s, 0, sizeof *s);
	s->run = run;
	s->at = &run->steps[best];
	for (unsigned i = best + 1; i < run->n; i++)
		if (run->steps[i].rate >= AT_LIMIT * run->steps[best].rate)
			s->at = &run->steps[i];
	s->work = work_of(s->at);
	s->occupied = s->at->rate * s->work / 1000;
	if (s->at->service >= 0)
		s->foreign =
		    fmax(0, s->at->busy - s->at->service - s->at->self);
	s->saturated = is_saturated(run);
}

double
sight_lost(const struct stress_run *run, enum stress_loss loss)
{
	double lost = 0, all = 0;

	for (unsigned i = 0; i < run->n; i++) {
		lost += run->steps[i].losses[loss];
		all += stress_requests(&run->steps[i]);
	}
	return all > 0 ? lost / all : 0;
}

/* The first step in which so many were refused for it; NULL: none. */
const struct stress_step *
sight_first_loss(const struct stress_run *run, enum stress_loss loss,
    double share)
{
	for (unsigned i = 0; i < run->n; i++) {
		const struct stress_step *s = &run->steps[i];

		if (s->losses[loss] > share * stress_requests(s))
			return s;
	}
	return NULL;
}

bool
sight_knows_workers(const struct sight *s)
{
	return s->run->workers > 0;
}

static bool
workers_are_busy(const struct sight *s)
{
	return sight_knows_workers(s)
	    ? s->occupied >= OCCUPIED * s->run->workers
	    : s->at->phase[STRESS_QUEUE] > s->work;
}

/*
 * Refusals although those who are taken are served in good time: a longer queue
 * would have served them too.
 */
const struct stress_step *
sight_short_queue(const struct stress_run *run)
{
	const struct stress_step *s =
	    sight_first_loss(run, STRESS_OVERLOADED, SIGHT_LOSS);

	return s != NULL && (s->photos == 0 || s->p95 <= run->p95_wanted)
	    ? s
	    : NULL;
}

static bool
memory_is_short(const struct sight *s)
{
	return s->at->free < FREE_LEAST * (double)s->run->memory ||
	    (double)s->at->swapped > SWAPPED_LEAST * s->at->seconds;
}

static double
disk_share(const struct sight *s)
{
	return s->work > 0
	    ? (s->at->phase[STRESS_PUBLISH] + s->at->phase[STRESS_RECEIVE]) /
		s->work
	    : 0;
}

bool
sight_is_full(const struct sight *s)
{
	/*
	 * One core a worker is all that they can use: what other programs do
	 * with the rest does not make it the processors' limit.
	 */
	if (sight_knows_workers(s) && s->run->workers < s->run->processors &&
	    s->foreign > SIGHT_FOREIGN && workers_are_busy(s))
		return false;
	return s->at->busy >= BUSY_FULL;
}

/*
 * A worker that waits for a processor waits in every phase, so that the disk's
 * part has to be the most of all where there are none left.
 */
static bool
disk_is_full(const struct sight *s)
{
	const struct stress_step *at = s->at;

	if (at->service + at->self >= BUSY_FULL)
		return false;
	return disk_share(s) >= DISK_MOST ||
	    (at->busy < BUSY_FULL && disk_share(s) >= DISK_SHARE) ||
	    (at->disk >= DISK_FULL && at->waiting >= DISK_WAITING);
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
	if (s->at->self > s->at->busy / 2 && s->at->busy >= BUSY_FULL)
		return STRESS_BY_SELF;
	if (disk_is_full(s))
		return STRESS_BY_DISK;
	if (sight_is_full(s))
		return STRESS_BY_CPU;
	if (workers_are_busy(s))
		return STRESS_BY_WORKERS;
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
	out->step = best_step(run);
	out->most = run->steps[out->step].rate;
	look(run, out->step, &s);
	out->limit = find_limit(&s);
	find_capacity(run, out);
	sight_tell(&s, out);
}
