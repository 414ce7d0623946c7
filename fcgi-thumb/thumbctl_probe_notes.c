#include "config.h"

/*
 * What a prober leaves behind: the ledger's lines, its own state, and what is
 * published of both. All of it can fail, and none of it keeps anybody from
 * probing: a minute without a line is offline.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fdio.h"
#include "probe_beat.h"
#include "slo.h"
#include "thumbctl.h"
#include "thumbctl_probe.h"

/* Once, until it works again. */
static void
complain_once(struct prober *p, const char *what)
{
	if (!p->is_silent)
		complain("%s: %s: what is seen cannot be kept", what,
		    strerror(errno));
	p->is_silent = true;
}

/* ---- begin and end ---- */

/* nginx's log where it is a file of which we know. */
static void
open_access(struct prober *p)
{
	const struct settings *s = p->settings;
	char *path;

	/* Elsewhere than in a file nobody can read them again. */
	if (s->logs[0] == '\0' || strcmp(s->log_access, "file") != 0)
		return;
	path = settings_path(s->logs, "access.log");
	if (path != NULL)
		p->access = probe_access_open(path, s->prefix, p->state.mark,
		    &p->state.position, (int64_t)clock_wall_ms());
	free(path);
}

/* With what the last one has left there. */
static void
take_ledger(struct prober *p)
{
	p->lock = probe_state_lock(p->settings->ledger);
	if (p->lock == -1)
		return;
	if (probe_state_load(&p->state, p->settings->ledger) == -1)
		fd_close(&p->lock);
	else
		open_access(p);
}

/* One probe by hand: its requests are known to the other one for what they are. */
static void
go_beside(struct prober *p)
{
	complain("%s: another prober is at work there; this probe is not noted",
	    p->settings->ledger);
	(void)probe_state_load(&p->state, p->settings->ledger);
	p->state.n_debts = 0;
}

int
probe_notes_begin(struct prober *p)
{
	take_ledger(p);
	if (p->lock != -1)
		return 0;
	if (errno == EWOULDBLOCK && p->job.every > 0) {
		complain("%s: another prober is at work there",
		    p->settings->ledger);
		return -1;
	}
	if (errno == EWOULDBLOCK)
		go_beside(p);
	else
		complain_once(p, p->settings->ledger);
	if (p->state.mark[0] == '\0' && probe_state_new(&p->state) == -1) {
		complain("no random numbers");
		return -1;
	}
	return 0;
}

static void
save(struct prober *p)
{
	if (p->access != NULL)
		p->state.position = probe_access_position(p->access);
	if (probe_state_save(&p->state, p->settings->ledger) == -1)
		complain_once(p, p->settings->ledger);
}

void
probe_notes_end(struct prober *p)
{
	if (p->lock != -1)
		save(p);
	probe_access_close(p->access);
	p->access = NULL;
	fd_close(&p->lock);
}

/* ---- lines ---- */

static void
append(struct prober *p, const struct ledger_entry *entry)
{
	if (note_in_ledger(p->settings, entry, false) == -1) {
		complain_once(p, p->settings->ledger);
		return;
	}
	if (p->is_silent)
		complain("%s: what is seen is kept again", p->settings->ledger);
	p->is_silent = false;
}

static void
append_minutes(struct prober *p, int64_t last)
{
	struct probe_minute minute;
	bool more, any;

	if (p->access == NULL)
		return;
	do {
		more = probe_access_read(p->access);
		any = false;
		while (probe_access_take(p->access, last, &minute)) {
			const struct ledger_entry entry = {
				.kind = LEDGER_REQUESTS,
				.time = (int64_t)clock_wall_ms(),
				.requests = { minute.start, minute.total,
				    minute.errors },
			};

			any = true;
			append(p, &entry);
		}
	} while (more && any);
}

/* A minute is over: what the ledger says of it is for others to see. */
static void
publish_figures(struct prober *p)
{
	char why[1200];
	bool failed = slo_publish(p->settings, (int64_t)clock_wall_ms(), why,
			  sizeof why) == -1;

	if (failed && !p->is_unpublished)
		complain("%s: how it is cannot be published", why);
	p->is_unpublished = failed;
}

static void
publish(struct prober *p, int64_t minute)
{
	if (minute == p->state.published)
		return;
	if (minute / LEDGER_DAY_MS != p->state.published / LEDGER_DAY_MS)
		(void)ledger_prune(p->settings->ledger, LEDGER_DAYS_KEPT);
	publish_figures(p);
	p->state.published = minute;
	save(p);
}

/*
 * Its directory may have been away, or another one be in its place: all that is
 * known goes into that.
 */
static bool
has_ledger(struct prober *p)
{
	struct stat st;

	if (p->lock != -1 && fstat(p->lock, &st) == 0 && st.st_nlink > 0)
		return true;
	if (p->job.every == 0)
		return false;
	if (p->access != NULL)
		p->state.position = probe_access_position(p->access);
	probe_access_close(p->access);
	p->access = NULL;
	fd_close(&p->lock);
	p->lock = probe_state_lock(p->settings->ledger);
	if (p->lock != -1)
		open_access(p);
	return p->lock != -1;
}

void
probe_notes_take(struct prober *p)
{
	int64_t last = probe_finished_minute((int64_t)clock_wall_ms());

	if (!has_ledger(p)) {
		if (p->job.every > 0)
			complain_once(p, p->settings->ledger);
		return;
	}
	append(p, &p->page->entry);
	append_minutes(p, last);
	publish(p, last);
}
