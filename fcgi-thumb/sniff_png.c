#include "config.h"

/*
 * Reads a PNG's header chunk, which must be the first (PNG specification,
 * third edition, 11.2.1). An animated PNG counts as its default picture, the
 * only one that is decoded. Checksums are the decoder's business.
 */

#include <string.h>

#include "chunk.h"
#include "sniff_ifd.h"

#define SIDE_MAX 0x7fffffffu

/* Each colour type allows some depths: the bits of the mask. */
static bool
depth_fits(unsigned color, unsigned depth)
{
	static const uint32_t depths[] = {
		[0] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8 | 1u << 16,
		[2] = 1u << 8 | 1u << 16,
		[3] = 1u << 1 | 1u << 2 | 1u << 4 | 1u << 8,
		[4] = 1u << 8 | 1u << 16,
		[6] = 1u << 8 | 1u << 16,
	};

	return color < sizeof depths / sizeof depths[0] && depth <= 16 &&
	    (depths[color] >> depth & 1) != 0;
}

enum fault
sniff_png(struct span file, struct sniff *out, struct fault_info *info)
{
	struct span rest = file;
	const uint8_t *magic = span_take(&rest, 8);
	const uint8_t *head = span_take(&rest, 8);
	const uint8_t *body = span_take(&rest, 13);
	uint32_t width, height;

	if (magic != NULL && memcmp(magic, "\x89PNG\r\n\x1a\n", 8) != 0)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The PNG's first bytes were changed on their way, as a "
		    "transfer as text does.");
	if (body == NULL)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The PNG ends before its size is told.");
	if (memcmp(head, "\0\0\0\x0dIHDR", 8) != 0)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The PNG does not begin with its header.");
	width = be32(body);
	height = be32(body + 4);
	if (width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The PNG says that it is %u x %u px.", (unsigned)width,
		    (unsigned)height);
	if (!depth_fits(body[9], body[8]))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The PNG claims colour type %u with %u bits, which does "
		    "not exist.",
		    body[9], body[8]);
	if (body[10] != 0 || body[11] != 0 || body[12] > 1)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The PNG claims a compression, filter or interlacing that "
		    "does not exist.");
	*out = (struct sniff){
		.format = FORMAT_PNG,
		.width = width,
		.height = height,
		.frames = 1,
	};
	return FAULT_NONE;
}

/* The eXIf chunk (11.3.3.6), which ImageMagick 6 does not hear. */
void
sniff_png_guide(struct span file, struct sniff_guide *out)
{
	struct span exif;

	if (png_find(file, "eXIf", &exif))
		out->orientation = tiff_orientation(exif);
}
