#include "config.h"

/*
 * Walks the outer structure of a file to the mark of its end, for each format.
 * Answers that one question alone: whatever is odd on the way, but does not
 * run over the end of the bytes, is left to the decoder to judge.
 */

#include "whole.h"

#include <string.h>

#include "chunk.h"
#include "whole_internal.h"

/*
 * Segments have a length; between them, and in a scan's coded data, a marker
 * is 0xff and a byte that is neither a stuffed 0 nor a restart (T.81 B.1.1).
 */
static bool
walk_jpeg(struct span s)
{
	const uint8_t *p;

	while (s.len > 0 && (p = memchr(s.at, 0xff, s.len)) != NULL) {
		(void)span_take(&s, (size_t)(p - s.at));
		do
			p = span_take(&s, 1);
		while (p != NULL && *p == 0xff);
		if (p == NULL)
			return false;
		if (*p == 0xd9) /* EOI */
			return true;
		if (*p <= 0x01 || (*p >= 0xd0 && *p <= 0xd8))
			continue; /* stuffing, TEM, RSTn, SOI: no length */
		p = span_take(&s, 2);
		if (p == NULL ||
		    (be16(p) > 2 && span_take(&s, be16(p) - 2u) == NULL))
			return false;
	}
	return false;
}

static bool
walk_png(struct span s)
{
	struct span end;

	return png_find(s, "IEND", &end);
}

static bool
skip_gif_blocks(struct span *s)
{
	const uint8_t *len;

	do {
		len = span_take(s, 1);
		if (len == NULL || span_take(s, *len) == NULL)
			return false;
	} while (*len != 0);
	return true;
}

static bool
skip_gif_palette(struct span *s, unsigned flags)
{
	return (flags & 0x80) == 0 ||
	    span_take(s, (size_t)3 << ((flags & 7) + 1)) != NULL;
}

static bool
walk_gif(struct span s)
{
	const uint8_t *p = span_take(&s, 13);

	if (p == NULL || !skip_gif_palette(&s, p[10]))
		return false;
	while ((p = span_take(&s, 1)) != NULL) {
		if (*p == ';')
			return true;
		if (*p == '!' &&
		    (span_take(&s, 1) == NULL || !skip_gif_blocks(&s)))
			return false;
		if (*p == ',' &&
		    ((p = span_take(&s, 9)) == NULL ||
			!skip_gif_palette(&s, p[8]) ||
			span_take(&s, 1) == NULL || !skip_gif_blocks(&s)))
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
