#ifndef BENCH_PLANES_H
#define BENCH_PLANES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The planes of a JPEG as it holds them, luma and chroma of their own sizes: no
 * conversion to RGB, no chroma at luma's size. Only what libjpeg calls gray and
 * YCbCr.
 */

#define PLANES 3
#define PLANE_ALIGN 64 /* bytes: what z.lib wants of pointers and strides */

struct plane {
	unsigned char *data; /* NULL where there is no such plane */
	size_t stride;       /* bytes a row, a multiple of PLANE_ALIGN */
	size_t rows;         /* that have been allocated, height or more */
	unsigned width, height;
	/* How many pixels one sample covers, 1 or 2; chroma is centred. */
	unsigned across, down;
};

struct planes {
	unsigned width, height; /* of the picture in pixels */
	unsigned n;             /* 1 or PLANES */
	unsigned orientation;   /* EXIF's, 1..8 */
	struct plane plane[PLANES];
};

/* Room for so many samples and, at the right and below, what blocks need. */
bool plane_init(struct plane *p, unsigned width, unsigned height);

/* May have been initialized to zeroes only. */
void planes_fini(struct planes *p);

/*
 * data  borrowed, a JPEG of len bytes. libjpeg's own words on stderr, and the
 *       process ends, where it is broken.
 */
bool planes_decode(const void *data, size_t len, struct planes *out);

/*
 * Chroma, if any, is 2x2. Fills what blocks need beyond the edges of the
 * planes.
 *
 * out  to free()
 */
bool planes_encode(struct planes *p, int quality, void **out, size_t *len);

#endif
