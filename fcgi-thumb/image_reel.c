#include "config.h"

/*
 * Pictures and their times into one animated file. ImageMagick makes a WebP's
 * pictures; the container is put together here, with what has changed from the
 * picture before alone in each frame.
 */

#include "image_internal.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "webp.h"

enum fault
image_reel_add(struct reel *reel, struct image *img, unsigned ms,
    struct fault_info *info)
{
	struct reel_frame *frames =
	    realloc(reel->frames, (reel->n + 1) * sizeof *frames);

	if (frames == NULL) {
		image_free(img);
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	}
	reel->frames = frames;
	reel->frames[reel->n++] = (struct reel_frame){ img, ms };
	return FAULT_NONE;
}

void
image_reel_fini(struct reel *reel)
{
	for (unsigned i = 0; i < reel->n; i++)
		image_free(reel->frames[i].img);
	free(reel->frames);
	reel->frames = NULL;
	reel->n = 0;
}

unsigned char *
image_export(const struct image *img, struct size size)
{
	const size_t n = (size_t)size.width * size.height;
	unsigned char *rgba = malloc(n * 4);

	if (rgba != NULL &&
	    MagickExportImagePixels(img->wand, 0, 0, size.width, size.height,
		"RGBA", CharPixel, rgba) == MagickFalse) {
		free(rgba);
		return NULL;
	}
	/* Without an alpha channel MagickWand 6 gives what was in memory. */
	if (rgba != NULL &&
	    MagickGetImageAlphaChannel(img->wand) == MagickFalse)
		for (size_t i = 0; i < n; i++)
			rgba[4 * i + 3] = 255;
	return rgba;
}

enum fault
image_give(struct buf *file, enum fault f, void **out, size_t *out_len,
    struct fault_info *info)
{
	if (f == FAULT_NONE && file->failed)
		f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (f != FAULT_NONE) {
		buf_fini(file);
		return f;
	}
	*out = file->data;
	*out_len = file->len;
	return FAULT_NONE;
}

struct rectangle
image_changed(const unsigned char *a, const unsigned char *b, struct size size)
{
	const size_t row = (size_t)size.width * 4;
	unsigned left = size.width, right = 0, top = 0, bottom = size.height;

	while (bottom > 0 &&
	    memcmp(a + (bottom - 1) * row, b + (bottom - 1) * row, row) == 0)
		bottom--;
	if (bottom == 0)
		return (struct rectangle){ 0, 0, { 1, 1 } };
	while (memcmp(a + top * row, b + top * row, row) == 0)
		top++;
	for (unsigned y = top; y < bottom; y++)
		for (unsigned x = 0; x < size.width; x++)
			if (memcmp(a + y * row + 4 * (size_t)x,
				b + y * row + 4 * (size_t)x, 4) != 0) {
				left = x < left ? x : left;
				right = x > right ? x : right;
			}
	left -= left % 2;
	top -= top % 2;
	return (
	    struct rectangle){ left, top, { right + 1 - left, bottom - top } };
}

/* A part of the reel's picture as a frame of the file. */
static enum fault
append_webp(struct buf *out, const struct reel_frame *frame,
    const struct rectangle *part, const struct encoding *how,
    struct fault_info *info)
{
	const struct placement cut = { .crop_x = part->x,
		.crop_y = part->y,
		.crop_width = part->size.width,
		.crop_height = part->size.height,
		.scaled = part->size,
		.canvas = part->size };
	const struct webp_frame into = { .x = part->x,
		.y = part->y,
		.size = part->size,
		.ms = frame->ms };
	struct image *img = NULL;
	void *still = NULL;
	size_t len = 0;
	enum fault f = image_place(frame->img, &cut, 0, 0, &img, info);

	if (f == FAULT_NONE)
		f = image_encode(img, how, &still, &len, info);
	if (f == FAULT_NONE && !webp_add(out, &into, still, len))
		f = fault_set(info, FAULT_INTERNAL, "%s", "");
	free(still);
	image_free(img);
	return f;
}

static enum fault
append_changes(struct buf *out, const struct reel *reel, struct size size,
    const struct encoding *how, struct fault_info *info)
{
	unsigned char *before = NULL;
	enum fault f = FAULT_NONE;

	for (unsigned i = 0; i < reel->n && f == FAULT_NONE; i++) {
		const struct reel_frame *frame = &reel->frames[i];
		struct rectangle part = { 0, 0, size };
		unsigned char *now = image_export(frame->img, size);

		if (now == NULL)
			f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
		else if (before != NULL)
			part = image_changed(before, now, size);
		free(before);
		before = now;
		if (f == FAULT_NONE)
			f = append_webp(out, frame, &part, how, info);
	}
	free(before);
	return f;
}

static enum fault
encode_webp(const struct reel *reel, const struct encoding *how, void **out,
    size_t *out_len, struct fault_info *info)
{
	const struct size size = image_size(reel->frames[0].img);
	struct encoding still = *how;
	unsigned char exif[EXIF_MAX];
	size_t exif_len =
	    how->credits != NULL ? exif_write(how->credits, exif) : 0;
	struct buf file = { 0 };
	enum fault f;

	still.credits = NULL;
	webp_begin(&file, size, reel->plays);
	f = append_changes(&file, reel, size, &still, info);
	if (exif_len > 0)
		webp_end(&file, exif + EXIF_PREFIX, exif_len - EXIF_PREFIX);
	else
		webp_end(&file, NULL, 0);
	return image_give(&file, f, out, out_len, info);
}

enum fault
image_encode_reel(const struct reel *reel, const struct encoding *how,
    void **out, size_t *out_len, struct fault_info *info)
{
	if (how->format == FORMAT_GIF)
		return image_encode_gif(reel, how->background, out, out_len,
		    info);
	return encode_webp(reel, how, out, out_len, info);
}
