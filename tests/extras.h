#ifndef FT_TESTS_EXTRAS_H
#define FT_TESTS_EXTRAS_H

#include <stddef.h>

#include "exif.h"
#include "format.h"

/*
 * NULL, or words for the first thing in a thumbnail's file that is not needed
 * to show it: EXIF, ICC, XMP, comments, times, texts, and the word that marks
 * metadata in the test pictures.
 */
const char *picture_extras(const void *data, size_t len, enum format format);

/*
 * The same of a file that must have an EXIF with these credits, the mark in
 * them allowed, and nothing else.
 */
const char *picture_extras_beside(const void *data, size_t len,
    enum format format, const struct credits *credits);

#endif
