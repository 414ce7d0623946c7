#ifndef FT_GIF_H
#define FT_GIF_H

#include <stdbool.h>

#include "buf.h"
#include "geometry.h"
#include "palette.h"

/*
 * A GIF, still or animated, written by byte (GIF89a): px of a palette in, a
 * file out.
 */

struct gif_frame {
	unsigned x, y; /* px on the canvas */
	struct size size;
	unsigned ms; /* how long it is shown; kept in hundredths of a second */
	bool clear;  /* its rectangle is cleared when its time is over */
	const struct palette *palette;
	const unsigned char *indices; /* palette->n: clear, what is under it */
	bool has_clear; /* some are; the palette has 255 colours at most then */
};

/*
 * Begin a file in an empty buffer. Sides are 65535 px at most.
 *
 * plays  how often it is shown, 0 for ever, 65536 at most; 1 for a still
 */
void gif_begin(struct buf *out, struct size canvas, unsigned plays);

/* Append a frame, which lies on the canvas. */
void gif_add(struct buf *out, const struct gif_frame *frame);

void gif_end(struct buf *out);

#endif
