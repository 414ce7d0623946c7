#ifndef FT_SNIFF_IFD_H
#define FT_SNIFF_IFD_H

/*
 * The directories of TIFF files, which EXIF is made of too (TIFF 6.0). For
 * sniff_tiff.c, for formats that hold an EXIF, for whole.c and for exif.c.
 */

#include "sniff_internal.h"

enum tiff_tag {
	TIFF_SUBFILE_TYPE = 254,
	TIFF_WIDTH = 256,
	TIFF_HEIGHT = 257,
	TIFF_BITS = 258,
	TIFF_COMPRESSION = 259,
	TIFF_PHOTOMETRIC = 262,
	TIFF_STRIP_OFFSETS = 273,
	TIFF_ORIENTATION = 274,
	TIFF_SAMPLES = 277,
	TIFF_STRIP_BYTES = 279,
	TIFF_ARTIST = 315,
	TIFF_TILE_WIDTH = 322,
	TIFF_TILE_OFFSETS = 324,
	TIFF_TILE_BYTES = 325,
	TIFF_SUB_IFDS = 330,
	TIFF_COPYRIGHT = 33432,
	TIFF_EXIF_IFD = 34665,
	TIFF_DNG_VERSION = 50706,
};

/* Types of a field that is a text. */
enum tiff_text {
	TIFF_ASCII = 2,
	TIFF_UTF8 = 129, /* EXIF 3.0 */
};

struct tiff {
	struct span file; /* offsets count from its start */
	bool is_big;      /* the byte order */
	uint32_t first;   /* offset of the first directory */
};

struct tiff_ifd {
	const uint8_t *entries; /* of 12 bytes */
	unsigned n;
	uint32_t next; /* offset of the next directory; 0: none */
};

/* One field of a directory: n values of a type. */
struct tiff_field {
	unsigned type;
	uint32_t n;
	const uint8_t *values; /* all of them lie in the file */
};

/* False where the header is none of a TIFF of 32-bit offsets. */
bool tiff_open(struct span file, struct tiff *out);

/* False where it does not lie in the file. */
bool tiff_ifd(const struct tiff *t, uint32_t at, struct tiff_ifd *out);

/*
 * As many of its entries as lie in the file, and no next one; false where not
 * even their number does.
 */
bool tiff_ifd_part(const struct tiff *t, uint32_t at, struct tiff_ifd *out);

/* Do the values of all its fields lie in the file? */
bool tiff_ifd_is_whole(const struct tiff *t, const struct tiff_ifd *ifd);

/*
 * False where the directory has no such field, or its values do not lie in the
 * file.
 */
bool tiff_field(const struct tiff *t, const struct tiff_ifd *ifd,
    enum tiff_tag tag, struct tiff_field *out);

/* Value i of a field of whole numbers; 0 for other types and i >= n. */
uint32_t tiff_value(const struct tiff *t, const struct tiff_field *field,
    uint32_t i);

/* Bytes of one value of a field, 1..8. */
unsigned tiff_value_bytes(const struct tiff_field *field);

/* The first value of a field, or fallback where there is none. */
uint32_t tiff_number(const struct tiff *t, const struct tiff_ifd *ifd,
    enum tiff_tag tag, uint32_t fallback);

/*
 * The TIFF that an EXIF is: some writers put in front of it what JPEG has there,
 * "Exif\0\0".
 */
struct span exif_tiff(struct span exif);

/* What an EXIF says of the picture beside it, 1..8; 1 where it says nothing. */
unsigned tiff_orientation(struct span exif);

/*
 * Does it say so, or nothing, where it should and as it should? Of one that is
 * cut, or where the field has another type or stands in another directory,
 * readers make different things.
 */
bool tiff_orientation_is_plain(struct span exif);

#endif
