#ifndef FT_CHUNK_H
#define FT_CHUNK_H

/*
 * The chunks that PNG (third edition, 5.3) and RIFF, WebP's container (RFC
 * 9649, 2.3), are made of. What is in them is not looked at, nor a checksum.
 */

#include <stdbool.h>

#include "span.h"

struct chunk {
	const uint8_t *name; /* 4 bytes */
	struct span body;
};

bool chunk_is(const struct chunk *c, const char *name);

/*
 * The next of the RIFF chunks in s, which is then behind us. False where there
 * is no whole one left.
 */
bool riff_next(struct span *s, struct chunk *out);

/* The first RIFF chunk of this name in s, where all before it are whole. */
bool riff_find(struct span s, const char *name, struct span *out);

/* The next of a PNG's chunks, behind the file's first 8 bytes. */
bool png_next(struct span *s, struct chunk *out);

/* riff_find in a PNG file. */
bool png_find(struct span file, const char *name, struct span *out);

#endif
