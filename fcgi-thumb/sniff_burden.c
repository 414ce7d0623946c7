#include "config.h"

/*
 * What a picture will cost, and whether its file can hold it: lower bounds, by
 * a second look at the header. Where nothing is sure, nothing is said.
 */

#include "sniff_bmp.h"
#include "sniff_ifd.h"
#include "sniff_jpeg.h"

#include "chunk.h"

/* The best that deflate can do (RFC 1951): 258 bytes by two bits. */
#define DEFLATE_MOST 1032
/* What a stream may have of its own, and rows of interlacing. */
#define DEFLATE_LEAST 65536
#define DEFLATE_SLACK 4

#define PHOTOMETRIC_PALETTE 3
#define PHOTOMETRIC_CMYK 5

struct jpeg_frame {
	int marker;
	const uint8_t *body; /* 6 bytes, and 3 a component */
	unsigned components;
};

static bool
find_frame(struct span file, struct jpeg_frame *out)
{
	struct span body;

	while (jpeg_next_segment(&file, &out->marker, &body))
		if (jpeg_is_frame(out->marker)) {
			out->body = body.at;
			out->components = body.len >= 6 ? body.at[5] : 0;
			return body.len >= 6 + 3 * (size_t)out->components;
		}
	return false;
}

/* ---- what it costs ---- */

/* Of 16 bits each, for all components at their size; whole blocks or not. */
static uint64_t
coefficients(const struct jpeg_frame *frame, const struct sniff *sniff)
{
	unsigned most_x = 1, most_y = 1;
	uint64_t shares = 0; /* of a component of full size */

	for (unsigned i = 0; i < frame->components; i++) {
		const unsigned by = frame->body[6 + 3 * i + 1];

		most_x = by >> 4 > most_x ? by >> 4 : most_x;
		most_y = (by & 15) > most_y ? by & 15 : most_y;
		shares += (uint64_t)(by >> 4) * (by & 15);
	}
	return (uint64_t)sniff->width * sniff->height * shares /
	    (most_x * most_y) * 2;
}

static void
weigh_jpeg(struct span file, const struct sniff *sniff,
    struct sniff_burden *out)
{
	struct jpeg_frame frame;

	if (!find_frame(file, &frame))
		return;
	if (frame.components == 1)
		out->colors = SNIFF_GRAY;
	else if (frame.components == 4)
		out->colors = SNIFF_CMYK;
	if (frame.marker == JPEG_SOF2 || frame.marker == JPEG_SOF10)
		out->held = coefficients(&frame, sniff);
}

static void
weigh_png(struct span file, struct sniff_burden *out)
{
	const uint8_t *head = file.len >= 29 ? file.at : NULL;
	struct span alpha;

	if (head == NULL)
		return;
	if (head[25] == 0 && head[24] <= 8)
		out->colors = SNIFF_GRAY;
	else if (head[25] == 3)
		out->colors = png_find(file, "tRNS", &alpha)
		    ? SNIFF_PALETTE_ALPHA
		    : SNIFF_PALETTE;
}

static void
weigh_tiff(struct span file, struct sniff_burden *out)
{
	struct tiff tiff;
	struct tiff_ifd ifd;
	uint32_t photometric;

	if (!tiff_open(file, &tiff) || !tiff_ifd(&tiff, tiff.first, &ifd))
		return;
	photometric = tiff_number(&tiff, &ifd, TIFF_PHOTOMETRIC, 1);
	if (photometric == PHOTOMETRIC_CMYK)
		out->colors = SNIFF_CMYK;
	else if (photometric == PHOTOMETRIC_PALETTE)
		out->colors = SNIFF_PALETTE;
}

void
sniff_burden(const void *data, size_t len, const struct sniff *sniff,
    struct sniff_burden *out)
{
	struct span file = { data, len };
	struct bmp bmp;

	*out = (struct sniff_burden){ .colors = SNIFF_COLORS };
	if (sniff->format == FORMAT_JPEG)
		weigh_jpeg(file, sniff, out);
	else if (sniff->format == FORMAT_PNG)
		weigh_png(file, out);
	else if (sniff->format == FORMAT_TIFF)
		weigh_tiff(file, out);
	else if (sniff->format == FORMAT_GIF ||
	    (sniff->format == FORMAT_BMP && bmp_read(file, &bmp) &&
		bmp.bits <= 8))
		out->colors = SNIFF_PALETTE;
}

/* ---- whether it can be ---- */

static enum fault
refuse(const struct sniff *sniff, const char *how, struct fault_info *info)
{
	return fault_set(info, FAULT_CORRUPT_IMAGE,
	    "The file has %s bytes for a picture of %u x %u px.", how,
	    sniff->width, sniff->height);
}

/* Huffman's code has a bit at least for each block of 8 x 8 px. */
static enum fault
check_jpeg(struct span file, const struct sniff *sniff, struct fault_info *info)
{
	const uint64_t blocks =
	    (uint64_t)(sniff->width / 8) * (sniff->height / 8);
	struct jpeg_frame frame;

	if (blocks / 8 <= file.len || !find_frame(file, &frame) ||
	    frame.marker == JPEG_SOF9 || frame.marker == JPEG_SOF10)
		return FAULT_NONE;
	return refuse(sniff, "too few", info);
}

/* Bytes of a row, without the one that names its filter. */
static uint64_t
png_row(const uint8_t *head, const struct sniff *sniff)
{
	static const unsigned char samples[] = { 1, 0, 3, 1, 2, 0, 4 };

	return ((uint64_t)sniff->width * samples[head[25] % 7] * head[24] + 7) /
	    8;
}

static enum fault
check_png(struct span file, const struct sniff *sniff, struct fault_info *info)
{
	const uint8_t *head = span_take(&file, 33);
	struct chunk c;
	uint64_t row, coded = 0;
	bool ended = false;

	if (head == NULL)
		return FAULT_NONE;
	row = png_row(head, sniff);
	if (row == 0)
		return FAULT_NONE;
	while (!ended && png_next(&file, &c)) {
		ended = chunk_is(&c, "IEND");
		coded += chunk_is(&c, "IDAT") ? c.body.len : 0;
	}
	if (!ended)
		coded += file.len; /* that a file is cut is said elsewhere */
	if (coded * DEFLATE_MOST / row < sniff->height)
		return refuse(sniff, "too few", info);
	if (coded > DEFLATE_LEAST &&
	    (coded - DEFLATE_LEAST) / DEFLATE_SLACK / (row + 1) > sniff->height)
		return refuse(sniff, "too many", info);
	return FAULT_NONE;
}

enum fault
sniff_check_bulk(const void *data, size_t len, const struct sniff *sniff,
    struct fault_info *info)
{
	struct span file = { data, len };

	if (sniff->format == FORMAT_JPEG)
		return check_jpeg(file, sniff, info);
	if (sniff->format == FORMAT_PNG)
		return check_png(file, sniff, info);
	return FAULT_NONE;
}
