#include "config.h"

/*
 * Files that point at their data by offset and length: everything that is
 * pointed at has to be there. What is written in the data is the decoder's to
 * judge, but for run-length coding, whose end nobody tells.
 */

#include "whole_internal.h"

#include "sniff_bmp.h"
#include "sniff_box.h"
#include "sniff_ifd.h"

/* What a walk over hostile directories may cost. */
#define PIECES_MAX 4000000u

/* Of all items: hidden ones are parts of the picture too. */
bool
whole_heif(struct span file)
{
	struct heif heif;
	struct heif_extents walk;
	struct heif_extent e;
	unsigned n = 0;

	if (!heif_open(file, &heif))
		return false;
	heif_extents_start(&heif, &walk);
	while (heif_extents_next(&walk, &e)) {
		/* An extent may take no byte of the file. */
		if (!heif_extent_span(&heif, &e, NULL) || ++n > PIECES_MAX)
			return false;
	}
	return !walk.broken && n > 0;
}

/* Where lengths are missing, as in old files without compression, offsets. */
static bool
has_pieces(const struct tiff *t, const struct tiff_ifd *ifd,
    enum tiff_tag offsets_tag, enum tiff_tag bytes_tag, unsigned *pieces_left)
{
	struct tiff_field offsets, bytes;
	bool has_bytes = tiff_field(t, ifd, bytes_tag, &bytes);

	if (!tiff_field(t, ifd, offsets_tag, &offsets) ||
	    offsets.n > *pieces_left)
		return false;
	*pieces_left -= offsets.n;
	for (uint32_t i = 0; i < offsets.n; i++) {
		uint64_t end = tiff_value(t, &offsets, i);

		end += has_bytes ? tiff_value(t, &bytes, i) : 1;
		if (end > t->file.len)
			return false;
	}
	return true;
}

static bool
has_page(const struct tiff *t, const struct tiff_ifd *ifd,
    unsigned *pieces_left)
{
	struct tiff_field field;
	bool is_tiled = tiff_field(t, ifd, TIFF_TILE_WIDTH, &field);

	return tiff_ifd_is_whole(t, ifd) &&
	    (is_tiled ? has_pieces(t, ifd, TIFF_TILE_OFFSETS, TIFF_TILE_BYTES,
			    pieces_left)
		      : has_pieces(t, ifd, TIFF_STRIP_OFFSETS, TIFF_STRIP_BYTES,
			    pieces_left));
}

/* Of all pages, though only the first is decoded: the file may be cut. */
bool
whole_tiff(struct span file)
{
	struct tiff tiff;
	struct tiff_ifd ifd;
	unsigned pieces_left = PIECES_MAX;

	if (!tiff_open(file, &tiff))
		return false;
	for (uint32_t at = tiff.first; at != 0; at = ifd.next) {
		if (pieces_left == 0 || !tiff_ifd(&tiff, at, &ifd) ||
		    !has_page(&tiff, &ifd, &pieces_left))
			return false;
	}
	return true;
}

/*
 * Pairs of bytes: a count and what is repeated, or 0 and the end of a row, the
 * end of the picture, a step of two more bytes, or a count of px that follow
 * as they are, up to an even number of bytes. The last row may end the picture
 * without a word.
 */
static bool
walk_runs(struct span s, uint32_t rows, unsigned px_a_byte)
{
	const uint8_t *p;

	while (rows > 0) {
		p = span_take(&s, 2);
		if (p == NULL)
			return false;
		if (p[0] != 0)
			continue;
		if (p[1] == 1)
			return true;
		if (p[1] == 0)
			rows--;
		else if (span_take(&s,
			     p[1] == 2
				 ? 2
				 : ((p[1] + px_a_byte - 1) / px_a_byte + 1) /
				     2 * 2) == NULL)
			return false;
	}
	return true;
}

bool
whole_bmp(struct span file)
{
	struct bmp b;
	struct span pixels = file;
	uint64_t row;

	if (!bmp_read(file, &b) || span_take(&pixels, b.pixels_at) == NULL)
		return false;
	if (b.pixels_at == 0)
		pixels = b.rest;
	if (b.compression == BMP_RLE8 || b.compression == BMP_RLE4)
		return walk_runs(pixels, b.height,
		    b.compression == BMP_RLE8 ? 1 : 2);
	row = ((uint64_t)b.width * b.bits + 31) / 32 * 4;
	return row > 0 && b.height <= pixels.len / row;
}
