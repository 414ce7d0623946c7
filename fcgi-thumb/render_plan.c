#include "config.h"

/*
 * Decides, before any pixel is touched, what is cut from what. Numbers only;
 * nothing here can fail.
 */

#include "render_internal.h"

#include <math.h>
#include <stdlib.h>

/*
 * Source px for each px of the largest thumbnail that the decoder's own shrink
 * must leave to Lanczos. With 1.5 a 12 MP photo for 1280 px is decoded at half
 * its size, 1.57 times what is needed, which 2 forbids: all of its thumbnails
 * take half of the processor's time, and the largest is 0.05 to 0.2 dB PSNR
 * farther from the photo, which an eye does not tell.
 *
 * The planes' engine has 2 in any case: there half the size saves less than a
 * tenth, and what is lost would be more than libvips' own thumbnails lose.
 *
 * Averaging to just twice the size afterwards, by less than a whole factor,
 * takes as long as it saves: 0.9 to 1.2 of the time, for up to 0.2 dB.
 */
static const double decode_leave[] = {
	[RESIZE_FAST] = 1.5,
	[RESIZE_BEST] = 2,
};
_Static_assert(sizeof decode_leave / sizeof decode_leave[0] == RESIZE_COUNT,
    "every quality has its share");

/*
 * The same for a thumbnail that is cut from a larger one. A picture of nearly
 * its size would be moved by parts of a px, which blurs: 25 dB PSNR where the
 * next larger one gives 35.
 */
#define CASCADE_LEAVE 1.2

static struct size
turned(struct size s)
{
	return (struct size){ .width = s.height, .height = s.width };
}

static void
place(const struct preset *preset, struct size photo, struct placement *out)
{
	const struct size box = { preset->width, preset->height };

	geometry_place(photo, box, preset->fit, preset->gravity,
	    preset->enlarge, out);
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

struct size
plan_hint(const struct settings *settings, enum engine engine,
    struct size stored)
{
	const enum resize_quality quality =
	    engine == ENGINE_PLANES ? RESIZE_BEST : settings->resize_quality;

	return geometry_decode_hint(stored, largest_scale(settings, stored),
	    decode_leave[quality]);
}

/* What a format's encoder makes of a picture's chroma. */
static enum chroma
chroma_of(const struct preset *p, enum format format)
{
	if (format == FORMAT_JPEG)
		return p->chroma;
	return format == FORMAT_WEBP ? CHROMA_420 : CHROMA_444;
}

enum chroma
plan_chroma(const struct settings *settings)
{
	enum chroma finest = CHROMA_420;

	for (unsigned i = 0; i < settings->n_presets; i++) {
		const struct preset *p = &settings->presets[i];

		for (unsigned j = 0; j < p->n_formats; j++)
			if (chroma_of(p, p->formats[j]) > finest)
				finest = chroma_of(p, p->formats[j]);
	}
	return finest;
}

static bool
is_animation(const struct sniff *sniff)
{
	return sniff->frames > 1 &&
	    (sniff->format == FORMAT_GIF || sniff->format == FORMAT_WEBP);
}

bool
plan_keeps_animation(const struct settings *settings, const struct sniff *sniff)
{
	for (unsigned i = 0; i < settings->n_presets; i++)
		if (settings->presets[i].animated && is_animation(sniff))
			return true;
	return false;
}

/* The formats of a preset that can hold an animation, as in struct wanted. */
static unsigned
moving_formats(const struct preset *p)
{
	unsigned moving = 0;

	for (unsigned i = 0; i < p->n_formats; i++)
		if (p->formats[i] == FORMAT_GIF || p->formats[i] == FORMAT_WEBP)
			moving |= 1U << i;
	return moving;
}

bool
plan_has_moving(const struct work *w)
{
	for (unsigned i = 0; i < w->n_jobs; i++)
		if (w->jobs[i].moving != 0)
			return true;
	return false;
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

/*
 * The whole photo at the size at which every thumbnail can be cut from it;
 * never enlarged, for those that are take it as it is.
 */
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
	s.width = s.width < w->photo.width ? s.width : w->photo.width;
	s.height = s.height < w->photo.height ? s.height : w->photo.height;
	return s;
}

struct placement
plan_on(const struct placement *p, struct size photo, struct size frame)
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
 * May thumbnails be cut from this one's picture? All of the photo is on it, and
 * it was not enlarged.
 */
static bool
can_feed(const struct job *job)
{
	return job->preset->fit == FIT_INSIDE && job->placement.scale <= 1;
}

/* Nothing but px of the picture itself, none of them resampled? */
static bool
is_cut_out(const struct placement *on)
{
	return fabs(on->crop_width - on->scaled.width) < 1e-6 &&
	    fabs(on->crop_height - on->scaled.height) < 1e-6 &&
	    fabs(on->crop_x - round(on->crop_x)) < 1e-6 &&
	    fabs(on->crop_y - round(on->crop_y)) < 1e-6;
}

static bool
is_large_enough(const struct placement *on)
{
	return on->crop_width >= CASCADE_LEAVE * on->scaled.width &&
	    on->crop_height >= CASCADE_LEAVE * on->scaled.height;
}

/* The last job whose picture will do: they come smaller and smaller. */
static int
choose_source(const struct work *w, unsigned of)
{
	int best = FIRST_FRAME;

	for (unsigned i = 0; i < of; i++) {
		const struct placement on = plan_on(&w->jobs[of].placement,
		    w->photo, w->jobs[i].placement.canvas);

		if (can_feed(&w->jobs[i]) &&
		    (is_large_enough(&on) || is_cut_out(&on)))
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

		job->needed = job->feeds || job->wanted != job->moving;
		if (job->needed && job->source != FIRST_FRAME)
			w->jobs[job->source].feeds = true;
	}
}

void
plan_jobs(struct work *w, const struct settings *settings,
    const struct wanted *wanted, const struct sniff *sniff)
{
	unsigned files = 0;

	for (unsigned i = 0; i < settings->n_presets; i++) {
		struct job *job = &w->jobs[i];

		job->preset = &settings->presets[i];
		job->wanted = wanted->formats[i];
		if (job->preset->animated && is_animation(sniff))
			job->moving = job->wanted & moving_formats(job->preset);
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
