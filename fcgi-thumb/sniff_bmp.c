#include "config.h"

/*
 * Reads a BMP's header: that of OS/2 1 and 2 and the five of Windows. A file
 * that is a JPEG or PNG in BMP's clothes, as printers take it, is refused.
 */

#include "sniff_bmp.h"

#define SIDE_MAX 0x7fffffffu

static enum fault
corrupt(struct fault_info *info)
{
	return fault_set(info, FAULT_CORRUPT_IMAGE,
	    "The BMP's header is malformed or contradicts itself.");
}

/* OS/2's first header has 16 bits a side, unsigned. */
static bool
read_core(struct span head, struct bmp *b)
{
	const uint8_t *p = span_take(&head, 8);

	if (p == NULL)
		return false;
	b->width = le16(p);
	b->height = le16(p + 2);
	b->bits = le16(p + 6);
	return true;
}

/* A height below 0 means that the rows go down. */
static bool
read_info(struct span head, struct bmp *b)
{
	const uint8_t *p = span_take(&head, 12);
	uint32_t height;

	if (p == NULL)
		return false;
	b->width = le32(p);
	height = le32(p + 4);
	b->height = height > SIDE_MAX ? 0u - height : height;
	b->bits = le16(p + 10);
	/* OS/2 may leave out what follows. */
	p = span_take(&head, 4);
	b->compression = p != NULL ? le32(p) : 0;
	return true;
}

bool
bmp_read(struct span file, struct bmp *out)
{
	struct bmp b = { .rest = file };
	const uint8_t *p = span_take(&b.rest, 18);
	struct span head;
	uint32_t len;

	if (p == NULL)
		return false;
	b.pixels_at = le32(p + 10);
	len = le32(p + 14);
	if (len < 12 || len > 124)
		return false;
	head.len = len - 4;
	head.at = span_take(&b.rest, head.len);
	if (head.at == NULL || !(len == 12 ? read_core : read_info)(head, &b))
		return false;
	b.is_os2 = len == 12 || len == 16 || len == 64;
	*out = b;
	return true;
}

/* Each way of coding has its depths. */
static bool
depth_fits(const struct bmp *b)
{
	switch (b->compression) {
	case BMP_RGB:
		return b->bits == 1 || b->bits == 4 || b->bits == 8 ||
		    b->bits == 16 || b->bits == 24 || b->bits == 32;
	case BMP_RLE8:
		return b->bits == 8;
	case BMP_RLE4:
		return b->bits == 4;
	case BMP_BITFIELDS:
	case BMP_ALPHABITFIELDS:
		return b->bits == 16 || b->bits == 32;
	}
	return false;
}

enum fault
sniff_bmp(struct span file, struct sniff *out, struct fault_info *info)
{
	struct bmp b;

	if (!bmp_read(file, &b))
		return corrupt(info);
	if (b.compression > BMP_BITFIELDS &&
	    (b.is_os2 || b.compression != BMP_ALPHABITFIELDS))
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This BMP is compressed in a way (%u) that is not "
		    "accepted.",
		    (unsigned)b.compression);
	/* Huffman's code has this number there. */
	if (b.is_os2 && b.compression == BMP_BITFIELDS)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This BMP is compressed as a fax, which is not accepted.");
	if (b.width == 0 || b.height == 0 || b.width > SIDE_MAX ||
	    b.height > SIDE_MAX)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The BMP says that it is %u x %u px.", (unsigned)b.width,
		    (unsigned)b.height);
	if (!depth_fits(&b))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The BMP claims %u bits a pixel, which does not exist for "
		    "its kind.",
		    b.bits);
	*out = (struct sniff){
		.format = FORMAT_BMP,
		.width = b.width,
		.height = b.height,
		.frames = 1,
	};
	return FAULT_NONE;
}

/* ImageMagick wants the length in the header to be the file's. */
void
sniff_bmp_guide(struct span file, struct sniff_guide *out)
{
	if (file.len < 6 || file.len > UINT32_MAX ||
	    le32(file.at + 2) == file.len)
		return;
	out->plain.at = 2;
	out->plain.n = 4;
	for (unsigned i = 0; i < 4; i++)
		out->plain.bytes[i] = (uint8_t)(file.len >> 8 * i);
}
