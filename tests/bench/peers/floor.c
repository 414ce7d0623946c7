/*
 * How little a thumbnail can cost: libjpeg to the planes of the JPEG at full
 * size, z.lib's Lanczos on each plane, each size from the next larger one,
 * libjpeg from planes. No pixel ever becomes RGB.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zimg.h>

#include "peer.h"
#include "planes.h"

/* An orientation of EXIF as steps: mirror, upside down, then swap the axes. */
struct turn {
	bool flip_x, flip_y, swap;
};

static struct turn
turn_of(unsigned orientation)
{
	static const struct turn turns[] = { { 0 }, { .flip_x = true },
		{ .flip_x = true, .flip_y = true }, { .flip_y = true },
		{ .swap = true }, { .flip_y = true, .swap = true },
		{ .flip_x = true, .flip_y = true, .swap = true },
		{ .flip_x = true, .swap = true } };

	return turns[orientation >= 1 && orientation <= 8 ? orientation - 1
							  : 0];
}

static bool
say_why(const char *what)
{
	char why[256] = "";

	(void)zimg_get_last_error(why, sizeof why);
	fprintf(stderr, "floor: %s: %s\n", what, why);
	return false;
}

/* ---- one plane ---- */

static bool
run_graph(zimg_filter_graph *graph, const struct plane *from,
    const struct plane *to)
{
	zimg_image_buffer_const in = { .version = ZIMG_API_VERSION };
	zimg_image_buffer out = { .version = ZIMG_API_VERSION };
	size_t size;
	void *tmp;
	bool ok;

	in.plane[0].data = from->data;
	in.plane[0].stride = (ptrdiff_t)from->stride;
	in.plane[0].mask = ZIMG_BUFFER_MAX;
	out.plane[0].data = to->data;
	out.plane[0].stride = (ptrdiff_t)to->stride;
	out.plane[0].mask = ZIMG_BUFFER_MAX;
	if (zimg_filter_graph_get_tmp_size(graph, &size) != ZIMG_ERROR_SUCCESS)
		return say_why("size");
	size = (size + PLANE_ALIGN) / PLANE_ALIGN * PLANE_ALIGN;
	tmp = aligned_alloc(PLANE_ALIGN, size);
	ok = tmp != NULL &&
	    zimg_filter_graph_process(graph, &in, &out, tmp, NULL, NULL, NULL,
		NULL) == ZIMG_ERROR_SUCCESS;
	free(tmp);
	return ok || say_why("process");
}

static void
describe(zimg_image_format *format, const struct plane *p)
{
	zimg_image_format_default(format, ZIMG_API_VERSION);
	format->width = p->width;
	format->height = p->height;
	format->pixel_type = ZIMG_PIXEL_BYTE;
	format->color_family = ZIMG_COLOR_GREY;
	format->pixel_range = ZIMG_RANGE_FULL;
}

/*
 * Where one axis of the plane `to` lies on the plane `from`. z.lib refuses
 * chroma of odd sizes and would not know where it is: every plane is gray, and
 * the first sample's edge and the length are given in samples of `from`. Chroma
 * may reach a pixel past the edge of the picture, past the other one where it
 * will be flipped.
 */
static void
place(unsigned from_pixels, unsigned from_each, unsigned to_pixels,
    unsigned to_each, unsigned to_samples, bool flipped, double *first,
    double *length)
{
	double scale = (double)from_pixels / to_pixels / from_each;
	double covered = (double)to_samples * to_each;

	*first = flipped ? (to_pixels - covered) * scale : 0;
	*length = covered * scale;
}

static bool
resize_plane(const struct planes *from, struct planes *to, unsigned i,
    struct turn turn)
{
	const struct plane *a = &from->plane[i], *b = &to->plane[i];
	zimg_image_format in, out;
	zimg_graph_builder_params params;
	zimg_filter_graph *graph;
	bool ok;

