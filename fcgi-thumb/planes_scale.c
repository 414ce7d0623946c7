#include "config.h"

/*
 * From one picture to another plane by plane, by z.lib, which alone knows how
 * samples are weighed. Responsible for where each sample of the new plane lies
 * on the old one: z.lib refuses subsampled chroma of odd sizes and would have
 * it elsewhere than JPEG does, so that to it every plane is a gray picture.
 */

#include "planes_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zimg.h>

/* Lobes of Lanczos, as MagickWand's. */
#define LOBES 3

static enum fault
judge(struct fault_info *info, const char *step)
{
	char why[200] = "";
	const zimg_error_code_e error = zimg_get_last_error(why, sizeof why);

	zimg_clear_last_error();
	/* The only callback that it has is on_row. */
	if (error == ZIMG_ERROR_USER_CALLBACK_FAILED)
		return fault_set(info, FAULT_RENDER_TIMEOUT, "%s", "");
	return planes_decline(info,
	    error == ZIMG_ERROR_OUT_OF_MEMORY ? FAULT_TOO_MUCH_MEMORY
					      : FAULT_INTERNAL,
	    step, why);
}

static void
describe(zimg_image_format *format, unsigned width, unsigned height)
{
	zimg_image_format_default(format, ZIMG_API_VERSION);
	format->width = width;
	format->height = height;
	format->pixel_type = ZIMG_PIXEL_BYTE;
	format->color_family = ZIMG_COLOR_GREY;
	format->pixel_range = ZIMG_RANGE_FULL;
}

static zimg_filter_graph *
build(const zimg_image_format *in, const zimg_image_format *out)
{
	zimg_graph_builder_params params;

	zimg_graph_builder_params_default(&params, ZIMG_API_VERSION);
	params.resample_filter = ZIMG_RESIZE_LANCZOS;
	params.filter_param_a = LOBES;
	/* Its widest instructions lose a column: 123 px to 60, in 3.0.4. */
	params.cpu_type = ZIMG_CPU_AUTO;
	return zimg_filter_graph_build(in, out, &params);
}

/* ---- the graphs that there are ---- */

/* A way of scaling a plane: its size, what of it is taken, and what that becomes. */
struct shape {
	unsigned width, height;
	double left, top, taken_width, taken_height;
	unsigned to_width, to_height;
};

/*
 * Lanczos' weights for each sample of both axes take as long as a twentieth of
 * a photo. Cameras and presets have few sizes, so that most photos come with
 * shapes that were met before. The oldest makes room.
 */
#define SHAPES_KEPT 48
static struct {
	struct shape shape[SHAPES_KEPT];
	zimg_filter_graph *graph[SHAPES_KEPT];
	unsigned next;
} kept;

static bool
is_same(const struct shape *a, const struct shape *b)
{
	return a->width == b->width && a->height == b->height &&
	    a->left == b->left && a->top == b->top &&
	    a->taken_width == b->taken_width &&
	    a->taken_height == b->taken_height && a->to_width == b->to_width &&
	    a->to_height == b->to_height;
}

static zimg_filter_graph *
build_shape(const struct shape *s)
{
	zimg_image_format in, out;

	describe(&in, s->width, s->height);
	in.active_region.left = s->left;
	in.active_region.width = s->taken_width;
	in.active_region.top = s->top;
	in.active_region.height = s->taken_height;
	describe(&out, s->to_width, s->to_height);
	return build(&in, &out);
}

/* Borrowed until SHAPES_KEPT others were asked for; NULL where z.lib refuses. */
static const zimg_filter_graph *
graph_of(const struct shape *s)
{
	const unsigned at = kept.next;
	zimg_filter_graph *graph;

	for (unsigned i = 0; i < SHAPES_KEPT; i++)
		if (kept.graph[i] != NULL && is_same(&kept.shape[i], s))
			return kept.graph[i];
	graph = build_shape(s);
	if (graph == NULL)
		return NULL;
	zimg_filter_graph_free(kept.graph[at]);
	kept.graph[at] = graph;
	kept.shape[at] = *s;
	kept.next = (at + 1) % SHAPES_KEPT;
	return graph;
}

