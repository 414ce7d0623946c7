#include "config.h"

/*
 * Reads and writes two texts of an EXIF. Responsible for never reading outside
 * of what it was given: any byte of it may be hostile. Nothing here fails; what
 * makes no sense is not there.
 */

#include "exif.h"

#include <string.h>

#include "chunk.h"
#include "sniff_ifd.h"

static const char prefix[EXIF_PREFIX] = "Exif\0"; /* and its second NUL */

/*
 * What it becomes in a thumbnail, where no markup begins: a photo's author must
 * not write HTML or PHP into a file that lies on a web server.
 */
static char
clean_one(unsigned char c)
{
	if (c < ' ' || c == 0x7f)
		return ' ';
	if (c == '<' || c == '>')
		return c == '<' ? '(' : ')';
	return (char)c;
}

/* Without blanks at the ends. */
static void
clean(const unsigned char *text, size_t len, char out[CREDIT_MAX + 1])
{
	size_t n = 0;

	while (len > 0 && (text[0] <= ' ' || text[0] == 0x7f)) {
		text++;
		len--;
	}
	for (; n < len && n < CREDIT_MAX; n++)
		out[n] = clean_one(text[n]);
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

static void
read_text(const struct tiff *t, const struct tiff_ifd *ifd, enum tiff_tag tag,
    char out[CREDIT_MAX + 1])
{
	struct tiff_field field;

	if (tiff_field(t, ifd, tag, &field) &&
	    (field.type == TIFF_ASCII || field.type == TIFF_UTF8))
		clean(field.values, field.n, out);
}

/* Of a directory that is cut, what there is. */
void
exif_read(const void *data, size_t len, struct credits *out)
{
	struct tiff t;
	struct tiff_ifd ifd;

	*out = (struct credits){ 0 };
	if (!tiff_open(exif_tiff((struct span){ data, len }), &t) ||
	    !tiff_ifd_part(&t, t.first, &ifd))
		return;
	read_text(&t, &ifd, TIFF_ARTIST, out->artist);
	read_text(&t, &ifd, TIFF_COPYRIGHT, out->copyright);
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
	at = put(at, TIFF_ASCII, 2);
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
		at = put_entry(at, TIFF_ARTIST, c->artist, &text, base);
	if (c->copyright[0] != '\0')
		at = put_entry(at, TIFF_COPYRIGHT, c->copyright, &text, base);
	(void)put(at, 0, 4); /* no further directory */
	return (size_t)(text - out);
}
