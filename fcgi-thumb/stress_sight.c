#include "config.h"

/* What the numbers of a stress test show, before anything is made of them. */

#include "stress_sight.h"

#include <math.h>
#include <string.h>

/* A step whose rate is within this share of the most is at the limit as well. */
#define AT_LIMIT 0.88
/*
 * By which more clients have to raise the rate, or it is the limit. Two rates
 * differ by a tenth for no reason.
 */
#define RISE 1.15
/* Workers at work, as a share of all: they change photos, too. */
#define OCCUPIED 0.8
/* The wait for a worker, as a share of its work: it is seldom free. */
#define AWAITED 0.5
/* Photos a worker that have a place in a queue which is not too short. */
#define PLACES 4
/* Work that takes so much longer than a single client's waits for processors. */
#define GROWN 1.3

static double
work_of(const struct stress_step *s)
{
	double work = 0;

	for (enum stress_phase p = STRESS_RECEIVE; p < STRESS_PHASES; p++)
		work += s->phase[p];
	return work;
}

/* Workers at work, by Little's law. */
static double
occupied_at(const struct stress_step *s)
{
	return s->rate * work_of(s) / 1000;
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

/* A few photos say so, where their rate is still a matter of chance. */
static bool
is_awaited(const struct stress_step *s)
{
	return s->phase[STRESS_QUEUE] > AWAITED * work_of(s);
}

/*
 * The last step has not raised the rate of those with a good deal fewer clients
 * (the last one may have but a few more than the one before), or a photo waits
 * longer for a worker than that works for it.
 */
static bool
is_saturated(const struct sight *s)
{
	const struct stress_run *run = s->run;
	const struct stress_step *last = &run->steps[run->n - 1];
	double before = 0;

	for (unsigned i = 0; i + 1 < run->n; i++)
		if (3 * run->steps[i].clients <= 2 * last->clients)
			before = fmax(before, run->steps[i].rate);
	return (run->workers > 0 && is_awaited(last)) ||
	    last->rate < RISE * before ||
	    (sight_workers_are_busy(s) && s->at->phase[STRESS_QUEUE] > s->work);
}

void
sight_take(const struct stress_run *run, struct sight *s)
{
	const unsigned best = best_step(run);

	memset(s, 0, sizeof *s);
	s->run = run;
	s->best = best;
	s->at = &run->steps[best];
	for (unsigned i = best + 1; i < run->n; i++)
		if (run->steps[i].rate >= AT_LIMIT * run->steps[best].rate)
			s->at = &run->steps[i];
	s->work = work_of(s->at);
	s->occupied = sight_knows_workers(s) && is_awaited(s->at)
	    ? run->workers
	    : occupied_at(s->at);
	s->blocked = -1;
	if (s->at->running > 0)
		s->blocked =
		    fmax(0, s->occupied - s->at->running - s->at->runnable);
	if (s->at->service >= 0)
		s->foreign =
		    fmax(0, s->at->busy - s->at->service - s->at->self);
	s->grown = work_of(run->steps) > 0 ? s->work / work_of(run->steps) : 1;
	s->saturated = is_saturated(s);
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

bool
sight_workers_are_busy(const struct sight *s)
{
	if (!sight_knows_workers(s))
		return s->at->phase[STRESS_QUEUE] > s->work;
	return s->occupied >= OCCUPIED * s->run->workers || is_awaited(s->at);
}

const struct stress_step *
sight_short_queue(const struct stress_run *run)
{
	const struct stress_step *s =
	    sight_first_loss(run, STRESS_OVERLOADED, SIGHT_LOSS);

	if (s == NULL || s->photos == 0)
		return s;
	if (s->phase[STRESS_QUEUE] >= PLACES * work_of(s))
		return NULL;
	if (run->workers > 0 && occupied_at(s) < OCCUPIED * run->workers)
		return s;
	if (run->workers > 0 && run->queue_length >= PLACES * run->workers)
		return NULL;
	return s->p95 <= run->p95_wanted ? s : NULL;
}

bool
sight_is_full(const struct sight *s)
{
	if (s->run->elsewhere)
		return s->grown >= GROWN;
	/*
	 * One core a worker is all that they can use: what other programs do
	 * with the rest does not make it the processors' limit.
	 */
	if (sight_knows_workers(s) && s->run->workers < s->run->processors &&
	    s->foreign > SIGHT_FOREIGN && sight_workers_are_busy(s))
		return false;
	return s->at->busy >= SIGHT_FULL;
}
