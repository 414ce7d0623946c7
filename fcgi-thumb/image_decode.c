#include "config.h"

/*
 * From a file's bytes to a picture, by the decoder of the format that sniffing
 * found and no other. Responsible for what decoders do by halves: files that
 * end early, first frames that lie on a larger canvas, pictures that are
 * turned by some and not by others, alpha that is left out.
 */

#include "image_internal.h"

#include <stdlib.h>
#include <string.h>

#include "color.h"
#include "lean.h"
#include "log.h"
#include "whole.h"

/*
 * A first frame can be smaller than the animation's canvas, and lie anywhere
 * on it.
 */
static enum fault
put_on_canvas(struct image *img, struct size canvas, struct fault_info *info)
{
	size_t width, height;
	ssize_t x = 0, y = 0;
	struct size is = image_size(img);
	bool ok = MagickGetImagePage(img->wand, &width, &height, &x, &y) ==
	    MagickTrue;

	if (ok &&
	    (x != 0 || y != 0 || is.width != canvas.width ||
		is.height != canvas.height))
		ok = image_extend(img->wand, canvas, x, y, 0, true);
	return image_judge(img, ok, FAULT_CORRUPT_IMAGE, "canvas", info);
}

/*
 * Are there px behind the size? ImageMagick 6 gives an animated WebP whose first
 * frame cannot be decoded as a success, and every later step fails without a
 * word.
 */
static bool
has_pixels(MagickWand *wand)
{
	unsigned char red;

	return MagickExportImagePixels(wand, 0, 0, 1, 1, "R", CharPixel,
		   &red) == MagickTrue;
}

/* The forced format and the hint; "[0]" makes coders stop after a frame. */
static bool
read_first(struct image *img, const void *data, size_t len, enum format format,
    struct size hint)
{
	char size[32];
	bool ok;

	snprintf(size, sizeof size, "%ux%u", hint.width, hint.height);
	ok = MagickSetFormat(img->wand, format_spec(format)->magick) ==
		MagickTrue &&
	    MagickSetFilename(img->wand, "x[0]") == MagickTrue &&
	    MagickSetOption(img->wand, "jpeg:size", size) == MagickTrue &&
	    MagickReadImageBlob(img->wand, data, len) == MagickTrue &&
	    has_pixels(img->wand);
	/* What is forced on the input would stick to the output. */
	(void)MagickSetFormat(img->wand, "");
	(void)MagickSetFilename(img->wand, "");
	return ok;
}

/* The smallest picture that a decoder may make of it. */
static struct size
least_size(const struct sniff *sniff, struct size hint)
{
	const struct size full = { sniff->width, sniff->height };

	return sniff->format == FORMAT_JPEG ? hint : full;
}

/* Sniffing and decoding must have seen the same picture. */
static enum fault
check_size(const struct image *img, const struct sniff *sniff, struct size hint,
    struct fault_info *info)
{
	struct size is = image_size(img);
	struct size least = least_size(sniff, hint);

	if (is.width <= sniff->width && is.height <= sniff->height &&
	    is.width >= least.width && is.height >= least.height)
		return FAULT_NONE;
	(void)fault_set(info, FAULT_CORRUPT_IMAGE,
	    "The picture has another size than its header says.");
	snprintf(info->cause, sizeof info->cause,
	    "decoded %ux%u, header %ux%u, hint %ux%u", is.width, is.height,
	    sniff->width, sniff->height, hint.width, hint.height);
	return info->fault;
}

/* Red, green, blue, alpha, and the index of a palette. */
#define CHANNELS_MOST 5

/* The least that ImageMagick holds of px at a time, in bytes. */
static unsigned long long
pixel_bytes(const struct sniff *sniff, enum sniff_colors colors,
    const struct sniff_guide *guide, struct size size)
{
	const unsigned long long px =
	    (unsigned long long)size.width * size.height;
#ifdef HAVE_MAGICKWAND_7
	/* As many channels as there are; a gray picture has one. */
	bool may_be_gray = sniff->format == FORMAT_JPEG ||
	    sniff->format == FORMAT_PNG || sniff->format == FORMAT_TIFF ||
	    sniff->format == FORMAT_BMP;

	(void)colors;
	(void)guide;
	return px * (may_be_gray ? 1 : 3) * sizeof(Quantum);
#else
	const size_t plain = sizeof(PixelPacket);
	const size_t indexed = plain + sizeof(IndexPacket);
	const unsigned long long alpha_px =
	    (unsigned long long)guide->alpha_width * guide->alpha_height;

	/* What is copied when it is whole: HEIF, and alpha comes after it. */
	if (guide->alpha.n > 0)
		return px * plain + 2 * alpha_px * plain;
	if (sniff->format == FORMAT_AVIF || sniff->format == FORMAT_HEIC ||
	    (sniff->format == FORMAT_WEBP && sniff->frames > 1))
		return 2 * px * plain;
	/* And what gets its palette or loses it. */
	if (colors == SNIFF_GRAY || colors == SNIFF_PALETTE_ALPHA)
		return px * (plain + indexed);
	return px * (colors == SNIFF_COLORS ? plain : indexed);
#endif
}

