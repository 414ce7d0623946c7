#include "config.h"

/*
 * Two slots, looked at every few seconds. What cannot be seen is not good news:
 * without a log there are no requests, and without requests no pass.
 */

#include "thumbctl_release_look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "probe_state.h"
#include "thumbctl_release_drive.h"
#include "thumbctl_release_internal.h"
#include "vitals.h"

#define REVIVAL_SECONDS 120
#define PROBE_EVERY_NS (10 * NS_PER_S)

/* ---- begin and end ---- */

/* What the prober's requests have in them; "" where there was none yet. */
static void
find_mark(const struct settings *s, char out[PROBE_MARK_LEN + 1])
{
	struct probe_state state;

	out[0] = '\0';
	if (probe_state_load(&state, s->ledger) == 0)
		memcpy(out, state.mark, PROBE_MARK_LEN + 1);
}

/* nginx's files are those of the active slot. */
static int
open_window(struct lookout *l, enum release_slot active)
{
	struct settings *s = slot_settings(l->r, active);
	char mark[PROBE_MARK_LEN + 1];
	char *path = NULL;

	if (s == NULL)
		return -1;
	find_mark(s, mark);
	path = settings_path(s->logs, "access.log");
	if (path != NULL)
		l->window = window_open(path, s->prefix, mark,
		    (int64_t)clock_wall_ms());
	if (l->window == NULL)
		complain("%s: %s: steps are judged by it",
		    path != NULL ? path : "access.log", strerror(errno));
	free(path);
	settings_free(s);
	return l->window != NULL ? 0 : -1;
}

static int
open_master(struct lookout *l, enum look_side side, enum release_slot slot)
{
	struct look_master *m = &l->masters[side];
	struct service_state state;
	char run[PATH_MAX];

	m->slot = slot;
	if (release_run_dir(l->r->settings, slot, run, sizeof run) == -1 ||
	    !slot_is_alive(l->r, slot, &state)) {
		complain("no master runs in %s", settings_slot_name(slot));
		return -1;
	}
	m->pid = state.pid;
	m->socket = settings_path(run, "control.sock");
	if (m->socket != NULL)
		return 0;
	complain("no memory left");
	return -1;
}

int
look_open(struct lookout *l, const struct releases *r, enum release_slot active,
    enum release_slot candidate)
{
	*l = (struct lookout){ .r = r, .revival.fd = -1, .probe.fd = -1 };
	if (open_master(l, LOOK_ACTIVE, active) == -1 ||
	    open_master(l, LOOK_CANDIDATE, candidate) == -1 ||
	    open_window(l, active) == -1)
		return -1;
	return 0;
}

void
look_close(struct lookout *l)
{
	errand_end(&l->revival);
	errand_end(&l->probe);
	window_close(l->window);
	for (unsigned i = 0; i < LOOK_SIDES; i++)
		free(l->masters[i].socket);
	free(l->kept_ms);
	*l = (struct lookout){ .revival.fd = -1, .probe.fd = -1 };
}

/* ---- a master's numbers ---- */

/* One that was started anew counts from 0. */
static void
count_deaths(struct look_master *m, uint64_t deaths)
{
	if (!m->known || deaths < m->first)
		m->first = m->known ? 0 : deaths;
	m->known = true;
	m->deaths = deaths - m->first;
}

/*
 * One that does not answer leaves what it said last. Of the active one's memory
 * the most counts that was seen: its workers may just have made room for fresh
 * ones, which have next to none.
 */
static void
ask_master(struct lookout *l, enum look_side side)
{
	struct look_master *m = &l->masters[side];
	struct buf body = { 0 };
	struct vitals v;

	if (ask_get(m->socket, "/metrics", &body) == 200 && body.len > 0 &&
	    vitals_read(body.data, &v) == 0) {
		count_deaths(m, v.deaths);
		if (side != LOOK_ACTIVE || v.memory > m->memory)
			m->memory = v.memory;
	}
	buf_fini(&body);
}

