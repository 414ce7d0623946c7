#ifndef FT_PALETTE_H
#define FT_PALETTE_H

#include <stddef.h>

/*
 * Few colours for a picture that has many, and the picture in them, on plain
 * bytes. ImageMagick's own way takes 134 MB of memory for each picture, and the
 * time to fill them.
 */

#define PALETTE_MAX 256

struct palette {
	unsigned n; /* 0..PALETTE_MAX */
	unsigned char rgb[PALETTE_MAX][3];
};

/*
 * Choose at most `most` colours (1..PALETTE_MAX) for the px whose alpha is not
 * 0: exactly theirs where they have no more, else by splitting the space of
 * colours where they differ most, at their mean. One whose bytes would begin
 * markup has a channel that is greater by 1.
 *
 * rgba  n px of 8 bits
 * Returns 0, or -1 when memory is short.
 */
int palette_choose(const unsigned char *rgba, size_t n, unsigned most,
    struct palette *out);

/*
 * Give each px the index of a colour, so that the mean over some px is what it
 * was: error diffusion (Floyd and Steinberg 1976), each row in the other
 * direction. Where all px have colours of the palette they keep them. Px whose
 * alpha is 0 get the index palette->n, and take no error.
 *
 * rgba     width x height px of 8 bits, row by row
 * palette  of at least one colour where any px has alpha
 * indices  one for each px
 * Returns 0, or -1 when memory is short.
 */
int palette_dither(const unsigned char *rgba, size_t width, size_t height,
    const struct palette *palette, unsigned char *indices);

/*
 * Where "<?", "<!", "<%" or "<" and three letters stand in n bytes, or n. Colours stand in a file
 * as bytes that the picture's author chose, in an order that he chose as well:
 * a text of up to 768 bytes.
 */
size_t palette_markup(const unsigned char *bytes, size_t n);

#endif
