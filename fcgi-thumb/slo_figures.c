#include "config.h"

/* The figures of a window: each once, for all that print or publish them. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "slo.h"
#include "slo_internal.h"

/* Settings count percents in thousandths. */
#define WHOLE 100000

/* A version that was not seen for longer does not serve now. */
#define SERVES_MS (15 * LEDGER_MINUTE_MS)

unsigned
slo_budget(const struct settings *settings)
{
	/* Not half a minute more than there is. */
	return (WHOLE - settings->slo_objective) * SLO_DAY_MINUTES / WHOLE;
}

/* ---- the calendar ---- */

/* The minute that this day begins with, where this machine is. */
static int64_t
midnight(int year, int month, int day)
{
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_isdst = -1 };

	return slo_minute_of((int64_t)mktime(&tm) * 1000);
}

/* The day whose number in its month may be past the end. */
static void
set_date(struct slo_date *d, int year, int month, int day)
{
	/* No clock is changed at noon. */
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = 12,
		.tm_isdst = -1 };

	(void)mktime(&tm);
	*d = (struct slo_date){ .year = tm.tm_year + 1900,
		.month = tm.tm_mon + 1,
		.day = tm.tm_mday,
		.weekday = tm.tm_wday,
		.from = midnight(year, month, day),
		.until = midnight(year, month, day + 1) };
}

static bool
set_date_of(struct slo_date *d, int64_t minute)
{
	time_t seconds = (time_t)(minute * 60);
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL)
		return false;
	set_date(d, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return true;
}

int
slo_dates(const struct slo_book *b, int64_t from, struct slo_date **out,
    size_t *n)
{
	int64_t now = slo_minute_of(b->now);
	struct slo_date d;
	/* A day has 23 hours at least. */
	size_t cap = (size_t)((now - from) / (23 * 60)) + 3;

	*n = 0;
	*out = calloc(cap, sizeof **out);
	if (*out == NULL || !set_date_of(&d, from))
		return -1;
	while (*n < cap) {
		slo_count(b, d.from, d.until, &d.count);
		(*out)[(*n)++] = d;
		/* A day without an end would be one of a broken zone file. */
		if (d.until > now || d.until <= d.from)
			break;
		set_date(&d, d.year, d.month, d.day + 1);
	}
	return 0;
}

/* ---- how quickly the budget is used ---- */

static const struct {
	const char *name;
	unsigned minutes;
} spans[SLO_SPANS] = {
	[SLO_3M] = { "3m", 3 },
	[SLO_10M] = { "10m", 10 },
	[SLO_15M] = { "15m", 15 },
	[SLO_30M] = { "30m", 30 },
	[SLO_2H] = { "2h", 120 },
	[SLO_8H] = { "8h", 480 },
};

/* For a day's budget: an hour of it gone in ..., in half a day, in a day. */
static const struct slo_alert alerts[SLO_ALERTS] = {
	{ { SLO_15M, SLO_3M }, 24, false },
	{ { SLO_2H, SLO_10M }, 6, false },
	{ { SLO_8H, SLO_30M }, 3, false },
};

static void
set_burn(const struct slo_book *b, const struct settings *settings,
    struct slo_figures *f)
{
	unsigned allowed = WHOLE - settings->slo_objective;

	for (unsigned i = 0; i < SLO_SPANS; i++) {
		struct slo_burn *burn = &f->burn[i];
		struct slo_count c;

		burn->name = spans[i].name;
		burn->minutes = spans[i].minutes;
		slo_count(b, f->until - burn->minutes, f->until, &c);
		burn->bad = c.offline - c.minutes[SLO_PLANNED];
		burn->rate =
		    (double)burn->bad * WHOLE / burn->minutes / allowed;
	}
	memcpy(f->alerts, alerts, sizeof alerts);
	for (unsigned i = 0; i < SLO_ALERTS; i++) {
		struct slo_alert *a = &f->alerts[i];

		a->fires = true;
		for (unsigned j = 0; j < 2; j++) {
			const struct slo_burn *burn = &f->burn[a->spans[j]];

			/* In whole numbers: a rate of just 12 fires. */
			if ((uint64_t)burn->bad * 2 * WHOLE <
			    (uint64_t)a->rate_halves * burn->minutes * allowed)
				a->fires = false;
		}
	}
}

