#ifndef FT_SNIFF_JPEG_H
#define FT_SNIFF_JPEG_H

/* A JPEG's markers (ITU-T T.81, B.1.1), for sniff_jpeg.c and for whole.c. */

#include "sniff_internal.h"

enum {
	JPEG_TEM = 0x01,
	JPEG_RST0 = 0xd0,
	JPEG_RST7 = 0xd7,
	JPEG_SOI = 0xd8,
	JPEG_EOI = 0xd9,
	JPEG_SOS = 0xda,
};

/*
 * The next marker's second byte, past odd bytes and a scan's data, in which a
 * stuffed 0 follows 0xff, and past fill bytes; -1 at the end.
 */
int jpeg_next_marker(struct span *s);

/* TEM and RSTn stand alone; segments follow others, but for SOI and EOI. */
bool jpeg_stands_alone(int marker);

#endif
