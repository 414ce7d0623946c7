#include "config.h"

/*
 * Walks the outer structure of a file to the mark of its end, for each format.
 * Answers that one question alone: whatever is odd on the way, but does not
 * run over the end of the bytes, is left to the decoder to judge.
 */

#include "whole.h"

#include <string.h>

#include "chunk.h"
#include "sniff_gif.h"
#include "sniff_jpeg.h"
#include "whole_internal.h"

/* A length that is too short for itself is left to the decoder, too. */
static bool
walk_jpeg(struct span s)
{
	const uint8_t *p;
	int marker;

	while ((marker = jpeg_next_marker(&s)) != -1 && marker != JPEG_EOI) {
		if (jpeg_stands_alone(marker) || marker == JPEG_SOI)
			continue;
		p = span_take(&s, 2);
		if (p == NULL ||
		    (be16(p) > 2 && span_take(&s, be16(p) - 2u) == NULL))
			return false;
	}
	return marker == JPEG_EOI;
}

static bool
walk_png(struct span s)
{
	struct span end;

	return png_find(s, "IEND", &end);
}

static bool
walk_gif(struct span s)
{
	const uint8_t *p;

	if (!gif_skip_screen(&s, &p))
		return false;
	while ((p = span_take(&s, 1)) != NULL) {
		if (*p == GIF_TRAILER)
			return true;
		if (*p == GIF_EXTENSION &&
		    (span_take(&s, 1) == NULL || !gif_skip_blocks(&s)))
			return false;
		if (*p == GIF_PICTURE &&
		    ((p = span_take(&s, 9)) == NULL ||
			!gif_skip_picture(&s, p)))
			return false;
	}
	return false;
}

/* RIFF's length counts from "WEBP". */
static bool
walk_webp(struct span s)
{
	const uint8_t *head = span_take(&s, 12);

	return head != NULL && le32(head + 4) <= s.len + 4;
}

bool
whole_file(const void *data, size_t len, enum format format)
{
	struct span file = { data, len };

	switch (format) {
	case FORMAT_JPEG:
		return walk_jpeg(file);
	case FORMAT_PNG:
		return walk_png(file);
	case FORMAT_GIF:
		return walk_gif(file);
	case FORMAT_WEBP:
		return walk_webp(file);
	case FORMAT_AVIF:
	case FORMAT_HEIC:
		return whole_heif(file);
	case FORMAT_TIFF:
		return whole_tiff(file);
	case FORMAT_BMP:
		return whole_bmp(file);
	case FORMAT_NONE:
	case FORMAT_COUNT:
		break;
	}
	return false;
}
