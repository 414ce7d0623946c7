#include "config.h"

/*
 * Between planes and px of RGB, for what has to see those: lcms2, and
 * MagickWand's encoders. z.lib multiplies, here is only their order in memory.
 */

#include "planes_internal.h"

#include <stdlib.h>

#include "color.h"

/* Three planes of a picture's size. */
static enum fault
make_room(struct size size, struct plane out[PLANES_MAX],
    struct fault_info *info)
{
	for (unsigned i = 0; i < PLANES_MAX; i++)
		out[i].data = NULL;
	for (unsigned i = 0; i < PLANES_MAX; i++)
		if (!plane_init(&out[i], size.width, size.height))
			return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	return FAULT_NONE;
}

static void
let_go(struct plane planes[PLANES_MAX])
{
	for (unsigned i = 0; i < PLANES_MAX; i++)
		plane_fini(&planes[i]);
}

/* Of a gray picture all three are the same plane. */
static void
interleave(const struct plane *r, const struct plane *g, const struct plane *b,
    unsigned char *rgb)
{
	for (unsigned y = 0; y < r->height; y++) {
		const unsigned char *rr = r->data + y * r->stride;
		const unsigned char *gg = g->data + y * g->stride;
		const unsigned char *bb = b->data + y * b->stride;

		for (unsigned x = 0; x < r->width; x++) {
			*rgb++ = rr[x];
			*rgb++ = gg[x];
			*rgb++ = bb[x];
		}
	}
}

static void
take_apart(const unsigned char *rgb, struct plane to[PLANES_MAX])
{
	for (unsigned y = 0; y < to[0].height; y++) {
		unsigned char *r = to[0].data + y * to[0].stride;
		unsigned char *g = to[1].data + y * to[1].stride;
		unsigned char *b = to[2].data + y * to[2].stride;

		for (unsigned x = 0; x < to[0].width; x++) {
			r[x] = *rgb++;
			g[x] = *rgb++;
			b[x] = *rgb++;
		}
	}
}

static enum fault
write_rgb(const struct planes *p, unsigned char *rgb, struct fault_info *info)
{
	struct plane planes[PLANES_MAX];
	enum fault f;

	if (p->n == 1) {
		interleave(&p->plane[0], &p->plane[0], &p->plane[0], rgb);
		return FAULT_NONE;
	}
	f = make_room(p->size, planes, info);
	if (f == FAULT_NONE)
		f = planes_matrix(p->plane, planes, true, p->progress, info);
	if (f == FAULT_NONE)
		interleave(&planes[0], &planes[1], &planes[2], rgb);
	let_go(planes);
	return f;
}

enum fault
planes_to_rgb(const struct planes *p, unsigned char **out,
    struct fault_info *info)
{
	struct planes *made = NULL;
	unsigned char *rgb = NULL;
	enum fault f = planes_in_time(p, info);

	if (f == FAULT_NONE)
		f = planes_sited(p, siting_of(CHROMA_444), &made, &p, info);
	if (f != FAULT_NONE)
		return f;
	rgb = malloc((size_t)p->size.width * p->size.height * PLANES_MAX);
	f = rgb != NULL ? write_rgb(p, rgb, info)
			: fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	planes_free(made);
	if (f == FAULT_NONE)
		*out = rgb;
	else
		free(rgb);
	return f;
}

static enum fault
from_rgb(const unsigned char *rgb, struct planes *to, struct fault_info *info)
{
	struct plane planes[PLANES_MAX];
	enum fault f = make_room(to->size, planes, info);

	if (f == FAULT_NONE) {
		take_apart(rgb, planes);
		f = planes_matrix(planes, to->plane, false, to->progress, info);
	}
	let_go(planes);
	return f;
}

#define BAND 64 /* rows between two looks at the clock */

static enum fault
convert(const struct planes *p, const struct color *color, unsigned char *rgb,
    struct fault_info *info)
{
	const size_t row = (size_t)p->size.width * PLANES_MAX;
	enum fault f = FAULT_NONE;

	for (unsigned y = 0; y < p->size.height && f == FAULT_NONE; y += BAND) {
		const unsigned left = p->size.height - y;
		unsigned char *band = rgb + y * row;

		color_convert(color, band, band,
		    (size_t)p->size.width * (left < BAND ? left : BAND));
		f = planes_in_time(p, info);
	}
	return f;
}

enum fault
planes_to_srgb(struct planes **p, const struct color *color,
    struct fault_info *info)
{
	unsigned char *rgb = NULL;
	struct planes *made = NULL;
	enum fault f = planes_to_rgb(*p, &rgb, info);

	if (f == FAULT_NONE)
		f = planes_new((*p)->size, PLANES_MAX, siting_of(CHROMA_444),
		    (*p)->progress, &made, info);
	if (f == FAULT_NONE)
		f = convert(made, color, rgb, info);
	if (f == FAULT_NONE)
		f = from_rgb(rgb, made, info);
	free(rgb);
	if (f != FAULT_NONE) {
		planes_free(made);
		return f;
	}
	planes_free(*p);
	*p = made;
	return FAULT_NONE;
}
