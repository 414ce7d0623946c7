#include "config.h"

/*
 * What the ledger's lines say of releases, and which minutes were lost while
 * one was under way. That there is one now is known from the state of releases
 * alone: a driver that was killed has left no line of it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime.h"
#include "slo.h"
#include "slo_internal.h"

/* An outage that begins in one of so many minutes may be of its making. */
#define RIGHT_AFTER 3

/* ---- lines ---- */

static void
fill(char *out, size_t size, const char *text)
{
	if (out[0] == '\0')
		mime_text(text, strlen(text), out, size);
}

/* The later one has the last word, and an end before all others. */
static bool
has_last_word(const struct slo_marks *into, const struct slo_marks *more)
{
	if ((more->end != 0) != (into->end != 0))
		return more->end != 0;
	return more->last >= into->last;
}

static void
merge(struct slo_marks *into, const struct slo_marks *more)
{
	fill(into->how, sizeof into->how, more->how);
	fill(into->from, sizeof into->from, more->from);
	fill(into->to, sizeof into->to, more->to);
	fill(into->slot, sizeof into->slot, more->slot);
	fill(into->by, sizeof into->by, more->by);
	fill(into->forced, sizeof into->forced, more->forced);
	if (has_last_word(into, more) &&
	    (more->verdict[0] != '\0' || more->words[0] != '\0')) {
		memcpy(into->verdict, more->verdict, sizeof into->verdict);
		memcpy(into->words, more->words, sizeof into->words);
	}
	if (into->share < more->share)
		into->share = more->share;
	if (into->first > more->first)
		into->first = more->first;
	if (into->last < more->last)
		into->last = more->last;
	if (into->end < more->end)
		into->end = more->end;
}

/* The one with this id; else the one behind the last, which may be none. */
static size_t
find(const struct slo_marks *list, size_t n, const char *id)
{
	size_t i = 0;

	while (i < n && strcmp(list[i].id, id) != 0)
		i++;
	return i;
}

/* Of too many the one that nothing has been heard of for longest goes. */
static struct slo_marks *
make_room(struct slo_day *day)
{
	struct slo_marks *oldest = day->releases;

	if (day->n_releases < SLO_RELEASES_MAX)
		return &day->releases[day->n_releases++];
	for (unsigned i = 1; i < day->n_releases; i++)
		if (day->releases[i].last < oldest->last)
			oldest = &day->releases[i];
	return oldest;
}

void
slo_marks_take(struct slo_day *day, const struct ledger_entry *e)
{
	struct slo_marks line = { .first = e->time,
		.last = e->time,
		.share = e->release.share };
	bool begins = e->release.event == LEDGER_BEGIN;
	size_t i;

	fill(line.id, sizeof line.id, e->release.id);
	fill(line.how, sizeof line.how, e->release.how);
	fill(line.from, sizeof line.from, e->release.from);
	fill(line.to, sizeof line.to, e->release.to);
	fill(line.slot, sizeof line.slot, e->release.slot);
	fill(line.by, sizeof line.by, e->release.by);
	fill(line.verdict, sizeof line.verdict, e->release.verdict);
	if (begins)
		fill(line.forced, sizeof line.forced, e->release.reason);
	else
		fill(line.words, sizeof line.words, e->release.reason);
	if (e->release.event == LEDGER_END)
		line.end = e->time;
	i = find(day->releases, day->n_releases, line.id);
	if (i < day->n_releases)
		merge(&day->releases[i], &line);
	else
		*make_room(day) = line;
}

/* ---- many days ---- */