/*
 * What the codecs hold beside the px does not count against ImageMagick's
 * limit; both together may have twice as much.
 */
#define CODEC_SHARE 2

enum fault
image_check_memory(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, struct fault_info *info)
{
	unsigned long long limit = MagickGetResourceLimit(MemoryResource), need;
	struct sniff_burden burden;
	struct sniff_guide guide;

	sniff_guide(data, len, sniff, &guide);
	sniff_burden(data, len, sniff, &burden);
	need =
	    pixel_bytes(sniff, burden.colors, &guide, least_size(sniff, hint));
	if (need <= limit) {
		need += burden.held;
		limit *= CODEC_SHARE;
	}
	if (need <= limit)
		return FAULT_NONE;
	return fault_limit(info, FAULT_TOO_MUCH_MEMORY, limit, need,
	    "Opening the picture takes at least %llu bytes of memory; %llu are "
	    "allowed.",
	    need, limit);
}

/*
 * What a coder's failure is where it does not say. PNG's is silent for want of
 * memory, so that is what it was where the px could not have been held with
 * all their channels beside what is in use.
 */
static enum fault
silent_fault(const struct image *img, const struct sniff *sniff)
{
	const MagickSizeType limit = MagickGetResourceLimit(MemoryResource);
	const MagickSizeType used = MagickGetResource(MemoryResource);
	const MagickSizeType most = (MagickSizeType)sniff->width *
	    sniff->height * CHANNELS_MOST * sizeof(Quantum);
	struct image_word word;

	image_listen(img->wand, &word);
	return word.text[0] == '\0' && used + most >= limit
	    ? FAULT_TOO_MUCH_MEMORY
	    : FAULT_CORRUPT_IMAGE;
}

/* NULL: no memory. Without a patch too: the caller frees it. */
static void *
copy_patched(const void *data, size_t len, const struct sniff_patch *patch)
{
	unsigned char *copy = malloc(len);

	if (copy != NULL) {
		memcpy(copy, data, len);
		memcpy(copy + patch->at, patch->bytes, patch->n);
	}
	return copy;
}

static enum fault
read_judged(struct image *img, const void *data, size_t len,
    const struct sniff *sniff, struct size hint,
    const struct sniff_patch *patch, struct fault_info *info)
{
	void *copy = NULL;
	bool ok;

	if (patch->n > 0) {
		copy = copy_patched(data, len, patch);
		if (copy == NULL)
			return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	}
	ok = read_first(img, copy != NULL ? copy : data, len, sniff->format,
	    hint);
	free(copy);
	return image_judge(img, ok, silent_fault(img, sniff), "decode", info);
}

/* As a gray picture of the same size. */
static enum fault
decode_alpha(struct image *alpha, const void *data, size_t len,
    const struct sniff *sniff, const struct sniff_guide *guide,
    struct fault_info *info)
{
	const struct size full = { sniff->width, sniff->height };
	struct size is;
	enum fault f =
	    read_judged(alpha, data, len, sniff, full, &guide->alpha, info);
	bool ok;

	if (f != FAULT_NONE)
		return f;
	ok = MagickTransformImageColorspace(alpha->wand, GRAYColorspace) ==
		MagickTrue &&
	    MagickSetImageOrientation(alpha->wand,
		(OrientationType)guide->alpha_orientation) == MagickTrue;
	f = image_judge(alpha, ok, FAULT_INTERNAL, "alpha", info);
	if (f == FAULT_NONE)
		f = image_orient(alpha, info);
	if (f != FAULT_NONE)
		return f;
	is = image_size(alpha);
	if (is.width != full.width || is.height != full.height)
		ok = MagickScaleImage(alpha->wand, full.width, full.height) ==
		    MagickTrue;
	return image_judge(alpha, ok, FAULT_INTERNAL, "alpha", info);
}

/* ImageMagick 6 leaves it out; 7 does not turn it with its picture. */
static enum fault
add_alpha(struct image *img, const void *data, size_t len,
    const struct sniff *sniff, const struct sniff_guide *guide,
    struct fault_info *info)
{
	struct image *alpha;
	enum fault f;
	bool ok;

