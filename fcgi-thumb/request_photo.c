#include "config.h"

/*
 * One photo of an upload: is it here, and if not, what is it and what becomes
 * of it. Whoever sent it gets a claim on it, in the same moment under the lock
 * in which it is seen to be here.
 */

#include <string.h>
#include <time.h>

#include "claim.h"
#include "clock.h"
#include "develop.h"
#include "publish.h"
#include "request_internal.h"
#include "store_admin.h"

_Static_assert(CLAIM_OWNER_MAX == TERMS_OWNER_MAX, "an owner fits");

/* One request_photo. */
struct job {
	struct service *sv;
	struct spool *spool;
	struct progress *progress;
	uint64_t end; /* of the request */
	struct claim claim;
	char token[CLAIM_TOKEN_LEN + 1];
	struct outcome *out;
};

/* Under the lock: whether the bytes are welcome, and what is here of them. */
static enum fault
look(struct job *job, struct look *out)
{
	struct service *sv = job->sv;
	const char *id = job->spool->id;
	struct fault_info *info = &job->out->info;
	enum fault f = store_check_ban(sv->store, id, info);

	return f == FAULT_NONE
	    ? publish_look(sv->store, id, sv->settings, out, info)
	    : f;
}

/* Under the lock: a claim on what is here. */
static enum fault
claim(struct job *job)
{
	enum fault f = claim_add(job->sv->store, job->spool->id, job->token,
	    &job->claim, &job->out->info);

	memcpy(job->out->token, job->token, sizeof job->out->token);
	return f;
}

/* Is this photo here already, whole? Under its lock, so that no half is seen. */
static enum fault
look_up(struct job *job, enum presence *presence)
{
	struct look here = { 0 };
	int lock = -1;
	enum fault f = store_lock(job->sv->store, job->spool->id,
	    job->progress->deadline_ns, &lock, &job->out->info);

	if (f == FAULT_NONE)
		f = look(job, &here);
	if (f == FAULT_NONE && here.presence == PRESENCE_WHOLE) {
		job->out->manifest = here.manifest;
		f = claim(job);
	}
	*presence = here.presence;
	store_unlock(&lock);
	return f;
}

static enum fault
check_room(struct job *job, uint64_t bytes)
{
	return store_check_room(job->sv->store, &job->sv->settings->limits,
	    bytes, &job->out->info);
}

static enum fault
publish_new(struct job *job, struct draft *d, const struct look *here)
{
	struct service *sv = job->sv;
	struct manifest *m = &job->out->manifest;
	struct fault_info *info = &job->out->info;
	enum fault f;

	f = check_room(job, m->bytes + manifest_weigh(m));
	if (f == FAULT_NONE)
		f = draft_claim(d, m->id, job->token, &job->claim, info);
	if (f == FAULT_NONE)
		f = draft_publish(d, m, sv->settings, here, info);
	memcpy(job->out->token, job->token, sizeof job->out->token);
	return f;
}

/* Under the lock, after all was made without it: the first one wins. */
static enum fault
publish(struct job *job, struct draft *d)
{
	struct outcome *out = job->out;
	struct look here;
	enum fault f = look(job, &here);

	if (f != FAULT_NONE)
		return f;
	out->status =
	    here.presence == PRESENCE_NONE ? PHOTO_CREATED : PHOTO_EXISTS;
	if (here.presence == PRESENCE_NONE)
		return publish_new(job, d, &here);
	if (here.presence == PRESENCE_WHOLE)
		out->manifest = here.manifest;
	else if ((f = check_room(job, manifest_weigh(&out->manifest))) ==
	    FAULT_NONE)
		f = draft_publish(d, &out->manifest, job->sv->settings, &here,
		    &out->info);
	return f == FAULT_NONE ? claim(job) : f;
}

static enum fault
commit(struct job *job, struct draft *d)
{
	int lock = -1;
	enum fault f = store_lock(job->sv->store, job->spool->id,
	    job->progress->deadline_ns, &lock, &job->out->info);

	if (f == FAULT_NONE)
		f = publish(job, d);
	store_unlock(&lock);
	return f;
}

/*
 * A photo that is not here, or not all of it: its content decides what it is,
 * then the pixels. All files of an upload are made in any case, because what
 * is here now may be gone when they are.
 */
static enum fault
create(struct job *job, const void *bytes)
{
	struct service *sv = job->sv;
	struct spool *spool = job->spool;
	struct outcome *out = job->out;
	struct develop dv = { .store = sv->store,
		.settings = sv->settings,
		.progress = job->progress,
		.spool = spool,
		.queue = sv->queue };
	struct draft draft = { 0 };
	struct wanted wanted;
	enum fault f;

	wanted_at_upload(sv->settings, &wanted);
	f = develop_draft(&dv, spool->id, bytes, spool->len, &wanted, job->end,
	    &draft, &out->info);
	out->decoded = dv.decoded;
	out->engine = dv.engine;
	memcpy(out->declined, dv.declined, sizeof out->declined);
	out->manifest = dv.manifest;
	if (f == FAULT_NONE)
		f = draft_original(&draft, spool, dv.manifest.format,
		    &out->info);
	if (f == FAULT_NONE)
		f = draft_wait(&draft, &out->info);
	if (f == FAULT_NONE)
		f = commit(job, &draft);
	draft_close(&draft);
	return f;
}

/*
 * A photo that was begun has a job's whole time for its pixels, and again for
 * its way to the disk, even where the request's own time ends before that: to
 * break it off then would lose the answer for the photos before it as well.
 */
static enum fault
handle(struct job *job)
{
	struct service *sv = job->sv;
	struct outcome *out = job->out;
	enum presence presence;
	const void *bytes;
	enum fault f;

	if (clock_monotonic_ns() >= job->end)
		return fault_set(&out->info, FAULT_TOO_SLOW,
		    "The photos before this one used up the request's time.");
	progress_photo(job->progress, job->spool->id);
	progress_allow(job->progress, sv->settings->limits.job_seconds, 0);
	if ((f = look_up(job, &presence)) != FAULT_NONE)
		return f;
	out->status = PHOTO_EXISTS;
	if (presence == PRESENCE_WHOLE)
		return FAULT_NONE;
	if (presence == PRESENCE_NONE &&
	    (f = check_room(job, job->spool->len)) != FAULT_NONE)
		return f;
	bytes = spool_bytes(job->spool, &out->info);
	return bytes != NULL ? create(job, bytes) : out->info.fault;
}

void
request_photo(struct service *sv, struct upload_photo *in,
    const struct terms *terms, struct progress *progress, uint64_t end,
    struct outcome *out)
{
	struct job job = { .sv = sv,
		.spool = &in->spool,
		.progress = progress,
		.end = end,
		.claim = { .created = (int64_t)time(NULL),
		    .expires = terms->expires },
		.out = out };
	uint64_t before[PHASE_COUNT], begun = clock_monotonic_ns();
	enum fault f = in->info.fault;

	memcpy(job.claim.owner, terms->owner, sizeof job.claim.owner);
	out->name = in->name;
	out->info = in->info;
	memcpy(before, progress->spent_ns, sizeof before);
	if (f == FAULT_NONE)
		f = claim_token(terms->key, in->spool.id, job.token,
		    &out->info);
	if (f == FAULT_NONE)
		f = handle(&job);
	if (f != FAULT_NONE)
		out->status = PHOTO_REFUSED;
	progress_enter(progress, PHASE_RECEIVE);
	progress_share(progress, before, out->ms);
	out->took_ns = clock_monotonic_ns() - begun;
}
