#include "config.h"

/*
 * What is done to a picture, in MagickWand's words. Responsible for never
 * taking a step for done that was not: MagickWand 6 keeps an error of a coder
 * in the image while the wand says success, and a failed allocation can leave
 * a blank picture. Refuses to know presets, files and the order of the steps.
 * Every failure is a fault of the one photo; the library's own words go to
 * the log's cause only.
 */

#include "image_internal.h"

#include <stdlib.h>
#include <string.h>

#include "whole.h"

/* The worst that is known of a wand's last steps; "" where nothing is said. */
struct word {
	ExceptionType severity;
	char text[160];
};

static void
listen_to(MagickWand *wand, struct word *out)
{
	char *text = MagickGetException(wand, &out->severity);

	snprintf(out->text, sizeof out->text, "%s", text ? text : "");
	(void)MagickRelinquishMemory(text);
#ifndef HAVE_MAGICKWAND_7
	/* Asking for an image that is not there would be an error of its own. */
	const Image *image = MagickGetNumberImages(wand) > 0
	    ? GetImageFromMagickWand(wand)
	    : NULL;

	if (image != NULL && image->exception.severity > out->severity) {
		out->severity = image->exception.severity;
		snprintf(out->text, sizeof out->text, "%s",
		    image->exception.reason ? image->exception.reason : "");
	}
#endif
}

/* Memory by the limits, the address space, or inside of a codec. */
static bool
is_shortage(const struct word *word)
{
	switch ((int)word->severity) {
	case ResourceLimitWarning:
	case ResourceLimitError:
	case ResourceLimitFatalError:
	case CacheWarning:
	case CacheError:
	case CacheFatalError:
		return true;
	}
	return word->severity >= ErrorException &&
	    (strcasestr(word->text, "memory") != NULL ||
		strcasestr(word->text, "resources exhausted") != NULL);
}

/* A codec that is missing or not allowed: not the photo's fault. */
static bool
is_ours(const struct word *word)
{
	switch ((int)word->severity) {
	case MissingDelegateError:
	case ModuleError:
	case PolicyError:
	case ConfigureError:
		return true;
	}
	return false;
}

enum fault
image_judge(const struct image *img, bool ok, enum fault otherwise,
    const char *step, struct fault_info *info)
{
	struct word word;

	if (progress_is_over(img->progress))
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	listen_to(img->wand, &word);
	if (is_shortage(&word)) {
		(void)fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	} else if (word.severity >= ErrorException || !ok ||
	    MagickGetImageWidth(img->wand) == 0 ||
	    MagickGetImageHeight(img->wand) == 0) {
		(void)fault_set(info,
		    is_ours(&word) ? FAULT_INTERNAL : otherwise, "%s", "");
	} else {
		return FAULT_NONE;
	}
	snprintf(info->cause, sizeof info->cause, "%s: %s", step,
	    word.text[0] != '\0' ? word.text : "no reason given");
	return info->fault;
}

/* ImageMagick asks after each row or so; false ends what it is doing. */
static MagickBooleanType
may_go_on(const char *what, const MagickOffsetType done,
    const MagickSizeType all, void *progress)
{
	(void)what;
	(void)done;
	(void)all;
	return progress_is_over(progress) ? MagickFalse : MagickTrue;
}

/* Takes the wand, also on failure; NULL when memory is short. */
static struct image *
wrap(MagickWand *wand, const struct progress *progress)
{
	struct image *img = malloc(sizeof *img);

	if (wand == NULL || img == NULL) {
		if (wand != NULL)
			(void)DestroyMagickWand(wand);
		free(img);
		return NULL;
	}
	img->wand = wand;
	img->progress = progress;
	return img;
}

static struct image *
new_image(const struct progress *progress)
{
	MagickWand *wand = NewMagickWand();

	/* The monitor only reads it, though the interface has no const. */
	if (wand != NULL)
		(void)MagickSetProgressMonitor(wand, may_go_on,
		    (void *)(uintptr_t)progress);
	return wrap(wand, progress);
}

struct image *
image_copy(const struct image *img)
{
	return wrap(MagickGetImage(img->wand), img->progress);
}

struct image *
image_from_rgb(const void *rgb, struct size size,
    const struct progress *progress)
{
	struct image *img = new_image(progress);

	if (img != NULL &&
	    MagickConstituteImage(img->wand, size.width, size.height, "RGB",
		CharPixel, rgb) == MagickFalse) {
		image_free(img);
		img = NULL;
	}
	return img;
}

