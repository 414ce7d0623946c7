#include "config.h"

/*
 * Guesses what a refused file is, for the words of its refusal only. Nothing
 * is accepted here, so a wrong guess costs a confusing sentence.
 */

#include "sniff_internal.h"

#include <string.h>

/* Up to two pieces of bytes at fixed places; empty ones always match. */
struct look {
	const char *name;
	unsigned char at;
	unsigned char len;
	const char *bytes;
	unsigned char also_at;
	unsigned char also_len;
	const char *also;
};

#define FTYP 4, 4, "ftyp", 8, 4 /* ISO media, then the major brand */

static const struct look looks[] = {
	{ "a camera's raw file", FTYP, "crx " },
	{ "JPEG XL", FTYP, "jxl " },
	{ "JPEG 2000", FTYP, "jp2 " },
	{ "a video", 4, 4, "ftyp", 0, 0, "" },
	{ "a video", 4, 4, "moov", 0, 0, "" },
	{ "a video", 4, 4, "mdat", 0, 0, "" },
	{ "a video", 0, 4, "\x1a\x45\xdf\xa3", 0, 0, "" },
	{ "a video", 0, 4, "RIFF", 8, 4, "AVI " },
	{ "a video", 0, 4, "\0\0\1\xba", 0, 0, "" },
	{ "a video", 0, 4, "\0\0\1\xb3", 0, 0, "" },
	{ "a video", 0, 4, "FLV\1", 0, 0, "" },
	{ "a video", 0, 4, "\x30\x26\xb2\x75", 0, 0, "" },
	/* Raw files that begin like a TIFF, but for their number. */
	{ "a camera's raw file", 0, 4, "IIRO", 0, 0, "" },
	{ "a camera's raw file", 0, 4, "IIRS", 0, 0, "" },
	{ "a camera's raw file", 0, 4, "MMOR", 0, 0, "" },
	{ "a camera's raw file", 0, 4, "IIU\0", 0, 0, "" },
	{ "a camera's raw file", 0, 8, "FUJIFILM", 0, 0, "" },
	{ "a camera's raw file", 0, 4, "FOVb", 0, 0, "" },
	{ "a camera's raw file", 0, 4, "\0MRM", 0, 0, "" },
	{ "a camera's raw file", 0, 2, "II", 6, 8, "HEAPCCDR" },
	{ "a TIFF of 64 bits", 0, 4, "II+\0", 0, 0, "" },
	{ "a TIFF of 64 bits", 0, 4, "MM\0+", 0, 0, "" },
	{ "an icon (ICO)", 0, 4, "\0\0\1\0", 0, 0, "" },
	{ "JPEG XL", 0, 2, "\xff\x0a", 0, 0, "" },
	{ "JPEG XL", 0, 8, "\0\0\0\x0cJXL ", 0, 0, "" },
	{ "JPEG 2000", 0, 8, "\0\0\0\x0cjP  ", 0, 0, "" },
	{ "JPEG 2000", 0, 4, "\xff\x4f\xff\x51", 0, 0, "" },
	{ "a Windows metafile", 0, 4, "\xd7\xcd\xc6\x9a", 0, 0, "" },
	{ "PostScript", 0, 4, "\xc5\xd0\xd3\xc6", 0, 0, "" },
	{ "a Photoshop file", 0, 4, "8BPS", 0, 0, "" },
	{ "a GIMP file", 0, 8, "gimp xcf", 0, 0, "" },
	{ "OpenEXR", 0, 4, "\x76\x2f\x31\x01", 0, 0, "" },
	{ "Radiance HDR", 0, 10, "#?RADIANCE", 0, 0, "" },
	{ "QOI", 0, 4, "qoif", 0, 0, "" },
	{ "MNG", 0, 4, "\x8aMNG", 0, 0, "" },
	{ "DjVu", 0, 8, "AT&TFORM", 0, 0, "" },
	{ "a PDF document", 0, 5, "%PDF-", 0, 0, "" },
	{ "PostScript", 0, 4, "%!PS", 0, 0, "" },
	{ "a ZIP archive", 0, 4, "PK\3\4", 0, 0, "" },
	{ "a gzip archive", 0, 3, "\x1f\x8b\x08", 0, 0, "" },
};

/* As far as a text is looked at. */
#define TEXT_MAX 1024

static bool
matches(struct span s, size_t at, const char *bytes, size_t len)
{
	return at + len <= s.len && memcmp(s.at + at, bytes, len) == 0;
}

/* Printable ASCII, white space, and all that UTF-8 is made of. */
static bool
is_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.at[i];

		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r' &&
			c != '\f') ||
		    c == 0x7f)
			return false;
	}
	return s.len > 0;
}

static bool
contains(struct span s, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= s.len; i++) {
		if (matches(s, i, word, len))
			return true;
	}
	return false;
}

static const char *
name_text(struct span s)
{
	if (s.len > TEXT_MAX)
		s.len = TEXT_MAX;
	if (!is_text(s))
		return NULL;
	if (contains(s, "<svg"))
		return "SVG";
	if (contains(s, "<html") || contains(s, "<!DOCTYPE html"))
		return "a web page";
	return "a text file";
}

const char *
sniff_other(struct span file)
{
	for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
		const struct look *l = &looks[i];

		if (matches(file, l->at, l->bytes, l->len) &&
		    matches(file, l->also_at, l->also, l->also_len))
			return l->name;
	}
	return name_text(file);
}
