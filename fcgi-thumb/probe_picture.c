#include "config.h"

/*
 * Blocks of colours, and whether a thumbnail shows them. A channel of a block is
 * either dark or bright: what the coarsest quality, few colours or another
 * chroma do to it is far from making the one the other, and a thumbnail that is
 * blank, gray, of another photo, upside down or has its channels changed has
 * the wrong one somewhere.
 */

#include "probe_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "sniff.h"

#define SIDE_MIN 256 /* px of a photo's longer side */
#define SIDE_MAX 640
#define SHARE 8 /* px of a thumbnail's side for a block at least */

#define DARK 24    /* .. DARK + SPREAD */
#define BRIGHT 200 /* .. BRIGHT + SPREAD */
#define SPREAD 31  /* one less than a power of two: it masks random bits */
#define BETWEEN 128

/* All but these are JPEG. */
#define OTHER_EVERY 6

const struct preset *
probe_preset(const struct settings *settings)
{
	const struct preset *least = &settings->presets[0];

	for (unsigned i = 1; i < settings->n_presets; i++) {
		const struct preset *p = &settings->presets[i];

		if ((uint64_t)p->width * p->height <
		    (uint64_t)least->width * least->height)
			least = p;
	}
	return least;
}

/* ---- drawing ---- */

static unsigned
shorter(unsigned longer, double ratio)
{
	unsigned side = (unsigned)lround(longer * ratio);

	return side > 0 ? side : 1;
}

/* The longer side of a photo for a box of this longer side. */
static unsigned
choose_side(unsigned box, double ratio, const struct limits *limits)
{
	double most = sqrt((double)limits->pixels / ratio);
	unsigned side = box > SIDE_MAX / 2 ? SIDE_MAX : 2 * box;

	if (side < SIDE_MIN)
		side = SIDE_MIN;
	if (side > limits->side)
		side = limits->side;
	if (side > most)
		side = (unsigned)most;
	return side > 0 ? side : 1;
}

/* As many blocks as a side of the thumbnail has room for. */
static unsigned
count_blocks(unsigned px)
{
	unsigned n = px / SHARE;

	if (n > PROBE_BLOCKS_MAX)
		return PROBE_BLOCKS_MAX;
	return n > 0 ? n : 1;
}

static void
place(const struct probe_picture *p, const struct preset *preset,
    struct placement *out)
{
	geometry_place(p->size, (struct size){ preset->width, preset->height },
	    preset->fit, preset->gravity, preset->enlarge, out);
}

/* Of random bits: which of both it is, and how much of it. */
static unsigned
channel(uint32_t bits)
{
	return ((bits & 0x80) != 0 ? BRIGHT : DARK) + (bits & SPREAD);
}

int
probe_picture_draw(struct probe_picture *p, const struct preset *preset,
    const struct limits *limits)
{
	bool is_wide = preset->width >= preset->height;
	unsigned box = is_wide ? preset->width : preset->height;
	double ratio = (double)(is_wide ? preset->height : preset->width) / box;
	unsigned side = choose_side(box, ratio, limits);
	struct placement at;

	*p = (struct probe_picture){ 0 };
	p->size.width = is_wide ? side : shorter(side, ratio);
	p->size.height = is_wide ? shorter(side, ratio) : side;
	place(p, preset, &at);
	p->columns = count_blocks(at.scaled.width);
	p->rows = count_blocks(at.scaled.height);
	if (getrandom(p->colors, sizeof p->colors, 0) !=
	    (ssize_t)sizeof p->colors)
		return -1;
	for (unsigned i = 0; i < p->columns * p->rows; i++)
		p->colors[i] = channel(p->colors[i] >> 16) << 16 |
		    channel(p->colors[i] >> 8) << 8 | channel(p->colors[i]);
	return 0;
}

static uint32_t
color_at(const struct probe_picture *p, unsigned x, unsigned y)
{
	unsigned column = (unsigned)((uint64_t)x * p->columns / p->size.width);
	unsigned row = (unsigned)((uint64_t)y * p->rows / p->size.height);

	return p->colors[row * p->columns + column];
}

static unsigned char *
paint(const struct probe_picture *p)
{
	unsigned char *rgb = malloc((size_t)p->size.width * p->size.height * 3);
	unsigned char *px = rgb;

	for (unsigned y = 0; rgb != NULL && y < p->size.height; y++)
		for (unsigned x = 0; x < p->size.width; x++) {
			uint32_t color = color_at(p, x, y);

			*px++ = (unsigned char)(color >> 16);
			*px++ = (unsigned char)(color >> 8);
			*px++ = (unsigned char)color;
		}
	return rgb;
}

enum fault
probe_picture_encode(const struct probe_picture *p, enum format format,
    const struct progress *progress, void **out, size_t *len,
    struct fault_info *info)
{
	const struct encoding how = { .format = format, .quality = 90 };
	unsigned char *rgb = paint(p);
	struct image *img =
	    rgb != NULL ? image_from_rgb(rgb, p->size, progress) : NULL;
	enum fault f;

	if (img == NULL)
		f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	else
		f = image_encode(img, &how, out, len, info);
	image_free(img);
	free(rgb);
	return f;
}

/* ---- looking ---- */

