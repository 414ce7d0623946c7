#ifndef FT_STRESS_PLOT_H
#define FT_STRESS_PLOT_H

#include "buf.h"
#include "stress.h"

/*
 * Plots as SVG within a page, whose style sheet has the classes: axis, grid,
 * label, minor (a label that a small plot has no room for), mark, ring, c0..c8
 * for the colours of series, d0..d3 for the dashes of lines. Each is a <figure>
 * with a caption, all its numbers as text for those who do not see it, and a
 * legend. Names, units and titles are escaped.
 */

struct plot_series {
	const char *name;
	unsigned color;                  /* 0..8 */
	double values[STRESS_STEPS_MAX]; /* 0.. */
};

struct plot {
	const char *id; /* of its kind in the page: lower case letters */
	const char *title;
	const char *unit; /* of the values */
	const char *description;
	const struct stress_run *run; /* its steps are the columns */
	const struct plot_series *series;
	unsigned n;     /* of lines 4 at most */
	double ceiling; /* the axis ends here; 0: where the values do */
	double mark;    /* a line across; 0: none */
	const char *mark_name;
	unsigned ring; /* so many clients' point of the first line; 0: none */
};

/* A line for each series, all from 0. */
void plot_lines(struct buf *out, const struct plot *p);

/* A column a step, the series on each other in their order from below. */
void plot_columns(struct buf *out, const struct plot *p);

#endif
