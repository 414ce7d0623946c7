#include "config.h"

/*
 * Chooses the colours. Whole numbers and sums of them only, so that every
 * machine chooses the same.
 */

#include "palette.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 32768 /* 5 bits a channel */

/* Px of nearly one colour. */
struct cell {
	uint64_t n;
	uint64_t sum[3];
};

/* A part of the cells, and how far its px are from their mean. */
struct box {
	size_t from, to;
	uint64_t n;
	double mean[3];
	double spread[3]; /* sum of squared differences, by channel */
};

/* --- as many colours as there are --- */

/* Is it there, or is there room to add it? */
static bool
add_color(struct palette *p, unsigned most, int16_t slots[1024],
    const unsigned char *rgb)
{
	const uint32_t key =
	    (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
	unsigned slot = key * 2654435761U >> 22;

	while (slots[slot] >= 0) {
		if (memcmp(p->rgb[slots[slot]], rgb, 3) == 0)
			return true;
		slot = (slot + 1) % 1024;
	}
	if (p->n == most)
		return false;
	slots[slot] = (int16_t)p->n;
	memcpy(p->rgb[p->n++], rgb, 3);
	return true;
}

static bool
take_all(const unsigned char *rgba, size_t n, unsigned most,
    struct palette *out)
{
	int16_t slots[1024];

	memset(slots, -1, sizeof slots);
	out->n = 0;
	for (size_t i = 0; i < n; i++)
		if (rgba[4 * i + 3] != 0 &&
		    !add_color(out, most, slots, rgba + 4 * i))
			return false;
	return true;
}

/* --- fewer than there are --- */

static double
mean_of(const struct cell *c, int channel)
{
	return (double)c->sum[channel] / (double)c->n;
}

static void
measure(const struct cell *cells, struct box *b)
{
	uint64_t sum[3] = { 0 };

	b->n = 0;
	for (size_t i = b->from; i < b->to; i++) {
		b->n += cells[i].n;
		for (int k = 0; k < 3; k++)
			sum[k] += cells[i].sum[k];
	}
	for (int k = 0; k < 3; k++) {
		b->mean[k] = (double)sum[k] / (double)b->n;
		b->spread[k] = 0;
		for (size_t i = b->from; i < b->to; i++) {
			const double d = mean_of(&cells[i], k) - b->mean[k];

			b->spread[k] += d * d * (double)cells[i].n;
		}
	}
}

static int
widest(const struct box *b)
{
	int k = 1;

	if (b->spread[0] > b->spread[k])
		k = 0;
	return b->spread[2] > b->spread[k] ? 2 : k;
}

/* Below the mean to the one, the others to the other; both have some. */
static void
split(struct cell *cells, struct box *b, struct box *other)
{
	const int k = widest(b);
	size_t at = b->from;

	for (size_t i = b->from; i < b->to; i++)
		if (mean_of(&cells[i], k) < b->mean[k]) {
			struct cell c = cells[i];

			cells[i] = cells[at];
			cells[at++] = c;
		}
	other->from = at;
	other->to = b->to;
	b->to = at;
	measure(cells, b);
	measure(cells, other);
}

/* The box that is worst served by its mean; NULL: all have one cell. */
static struct box *
worst(struct box *boxes, unsigned n)
{
	struct box *found = NULL;

	for (unsigned i = 0; i < n; i++)
		if (boxes[i].spread[widest(&boxes[i])] > 0 &&
		    (found == NULL ||
			boxes[i].spread[widest(&boxes[i])] >
			    found->spread[widest(found)]))
			found = &boxes[i];
	return found;
}

/* The cells that have px, at the front. */
static size_t
count_px(const unsigned char *rgba, size_t n, struct cell cells[CELLS])
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const unsigned char *px = rgba + 4 * i;
		struct cell *c =
		    &cells[px[0] >> 3 << 10 | px[1] >> 3 << 5 | px[2] >> 3];

		if (px[3] == 0)
			continue;
		c->n++;
		for (int k = 0; k < 3; k++)
			c->sum[k] += px[k];
	}
	for (size_t i = 0; i < CELLS; i++)
		if (cells[i].n > 0)
			cells[used++] = cells[i];
	return used;
}

static void
cut(struct cell *cells, size_t used, unsigned most, struct palette *out)
{
	struct box boxes[PALETTE_MAX] = { { .from = 0, .to = used } };
	struct box *next;

	measure(cells, &boxes[0]);
	out->n = 1;
	while (out->n < most && (next = worst(boxes, out->n)) != NULL)
		split(cells, next, &boxes[out->n++]);
	for (unsigned i = 0; i < out->n; i++)
		for (int k = 0; k < 3; k++)
			out->rgb[i][k] =
			    (unsigned char)(boxes[i].mean[k] + 0.5);
}

/* --- no text --- */

static bool
begins_markup(const unsigned char *bytes)
{
	if (bytes[0] != '<')
		return false;
	if (bytes[1] == '?' || bytes[1] == '%' || bytes[1] == '!')
		return true;
	return isalpha(bytes[1]) && isalpha(bytes[2]) && isalpha(bytes[3]);
}

size_t
palette_markup(const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i + 3 < n; i++)
		if (begins_markup(bytes + i))
			return i;
	return n;
}

static void
spoil_markup(struct palette *p)
{
	unsigned char *bytes = p->rgb[0];
	const size_t n = (size_t)p->n * 3;

	for (size_t at; (at = palette_markup(bytes, n)) < n;)
		bytes[at]++;
}

int
palette_choose(const unsigned char *rgba, size_t n, unsigned most,
    struct palette *out)
{
	struct cell *cells;

	if (!take_all(rgba, n, most, out)) {
		cells = calloc(CELLS, sizeof *cells);
		if (cells == NULL)
			return -1;
		cut(cells, count_px(rgba, n, cells), most, out);
		free(cells);
	}
	spoil_markup(out);
	return 0;
}
