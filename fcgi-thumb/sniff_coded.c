#include "config.h"

/*
 * Reads the sizes that HEVC's sequence parameter sets (ITU-T H.265, 7.3.2.2)
 * and AV1's sequence headers (AV1 specification, 5.5) tell, wherever in the
 * item they stand, and as far as those sizes only.
 */

#include "sniff_coded.h"

#include "sniff_box.h"

#define BLOCK 64u

/* --- bits --- */

struct bits {
	struct span from;
	unsigned left; /* bits of `byte` */
	unsigned byte;
	unsigned zeros;  /* bytes of 0 before */
	bool is_escaped; /* H.265 7.3.1.1: 0 0 3 stands for 0 0 */
	bool is_over;    /* more was asked for than there is */
};

static void
next_byte(struct bits *b)
{
	const uint8_t *p = span_take(&b->from, 1);

	if (p != NULL && b->is_escaped && b->zeros >= 2 && *p == 3) {
		b->zeros = 0;
		p = span_take(&b->from, 1);
	}
	b->is_over = b->is_over || p == NULL;
	b->byte = p != NULL ? *p : 0;
	b->zeros = b->byte == 0 ? b->zeros + 1 : 0;
	b->left = 8;
}

/* n: 0..32 */
static uint32_t
take(struct bits *b, unsigned n)
{
	uint32_t value = 0;

	while (n-- > 0) {
		if (b->left == 0)
			next_byte(b);
		value = value << 1 | (b->byte >> --b->left & 1);
	}
	return value;
}

static void
skip(struct bits *b, unsigned n)
{
	while (n-- > 0)
		(void)take(b, 1);
}

/* Exp-Golomb: ue(v) there, uvlc() here. */
static uint32_t
take_golomb(struct bits *b)
{
	unsigned zeros = 0;

	while (zeros < 32 && !b->is_over && take(b, 1) == 0)
		zeros++;
	if (zeros >= 32)
		return UINT32_MAX;
	return (1u << zeros) - 1 + take(b, zeros);
}

struct limit {
	uint32_t width, height;
	unsigned *steps;
};

static bool
may_step(const struct limit *l)
{
	if (*l->steps == 0)
		return false;
	--*l->steps;
	return true;
}

static uint32_t
whole_blocks(uint32_t px)
{
	return (px + BLOCK - 1) / BLOCK * BLOCK;
}

static bool
is_within(uint32_t width, uint32_t height, const struct limit *l)
{
	return width <= l->width && height <= l->height;
}

/* --- HEVC --- */

#define NAL_SPS 33

/* 7.3.3: the general part, and those of the layers below. */
static void
skip_profile(struct bits *b, unsigned layers)
{
	uint32_t flags;

	skip(b, 96);
	if (layers == 0)
		return;
	/* Two flags for each of eight: has it a profile, has it a level? */
	flags = take(b, 16);
	for (unsigned i = 0; i < layers; i++, flags <<= 2) {
		if ((flags & 0x8000) != 0)
			skip(b, 88);
		if ((flags & 0x4000) != 0)
			skip(b, 8);
	}
}

static bool
sps_fits(struct span nal, const struct limit *l)
{
	struct bits b = { .from = nal, .is_escaped = true };
	uint32_t layers, width, height;

	skip(&b, 16 + 4); /* the NAL unit's header, the VPS's number */
	layers = take(&b, 3);
	skip(&b, 1);
	skip_profile(&b, layers);
	(void)take_golomb(&b);    /* its own number */
	if (take_golomb(&b) == 3) /* the chroma's format */
		skip(&b, 1);
	width = take_golomb(&b);
	height = take_golomb(&b);
	return b.is_over || is_within(width, height, l);
}

static bool
nal_fits(struct span nal, const struct limit *l)
{
	return may_step(l) &&
	    (nal.len < 2 || (nal.at[0] >> 1 & 0x3f) != NAL_SPS ||
		sps_fits(nal, l));
}

/*
 * A length of some bytes and a NAL unit; false at the end. Decoders step over
 * an empty one.
 */
static bool
next_nal(struct span *s, unsigned length_bytes, struct span *nal)
{
	uint64_t len;

	if (!box_number(s, length_bytes, &len))
		return false;
	nal->len = len < s->len ? (size_t)len : s->len;
	nal->at = span_take(s, nal->len);
	return true;
}

/* ISO/IEC 14496-15, 8.3.3.1: arrays of NAL units. */
static bool
config_fits(struct span config, const struct limit *l)
{
	const uint8_t *p = span_take(&config, 23), *head;
	struct span nal;

	if (p == NULL)
		return true;
	/* libheif reads lengths of 4 bytes in the data, whatever this says. */
	if ((p[21] & 3) != 3)
		return false;
	for (unsigned arrays = p[22]; arrays > 0; arrays--) {
		head = span_take(&config, 3);
		if (head == NULL)
			break;
		for (unsigned n = be16(head + 1); n > 0; n--) {
			if (!next_nal(&config, 2, &nal))
				break;
			if (!nal_fits(nal, l))
				return false;
		}
	}
	return true;
}

bool
coded_hevc_fits(struct span config, struct span data, uint32_t width,
    uint32_t height, unsigned *steps)
{
	const struct limit l = { whole_blocks(width), whole_blocks(height),
		steps };
	struct span nal;

	if (!config_fits(config, &l))
		return false;
	while (next_nal(&data, 4, &nal)) {
		if (!nal_fits(nal, &l))
			return false;
	}
	return true;
}

/* --- AV1 --- */

enum obu_type {
	OBU_SEQUENCE = 1,
	OBU_FRAME_HEADER = 3,
	OBU_FRAME = 6,
};

#define BY_FRAME 2 /* what a sequence may leave to each of its frames */

