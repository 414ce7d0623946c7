#include "config.h"

/*
 * The order of work on one photo: one decode, one shrink of the whole frame,
 * upright, sRGB, and from there each thumbnail from the smallest picture that
 * still holds it. Refuses to know ImageMagick. A failure of any step is the
 * whole photo's: there is no thumbnail without the others.
 */

#include "render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

/*
 * Source px for each px of the largest thumbnail that the decoder's own shrink
 * must leave to Lanczos. A 12 MP photo for 1280 px is then decoded at half its
 * size, 1.57 times what is needed: decoding and first shrink take 150 ms
 * instead of 380, and the thumbnail is within 44 to 49 dB PSNR of that from a
 * full decode, which an eye does not tell. 2 would forbid that half.
 */
#define DECODE_LEAVE 1.5

/* A preset's share in the work. */
struct job {
	const struct preset *preset;
	struct placement placement; /* on the upright original */
	unsigned first;             /* index of its first file */
};

struct work {
	struct size photo;                     /* the upright original */
	struct job jobs[SETTINGS_PRESETS_MAX]; /* by scale, largest first */
	unsigned n_jobs;
	/* Whole frames, upright and sRGB: sources for thumbnails. */
	struct image *frames[SETTINGS_PRESETS_MAX + 1];
	unsigned n_frames;
	struct progress *progress;
	struct rendering rendering;
};

static struct size
turned(struct size s)
{
	return (struct size){ .width = s.height, .height = s.width };
}

static void
place(const struct preset *preset, struct size photo, struct placement *out)
{
	const struct size box = { preset->width, preset->height };

	geometry_place(photo, box, preset->fit, preset->gravity, out);
}

/*
 * The largest scale that any preset needs. Before decoding nobody knows
 * whether the photo lies on its side, so both ways count.
 */
static double
largest_scale(const struct settings *settings, struct size stored)
{
	double scale = 0;

	for (unsigned i = 0; i < settings->n_presets; i++) {
		struct placement p;

		place(&settings->presets[i], stored, &p);
		scale = fmax(scale, p.scale);
		place(&settings->presets[i], turned(stored), &p);
		scale = fmax(scale, p.scale);
	}
	return scale;
}

static int
compare_jobs(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	if (x->placement.scale != y->placement.scale)
		return x->placement.scale < y->placement.scale ? 1 : -1;
	return x->first < y->first ? -1 : 1;
}

static void
plan(struct work *w, const struct settings *settings)
{
	unsigned first = 0;

	for (unsigned i = 0; i < settings->n_presets; i++) {
		struct job *job = &w->jobs[i];

		job->preset = &settings->presets[i];
		job->first = first;
		place(job->preset, w->photo, &job->placement);
		first += job->preset->n_formats;
	}
	w->n_jobs = settings->n_presets;
	w->rendering.n = first;
	qsort(w->jobs, w->n_jobs, sizeof w->jobs[0], compare_jobs);
}

static unsigned
rounded(double px)
{
	return px < 1 ? 1 : (unsigned)floor(px + 0.5);
}

/* The whole photo at the size at which every thumbnail can be cut from it. */
static struct size
frame_size(const struct work *w)
{
	struct size s = { 1, 1 };

	for (unsigned i = 0; i < w->n_jobs; i++) {
		const struct placement *p = &w->jobs[i].placement;
		unsigned width =
		    rounded(p->scaled.width * (w->photo.width / p->crop_width));
		unsigned height = rounded(
		    p->scaled.height * (w->photo.height / p->crop_height));

		s.width = width > s.width ? width : s.width;
		s.height = height > s.height ? height : s.height;
	}
	return s;
}

static enum fault
shrink(struct image **img, struct size to, struct fault_info *info)
{
	struct size from = image_size(*img);
	struct image *small;
	struct placement whole = { .crop_width = from.width,
		.crop_height = from.height,
		.scaled = to,
		.canvas = to };
	enum fault f = image_place(*img, &whole, 0, &small, info);

	if (f != FAULT_NONE)
		return f;
	image_free(*img);
	*img = small;
	return FAULT_NONE;
}

/* From the decoded picture to the first frame: upright, sRGB, small enough. */
static enum fault
make_first_frame(struct work *w, struct image **img, struct fault_info *info)
{
	struct size to = frame_size(w);
	enum fault f;

	if (image_is_sideways(*img))
		to = turned(to);
	f = shrink(img, to, info);
	if (f == FAULT_NONE)
		f = image_orient(*img, info);
	if (f == FAULT_NONE)
		f = image_to_srgb(*img, info);
	if (f == FAULT_NONE) {
		w->frames[w->n_frames++] = *img;
		*img = NULL;
	}
	return f;
}

