#include "config.h"

/*
 * Takes an animated WebP apart and puts one together. Responsible for never
 * reading outside of what it was given: any byte of it may be hostile. Knows
 * nothing of how a picture is coded.
 */

#include "webp.h"

#include <string.h>

#include "chunk.h"

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

/* Past the file's head, if that is a WebP's, and not past RIFF's length. */
static bool
enter(struct span *s)
{
	const uint8_t *head = span_take(s, RIFF_HEAD);
	uint32_t told;

	if (head == NULL || memcmp(head, "RIFF", 4) != 0 ||
	    memcmp(head + 8, "WEBP", 4) != 0)
		return false;
	told = le32(head + 4);
	if (told >= 4 && told - 4 < s->len)
		s->len = told - 4;
	return true;
}

bool
webp_open(struct webp_reader *r, const void *data, size_t len)
{
	struct webp_reader in = { .rest = { data, len } };
	struct chunk c;

	if (!enter(&in.rest) || !riff_next(&in.rest, &c) ||
	    !chunk_is(&c, "VP8X") || c.body.len < VP8X_LEN ||
	    (c.body.at[0] & HAS_ANIMATION) == 0)
		return false;
	in.canvas.width = le24(c.body.at + 4) + 1;
	in.canvas.height = le24(c.body.at + 7) + 1;
	while (riff_next(&in.rest, &c))
		if (chunk_is(&c, "ANIM") && c.body.len >= ANIM_LEN) {
			in.plays = le16(c.body.at + 4);
			*r = in;
			return true;
		}
	return false;
}

bool
webp_next(struct webp_reader *r, struct webp_frame *out)
{
	const uint8_t *p;
	struct chunk c;

	while (riff_next(&r->rest, &c)) {
		p = span_take(&c.body, ANMF_LEN);
		if (!chunk_is(&c, "ANMF") || p == NULL)
			continue;
		*out = (struct webp_frame){
			.x = le24(p) * 2,
			.y = le24(p + 3) * 2,
			.size = { le24(p + 6) + 1, le24(p + 9) + 1 },
			.ms = le24(p + 12),
			.blend = (p[15] & NO_BLEND) == 0,
			.clear = (p[15] & CLEAR) != 0,
			.chunks = c.body,
		};
		return true;
	}
	return false;
}

const void *
webp_exif(const void *data, size_t len, size_t *exif_len)
{
	struct span file = { data, len }, exif;

	if (!enter(&file) || !riff_find(file, "EXIF", &exif))
		return NULL;
	*exif_len = exif.len;
	return exif.at;
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
add_picture(struct buf *out, struct span chunks)
{
	struct chunk c;

	while (riff_next(&chunks, &c)) {
		if (chunk_is(&c, "ALPH"))
			add_chunk(out, "ALPH", c.body.at, c.body.len);
		if (chunk_is(&c, "VP8 ") || chunk_is(&c, "VP8L")) {
			add_chunk(out, (const char *)c.name, c.body.at,
			    c.body.len);
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
	(void)add_picture(out, frame->chunks);
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
	struct span file = { still, len };
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
	ok = enter(&file) && add_picture(out, file);
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
