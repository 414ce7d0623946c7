#include "config.h"

/*
 * The spine: the stages of a request in the order in which they happen, and
 * nothing else. A fault of the whole request ends it; a fault of one photo is
 * that photo's answer.
 */

#include "request.h"

#include <stdlib.h>

#include "admission.h"
#include "clock.h"
#include "journal.h"
#include "request_internal.h"
#include "tally.h"

/*
 * How many bytes the answer has. A peer that is gone is no fault: what was to be
 * stored is.
 */
static size_t
send_answer(const struct io *io, struct buf *out)
{
	size_t len = out->failed ? 0 : out->len;

	if (len > 0)
		(void)io->write(io->ctx, out->data, len);
	buf_fini(out);
	return len;
}

static void
answer(struct service *sv, const struct io *io, const struct outcome *outcomes,
    unsigned n, const struct fault_info *whole, const struct progress *progress)
{
	struct buf out = { 0 };
	int status =
	    reply_build(&out, io, sv->settings, outcomes, n, whole, progress);
	size_t bytes;

	tally_request(REQUEST_UPLOAD, status, outcomes, n, whole, progress);
	bytes = send_answer(io, &out);
	journal_request(io, status, bytes, outcomes, n, whole, progress);
}

/* All photos of a request, received; only whole requests get here. */
static enum fault
handle_photos(struct service *sv, const struct io *io, struct upload *upload,
    struct progress *progress, uint64_t end, struct outcome **out,
    struct fault_info *info)
{
	struct terms terms;
	enum fault f = terms_read(io, upload, sv->settings, &terms, info);

	if (f != FAULT_NONE)
		return f;
	*out = calloc(upload->n, sizeof **out);
	if (*out == NULL)
		return fault_errno(info, "outcomes");
	for (unsigned i = 0; i < upload->n; i++)
		request_photo(sv, &upload->photos[i], &terms, progress, end,
		    &(*out)[i]);
	return FAULT_NONE;
}

static void
handle_upload(struct service *sv, const struct io *io,
    struct progress *progress, uint64_t end)
{
	struct upload upload = { 0 };
	struct outcome *outcomes = NULL;
	struct fault_info whole = { 0 };

	if (admission_check(io, sv->settings, progress, &whole) == FAULT_NONE &&
	    store_check_offline(sv->store, &whole) == FAULT_NONE &&
	    store_check_disk(sv->store, &sv->settings->limits, &whole) ==
		FAULT_NONE) {
		progress_enter(progress, PHASE_RECEIVE);
		if (upload_receive(&upload, io, sv->settings,
			store_staging(sv->store), progress,
			&whole) == FAULT_NONE)
			(void)handle_photos(sv, io, &upload, progress, end,
			    &outcomes, &whole);
	}
	progress_enter(progress, PHASE_IDLE);
	/* A peer that only drips must not hold us. */
	progress_allow(progress, sv->settings->limits.job_seconds, 0);
	answer(sv, io, outcomes, outcomes != NULL ? upload.n : 0, &whole,
	    progress);
	free(outcomes);
	upload_fini(&upload);
}

/* The file is there when it is answered: then nginx serves it, as any other. */
static void
handle_first(struct service *sv, const struct io *io, struct progress *progress)
{
	struct outcome outcome = { .name = "", .status = PHOTO_EXISTS };
	uint64_t before[PHASE_COUNT] = { 0 };
	struct fault_info whole = { 0 };
	struct buf out = { 0 };
	int status = 200;
	size_t bytes;

	if (request_first(sv, io, progress, &outcome, &whole) == FAULT_NONE) {
		request_redirect(io, &out);
	} else {
		reply_problem(&out, io, &whole);
		status = fault_status(whole.fault);
	}
	progress_enter(progress, PHASE_IDLE);
	progress_share(progress, before, outcome.ms);
	progress_allow(progress, sv->settings->limits.job_seconds, 0);
	tally_request(REQUEST_RENDER, status, &outcome, 1, &whole, progress);
	bytes = send_answer(io, &out);
	journal_request(io, status, bytes, &outcome, whole.fault == FAULT_NONE,
	    &whole, progress);
}

void
request_handle(struct service *sv, const struct io *io)
{
	uint64_t end = clock_monotonic_ns() +
	    sv->settings->limits.request_seconds * NS_PER_S;
	struct progress progress;

	progress_start(&progress, sv->slot);
	progress_deadline(&progress, end);
	if (request_is_first(io))
		handle_first(sv, io, &progress);
	else
		handle_upload(sv, io, &progress, end);
	progress_deadline(&progress, 0);
}
