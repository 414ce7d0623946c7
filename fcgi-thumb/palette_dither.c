#include "config.h"

/*
 * Error diffusion in whole numbers: errors are kept in sixteenths, so that
 * none is lost to rounding and every machine gives the same picture.
 */

#include "palette.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_SIZE 4096 /* colours that have been looked up */

/* Errors of one row and of the next, three a px, a px of margin at both ends. */
struct state {
	const struct palette *palette;
	int *row, *next;
	struct {
		int key; /* 0xRRGGBB; -1: empty */
		int index;
	} cache[CACHE_SIZE];
};

static int
clamp(int value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

static int
find_nearest(const struct palette *p, const int color[3])
{
	int best = 0, least = INT_MAX;

	for (unsigned i = 0; i < p->n; i++) {
		const int r = p->rgb[i][0] - color[0];
		const int g = p->rgb[i][1] - color[1];
		const int b = p->rgb[i][2] - color[2];
		/* The eye's weights, roughly. */
		const int d = 3 * r * r + 6 * g * g + b * b;

		if (d < least) {
			least = d;
			best = (int)i;
		}
	}
	return best;
}

static int
look_up(struct state *s, const int color[3])
{
	const int key = color[0] << 16 | color[1] << 8 | color[2];
	const unsigned slot =
	    ((unsigned)key * 2654435761U) >> 20 & (CACHE_SIZE - 1);

	if (s->cache[slot].key != key) {
		s->cache[slot].key = key;
		s->cache[slot].index = find_nearest(s->palette, color);
	}
	return s->cache[slot].index;
}

/* The index for one px, its error passed on in the direction of step. */
static int
settle(struct state *s, const unsigned char *px, size_t x, int step)
{
	int *here = s->row + 3 * (x + 1), *below = s->next + 3 * (x + 1);
	int color[3], index;

	for (int i = 0; i < 3; i++)
		color[i] = clamp(px[i] + (here[i] + 8) / 16);
	index = look_up(s, color);
	for (int i = 0; i < 3; i++) {
		const int error = color[i] - s->palette->rgb[index][i];

		here[3 * step + i] += 7 * error;
		below[-3 * step + i] += 3 * error;
		below[i] += 5 * error;
		below[3 * step + i] += error;
	}
	return index;
}

static void
settle_row(struct state *s, const unsigned char *rgba, size_t width,
    bool backward, unsigned char *indices)
{
	for (size_t i = 0; i < width; i++) {
		const size_t x = backward ? width - 1 - i : i;

		indices[x] = (unsigned char)(rgba[4 * x + 3] == 0
			? (int)s->palette->n
			: settle(s, rgba + 4 * x, x, backward ? -1 : 1));
	}
}

int
palette_dither(const unsigned char *rgba, size_t width, size_t height,
    const struct palette *palette, unsigned char *indices)
{
	const size_t errors = 3 * (width + 2);
	struct state *s = calloc(1, sizeof *s);
	int *rows = calloc(2 * errors, sizeof *rows);
	int rc = -1;

	if (s == NULL || rows == NULL)
		goto out;
	s->palette = palette;
	s->row = rows;
	s->next = rows + errors;
	for (int i = 0; i < CACHE_SIZE; i++)
		s->cache[i].key = -1;
	for (size_t y = 0; y < height; y++) {
		int *done = s->row;

		settle_row(s, rgba + y * width * 4, width, y % 2 == 1,
		    indices + y * width);
		memset(done, 0, errors * sizeof *done);
		s->row = s->next;
		s->next = done;
	}
	rc = 0;
out:
	free(rows);
	free(s);
	return rc;
}
