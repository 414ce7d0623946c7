#include "config.h"

/*
 * The order of work on one photo: one decode, one shrink of the whole frame,
 * upright, sRGB, and from there each thumbnail from the smallest picture that
 * still holds it. Refuses to know ImageMagick. A failure of any step is the
 * whole photo's: there is no thumbnail without the others.
 */

#include "render_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct size
turned(struct size s)
{
	return (struct size){ .width = s.height, .height = s.width };
}

/* From the decoded picture to the first frame: upright, sRGB, small enough. */
static enum fault
make_first_frame(struct work *w, struct fault_info *info)
{
	struct size to = w->frame_size;

	if (raster_is_sideways(&w->frame))
		to = turned(to);
	return raster_first_frame(&w->frame, to, info);
}

struct encoding
encoding_of(const struct work *w, const struct preset *p, enum format format)
{
	return (struct encoding){ .format = format,
		.quality = p->quality,
		.background = p->background,
		.progressive = p->progressive,
		.chroma = p->chroma,
		.credits = p->keep_copyright ? &w->credits : NULL };
}

struct rendered *
begin_file(struct work *w, const struct job *job, unsigned i, struct size size)
{
	const unsigned before = job->wanted & ((1U << i) - 1);
	struct rendered *file =
	    &w->rendering
		 .files[job->file + (unsigned)__builtin_popcount(before)];

	file->preset = job->preset;
	file->format = job->preset->formats[i];
	file->size = size;
	return file;
}

/* The files that are not animated. */
static enum fault
encode_job(struct work *w, const struct job *job, const struct raster *img,
    struct fault_info *info)
{
	const struct preset *preset = job->preset;
	const unsigned still = job->wanted & ~job->moving;
	enum fault f = FAULT_NONE;

	progress_enter(w->progress, PHASE_ENCODE);
	for (unsigned i = 0; i < preset->n_formats && f == FAULT_NONE; i++) {
		const struct encoding how =
		    encoding_of(w, preset, preset->formats[i]);
		struct rendered *file;

		if ((still >> i & 1) == 0)
			continue;
		file = begin_file(w, job, i, raster_size(img));
		f = raster_encode(img, &how, &file->data, &file->len, info);
	}
	return f;
}

/* Where the job's picture is cut from. */
static const struct raster *
source_of(const struct work *w, const struct job *job)
{
	return job->source == FIRST_FRAME ? &w->frame
					  : &w->jobs[job->source].frame;
}

/*
 * A picture that feeds others stays as it is, and the file is made of a
 * sharpened copy.
 */
static enum fault
sharpen_copy(const struct job *job, const struct raster *img,
    struct raster *out, struct fault_info *info)
{
	const struct size size = raster_size(img);
	const struct placement whole = geometry_whole(size, size);

	return raster_place(img, &whole, job->preset->background,
	    job->preset->sharpen, out, info);
}

static enum fault
render_job(struct work *w, struct job *job, struct fault_info *info)
{
	const struct preset *preset = job->preset;
	const struct raster *source = source_of(w, job);
	const struct placement on =
	    plan_on(&job->placement, w->photo, raster_size(source));
	struct raster img = { 0 }, sharp = { 0 };
	bool both = job->feeds && preset->sharpen > 0;
	enum fault f;

	progress_enter(w->progress, PHASE_RESIZE);
	f = raster_place(source, &on, preset->background,
	    both ? 0 : preset->sharpen, &img, info);
	if (f == FAULT_NONE && both && job->wanted != job->moving)
		f = sharpen_copy(job, &img, &sharp, info);
	if (f == FAULT_NONE)
		f = encode_job(w, job, both ? &sharp : &img, info);
	raster_fini(&sharp);
	if (job->feeds)
		job->frame = img;
	else
		raster_fini(&img);
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
	raster_fini(&w->frame);
	for (unsigned i = 0; i < w->n_jobs; i++)
		raster_fini(&w->jobs[i].frame);
}

