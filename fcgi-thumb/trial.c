#include "config.h"

/*
 * The verdicts of a trial: how alike two pictures are, and which of two is
 * quicker. One figure would not do for a picture: coarser coding, another colour
 * and a step to the side can all cost the same number of decibels, and only the
 * first of them may be wanted.
 */

#include "trial.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

/* Of a side, for colours that are averaged; and the px that one has at least. */
#define CELLS_MAX 8
#define CELL_MIN 24

/* So much less a picture has to differ elsewhere to be taken for shifted. */
#define SHIFT_GAIN 2.0

/* Pictures that differ less than this are where they have to be, dB. */
#define SHIFT_SEEKS 42.0

/* px that are enough to find one. */
#define SHIFT_PX 400000

struct pair {
	const unsigned char *first, *second;
	struct size size;
};

static size_t
offset(const struct pair *p, unsigned x, unsigned y)
{
	return ((size_t)y * p->size.width + x) * 4;
}

/* A channel as it is seen on black. */
static int
seen(const unsigned char *px, unsigned channel)
{
	return px[channel] * px[3] / 255;
}

/* ---- decibels ---- */

static double
decibels(double squares, double n)
{
	double psnr;

	if (squares == 0)
		return TRIAL_EQUAL;
	psnr = 10 * log10(255.0 * 255.0 * n / squares);
	return psnr < TRIAL_EQUAL ? psnr : TRIAL_EQUAL;
}

static double
measure(const struct pair *p)
{
	size_t n = (size_t)p->size.width * p->size.height;
	uint64_t squares = 0;

	for (size_t i = 0; i < n; i++)
		for (unsigned c = 0; c < 3; c++) {
			int d = seen(p->first + 4 * i, c) -
			    seen(p->second + 4 * i, c);

			squares += (uint64_t)((int64_t)d * d);
		}
	return decibels((double)squares, (double)n * 3);
}

/* ---- where it lies ---- */

/* Brightness of all px, in fourths of a step. NULL: no memory. */
static int16_t *
lights(const unsigned char *rgba, struct size size)
{
	size_t n = (size_t)size.width * size.height;
	int16_t *light = malloc(n * sizeof *light);

	for (size_t i = 0; light != NULL && i < n; i++) {
		const unsigned char *px = rgba + 4 * i;

		light[i] =
		    (int16_t)(seen(px, 0) + 2 * seen(px, 1) + seen(px, 2));
	}
	return light;
}

/*
 * How much the second differs where it is moved back by so many px: per px. Of a
 * large picture not every row is asked.
 */
static double
differs(const int16_t *first, const int16_t *second, struct size size,
    int right, int down)
{
	const unsigned m = TRIAL_SHIFT_MAX;
	unsigned step = 1 + size.width * size.height / SHIFT_PX;
	uint64_t squares = 0, n = 0;

	for (unsigned y = m; y + m < size.height; y += step) {
		const int16_t *a = first + (size_t)y * size.width;
		const int16_t *b =
		    second + (size_t)((int)y + down) * size.width + right;

		for (unsigned x = m; x + m < size.width; x++, n++)
			squares += (uint64_t)((a[x] - b[x]) * (a[x] - b[x]));
	}
	return n > 0 ? (double)squares / (double)n : 0;
}

static void
seek(const int16_t *first, const int16_t *second, struct size size,
    struct trial_likeness *out)
{
	const int m = TRIAL_SHIFT_MAX;
	double least = differs(first, second, size, 0, 0) / SHIFT_GAIN;

	for (int down = -m; down <= m; down++)
		for (int right = -m; right <= m; right++) {
			double d = differs(first, second, size, right, down);

			if (d >= least)
				continue;
			least = d;
			out->right = right;
			out->down = down;
		}
}

static void
find_shift(const struct pair *p, struct trial_likeness *out)
{
	int16_t *first = lights(p->first, p->size);
	int16_t *second = lights(p->second, p->size);

	if (first != NULL && second != NULL)
		seek(first, second, p->size, out);
	free(first);
	free(second);
}

/* ---- its colours ---- */

struct cell {
	unsigned left, right, top, bottom; /* px */
};

static unsigned
count_cells(unsigned px)
{
	unsigned n = px / CELL_MIN;

	if (n > CELLS_MAX)
		return CELLS_MAX;
	return n > 0 ? n : 1;
}

/* The largest difference of a channel's means. */
static double
cell_difference(const struct pair *p, const struct cell *cell)
{
	int64_t sums[3] = { 0 }, n = 0;
	double most = 0;

	for (unsigned y = cell->top; y < cell->bottom; y++)
		for (unsigned x = cell->left; x < cell->right; x++, n++) {
			size_t at = offset(p, x, y);

			for (unsigned c = 0; c < 3; c++)
				sums[c] += seen(p->first + at, c) -
				    seen(p->second + at, c);
		}
	for (unsigned c = 0; n > 0 && c < 3; c++) {
		double mean = fabs((double)sums[c] / (double)n);

		if (mean > most)
			most = mean;
	}
	return most;
}

static double
find_tint(const struct pair *p)
{
	unsigned columns = count_cells(p->size.width);
	unsigned rows = count_cells(p->size.height);
	double most = 0;

	for (unsigned i = 0; i < columns * rows; i++) {
		unsigned column = i % columns, row = i / columns;
		const struct cell cell = {
			.left = column * p->size.width / columns,
			.right = (column + 1) * p->size.width / columns,
			.top = row * p->size.height / rows,
			.bottom = (row + 1) * p->size.height / rows,
		};
		double d = cell_difference(p, &cell);

		if (d > most)
			most = d;
	}
	return most;
}

void
trial_compare(const unsigned char *first, const unsigned char *second,
    struct size size, struct trial_likeness *out)
{
	const struct pair pair = { first, second, size };

	*out = (struct trial_likeness){ .psnr = measure(&pair) };
	out->tint = find_tint(&pair);
	if (out->psnr < SHIFT_SEEKS)
		find_shift(&pair, out);
}

/* ---- time ---- */

/* With so little between them nobody has to look longer. */
#define CLEAR 1.15
#define FEW_MS 5.0
#define TURNS_ENOUGH 5

double
trial_best(const double *ms, unsigned n)
{
	double least = ms[0];

	for (unsigned i = 1; i < n; i++)
		if (ms[i] < least)
			least = ms[i];
	return least;
}

enum trial_pace
trial_judge_pace(const double *first, const double *second, unsigned n,
    double *ratio)
{
	double base = trial_best(first, n), other = trial_best(second, n);

	*ratio = base > 0 ? other / base : 1;
	if (*ratio <= CLEAR || other - base <= FEW_MS ||
	    (n >= TURNS_ENOUGH && *ratio <= TRIAL_SLOWER))
		return TRIAL_KEEPS_PACE;
	return n < TRIAL_TURNS_MAX ? TRIAL_OPEN : TRIAL_IS_SLOWER;
}
