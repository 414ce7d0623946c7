#include "config.h"

#include "image_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "whole.h"

/*
 * What is done to a picture, in MagickWand's words. Responsible for never
 * taking a step for done that was not: MagickWand 6 keeps an error of a coder
 * in the image while the wand says success, and a failed allocation can leave
 * a blank picture. Refuses to know presets, files and the order of the steps.
 * Every failure is a fault of the one photo; the library's own words go to
 * the log's cause only.
 */

/* The worst that is known of a wand's last steps; "" where nothing is said. */
struct word {
	ExceptionType severity;
	char text[160];
};

static void
listen_to(MagickWand *wand, struct word *out)
{
	char *text = MagickGetException(wand, &out->severity);

	snprintf(out->text, sizeof(out->text), "%s", text ? text : "");
	(void)MagickRelinquishMemory(text);
#ifndef HAVE_MAGICKWAND_7
	const Image *image = GetImageFromMagickWand(wand);

	if (image != NULL && image->exception.severity > out->severity) {
		out->severity = image->exception.severity;
		snprintf(out->text, sizeof(out->text), "%s",
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
	snprintf(info->cause, sizeof(info->cause), "%s: %s", step,
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
	struct image *img = malloc(sizeof(*img));

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
	snprintf(text, sizeof(text), "#%06x%s", (unsigned)rgb & 0xffffff,
	    clear ? "00" : "");
	ok = pixel != NULL && PixelSetColor(pixel, text) == MagickTrue &&
	    MagickSetImageBackgroundColor(wand, pixel) == MagickTrue;
	if (pixel != NULL)
		(void)DestroyPixelWand(pixel);
	return ok;
}

/*
 * Let it lie at (x, y) on a canvas of that size. A picture in gray is made RGB
 * first: on a gray canvas, a coloured background would be gray too.
 */
static bool
extend(MagickWand *wand, struct size canvas, long x, long y, uint32_t rgb,
    bool clear)
{
	return MagickTransformImageColorspace(wand, sRGBColorspace) ==
	    MagickTrue &&
	    (!clear ||
		MagickSetImageAlphaChannel(wand, SetAlphaChannel) ==
		    MagickTrue) &&
	    image_background(wand, rgb, clear) &&
	    MagickExtentImage(wand, canvas.width, canvas.height, -x, -y) ==
	    MagickTrue &&
	    MagickResetImagePage(wand, "0x0+0+0") == MagickTrue;
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
		ok = extend(img->wand, canvas, x, y, 0, true);
	return image_judge(img, ok, FAULT_CORRUPT_IMAGE, "canvas", info);
}

/* The forced format and the hint; "[0]" makes coders stop after a frame. */
static bool
read_first(struct image *img, const void *data, size_t len, enum format format,
    struct size hint)
{
	char size[32];
	bool ok;

	snprintf(size, sizeof(size), "%ux%u", hint.width, hint.height);
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

/* Sniffing and decoding must have seen the same picture. */
static enum fault
check_size(const struct image *img, const struct sniff *sniff, struct size hint,
    struct fault_info *info)
{
	struct size is = image_size(img);
	struct size least = { sniff->width, sniff->height };

	if (sniff->format == FORMAT_JPEG)
		least = hint;
	if (is.width <= sniff->width && is.height <= sniff->height &&
	    is.width >= least.width && is.height >= least.height)
		return FAULT_NONE;
	(void)fault_set(info, FAULT_CORRUPT_IMAGE,
	    "The picture has another size than its header says.");
	snprintf(info->cause, sizeof(info->cause),
	    "decoded %ux%u, header %ux%u, hint %ux%u", is.width, is.height,
	    sniff->width, sniff->height, hint.width, hint.height);
	return info->fault;
}

/* ImageMagick 6 has four 16-bit channels, 7 has three and more floats. */
#define PIXEL_BYTES_LEAST 8

/*
 * A coder can fail without a word, as PNG's does for want of memory too: a
 * picture that cannot have had the memory for its px did not get it.
 */
static enum fault
explain(enum fault f, const struct sniff *sniff, struct fault_info *info)
{
	MagickSizeType limit = MagickGetResourceLimit(MemoryResource);
	MagickSizeType used = MagickGetResource(MemoryResource);
	MagickSizeType need =
	    (MagickSizeType)sniff->width * sniff->height * PIXEL_BYTES_LEAST;

	if (f != FAULT_CORRUPT_IMAGE || used + need <= limit)
		return f;
	(void)fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	snprintf(info->cause, sizeof(info->cause),
	    "decode: %ux%u px without a reason given", sniff->width,
	    sniff->height);
	return info->fault;
}

enum fault
image_decode(const void *data, size_t len, const struct sniff *sniff,
    struct size hint, const struct progress *progress, struct image **out,
    struct fault_info *info)
{
	struct size full = { sniff->width, sniff->height };
	struct image *img;
	enum fault f;

	if (progress_is_over(progress))
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	if (!whole_file(data, len, sniff->format))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The file ends before the picture does.");
	img = new_image(progress);
	if (img == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	f = image_judge(img, read_first(img, data, len, sniff->format, hint),
	    FAULT_CORRUPT_IMAGE, "decode", info);
	f = explain(f, sniff, info);
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

/* A span of a picture, in whole px. */
struct span {
	size_t at, len;
};

/*
 * The whole px nearest to a span between them. Where scaling would change it
 * by less than a px it is taken without scaling, which would only blur.
 */
static struct span
whole_px(double at, double len, size_t all, size_t scaled)
{
	struct span s;
	long first;

	s.len = fabs(len - (double)scaled) < 1 ? scaled : (size_t)lround(len);
	if (s.len < 1)
		s.len = 1;
	if (s.len > all)
		s.len = all;
	first = lround(at + (len - (double)s.len) / 2);
	if (first < 0)
		first = 0;
	if ((size_t)first > all - s.len)
		first = (long)(all - s.len);
	s.at = (size_t)first;
	return s;
}

static bool
crop(MagickWand *wand, struct span x, struct span y)
{
	return MagickCropImage(wand, x.len, y.len, (ssize_t)x.at,
		   (ssize_t)y.at) == MagickTrue &&
	    MagickResetImagePage(wand, "0x0+0+0") == MagickTrue;
}

static bool
scale(MagickWand *wand, struct size to)
{
#ifdef HAVE_MAGICKWAND_7
	return MagickResizeImage(wand, to.width, to.height, LanczosFilter) ==
	    MagickTrue;
#else
	return MagickResizeImage(wand, to.width, to.height, LanczosFilter,
		   1.0) == MagickTrue;
#endif
}

enum fault
image_place(const struct image *img, const struct placement *p,
    uint32_t background, struct image **out, struct fault_info *info)
{
	struct size all = image_size(img);
	struct span x =
	    whole_px(p->crop_x, p->crop_width, all.width, p->scaled.width);
	struct span y =
	    whole_px(p->crop_y, p->crop_height, all.height, p->scaled.height);
	struct image *made = image_copy(img);
	bool ok = true;
	enum fault f;

	if (made == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (x.len != all.width || y.len != all.height)
		ok = crop(made->wand, x, y);
	if (ok && (x.len != p->scaled.width || y.len != p->scaled.height))
		ok = scale(made->wand, p->scaled);
	if (ok &&
	    (p->canvas.width != p->scaled.width ||
		p->canvas.height != p->scaled.height))
		ok = extend(made->wand, p->canvas, p->x, p->y, background,
		    false);
	f = image_judge(made, ok, FAULT_INTERNAL, "resize", info);
	if (f != FAULT_NONE) {
		image_free(made);
		return f;
	}
	*out = made;
	return FAULT_NONE;
}

void
image_free(struct image *img)
{
	if (img == NULL)
		return;
	(void)DestroyMagickWand(img->wand);
	free(img);
}
