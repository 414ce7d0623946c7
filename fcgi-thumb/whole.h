#ifndef FT_WHOLE_H
#define FT_WHOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "format.h"

/*
 * Does a picture's file go on to the end that its format marks (JPEG EOI, PNG
 * IEND, GIF's trailer, the length in WebP's RIFF header)? Decoders differ:
 * some take a file that ends early as a warning, some fill up with gray, and
 * one that is asked for the first frame does not look. What follows the end
 * is allowed: phones append videos and depth maps.
 *
 * format  what sniff_read found. Never reads outside data[0..len).
 */
bool whole_file(const void *data, size_t len, enum format format);

#endif