/* What a sequence header says, as far as a frame's size needs it. */
struct sequence {
	uint32_t width, height;
	unsigned width_bits, height_bits;
	bool is_reduced; /* one still picture, whose size this is */
	bool has_equal_interval;
	bool has_decoder_model;
	unsigned delay_bits;
	unsigned presentation_bits;
	unsigned id_bits; /* 0: frames have no numbers */
	unsigned screen_tools, integer_mv;
};

static void
read_timing(struct bits *b, struct sequence *s)
{
	skip(b, 64);
	s->has_equal_interval = take(b, 1) != 0;
	if (s->has_equal_interval)
		(void)take_golomb(b);
	s->has_decoder_model = take(b, 1) != 0;
	if (s->has_decoder_model) {
		s->delay_bits = take(b, 5) + 1;
		skip(b, 32 + 5);
		s->presentation_bits = take(b, 5) + 1;
	}
}

static void
read_points(struct bits *b, const struct sequence *s)
{
	bool has_delay = take(b, 1) != 0;

	for (unsigned points = take(b, 5) + 1; points > 0; points--) {
		skip(b, 12);
		if (take(b, 5) > 7) /* level; then comes a tier */
			skip(b, 1);
		if (s->has_decoder_model && take(b, 1) != 0)
			skip(b, 2 * s->delay_bits + 1);
		if (has_delay && take(b, 1) != 0)
			skip(b, 4);
	}
}

static void
read_tools(struct bits *b, struct sequence *s)
{
	skip(b, 3); /* superblock, filter, edge */
	s->screen_tools = BY_FRAME;
	s->integer_mv = BY_FRAME;
	if (s->is_reduced)
		return;
	skip(b, 4);
	if (take(b, 1) != 0) /* order hints */
		skip(b, 2);
	if (take(b, 1) == 0)
		s->screen_tools = take(b, 1);
	if (s->screen_tools > 0 && take(b, 1) == 0)
		s->integer_mv = take(b, 1);
}

static void
read_sequence(struct bits *b, struct sequence *s)
{
	*s = (struct sequence){ 0 };
	skip(b, 4); /* profile, still picture */
	s->is_reduced = take(b, 1) != 0;
	if (s->is_reduced) {
		skip(b, 5);
	} else {
		if (take(b, 1) != 0)
			read_timing(b, s);
		read_points(b, s);
	}
	s->width_bits = take(b, 4) + 1;
	s->height_bits = take(b, 4) + 1;
	s->width = take(b, s->width_bits) + 1;
	s->height = take(b, s->height_bits) + 1;
	if (!s->is_reduced && take(b, 1) != 0) {
		s->id_bits = take(b, 4) + 2;
		s->id_bits += take(b, 3) + 1;
	}
	read_tools(b, s);
}

/* 5.9.2, to the flag that says that the frame has a size of its own. */
static bool
has_own_size(struct bits *b, const struct sequence *s)
{
	enum {
		KEY = 0,
		SWITCH = 3
	};
	uint32_t type, shown;
	bool screen;

	if (s->is_reduced || take(b, 1) != 0) /* one that is there is shown */
		return false;
	type = take(b, 2);
	shown = take(b, 1);
	if (shown && s->has_decoder_model && !s->has_equal_interval)
		skip(b, s->presentation_bits);
	if (!shown)
		skip(b, 1);
	if (type != SWITCH && !(type == KEY && shown))
		skip(b, 1);
	skip(b, 1);
	screen = s->screen_tools == BY_FRAME ? take(b, 1) != 0
					     : s->screen_tools != 0;
	if (screen && s->integer_mv == BY_FRAME)
		skip(b, 1);
	skip(b, s->id_bits);
	return type == SWITCH || take(b, 1) != 0;
}

/* The largest that can be written, where it is not known. */
static bool
own_size_fits(const struct sequence *s, const struct limit *l)
{
	return 1u << s->width_bits <= 2 * l->width &&
	    1u << s->height_bits <= 2 * l->height;
}

/* 5.3: a header of one or two bytes, and mostly a length. */
static bool
next_obu(struct span *s, unsigned *type, struct span *out)
{
	const uint8_t *head = span_take(s, 1), *p;
	uint64_t len = s->len;

	if (head == NULL || ((*head & 4) != 0 && span_take(s, 1) == NULL))
		return false;
	*type = *head >> 3 & 15;
	if ((*head & 2) != 0) {
		len = 0;
		for (unsigned i = 0; i < 8; i++) {
			p = span_take(s, 1);
			if (p == NULL)
				return false;
			len |= (uint64_t)(*p & 0x7f) << 7 * i;
			if ((*p & 0x80) == 0)
				break;
		}
	}
	out->len = len < s->len ? (size_t)len : s->len;
	out->at = span_take(s, out->len);
	return true;
}

static bool
obus_fit(struct span obus, const struct limit *l, struct sequence *s)
{
	struct span body;
	unsigned type;

	while (next_obu(&obus, &type, &body)) {
		struct bits b = { .from = body };

		if (!may_step(l))
			return false;
		if (type == OBU_SEQUENCE) {
			read_sequence(&b, s);
			if (!b.is_over && !is_within(s->width, s->height, l))
				return false;
		} else if ((type == OBU_FRAME || type == OBU_FRAME_HEADER) &&
		    has_own_size(&b, s) && !own_size_fits(s, l)) {
			return false;
		}
	}
	return true;
}

bool
coded_av1_fits(struct span config, struct span data, uint32_t width,
    uint32_t height, unsigned *steps)
{
	const struct limit l = { whole_blocks(width), whole_blocks(height),
		steps };
	struct sequence s = { .is_reduced = true };

	return (span_take(&config, 4) == NULL || obus_fit(config, &l, &s)) &&
	    obus_fit(data, &l, &s);
}
