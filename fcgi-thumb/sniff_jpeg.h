#ifndef FT_SNIFF_JPEG_H
#define FT_SNIFF_JPEG_H

/* A JPEG's markers (ITU-T T.81, B.1.1), for sniff_*.c, lean.c and whole.c. */

#include "sniff_internal.h"

enum {
	JPEG_TEM = 0x01,
	JPEG_SOF0 = 0xc0,
	JPEG_SOF1 = 0xc1,
	JPEG_SOF2 = 0xc2, /* progressive, Huffman */
	JPEG_SOF9 = 0xc9,
	JPEG_SOF10 = 0xca, /* progressive, arithmetic */
	JPEG_SOF15 = 0xcf,
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

/*
 * The next segment, whose marker is 4 bytes before its body. False at the end
 * of the picture or of the file, and where a segment is cut or impossible.
 */
bool jpeg_next_segment(struct span *s, int *marker, struct span *body);

/* Is it a frame header's? */
bool jpeg_is_frame(int marker);

#endif
