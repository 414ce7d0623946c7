#ifndef FT_STRESS_SIGHT_H
#define FT_STRESS_SIGHT_H

#include <stdbool.h>

#include "stress_verdict.h"

/* What the files of the verdict share. */

/* From which on it is said, or counts: of a step's requests; of processors. */
#define SIGHT_LOSS 0.02
#define SIGHT_FOREIGN 0.15

/* The step that is judged, and what follows from its numbers. */
struct sight {
	const struct stress_run *run; /* of one step at least */
	const struct stress_step *at; /* at the limit, most clients */
	double work;                  /* ms of a worker a photo */
	double occupied;              /* workers at work, by Little's law */
	double foreign; /* of all processors, by other programs; 0: unknown */
	bool saturated; /* twice the clients gave nothing */
};

/* A photo's whole time, ms. */
double sight_whole(const struct stress_step *step);

/* Of all requests of the run, 0..1. */
double sight_lost(const struct stress_run *run, enum stress_loss loss);

/* The first step that lost more than a share so; NULL: none. */
const struct stress_step *sight_first_loss(const struct stress_run *run,
    enum stress_loss loss, double share);

/*
 * The first step with refusals although those who are taken are served in good
 * time: a longer queue would have served them too. NULL: none.
 */
const struct stress_step *sight_short_queue(const struct stress_run *run);

bool sight_knows_workers(const struct sight *s);

/* Have the processors no time left, of what the workers could use? */
bool sight_is_full(const struct sight *s);

/* out->limit and out->most are set: fill in sentence and advice. */
void sight_tell(const struct sight *s, struct stress_verdict *out);

#endif