/* The placement in px of a frame instead of the original. */
static struct placement
placement_on(const struct placement *p, struct size photo, struct size frame)
{
	const double x = (double)frame.width / photo.width;
	const double y = (double)frame.height / photo.height;
	struct placement on = *p;

	on.crop_x *= x;
	on.crop_width *= x;
	on.crop_y *= y;
	on.crop_height *= y;
	return on;
}

/*
 * The last frame that is large enough: they come smaller and smaller. Half a
 * px is what rounding the frame's own size can take away.
 */
static const struct image *
choose_frame(const struct work *w, const struct placement *p)
{
	const struct image *best = w->frames[0];

	for (unsigned i = 1; i < w->n_frames; i++) {
		struct placement on =
		    placement_on(p, w->photo, image_size(w->frames[i]));

		if (on.crop_width + 0.5 >= on.scaled.width &&
		    on.crop_height + 0.5 >= on.scaled.height)
			best = w->frames[i];
	}
	return best;
}

static enum fault
encode_job(struct work *w, const struct job *job, const struct image *img,
    struct fault_info *info)
{
	const struct preset *preset = job->preset;
	enum fault f = FAULT_NONE;

	progress_enter(w->progress, PHASE_ENCODE);
	for (unsigned i = 0; i < preset->n_formats && f == FAULT_NONE; i++) {
		struct rendered *file = &w->rendering.files[job->first + i];

		file->preset = preset;
		file->format = preset->formats[i];
		file->size = image_size(img);
		f = image_encode(img, file->format, preset->quality,
		    preset->background, &file->data, &file->len, info);
	}
	return f;
}

static enum fault
render_job(struct work *w, const struct job *job, struct fault_info *info)
{
	const struct image *frame = choose_frame(w, &job->placement);
	struct placement on =
	    placement_on(&job->placement, w->photo, image_size(frame));
	struct image *img;
	enum fault f;

	progress_enter(w->progress, PHASE_RESIZE);
	f = image_place(frame, &on, job->preset->background, &img, info);
	if (f != FAULT_NONE)
		return f;
	f = encode_job(w, job, img, info);
	if (f == FAULT_NONE && job->preset->fit == FIT_INSIDE)
		w->frames[w->n_frames++] = img;
	else
		image_free(img);
	return f;
}

static enum fault
decode(struct work *w, const void *data, size_t len, const struct sniff *sniff,
    const struct settings *settings, struct image **img,
    struct fault_info *info)
{
	const struct size stored = { sniff->width, sniff->height };
	const struct size hint = geometry_decode_hint(stored,
	    largest_scale(settings, stored), DECODE_LEAVE);
	enum fault f;

	progress_enter(w->progress, PHASE_DECODE);
	progress_count_decode(w->progress);
	f = image_decode(data, len, sniff, hint, w->progress, img, info);
	if (f == FAULT_NONE)
		w->photo = image_is_sideways(*img) ? turned(stored) : stored;
	return f;
}

enum fault
render_photo(const void *data, size_t len, const struct sniff *sniff,
    const struct settings *settings, struct progress *progress,
    struct rendering *out, struct fault_info *info)
{
	struct work w = { .progress = progress };
	struct image *img = NULL;
	enum fault f = decode(&w, data, len, sniff, settings, &img, info);

	if (f != FAULT_NONE)
		return f;
	plan(&w, settings);
	w.rendering.photo = w.photo;
	w.rendering.files = calloc(w.rendering.n, sizeof w.rendering.files[0]);
	if (w.rendering.files == NULL) {
		f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
		goto out;
	}
	progress_enter(progress, PHASE_RESIZE);
	f = make_first_frame(&w, &img, info);
	for (unsigned i = 0; i < w.n_jobs && f == FAULT_NONE; i++)
		f = render_job(&w, &w.jobs[i], info);
out:
	image_free(img);
	while (w.n_frames > 0)
		image_free(w.frames[--w.n_frames]);
	if (f == FAULT_NONE)
		*out = w.rendering;
	else
		rendering_fini(&w.rendering);
	return f;
}

void
rendering_fini(struct rendering *r)
{
	if (r->files != NULL)
		for (unsigned i = 0; i < r->n; i++)
			free(r->files[i].data);
	free(r->files);
	r->files = NULL;
	r->n = 0;
}
