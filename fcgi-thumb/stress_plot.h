#ifndef FT_STRESS_PLOT_H
#define FT_STRESS_PLOT_H

#include "buf.h"
#include "stress.h"

/*
 * Plots as SVG within a page, whose style sheet has the classes: axis, grid,
 * label, mark, and c0..c7 for the colours of series. Each is a <figure> with a
 * caption, a description for those who do not see it, and a legend.
 */

struct plot_series {
	const char *name;
	unsigned color;                  /* 0..7 */
	double values[STRESS_STEPS_MAX]; /* 0.. */
};

struct plot {
	const char *title;
	const char *unit; /* of the values */
	const char *description;
	const struct stress_run *run; /* its steps are the columns */
	const struct plot_series *series;
	unsigned n;
	double ceiling; /* the axis ends here; 0: where the values do */
	double mark;    /* a line across; 0: none */
	const char *mark_name;
};

/* A line for each series, all from 0. */
void plot_lines(struct buf *out, const struct plot *p);

/* A column a step, the series on each other in their order from below. */
void plot_columns(struct buf *out, const struct plot *p);

#endif
