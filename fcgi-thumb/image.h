#ifndef FT_IMAGE_H
#define FT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exif.h"
#include "fault.h"
#include "format.h"
#include "geometry.h"
#include "glance.h"
#include "progress.h"
#include "settings.h"
#include "sniff.h"

/*
 * MagickWand behind a narrow door: only image.c and its parts include it.
 * Builds with MagickWand 6 and 7.
 *
 * MagickWand's return value does not tell success: an error of the JPEG coder
 * or a failed allocation can be in the image's own exception while the wand
 * says True. Every step here asks all of them, the size, and the time: past
 * the deadline each gives FAULT_RENDER_TIMEOUT. Each can also give
 * FAULT_TOO_MUCH_MEMORY and FAULT_INTERNAL. After a fault a picture is only
 * good for image_free.
 */

/* One picture in memory, upright or not, of any colour. */
struct image;

/*
 * Start ImageMagick in this process: one thread, a policy made from the
 * settings in directory `dir` (its own, writable, empty), no temporary files
 * (but those in which ImageMagick 7 hands HEIF to its decoder),
 * resource limits set and read back, each format's coder loaded by decoding a
 * tiny picture, and by encoding one in the formats that some preset wants. A
 * format that cannot be read is given up (format_lose), with a line in the log.
 * Changes the environment of the process: HOME, XDG_* and foreign MAGICK_* go,
 * LC_ALL becomes C; and its malloc, which keeps memory that pictures give back.
 * Once a process.
 *
 * 0, or -1 with words in why: a limit that is not in force, an encoder that is
 * wanted and missing, SVG or the like not refused by the policy.
 */
int image_boot(const struct settings *settings, const char *dir, char *why,
    size_t why_size);
void image_shutdown(void);

/* ImageMagick's own: "6.9.11-60"; "" where it does not say. */
void image_version(char *out, size_t size);

/*
 * After image_boot, in a process that may do less since then: decode and encode
 * the tiny pictures again, so that what it lacks shows now and not with the
 * first photo. 0, or -1 with words in why.
 */
int image_rehearse(const struct settings *settings, char *why, size_t why_size);

/*
 * What image_boot asks last: does the policy in force refuse formats that are
 * programs, that fetch or that name other files, and names that mean more than
 * a file? ImageMagick reads the system's rules behind ours. 0, or -1 with words
 * in why.
 */
int image_try_policy(char *why, size_t why_size);

/* A file of 16 x 16 px of red (200,30,30) of each format; none of FORMAT_NONE. */
#define IMAGE_SAMPLE_SIDE 16
#define IMAGE_SAMPLE_COLOR 0xc81e1e
struct image_sample {
	const unsigned char *data;
	size_t len;
};
extern const struct image_sample image_samples[FORMAT_COUNT];

/*
 * After image_boot: what this system's codecs can do. Writing is tried there
 * and then, which takes up to a second for AVIF; false for formats that are
 * never written.
 */
bool image_can_read(enum format format);
bool image_can_write(enum format format);

/*
 * What cannot fit into limits.memory, by its header, is refused before any work:
 * FAULT_TOO_MUCH_MEMORY with limit and actual in bytes, or FAULT_NONE. The
 * parameters are those of image_decode, which asks it as well.
 */
enum fault image_check_memory(const void *data, size_t len,
    const struct sniff *sniff, struct size hint, struct fault_info *info);

/*
 * Decode the first frame.
 *
 * data, len  the file, borrowed for the call
 * sniff      what it is; its format is forced on the decoder
 * hint       the decoder may shrink while loading to no less than this
 * progress   borrowed as long as this picture and those made from it live;
 *            passing its deadline ends any step in the midst
 *
 * The caller frees *out with image_free. FAULT_TOO_MUCH_MEMORY, with limit and
 * actual in bytes, before any work where its px alone would pass the memory
 * limit; without them where that only shows on the way. FAULT_CORRUPT_IMAGE
 * also for a file that ends before its picture does, and where header and
 * content differ.
 */
enum fault image_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct image **out,
    struct fault_info *info);

/*
 * Had its decoder a doubt: a warning, which a stranger's photo is let pass with?
 * FAULT_CORRUPT_IMAGE with its words as the cause, or FAULT_NONE.
 */
enum fault image_doubt(const struct image *img, struct fault_info *info);

/* A picture of these 8-bit RGB pixels, without a coder; NULL: no memory. */
struct image *image_from_rgb(const void *rgb, struct size size,
    const struct progress *progress);

/* Pixels as they are now. */
struct size image_size(const struct image *img);

/* All px of a picture, 8-bit RGBA; free() it. NULL: no memory. */
unsigned char *image_export(const struct image *img, struct size size);

/* Is it stored lying on its side (EXIF 5..8), so that upright swaps sides? */
bool image_is_sideways(const struct image *img);

