#ifndef FT_LEAN_H
#define FT_LEAN_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/*
 * A picture's file as its decoder is to get it: without what no thumbnail
 * needs. Decoders read and keep texts, comments and foreign profiles by the
 * million, and unpack them without a bound: half a megabyte of a PNG's text is
 * half a gigabyte and seconds of work.
 *
 * Left out, of the formats where it is much: JPEG's APPn and COM but JFIF,
 * Adobe's marker, the first EXIF and the colour profile; PNG's chunks that are
 * not critical, but the first of those that say something of its colours; GIF's
 * extensions but how often it is shown and the last control before a picture.
 * A profile of more than profile_max bytes goes as well.
 */
struct lean {
	const void
	    *data; /* the borrowed file itself where nothing is left out */
	size_t len;
	size_t profile; /* bytes of a profile that was too large; 0: none */
	void *copy;
};

/*
 * data, len  the file, borrowed until lean_close; its format is known, and
 *            whatever is odd in it is left to its decoder
 * False: no memory; then there is nothing to close.
 */
bool lean_open(const void *data, size_t len, enum format format,
    size_t profile_max, struct lean *out);
void lean_close(struct lean *l);

#endif
