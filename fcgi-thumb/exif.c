#include "config.h"

/*
 * Reads and writes two texts of an EXIF. Responsible for never reading outside
 * of what it was given: any byte of it may be hostile. Nothing here fails; what
 * makes no sense is not there.
 */

#include "exif.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "chunk.h"

#define TAG_ARTIST 315
#define TAG_COPYRIGHT 33432
#define TYPE_ASCII 2
#define TYPE_UTF8 129 /* EXIF 3.0 */

static const char prefix[EXIF_PREFIX] = "Exif\0"; /* and its second NUL */

struct tiff {
	const unsigned char *at;
	size_t len;
	bool big; /* "MM": big-endian */
};

static uint32_t
number(const struct tiff *t, size_t offset, unsigned bytes)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < bytes; i++)
		n = n << 8 | t->at[offset + (t->big ? i : bytes - 1 - i)];
	return n;
}

/* Spaces for what is not to be printed, none at the ends. */
static void
clean(const unsigned char *text, size_t len, char out[CREDIT_MAX + 1])
{
	size_t n = 0;

	while (len > 0 && (text[0] <= ' ' || text[0] == 0x7f)) {
		text++;
		len--;
	}
	for (; n < len && n < CREDIT_MAX; n++)
		out[n] = text[n] < ' ' || text[n] == 0x7f ? ' ' : (char)text[n];
	/* Not within a character of UTF-8. */
	if (n < len)
		while (n > 0 && (text[n] & 0xc0) == 0x80)
			n--;
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

void
exif_clean(const char *text, char out[CREDIT_MAX + 1])
{
	clean((const unsigned char *)text, text != NULL ? strlen(text) : 0,
	    out);
}

/* The text of the directory's entry of 12 bytes at `entry`. */
static void
read_text(const struct tiff *t, size_t entry, char out[CREDIT_MAX + 1])
{
	const uint32_t type = number(t, entry + 2, 2);
	const uint32_t count = number(t, entry + 4, 4);
	const size_t at = count <= 4 ? entry + 8 : number(t, entry + 8, 4);

	if ((type == TYPE_ASCII || type == TYPE_UTF8) && at <= t->len &&
	    count <= t->len - at)
		clean(t->at + at, count, out);
}

static bool
open_tiff(struct tiff *t, const unsigned char *data, size_t len)
{
	if (len >= sizeof prefix && memcmp(data, prefix, sizeof prefix) == 0) {
		data += sizeof prefix;
		len -= sizeof prefix;
	}
	*t = (struct tiff){ .at = data, .len = len };
	if (len < 8)
		return false;
	t->big = memcmp(data, "MM", 2) == 0;
	return (t->big || memcmp(data, "II", 2) == 0) && number(t, 2, 2) == 42;
}

void
exif_read(const void *data, size_t len, struct credits *out)
{
	struct tiff t;
	size_t at, n;

	*out = (struct credits){ 0 };
	if (len == 0 || !open_tiff(&t, data, len))
		return;
	at = number(&t, 4, 4);
	if (at > t.len || t.len - at < 2)
		return;
	n = number(&t, at, 2);
	at += 2;
	for (; n > 0 && t.len - at >= 12; n--, at += 12) {
		const uint32_t tag = number(&t, at, 2);

		if (tag == TAG_ARTIST)
			read_text(&t, at, out->artist);
		if (tag == TAG_COPYRIGHT)
			read_text(&t, at, out->copyright);
	}
}

void
exif_read_png(const void *data, size_t len, struct credits *out)
{
	struct span exif;

	*out = (struct credits){ 0 };
	if (png_find((struct span){ data, len }, "eXIf", &exif))
		exif_read(exif.at, exif.len, out);
}

static unsigned char *
put(unsigned char *at, uint32_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		*at++ = (unsigned char)(n >> 8 * (bytes - 1 - i));
	return at;
}

/*
 * One entry, and its text to *text where four bytes do not hold it. `base` is
 * where offsets count from.
 */
static unsigned char *
put_entry(unsigned char *at, unsigned tag, const char *value,
    unsigned char **text, const unsigned char *base)
{
	const size_t len = strlen(value) + 1;

	at = put(at, tag, 2);
	at = put(at, TYPE_ASCII, 2);
	at = put(at, (uint32_t)len, 4);
	if (len <= 4) {
		memset(at, 0, 4);
		memcpy(at, value, len);
		return at + 4;
	}
	memcpy(*text, value, len);
	at = put(at, (uint32_t)(*text - base), 4);
	*text += len;
	return at;
}

size_t
exif_write(const struct credits *c, unsigned char out[EXIF_MAX])
{
	unsigned char *base = out + sizeof prefix;
	const unsigned n = (c->artist[0] != '\0') + (c->copyright[0] != '\0');
	unsigned char *at = base, *text = base + 8 + 2 + n * 12 + 4;

	if (n == 0)
		return 0;
	memcpy(out, prefix, sizeof prefix);
	memcpy(at, "MM\0*\0\0\0\10", 8);
	at = put(at + 8, n, 2);
	if (c->artist[0] != '\0')
		at = put_entry(at, TAG_ARTIST, c->artist, &text, base);
	if (c->copyright[0] != '\0')
		at = put_entry(at, TAG_COPYRIGHT, c->copyright, &text, base);
	(void)put(at, 0, 4); /* no further directory */
	return (size_t)(text - out);
}