struct watch {
	const struct progress *progress;
};

/* Of the new picture, when it has been written; other than 0 ends it there. */
static int
on_row(void *ctx, unsigned row, unsigned left, unsigned right)
{
	const struct watch *watch = ctx;

	(void)row;
	(void)left;
	(void)right;
	return progress_is_over(watch->progress);
}

/* n planes from `from` to `to`. */
static enum fault
run(const zimg_filter_graph *graph, const struct plane *from,
    const struct plane *to, unsigned n, const struct progress *progress,
    struct fault_info *info)
{
	struct watch watch = { progress };
	zimg_image_buffer_const in = { .version = ZIMG_API_VERSION };
	zimg_image_buffer out = { .version = ZIMG_API_VERSION };
	enum fault f = FAULT_NONE;
	size_t size;
	void *tmp;

	for (unsigned i = 0; i < n; i++) {
		in.plane[i].data = from[i].data;
		in.plane[i].stride = (ptrdiff_t)from[i].stride;
		in.plane[i].mask = ZIMG_BUFFER_MAX;
		out.plane[i].data = to[i].data;
		out.plane[i].stride = (ptrdiff_t)to[i].stride;
		out.plane[i].mask = ZIMG_BUFFER_MAX;
	}
	if (zimg_filter_graph_get_tmp_size(graph, &size) != ZIMG_ERROR_SUCCESS)
		return judge(info, "size");
	tmp = aligned_alloc(PLANE_ALIGN,
	    (size + PLANE_ALIGN) / PLANE_ALIGN * PLANE_ALIGN);
	if (tmp == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	if (zimg_filter_graph_process(graph, &in, &out, tmp, NULL, NULL, on_row,
		&watch) != ZIMG_ERROR_SUCCESS)
		f = judge(info, "scale");
	free(tmp);
	return f;
}

/* ---- where a plane's samples lie ---- */

/* One axis of a plane: samples at..at+n come from first..first+length. */
struct axis {
	unsigned at, n;
	double first, length;
};

/* The same of the picture, in px. */
struct way {
	double crop, crop_length; /* of the source */
	double filled;            /* of one px of the source, 0..1 */
	unsigned scaled;          /* that the crop becomes */
	unsigned at;              /* where that lies on the canvas */
	bool flipped;             /* it will be, the canvas with it */
};

/*
 * One formula for cover, pad, odd sizes and odd offsets: a sample of the canvas
 * covers each_to px of it; those that touch the picture are made, and reach up
 * to a px past its edges, where the last samples go on. Of a picture that will
 * be flipped the first edge is the one that is reached over.
 */
static struct axis
lay(const struct way *w, unsigned each_from, unsigned each_to)
{
	const double step = w->crop_length / w->scaled * w->filled / each_from;
	const unsigned first = w->at / each_to;
	const unsigned end = (w->at + w->scaled + each_to - 1) / each_to;
	const unsigned n = end - first;
	double from = (double)first * each_to - w->at;

	if (w->flipped)
		from = (double)w->scaled - (double)n * each_to;
	return (struct axis){ .at = first,
		.n = n,
		.first = w->crop * w->filled / each_from + from * step,
		.length = (double)n * each_to * step };
}

/* Nothing but samples of the plane itself? */
static bool
is_cut_out(const struct axis *a, unsigned all)
{
	const double near = 1e-6;

	return fabs(a->length - a->n) < near &&
	    fabs(a->first - round(a->first)) < near && a->first > -near &&
	    a->first + a->length < all + near;
}

static void
copy_rows(const struct plane *from, unsigned x, unsigned y, struct plane *to,
    unsigned to_x, unsigned to_y, unsigned width, unsigned height)
{
	for (unsigned i = 0; i < height; i++)
		memcpy(to->data + (to_y + i) * to->stride + to_x,
		    from->data + (y + i) * from->stride + x, width);
}

/* The same step of several planes of the same shape. */
struct step {
	struct axis x, y;
	const zimg_filter_graph *graph; /* NULL: their samples are copied */
	const struct progress *progress;
};

static enum fault
prepare(struct step *s, const struct plane *from, struct fault_info *info)
{
	if (is_cut_out(&s->x, from->width) && is_cut_out(&s->y, from->height))
		return FAULT_NONE;
	s->graph = graph_of(&(struct shape){ .width = from->width,
	    .height = from->height,
	    .left = s->x.first,
	    .top = s->y.first,
	    .taken_width = s->x.length,
	    .taken_height = s->y.length,
	    .to_width = s->x.n,
	    .to_height = s->y.n });
	return s->graph != NULL ? FAULT_NONE : judge(info, "plan");
}

/* z.lib writes to aligned rows, and over their ends. */
static bool
can_be_written(const struct step *s, const struct plane *to)
{
	return s->x.at == 0 && s->x.n == to->width;
}

static enum fault
scale(const struct step *s, const struct plane *from, struct plane *to,
    struct fault_info *info)
{
	struct plane part = *to;
	enum fault f;

