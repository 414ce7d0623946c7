#include "config.h"

/* Answers to figures. */

#include "stress_tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int
stress_tally_take(struct stress_tally *t, double whole,
    const double phases[STRESS_PHASES])
{
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 256;
		struct stress_times *more =
		    realloc(t->list, cap * sizeof *more);

		if (more == NULL)
			return -1;
		t->list = more;
		t->cap = cap;
	}
	t->list[t->n].whole = whole;
	memcpy(t->list[t->n].phases, phases, sizeof t->list[t->n].phases);
	t->n++;
	return 0;
}

static int
compare(const void *left, const void *right)
{
	double a = ((const struct stress_times *)left)->whole;
	double b = ((const struct stress_times *)right)->whole;

	return (a > b) - (a < b);
}

/* The least time within which that share of the photos was through. */
static double
quantile(const struct stress_tally *t, double share)
{
	size_t rank = (size_t)ceil(share * (double)t->n);

	return t->n > 0 ? t->list[rank > 0 ? rank - 1 : 0].whole : 0;
}

/*
 * The service's times are cut to whole ms, so that what is left for nginx has
 * up to one for each of them; it is not less than nothing.
 */
static void
sum_phases(const struct stress_tally *t, struct stress_step *step)
{
	double n = t->n > 0 ? (double)t->n : 1, rest = 0;

	memset(step->phase, 0, sizeof step->phase);
	for (size_t i = 0; i < t->n; i++) {
		rest += t->list[i].whole / n;
		for (unsigned p = STRESS_QUEUE; p < STRESS_PHASES; p++)
			step->phase[p] += t->list[i].phases[p] / n;
	}
	for (unsigned p = STRESS_QUEUE; p < STRESS_PHASES; p++)
		rest -= step->phase[p];
	step->phase[STRESS_NGINX] = rest > 0 ? rest : 0;
}

void
stress_tally_sum(struct stress_tally *t, struct stress_step *step)
{
	if (t->n > 0)
		qsort(t->list, t->n, sizeof *t->list, compare);
	step->photos = (unsigned)t->n;
	memcpy(step->losses, t->losses, sizeof step->losses);
	step->rate = (double)t->n / step->seconds;
	step->p50 = quantile(t, 0.50);
	step->p95 = quantile(t, 0.95);
	step->p99 = quantile(t, 0.99);
	sum_phases(t, step);
}

void
stress_tally_fini(struct stress_tally *t)
{
	free(t->list);
	*t = (struct stress_tally){ 0 };
}
