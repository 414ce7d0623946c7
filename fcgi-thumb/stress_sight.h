#ifndef FT_STRESS_SIGHT_H
#define FT_STRESS_SIGHT_H

#include <stdbool.h>

#include "stress.h"

/* What the files of the verdict share. */

/* Shares from which on it counts. */
#define SIGHT_LOSS 0.02    /* of a step's requests; below, it is an accident */
#define SIGHT_FOREIGN 0.15 /* of all processors: worth to be told */
#define SIGHT_FULL 0.85    /* the same: the rest is lost between processes */

/* The step that is judged, and what follows from its numbers. */
struct sight {
	const struct stress_run *run; /* of one step at least */
	unsigned best;                /* the step with the most photos/s */
	const struct stress_step *at; /* at the limit, most clients */
	double work;                  /* ms of a worker a photo */
	double occupied; /* workers at work, by Little's law or what waits */
	double foreign;  /* of all processors, by other programs; 0: unknown */
	/*
	 * Workers at a time that waited in the middle of a photo for something
	 * else than a processor; < 0: unknown.
	 */
	double blocked;
	double grown;   /* work, as a multiple of the first step's */
	bool saturated; /* more clients give nothing */
};

void sight_take(const struct stress_run *run, struct sight *out);

/* A photo's whole time, ms. */
double sight_whole(const struct stress_step *step);

/* Of all requests of the run, 0..1. */
double sight_lost(const struct stress_run *run, enum stress_loss loss);

/* The first step that lost more than a share so; NULL: none. */
const struct stress_step *sight_first_loss(const struct stress_run *run,
    enum stress_loss loss, double share);

/*
 * The first step with refusals that a longer queue would have served: workers
 * had not enough to do, or a queue of few places refused though those who are
 * taken are served in good time. Where photos have waited long the queue is
 * right to refuse. NULL: none.
 */
const struct stress_step *sight_short_queue(const struct stress_run *run);

bool sight_knows_workers(const struct sight *s);

/* Has a photo to wait for a worker all the time? */
bool sight_workers_are_busy(const struct sight *s);

/* Have the processors no time left, of what the workers could use? */
bool sight_is_full(const struct sight *s);

/* stress_words.c: fill in sentence and advice of a limit that was found. */
void sight_tell(const struct sight *s, struct stress_verdict *out);

#endif
