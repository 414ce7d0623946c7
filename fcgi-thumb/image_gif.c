#include "config.h"

/*
 * What GIF needs beyond other formats. A px is either clear or opaque: left to
 * itself ImageMagick drops the alpha of a half transparent px and shows the
 * colour that was hidden under it. And it notes a gamma in the file, which
 * nobody reads; which one makes it refrain depends on its version.
 */

#include "image_internal.h"

#include <stdlib.h>
#include <string.h>

#define HALF 128 /* of 255: opaque from here on */

/* 8-bit RGBA of a row: over the background, or clear and black. */
static void
settle_row(unsigned char *rgba, size_t width, uint32_t rgb)
{
	const unsigned under[3] = { rgb >> 16 & 0xff, rgb >> 8 & 0xff,
		rgb & 0xff };

	for (size_t x = 0; x < width; x++) {
		unsigned char *px = rgba + 4 * x;
		const unsigned a = px[3];

		if (a < HALF) {
			memset(px, 0, 4);
			continue;
		}
		for (int i = 0; i < 3; i++)
			px[i] =
			    (unsigned char)((px[i] * a + under[i] * (255 - a) +
						127) /
				255);
		px[3] = 255;
	}
}

bool
image_make_binary(MagickWand *wand, uint32_t rgb)
{
	const size_t width = MagickGetImageWidth(wand);
	const size_t height = MagickGetImageHeight(wand);
	unsigned char *row;
	bool ok;

	if (MagickGetImageAlphaChannel(wand) == MagickFalse)
		return true;
	row = malloc(width * 4);
	ok = row != NULL;
	for (size_t y = 0; ok && y < height; y++) {
		ok = MagickExportImagePixels(wand, 0, (ssize_t)y, width, 1,
			 "RGBA", CharPixel, row) == MagickTrue;
		if (ok) {
			settle_row(row, width, rgb);
			ok = MagickImportImagePixels(wand, 0, (ssize_t)y, width,
				 1, "RGBA", CharPixel, row) == MagickTrue;
		}
	}
	free(row);
	return ok;
}

/* Behind sub-blocks, each with its length before it, and the empty last one. */
static size_t
skip_blocks(const unsigned char *gif, size_t len, size_t at)
{
	while (at < len && gif[at] != 0)
		at += 1U + gif[at];
	return at < len ? at + 1 : len;
}

/* By the packed byte of a screen or a picture: 3 bytes a colour. */
static size_t
palette_len(unsigned char packed)
{
	return packed & 0x80 ? (size_t)6 << (packed & 7) : 0;
}

/* Where the block that begins at `at` ends; GIF89a, 20 to 26. */
static size_t
block_end(const unsigned char *gif, size_t len, size_t at)
{
	if (gif[at] == '!' && len - at > 2)
		return skip_blocks(gif, len, at + 2);
	if (gif[at] == ',' && len - at > 10)
		return skip_blocks(gif, len,
		    at + 11 + palette_len(gif[at + 9]));
	return len;
}

size_t
image_clean_gif(unsigned char *gif, size_t len)
{
	static const char gamma[] = "!\xff\x0bImageMagick";
	size_t to, at, end;

	at = to = len < 13 ? len : 13 + palette_len(gif[10]);
	if (at > len)
		return len;
	for (; at < len; at = end) {
		end = block_end(gif, len, at);
		if (len - at >= sizeof gamma - 1 &&
		    memcmp(gif + at, gamma, sizeof gamma - 1) == 0)
			continue;
		memmove(gif + to, gif + at, end - at);
		to += end - at;
	}
	return to;
}