/* Turn upright as EXIF says, and forget that it said so. */
enum fault image_orient(struct image *img, struct fault_info *info);

/*
 * Who made it, by its EXIF or its TIFF tags, while it has any: they go with
 * image_to_srgb. data, len and sniff are those that it was decoded from.
 */
void image_credits(const struct image *img, const void *data, size_t data_len,
    const struct sniff *sniff, struct credits *out);

/*
 * To sRGB, by the embedded profile; without it afterwards. One that is no good
 * is noted in the log, and the colours are taken as sRGB.
 */
enum fault image_to_srgb(struct image *img, struct fault_info *info);

/*
 * A new picture from a region of this one, scaled (Lanczos), sharpened and
 * laid on a canvas where placement says so. p's crop is in px of img; it is
 * moved by half a px at most, to whole ones.
 *
 * background  0xRRGGBB, for the canvas
 * sharpen     0 (not at all) ..100, the strength of an unsharp mask; it does
 *             not touch the canvas beside the picture
 */
enum fault image_place(const struct image *img, const struct placement *p,
    uint32_t background, unsigned sharpen, struct image **out,
    struct fault_info *info);

/*
 * A smaller one by averaging: quick; to be looked at, or to be scaled to half
 * of it at most, not to be shown.
 */
enum fault image_reduce(const struct image *img, struct size to,
    struct image **out, struct fault_info *info);

/* The px of one that is in sRGB and no larger than a glance. */
enum fault image_glance(const struct image *img, struct glance *out,
    struct fault_info *info);

/* How a file is written. 8 bits everywhere. */
struct encoding {
	enum format format; /* one that writes */
	unsigned quality;   /* 1..100, for formats that have one */
	/* 0xRRGGBB: what is laid under the px that the file cannot hold. */
	uint32_t background;
	bool progressive;   /* of JPEG: SOF2, else SOF0 */
	enum chroma chroma; /* of JPEG */
	/*
	 * What the file's EXIF holds, NULL for none. Not in GIF, nor in AVIF
	 * with MagickWand 6.
	 */
	const struct credits *credits;
};

/*
 * Encode without any metadata but the credits.
 *
 * Transparency stays in PNG and WebP, and in AVIF with MagickWand 7 (that of 6
 * writes none). GIF has either clear or opaque px: one that is at least half
 * opaque is laid over the background, others are clear. Elsewhere all px are
 * laid over the background. GIF's colours are dithered.
 *
 * *out is malloced; the caller frees it. The magic bytes of the result have
 * been looked at: a decoder's forced format can stick to the output.
 */
enum fault image_encode(const struct image *img, const struct encoding *how,
    void **out, size_t *out_len, struct fault_info *info);

/* An animation as it is seen: canvas after canvas. */
struct animation;

/* The least that all its frames take once they are unpacked, in bytes. */
uint64_t image_animation_bytes(const struct sniff *sniff);

/*
 * Open a GIF or WebP with several frames.
 *
 * data, len  the file, borrowed until the end
 * sniff      of it; all its frames are within the limits
 * still      what image_decode has made of it: the canvases have its colour
 *            profile, orientation and progress
 *
 * The caller calls image_animation_close. Faults as of image_decode.
 */
enum fault image_animation_open(const void *data, size_t len,
    const struct sniff *sniff, const struct image *still,
    struct animation **out, struct fault_info *info);

/*
 * The next canvas, upright and in sRGB, as large as the photo; NULL after the
 * last. *out is borrowed until the next call, *ms how long it is shown.
 */
enum fault image_animation_next(struct animation *a, const struct image **out,
    unsigned *ms, struct fault_info *info);

/* How often it is shown; 0: for ever. */
unsigned image_animation_plays(const struct animation *a);

/* NULL is allowed. */
void image_animation_close(struct animation *a);

/* An animation that is made: pictures of one size. The zero state is empty. */
struct reel {
	struct reel_frame {
		struct image *img;
		unsigned ms; /* how long it is shown */
	} * frames;
	unsigned n;
	unsigned plays; /* how often; 0: for ever */
};

/* Append a picture, which is taken, also on failure. */
enum fault image_reel_add(struct reel *reel, struct image *img, unsigned ms,
    struct fault_info *info);

void image_reel_fini(struct reel *reel);

/*
 * As image_encode, all the pictures of a reel that is not empty; how->format is
 * FORMAT_WEBP or FORMAT_GIF, whose times are hundredths of a second.
 */
enum fault image_encode_reel(const struct reel *reel,
    const struct encoding *how, void **out, size_t *out_len,
    struct fault_info *info);

/* NULL is allowed. */
void image_free(struct image *img);

/*
 * While no image is alive: does ImageMagick hold pixels all the same?
 * ImageMagick 6 loses those of a gray or palette picture for whose palette
 * there was no memory left, and counts them against its limit for good.
 */
bool image_has_lost_pixels(void);

#endif
