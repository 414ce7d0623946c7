#ifndef FT_IMAGE_INTERNAL_H
#define FT_IMAGE_INTERNAL_H

/* What the files of the image module share; MagickWand enters here alone. */

#include "config.h"

#ifdef HAVE_MAGICKWAND_7
#include <MagickWand/MagickWand.h>
#else
#include <wand/MagickWand.h>
#endif

#include "image.h"

struct image {
	MagickWand *wand;
	const struct progress *progress; /* borrowed */
};

/* The worst that is known of a wand's last steps; "" where nothing is said. */
struct image_word {
	ExceptionType severity;
	char text[160];
};
void image_listen(MagickWand *wand, struct image_word *out);

/* A codec that is missing or not allowed: not the photo's fault. */
bool image_is_denied(const struct image_word *word);

/* A picture that is still to be read; NULL: no memory. */
struct image *image_new(const struct progress *progress);

/*
 * Was the step done? Looks at the time, at all places where ImageMagick keeps
 * its errors, and at the size.
 *
 * ok         what the step's own calls returned
 * otherwise  the fault of a failure that neither time nor memory explains
 * step       a word for the log
 */
enum fault image_judge(const struct image *img, bool ok, enum fault otherwise,
    const char *step, struct fault_info *info);

/* Pixels are shared until one of the two changes. NULL: no memory. */
struct image *image_copy(const struct image *img);

/* The colour for what a step fills: 0xRRGGBB, opaque or wholly clear. */
bool image_background(MagickWand *wand, uint32_t rgb, bool clear);

/* Lay what is transparent over a colour, 0xRRGGBB; it is opaque then. */
bool image_flatten(MagickWand *wand, uint32_t rgb);

/* Give a stripped picture an EXIF with these alone. */
bool image_sign(MagickWand *wand, const struct credits *credits);

/* A part of a picture, in px. */
struct rectangle {
	unsigned x, y;
	struct size size;
};

/*
 * The smallest rectangle in which two such pictures differ, from even px on, as
 * WebP has it; one px where they do not.
 */
struct rectangle image_changed(const unsigned char *a, const unsigned char *b,
    struct size size);

/*
 * A file that was put together, to *out; or, after fault f, its end. Returns f,
 * or FAULT_TOO_MUCH_MEMORY where the buffer has failed.
 */
struct buf;
enum fault image_give(struct buf *file, enum fault f, void **out,
    size_t *out_len, struct fault_info *info);

/* A GIF of a reel that is not empty. */
enum fault image_encode_gif(const struct reel *reel, uint32_t background,
    void **out, size_t *out_len, struct fault_info *info);

/*
 * Let it lie at (x, y) on a canvas of that size. A picture in gray is made RGB
 * first: on a gray canvas, a coloured background would be gray too.
 */
bool image_extend(MagickWand *wand, struct size canvas, long x, long y,
    uint32_t rgb, bool clear);

#endif
