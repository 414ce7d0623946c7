#include "config.h"

/*
 * Reads a WebP's container and the first bytes of its bitstreams (RFC 9649).
 * libwebp allocates what they claim before it looks further, so a claim that
 * contradicts another one is refused here. Unpacks nothing.
 */

#include <string.h>

#include "chunk.h"
#include "sniff_ifd.h"

#define ANIMATION 0x02 /* of VP8X's flags */

struct extent {
	uint32_t width;
	uint32_t height;
};

static enum fault
corrupt(struct fault_info *info)
{
	return fault_set(info, FAULT_CORRUPT_IMAGE,
	    "The WebP's header is malformed or contradicts itself.");
}

/* RFC 6386, 9.1: a key frame's ten bytes. */
static bool
read_lossy(struct span body, struct extent *out)
{
	const uint8_t *p = span_take(&body, 10);

	if (p == NULL || (p[0] & 1) != 0 || memcmp(p + 3, "\x9d\x01\x2a", 3))
		return false;
	out->width = le16(p + 6) & 0x3fff;
	out->height = le16(p + 8) & 0x3fff;
	return out->width != 0 && out->height != 0;
}

/* RFC 9649, 3.4: five bytes. */
static bool
read_lossless(struct span body, struct extent *out)
{
	const uint8_t *p = span_take(&body, 5);
	uint32_t bits;

	if (p == NULL || p[0] != 0x2f)
		return false;
	bits = le32(p + 1);
	out->width = (bits & 0x3fff) + 1;
	out->height = (bits >> 14 & 0x3fff) + 1;
	return bits >> 29 == 0;
}

/* The size of the first bitstream among the chunks of s. */
static bool
read_picture(struct span s, struct extent *out)
{
	struct chunk c;

	while (riff_next(&s, &c)) {
		if (chunk_is(&c, "VP8 "))
			return read_lossy(c.body, out);
		if (chunk_is(&c, "VP8L"))
			return read_lossless(c.body, out);
	}
	return false;
}

/* Does an ANMF chunk lie on the canvas and hold what it announces? */
static bool
check_frame(struct span body, const struct extent *canvas)
{
	const uint8_t *p = span_take(&body, 16);
	struct extent told, real;

	if (p == NULL)
		return false;
	told.width = le24(p + 6) + 1;
	told.height = le24(p + 9) + 1;
	/* Offsets are stored halved; none of these sums passes 2^26. */
	if (2 * le24(p) + told.width > canvas->width ||
	    2 * le24(p + 3) + told.height > canvas->height)
		return false;
	return read_picture(body, &real) && real.width == told.width &&
	    real.height == told.height;
}

/* 0: one of the frames is bad, or there is none. */
static unsigned
count_frames(struct span s, const struct extent *canvas)
{
	struct chunk c;
	unsigned n = 0;

	while (riff_next(&s, &c)) {
		if (!chunk_is(&c, "ANMF"))
			continue;
		if (!check_frame(c.body, canvas))
			return 0;
		n++;
	}
	return n;
}

/* rest is what follows the VP8X chunk. */
static bool
read_extended(struct span head, struct span rest, struct extent *canvas,
    unsigned *frames)
{
	const uint8_t *p = span_take(&head, 10);
	struct extent real;

	if (p == NULL)
		return false;
	canvas->width = le24(p + 4) + 1;
	canvas->height = le24(p + 7) + 1;
	if ((p[0] & ANIMATION) != 0) {
		*frames = count_frames(rest, canvas);
		return *frames != 0;
	}
	*frames = 1;
	return read_picture(rest, &real) && real.width == canvas->width &&
	    real.height == canvas->height;
}

enum fault
sniff_webp(struct span file, struct sniff *out, struct fault_info *info)
{
	struct span rest = file;
	const uint8_t *head = span_take(&rest, 12);
	struct extent canvas;
	struct chunk first;
	unsigned frames = 1;
	bool good;

	if (head == NULL || le32(head + 4) < 4)
		return corrupt(info);
	/* RIFF's length counts from "WEBP"; bytes after it are ignored. */
	if (le32(head + 4) - 4 > rest.len)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The WebP is cut: it has %zu of %llu bytes.", file.len,
		    le32(head + 4) + 8ull);
	rest.len = le32(head + 4) - 4;
	if (!riff_next(&rest, &first))
		return corrupt(info);
	if (chunk_is(&first, "VP8X"))
		good = read_extended(first.body, rest, &canvas, &frames);
	else if (chunk_is(&first, "VP8 "))
		good = read_lossy(first.body, &canvas);
	else
		good = chunk_is(&first, "VP8L") &&
		    read_lossless(first.body, &canvas);
	if (!good)
		return corrupt(info);
	*out = (struct sniff){
		.format = FORMAT_WEBP,
		.width = canvas.width,
		.height = canvas.height,
		.frames = frames,
	};
	return FAULT_NONE;
}

/*
 * The EXIF chunk (2.7.1.5) of a still or an animation. Some writers put in front
 * of it what JPEG has there, and ImageMagick hears only those.
 */
void
sniff_webp_guide(struct span file, struct sniff_guide *out)
{
	struct span exif;

	(void)span_take(&file, 12);
	if (riff_find(file, "EXIF", &exif))
		out->orientation = tiff_orientation(exif_tiff(exif));
}