	if (guide->alpha.n == 0 ||
	    (guide->alpha_orientation == 1 &&
		MagickGetImageAlphaChannel(img->wand) == MagickTrue))
		return FAULT_NONE;
	alpha = image_new(img->progress);
	if (alpha == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	f = decode_alpha(alpha, data, len, sniff, guide, info);
	if (f == FAULT_NONE) {
#ifdef HAVE_MAGICKWAND_7
		ok = MagickCompositeImage(img->wand, alpha->wand,
			 CopyAlphaCompositeOp, MagickTrue, 0, 0) == MagickTrue;
#else
		ok = MagickCompositeImage(img->wand, alpha->wand,
			 CopyOpacityCompositeOp, 0, 0) == MagickTrue;
#endif
		f = image_judge(img, ok, FAULT_INTERNAL, "alpha", info);
	}
	image_free(alpha);
	return f;
}

/* What sniffing knows better than the decoder. */
static enum fault
follow_guide(struct image *img, const void *data, size_t len,
    const struct sniff *sniff, const struct sniff_guide *guide,
    struct fault_info *info)
{
	bool ok = true;

	if (guide->orientation != 0)
		ok = MagickSetImageOrientation(img->wand,
			 (OrientationType)guide->orientation) == MagickTrue;
	if (ok)
		ok = MagickResetImagePage(img->wand, "0x0+0+0") == MagickTrue;
	if (!ok)
		return image_judge(img, false, FAULT_INTERNAL, "guide", info);
	return add_alpha(img, data, len, sniff, guide, info);
}

static void
note_profile(size_t len)
{
	log_info("photo: its colour profile of %zu bytes is too large, its"
		 " colours are taken as sRGB",
	    len);
}

/* Of those that the decoder took out: each copy of a picture copies them. */
static void
shed_profiles(struct image *img)
{
	static const char *const unused[] = { "xmp", "iptc", "8bim" };
	size_t len = 0;
	unsigned char *icc = MagickGetImageProfile(img->wand, "icc", &len);
	bool too_large = icc != NULL && len > COLOR_PROFILE_MAX;

	(void)MagickRelinquishMemory(icc);
	if (too_large)
		note_profile(len);
	for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++)
		(void)MagickRelinquishMemory(
		    MagickRemoveImageProfile(img->wand, unused[i], &len));
	if (too_large)
		(void)MagickRelinquishMemory(
		    MagickRemoveImageProfile(img->wand, "icc", &len));
}

/* A picture that lies as its decoder has it, on its canvas. */
static enum fault
decode_plain(struct image *img, const void *data, size_t len,
    const struct sniff *sniff, struct size hint,
    const struct sniff_patch *patch, struct fault_info *info)
{
	const struct size full = { sniff->width, sniff->height };
	struct lean lean;
	enum fault f;

	if (!lean_open(data, len, sniff->format, COLOR_PROFILE_MAX, &lean))
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (lean.profile > 0)
		note_profile(lean.profile);
	f = read_judged(img, lean.data, lean.len, sniff, hint, patch, info);
	lean_close(&lean);
	if (f == FAULT_NONE && sniff->format == FORMAT_GIF)
		f = put_on_canvas(img, full, info);
	if (f == FAULT_NONE)
		f = check_size(img, sniff, hint, info);
	if (f == FAULT_NONE)
		shed_profiles(img);
	return f;
}

enum fault
image_doubt(const struct image *img, struct fault_info *info)
{
	struct image_word word;

	image_listen(img->wand, &word);
	if (word.severity < WarningException)
		return FAULT_NONE;
	(void)fault_set(info, FAULT_CORRUPT_IMAGE, "%s", "");
	snprintf(info->cause, sizeof info->cause, "decode: %s", word.text);
	return info->fault;
}

enum fault
image_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct image **out,
    struct fault_info *info)
{
	struct sniff_guide guide;
	struct image *img;
	enum fault f;

	if (progress_is_over(progress))
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	f = image_check_memory(data, len, sniff, hint, info);
	if (f != FAULT_NONE)
		return f;
	if (!whole_file(data, len, sniff->format))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The file ends before the picture does.");
	img = image_new(progress);
	if (img == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	sniff_guide(data, len, sniff, &guide);
	f = decode_plain(img, data, len, sniff, hint, &guide.plain, info);
	if (f == FAULT_NONE)
		f = follow_guide(img, data, len, sniff, &guide, info);
	if (f != FAULT_NONE) {
		image_free(img);
		return f;
	}
	*out = img;
	return FAULT_NONE;
}
