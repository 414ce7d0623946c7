#include "config.h"

/*
 * An animation as one sees it: canvas after canvas, each whole, upright, sRGB.
 * Frames come as their files have them, parts of a picture with an order for
 * what is under them, and are laid here one on the other, so that only one
 * canvas is held beside what the decoder holds. Refuses to know what becomes
 * of a canvas.
 */

#include "image_internal.h"

#include <stdlib.h>

#include "buf.h"
#include "color.h"
#include "lean.h"
#include "webp.h"

/* What becomes of a frame's rectangle when its time is over. */
enum disposal {
	DISPOSE_NOT,
	DISPOSE_CLEAR,
	DISPOSE_RESTORE
};

struct frame {
	const struct image *img;
	long x, y;
	unsigned ms;
	bool blend; /* laid over what is there; else it takes its place */
	enum disposal disposal;
};

struct animation {
	const struct progress *progress;
	struct image *canvas; /* as it lies in the file */
	struct image *shown;  /* the last one given */
	struct image *saved;  /* what DISPOSE_RESTORE brings back; or NULL */
	unsigned plays;
	/* The frame before, whose rectangle is still to be disposed of. */
	enum disposal disposal;
	long x, y;
	struct size size;
	/* One of the two. */
	struct image *list; /* GIF's frames, all decoded at once */
	unsigned next;      /* of list */
	struct webp_reader webp;
	struct image *decoded; /* WebP's present frame */
};

uint64_t
image_animation_bytes(const struct sniff *sniff)
{
	/* Red, green, blue and alpha. */
	return (uint64_t)sniff->width * sniff->height * sniff->frames * 4 *
	    sizeof(Quantum);
}

static bool
lay(struct image *on, const struct image *img, CompositeOperator how, long x,
    long y)
{
#ifdef HAVE_MAGICKWAND_7
	/* Clipped to the picture laid on it: beside it nothing changes. */
	return MagickCompositeImage(on->wand, img->wand, how, MagickTrue, x,
		   y) == MagickTrue;
#else
	return MagickCompositeImage(on->wand, img->wand, how, x, y) ==
	    MagickTrue;
#endif
}

/* A wholly clear picture; NULL: no memory. */
static struct image *
make_clear(struct size size, const struct progress *progress)
{
	struct image *img = image_new(progress);
	PixelWand *clear = NewPixelWand();
	bool ok = img != NULL && clear != NULL &&
	    PixelSetColor(clear, "#00000000") == MagickTrue &&
	    MagickNewImage(img->wand, size.width, size.height, clear) ==
		MagickTrue &&
	    MagickSetImageAlphaChannel(img->wand, TransparentAlphaChannel) ==
		MagickTrue;

	if (clear != NULL)
		(void)DestroyPixelWand(clear);
	if (!ok) {
		image_free(img);
		return NULL;
	}
	return img;
}

/* Colours and orientation are the file's, not a frame's. */
static bool
adopt(struct image *canvas, const struct image *still)
{
	size_t len = 0;
	unsigned char *icc = MagickGetImageProfile(still->wand, "icc", &len);
	struct color *color = NULL;
	bool ok = MagickSetImageOrientation(canvas->wand,
		      MagickGetImageOrientation(still->wand)) == MagickTrue;

	/* One that is no good has been noted for the still. */
	if (ok && icc != NULL &&
	    color_new(icc, len, COLOR_RGB8, &color) == COLOR_CONVERTS)
		ok = MagickSetImageProfile(canvas->wand, "icc", icc, len) ==
		    MagickTrue;
	color_free(color);
	(void)MagickRelinquishMemory(icc);
	return ok;
}

/* All frames of the file: without "[0]" the coder goes on. */
static enum fault
read_list(struct animation *a, const void *data, size_t len,
    struct fault_info *info)
{
	struct lean lean;
	bool ok;

