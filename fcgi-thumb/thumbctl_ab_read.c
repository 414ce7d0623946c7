#include "config.h"

/*
 * From logs to a report: the photos from the service's lines, requests and errors
 * from nginx's, since a worker that died left none of its own. What is asked for is
 * hours or weeks ago, so rotated files are read too.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "logfiles.h"
#include "probe_state.h"
#include "target.h"
#include "thumbctl_ab.h"
#include "thumbctl_program.h"
#include "window.h"

/* ---- files ---- */

/* Those that were written to since then. */
static void
read_files(const char *dir, const char *name, int64_t from, logfiles_line *each,
    void *ctx)
{
	struct logfiles *l = logfiles_open(dir, name);
	char why[LOGFILES_WHY_MAX];

	if (l == NULL) {
		complain("%s: %s", dir, strerror(errno));
		return;
	}
	for (size_t i = 0;
	     i < logfiles_count(l) && logfiles_changed(l, i) >= from; i++)
		if (logfiles_read(l, i, each, ctx, why) == -1)
			complain("%s: what was there is not in the report",
			    why);
	logfiles_close(l);
}

/* ---- the service's lines ---- */

static void
take_photo_line(void *ctx, const char *line, size_t len)
{
	ab_take_line(ctx, line, len);
}

static bool
take_entry(void *ctx, const char *line, size_t len)
{
	ab_take_line(ctx, line, len);
	return true;
}

/* 0, or -1 after a complaint. */
static int
read_journal(struct ab *ab)
{
	char since[64];
	const char *const more[] = { "--quiet", "--no-pager", "--output=cat",
		"--all", since, "SYSLOG_IDENTIFIER=fcgi-thumb", NULL };
	int status;

	(void)snprintf(since, sizeof since, "--since=@%" PRId64,
	    ab->from / 1000);
	status = program_lines("journalctl", more, take_entry, ab);
	if (status == 0)
		return 0;
	complain("journalctl: %s",
	    status == -1                   ? strerror(errno)
		: status == EX_UNAVAILABLE ? "there is none"
					   : "it failed");
	return -1;
}

/* 0, or -1 after a complaint: they are not here. */
static int
read_photos(const struct settings *s, struct ab *ab)
{
	struct target target = { 0 };

	(void)target_parse(s->log_service, &target);
	if (target.kind == TARGET_HOST) {
		complain("the service's lines go to the host %s (log_service), "
			 "and are not here to be reported",
		    target.host);
		return -1;
	}
	if (target.kind != TARGET_FILE || s->logs[0] == '\0')
		return read_journal(ab);
	read_files(s->logs, "fcgi-thumb.log", ab->from, take_photo_line, ab);
	return 0;
}

/* ---- nginx's lines ---- */

static void
take_request_line(void *ctx, const char *line, size_t len)
{
	window_take(ctx, line, len);
}

/*
 * Without any, those of the service are what there is. They carry whole seconds:
 * some of A's may be of just before, rather than that some of both are left out.
 */
static void
read_requests(const struct settings *s, struct ab *ab)
{
	struct probe_state prober = { 0 };
	struct verdict_sample samples[AB_ARMS];
	struct window *w;

	/* Who has never had a prober has nothing to leave out. */
	if (probe_state_load(&prober, s->ledger) == -1)
		prober.mark[0] = '\0';
	w = window_open(NULL, s->prefix, prober.mark,
	    ab->from - ab->from % 1000);
	if (w == NULL) {
		complain("no memory left");
		return;
	}
	read_files(s->logs, "access.log", ab->from, take_request_line, w);
	for (unsigned i = 0; i < AB_ARMS; i++)
		window_sample(w, ab->arms[i].slot, &samples[i]);
	if (samples[AB_A].requests + samples[AB_B].requests > 0)
		for (unsigned i = 0; i < AB_ARMS; i++) {
			ab->arms[i].requests = samples[i].requests;
			ab->arms[i].errors = samples[i].errors;
		}
	window_close(w);
}

/* ---- all ---- */

static void
fill_arm(const struct releases *r, enum release_slot slot, struct ab_arm *arm)
{
	const struct release_slot_state *s = &r->state.slots[slot];

	arm->slot = slot;
	arm->version = s->version;
	arm->digest = slot == SLOT_NONE ? r->settings->digest : s->digest;
}

int
ab_read(const struct releases *r, struct ab *out)
{
	const struct release_run *run = &r->state.run;

	*out = (struct ab){ .id = run->id,
		.by = run->by,
		.prefix = r->settings->prefix,
		.from = run->step_began,
		.now = (int64_t)clock_wall_ms(),
		.share = run->share };
	fill_arm(r, run->from, &out->arms[AB_A]);
	fill_arm(r, run->to, &out->arms[AB_B]);
	if (read_photos(r->settings, out) == -1)
		return -1;
	if (r->settings->logs[0] != '\0')
		read_requests(r->settings, out);
	return 0;
}
