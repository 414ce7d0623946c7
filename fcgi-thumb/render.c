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

#define FIRST_FRAME (-1)

/* A preset's share in the work. */
struct job {
	const struct preset *preset;
	struct placement placement; /* on the upright original */
	unsigned wanted;            /* formats, as in struct wanted */
	unsigned file;              /* index of its first wanted file */
	int source;          /* the job that it is cut from, or FIRST_FRAME */
	bool needed;         /* it makes a file, or feeds one that does */
	bool feeds;          /* a needed one is cut from it */
	struct image *frame; /* its picture, where it feeds others */
};

struct work {
	struct size photo;                     /* the upright original */
	struct job jobs[SETTINGS_PRESETS_MAX]; /* by scale, largest first */
	unsigned n_jobs;
	/* The whole photo, upright and sRGB, as large as any preset needs. */
	struct size frame_size;
	struct image *frame;
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
	return x->preset < y->preset ? -1 : 1;
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

/* May thumbnails be cut from this one's picture? All of the photo is on it. */
static bool
can_feed(const struct job *job)
{
	return job->preset->fit == FIT_INSIDE;
}

/*
 * The last job whose picture is large enough: they come smaller and smaller.
 * Half a px is what rounding the picture's own size can take away.
 */
static int
choose_source(const struct work *w, unsigned of)
{
	int best = FIRST_FRAME;

	for (unsigned i = 0; i < of; i++) {
		const struct placement on = placement_on(&w->jobs[of].placement,
		    w->photo, w->jobs[i].placement.canvas);

		if (can_feed(&w->jobs[i]) &&
		    on.crop_width + 0.5 >= on.scaled.width &&
		    on.crop_height + 0.5 >= on.scaled.height)
			best = (int)i;
	}
	return best;
}

/*
 * Where each job's picture comes from, whatever is wanted of them; then which
 * of them have to be made for what is wanted.
 */
static void
plan_cascade(struct work *w)
{
	for (unsigned i = 0; i < w->n_jobs; i++)
		w->jobs[i].source = choose_source(w, i);
	for (unsigned i = w->n_jobs; i-- > 0;) {
		struct job *job = &w->jobs[i];

		job->needed = job->feeds || job->wanted != 0;
		if (job->needed && job->source != FIRST_FRAME)
			w->jobs[job->source].feeds = true;
	}
}

static void
plan(struct work *w, const struct settings *settings,
    const struct wanted *wanted)
{
	unsigned files = 0;

	for (unsigned i = 0; i < settings->n_presets; i++) {
		struct job *job = &w->jobs[i];

		job->preset = &settings->presets[i];
		job->wanted = wanted->formats[i];
		job->file = files;
		place(job->preset, w->photo, &job->placement);
		files += (unsigned)__builtin_popcount(job->wanted);
	}
	w->n_jobs = settings->n_presets;
	w->rendering.n = files;
	qsort(w->jobs, w->n_jobs, sizeof w->jobs[0], compare_jobs);
	w->frame_size = frame_size(w);
	plan_cascade(w);
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
	struct size to = w->frame_size;
	enum fault f;

	if (image_is_sideways(*img))
		to = turned(to);
	f = shrink(img, to, info);
	if (f == FAULT_NONE)
		f = image_orient(*img, info);
	if (f == FAULT_NONE)
		f = image_to_srgb(*img, info);
	if (f == FAULT_NONE) {
		w->frame = *img;
		*img = NULL;
	}
	return f;
}

static enum fault
encode_job(struct work *w, const struct job *job, const struct image *img,
    struct fault_info *info)
{
	const struct preset *preset = job->preset;
	struct rendered *file = w->rendering.files + job->file;
	enum fault f = FAULT_NONE;

	progress_enter(w->progress, PHASE_ENCODE);
	for (unsigned i = 0; i < preset->n_formats && f == FAULT_NONE; i++) {
		if ((job->wanted >> i & 1) == 0)
			continue;
		file->preset = preset;
		file->format = preset->formats[i];
		file->size = image_size(img);
		f = image_encode(img, file->format, preset->quality,
		    preset->background, &file->data, &file->len, info);
		file++;
	}
	return f;
}

static enum fault
render_job(struct work *w, struct job *job, struct fault_info *info)
{
	const struct image *frame =
	    job->source == FIRST_FRAME ? w->frame : w->jobs[job->source].frame;
	struct placement on =
	    placement_on(&job->placement, w->photo, image_size(frame));
	struct image *img;
	enum fault f;

	progress_enter(w->progress, PHASE_RESIZE);
	f = image_place(frame, &on, job->preset->background, &img, info);
	if (f != FAULT_NONE)
		return f;
	f = encode_job(w, job, img, info);
	if (job->feeds)
		job->frame = img;
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

static enum fault
render_jobs(struct work *w, struct fault_info *info)
{
	enum fault f = FAULT_NONE;

	for (unsigned i = 0; i < w->n_jobs && f == FAULT_NONE; i++)
		if (w->jobs[i].needed)
			f = render_job(w, &w->jobs[i], info);
	return f;
}

static void
free_frames(struct work *w)
{
	image_free(w->frame);
	for (unsigned i = 0; i < w->n_jobs; i++)
		image_free(w->jobs[i].frame);
}

enum fault
render_photo(const void *data, size_t len, const struct sniff *sniff,
    const struct settings *settings, const struct wanted *wanted,
    struct progress *progress, struct rendering *out, struct fault_info *info)
{
	struct work w = { .progress = progress };
	struct image *img = NULL;
	enum fault f = decode(&w, data, len, sniff, settings, &img, info);

	if (f != FAULT_NONE)
		return f;
	plan(&w, settings, wanted);
	w.rendering.photo = w.photo;
	/* One more, for calloc may answer NULL where nothing is wanted. */
	w.rendering.files =
	    calloc(w.rendering.n + 1, sizeof w.rendering.files[0]);
	if (w.rendering.files == NULL)
		f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	progress_enter(progress, PHASE_RESIZE);
	if (f == FAULT_NONE)
		f = make_first_frame(&w, &img, info);
	if (f == FAULT_NONE)
		f = render_jobs(&w, info);
	image_free(img);
	free_frames(&w);
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
