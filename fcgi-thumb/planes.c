#include "config.h"

/*
 * Planes in memory, and those steps that need no library: room, turning. Refuses
 * to know where they come from and what becomes of them.
 */

#include "planes_internal.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "color.h"

/* Of a component, in a row of MCUs (ITU-T T.81, A.2.3). */
#define MCU_ROWS_MAX 16

struct siting
siting_of(enum chroma chroma)
{
	return (struct siting){ .across = chroma == CHROMA_444 ? 1 : 2,
		.down = chroma == CHROMA_420 ? 2 : 1 };
}

enum fault
planes_decline(struct fault_info *info, enum fault fault, const char *step,
    const char *why)
{
	(void)fault_set(info, fault, "%s", "");
	(void)snprintf(info->cause, sizeof info->cause, "planes: %s: %s", step,
	    why);
	return fault;
}

enum fault
planes_in_time(const struct planes *p, struct fault_info *info)
{
	return progress_is_over(p->progress)
	    ? fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "")
	    : FAULT_NONE;
}

static size_t
round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

bool
plane_init(struct plane *p, unsigned width, unsigned height)
{
	p->width = width;
	p->height = height;
	p->stride = round_up(width, PLANE_ALIGN);
	p->rows = round_up(height, MCU_ROWS_MAX);
	p->data = aligned_alloc(PLANE_ALIGN, p->stride * p->rows);
	return p->data != NULL;
}

void
plane_fini(struct plane *p)
{
	free(p->data);
	p->data = NULL;
}

void
plane_point(const struct plane *p, unsigned mcu, unsigned n,
    unsigned char **rows)
{
	const size_t first = (size_t)mcu * n;

	for (size_t i = 0; i < n; i++)
		rows[i] = p->data +
		    (first + i < p->rows ? first + i : p->rows - 1) * p->stride;
}

static unsigned
samples(unsigned px, unsigned each)
{
	return (px + each - 1) / each;
}

enum fault
planes_new(struct size size, unsigned n, struct siting siting,
    const struct progress *progress, struct planes **out,
    struct fault_info *info)
{
	struct planes *p = calloc(1, sizeof *p);
	bool ok = p != NULL;

	if (ok)
		*p = (struct planes){ .progress = progress,
			.size = size,
			.filled_x = size.width,
			.filled_y = size.height,
			.n = n,
			.siting = siting,
			.orientation = 1 };
	for (unsigned i = 0; ok && i < n; i++)
		ok = plane_init(&p->plane[i],
		    samples(size.width, i == 0 ? 1 : siting.across),
		    samples(size.height, i == 0 ? 1 : siting.down));
	if (!ok) {
		planes_free(p);
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	}
	*out = p;
	return FAULT_NONE;
}

void
planes_free(struct planes *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < PLANES_MAX; i++)
		plane_fini(&p->plane[i]);
	color_free(p->color);
	free(p);
}

struct size
planes_size(const struct planes *p)
{
	return p->size;
}

const struct progress *
planes_progress(const struct planes *p)
{
	return p->progress;
}

/* ---- turning ---- */

struct turn
turn_of(unsigned orientation)
{
	/* EXIF 2.32, 4.6.4, tag 274: 1..8 */
	static const struct turn turns[] = { { 0 }, { .flip_x = true },
		{ .flip_x = true, .flip_y = true }, { .flip_y = true },
		{ .swap = true }, { .flip_y = true, .swap = true },
		{ .flip_x = true, .flip_y = true, .swap = true },
		{ .flip_x = true, .swap = true } };

	return turns[orientation >= 1 && orientation <= 8 ? orientation - 1
							  : 0];
}

bool
planes_is_sideways(const struct planes *p)
{
	return turn_of(p->orientation).swap;
}

static void
mirror(unsigned char *to, const unsigned char *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = from[n - 1 - i];
}

/* Row y of the plane, as it is once it was turned upside down. */
static const unsigned char *
row_of(const struct plane *p, unsigned y, struct turn turn)
{
	return p->data + (turn.flip_y ? p->height - 1 - y : y) * p->stride;
}

static void
flip_plane(const struct plane *from, struct plane *to, struct turn turn)
{
	for (unsigned y = 0; y < from->height; y++) {
		const unsigned char *row = row_of(from, y, turn);
		unsigned char *into = to->data + y * to->stride;

		if (turn.flip_x)
			mirror(into, row, from->width);
		else
			memcpy(into, row, from->width);
	}
}

/* Of a square, so that the rows of both planes stay in the cache. */
#define TILE 32

static void
swap_tile(const struct plane *from, struct plane *to, struct turn turn,
    unsigned left, unsigned top)
{
	const unsigned right =
	    left + TILE < from->width ? left + TILE : from->width;
	const unsigned bottom =
	    top + TILE < from->height ? top + TILE : from->height;

	const size_t stride = to->stride;
	const ptrdiff_t step = turn.flip_x ? -1 : 1;

	for (unsigned y = top; y < bottom; y++) {
		const unsigned char *at = row_of(from, y, turn) +
		    (turn.flip_x ? from->width - 1 - left : left);
		unsigned char *into = to->data + left * stride + y;

		for (unsigned x = left; x < right; x++) {
			*into = *at;
			into += stride;
			at += step;
		}
	}
}

static void
turn_plane(const struct plane *from, struct plane *to, struct turn turn)
{
	if (!turn.swap) {
		flip_plane(from, to, turn);
		return;
	}
	for (unsigned y = 0; y < from->height; y += TILE)
		for (unsigned x = 0; x < from->width; x += TILE)
			swap_tile(from, to, turn, x, y);
}

enum fault
planes_turn(struct planes **p, struct turn turn, struct fault_info *info)
{
	const struct planes *from = *p;
	struct size size = from->size;
	struct siting siting = from->siting;
	struct planes *made;
	enum fault f;

	if (!turn.flip_x && !turn.flip_y && !turn.swap)
		return FAULT_NONE;
	if (turn.swap) {
		size = (struct size){ size.height, size.width };
		siting = (struct siting){ siting.down, siting.across };
	}
	f = planes_new(size, from->n, siting, from->progress, &made, info);
	if (f != FAULT_NONE)
		return f;
	for (unsigned i = 0; i < from->n; i++)
		turn_plane(&from->plane[i], &made->plane[i], turn);
	planes_free(*p);
	*p = made;
	return FAULT_NONE;
}

enum fault
planes_first_frame(const struct planes *p, struct size to, enum chroma chroma,
    struct planes **out, struct fault_info *info)
{
	const struct turn turn = turn_of(p->orientation);
	/* What is converted goes through RGB, which has all samples. */
	struct siting siting =
	    siting_of(p->color != NULL ? CHROMA_444 : chroma);
	struct planes *made = NULL;
	enum fault f;

	if (turn.swap)
		siting = (struct siting){ siting.down, siting.across };
	f = planes_shrink(p, to, siting, turn, &made, info);
	if (f == FAULT_NONE)
		f = planes_turn(&made, turn, info);
	if (f == FAULT_NONE && p->color != NULL)
		f = planes_to_srgb(&made, p->color, info);
	if (f == FAULT_NONE)
		*out = made;
	else
		planes_free(made);
	return f;
}
