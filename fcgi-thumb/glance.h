#ifndef FT_GLANCE_H
#define FT_GLANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "geometry.h"

/*
 * What can be told of a picture from a tiny copy of it. Arithmetic on plain
 * bytes in whole numbers, so that the same copy always gives the same answer.
 */

#define GLANCE_SIDE 128 /* px, the longer side at most */

struct glance {
	struct size size;
	/* 8-bit sRGB, row by row; what is transparent is laid over white. */
	unsigned char rgb[GLANCE_SIDE * GLANCE_SIDE * 3];
};

/*
 * The dominant colour, 0xRRGGBB: of the 512 cubes into which 8 steps a channel
 * divide all colours, the one with the most px in it, of several the darkest;
 * from it the mean of its px.
 */
uint32_t glance_color(const struct glance *g);

/*
 * Where on the picture is a window of its whole width or height, so that it
 * holds the most detail: the sum of the differences in brightness between
 * neighbours within it.
 *
 * vertical  the window is as wide as the picture and moves up and down;
 *           otherwise as high, and it moves left and right
 * length    the window's share of that axis, > 0 ..1
 *
 * Returns the share of its room that lies before it, 0..1: 0 at the top or
 * left. Of several equal places it is the one nearest the middle, so 0.5 where
 * there is no detail at all; of two equally near the first.
 */
double glance_window(const struct glance *g, bool vertical, double length);

#endif
