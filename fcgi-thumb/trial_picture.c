#include "config.h"

/*
 * Pictures for a trial: one that is drawn, and any file with other words in it.
 * What is put in stands where decoders pass over it, so that what comes of the
 * picture is what would come of it without.
 */

#include "trial.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "sniff_gif.h"
#include "span.h"

/* ---- the drawn one ---- */

/* px of a rectangle's side: fine lines, and areas that show a colour. */
#define SIDE_MIN 3
#define SIDE_MAX 61
#define AREA 900 /* px for a rectangle, so that all is covered */

/* Marsaglia's xorshift: the same numbers everywhere. */
static unsigned
draw_number(uint32_t *state, unsigned below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

static void
fill(unsigned char *rgb, struct size size, uint32_t *state)
{
	static const unsigned char steps[] = { 0, 40, 128, 215, 255 };
	unsigned left = draw_number(state, size.width);
	unsigned top = draw_number(state, size.height);
	unsigned right = left + SIDE_MIN + draw_number(state, SIDE_MAX);
	unsigned bottom = top + SIDE_MIN + draw_number(state, SIDE_MAX);
	unsigned char color[3];

	for (unsigned c = 0; c < 3; c++)
		color[c] = steps[draw_number(state, sizeof steps)];
	for (unsigned y = top; y < bottom && y < size.height; y++)
		for (unsigned x = left; x < right && x < size.width; x++)
			memcpy(rgb + ((size_t)y * size.width + x) * 3, color,
			    3);
}

unsigned char *
trial_chart(struct size size)
{
	size_t n = (size_t)size.width * size.height;
	unsigned char *rgb = malloc(n * 3);
	uint32_t state = 2463534242;

	if (rgb == NULL)
		return NULL;
	memset(rgb, 128, n * 3);
	for (size_t i = 0; i < n / AREA * 3 + 16; i++)
		fill(rgb, size, &state);
	return rgb;
}

/* ---- other words ---- */

static void
put_be32(struct buf *b, size_t n)
{
	const unsigned char bytes[] = { (unsigned char)(n >> 24),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n };

	buf_add(b, bytes, sizeof bytes);
}

/* The file with `more` behind its first `at` bytes. */
static void
insert(struct buf *out, const unsigned char *data, size_t len, size_t at,
    const struct buf *more)
{
	buf_add(out, data, at);
	buf_add(out, more->data, more->len);
	buf_add(out, data + at, len - at);
	out->failed = out->failed || more->failed;
}

/* A comment behind the first marker (ITU-T T.81, B.2.4.5). */
static bool
mark_jpeg(const unsigned char *data, size_t len, const char *text,
    struct buf *out)
{
	const unsigned char head[] = { 0xff, 0xfe, 0,
		(unsigned char)(strlen(text) + 2) };
	struct buf comment = { 0 };

	if (len < 2 || memcmp(data, "\xff\xd8", 2) != 0)
		return false;
	buf_add(&comment, head, sizeof head);
	buf_puts(&comment, text);
	insert(out, data, len, 2, &comment);
	buf_fini(&comment);
	return true;
}

/* A text behind the header (PNG, third edition, 11.3.3). */
#define PNG_HEADER_LEN 33

static bool
mark_png(const unsigned char *data, size_t len, const char *text,
    struct buf *out)
{
	static const char name[] = "tEXtComment";
	struct buf chunk = { 0 };
	uLong sum;

	if (len < PNG_HEADER_LEN || memcmp(data + 12, "IHDR", 4) != 0)
		return false;
	put_be32(&chunk, sizeof name - 4 + strlen(text));
	buf_add(&chunk, name, sizeof name);
	buf_puts(&chunk, text);
	if (chunk.failed)
		return false;
	sum = crc32(0, (const Bytef *)chunk.data + 4, (uInt)chunk.len - 4);
	put_be32(&chunk, sum);
	insert(out, data, len, PNG_HEADER_LEN, &chunk);
	buf_fini(&chunk);
	return true;
}

/* A comment behind the screen (GIF89a, 24). */
static bool
mark_gif(const unsigned char *data, size_t len, const char *text,
    struct buf *out)
{
	const unsigned char head[] = { GIF_EXTENSION, 0xfe,
		(unsigned char)strlen(text) };
	struct span s = { data, len };
	struct buf comment = { 0 };
	const uint8_t *screen;
	size_t from = out->len;

	if (len < 6 || memcmp(data, "GIF8", 4) != 0 ||
	    !gif_skip_screen(&s, &screen))
		return false;
	buf_add(&comment, head, sizeof head);
	buf_add(&comment, text, strlen(text) + 1); /* an empty block ends it */
	insert(out, data, len, len - s.len, &comment);
	buf_fini(&comment);
	/* GIF87a has no comments. */
	if (!out->failed)
		out->data[from + 4] = '9';
	return true;
}

/* A chunk of a name of ours at the end (RFC 9649, 2.3). */
static bool
mark_webp(const unsigned char *data, size_t len, const char *text,
    struct buf *out)
{
	size_t n = strlen(text), even = n + (n & 1);
	size_t from = out->len, whole = len + 8 + even - 8;
	const unsigned char head[] = { 't', 'e', 's', 't', (unsigned char)n, 0,
		0, 0 };

	if (len < 12 || memcmp(data, "RIFF", 4) != 0 ||
	    le32(data + 4) != len - 8)
		return false;
	buf_add(out, data, len);
	buf_add(out, head, sizeof head);
	buf_add(out, text, n);
	buf_add(out, "", even - n);
	for (unsigned i = 0; !out->failed && i < 4; i++)
		out->data[from + 4 + i] = (char)(whole >> 8 * i);
	return true;
}

/* A box of free space at the end (ISO/IEC 14496-12, 8.1.2). */
static bool
mark_heif(const unsigned char *data, size_t len, const char *text,
    struct buf *out)
{
	if (len < 8 || memcmp(data + 4, "ftyp", 4) != 0)
		return false;
	buf_add(out, data, len);
	put_be32(out, 8 + strlen(text));
	buf_puts(out, "free");
	buf_puts(out, text);
	return true;
}

/* These say where each thing lies: what is behind all of them is nothing's. */
static bool
mark_behind(const unsigned char *data, size_t len, const char *text,
    struct buf *out)
{
	buf_add(out, data, len);
	buf_puts(out, text);
	return true;
}

bool
trial_mark(enum format format, const void *data, size_t len, const char *text,
    struct buf *out)
{
	static bool (*const marks[FORMAT_COUNT])(const unsigned char *data,
	    size_t len, const char *text, struct buf *out) = {
		[FORMAT_JPEG] = mark_jpeg,
		[FORMAT_PNG] = mark_png,
		[FORMAT_GIF] = mark_gif,
		[FORMAT_WEBP] = mark_webp,
		[FORMAT_AVIF] = mark_heif,
		[FORMAT_HEIC] = mark_heif,
		[FORMAT_TIFF] = mark_behind,
		[FORMAT_BMP] = mark_behind,
	};

	return marks[format] != NULL && marks[format](data, len, text, out) &&
	    !out->failed;
}
