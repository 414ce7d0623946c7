#ifndef FT_EXIF_H
#define FT_EXIF_H

#include <stddef.h>

/*
 * Who made a photo and whose it is: the two fields of EXIF that a thumbnail may
 * keep. Copying the rest would bring the place along. Parsed and written by
 * byte, so that nothing else can come through.
 */

#define CREDIT_MAX 1000 /* bytes; what is longer is cut */

struct credits {
	char artist[CREDIT_MAX + 1];    /* tag 315; "" for none */
	char copyright[CREDIT_MAX + 1]; /* tag 33432; "" for none */
};

#define EXIF_PREFIX 6 /* bytes: "Exif\0\0", which some containers leave out */

/* That, header, one directory of two entries, both texts. */
#define EXIF_MAX (EXIF_PREFIX + 8 + 2 + 2 * 12 + 4 + 2 * (CREDIT_MAX + 1))

/*
 * Read both from EXIF (a TIFF of either byte order, EXIF 2.32 4.6.2, with or
 * without "Exif\0\0" before it). Whatever is cut, absurd or not there gives "".
 * Control characters become spaces, those at the ends go; < and > become
 * parentheses.
 *
 * data  borrowed, len bytes; NULL where len is 0
 */
void exif_read(const void *data, size_t len, struct credits *out);

/*
 * The same from the eXIf chunk of a whole PNG file (PNG 3rd edition, 11.3.3.6).
 * It may be damaged in any way.
 */
void exif_read_png(const void *data, size_t len, struct credits *out);

/* One such text from elsewhere, made fit in the same way; NULL gives "". */
void exif_clean(const char *text, char out[CREDIT_MAX + 1]);

/*
 * An EXIF with "Exif\0\0" before it that holds these alone. Returns its bytes,
 * or 0 where there is nothing to hold.
 */
size_t exif_write(const struct credits *c, unsigned char out[EXIF_MAX]);

#endif