	if (can_be_written(s, to)) {
		part.data += s->y.at * to->stride;
		return run(s->graph, from, &part, 1, s->progress, info);
	}
	if (!plane_init(&part, s->x.n, s->y.n))
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	f = run(s->graph, from, &part, 1, s->progress, info);
	if (f == FAULT_NONE)
		copy_rows(&part, 0, 0, to, s->x.at, s->y.at, s->x.n, s->y.n);
	plane_fini(&part);
	return f;
}

static enum fault
take(const struct step *s, const struct plane *from, struct plane *to,
    struct fault_info *info)
{
	if (s->graph != NULL)
		return scale(s, from, to, info);
	copy_rows(from, (unsigned)lround(s->x.first),
	    (unsigned)lround(s->y.first), to, s->x.at, s->y.at, s->x.n, s->y.n);
	return FAULT_NONE;
}

/* Planes first..first+n, which have one shape. */
static enum fault
scale_planes(const struct planes *p, struct planes *to, const struct way *x,
    const struct way *y, unsigned first, unsigned n, struct fault_info *info)
{
	const bool luma = first == 0;
	struct step s = {
		.progress = p->progress,
		.x = lay(x, luma ? 1 : p->siting.across,
		    luma ? 1 : to->siting.across),
		.y = lay(y, luma ? 1 : p->siting.down,
		    luma ? 1 : to->siting.down),
	};
	enum fault f = prepare(&s, &p->plane[first], info);

	for (unsigned i = first; i < first + n && f == FAULT_NONE; i++) {
		f = planes_in_time(p, info);
		if (f == FAULT_NONE)
			f = take(&s, &p->plane[i], &to->plane[i], info);
	}
	return f;
}

static enum fault
scale_all(const struct planes *p, struct planes *to, const struct way *x,
    const struct way *y, struct fault_info *info)
{
	enum fault f = scale_planes(p, to, x, y, 0, 1, info);

	if (f == FAULT_NONE && p->n > 1)
		f = scale_planes(p, to, x, y, 1, p->n - 1, info);
	return f;
}

enum fault
planes_shrink(const struct planes *p, struct size to, struct siting siting,
    struct turn turn, struct planes **out, struct fault_info *info)
{
	const struct way x = { .crop_length = p->size.width,
		.filled = p->filled_x / p->size.width,
		.scaled = to.width,
		.flipped = turn.flip_x };
	const struct way y = { .crop_length = p->size.height,
		.filled = p->filled_y / p->size.height,
		.scaled = to.height,
		.flipped = turn.flip_y };
	struct planes *made;
	enum fault f = planes_new(to, p->n, siting, p->progress, &made, info);