	describe(&in, a);
	describe(&out, b);
	place(from->width, a->across, to->width, b->across, b->width,
	    turn.flip_x, &in.active_region.left, &in.active_region.width);
	place(from->height, a->down, to->height, b->down, b->height,
	    turn.flip_y, &in.active_region.top, &in.active_region.height);
	zimg_graph_builder_params_default(&params, ZIMG_API_VERSION);
	params.resample_filter = ZIMG_RESIZE_LANCZOS;
	params.filter_param_a = 3;
	graph = zimg_filter_graph_build(&in, &out, &params);
	if (graph == NULL)
		return say_why("build");
	ok = run_graph(graph, a, b);
	zimg_filter_graph_free(graph);
	return ok;
}

/* ---- a picture ---- */

/* Room for a picture with chroma 2x2. */
static bool
make_room(struct planes *p, unsigned width, unsigned height, unsigned n)
{
	memset(p, 0, sizeof *p);
	p->width = width;
	p->height = height;
	p->n = n;
	for (unsigned i = 0; i < n; i++) {
		unsigned each = i == 0 ? 1 : 2;

		if (!plane_init(&p->plane[i], (width + each - 1) / each,
			(height + each - 1) / each))
			return false;
		p->plane[i].across = p->plane[i].down = each;
	}
	return true;
}

/* Into a box of side x side. turn is only foreseen: see turn_upright. */
static bool
resize(const struct planes *from, unsigned side, struct turn turn,
    struct planes *to)
{
	double scale = (double)side /
	    (from->width > from->height ? from->width : from->height);

	if (!make_room(to, (unsigned)lround(from->width * scale),
		(unsigned)lround(from->height * scale), from->n))
		return false;
	for (unsigned i = 0; i < from->n; i++)
		if (!resize_plane(from, to, i, turn))
			return false;
	return true;
}

static void
turn_plane(const struct plane *from, struct plane *to, struct turn turn)
{
	for (unsigned y = 0; y < from->height; y++) {
		unsigned v = turn.flip_y ? from->height - 1 - y : y;
		const unsigned char *row = from->data + v * from->stride;

		for (unsigned x = 0; x < from->width; x++) {
			unsigned u = turn.flip_x ? from->width - 1 - x : x;

			to->data[turn.swap ? x * to->stride + y
					   : y * to->stride + x] = row[u];
		}
	}
}

/* Replaces what is in p. */
static bool
turn_upright(struct planes *p, struct turn turn)
{
	struct planes turned;
	unsigned width = turn.swap ? p->height : p->width;
	unsigned height = turn.swap ? p->width : p->height;

	if (!turn.flip_x && !turn.flip_y && !turn.swap)
		return true;
	if (!make_room(&turned, width, height, p->n)) {
		planes_fini(&turned);
		return false;
	}
	for (unsigned i = 0; i < p->n; i++)
		turn_plane(&p->plane[i], &turned.plane[i], turn);
	planes_fini(p);
	*p = turned;
	return true;
}

static bool
encode(struct planes *p, struct peer_output *out)
{
	return planes_encode(p, PEER_QUALITY, &out->data, &out->len);
}

static bool
render(const struct peer_job *job, struct peer_output out[PEER_SIZES])
{
	struct planes now, next = { 0 };
	struct turn turn;
	bool ok = !job->webp && !job->srgb;

	if (!ok || !planes_decode(job->data, job->len, &now)) {
		fprintf(stderr, "floor: JPEG to JPEG, YCbCr or gray only\n");
		return false;
	}
	turn = turn_of(now.orientation);
	for (unsigned i = 0; i < PEER_SIZES && ok; i++) {
		ok = resize(&now, peer_sides[i], turn, &next) &&
		    turn_upright(&next, turn) && encode(&next, &out[i]);
		planes_fini(&now);
		now = next;
		turn = (struct turn){ 0 };
	}
	planes_fini(&now);
	return ok;
}

int
main(int argc, char **argv)
{
	return peer_main(argc, argv, render);
}
