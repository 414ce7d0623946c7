#include "config.h"

/*
 * What libjpeg calls when it does not like what it sees, and while it works.
 * Refuses to know whether it reads or writes.
 */

#include "planes_guard.h"

void
guard_leave(struct guard *g, enum fault fault, const char *why)
{
	g->fault = fault;
	(void)snprintf(g->why, sizeof g->why, "%s", why);
	longjmp(g->leave, 1);
}

static void
on_error(j_common_ptr common)
{
	struct guard *g = common->client_data;
	char why[JMSG_LENGTH_MAX];

	(*common->err->format_message)(common, why);
	guard_leave(g, g->words, why);
}

/* Below 0 are warnings, the others are of no interest. */
static void
on_message(j_common_ptr common, int level)
{
	if (level < 0)
		on_error(common);
}

/* Now and then, also between the scans of a progressive file. */
static void
on_progress(j_common_ptr common)
{
	struct guard *g = common->client_data;

	if (progress_is_over(g->progress))
		guard_leave(g, FAULT_RENDER_TIMEOUT, "deadline");
}

void
guard_begin(struct guard *g, j_common_ptr common)
{
	common->err = jpeg_std_error(&g->errors);
	g->errors.error_exit = on_error;
	g->errors.emit_message = on_message;
	g->monitor.progress_monitor = on_progress;
	common->client_data = g;
	common->progress = &g->monitor;
}
