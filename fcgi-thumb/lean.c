#include "config.h"

/*
 * Walks the outer structure of a file and copies what stays. Refuses to judge:
 * at the first piece that is cut or impossible it stops, and the rest stays as
 * it is.
 */

#include "lean.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "chunk.h"
#include "sniff_gif.h"
#include "sniff_jpeg.h"

enum {
	APP0 = 0xe0,
	APP1 = 0xe1,
	APP2 = 0xe2,
	APP14 = 0xee,
	APP15 = 0xef,
	COM = 0xfe,
};

/* A profile's pieces are numbered by one byte (ICC.1, B.4). */
#define ICC_PIECES_MAX 255
#define ICC_HEAD 14 /* a name, the number, and how many there are */

struct cutter {
	struct span file;
	const uint8_t *from; /* up to here it is copied or left out */
	uint8_t *copy;       /* NULL: nothing was left out yet */
	size_t len;
	bool failed;
};

/* What lies before `at` stays, the n bytes from there go. */
static void
leave_out(struct cutter *c, const uint8_t *at, size_t n)
{
	const size_t kept = (size_t)(at - c->from);

	if (c->copy == NULL)
		c->copy = malloc(c->file.len);
	if (c->copy == NULL) {
		c->failed = true;
		return;
	}
	memcpy(c->copy + c->len, c->from, kept);
	c->len += kept;
	c->from = at + n;
}

/* ---- JPEG ---- */

static bool
begins(struct span s, const char *text, size_t len)
{
	return s.len >= len && memcmp(s.at, text, len) == 0;
}

static bool
is_icc(int marker, struct span body)
{
	return marker == APP2 && body.len >= ICC_HEAD &&
	    begins(body, "ICC_PROFILE", 12);
}

/* 0: there is none. */
static size_t
jpeg_profile(struct span s, unsigned *pieces)
{
	struct span body;
	size_t len = 0;
	int marker;

	*pieces = 0;
	while (jpeg_next_segment(&s, &marker, &body))
		if (is_icc(marker, body)) {
			len += body.len - ICC_HEAD;
			(*pieces)++;
		}
	return len;
}

static bool
is_wanted(int marker, struct span body, bool icc, bool *exif)
{
	if (marker < APP0 || (marker > APP15 && marker != COM) ||
	    marker == APP0 || marker == APP14)
		return true;
	if (is_icc(marker, body))
		return icc;
	if (marker != APP1 || !begins(body, "Exif", 5) || *exif)
		return false;
	*exif = true;
	return true;
}

/*
 * Where a segment of this body begins: any number of 0xff may stand before its
 * marker (T.81, B.1.1.2). One that stayed would make a marker of whatever
 * comes behind the segment, and the decoder would see scans and frames that
 * nobody has counted. `from` is where the segment before ends.
 */
static const uint8_t *
segment_start(struct span body, const uint8_t *from)
{
	const uint8_t *at = body.at - 4;

	while (at > from && at[-1] == 0xff)
		at--;
	return at;
}

/* The size of a profile that is left out. */
static size_t
cut_jpeg(struct cutter *c, size_t profile_max)
{
	struct span s = c->file, body;
	const uint8_t *start, *at;
	unsigned pieces;
	size_t profile = jpeg_profile(s, &pieces);
	bool icc = profile <= profile_max && pieces <= ICC_PIECES_MAX;
	bool exif = false;
	int marker;

	for (start = s.at; !c->failed && jpeg_next_segment(&s, &marker, &body);
	     start = s.at)
		if (!is_wanted(marker, body, icc, &exif)) {
			at = segment_start(body, start);
			leave_out(c, at, (size_t)(s.at - at));
		}
	return icc ? 0 : profile;
}

/* ---- PNG ---- */

/* Critical ones begin with a capital letter (5.4). */
static bool
is_critical(const struct chunk *chunk)
{
	return (chunk->name[0] & 0x20) == 0;
}

