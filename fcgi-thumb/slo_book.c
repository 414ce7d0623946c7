#include "config.h"

/*
 * Many days in a row, the planned hours that may reach over their ends, and
 * what each minute was.
 */

#include <stdlib.h>
#include <string.h>

#include "slo.h"
#include "slo_internal.h"

/* Division that rounds down, before 1970 too. */
static int64_t
divide(int64_t ms, int64_t by)
{
	return ms / by - (ms % by < 0);
}

int64_t
slo_minute_of(int64_t ms)
{
	return divide(ms, LEDGER_MINUTE_MS);
}

int
slo_book_init(struct slo_book *b, int64_t from, int64_t until)
{
	int64_t begin = divide(from, LEDGER_DAY_MS);
	int64_t n = divide(until, LEDGER_DAY_MS) - begin + 1;

	*b = (struct slo_book){ .begin = begin, .first = INT64_MAX };
	if (n <= 0)
		return 0;
	b->days = calloc((size_t)n, sizeof *b->days);
	if (b->days == NULL)
		return -1;
	b->n = (size_t)n;
	return 0;
}

static bool
covers(const struct slo_book *b, int64_t day)
{
	return day >= b->begin && day < b->begin + (int64_t)b->n;
}

struct slo_day *
slo_book_day(struct slo_book *b, int64_t moment)
{
	int64_t day = divide(moment, LEDGER_DAY_MS);
	struct slo_day **at;

	if (!covers(b, day))
		return NULL;
	at = &b->days[day - b->begin];
	if (*at == NULL)
		*at = calloc(1, sizeof **at);
	return *at;
}

void
slo_book_fini(struct slo_book *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->days[i]);
	free(b->days);
	free(b->hours);
	free(b->releases);
	*b = (struct slo_book){ 0 };
}

/* ---- planned hours ---- */

static int
compare_changes(const void *a, const void *b)
{
	const struct slo_change *x = a, *y = b;

	return (x->time > y->time) - (x->time < y->time);
}

static size_t
count_changes(const struct slo_book *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->days[i] != NULL ? b->days[i]->n_changes : 0;
	return n;
}

static struct slo_change *
collect_changes(const struct slo_book *b, size_t n)
{
	struct slo_change *all = calloc(n, sizeof *all);

	if (all == NULL)
		return NULL;
	n = 0;
	for (size_t i = 0; i < b->n; i++) {
		const struct slo_day *day = b->days[i];

		if (day == NULL || day->n_changes == 0)
			continue;
		memcpy(all + n, day->changes, day->n_changes * sizeof *all);
		n += day->n_changes;
	}
	qsort(all, n, sizeof *all, compare_changes);
	return all;
}

/* Each change ends what an earlier one began; hours that have no length go. */
static void
pair_changes(struct slo_book *b, const struct slo_change *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct slo_change *c = &all[i];
		struct slo_hours *last =
		    b->n_hours > 0 ? &b->hours[b->n_hours - 1] : NULL;

		if (last != NULL && last->until > c->time)
			last->until = c->time;
		if (last != NULL && last->until <= last->from)
			b->n_hours--;
		if (c->until <= c->time)
			continue;
		last = &b->hours[b->n_hours++];
		last->from = c->time;
		last->until = c->until;
		memcpy(last->reason, c->reason, sizeof last->reason);
	}
}

static int
mark_hours(struct slo_book *b, const struct slo_hours *hours)
{
	int64_t begin = b->begin * SLO_DAY_MINUTES;
	int64_t end = begin + (int64_t)b->n * SLO_DAY_MINUTES;
	int64_t from = slo_minute_of(hours->from);
	int64_t until = slo_minute_of(hours->until - 1) + 1;

	if (from < begin)
		from = begin;
	if (until > end)
		until = end;
	for (int64_t minute = from; minute < until; minute++) {
		struct slo_day *day =
		    slo_book_day(b, minute * LEDGER_MINUTE_MS);

		if (day == NULL)
			return -1;
		day->minutes[(minute - begin) % SLO_DAY_MINUTES].planned = true;
	}
	return 0;
}

static int
find_hours(struct slo_book *b)
{
	size_t n = count_changes(b);
	struct slo_change *all;
	int rc = 0;

	if (n == 0)
		return 0;
	all = collect_changes(b, n);
	b->hours = calloc(n, sizeof *b->hours);
	if (all == NULL || b->hours == NULL) {
		free(all);
		return -1;
	}
	pair_changes(b, all, n);
	free(all);
	for (size_t i = 0; rc == 0 && i < b->n_hours; i++)
		rc = mark_hours(b, &b->hours[i]);
	return rc;
}

int
slo_book_close(struct slo_book *b)
{
	return find_hours(b) == 0 ? slo_marks_collect(b) : -1;
}

/* ---- minutes ---- */

static bool
has_errors(const struct slo_minute *m)
{
	return m->total >= SLO_REQUESTS_MIN &&
	    m->errors >= m->total - m->errors;
}

static enum slo_state
judge(const struct slo_minute *m)
{
	if (m->planned)
		return SLO_PLANNED;
	if (m->probes > 0 && m->failed >= m->probes - m->failed)
		return SLO_FAILED;
	if (has_errors(m))
		return SLO_ERRORS;
	return m->probes > 0 ? SLO_ONLINE : SLO_UNWATCHED;
}

const struct slo_minute *
slo_minute(const struct slo_book *b, int64_t minute)
{
	int64_t day = divide(minute, SLO_DAY_MINUTES);

	if (!covers(b, day) || b->days[day - b->begin] == NULL)
		return NULL;
	return &b->days[day - b->begin]
		    ->minutes[minute - day * SLO_DAY_MINUTES];
}

const struct slo_cause *
slo_causes(const struct slo_book *b, int64_t minute)
{
	return b->days[divide(minute, SLO_DAY_MINUTES) - b->begin]->causes;
}

enum slo_state
slo_judge(const struct slo_book *b, int64_t minute)
{
	const struct slo_minute *m;

	if (b->first == INT64_MAX || minute < slo_minute_of(b->first) ||
	    minute >= slo_minute_of(b->now))
		return SLO_UNCOUNTED;
	m = slo_minute(b, minute);
	return m != NULL ? judge(m) : SLO_UNWATCHED;
}

bool
slo_is_offline(enum slo_state state)
{
	return state != SLO_UNCOUNTED && state != SLO_ONLINE;
}

void
slo_count(const struct slo_book *b, int64_t from, int64_t until,
    struct slo_count *out)
{
	*out = (struct slo_count){ 0 };
	for (int64_t minute = from; minute < until; minute++) {
		enum slo_state state = slo_judge(b, minute);
		const struct slo_minute *m = slo_minute(b, minute);

		out->minutes[state]++;
		if (state == SLO_UNCOUNTED)
			continue;
		out->counted++;
		out->offline += slo_is_offline(state);
		out->total += m != NULL ? m->total : 0;
		out->errors += m != NULL ? m->errors : 0;
	}
}

static double
ratio(uint32_t part, uint32_t whole)
{
	return whole > 0 ? (double)part / whole : 0;
}

double
slo_availability(const struct slo_count *c)
{
	return ratio(c->minutes[SLO_ONLINE], c->counted);
}

double
slo_availability_unplanned(const struct slo_count *c)
{
	return ratio(c->minutes[SLO_ONLINE],
	    c->counted - c->minutes[SLO_PLANNED]);
}