	if (f != FAULT_NONE)
		return f;
	f = scale_all(p, made, &x, &y, info);
	if (f == FAULT_NONE)
		*out = made;
	else
		planes_free(made);
	return f;
}

/* ---- onto a canvas ---- */

static void
fill(struct plane *p, const struct axis *x, const struct axis *y,
    unsigned char value)
{
	for (unsigned i = 0; i < y->n; i++)
		memset(p->data + (y->at + i) * p->stride + x->at, value, x->n);
}

/* JFIF 1.02, page 3. */
static void
to_ycc(uint32_t rgb, unsigned char out[PLANES_MAX])
{
	const double r = rgb >> 16 & 0xff, g = rgb >> 8 & 0xff, b = rgb & 0xff;

	out[0] = (unsigned char)lround(0.299 * r + 0.587 * g + 0.114 * b);
	out[1] = (unsigned char)lround(
	    fmin(128 - 0.168736 * r - 0.331264 * g + 0.5 * b, 255));
	out[2] = (unsigned char)lround(
	    fmin(128 + 0.5 * r - 0.418688 * g - 0.081312 * b, 255));
}

static bool
is_gray(uint32_t rgb)
{
	return (rgb >> 16 & 0xff) == (rgb & 0xff) &&
	    (rgb >> 8 & 0xff) == (rgb & 0xff);
}

#define NEUTRAL 128 /* chroma of gray */

/* The background everywhere, and under a gray picture no colour. */
static void
prepare_canvas(struct planes *canvas, uint32_t background, const struct way *x,
    const struct way *y, bool gray)
{
	unsigned char ycc[PLANES_MAX];

	to_ycc(background, ycc);
	for (unsigned i = 0; i < canvas->n; i++) {
		struct plane *plane = &canvas->plane[i];
		const struct axis across = { .n = plane->width };
		const struct axis down = { .n = plane->height };

		fill(plane, &across, &down, ycc[i]);
		if (gray && i > 0) {
			const struct axis px = lay(x, 1, canvas->siting.across);
			const struct axis py = lay(y, 1, canvas->siting.down);

			fill(plane, &px, &py, NEUTRAL);
		}
	}
}

enum fault
planes_place(const struct planes *p, const struct placement *at,
    uint32_t background, enum chroma chroma, struct planes **out,
    struct fault_info *info)
{
	const struct way x = { .crop = at->crop_x,
		.crop_length = at->crop_width,
		.filled = p->filled_x / p->size.width,
		.scaled = at->scaled.width,
		.at = at->x };
	const struct way y = { .crop = at->crop_y,
		.crop_length = at->crop_height,
		.filled = p->filled_y / p->size.height,
		.scaled = at->scaled.height,
		.at = at->y };
	const bool larger = at->canvas.width != at->scaled.width ||
	    at->canvas.height != at->scaled.height;
	const unsigned n = larger && !is_gray(background) ? PLANES_MAX : p->n;
	struct planes *made;
	enum fault f = planes_new(at->canvas, n, siting_of(chroma), p->progress,
	    &made, info);

	if (f != FAULT_NONE)
		return f;
	if (larger)
		prepare_canvas(made, background, &x, &y, p->n == 1);
	f = scale_all(p, made, &x, &y, info);
	if (f == FAULT_NONE)
		*out = made;
	else
		planes_free(made);
	return f;
}

enum fault
planes_sited(const struct planes *p, struct siting siting, struct planes **made,
    const struct planes **out, struct fault_info *info)
{
	enum fault f;

	*made = NULL;
	*out = p;
	if (p->n == 1 ||
	    (p->siting.across == siting.across &&
		p->siting.down == siting.down))
		return FAULT_NONE;
	f = planes_shrink(p, p->size, siting, turn_of(1), made, info);
	if (f == FAULT_NONE)
		*out = *made;
	return f;
}

/* ---- colours ---- */

static void
describe_colors(zimg_image_format *format, const struct plane *p, bool rgb)
{
	describe(format, p->width, p->height);
	format->color_family = rgb ? ZIMG_COLOR_RGB : ZIMG_COLOR_YUV;
	format->matrix_coefficients =
	    rgb ? ZIMG_MATRIX_RGB : ZIMG_MATRIX_BT470_BG;
}

enum fault
planes_matrix(const struct plane from[PLANES_MAX], struct plane to[PLANES_MAX],
    bool to_rgb, const struct progress *progress, struct fault_info *info)
{
	zimg_image_format in, out;
	zimg_filter_graph *graph;
	enum fault f;

	describe_colors(&in, from, !to_rgb);
	describe_colors(&out, to, to_rgb);
	graph = build(&in, &out);
	if (graph == NULL)
		return judge(info, "matrix");
	f = run(graph, from, to, PLANES_MAX, progress, info);
	zimg_filter_graph_free(graph);
	return f;
}
