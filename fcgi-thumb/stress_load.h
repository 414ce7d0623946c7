#ifndef FT_STRESS_LOAD_H
#define FT_STRESS_LOAD_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "stress.h"
#include "stress_debts.h"
#include "stress_http.h"
#include "stress_photo.h"

/*
 * So many clients, each of which sends one photo after the other and waits for
 * its answer, for a while; and the way back out of the store.
 */

struct stress_load {
	struct stress_http *http;             /* borrowed */
	const struct stress_photos *photos;   /* borrowed */
	const volatile sig_atomic_t *stopped; /* borrowed; other than 0: end */
	pid_t service;    /* its master's pid; 0: not known */
	uint64_t end_ns;  /* monotonic: no upload begins later */
	uint64_t uploads; /* that have begun, which is the next one's number */
	uint64_t count;   /* how many may begin altogether */
	struct stress_debts debts;
	char trouble[300]; /* the last broken answer, "" none */
};

/* Why a step ended. */
enum stress_end {
	STRESS_END_DONE,    /* all of it was measured */
	STRESS_END_STOPPED, /* by a signal */
	STRESS_END_TIME,    /* end_ns */
	STRESS_END_COUNT,   /* all uploads have begun */
	STRESS_END_MEMORY   /* of this process */
};

/*
 * Measure one step: `clients` of them until each has had an answer (or that
 * takes as long as the step), then for so many seconds, then what is under way
 * is awaited and does not count. What was put into the store is in debts.
 *
 * out is filled in as far as something was measured; its seconds are 0 where
 * nothing was.
 */
enum stress_end stress_load_step(struct stress_load *l, unsigned clients,
    double seconds, struct stress_step *out);

/*
 * Take back what is in debts, a few at a time. What remains there could not be
 * taken back, since nothing could for ten seconds. Signals do not end it.
 */
void stress_load_clean(struct stress_load *l);

/* How many photos were taken and not yet taken back is debts.n. */
void stress_load_fini(struct stress_load *l);

#endif
