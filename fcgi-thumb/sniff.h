#ifndef FT_SNIFF_H
#define FT_SNIFF_H

#include <stddef.h>
#include <stdint.h>

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
	 * px as the decoder gives them, 1.. : not turned as EXIF says, but
	 * after the transformations of HEIF's container. The canvas of an
	 * animation; a GIF's is its logical screen, enlarged where the first
	 * frame reaches over it.
	 */
	unsigned width;
	unsigned height;
	/*
	 * 1.. ; an animated PNG counts as one, for only its default picture is
	 * decoded, and so do sequences in HEIF. Of a cut GIF those that are
	 * there; of a TIFF its pages.
	 */
	unsigned frames;
	/*
	 * px of the largest picture that is unpacked for this one, where a
	 * container crops it or puts it together; 0: there is none but it.
	 */
	uint64_t unpacked;
};

/*
 * Which picture is this, by its content alone?
 *
 * FAULT_NONE and *out, or
 *   FAULT_UNSUPPORTED_FORMAT  not one of the formats of format.h, or one whose
 *                             codec this process has not (format_is_readable),
 *                             or a kind of it that no decoder here takes
 *                             (JPEG: lossless, 12 bits; TIFF: a camera's raw
 *                             file); the detail says what it looks like
 *   FAULT_CORRUPT_IMAGE       one of them, but its header is cut, absurd or
 *                             contradicts itself; what comes after the header
 *                             may still be damaged
 * Never reads outside data[0..len).
 */
enum fault sniff_read(const void *data, size_t len, struct sniff *out,
    struct fault_info *info);

/*
 * Is it a JPEG of more scans than a decoder should go over? It goes over the
 * whole picture in each of them, and one that adds nothing takes a few bytes:
 * 900 of them in 67 KB cost seconds. Real photos have about ten.
 * FAULT_TOO_MANY_SCANS, or FAULT_NONE. Reads the whole file.
 */
#define SNIFF_SCANS_MAX 100
enum fault sniff_check_scans(const void *data, size_t len,
    const struct sniff *sniff, struct fault_info *info);

/*
 * Can so few bytes hold so many px, or so many so few? Coding has its bounds: a
 * header that claims 64 million px before nothing costs half a gigabyte, and a
 * small picture may be followed by a thousand times its file in zeros.
 * FAULT_CORRUPT_IMAGE in words, or FAULT_NONE. Of JPEG and PNG. Reads the whole
 * file.
 */
enum fault sniff_check_bulk(const void *data, size_t len,
    const struct sniff *sniff, struct fault_info *info);

/* What a picture's px are, as far as that changes what they cost. */
enum sniff_colors {
	SNIFF_COLORS, /* any others */
	SNIFF_GRAY,
	SNIFF_PALETTE,
	SNIFF_PALETTE_ALPHA,
	SNIFF_CMYK,
};

/* What decoding takes, by what the file says of itself. */
struct sniff_burden {
	enum sniff_colors colors;
	/*
	 * Bytes that the codec holds of all of the picture beside its px, at
	 * whatever scale they are wanted: coefficients of a progressive JPEG.
	 */
	uint64_t held;
};

/* For a file and what sniff_read said of it. Never fails. */
void sniff_burden(const void *data, size_t len, const struct sniff *sniff,
    struct sniff_burden *out);

/* Bytes of a file that are to be others when a decoder sees it. */
struct sniff_patch {
	size_t at;
	unsigned n; /* 0: no patch */
	unsigned char bytes[4];
};

/*
 * What the decoders of some formats do by halves, or now so and now otherwise:
 * turning a picture upright, alpha, and bytes after the end.
 */
struct sniff_guide {
	/*
	 * EXIF's 1..8 for the picture that comes out of the decoder, whatever
	 * the decoder says of it; 0: the decoder's word counts. HEIF's own
	 * transformations have been applied; where there are any, EXIF's
	 * orientation says the same once more, and is not heard.
	 */
	unsigned orientation;
	struct sniff_patch plain; /* to get that picture */
	/*
	 * To get the alpha that belongs to it, as a gray picture of its own:
	 * its size in px, and which way it lies.
	 */
	struct sniff_patch alpha;
	unsigned alpha_width, alpha_height;
	unsigned alpha_orientation;
};

/* For a file and what sniff_read said of it. Never fails. */
void sniff_guide(const void *data, size_t len, const struct sniff *sniff,
    struct sniff_guide *out);

/*
 * Hold it against the limits: FAULT_SIDE_TOO_LONG, FAULT_TOO_MANY_PIXELS,
 * FAULT_TOO_MANY_FRAMES, in this order, or FAULT_NONE. Each has limit and
 * actual value, FAULT_SIDE_TOO_LONG that of the longer side. An animated WebP
 * counts all its frames' pixels, since its decoder unpacks all of them.
 */
enum fault sniff_check(const struct sniff *s, const struct limits *limits,
    struct fault_info *info);

/*
 * The same for an animation of which every frame is to be unpacked: all their
 * pixels together against limits->pixels.
 */
enum fault sniff_check_frames(const struct sniff *s,
    const struct limits *limits, struct fault_info *info);

#endif
