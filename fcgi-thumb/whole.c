#include "config.h"

/*
 * Walks the outer structure of a file to the mark of its end, for each format.
 * Answers that one question alone: whatever is odd on the way, but does not
 * run over the end of the bytes, is left to the decoder to judge.
 */

#include "whole.h"

#include <stdint.h>
#include <string.h>

#include "whole_internal.h"

struct walk {
	const unsigned char *at;
	const unsigned char *end;
};

static size_t
left(const struct walk *w)
{
	return (size_t)(w->end - w->at);
}

static bool
skip(struct walk *w, size_t n)
{
	if (n > left(w))
		return false;
	w->at += n;
	return true;
}

/*
 * Segments have a length; between them, and in a scan's coded data, a marker
 * is 0xff and a byte that is neither a stuffed 0 nor a restart (T.81 B.1.1).
 */
static bool
walk_jpeg(struct walk *w)
{
	while (left(w) > 0) {
		unsigned char marker;

		w->at = memchr(w->at, 0xff, left(w));
		if (w->at == NULL)
			return false;
		while (left(w) > 0 && *w->at == 0xff)
			w->at++;
		if (left(w) == 0)
			return false;
		marker = *w->at++;
		if (marker == 0xd9) /* EOI */
			return true;
		if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8))
			continue; /* stuffing, TEM, RSTn, SOI: no length */
		if (left(w) < 2 || !skip(w, (size_t)w->at[0] << 8 | w->at[1]))
			return false;
	}
	return false;
}

static bool
walk_png(struct walk *w)
{
	if (!skip(w, 8))
		return false;
	while (left(w) >= 12) {
		size_t len = (size_t)w->at[0] << 24 | (size_t)w->at[1] << 16 |
		    (size_t)w->at[2] << 8 | w->at[3];
		bool last = memcmp(w->at + 4, "IEND", 4) == 0;

		if (!skip(w, 12) || !skip(w, len))
			return false;
		if (last)
			return true;
	}
	return false;
}

static bool
skip_gif_blocks(struct walk *w)
{
	while (left(w) > 0) {
		size_t len = *w->at;

		if (!skip(w, 1 + len))
			return false;
		if (len == 0)
			return true;
	}
	return false;
}

/* A colour table's size from the flags byte in front of it (GIF89a 18, 20). */
static size_t
gif_table(unsigned char flags)
{
	return (flags & 0x80) != 0 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

static bool
walk_gif(struct walk *w)
{
	if (left(w) < 13 || !skip(w, 13 + gif_table(w->at[10])))
		return false;
	while (left(w) > 0) {
		unsigned char kind = *w->at++;

		if (kind == ';')
			return true;
		if (kind == '!' && !(skip(w, 1) && skip_gif_blocks(w)))
			return false;
		if (kind == ',' &&
		    !(left(w) >= 9 && skip(w, 9 + gif_table(w->at[8])) &&
			skip(w, 1) && skip_gif_blocks(w)))
			return false;
	}
	return false;
}

static bool
walk_webp(struct walk *w)
{
	size_t len;

	if (left(w) < 12)
		return false;
	len = (size_t)w->at[7] << 24 | (size_t)w->at[6] << 16 |
	    (size_t)w->at[5] << 8 | w->at[4];
	return len <= left(w) - 8;
}

bool
whole_file(const void *data, size_t len, enum format format)
{
	struct walk w = { data, (const unsigned char *)data + len };

	switch (format) {
	case FORMAT_JPEG:
		return walk_jpeg(&w);
	case FORMAT_PNG:
		return walk_png(&w);
	case FORMAT_GIF:
		return walk_gif(&w);
	case FORMAT_WEBP:
		return walk_webp(&w);
	case FORMAT_AVIF:
	case FORMAT_HEIC:
		return whole_heif((struct span){ data, len });
	case FORMAT_TIFF:
		return whole_tiff((struct span){ data, len });
	case FORMAT_BMP:
		return whole_bmp((struct span){ data, len });
	case FORMAT_NONE:
	case FORMAT_COUNT:
		break;
	}
	return false;
}