bool
image_background(MagickWand *wand, uint32_t rgb, bool clear)
{
	PixelWand *pixel = NewPixelWand();
	char text[16];
	bool ok;

	/* MagickWand 7 believes in alpha only where a text has it. */
	snprintf(text, sizeof text, "#%06x%s", (unsigned)rgb & 0xffffff,
	    clear ? "00" : "");
	ok = pixel != NULL && PixelSetColor(pixel, text) == MagickTrue &&
	    MagickSetImageBackgroundColor(wand, pixel) == MagickTrue;
	if (pixel != NULL)
		(void)DestroyPixelWand(pixel);
	return ok;
}

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
	    MagickReadImageBlob(img->wand, data, len) == MagickTrue;
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

/* The least that ImageMagick holds for each px of such a file, in bytes. */
static size_t
pixel_bytes(enum format format)
{
#ifdef HAVE_MAGICKWAND_7
	/* As many channels as there are; a gray picture has one. */
	bool may_be_gray = format == FORMAT_JPEG || format == FORMAT_PNG;

	return (may_be_gray ? 1 : 3) * sizeof(Quantum);
#else
	(void)format;
	return sizeof(PixelPacket);
#endif
}

/* What cannot fit is refused before any work, and with its numbers. */
static enum fault
check_memory(const struct sniff *sniff, struct size hint,
    struct fault_info *info)
{
	const struct size least = least_size(sniff, hint);
	const unsigned long long limit = MagickGetResourceLimit(MemoryResource);
	const unsigned long long need = (unsigned long long)least.width *
	    least.height * pixel_bytes(sniff->format);

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
	struct word word;

	listen_to(img->wand, &word);
	return word.text[0] == '\0' && used + most >= limit
	    ? FAULT_TOO_MUCH_MEMORY
	    : FAULT_CORRUPT_IMAGE;
}

enum fault
image_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct image **out,
    struct fault_info *info)
{
	struct size full = { sniff->width, sniff->height };
	struct image *img;
	enum fault f;
	bool ok;

	if (progress_is_over(progress))
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	f = check_memory(sniff, hint, info);
	if (f != FAULT_NONE)
		return f;
	if (!whole_file(data, len, sniff->format))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The file ends before the picture does.");
	img = new_image(progress);
	if (img == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	ok = read_first(img, data, len, sniff->format, hint);
	f = image_judge(img, ok, silent_fault(img, sniff), "decode", info);
	if (f == FAULT_NONE && sniff->format == FORMAT_GIF)
		f = put_on_canvas(img, full, info);
	if (f == FAULT_NONE)
		f = check_size(img, sniff, hint, info);
	if (f == FAULT_NONE)
		f = image_judge(img,
		    MagickResetImagePage(img->wand, "0x0+0+0") == MagickTrue,
		    FAULT_INTERNAL, "page", info);
	if (f != FAULT_NONE) {
		image_free(img);
		return f;
	}
	*out = img;
	return FAULT_NONE;
}

struct size
image_size(const struct image *img)
{
	return (struct size){
		.width = (unsigned)MagickGetImageWidth(img->wand),
		.height = (unsigned)MagickGetImageHeight(img->wand),
	};
}

bool
image_is_sideways(const struct image *img)
{
	OrientationType o = MagickGetImageOrientation(img->wand);

	return o >= LeftTopOrientation && o <= LeftBottomOrientation;
}

enum fault
image_orient(struct image *img, struct fault_info *info)
{
	bool ok = true;

	if (MagickGetImageOrientation(img->wand) > TopLeftOrientation)
		ok = MagickAutoOrientImage(img->wand) == MagickTrue &&
		    MagickResetImagePage(img->wand, "0x0+0+0") == MagickTrue;
	if (ok)
		ok = MagickSetImageOrientation(img->wand, TopLeftOrientation) ==
		    MagickTrue;
	return image_judge(img, ok, FAULT_INTERNAL, "orient", info);
}

void
image_free(struct image *img)
{
	if (img == NULL)
		return;
	(void)DestroyMagickWand(img->wand);
	free(img);
}

bool
image_has_lost_pixels(void)
{
	return MagickGetResource(MemoryResource) > 0;
}
