#include "config.h"

/* The figures for Prometheus, as a text that node_exporter passes on. */

#include <stdlib.h>
#include <time.h>

#include "slo.h"
#include "slo_internal.h"

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
gauge(struct buf *out, const char *name, const char *help, double value)
{
	head(out, name, "gauge", help);
	buf_printf(out, "%s %.15g\n", name, value);
}

/* The minute that this month, in UTC, began with. */
int64_t
slo_month(int64_t now)
{
	time_t seconds = (time_t)(now / 1000);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL)
		return slo_minute_of(now);
	tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	return slo_minute_of((int64_t)timegm(&tm) * 1000);
}

/*
 * Counters have to begin somewhere where they can do so again: a window moves,
 * and the ledger's first day goes one day.
 */
static void
totals(struct buf *out, const struct slo_book *b)
{
	struct slo_count c;

	slo_count(b, slo_month(b->now), slo_minute_of(b->now), &c);
	head(out, "fcgi_thumb_slo_minutes_total", "counter",
	    "Minutes since the month began (UTC); offline ones were not "
	    "planned.");
	buf_printf(out,
	    "fcgi_thumb_slo_minutes_total{state=\"online\"} %u\n"
	    "fcgi_thumb_slo_minutes_total{state=\"offline\"} %u\n"
	    "fcgi_thumb_slo_minutes_total{state=\"planned\"} %u\n",
	    c.minutes[SLO_ONLINE], c.offline - c.minutes[SLO_PLANNED],
	    c.minutes[SLO_PLANNED]);
	head(out, "fcgi_thumb_slo_requests_total", "counter",
	    "Requests of real clients since the month began (UTC), as the "
	    "prober's ledger has them.");
	buf_printf(out, "fcgi_thumb_slo_requests_total %ju\n",
	    (uintmax_t)c.total);
	head(out, "fcgi_thumb_slo_request_errors_total", "counter",
	    "Those of them that were answered 5xx.");
	buf_printf(out, "fcgi_thumb_slo_request_errors_total %ju\n",
	    (uintmax_t)c.errors);
}

/* Of the month, which may have begun before the window. */
static void
release_total(struct buf *out, const struct slo_book *b)
{
	struct slo_release *list;
	size_t n;

	if (slo_releases(b, &list, &n) == -1) {
		out->failed = true;
		return;
	}
	head(out, "fcgi_thumb_slo_release_minutes_total", "counter",
	    "Minutes since the month began (UTC) that were offline, and not "
	    "planned, while a release was under way.");
	buf_printf(out, "fcgi_thumb_slo_release_minutes_total %u\n",
	    slo_lost(b, list, n, slo_month(b->now), slo_minute_of(b->now)));
	free(list);
}

/*
 * What the service says of shares itself needs a worker that lives; this does
 * not. Names of versions are letters that need no escape.
 */
static void
serving(struct buf *out, const struct slo_book *b, const struct slo_figures *f)
{
	const struct release_run *run = &b->serving.state.run;

	if (!b->serving.has_slots || !b->serving.is_known)
		return;
	head(out, "fcgi_thumb_slo_release_share", "gauge",
	    "Part of the users that each slot serves, from 0 to 1.");
	for (unsigned i = 0; i < f->n_shares; i++)
		buf_printf(out,
		    "fcgi_thumb_slo_release_share{slot=\"%s\",version=\"%s\"} "
		    "%.15g\n",
		    settings_slot_name(f->shares[i].slot), f->shares[i].version,
		    (double)f->shares[i].share / RELEASE_ALL);
	gauge(out, "fcgi_thumb_slo_release_under_way",
	    "Whether a release, or a comparison of two settings, is under way.",
	    run->how != RELEASE_NONE);
	if (run->how != RELEASE_NONE && run->deadline > 0)
		gauge(out, "fcgi_thumb_slo_release_deadline_timestamp_seconds",
		    "When it goes back by itself if nobody is at work on it.",
		    (double)run->deadline / 1000);
}

static void
burns(struct buf *out, const struct slo_figures *f)
{
	head(out, "fcgi_thumb_slo_bad_minutes", "gauge",
	    "Offline minutes of the last so many that were not planned.");
	for (unsigned i = 0; i < SLO_SPANS; i++)
		buf_printf(out,
		    "fcgi_thumb_slo_bad_minutes{window=\"%s\"} %u\n",
		    f->burn[i].name, f->burn[i].bad);
	head(out, "fcgi_thumb_slo_burn_rate", "gauge",
	    "How quickly they use up the budget: 1 is as quickly as it is "
	    "given.");
	for (unsigned i = 0; i < SLO_SPANS; i++)
		buf_printf(out,
		    "fcgi_thumb_slo_burn_rate{window=\"%s\"} %.15g\n",
		    f->burn[i].name, f->burn[i].rate);
}

void
slo_metrics(const struct slo_book *b, const struct slo_figures *f,
    struct buf *out)
{
	gauge(out, "fcgi_thumb_slo_objective_ratio",
	    "The part of the minutes that is to be online.", f->objective);
	if (f->known)
		gauge(out, "fcgi_thumb_slo_availability_ratio",
		    "The part of the window's minutes that was online.",
		    slo_availability(&f->window));
	gauge(out, "fcgi_thumb_slo_online",
	    "Whether the last finished minute was online.",
	    f->state == SLO_ONLINE);
	gauge(out, "fcgi_thumb_slo_budget_minutes_left",
	    "Minutes that today may still be offline; below 0 it has had more.",
	    (double)f->budget - f->today.count.offline);
	burns(out, f);
	totals(out, b);
	release_total(out, b);
	serving(out, b, f);
	if (f->last_probe > 0)
		gauge(out, "fcgi_thumb_probe_last_timestamp_seconds",
		    "When the last probe began.", (double)f->last_probe / 1000);
}
