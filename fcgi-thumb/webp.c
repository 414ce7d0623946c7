#include "config.h"

/*
 * Takes an animated WebP apart and puts one together. Responsible for never
 * reading outside of what it was given: any byte of it may be hostile. Knows
 * nothing of how a picture is coded.
 */

#include "webp.h"

#include <string.h>

#define RIFF_HEAD 12 /* bytes: "RIFF", length, "WEBP" */
#define CHUNK_HEAD 8 /* name, length */
#define VP8X_LEN 10
#define ANIM_LEN 6
#define ANMF_LEN 16 /* of the frame's own fields */

/* VP8X's flags. */
#define HAS_ANIMATION 0x02
#define HAS_EXIF 0x08
#define HAS_ALPHA 0x10

/* ANMF's. */
#define NO_BLEND 0x02
#define CLEAR 0x01

struct chunk {
	const unsigned char *head; /* name and length, then the body */
	const unsigned char *body;
	size_t len; /* of the body */
};

static size_t
number(const unsigned char *at, unsigned bytes)
{
	size_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | at[bytes];
	return n;
}

/* The chunk at the begin, whole, and behind it; false where there is none. */
static bool
take_chunk(const unsigned char **at, size_t *len, struct chunk *out)
{
	size_t whole;

	if (*len < CHUNK_HEAD)
		return false;
	out->head = *at;
	out->body = *at + CHUNK_HEAD;
	out->len = number(*at + 4, 4);
	if (out->len > *len - CHUNK_HEAD)
		return false;
	/* The pad byte of the last one is missing in some files. */
	whole = CHUNK_HEAD + out->len + out->len % 2;
	if (whole > *len)
		whole = *len;
	*at += whole;
	*len -= whole;
	return true;
}

static bool
is(const struct chunk *c, const char *name)
{
	return memcmp(c->head, name, 4) == 0;
}

/* Past the file's head, if that is a WebP's, and not past RIFF's length. */
static bool
enter(const unsigned char **at, size_t *len)
{
	size_t told;

	if (*len < RIFF_HEAD || memcmp(*at, "RIFF", 4) != 0 ||
	    memcmp(*at + 8, "WEBP", 4) != 0)
		return false;
	told = number(*at + 4, 4);
	*at += RIFF_HEAD;
	*len -= RIFF_HEAD;
	if (told >= 4 && told - 4 < *len)
		*len = told - 4;
	return true;
}

bool
webp_open(struct webp_reader *r, const void *data, size_t len)
{
	struct webp_reader in = { .at = data, .len = len };
	struct chunk c;

	if (!enter(&in.at, &in.len) || !take_chunk(&in.at, &in.len, &c) ||
	    !is(&c, "VP8X") || c.len < VP8X_LEN ||
	    (c.body[0] & HAS_ANIMATION) == 0)
		return false;
	in.canvas.width = (unsigned)number(c.body + 4, 3) + 1;
	in.canvas.height = (unsigned)number(c.body + 7, 3) + 1;
	while (take_chunk(&in.at, &in.len, &c))
		if (is(&c, "ANIM") && c.len >= ANIM_LEN) {
			in.plays = (unsigned)number(c.body + 4, 2);
			*r = in;
			return true;
		}
	return false;
}

bool
webp_next(struct webp_reader *r, struct webp_frame *out)
{
	struct chunk c;

	while (take_chunk(&r->at, &r->len, &c)) {
		if (!is(&c, "ANMF") || c.len < ANMF_LEN)
			continue;
		*out = (struct webp_frame){
			.x = (unsigned)number(c.body, 3) * 2,
			.y = (unsigned)number(c.body + 3, 3) * 2,
			.size = { (unsigned)number(c.body + 6, 3) + 1,
			    (unsigned)number(c.body + 9, 3) + 1 },
			.ms = (unsigned)number(c.body + 12, 3),
			.blend = (c.body[15] & NO_BLEND) == 0,
			.clear = (c.body[15] & CLEAR) != 0,
			.chunks = c.body + ANMF_LEN,
			.len = c.len - ANMF_LEN,
		};
		return true;
	}
	return false;
}