/* The first bytes of what is deflated in body; false: there are fewer. */
static bool
inflate_first(struct span body, uint8_t *out, unsigned n)
{
	uint8_t in[512];
	z_stream z = { .next_in = in, .next_out = out, .avail_out = n };

	/* It takes no constant bytes; these hold any head of a stream. */
	z.avail_in = (unsigned)(body.len < sizeof in ? body.len : sizeof in);
	memcpy(in, body.at, z.avail_in);
	if (inflateInit(&z) != Z_OK)
		return false;
	(void)inflate(&z, Z_SYNC_FLUSH);
	(void)inflateEnd(&z);
	return z.avail_out == 0;
}

/*
 * How large the profile in an iCCP chunk says that it is (11.3.2.3; ICC.1,
 * 7.2.2): so much is unpacked. 0: it does not say.
 */
static size_t
png_profile(struct span body)
{
	const uint8_t *name_end = memchr(body.at, '\0', body.len);
	uint8_t size[4];

	if (name_end == NULL)
		return 0;
	(void)span_take(&body, (size_t)(name_end - body.at) + 1);
	if (span_take(&body, 1) == NULL || /* the method of compression */
	    !inflate_first(body, size, sizeof size))
		return 0;
	return be32(size);
}

static size_t
cut_png(struct cutter *c, size_t profile_max)
{
	static const char *const wanted[] = { "tRNS", "gAMA", "cHRM", "sRGB",
		"iCCP" };
	enum {
		N = sizeof wanted / sizeof wanted[0]
	};
	bool seen[N] = { false };
	struct span s = c->file;
	struct chunk chunk;
	size_t profile = 0;

	(void)span_take(&s, 8);
	for (const uint8_t *start = s.at; !c->failed && png_next(&s, &chunk);
	     start = s.at) {
		unsigned i = 0;

		if (is_critical(&chunk))
			continue;
		while (i < N && !chunk_is(&chunk, wanted[i]))
			i++;
		if (i < N && !seen[i]) {
			seen[i] = true;
			if (!chunk_is(&chunk, "iCCP"))
				continue;
			profile = png_profile(chunk.body);
			if (profile <= profile_max)
				continue;
		}
		leave_out(c, start, (size_t)(s.at - start));
	}
	return profile > profile_max ? profile : 0;
}

/* ---- GIF ---- */

/* What follows the extension's first byte. */
static bool
is_control(struct span label)
{
	return label.at[0] == 0xf9;
}

/* How often it is shown, by two names. */
static bool
is_loop(struct span label)
{
	return begins(label, "\xff\013NETSCAPE2.0", 13) ||
	    begins(label, "\xff\013ANIMEXTS1.0", 13);
}

static void
cut_gif(struct cutter *c)
{
	struct span s = c->file;
	const uint8_t *start, *p;
	bool loop = false, whole = gif_skip_screen(&s, &p);

	while (whole && !c->failed && (start = span_take(&s, 1)) != NULL &&
	    *start != GIF_TRAILER) {
		if (*start == GIF_PICTURE) {
			p = span_take(&s, 9);
			whole = p != NULL && gif_skip_picture(&s, p);
		} else if (*start == GIF_EXTENSION) {
			struct span label = s;

			whole = span_take(&s, 1) != NULL && gif_skip_blocks(&s);
			if (!whole || is_control(label))
				continue;
			if (!loop && is_loop(label))
				loop = true;
			else
				leave_out(c, start, (size_t)(s.at - start));
		}
	}
}

/* ---- all of them ---- */

bool
lean_open(const void *data, size_t len, enum format format, size_t profile_max,
    struct lean *out)
{
	struct cutter c = { .file = { data, len }, .from = data };

	*out = (struct lean){ .data = data, .len = len };
	if (format == FORMAT_JPEG)
		out->profile = cut_jpeg(&c, profile_max);
	else if (format == FORMAT_PNG)
		out->profile = cut_png(&c, profile_max);
	else if (format == FORMAT_GIF)
		cut_gif(&c);
	if (c.copy == NULL)
		return !c.failed;
	leave_out(&c, c.file.at + len, 0);
	out->data = out->copy = c.copy;
	out->len = c.len;
	return true;
}

void
lean_close(struct lean *l)
{
	free(l->copy);
	*l = (struct lean){ 0 };
}
