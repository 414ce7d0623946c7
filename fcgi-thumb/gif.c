#include "config.h"

/*
 * Writes GIF: blocks, and the variable-length codes of its LZW (GIF89a,
 * appendix F). Each frame has a palette of its own. Reads nothing.
 */

#include "gif.h"

#include <stdint.h>
#include <string.h>

#define CODES 4096 /* of 12 bits at most */
#define SLOTS 8192 /* of the dictionary: twice as many, a power of 2 */
#define BLOCK 255  /* bytes of a sub-block at most */

/* Disposal, and whether an index is clear: the graphic control's flags. */
#define KEEP (1 << 2)
#define CLEAR (2 << 2)
#define HAS_CLEAR 1

struct packer {
	struct buf *out;
	unsigned char block[BLOCK];
	unsigned len;
	uint32_t bits; /* not in a block yet, the first in the lowest */
	unsigned n_bits;
	/* A string is a code and the index behind it; 0: an empty slot. */
	struct {
		uint32_t key;
		uint16_t code;
	} slots[SLOTS];
	unsigned root;  /* bits of an index */
	unsigned width; /* bits of a code */
	unsigned next;  /* the next code to be given */
};

static void
add_byte(struct buf *out, unsigned value)
{
	const unsigned char byte = (unsigned char)value;

	buf_add(out, &byte, 1);
}

static void
add_short(struct buf *out, unsigned value)
{
	add_byte(out, value & 0xff);
	add_byte(out, value >> 8 & 0xff);
}

static void
flush_block(struct packer *p)
{
	if (p->len == 0)
		return;
	add_byte(p->out, p->len);
	buf_add(p->out, p->block, p->len);
	p->len = 0;
}

static void
pack(struct packer *p, unsigned code)
{
	p->bits |= (uint32_t)code << p->n_bits;
	p->n_bits += p->width;
	while (p->n_bits >= 8) {
		p->block[p->len++] = (unsigned char)p->bits;
		p->bits >>= 8;
		p->n_bits -= 8;
		if (p->len == BLOCK)
			flush_block(p);
	}
}

/* Forget all strings, and say so. */
static void
restart(struct packer *p)
{
	const unsigned clear = 1U << p->root;

	if (p->width == 0)
		p->width = p->root + 1;
	pack(p, clear);
	memset(p->slots, 0, sizeof p->slots);
	p->width = p->root + 1;
	p->next = clear + 2;
}

/*
 * The string's slot, or the one where it belongs. No key is 0: the lowest that
 * is asked for has a one above its bits.
 */
static unsigned
find_slot(const struct packer *p, uint32_t key)
{
	unsigned slot = key * 2654435761U >> 19;

	while (p->slots[slot].key != 0 && p->slots[slot].key != key)
		slot = (slot + 1) % SLOTS;
	return slot;
}

/* A string that was not known has been met: it gets a code, while there are. */
static void
learn(struct packer *p, unsigned slot, uint32_t key)
{
	if (p->next == CODES) {
		restart(p);
		return;
	}
	/* The decoder learns it one code later: widen when it will have. */
	if (p->next == 1U << p->width)
		p->width++;
	p->slots[slot].key = key;
	p->slots[slot].code = (uint16_t)p->next++;
}

static void
compress(struct packer *p, const unsigned char *indices, size_t n)
{
	unsigned string = indices[0];

	restart(p);
	for (size_t i = 1; i < n; i++) {
		const uint32_t key =
		    1U << 31 | (uint32_t)string << 8 | indices[i];
		const unsigned slot = find_slot(p, key);

		if (p->slots[slot].key == key) {
			string = p->slots[slot].code;
			continue;
		}
		pack(p, string);
		learn(p, slot, key);
		string = indices[i];
	}
	pack(p, string);
	if (p->next == 1U << p->width && p->width < 12)
		p->width++;
	pack(p, (1U << p->root) + 1);
	if (p->n_bits > 0)
		p->block[p->len++] = (unsigned char)p->bits;
	flush_block(p);
}

void
gif_begin(struct buf *out, struct size canvas, unsigned plays)
{
	buf_puts(out, "GIF89a");
	add_short(out, canvas.width);
	add_short(out, canvas.height);
	buf_add(out, "\0\0\0", 3); /* no palette for all, no background */
	if (plays == 1)
		return;
	/* It counts the times after the first. */
	buf_add(out, "!\xff\x0bNETSCAPE2.0\x03\x01", 16);
	add_short(out, plays == 0 ? 0 : plays - 1);
	add_byte(out, 0);
}

static void
add_control(struct buf *out, const struct gif_frame *frame)
{
	const unsigned hundredths = (frame->ms + 5) / 10;

	buf_add(out, "!\xf9\x04", 3);
	add_byte(out,
	    (frame->clear ? CLEAR : KEEP) | (frame->has_clear ? HAS_CLEAR : 0));
	add_short(out, hundredths > 0xffff ? 0xffff : hundredths);
	add_byte(out, frame->has_clear ? frame->palette->n : 0);
	add_byte(out, 0);
}

/* Bits that hold every index, 2 at least, as LZW wants it. */
static unsigned
index_bits(const struct gif_frame *frame)
{
	const unsigned n = frame->palette->n + (frame->has_clear ? 1 : 0);
	unsigned bits = 2;

	while (1U << bits < n)
		bits++;
	return bits;
}

void
gif_add(struct buf *out, const struct gif_frame *frame)
{
	const unsigned bits = index_bits(frame);
	struct packer p = { .out = out, .root = bits };
	static const unsigned char unused[3];

	add_control(out, frame);
	add_byte(out, ',');
	add_short(out, frame->x);
	add_short(out, frame->y);
	add_short(out, frame->size.width);
	add_short(out, frame->size.height);
	add_byte(out, 0x80 | (bits - 1));
	for (unsigned i = 0; i < 1U << bits; i++)
		buf_add(out,
		    i < frame->palette->n ? frame->palette->rgb[i] : unused, 3);
	add_byte(out, bits);
	compress(&p, frame->indices,
	    (size_t)frame->size.width * frame->size.height);
	add_byte(out, 0);
}

void
gif_end(struct buf *out)
{
	add_byte(out, ';');
}
