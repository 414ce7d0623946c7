#ifndef FT_STRESS_TALLY_H
#define FT_STRESS_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "stress.h"

/* The answers of one step. The zero state is empty. */
struct stress_tally {
	struct stress_times {
		double whole; /* ms, as the client sees it */
		double phases[STRESS_PHASES];
	} * list;
	size_t n, cap;
	unsigned losses[STRESS_LOSSES];
};

/* A photo was taken; phases' STRESS_NGINX is not looked at. 0, or -1: no memory. */
int stress_tally_take(struct stress_tally *t, double whole,
    const double phases[STRESS_PHASES]);

/*
 * Fill in step's photos, losses, rate and times; its seconds are set. Sorts t.
 */
void stress_tally_sum(struct stress_tally *t, struct stress_step *step);

void stress_tally_fini(struct stress_tally *t);

#endif
