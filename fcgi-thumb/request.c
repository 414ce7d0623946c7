#include "config.h"

/*
 * The spine: the stages of an upload in the order in which they happen, and
 * nothing else. A fault of the whole request ends it; a fault of one photo is
 * that photo's answer.
 */

#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "clock.h"
#include "journal.h"
#include "publish.h"
#include "render.h"
#include "reply.h"
#include "sniff.h"
#include "terms.h"
#include "upload.h"

/* Is this photo here already, whole? Under its lock, so that no half is seen. */
static enum fault
look_up(struct service *sv, const char *id, const struct progress *progress,
    struct manifest *m, enum presence *presence, struct fault_info *info)
{
	int lock = -1;
	enum fault f;

	f = store_lock(sv->store, id, progress->deadline_ns, &lock, info);
	if (f != FAULT_NONE)
		return f;
	f = publish_look(sv->store, id, sv->settings, m, presence, info);
	store_unlock(&lock);
	return f;
}

/* Write the finished files aside, and say in m what they are. */
static enum fault
write_draft(struct draft *d, struct spool *spool, enum format format,
    const struct rendering *r, struct manifest *m, struct fault_info *info)
{
	enum fault f;

	*m = (struct manifest){ .format = format,
		.size = r->photo,
		.bytes = spool->len };
	memcpy(m->id, spool->id, sizeof m->id);
	memcpy(m->color, r->color, sizeof m->color);
	memcpy(m->placeholder, r->placeholder, sizeof m->placeholder);
	if ((f = draft_original(d, spool, format, info)) != FAULT_NONE)
		return f;
	for (unsigned i = 0; i < r->n; i++) {
		const struct rendered *file = &r->files[i];
		struct variant *v = &m->variants[m->n++];

		*v = (struct variant){ .format = file->format,
			.size = file->size,
			.bytes = file->len };
		memcpy(v->preset, file->preset->name, sizeof v->preset);
		memcpy(v->recipe, file->preset->recipe, sizeof v->recipe);
		if ((f = draft_variant(d, v, file->data, info)) != FAULT_NONE)
			return f;
	}
	return FAULT_NONE;
}

/* Rendering went on without the lock: look again, the first one wins. */
static enum fault
commit(struct service *sv, struct draft *d, const struct progress *progress,
    struct outcome *out, struct fault_info *info)
{
	struct manifest *m = &out->manifest;
	struct manifest theirs;
	enum presence presence;
	int lock = -1;
	enum fault f;

	f = store_lock(sv->store, m->id, progress->deadline_ns, &lock, info);
	if (f != FAULT_NONE)
		return f;
	f = publish_look(sv->store, m->id, sv->settings, &theirs, &presence,
	    info);
	if (f == FAULT_NONE && presence == PRESENCE_WHOLE)
		*m = theirs;
	else if (f == FAULT_NONE)
		f = draft_publish(d, m, sv->settings, presence, info);
	if (f == FAULT_NONE)
		out->status =
		    presence == PRESENCE_NONE ? PHOTO_CREATED : PHOTO_EXISTS;
	store_unlock(&lock);
	return f;
}

/*
 * A photo that was begun has a job's whole time for its pixels, and again for
 * its way to the disk, even where the request's own time ends before that: to
 * break it off then would lose the answer for the photos before it as well.
 * What has become of pixels may take until `least` where that is later: it
 * deserves its time on a slow disk.
 */
static void
give_time(const struct service *sv, struct progress *progress, uint64_t least)
{
	uint64_t job_end =
	    clock_monotonic_ns() + sv->settings->limits.job_seconds * NS_PER_S;

	progress_deadline(progress, job_end > least ? job_end : least);
}

