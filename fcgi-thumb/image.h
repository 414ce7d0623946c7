#ifndef FT_IMAGE_H
#define FT_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "format.h"
#include "geometry.h"
#include "progress.h"
#include "settings.h"
#include "sniff.h"

/*
 * MagickWand behind a narrow door: the only module that includes it. Builds
 * with MagickWand 6 and 7.
 *
 * MagickWand's return value does not tell success: an error of the JPEG coder
 * or a failed allocation can be in the image's own exception while the wand
 * says True. Every step here asks all of them, and the size.
 */

/* One picture in memory, upright or not, of any colour. */
struct image;

/*
 * Start ImageMagick in this process: one thread, a policy made from the
 * settings in directory `dir` (its own, writable, empty), no temporary files,
 * resource limits set and read back, each format's coder loaded by decoding
 * and encoding a tiny picture.
 *
 * 0, or -1 with words in why: a limit that is not in force, a codec that is
 * missing, SVG or the like not refused.
 */
int image_boot(const struct settings *settings, const char *dir, char *why,
    size_t why_size);
void image_shutdown(void);

/*
 * Decode the first frame.
 *
 * data, len  the file, borrowed for the call
 * sniff      what it is; its format is forced on the decoder
 * hint       the decoder may shrink while loading to no less than this
 * progress   borrowed; passing its deadline ends the decoding
 *
 * The caller frees *out with image_free. FAULT_CORRUPT_IMAGE,
 * FAULT_TOO_MUCH_MEMORY, FAULT_RENDER_TIMEOUT, FAULT_INTERNAL.
 */
enum fault image_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct image **out,
    struct fault_info *info);

/* Pixels as they are now. */
struct size image_size(const struct image *img);

/* Do EXIF's orientation's rows lie across (5..8), so that upright has the sides swapped? */
bool image_is_sideways(const struct image *img);

/* Turn upright as EXIF says, and forget that it said so. */
enum fault image_orient(struct image *img, struct fault_info *info);

/* To sRGB, by the embedded profile where there is one, and without it afterwards. */
enum fault image_to_srgb(struct image *img, struct fault_info *info);

/*
 * A new picture from a region of this one, scaled to `to` (Lanczos), laid on a
 * canvas where placement says so. p's crop is in px of img.
 * background 0xRRGGBB is for the canvas.
 */
enum fault image_place(const struct image *img, const struct placement *p,
    uint32_t background, struct image **out, struct fault_info *info);

/*
 * Encode without any metadata.
 *
 * format      one that writes
 * quality     1..100
 * background  0xRRGGBB under transparent pixels where format has no alpha
 *
 * *out is malloced; the caller frees it. The magic bytes of the result have
 * been looked at: a decoder's forced format can stick to the output.
 */
enum fault image_encode(const struct image *img, enum format format,
    unsigned quality, uint32_t background, void **out, size_t *out_len,
    struct fault_info *info);

/* NULL is allowed. */
void image_free(struct image *img);

#endif