	a->list = image_new(a->progress);
	if (a->list == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (!lean_open(data, len, FORMAT_GIF, 0, &lean))
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	ok = MagickSetFormat(a->list->wand, "GIF") == MagickTrue &&
	    MagickReadImageBlob(a->list->wand, lean.data, lean.len) ==
		MagickTrue;
	lean_close(&lean);
	MagickSetFirstIterator(a->list->wand);
	if (ok)
		a->plays = (unsigned)MagickGetImageIterations(a->list->wand);
	return image_judge(a->list, ok, FAULT_CORRUPT_IMAGE, "frames", info);
}

enum fault
image_animation_open(const void *data, size_t len, const struct sniff *sniff,
    const struct image *still, struct animation **out, struct fault_info *info)
{
	const struct size canvas = { sniff->width, sniff->height };
	struct animation *a = calloc(1, sizeof *a);
	enum fault f = FAULT_NONE;

	if (a == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	a->progress = still->progress;
	if (sniff->format == FORMAT_GIF)
		f = read_list(a, data, len, info);
	else if (webp_open(&a->webp, data, len))
		a->plays = a->webp.plays;
	else
		f = fault_set(info, FAULT_CORRUPT_IMAGE, "%s", "");
	if (f == FAULT_NONE) {
		a->canvas = make_clear(canvas, a->progress);
		if (a->canvas == NULL || !adopt(a->canvas, still))
			f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	}
	if (f == FAULT_NONE)
		*out = a;
	else
		image_animation_close(a);
	return f;
}

void
image_animation_close(struct animation *a)
{
	if (a == NULL)
		return;
	image_free(a->canvas);
	image_free(a->shown);
	image_free(a->saved);
	image_free(a->list);
	image_free(a->decoded);
	free(a);
}

unsigned
image_animation_plays(const struct animation *a)
{
	return a->plays;
}

/* In hundredths of a second, but for what the file claims to be its clock. */
static unsigned
delay_ms(MagickWand *wand)
{
	size_t ticks = MagickGetImageTicksPerSecond(wand);

	return ticks == 0
	    ? 0
	    : (unsigned)(MagickGetImageDelay(wand) * 1000 / ticks);
}

static enum fault
next_of_list(struct animation *a, struct frame *out, bool *end,
    struct fault_info *info)
{
	MagickWand *wand = a->list->wand;
	size_t width, height;
	ssize_t x = 0, y = 0;
	DisposeType dispose;
	bool ok;

	if (a->next >= MagickGetNumberImages(wand)) {
		*end = true;
		return FAULT_NONE;
	}
	ok = MagickSetIteratorIndex(wand, (ssize_t)a->next++) == MagickTrue &&
	    MagickGetImagePage(wand, &width, &height, &x, &y) == MagickTrue;
	dispose = MagickGetImageDispose(wand);
	*out = (struct frame){ .img = a->list,
		.x = x,
		.y = y,
		.ms = delay_ms(wand),
		.blend = true,
		.disposal = dispose == BackgroundDispose ? DISPOSE_CLEAR
		    : dispose == PreviousDispose         ? DISPOSE_RESTORE
							 : DISPOSE_NOT };
	return image_judge(a->list, ok, FAULT_CORRUPT_IMAGE, "frame", info);
}

static enum fault
next_of_webp(struct animation *a, struct frame *out, bool *end,
    struct fault_info *info)
{
	struct sniff sniff = { .format = FORMAT_WEBP, .frames = 1 };
	struct buf still = { 0 };
	struct webp_frame frame;
	enum fault f;

	if (!webp_next(&a->webp, &frame)) {
		*end = true;
		return FAULT_NONE;
	}
	image_free(a->decoded);
	a->decoded = NULL;
	webp_still(&frame, &still);
	sniff.width = frame.size.width;
	sniff.height = frame.size.height;
	f = still.failed ? fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "")
			 : image_decode(still.data, still.len, &sniff,
			       frame.size, a->progress, &a->decoded, info);
	buf_fini(&still);
	*out = (struct frame){ .img = a->decoded,
		.x = frame.x,
		.y = frame.y,
		.ms = frame.ms,
		.blend = frame.blend,
		.disposal = frame.clear ? DISPOSE_CLEAR : DISPOSE_NOT };
	return f;
}

static bool
clear_rectangle(struct animation *a)
{
	struct image *clear = make_clear(a->size, a->progress);
	bool ok =
	    clear != NULL && lay(a->canvas, clear, CopyCompositeOp, a->x, a->y);

	image_free(clear);
	return ok;
}

/* What the frame before has ordered for when its time is over. */
static bool
dispose(struct animation *a)
{
	if (a->disposal == DISPOSE_CLEAR)
		return clear_rectangle(a);
	if (a->disposal == DISPOSE_RESTORE) {
		image_free(a->canvas);
		a->canvas = a->saved;
		a->saved = NULL;
	}
	return true;
}

static bool
lay_frame(struct animation *a, const struct frame *frame)
{
	if (!dispose(a))
		return false;
	a->disposal = frame->disposal;
	a->x = frame->x;
	a->y = frame->y;
	a->size = image_size(frame->img);
	if (frame->disposal == DISPOSE_RESTORE) {
		a->saved = image_copy(a->canvas);
		if (a->saved == NULL)
			return false;
	}
	return lay(a->canvas, frame->img,
	    frame->blend ? OverCompositeOp : CopyCompositeOp, frame->x,
	    frame->y);
}

enum fault
image_animation_next(struct animation *a, const struct image **out,
    unsigned *ms, struct fault_info *info)
{
	struct frame frame;
	bool end = false, laid;
	enum fault f = a->list != NULL ? next_of_list(a, &frame, &end, info)
				       : next_of_webp(a, &frame, &end, info);

	if (f != FAULT_NONE)
		return f;
	if (end) {
		*out = NULL;
		return FAULT_NONE;
	}
	/* First: it may put another canvas in the place of this one. */
	laid = lay_frame(a, &frame);
	f = image_judge(a->canvas, laid, FAULT_TOO_MUCH_MEMORY, "compose",
	    info);
	if (f != FAULT_NONE)
		return f;
	image_free(a->shown);
	a->shown = image_copy(a->canvas);
	if (a->shown == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	*ms = frame.ms;
	*out = a->shown;
	f = image_orient(a->shown, info);
	return f == FAULT_NONE ? image_to_srgb(a->shown, info) : f;
}