/* A photo that is not here: its content decides what it is, then the pixels. */
static enum fault
create(struct service *sv, struct spool *spool, struct progress *progress,
    uint64_t request_end, struct outcome *out)
{
	struct fault_info *info = &out->info;
	struct rendering rendering = { 0 };
	struct draft draft = { 0 };
	const void *bytes = spool_bytes(spool, info);
	struct sniff sniff;
	struct wanted wanted;
	enum fault f;

	if (bytes == NULL)
		return info->fault;
	if ((f = sniff_read(bytes, spool->len, &sniff, info)) != FAULT_NONE ||
	    (f = sniff_check(&sniff, &sv->settings->limits, info)) !=
		FAULT_NONE)
		return f;
	out->decoded = true;
	wanted_all(sv->settings, &wanted);
	f = render_photo(bytes, spool->len, &sniff, sv->settings, &wanted,
	    progress, &rendering, info);
	if (f != FAULT_NONE)
		return f;
	give_time(sv, progress, request_end);
	progress_enter(progress, PHASE_PUBLISH);
	if ((f = draft_open(&draft, sv->store, info)) == FAULT_NONE &&
	    (f = write_draft(&draft, spool, sniff.format, &rendering,
		 &out->manifest, info)) == FAULT_NONE)
		f = commit(sv, &draft, progress, out, info);
	draft_close(&draft);
	rendering_fini(&rendering);
	return f;
}

/* One photo of the request, from its bytes to its answer. */
static void
handle_photo(struct service *sv, struct upload_photo *in,
    struct progress *progress, uint64_t request_end, struct outcome *out)
{
	uint64_t before[PHASE_COUNT];
	enum presence presence;
	enum fault f = in->info.fault;

	out->name = in->name;
	out->info = in->info;
	memcpy(before, progress->spent_ns, sizeof before);
	if (f == FAULT_NONE && clock_monotonic_ns() >= request_end)
		f = fault_set(&out->info, FAULT_TOO_SLOW,
		    "The photos before this one used up the request's time.");
	if (f == FAULT_NONE) {
		progress_photo(progress, in->spool.id);
		give_time(sv, progress, 0);
		f = look_up(sv, in->spool.id, progress, &out->manifest,
		    &presence, &out->info);
	}
	if (f == FAULT_NONE && presence == PRESENCE_WHOLE)
		out->status = PHOTO_EXISTS;
	else if (f == FAULT_NONE)
		f = create(sv, &in->spool, progress, request_end, out);
	if (f != FAULT_NONE)
		out->status = PHOTO_REFUSED;
	progress_enter(progress, PHASE_RECEIVE);
	progress_share(progress, before, out->ms);
}

static void
answer(struct service *sv, const struct io *io, const struct outcome *outcomes,
    unsigned n, const struct fault_info *whole, const struct progress *progress)
{
	struct buf out = { 0 };
	int status =
	    reply_build(&out, io, sv->settings, outcomes, n, whole, progress);

	/* A peer that is gone is no fault: the photo is stored all the same. */
	(void)io->write(io->ctx, out.data, out.len);
	journal_request(io, status, outcomes, n, whole, progress);
	buf_fini(&out);
}

void
request_handle(struct service *sv, const struct io *io)
{
	uint64_t end = clock_monotonic_ns() +
	    sv->settings->limits.request_seconds * NS_PER_S;
	struct upload upload = { 0 };
	struct outcome *outcomes = NULL;
	struct fault_info whole = { 0 };
	struct terms terms;
	struct progress progress;
	enum fault f;

	progress_start(&progress, sv->slot);
	progress_deadline(&progress, end);
	if ((f = admission_check(io, sv->settings, &progress, &whole)) ==
	    FAULT_NONE) {
		progress_enter(&progress, PHASE_RECEIVE);
		f = upload_receive(&upload, io, sv->settings,
		    store_staging(sv->store), &progress, &whole);
	}
	if (f == FAULT_NONE)
		f = terms_read(io, &upload, sv->settings, &terms, &whole);
	if (f == FAULT_NONE) {
		outcomes = calloc(upload.n, sizeof *outcomes);
		if (outcomes == NULL)
			f = fault_errno(&whole, "outcomes");
	}
	for (unsigned i = 0; f == FAULT_NONE && i < upload.n; i++)
		handle_photo(sv, &upload.photos[i], &progress, end,
		    &outcomes[i]);
	progress_enter(&progress, PHASE_IDLE);
	/* A peer that only drips must not hold us. */
	give_time(sv, &progress, 0);
	answer(sv, io, outcomes, outcomes != NULL ? upload.n : 0, &whole,
	    &progress);
	progress_deadline(&progress, 0);
	free(outcomes);
	upload_fini(&upload);
}
