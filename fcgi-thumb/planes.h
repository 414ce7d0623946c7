#ifndef FT_PLANES_H
#define FT_PLANES_H

#include <stddef.h>

#include "exif.h"
#include "fault.h"
#include "geometry.h"
#include "image.h"
#include "progress.h"
#include "sniff.h"

/*
 * Ordinary JPEG without a pixel of RGB: libjpeg to the planes that the file
 * holds, luma and chroma each of its own size; z.lib's Lanczos on each plane;
 * libjpeg from planes. Only planes*.c include the two libraries.
 *
 * Takes baseline and progressive JPEG of 8 bits, gray or YCbCr, with one sample
 * of chroma for one or two of luma on each axis, whose colour profile, if any,
 * is one of RGB that lcms2 can read. Whatever is otherwise, and every word of
 * libjpeg's that something is odd, is a fault here: FAULT_UNSUPPORTED_FORMAT
 * with the reason as its cause. It says nothing about the photo, but that
 * MagickWand has to look at it. Past the deadline each step gives
 * FAULT_RENDER_TIMEOUT; each can also give FAULT_TOO_MUCH_MEMORY and
 * FAULT_INTERNAL. After a fault planes are only good for planes_free.
 */
struct planes;

/* What it is built with: "libjpeg 2.1.5, z.lib 3.0.4"; "" where it is not. */
void planes_version(char *out, size_t size);

/*
 * Decode a whole file.
 *
 * data, len  the file, borrowed for the call
 * sniff      what it is, within the limits of pixels, memory and scans
 * hint       as of image_decode: the decoder may shrink to no less than this
 * progress   borrowed as long as these planes and those made from them live
 * credits    who made it, by its EXIF
 *
 * The caller frees *out with planes_free.
 */
enum fault planes_decode(const void *data, size_t len,
    const struct sniff *sniff, struct size hint,
    const struct progress *progress, struct planes **out,
    struct credits *credits, struct fault_info *info);

/* Pixels as they are now. */
struct size planes_size(const struct planes *p);

/* What planes_decode was given. */
const struct progress *planes_progress(const struct planes *p);

/* Is it stored lying on its side (EXIF 5..8), so that upright swaps sides? */
bool planes_is_sideways(const struct planes *p);

/*
 * From the decoded picture, as it lies, to one that is upright and sRGB.
 *
 * to      its size before it is turned
 * chroma  the finest that any file made of it will have
 */
enum fault planes_first_frame(const struct planes *p, struct size to,
    enum chroma chroma, struct planes **out, struct fault_info *info);

/*
 * A new picture from a region of an upright one, scaled (Lanczos) and laid on a
 * canvas where placement says so. p's crop is in px of the picture; it is taken
 * as it is, with fractions.
 *
 * background  0xRRGGBB, for the canvas
 */
enum fault planes_place(const struct planes *p, const struct placement *at,
    uint32_t background, enum chroma chroma, struct planes **out,
    struct fault_info *info);

/*
 * Encode as JPEG: how->format is FORMAT_JPEG. *out is malloced; the caller frees
 * it.
 */
enum fault planes_encode(const struct planes *p, const struct encoding *how,
    void **out, size_t *out_len, struct fault_info *info);

/* Its px as 8-bit RGB, row by row; free() it. */
enum fault planes_to_rgb(const struct planes *p, unsigned char **out,
    struct fault_info *info);

/* NULL is allowed. */
void planes_free(struct planes *p);

#endif
