#include "config.h"

/*
 * Walks a GIF's blocks and counts its pictures (GIF89a specification). It is
 * as tolerant as ImageMagick's reader, so that both see the same: bytes
 * between blocks are stepped over, the trailer may be missing, and a picture
 * cut in its data counts. Whether the file goes on to its end is whole.c's to
 * ask. Unpacks nothing.
 */

#include "sniff_gif.h"

#include <string.h>

#define HAS_PALETTE 0x80

static const char cut[] = "The GIF ends before its first picture.";

static bool
skip_palette(struct span *s, unsigned flags)
{
	if ((flags & HAS_PALETTE) == 0)
		return true;
	return span_take(s, (size_t)3 << ((flags & 7) + 1)) != NULL;
}

bool
gif_skip_blocks(struct span *s)
{
	const uint8_t *len;

	do {
		len = span_take(s, 1);
		if (len == NULL || span_take(s, *len) == NULL)
			return false;
	} while (*len != 0);
	return true;
}

bool
gif_skip_screen(struct span *s, const uint8_t **screen)
{
	*screen = span_take(s, 13);
	return *screen != NULL && skip_palette(s, (*screen)[10]);
}

bool
gif_skip_picture(struct span *s, const uint8_t *descriptor)
{
	return skip_palette(s, descriptor[8]) &&
	    span_take(s, 1) != NULL && /* code size */
	    gif_skip_blocks(s);
}

/*
 * The canvas is the logical screen, made larger where the first picture
 * reaches over it: its pixels are unpacked whatever the screen says, and
 * there are GIFs whose screen is 0 x 0.
 */
static enum fault
take_first(const uint8_t *descriptor, struct sniff *s, struct fault_info *info)
{
	unsigned width = le16(descriptor + 4), height = le16(descriptor + 6);
	unsigned right = le16(descriptor) + width;
	unsigned bottom = le16(descriptor + 2) + height;

	if (width == 0 || height == 0)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The GIF says that its first picture is %u x %u px.", width,
		    height);
	if (right > s->width)
		s->width = right;
	if (bottom > s->height)
		s->height = bottom;
	return FAULT_NONE;
}

/*
 * From block to block, to the trailer or the end of the file, whichever
 * comes first; a cut only matters where there is no picture before it.
 */
static enum fault
walk(struct span rest, struct sniff *s, struct fault_info *info)
{
	const uint8_t *p, *label;
	bool whole = true;
	enum fault f;

	while (
	    whole && (p = span_take(&rest, 1)) != NULL && *p != GIF_TRAILER) {
		if (*p == GIF_EXTENSION) {
			label = span_take(&rest, 1);
			/*
			 * ImageMagick takes this label for the start of a
			 * picture, whose size would then not be the one here.
			 */
			if (label != NULL && *label == GIF_PICTURE)
				return fault_set(info, FAULT_CORRUPT_IMAGE,
				    "The GIF has an extension that does not "
				    "exist.");
			whole = label != NULL && gif_skip_blocks(&rest);
		} else if (*p == GIF_PICTURE) {
			p = span_take(&rest, 9);
			if (p == NULL)
				break;
			if (s->frames == 0) {
				f = take_first(p, s, info);
				if (f != FAULT_NONE)
					return f;
			}
			s->frames++;
			whole = gif_skip_picture(&rest, p);
		}
	}
	if (s->frames == 0)
		return fault_set(info, FAULT_CORRUPT_IMAGE, cut);
	return FAULT_NONE;
}

enum fault
sniff_gif(struct span file, struct sniff *out, struct fault_info *info)
{
	struct span rest = file;
	struct sniff s = { .format = FORMAT_GIF };
	const uint8_t *p;
	enum fault f;

	if (!gif_skip_screen(&rest, &p))
		return fault_set(info, FAULT_CORRUPT_IMAGE, cut);
	s.width = le16(p + 6);
	s.height = le16(p + 8);
	f = walk(rest, &s, info);
	if (f == FAULT_NONE)
		*out = s;
	return f;
}
