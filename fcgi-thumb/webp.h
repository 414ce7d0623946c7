#ifndef FT_WEBP_H
#define FT_WEBP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "geometry.h"
#include "span.h"

/*
 * The container of an animated WebP (RFC 9649), read and written by byte; the
 * pictures in it are whole still WebPs on their way in and out. ImageMagick's
 * own way loses what a frame does with the px under it, how often to play, and
 * times of less than 10 ms; its 6th version also writes a still behind the
 * animation.
 */

/* One frame, within a file. */
struct webp_frame {
	unsigned x, y;    /* px on the canvas, even */
	struct size size; /* px */
	unsigned ms;      /* how long it is shown */
	bool blend;       /* laid over what is there; else it takes its place */
	bool clear;       /* its rectangle is cleared when its time is over */
	struct span chunks; /* the picture, borrowed from the file */
};

struct webp_reader {
	struct span rest; /* borrowed */
	struct size canvas;
	unsigned plays; /* how often it is shown; 0: for ever */
};

/*
 * Open an animated file. data is borrowed until the last frame. False where it
 * is none; what the container says of sizes is not held against its pictures.
 */
bool webp_open(struct webp_reader *r, const void *data, size_t len);

/* The next frame, wholly within the file; false after the last. */
bool webp_next(struct webp_reader *r, struct webp_frame *out);

/*
 * What a file's EXIF chunk holds, still or animated: borrowed from data; NULL
 * where there is none.
 */
const void *webp_exif(const void *data, size_t len, size_t *exif_len);

/* A still file of the frame's picture: appended to out. */
void webp_still(const struct webp_frame *frame, struct buf *out);

/* Begin an animation in an empty buffer; its pictures may have alpha. */
void webp_begin(struct buf *out, struct size canvas, unsigned plays);

/*
 * Append a frame: where, how long and how it is shown as in *frame, its picture
 * out of a still file. False where that is no still WebP.
 */
bool webp_add(struct buf *out, const struct webp_frame *frame,
    const void *still, size_t len);

/* After the last: an EXIF without "Exif\0\0" (len 0: none), and the lengths. */
void webp_end(struct buf *out, const void *exif, size_t len);

#endif