/* All of the thumbnail, small enough for a glance. */
static enum fault
glance(const void *file, size_t len, const struct progress *progress,
    struct size *size, struct glance *out, struct fault_info *info)
{
	struct image *img = NULL, *small = NULL;
	struct size to;
	struct sniff sniff;
	enum fault f = sniff_read(file, len, &sniff, info);

	if (f == FAULT_NONE)
		f = image_decode(file, len, &sniff,
		    (struct size){ sniff.width, sniff.height }, progress, &img,
		    info);
	if (f == FAULT_NONE)
		f = image_to_srgb(img, info);
	if (f == FAULT_NONE) {
		to = *size = image_size(img);
		if (to.width > GLANCE_SIDE)
			to.width = GLANCE_SIDE;
		if (to.height > GLANCE_SIDE)
			to.height = GLANCE_SIDE;
		f = image_reduce(img, to, &small, info);
	}
	if (f == FAULT_NONE)
		f = image_glance(small, out, info);
	image_free(small);
	image_free(img);
	return f;
}

/* The middle half of a block, in px of the glance: [from, to). */
static void
middle(double start, double length, unsigned px, unsigned *from, unsigned *to)
{
	double first = start + length / 4, last = start + length * 3 / 4;

	*from = first > 0 ? (unsigned)first : 0;
	if (*from >= px)
		*from = px - 1;
	*to = last < px ? (unsigned)ceil(last) : px;
	if (*to <= *from)
		*to = *from + 1;
}

/* Is the mean of these px dark and bright as a colour is? */
static bool
shows(const struct glance *g, const unsigned x[2], const unsigned y[2],
    uint32_t color)
{
	unsigned n = (x[1] - x[0]) * (y[1] - y[0]);

	for (unsigned c = 0; c < 3; c++) {
		unsigned want = color >> (16 - 8 * c) & 0xff, sum = 0;

		for (unsigned i = y[0]; i < y[1]; i++)
			for (unsigned j = x[0]; j < x[1]; j++)
				sum += g->rgb[(i * g->size.width + j) * 3 + c];
		if ((sum / n < BETWEEN) != (want < BETWEEN))
			return false;
	}
	return true;
}

/* How many blocks are not seen where they have to be. */
static unsigned
count_wrong(const struct probe_picture *p, const struct placement *at,
    const struct glance *g)
{
	/* px of the glance for each of the photo's. */
	double sx = at->scaled.width / at->crop_width * g->size.width /
	    at->canvas.width;
	double sy = at->scaled.height / at->crop_height * g->size.height /
	    at->canvas.height;
	double left =
	    (double)at->x * g->size.width / at->canvas.width - at->crop_x * sx;
	double top = (double)at->y * g->size.height / at->canvas.height -
	    at->crop_y * sy;
	double w = (double)p->size.width / p->columns * sx;
	double h = (double)p->size.height / p->rows * sy;
	unsigned x[2], y[2], wrong = 0;

	for (unsigned row = 0; row < p->rows; row++)
		for (unsigned column = 0; column < p->columns; column++) {
			middle(left + column * w, w, g->size.width, &x[0],
			    &x[1]);
			middle(top + row * h, h, g->size.height, &y[0], &y[1]);
			wrong += !shows(g, x, y,
			    p->colors[row * p->columns + column]);
		}
	return wrong;
}

bool
probe_picture_is_in(const struct probe_picture *p, const struct preset *preset,
    const void *file, size_t len, const struct progress *progress, char *why,
    size_t why_size)
{
	struct fault_info info = { 0 };
	struct glance *g = malloc(sizeof *g);
	struct placement at;
	struct size size;
	unsigned wrong;
	bool is = false;

	place(p, preset, &at);
	if (g == NULL)
		(void)snprintf(why, why_size, "no memory left");
	else if (glance(file, len, progress, &size, g, &info) != FAULT_NONE)
		(void)snprintf(why, why_size,
		    "the thumbnail cannot be decoded: %s %.120s%.100s",
		    fault_code(info.fault), info.detail, info.cause);
	else if (size.width != at.canvas.width ||
	    size.height != at.canvas.height)
		(void)snprintf(why, why_size,
		    "the thumbnail has %u x %u px in place of %u x %u",
		    size.width, size.height, at.canvas.width, at.canvas.height);
	else if ((wrong = count_wrong(p, &at, g)) > 0)
		(void)snprintf(why, why_size,
		    "the thumbnail shows another picture: %u of %u parts of it "
		    "are not those that were sent",
		    wrong, p->columns * p->rows);
	else
		is = true;
	free(g);
	return is;
}

/* ---- formats ---- */

enum format
probe_format(uint64_t n)
{
	uint64_t others = 0, turn = n / OTHER_EVERY;

	if (n % OTHER_EVERY != OTHER_EVERY - 1)
		return FORMAT_JPEG;
	for (enum format f = FORMAT_JPEG + 1; f < FORMAT_COUNT; f++)
		others += format_spec(f)->writes;
	turn %= others;
	for (enum format f = FORMAT_JPEG + 1; f < FORMAT_COUNT; f++)
		if (format_spec(f)->writes && turn-- == 0)
			return image_can_read(f) && image_can_write(f)
			    ? f
			    : FORMAT_JPEG;
	return FORMAT_JPEG;
}
