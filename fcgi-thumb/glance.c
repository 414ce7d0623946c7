#include "config.h"

/*
 * Looks at a tiny picture. Knows nothing of how it was made; every input is
 * in the range that the header gives, so nothing here can fail.
 */

#include "glance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CUBES 512 /* 8 steps of red, green and blue */

struct cube {
	unsigned n;
	unsigned sum[3];
};

uint32_t
glance_color(const struct glance *g)
{
	const size_t px = (size_t)g->size.width * g->size.height;
	struct cube cubes[CUBES] = { 0 };
	const struct cube *best = cubes;

	for (size_t i = 0; i < px; i++) {
		const unsigned char *c = g->rgb + 3 * i;
		struct cube *cube =
		    &cubes[c[0] >> 5 << 6 | c[1] >> 5 << 3 | c[2] >> 5];

		cube->n++;
		for (int k = 0; k < 3; k++)
			cube->sum[k] += c[k];
	}
	for (int i = 1; i < CUBES; i++)
		if (cubes[i].n > best->n)
			best = &cubes[i];
	return best->sum[0] / best->n << 16 | best->sum[1] / best->n << 8 |
	    best->sum[2] / best->n;
}

/* ITU-R BT.601's weights of brightness, in 256ths. */
static int
brightness(const struct glance *g, unsigned x, unsigned y)
{
	const unsigned char *c = g->rgb + 3 * ((size_t)y * g->size.width + x);

	return (77 * c[0] + 150 * c[1] + 29 * c[2]) >> 8;
}

/* Each px's differences from its neighbours, summed by column or by row. */
static void
sum_detail(const struct glance *g, bool by_row, unsigned sums[GLANCE_SIDE])
{
	memset(sums, 0, GLANCE_SIDE * sizeof sums[0]);
	for (unsigned y = 0; y < g->size.height; y++)
		for (unsigned x = 0; x < g->size.width; x++) {
			int is = brightness(g, x, y);
			unsigned d = 0;

			if (x + 1 < g->size.width)
				d +=
				    (unsigned)abs(is - brightness(g, x + 1, y));
			if (y + 1 < g->size.height)
				d +=
				    (unsigned)abs(is - brightness(g, x, y + 1));
			sums[by_row ? y : x] += d;
		}
}

double
glance_window(const struct glance *g, bool vertical, double length)
{
	const unsigned all = vertical ? g->size.height : g->size.width;
	unsigned sums[GLANCE_SIDE], window, room, sum = 0, most, best = 0;

	window = (unsigned)lround(all * length);
	if (window < 1)
		window = 1;
	if (window >= all)
		return 0.5;
	room = all - window;
	sum_detail(g, vertical, sums);
	for (unsigned i = 0; i < window; i++)
		sum += sums[i];
	most = sum;
	for (unsigned at = 1; at <= room; at++) {
		sum += sums[at + window - 1] - sums[at - 1];
		/* From the middle, in halves of a px. */
		if (sum > most ||
		    (sum == most &&
			abs((int)(2 * at) - (int)room) <
			    abs((int)(2 * best) - (int)room))) {
			most = sum;
			best = at;
		}
	}
	return (double)best / room;
}