const void *
webp_exif(const void *data, size_t len, size_t *exif_len)
{
	const unsigned char *at = data;
	struct chunk c;

	if (!enter(&at, &len))
		return NULL;
	while (take_chunk(&at, &len, &c))
		if (is(&c, "EXIF")) {
			*exif_len = c.len;
			return c.body;
		}
	return NULL;
}

static void
add_number(struct buf *out, size_t n, unsigned bytes)
{
	unsigned char le[4];

	for (unsigned i = 0; i < bytes; i++)
		le[i] = (unsigned char)(n >> 8 * i);
	buf_add(out, le, bytes);
}

static void
add_head(struct buf *out, const char *name, size_t len)
{
	buf_add(out, name, 4);
	add_number(out, len, 4);
}

static void
add_chunk(struct buf *out, const char *name, const void *body, size_t len)
{
	add_head(out, name, len);
	buf_add(out, body, len);
	if (len % 2 != 0)
		add_number(out, 0, 1);
}

static void
add_vp8x(struct buf *out, unsigned flags, struct size canvas)
{
	add_head(out, "VP8X", VP8X_LEN);
	add_number(out, flags, 4);
	add_number(out, canvas.width - 1, 3);
	add_number(out, canvas.height - 1, 3);
}

/* A length of 4 bytes that was not known before. */
static void
set_length(struct buf *out, size_t at, size_t n)
{
	if (out->failed)
		return;
	for (unsigned i = 0; i < 4; i++)
		out->data[at + i] = (char)(n >> 8 * i);
}

/* Of a picture: its alpha and its px, nothing else. Is there px? */
static bool
add_picture(struct buf *out, const unsigned char *at, size_t len)
{
	struct chunk c;

	while (take_chunk(&at, &len, &c)) {
		if (is(&c, "ALPH"))
			add_chunk(out, "ALPH", c.body, c.len);
		if (is(&c, "VP8 ") || is(&c, "VP8L")) {
			add_chunk(out, (const char *)c.head, c.body, c.len);
			return true;
		}
	}
	return false;
}

void
webp_still(const struct webp_frame *frame, struct buf *out)
{
	const size_t begin = out->len;

	add_head(out, "RIFF", 0);
	buf_add(out, "WEBP", 4);
	add_vp8x(out, HAS_ALPHA, frame->size);
	(void)add_picture(out, frame->chunks, frame->len);
	set_length(out, begin + 4, out->len - begin - CHUNK_HEAD);
}

void
webp_begin(struct buf *out, struct size canvas, unsigned plays)
{
	add_head(out, "RIFF", 0);
	buf_add(out, "WEBP", 4);
	add_vp8x(out, HAS_ANIMATION | HAS_ALPHA, canvas);
	add_head(out, "ANIM", ANIM_LEN);
	add_number(out, 0, 4); /* background: clear, and ignored everywhere */
	add_number(out, plays > 0xffff ? 0xffff : plays, 2);
}

bool
webp_add(struct buf *out, const struct webp_frame *frame, const void *still,
    size_t len)
{
	const unsigned char *at = still;
	const size_t begin = out->len;
	bool ok;

	add_head(out, "ANMF", 0);
	add_number(out, frame->x / 2, 3);
	add_number(out, frame->y / 2, 3);
	add_number(out, frame->size.width - 1, 3);
	add_number(out, frame->size.height - 1, 3);
	add_number(out, frame->ms > 0xffffff ? 0xffffff : frame->ms, 3);
	add_number(out,
	    (frame->blend ? 0 : NO_BLEND) | (frame->clear ? CLEAR : 0), 1);
	ok = enter(&at, &len) && add_picture(out, at, len);
	set_length(out, begin + 4, out->len - begin - CHUNK_HEAD);
	return ok;
}

void
webp_end(struct buf *out, const void *exif, size_t len)
{
	if (len > 0)
		add_chunk(out, "EXIF", exif, len);
	if (len > 0 && !out->failed)
		out->data[RIFF_HEAD + CHUNK_HEAD] |= HAS_EXIF;
	set_length(out, 4, out->len - CHUNK_HEAD);
}
