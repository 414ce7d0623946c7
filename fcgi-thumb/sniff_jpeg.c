#include "config.h"

/*
 * Walks a JPEG's marker segments to its frame header (ITU-T T.81, B.2).
 * Steps over odd bytes between segments as libjpeg does, so that both find
 * the same header. Of what comes after it the scans are counted; all else is the
 * decoder's business.
 */

#include "sniff_jpeg.h"

#include <string.h>

enum {
	DHT = 0xc4,
	JPG = 0xc8,
	DAC = 0xcc,
};

static const char cut[] = "The JPEG ends before its size is told.";

#define BLOCK 64

/*
 * Does no marker begin in the next BLOCK bytes, of which there is one more?
 * Most bytes are of scans, where each hundredth or so is 0xff and a 0 after it
 * says that it is none. Looked at without a branch, so that a compiler makes a
 * few wide instructions of it.
 */
static bool
is_plain(const uint8_t *p)
{
	uint8_t found = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		found |= (uint8_t)((p[i] == 0xff) & (p[i + 1] != 0));
	return found == 0;
}

int
jpeg_next_marker(struct span *s)
{
	const uint8_t *p;

	for (;;) {
		while (s->len > BLOCK && is_plain(s->at))
			(void)span_take(s, BLOCK);
		if (s->len == 0 || (p = memchr(s->at, 0xff, s->len)) == NULL)
			return -1;
		(void)span_take(s, (size_t)(p - s->at));
		do
			p = span_take(s, 1);
		while (p != NULL && *p == 0xff);
		if (p != NULL && *p != 0)
			return *p;
	}
}

bool
jpeg_stands_alone(int marker)
{
	return marker == JPEG_TEM ||
	    (marker >= JPEG_RST0 && marker <= JPEG_RST7);
}

bool
jpeg_next_segment(struct span *s, int *marker, struct span *body)
{
	const uint8_t *p;

	do
		*marker = jpeg_next_marker(s);
	while (jpeg_stands_alone(*marker) || *marker == JPEG_SOI);
	if (*marker == -1 || *marker == JPEG_EOI)
		return false;
	p = span_take(s, 2);
	if (p == NULL || be16(p) < 2)
		return false;
	body->len = be16(p) - 2;
	body->at = span_take(s, body->len);
	return body->at != NULL;
}

bool
jpeg_is_frame(int marker)
{
	return marker >= JPEG_SOF0 && marker <= JPEG_SOF15 && marker != DHT &&
	    marker != JPG && marker != DAC;
}

/* seg is the frame header's segment after its length. */
static enum fault
read_frame(int marker, struct span seg, struct sniff *out,
    struct fault_info *info)
{
	const uint8_t *p = span_take(&seg, 6);
	unsigned width, height;

	if (p == NULL || p[5] == 0 || seg.len != 3u * p[5])
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The JPEG's frame header is malformed.");
	if (marker != JPEG_SOF0 && marker != JPEG_SOF1 && marker != JPEG_SOF2 &&
	    marker != JPEG_SOF9 && marker != JPEG_SOF10)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This JPEG is lossless or hierarchical; baseline and "
		    "progressive ones are accepted.");
	if (p[0] != 8)
		return fault_set(info, FAULT_UNSUPPORTED_FORMAT,
		    "This JPEG has %u bits a sample; 8 are accepted.", p[0]);
	height = be16(p + 1);
	width = be16(p + 3);
	/* A height of 0 would be told after the picture, by DNL. */
	if (width == 0 || height == 0)
		return fault_set(info, FAULT_CORRUPT_IMAGE,
		    "The JPEG says that it is %u x %u px.", width, height);
	*out = (struct sniff){
		.format = FORMAT_JPEG,
		.width = width,
		.height = height,
		.frames = 1,
	};
	return FAULT_NONE;
}

enum fault
sniff_jpeg(struct span file, struct sniff *out, struct fault_info *info)
{
	struct span rest = file, seg;
	const uint8_t *p;
	int marker;

	(void)span_take(&rest, 2); /* SOI, seen with the magic */
	while ((marker = jpeg_next_marker(&rest)) != -1) {
		if (jpeg_stands_alone(marker))
			continue;
		if (marker == JPEG_SOI || marker == JPEG_EOI ||
		    marker == JPEG_SOS)
			return fault_set(info, FAULT_CORRUPT_IMAGE,
			    "The JPEG has no frame header before its picture.");
		p = span_take(&rest, 2);
		if (p == NULL)
			break;
		if (be16(p) < 2)
			return fault_set(info, FAULT_CORRUPT_IMAGE,
			    "A segment of the JPEG has an impossible length.");
		seg.len = be16(p) - 2;
		seg.at = span_take(&rest, seg.len);
		if (seg.at == NULL)
			break;
		if (jpeg_is_frame(marker))
			return read_frame(marker, seg, out, info);
	}
	return fault_set(info, FAULT_CORRUPT_IMAGE, cut);
}

unsigned
sniff_jpeg_scans(struct span file)
{
	struct span body;
	unsigned n = 0;
	int marker;

	while (jpeg_next_segment(&file, &marker, &body))
		n += marker == JPEG_SOS;
	return n;
}
