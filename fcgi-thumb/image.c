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

void
image_listen(MagickWand *wand, struct image_word *out)
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
is_shortage(const struct image_word *word)
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

bool
image_is_denied(const struct image_word *word)
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
	struct image_word word;

	if (progress_is_over(img->progress))
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	image_listen(img->wand, &word);
	if (is_shortage(&word)) {
		(void)fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	} else if (word.severity >= ErrorException || !ok ||
	    MagickGetImageWidth(img->wand) == 0 ||
	    MagickGetImageHeight(img->wand) == 0) {
		(void)fault_set(info,
		    image_is_denied(&word) ? FAULT_INTERNAL : otherwise, "%s",
		    "");
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

struct image *
image_new(const struct progress *progress)
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
	struct image *img = image_new(progress);

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

/* "ImageMagick 6.9.11-60 Q16 x86_64 ..." */
void
image_version(char *out, size_t size)
{
	size_t number;
	const char *text = MagickGetVersion(&number);
	const char *at = text != NULL ? strchr(text, ' ') : NULL;

	at = at != NULL ? at + 1 : "";
	(void)snprintf(out, size, "%.*s", (int)strcspn(at, " "), at);
}