void
look_begin(struct lookout *l)
{
	window_begin(l->window, (int64_t)clock_wall_ms());
	for (unsigned i = 0; i < LOOK_SIDES; i++) {
		l->masters[i].known = false;
		l->masters[i].deaths = 0;
		ask_master(l, (enum look_side)i);
	}
}

/* ---- a photo of our own ---- */

static void
hear_probe(struct lookout *l)
{
	char words[RELEASE_WORDS_MAX];
	enum errand_came came = errand_look(&l->probe, 0, words);

	if (came == ERRAND_ON)
		return;
	l->probes_failed = came == ERRAND_WELL ? 0 : l->probes_failed + 1;
	if (came == ERRAND_BADLY)
		memcpy(l->probe_words, words, sizeof words);
}

static void
tend_probe(struct lookout *l)
{
	uint64_t now = clock_monotonic_ns();

	if (l->probe.pid != 0)
		hear_probe(l);
	if (l->probe.pid != 0 ||
	    (l->probed_ns != 0 && now - l->probed_ns < PROBE_EVERY_NS))
		return;
	l->probed_ns = now;
	(void)drive_begin_probe(l->r, &l->masters[LOOK_CANDIDATE].slot,
	    &l->probe);
}

/* ---- the active one's master ---- */

static bool
run_revival(const struct releases *r, void *ctx, char words[RELEASE_WORDS_MAX])
{
	const enum release_slot *slot = ctx;

	words[0] = '\0';
	return slot_start(r, *slot) == 0;
}

/*
 * Most users are there. Where systemd does not start it again nobody does while
 * we have the lock.
 */
static void
tend_active(struct lookout *l)
{
	struct look_master *m = &l->masters[LOOK_ACTIVE];
	char words[RELEASE_WORDS_MAX];
	struct service_state state;

	if (l->revival.pid != 0) {
		(void)errand_look(&l->revival, 0, words);
		return;
	}
	if (m->slot == SLOT_NONE || units_are_used(l->r) ||
	    slot_is_alive(l->r, m->slot, &state))
		return;
	complain("the master of %s has ended, and is started again",
	    settings_slot_name(m->slot));
	(void)errand_begin(&l->revival, l->r, run_revival, &m->slot,
	    REVIVAL_SECONDS);
}

/* ---- all ---- */

void
look_read(struct lookout *l)
{
	if (window_read(l->window) == 0) {
		l->unreadable = false;
		return;
	}
	if (!l->unreadable)
		complain("nginx's access log: %s: as long as it cannot be read "
			 "nothing passes",
		    strerror(errno));
	l->unreadable = true;
}

void
look_take(struct lookout *l)
{
	struct look_master *candidate = &l->masters[LOOK_CANDIDATE];
	struct service_state state;

	look_read(l);
	l->gone = !slot_is_alive(l->r, candidate->slot, &state) ||
	    state.pid != candidate->pid;
	for (unsigned i = 0; i < LOOK_SIDES; i++)
		ask_master(l, (enum look_side)i);
	tend_active(l);
	tend_probe(l);
}

void
look_sample(struct lookout *l, enum look_side side, bool kept,
    struct verdict_sample *out)
{
	const struct look_master *m = &l->masters[side];

	if (kept && side == LOOK_ACTIVE) {
		*out = l->kept;
		return;
	}
	window_sample(l->window, m->slot, out);
	out->memory = m->memory;
	out->deaths = m->deaths;
}

int
look_keep(struct lookout *l)
{
	struct verdict_sample s;
	uint32_t *ms;

	look_sample(l, LOOK_ACTIVE, false, &s);
	ms = calloc(s.n_ms + 1, sizeof *ms);
	if (ms == NULL)
		return -1;
	if (s.n_ms > 0)
		memcpy(ms, s.ms, s.n_ms * sizeof *ms);
	free(l->kept_ms);
	l->kept_ms = ms;
	s.ms = ms;
	l->kept = s;
	return 0;
}
