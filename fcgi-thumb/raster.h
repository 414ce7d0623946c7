#ifndef FT_RASTER_H
#define FT_RASTER_H

#include "engine.h"
#include "image.h"

/*
 * One picture in memory, whichever engine holds it: MagickWand's image, or the
 * planes of a JPEG. The steps are the same for both; a step that planes cannot
 * do (a format but JPEG, sharpening) goes on with an image of their px, so that
 * nobody above has to know. Faults are those of image.h and planes.h.
 */

struct planes;

/* The zero state is no picture. One of the two is set. */
struct raster {
	struct image *image;
	struct planes *planes;
	enum chroma chroma; /* of planes: the finest that a file will have */
};

/*
 * Decode the first frame by one engine, as image_decode. credits is who made
 * it. The caller calls raster_fini after success.
 *
 * chroma  the finest that any file made of it will have
 */
enum fault raster_decode(enum engine engine, const void *data, size_t len,
    const struct sniff *sniff, struct size hint, enum chroma chroma,
    const struct progress *progress, struct raster *out,
    struct credits *credits, struct fault_info *info);

/* Pixels as they are now. */
struct size raster_size(const struct raster *p);

/* Is it stored lying on its side (EXIF 5..8), so that upright swaps sides? */
bool raster_is_sideways(const struct raster *p);

/*
 * Replace a decoded picture, as it lies, by one of size `to` (before it is
 * turned) that is upright and sRGB.
 */
enum fault raster_first_frame(struct raster *p, struct size to,
    struct fault_info *info);

/* As image_place. The caller calls raster_fini after success. */
enum fault raster_place(const struct raster *p, const struct placement *at,
    uint32_t background, unsigned sharpen, struct raster *out,
    struct fault_info *info);

/*
 * The whole picture as a small image, to be looked at, not to be shown: as
 * image_reduce. The caller frees *out with image_free.
 */
enum fault raster_reduce(const struct raster *p, struct size to,
    struct image **out, struct fault_info *info);

/* As image_encode. */
enum fault raster_encode(const struct raster *p, const struct encoding *how,
    void **out, size_t *out_len, struct fault_info *info);

/* The zero state is allowed, and is what it is afterwards. */
void raster_fini(struct raster *p);

#endif
