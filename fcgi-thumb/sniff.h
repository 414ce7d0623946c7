#ifndef FT_SNIFF_H
#define FT_SNIFF_H

#include <stddef.h>

#include "fault.h"
#include "format.h"
#include "settings.h"

/*
 * What a picture's own header says, read by small parsers of ours before any
 * library sees a byte: libraries allocate by what a header claims
 * (ImageMagick's ping decodes a WebP whole: 2 GB from 60 bytes).
 */
struct sniff {
	enum format format;
	/*
	 * px as stored, 1.. ; the canvas of an animation. A GIF's canvas is
	 * its logical screen, enlarged where the first frame reaches over it.
	 */
	unsigned width;
	unsigned height;
	/*
	 * 1.. ; an animated PNG counts as one, for only its default picture is
	 * decoded. Of a cut GIF those that are there.
	 */
	unsigned frames;
};

/*
 * Which picture is this, by its content alone?
 *
 * FAULT_NONE and *out, or
 *   FAULT_UNSUPPORTED_FORMAT  not one of the formats of format.h, or a kind of
 *                             JPEG that no decoder here takes (lossless, 12
 *                             bits); the detail says what it looks like
 *   FAULT_CORRUPT_IMAGE       one of them, but its header is cut, absurd or
 *                             contradicts itself; what comes after the header
 *                             may still be damaged
 * Never reads outside data[0..len).
 */
enum fault sniff_read(const void *data, size_t len, struct sniff *out,
    struct fault_info *info);

/*
 * Hold it against the limits: FAULT_SIDE_TOO_LONG, FAULT_TOO_MANY_PIXELS,
 * FAULT_TOO_MANY_FRAMES, in this order, or FAULT_NONE. Each has limit and
 * actual value, FAULT_SIDE_TOO_LONG that of the longer side. An animated WebP
 * counts all its frames' pixels, since its decoder unpacks all of them.
 */
enum fault sniff_check(const struct sniff *s, const struct limits *limits,
    struct fault_info *info);

#endif