/* Everything from the decoded picture on. */
static enum fault
render_decoded(struct work *w, struct animation *a, struct fault_info *info)
{
	enum fault f;

	/* One more, for calloc may answer NULL where nothing is wanted. */
	w->rendering.files =
	    calloc(w->rendering.n + 1, sizeof w->rendering.files[0]);
	if (w->rendering.files == NULL)
		return fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	progress_enter(w->progress, PHASE_RESIZE);
	f = make_first_frame(w, info);
	if (f == FAULT_NONE)
		f = look_at_frame(w, info);
	if (f == FAULT_NONE)
		f = render_jobs(w, info);
	if (f == FAULT_NONE && a != NULL)
		f = render_animation(w, a, info);
	return f;
}

/* What all of the work is about. */
struct source {
	const void *data;
	size_t len;
	const struct sniff *sniff;
	const struct settings *settings;
	const struct wanted *wanted;
};

static enum fault
decode(struct work *w, const struct source *s, struct fault_info *info)
{
	const struct size stored = { s->sniff->width, s->sniff->height };
	enum fault f;

	progress_enter(w->progress, PHASE_DECODE);
	f = raster_decode(w->rendering.engine, s->data, s->len, s->sniff,
	    plan_hint(s->settings, w->rendering.engine, stored),
	    plan_chroma(s->settings), w->progress, &w->frame, &w->credits,
	    info);
	if (f == FAULT_NONE)
		w->photo =
		    raster_is_sideways(&w->frame) ? turned(stored) : stored;
	return f;
}

static enum fault
render_by(enum engine engine, const struct source *s, struct progress *progress,
    struct rendering *out, struct fault_info *info)
{
	struct work w = { .progress = progress, .rendering.engine = engine };
	struct animation *animation = NULL;
	enum fault f = decode(&w, s, info);

	if (f != FAULT_NONE)
		return f;
	plan_jobs(&w, s->settings, s->wanted, s->sniff);
	w.rendering.photo = w.photo;
	if (plan_has_moving(&w))
		f = image_animation_open(s->data, s->len, s->sniff,
		    w.frame.image, &animation, info);
	if (f == FAULT_NONE)
		f = render_decoded(&w, animation, info);
	image_animation_close(animation);
	free_frames(&w);
	if (f == FAULT_NONE)
		*out = w.rendering;
	else
		rendering_fini(&w.rendering);
	return f;
}

bool
render_has_planes(const struct settings *settings)
{
	return settings->engine == ENGINE_CHOICE_AUTO &&
	    engine_is_built(ENGINE_PLANES);
}

/* out has FAULT_CAUSE_BYTES. */
static void
say_why(const struct fault_info *info, char *out)
{
	(void)snprintf(out, FAULT_CAUSE_BYTES, "%s",
	    info->cause[0] != '\0' ? info->cause : fault_code(info->fault));
}

enum fault
render_photo(const void *data, size_t len, const struct sniff *sniff,
    const struct settings *settings, const struct wanted *wanted,
    struct progress *progress, struct rendering *out, struct fault_info *info)
{
	const struct source s = { data, len, sniff, settings, wanted };
	enum fault f = check_animation(sniff, settings, info);
	char why[FAULT_CAUSE_BYTES] = "";

	memcpy(out->declined, why, sizeof why);
	if (f != FAULT_NONE)
		return f;
	progress_count_decode(progress);
	if (sniff->format == FORMAT_JPEG && render_has_planes(settings)) {
		f = render_by(ENGINE_PLANES, &s, progress, out, info);
		if (f == FAULT_NONE || f == FAULT_RENDER_TIMEOUT)
			return f;
		say_why(info, why);
		*info = (struct fault_info){ 0 };
	}
	f = render_by(ENGINE_MAGICK, &s, progress, out, info);
	memcpy(out->declined, why, sizeof why);
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
