#include "config.h"

/*
 * The files that keep an animation. Each canvas is placed for every preset that
 * wants it and let go before the next one comes, so that only the thumbnails'
 * frames are held.
 */

#include "render_internal.h"

enum fault
check_animation(const struct sniff *sniff, const struct settings *settings,
    struct fault_info *info)
{
	const unsigned long long limit = settings->limits.memory;
	const unsigned long long need = image_animation_bytes(sniff);
	enum fault f;

	if (!plan_keeps_animation(settings, sniff))
		return FAULT_NONE;
	f = sniff_check_frames(sniff, &settings->limits, info);
	if (f != FAULT_NONE || need <= limit)
		return f;
	return fault_limit(info, FAULT_TOO_MUCH_MEMORY, limit, need,
	    "Opening the animation's %u frames takes at least %llu bytes of "
	    "memory; %llu are allowed.",
	    sniff->frames, need, limit);
}

/* One canvas more for one preset. */
static enum fault
add_frame(struct work *w, const struct job *job, const struct image *canvas,
    unsigned ms, struct reel *reel, struct fault_info *info)
{
	const struct placement on =
	    plan_on(&job->placement, w->photo, image_size(canvas));
	struct image *img = NULL;
	enum fault f = image_place(canvas, &on, job->preset->background,
	    job->preset->sharpen, &img, info);

	return f == FAULT_NONE ? image_reel_add(reel, img, ms, info) : f;
}

static enum fault
add_frames(struct work *w, struct animation *a,
    struct reel reels[SETTINGS_PRESETS_MAX], struct fault_info *info)
{
	const struct image *canvas;
	unsigned ms = 0;
	enum fault f;

	while (
	    (f = image_animation_next(a, &canvas, &ms, info)) == FAULT_NONE &&
	    canvas != NULL) {
		for (unsigned i = 0; i < w->n_jobs && f == FAULT_NONE; i++)
			if (w->jobs[i].moving != 0)
				f = add_frame(w, &w->jobs[i], canvas, ms,
				    &reels[i], info);
		if (f != FAULT_NONE)
			break;
	}
	return f;
}

static enum fault
encode_reel(struct work *w, const struct job *job, const struct reel *reel,
    struct fault_info *info)
{
	const struct preset *preset = job->preset;
	enum fault f = FAULT_NONE;

	for (unsigned i = 0; i < preset->n_formats && f == FAULT_NONE; i++) {
		const struct encoding how =
		    encoding_of(w, preset, preset->formats[i]);
		struct rendered *file;

		if ((job->moving >> i & 1) == 0)
			continue;
		file = begin_file(w, job, i, job->placement.canvas);
		f = image_encode_reel(reel, &how, &file->data, &file->len,
		    info);
	}
	return f;
}

enum fault
render_animation(struct work *w, struct animation *a, struct fault_info *info)
{
	struct reel reels[SETTINGS_PRESETS_MAX] = { 0 };
	enum fault f;

	progress_enter(w->progress, PHASE_RESIZE);
	f = add_frames(w, a, reels, info);
	progress_enter(w->progress, PHASE_ENCODE);
	for (unsigned i = 0; i < w->n_jobs; i++) {
		reels[i].plays = image_animation_plays(a);
		if (f == FAULT_NONE && w->jobs[i].moving != 0)
			f = encode_reel(w, &w->jobs[i], &reels[i], info);
		image_reel_fini(&reels[i]);
	}
	return f;
}
