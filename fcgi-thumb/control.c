#include "config.h"

/*
 * What the control worker answers: whether a photo would be taken now, what has
 * been counted, and what is asked about claims. Responsible for the verdict's age and its words;
 * the judgement itself is the scoreboard's, and of room the store's. Touches no
 * photo, so that it can be given while all photo workers are stuck.
 */

#include "control.h"

#include <poll.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "control_internal.h"
#include "fault.h"
#include "reply.h"

#define READY_ADDRESS "/health/ready"
#define METRICS_ADDRESS "/metrics"

/* Many probers cost one look a second. */
#define CACHE_NS NS_PER_S

static bool
are_photos_waiting(const struct control *control)
{
	struct pollfd pfd = { .fd = control->photo_listener, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLIN) != 0;
}

static void
check_ready(struct control *control)
{
	const struct settings *settings = control->settings;
	const struct store *store = control->sweep.store;
	struct fault_info *info = &control->unready;
	uint64_t now = clock_monotonic_ns();
	const char *why = "";

	if (control->checked_ns != 0 && now - control->checked_ns < CACHE_NS)
		return;
	control->checked_ns = now;
	*info = (struct fault_info){ .fault = FAULT_NONE };
	if (!scoreboard_is_ready(control->board, control->first, control->n,
		are_photos_waiting(control),
		settings->limits.queue_seconds * NS_PER_S, now, &why))
		(void)fault_set(info, FAULT_OVERLOADED, "%s", why);
	else if (store_check_offline(store, info) == FAULT_NONE &&
	    store_check_disk(store, &settings->limits, info) == FAULT_NONE)
		(void)store_check_room(store, &settings->limits, 1, info);
}

static void
put_ready(struct buf *out)
{
	buf_puts(out,
	    "Status: 200 OK\r\n"
	    "Content-Type: application/json\r\n"
	    "\r\n"
	    "{\"ready\":true}\n");
}

static void
put_problem(struct buf *out, const struct io *io, enum fault f)
{
	struct fault_info info;

	(void)fault_set(&info, f, "%s", "");
	reply_problem(out, io, &info);
}

/* The prefix before it is nginx's business. */
static bool
is_for(const struct io *io, const char *address)
{
	const char *uri = io_param(io, "DOCUMENT_URI");
	size_t len = strlen(uri), want = strlen(address);

	return len >= want && strcmp(uri + len - want, address) == 0;
}

static bool
is_reading(const struct io *io)
{
	const char *method = io_param(io, "REQUEST_METHOD");

	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

void
control_handle(struct control *control, const struct io *io)
{
	struct buf out = { 0 };

	if (control_photo(control, io, &out)) {
		/* It has answered. */
	} else if (!is_for(io, READY_ADDRESS) && !is_for(io, METRICS_ADDRESS)) {
		put_problem(&out, io, FAULT_NOT_FOUND);
	} else if (!is_reading(io)) {
		put_problem(&out, io, FAULT_METHOD_NOT_ALLOWED);
	} else {
		check_ready(control);
		if (is_for(io, METRICS_ADDRESS))
			control_metrics(control,
			    control->unready.fault == FAULT_NONE, &out);
		else if (control->unready.fault == FAULT_NONE)
			put_ready(&out);
		else
			reply_problem(&out, io, &control->unready);
	}
	/*
	 * Without memory there is no answer, and nginx makes one of its own; a
	 * peer that is gone needs none.
	 */
	if (!out.failed)
		(void)io->write(io->ctx, out.data, out.len);
	buf_fini(&out);
}

void
control_idle(struct control *control)
{
	sweep_beat(&control->sweep);
}
