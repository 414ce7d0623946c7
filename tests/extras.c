#include "config.h"

#include "extras.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Walks the containers of the formats that are written, by the letters of
 * their standards: whatever is not on a list is one thing too many.
 */

/* A file, and the one EXIF that may be in it. */
struct file {
	const unsigned char *d;
	size_t len;
	unsigned char exif[EXIF_MAX]; /* with "Exif\0\0" */
	size_t exif_len;              /* 0: none may be */
	unsigned exifs;               /* how many were found */
};

static uint32_t
big(const unsigned char *d)
{
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 |
	    (uint32_t)d[2] << 8 | d[3];
}

/* Is it the EXIF that may be there? `skip` bytes of prefix are left out. */
static bool
is_wanted_exif(struct file *f, const unsigned char *d, size_t len, size_t skip)
{
	if (f->exif_len == 0 || len != f->exif_len - skip ||
	    memcmp(d, f->exif + skip, len) != 0)
		return false;
	f->exifs++;
	return true;
}

static const char *
jpeg_extras(struct file *f)
{
	/* JFIF, tables, frames, restart interval, scan. */
	static const unsigned char wanted[] = { 0xe0, 0xdb, 0xc4, 0xc0, 0xc2,
		0xdd, 0xda };
	const unsigned char *d = f->d;
	size_t at = 2;

	while (at + 4 <= f->len) {
		const unsigned char marker = d[at + 1];
		const size_t n = (size_t)d[at + 2] << 8 | d[at + 3];
		bool exif = marker == 0xe1 && at + 2 + n <= f->len &&
		    is_wanted_exif(f, d + at + 4, n - 2, 0);

		if (d[at] != 0xff ||
		    (!exif && memchr(wanted, marker, sizeof wanted) == NULL))
			return "a segment beyond the needed in JPEG";
		if (marker == 0xe0 && memcmp(d + at + 4, "JFIF", 5) != 0)
			return "an APP0 that is not JFIF";
		if (marker == 0xda)
			return d[f->len - 2] == 0xff && d[f->len - 1] == 0xd9
			    ? NULL
			    : "bytes behind EOI";
		at += 2 + n;
	}
	return "no scan in JPEG";
}

/* Is the name of four letters among them? */
static bool
is_among(const unsigned char *name, const char *names)
{
	for (; *names != '\0'; names += 4)
		if (memcmp(name, names, 4) == 0)
			return true;
	return false;
}

static const char *
png_extras(struct file *f)
{
	size_t at = 8;

	while (at + 12 <= f->len) {
		const unsigned char *name = f->d + at + 4;
		const size_t n = big(f->d + at);
		bool exif = memcmp(name, "eXIf", 4) == 0 &&
		    at + 12 + n <= f->len && is_wanted_exif(f, name + 4, n, 6);

		if (!exif && !is_among(name, "IHDRPLTEtRNSIDATIEND"))
			return "a chunk beyond the needed in PNG";
		at += 12 + n;
	}
	return at == f->len ? NULL : "bytes behind IEND";
}

static const char *
webp_extras(struct file *f)
{
	size_t at = 12;

	while (at + 8 <= f->len) {
		const unsigned char *d = f->d + at;
		const size_t n = (size_t)d[7] << 24 | (size_t)d[6] << 16 |
		    (size_t)d[5] << 8 | d[4];
		bool exif = memcmp(d, "EXIF", 4) == 0 && at + 8 + n <= f->len &&
		    is_wanted_exif(f, d + 8, n, 6);

		if (!exif && !is_among(d, "VP8 VP8LVP8XALPHANIMANMF"))
			return "a chunk beyond the needed in WebP";
		at += 8 + n + n % 2;
	}
	return at == f->len ? NULL : "bytes behind WebP's last chunk";
}

/* Behind a block's sub-blocks and their end. */
static size_t
skip_blocks(const struct file *f, size_t at)
{
	while (at < f->len && f->d[at] != 0)
		at += 1U + f->d[at];
	return at + 1;
}

static size_t
palette_bytes(unsigned char flags)
{
	return flags & 0x80 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

static const char *
gif_extras(struct file *f)
{
	const unsigned char *d = f->d;
	size_t at = 13 + palette_bytes(d[10]);

	while (at + 11 < f->len) {
		if (d[at] == '!' && d[at + 1] == 0xff &&
		    memcmp(d + at + 2, "\13NETSCAPE2.0\3\1", 14) != 0)
			return "an application's block in GIF";
		if (d[at] == '!' && d[at + 1] != 0xff && d[at + 1] != 0xf9)
			return "a block beyond the needed in GIF";
		if (d[at] == '!')
			at = skip_blocks(f, at + 2);
		else if (d[at] == ',')
			at = skip_blocks(f, at + 11 + palette_bytes(d[at + 9]));
		else
			return "no block of GIF";
	}
	return at + 1 == f->len && d[at] == ';' ? NULL
						: "bytes behind GIF's end";
}

/* ISO/IEC 14496-12: in an AVIF, metadata are items with an entry of their own. */
static const char *
avif_extras(struct file *f)
{
	size_t at = 0;

	while (at + 8 <= f->len) {
		const size_t n = big(f->d + at);
		const unsigned char *exif = memmem(f->d + at, n, "Exif", 4);

		if (n < 8 || n > f->len - at ||
		    !is_among(f->d + at + 4, "ftypmetamdat"))
			return "a box beyond the needed in AVIF";
		if (memcmp(f->d + at + 4, "meta", 4) == 0 &&
		    (memmem(f->d + at, n, "mime", 4) != NULL ||
			memmem(f->d + at, n, "prof", 4) != NULL ||
			(exif != NULL && f->exif_len == 0)))
			return "an item beyond the needed in AVIF";
		at += n;
	}
	if (f->exif_len > 0 &&
	    memmem(f->d, f->len, f->exif + 6, f->exif_len - 6) != NULL)
		f->exifs++;
	return at == f->len ? NULL : "bytes behind AVIF's last box";
}

static const char *
file_extras(struct file *f, enum format format)
{
	switch (format) {
	case FORMAT_JPEG:
		return jpeg_extras(f);
	case FORMAT_PNG:
		return png_extras(f);
	case FORMAT_WEBP:
		return webp_extras(f);
	case FORMAT_GIF:
		return gif_extras(f);
	case FORMAT_AVIF:
		return avif_extras(f);
	case FORMAT_HEIC:
	case FORMAT_TIFF:
	case FORMAT_BMP:
	case FORMAT_NONE:
	case FORMAT_COUNT:
		break;
	}
	return "not a format that is written";
}

const char *
picture_extras(const void *data, size_t len, enum format format)
{
	struct file f = { .d = data, .len = len };

	if (memmem(data, len, "ftmark", 6) != NULL)
		return "the mark of test metadata";
	return file_extras(&f, format);
}

const char *
picture_extras_beside(const void *data, size_t len, enum format format,
    const struct credits *credits)
{
	struct file f = { .d = data, .len = len };
	const char *extras;

	f.exif_len = exif_write(credits, f.exif);
	extras = file_extras(&f, format);
	if (extras == NULL && f.exifs != 1)
		return f.exifs == 0 ? "no EXIF" : "two EXIFs";
	return extras;
}
