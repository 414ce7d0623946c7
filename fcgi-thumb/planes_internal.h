#ifndef FT_PLANES_INTERNAL_H
#define FT_PLANES_INTERNAL_H

/* What the files of the planes module share; no library enters here. */

#include <stdbool.h>

#include "planes.h"

#define PLANES_MAX 3
#define PLANE_ALIGN 64 /* bytes: what z.lib wants of pointers and strides */

/* 8 bits a sample; more is allocated at the right and below, see plane_init. */
struct plane {
	unsigned char *data; /* owned; NULL where there is no such plane */
	size_t stride;       /* bytes a row, a multiple of PLANE_ALIGN */
	size_t rows;         /* that are allocated */
	unsigned width, height;
};

/* How many px a sample of chroma covers, centred on them: 1 or 2. */
struct siting {
	unsigned across, down;
};

struct color; /* color.h */

struct planes {
	const struct progress *progress; /* borrowed */
	struct size size;                /* px */
	/*
	 * How much of its px the picture fills: all of them, or less of the
	 * last where a decoder has shrunk a size that it cannot divide.
	 */
	double filled_x, filled_y;
	unsigned n; /* planes: 1 is gray, 3 is YCbCr (JFIF 1.02) */
	struct siting siting;
	unsigned orientation; /* EXIF's 1..8 */
	struct color
	    *color; /* owned; what leads to sRGB, NULL: nothing has to */
	struct plane plane[PLANES_MAX];
};

/* The siting of JPEG's chroma. */
struct siting siting_of(enum chroma chroma);

/*
 * Room for so many samples, and at the right and below for those that blocks
 * of JPEG need; false: no memory.
 */
bool plane_init(struct plane *p, unsigned width, unsigned height);
void plane_fini(struct plane *p);

/*
 * Where libjpeg finds the n rows of a plane that belong to row `mcu` of MCUs;
 * those below the last that is allocated are the last one, which nobody sees.
 */
void plane_point(const struct plane *p, unsigned mcu, unsigned n,
    unsigned char **rows);

/*
 * A picture of this size with n planes of any content, upright and sRGB.
 * FAULT_TOO_MUCH_MEMORY, or FAULT_NONE and *out, for planes_free.
 */
enum fault planes_new(struct size size, unsigned n, struct siting siting,
    const struct progress *progress, struct planes **out,
    struct fault_info *info);

/* An orientation as steps: mirror, upside down, then swap the axes. */
struct turn {
	bool flip_x, flip_y, swap;
};

struct turn turn_of(unsigned orientation);

/*
 * A new picture from the whole of one, scaled to `to`, sited so that it is right
 * when the turn has been made.
 */
enum fault planes_shrink(const struct planes *p, struct size to,
    struct siting siting, struct turn turn, struct planes **out,
    struct fault_info *info);

/* Replace a picture by itself, turned. */
enum fault planes_turn(struct planes **p, struct turn turn,
    struct fault_info *info);

/* Replace a picture that has a way to sRGB by one that is. */
enum fault planes_to_srgb(struct planes **p, const struct color *color,
    struct fault_info *info);

/* The picture with this chroma: itself, or a new one to *made. */
enum fault planes_sited(const struct planes *p, struct siting siting,
    struct planes **made, const struct planes **out, struct fault_info *info);

/* From planes of one size each to others: YCbCr to RGB, or back. */
enum fault planes_matrix(const struct plane from[PLANES_MAX],
    struct plane to[PLANES_MAX], bool to_rgb, const struct progress *progress,
    struct fault_info *info);

/* The time is over, or FAULT_NONE. */
enum fault planes_in_time(const struct planes *p, struct fault_info *info);

/* A fault with a reason for the log. */
enum fault planes_decline(struct fault_info *info, enum fault fault,
    const char *step, const char *why);

#endif