/* ---- the rest ---- */

static void
set_now(const struct slo_book *b, struct slo_figures *f)
{
	int64_t minute = f->until;
	bool offline;

	f->state = slo_judge(b, minute - 1);
	offline = slo_is_offline(f->state);
	while (minute > f->from) {
		enum slo_state state = slo_judge(b, minute - 1);

		if (slo_is_offline(state) != offline ||
		    (state == SLO_UNCOUNTED) != (f->state == SLO_UNCOUNTED))
			break;
		minute--;
	}
	f->since = minute;
}

static void
add_version(struct slo_figures *f, const struct slo_version *v, int64_t now)
{
	unsigned i = 0;

	if (v->last < now - SERVES_MS || v->last > now + SERVES_MS)
		return;
	while (i < f->n_versions && strcmp(f->versions[i].name, v->name) != 0)
		i++;
	if (i == SLO_VERSIONS_MAX)
		return;
	if (i == f->n_versions)
		f->versions[f->n_versions++] = *v;
	if (f->versions[i].last < v->last)
		f->versions[i].last = v->last;
}

/* What is not kept by the minute. */
static void
set_days(const struct slo_book *b, struct slo_figures *f)
{
	int64_t today = slo_minute_of(b->now) / SLO_DAY_MINUTES;
	int64_t first = f->from / SLO_DAY_MINUTES;

	for (size_t i = 0; i < b->n; i++) {
		const struct slo_day *day = b->days[i];
		int64_t number = b->begin + (int64_t)i;

		if (day == NULL)
			continue;
		if (f->last_probe < day->last_probe)
			f->last_probe = day->last_probe;
		for (unsigned j = 0; j < day->n_versions; j++)
			add_version(f, &day->versions[j], b->now);
		if (number >= first) {
			slo_times_add(&f->upload, &day->upload);
			slo_times_add(&f->read, &day->read);
		}
		if (number >= today - 1)
			slo_times_add(&f->lately, &day->upload);
	}
}

/*
 * Minutes offline are given by the day: of a ledger that has not seen a whole
 * one yet, a day's are what there is to use. A shorter window is what it is.
 */
static bool
is_met(const struct slo_figures *f, const struct settings *settings)
{
	uint64_t all = f->window.counted;
	uint64_t offline = all - f->window.minutes[SLO_ONLINE];

	if (f->is_young)
		all = SLO_DAY_MINUTES;
	return (all - offline) * WHOLE >= all * settings->slo_objective;
}

int
slo_figures(const struct slo_book *b, const struct settings *settings,
    int64_t from, struct slo_figures *out)
{
	struct slo_figures *f = out;

	*f = (struct slo_figures){ .objective =
				       (double)settings->slo_objective / WHOLE,
		.budget = slo_budget(settings),
		.from = slo_minute_of(from),
		.until = slo_minute_of(b->now) };
	slo_count(b, f->from, f->until, &f->window);
	f->known = f->window.counted > 0;
	f->is_young = f->until - f->from >= SLO_DAY_MINUTES &&
	    f->window.counted < SLO_DAY_MINUTES;
	f->met = f->known && is_met(f, settings);
	set_burn(b, settings, f);
	set_now(b, f);
	set_days(b, f);
	if (slo_dates(b, f->from, &f->dates, &f->n_dates) == -1)
		return -1;
	f->today = f->dates[f->n_dates - 1];
	slo_set_shares(b, f);
	if (slo_set_releases(b, f) == -1)
		return -1;
	return slo_outages(b, f->from, f->until, &f->outages, &f->n_outages);
}

void
slo_figures_fini(struct slo_figures *f)
{
	free(f->dates);
	free(f->outages);
	free(f->releases);
	*f = (struct slo_figures){ 0 };
}

bool
slo_is_over(const struct slo_figures *f)
{
	return f->today.count.offline > f->budget;
}
