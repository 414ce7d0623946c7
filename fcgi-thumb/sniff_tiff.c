#include "config.h"

/*
 * Reads the first directory of a TIFF (TIFF 6.0) and counts the others. Many
 * a camera's raw file is a TIFF too: those are told by their marks and fields
 * and refused, for what would be decoded is a small preview or a mosaic.
 */

#include "sniff_ifd.h"

#include <string.h>

#define PAGES_MAX 65535u /* a chain that is longer goes in a circle */
#define SIDE_MAX 0x7fffffffu
#define SAMPLES_MAX 16u
#define BITS_MAX 32u
#define CFA 32803u        /* photometric: a sensor's mosaic */
#define LINEAR_RAW 34892u /* photometric: the same, filled in (DNG) */

static bool
is_among(uint32_t value, const uint32_t *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == value)
			return true;
	}
	return false;
}

#define IS_AMONG(value, list) \
	is_among(value, list, sizeof(list) / sizeof(list)[0])

/* Marks behind the header: Canon CR2, Phase One. */
static bool
has_raw_mark(const struct tiff *t)
{
	const struct span f = t->file;

	return f.len >= 12 &&
	    (memcmp(f.at + 8, "CR", 2) == 0 ||
		memcmp(f.at + 8, "IIII", 4) == 0 ||
		memcmp(f.at + 8, "MMMM", 4) == 0);
}

/*
 * Nikon, Sony, Pentax, Samsung and others keep the photo in a directory below
 * the first one, in which a smaller picture stands.
 */
static bool
is_raw(const struct tiff *t, const struct tiff_ifd *ifd)
{
	struct tiff_field field;
	uint32_t photometric = tiff_number(t, ifd, TIFF_PHOTOMETRIC, 0);

	return has_raw_mark(t) ||
	    tiff_field(t, ifd, TIFF_DNG_VERSION, &field) ||
	    photometric == CFA || photometric == LINEAR_RAW ||
	    ((tiff_number(t, ifd, TIFF_SUBFILE_TYPE, 0) & 1) != 0 &&
		tiff_field(t, ifd, TIFF_SUB_IFDS, &field));
}

/* Directories of the chain; 0: it goes in a circle or out of the file. */
static unsigned
count_pages(const struct tiff *t)
{
	struct tiff_ifd ifd;
	unsigned n = 0;

	for (uint32_t at = t->first; at != 0; at = ifd.next) {
		if (n == PAGES_MAX || !tiff_ifd(t, at, &ifd))
			return 0;
		n++;
	}
	return n;
}

/* What libtiff always has, and no codec that only some builds have. */
static enum fault
check_kind(const struct tiff *t, const struct tiff_ifd *ifd,
    struct fault_info *info)
{
	/* None, fax of three kinds, LZW, JPEG, Deflate of two kinds, bytes. */
	static const uint32_t compressions[] = { 1, 2, 3, 4, 5, 7, 8, 32946,
		32773 };
	/* Gray of two kinds, RGB, palette, CMYK, YCbCr. */
	static const uint32_t photometrics[] = { 0, 1, 2, 3, 5, 6 };
	uint32_t compression = tiff_number(t, ifd, TIFF_COMPRESSION, 1);
	uint32_t photometric = tiff_number(t, ifd, TIFF_PHOTOMETRIC, 1);
	uint32_t samples = tiff_number(t, ifd, TIFF_SAMPLES, 1);
	uint32_t bits = tiff_number(t, ifd, TIFF_BITS, 1);

	if (!IS_AMONG(compression, compressions))
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This TIFF is compressed in a way (%u) that is not "
		    "accepted; LZW, Deflate and JPEG are.",
		    (unsigned)compression);
	if (!IS_AMONG(photometric, photometrics))
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This TIFF's kind of colours (%u) is not accepted; gray, "
		    "RGB, palettes, CMYK and YCbCr are.",
		    (unsigned)photometric);
	if (samples < 1 || samples > SAMPLES_MAX || bits < 1 || bits > BITS_MAX)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This TIFF has %u samples of %u bits a pixel; up to 16 of "
		    "up to 32 bits are accepted.",
		    (unsigned)samples, (unsigned)bits);
	return FAULT_NONE;
}

enum fault
sniff_tiff(struct span file, struct sniff *out, struct fault_info *info)
{
	struct tiff tiff;
	struct tiff_ifd ifd;
	uint32_t width, height;
	unsigned pages;
	enum fault f;

	if (!tiff_open(file, &tiff) || !tiff_ifd(&tiff, tiff.first, &ifd))
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The TIFF ends before its size is told.");
	if (is_raw(&tiff, &ifd))
		return sniff_refuse("a camera's raw file", info);
	width = tiff_number(&tiff, &ifd, TIFF_WIDTH, 0);
	height = tiff_number(&tiff, &ifd, TIFF_HEIGHT, 0);
	if (width == 0 || height == 0 || width > SIDE_MAX || height > SIDE_MAX)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The TIFF says that it is %u x %u px.", (unsigned)width,
		    (unsigned)height);
	pages = count_pages(&tiff);
	if (pages == 0)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The TIFF's chain of pages leads nowhere.");
	f = check_kind(&tiff, &ifd, info);
	if (f != FAULT_NONE)
		return f;
	*out = (struct sniff){
		.format = FORMAT_TIFF,
		.width = width,
		.height = height,
		.frames = pages,
	};
	return FAULT_NONE;
}

/*
 * libtiff obeys the orientation for some kinds of coding and not for others:
 * let it see none.
 */
void
sniff_tiff_guide(struct span file, struct sniff_guide *out)
{
	struct tiff tiff;
	struct tiff_ifd ifd;
	struct tiff_field field;
	uint32_t orientation;
	unsigned bytes;

	out->orientation = 1;
	if (!tiff_open(file, &tiff) || !tiff_ifd(&tiff, tiff.first, &ifd) ||
	    !tiff_field(&tiff, &ifd, TIFF_ORIENTATION, &field))
		return;
	orientation = tiff_value(&tiff, &field, 0);
	bytes = tiff_value_bytes(&field);
	if (orientation <= 1 || orientation > 8 || bytes > 4)
		return;
	out->orientation = orientation;
	out->plain.at = (size_t)(field.values - file.at);
	out->plain.n = bytes;
	out->plain.bytes[tiff.is_big ? bytes - 1 : 0] = 1;
}
