#ifndef FT_SNIFF_BMP_H
#define FT_SNIFF_BMP_H

/* A BMP's header, for sniff_bmp.c and for whole.c. */

#include "sniff_internal.h"

enum bmp_compression {
	BMP_RGB = 0,
	BMP_RLE8 = 1,
	BMP_RLE4 = 2,
	BMP_BITFIELDS = 3,
	BMP_ALPHABITFIELDS = 6,
};

struct bmp {
	uint32_t width, height; /* px; as told, 0 and absurd ones too */
	unsigned bits;          /* a px */
	uint32_t compression;
	bool is_os2;
	uint32_t pixels_at; /* offset of the pixels */
	struct span rest;   /* what follows the header */
};

/* False where the file ends within it, or its length is none of those. */
bool bmp_read(struct span file, struct bmp *out);

#endif
