#ifndef FT_TESTS_JPEGS_H
#define FT_TESTS_JPEGS_H

#include <stdbool.h>
#include <stddef.h>

#include "geometry.h"
#include "profiles.h"

/*
 * JPEGs of every kind that libjpeg can write, drawn by a function, and what else
 * may stand in one, put there by byte. As in support.h, a helper that cannot do
 * its work fails the test that called it.
 */

enum jpeg_colors {
	JPEG_YCC,
	JPEG_GRAY,
	JPEG_RGB,
	JPEG_CMYK, /* Adobe's, that is inverted */
	JPEG_YCCK,
};

#define JPEG_COMPONENTS 4

struct jpeg {
	enum jpeg_colors colors;
	/* Two digits for each component, across and down; 0 is 11. */
	unsigned char sampling[JPEG_COMPONENTS];
	unsigned quality; /* 0: 92; below 25 the tables have 16 bits */
	bool progressive;
	bool arithmetic;
	bool apart;           /* a scan for each component */
	bool without_headers; /* neither JFIF's nor Adobe's */
	unsigned restart;     /* MCUs */
	unsigned orientation; /* of EXIF; 0: no EXIF */
	struct icc (*profile)(void);
};

/* A file in memory; free() its data. */
struct jpeg_file {
	unsigned char *data;
	size_t len;
};

/* color(x, y) is 0xRRGGBB, of the picture as it is stored. */
struct jpeg_file jpeg_make(const struct jpeg *how, struct size size,
    unsigned (*color)(unsigned x, unsigned y));

/* A segment right behind the start; marker is its second byte. */
void jpeg_add_segment(struct jpeg_file *f, unsigned marker, const void *body,
    size_t len);

/* n bytes at an offset become these. */
void jpeg_splice(struct jpeg_file *f, size_t at, size_t n, const void *data,
    size_t len);

/* Where the nth of these markers stands, from 0. There has to be one. */
size_t jpeg_find(const struct jpeg_file *f, unsigned marker, unsigned nth);

#endif
