#include "config.h"

/*
 * Pictures as a GIF: px that are clear or opaque, few colours, and of an
 * animation what changes from one picture to the next. ImageMagick only hands
 * the px over: left to itself it shows the colour that was hidden under a half
 * transparent px, notes a gamma in the file, and takes 134 MB to dither.
 */

#include "image_internal.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "gif.h"

#define HALF 128 /* of 255: opaque from here on */

/* Over the background, or clear and black. */
static void
settle(unsigned char *px, uint32_t rgb)
{
	const unsigned a = px[3];

	if (a < HALF) {
		memset(px, 0, 4);
		return;
	}
	for (int i = 0; i < 3; i++) {
		const unsigned under = rgb >> (16 - 8 * i) & 0xff;

		px[i] = (unsigned char)((px[i] * a + under * (255 - a) + 127) /
		    255);
	}
	px[3] = 255;
}

/* The px as the file is to show them; NULL: no memory. */
static unsigned char *
settled(const struct image *img, struct size size, uint32_t background)
{
	unsigned char *rgba = image_export(img, size);

	for (size_t i = 0; rgba != NULL && i < (size_t)size.width * size.height;
	     i++)
		settle(rgba + 4 * i, background);
	return rgba;
}

static bool
has_clear(const unsigned char *rgba, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rgba[4 * i + 3] == 0)
			return true;
	return false;
}

/*
 * The part of a picture, its px one behind the other. Those that are what they
 * were are clear, for they show through; before is NULL for none.
 */
static void
cut(unsigned char *out, const unsigned char *now, const unsigned char *before,
    struct size size, const struct rectangle *part)
{
	for (unsigned y = part->y; y < part->y + part->size.height; y++)
		for (unsigned x = part->x; x < part->x + part->size.width;
		     x++, out += 4) {
			const size_t at = 4 * ((size_t)y * size.width + x);

			if (before != NULL &&
			    memcmp(now + at, before + at, 4) == 0)
				memset(out, 0, 4);
			else
				memcpy(out, now + at, 4);
		}
}

/* Appends px as a frame; where says where and how. False: no memory. */
static bool
append(struct buf *out, const struct gif_frame *where,
    const unsigned char *rgba)
{
	const size_t n = (size_t)where->size.width * where->size.height;
	struct palette palette;
	unsigned char *indices = malloc(n);
	struct gif_frame frame = *where;
	bool ok;

	frame.has_clear = has_clear(rgba, n);
	ok = indices != NULL &&
	    palette_choose(rgba, n, PALETTE_MAX - frame.has_clear, &palette) ==
		0 &&
	    palette_dither(rgba, frame.size.width, frame.size.height, &palette,
		indices) == 0;
	if (ok) {
		frame.palette = &palette;
		frame.indices = indices;
		gif_add(out, &frame);
	}
	free(indices);
	return ok;
}

/*
 * A picture after another. Where clear px come in, what is under them has to
 * go: each picture is then whole, and cleared when its time is over.
 */
static bool
append_change(struct buf *out, const unsigned char *now,
    const unsigned char *before, struct size size, unsigned ms, bool clear)
{
	struct rectangle part = { 0, 0, size };
	struct gif_frame frame = { .ms = ms, .clear = clear };
	unsigned char *rgba;
	bool ok;

	if (clear)
		before = NULL;
	if (before != NULL)
		part = image_changed(before, now, size);
	frame.x = part.x;
	frame.y = part.y;
	frame.size = part.size;
	rgba = malloc((size_t)part.size.width * part.size.height * 4);
	if (rgba == NULL)
		return false;
	cut(rgba, now, before, size, &part);
	ok = append(out, &frame, rgba);
	free(rgba);
	return ok;
}

/* Has any picture of the reel px that stay clear? */
static enum fault
look_for_clear(const struct reel *reel, struct size size, bool *out,
    struct fault_info *info)
{
	*out = false;
	for (unsigned i = 0; i < reel->n && !*out; i++) {
		const struct image *img = reel->frames[i].img;
		unsigned char *rgba = settled(img, size, 0);
		enum fault f = image_judge(img, rgba != NULL,
		    FAULT_TOO_MUCH_MEMORY, "export", info);

		if (f == FAULT_NONE)
			*out =
			    has_clear(rgba, (size_t)size.width * size.height);
		free(rgba);
		if (f != FAULT_NONE)
			return f;
	}
	return FAULT_NONE;
}

static enum fault
append_all(struct buf *out, const struct reel *reel, struct size size,
    uint32_t background, struct fault_info *info)
{
	unsigned char *before = NULL;
	bool clear;
	enum fault f = look_for_clear(reel, size, &clear, info);

	for (unsigned i = 0; i < reel->n && f == FAULT_NONE; i++) {
		const struct reel_frame *frame = &reel->frames[i];
		unsigned char *now = settled(frame->img, size, background);
		bool ok = now != NULL &&
		    append_change(out, now, before, size, frame->ms,
			clear && reel->n > 1);

		f = image_judge(frame->img, ok, FAULT_TOO_MUCH_MEMORY, "gif",
		    info);
		free(before);
		before = now;
	}
	free(before);
	return f;
}

enum fault
image_encode_gif(const struct reel *reel, uint32_t background, void **out,
    size_t *out_len, struct fault_info *info)
{
	const struct size size = image_size(reel->frames[0].img);
	struct buf file = { 0 };
	enum fault f;

	gif_begin(&file, size, reel->plays);
	f = append_all(&file, reel, size, background, info);
	gif_end(&file);
	return image_give(&file, f, out, out_len, info);
}