static int
compare_marks(const void *a, const void *b)
{
	const struct slo_marks *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* That of one which is over, or began, on another day is put together. */
static void
collect(struct slo_book *b, const struct slo_day *day)
{
	for (unsigned i = 0; i < day->n_releases; i++) {
		const struct slo_marks *m = &day->releases[i];
		size_t at = find(b->releases, b->n_releases, m->id);

		if (at < b->n_releases)
			merge(&b->releases[at], m);
		else
			b->releases[b->n_releases++] = *m;
	}
}

int
slo_marks_collect(struct slo_book *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->days[i] != NULL ? b->days[i]->n_releases : 0;
	if (n == 0)
		return 0;
	b->releases = calloc(n, sizeof *b->releases);
	if (b->releases == NULL)
		return -1;
	for (size_t i = 0; i < b->n; i++)
		if (b->days[i] != NULL)
			collect(b, b->days[i]);
	qsort(b->releases, b->n_releases, sizeof *b->releases, compare_marks);
	return 0;
}

int
slo_read_serving(const struct settings *settings, struct slo_book *b, char *why,
    size_t why_size)
{
	b->serving = (struct slo_serving){ .has_slots = settings->releases };
	if (settings->releases &&
	    release_load(settings->release_dir, &b->serving.state, why,
		why_size) == -1)
		return -1;
	b->serving.is_known = true;
	return 0;
}

/* ---- what came of them ---- */

/* As the ledger has it: the service without slots keeps no version. */
static const char *
version_in(const struct release_state *s, enum release_slot slot)
{
	return slot == SLOT_NONE ? settings_slot_name(slot)
				 : s->slots[slot].version;
}

/* That it began may be older than the days that were read. */
static void
take_state(const struct slo_book *b, struct slo_marks *m)
{
	const struct release_state *state = &b->serving.state;
	const struct release_run *run = &state->run;
	struct slo_marks now = { .first = run->began,
		.last = run->began,
		.share = run->share };

	fill(now.how, sizeof now.how, release_how_name(run->how));
	fill(now.from, sizeof now.from, version_in(state, run->from));
	fill(now.to, sizeof now.to, version_in(state, run->to));
	fill(now.slot, sizeof now.slot, settings_slot_name(run->to));
	fill(now.by, sizeof now.by, run->by);
	fill(now.forced, sizeof now.forced, run->forced);
	if (m->id[0] == '\0') {
		*m = now;
		fill(m->id, sizeof m->id, run->id);
	} else {
		merge(m, &now);
	}
}

/*
 * Without an end it lasts while the state says so. Where nothing is known of
 * that, the last one does.
 */
static void
set_end(const struct slo_book *b, struct slo_release *r,
    const struct slo_release *next)
{
	bool runs = b->serving.is_known
	    ? strcmp(b->serving.state.run.id, r->marks.id) == 0
	    : next == NULL;

	r->from = r->marks.first;
	r->fate = SLO_ENDED;
	r->until = r->marks.end;
	if (r->marks.end != 0)
		return;
	r->fate = runs ? SLO_UNDER_WAY : SLO_NOT_ENDED;
	if (runs)
		r->until = b->now;
	else
		r->until = next != NULL ? next->marks.first : r->marks.last;
	if (r->until < r->from)
		r->until = r->from;
}

/* The minute behind the last one that it had a part of. */
static int64_t
end_minute(const struct slo_release *r)
{
	return slo_minute_of(r->until - (r->until > r->from)) +
	    (r->until > r->from);
}

static bool
is_lost(const struct slo_book *b, int64_t minute)
{
	enum slo_state state = slo_judge(b, minute);

	return slo_is_offline(state) && state != SLO_PLANNED;
}

uint32_t
slo_lost(const struct slo_book *b, const struct slo_release *list, size_t n,
    int64_t from, int64_t until)
{
	uint32_t lost = 0;

	/* In the order they began, so that no minute counts twice. */
	for (size_t i = 0; i < n; i++) {
		int64_t end = end_minute(&list[i]);

		if (from < slo_minute_of(list[i].from))
			from = slo_minute_of(list[i].from);
		for (; from < end && from < until; from++)
			lost += is_lost(b, from);
	}
	return lost;
}

/*
 * What it broke goes on being broken until somebody does something. A switch is
 * over in a second, and what comes of it is seen a little later.
 */
static uint32_t
lost_after(const struct slo_book *b, const struct slo_release *r,
    const struct slo_release *next)
{
	int64_t begin = end_minute(r), latest = begin + RIGHT_AFTER - 1, minute;
	int64_t until =
	    next != NULL ? slo_minute_of(next->from) : slo_minute_of(b->now);

	if (r->fate != SLO_ENDED || r->marks.share == 0)
		return 0;
	while (begin < latest && !is_lost(b, begin))
		begin++;
	for (minute = begin; minute < until && is_lost(b, minute);)
		minute++;
	return (uint32_t)(minute - begin);
}

static int
compare_releases(const void *a, const void *b)
{
	const struct slo_release *x = a, *y = b;

	return compare_marks(&x->marks, &y->marks);
}

int
slo_releases(const struct slo_book *b, struct slo_release **out, size_t *n)
{
	struct slo_release *list =
	    calloc(b->n_releases + 1, sizeof(struct slo_release));
	size_t at;

	*out = list;
	*n = b->n_releases;
	if (list == NULL)
		return -1;
	for (size_t i = 0; i < *n; i++)
		list[i].marks = b->releases[i];
	if (b->serving.state.run.how != RELEASE_NONE) {
		at = find(b->releases, *n, b->serving.state.run.id);
		take_state(b, &list[at].marks);
		*n += at == *n;
	}
	qsort(list, *n, sizeof *list, compare_releases);
	for (size_t i = 0; i < *n; i++)
		set_end(b, &list[i], i + 1 < *n ? &list[i + 1] : NULL);
	return 0;
}

/*
 * Those that reach into the window, each with what was lost in it. What was
 * lost today is today's, however short the window is.
 */
int
slo_set_releases(const struct slo_book *b, struct slo_figures *f)
{
	struct slo_release *list;
	size_t n;

	if (slo_releases(b, &list, &n) == -1)
		return -1;
	f->lost = slo_lost(b, list, n, f->from, f->until);
	f->lost_today = slo_lost(b, list, n, f->today.from, f->until);
	for (size_t i = 0; i < n; i++) {
		struct slo_release *r = &list[i];

		if (slo_minute_of(r->until) < f->from)
			continue;
		r->lost = slo_lost(b, r, 1, f->from, f->until);
		r->after = lost_after(b, r, i + 1 < n ? r + 1 : NULL);
		list[f->n_releases++] = *r;
	}
	f->releases = list;
	return 0;
}

/* ---- who serves ---- */

static bool
is_in_a_slot(const struct release_state *s, const char *version)
{
	return strcmp(s->slots[SLOT_BLUE].version, version) == 0 ||
	    strcmp(s->slots[SLOT_GREEN].version, version) == 0;
}

/*
 * The service without slots keeps no account of its version: it is what the
 * prober met and no slot has. "": that is not known.
 */
static const char *
plain_version(const struct slo_book *b, const struct slo_figures *f)
{
	const struct slo_version *best = NULL;

	for (unsigned i = 0; i < f->n_versions; i++) {
		const struct slo_version *v = &f->versions[i];

		if (f->n_versions > 1 &&
		    is_in_a_slot(&b->serving.state, v->name))
			continue;
		if (best == NULL || v->last > best->last)
			best = v;
	}
	return best != NULL ? best->name : "";
}

void
slo_set_shares(const struct slo_book *b, struct slo_figures *f)
{
	const struct release_state *s = &b->serving.state;

	for (enum release_slot slot = SLOT_NONE; slot < SLOT_COUNT; slot++) {
		struct slo_share *share = &f->shares[f->n_shares];

		share->slot = slot;
		share->share = release_share(s, slot);
		if (!b->serving.is_known || share->share == 0)
			continue;
		f->n_shares++;
		fill(share->version, sizeof share->version,
		    slot == SLOT_NONE ? plain_version(b, f)
				      : s->slots[slot].version);
	}
}
