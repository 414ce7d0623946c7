#include "config.h"

/*
 * The figures as JSON: for programs with all that is known, and for everybody
 * with what is theirs to know.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "slo.h"
#include "slo_internal.h"

#define STATUS_DAYS 30
#define STATUS_OUTAGES 10

static void
set(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new(object, key, value) != 0)
		*failed = true;
}

static void
add(json_t *array, json_t *value, bool *failed)
{
	if (json_array_append_new(array, value) != 0)
		*failed = true;
}

static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* A time that may not be known: -1. */
static json_t *
known(int64_t ms)
{
	return ms >= 0 ? json_integer((json_int_t)ms) : json_null();
}

/* Rounded, so that it reads well. */
static json_t *
ratio(double value)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%.6f", value);
	return json_real(strtod(text, NULL));
}

json_t *
slo_json_minute(int64_t minute)
{
	return slo_json_time(minute * LEDGER_MINUTE_MS);
}

static json_t *
date_json(const struct slo_date *d)
{
	char text[48];

	(void)snprintf(text, sizeof text, "%04d-%02d-%02d", d->year, d->month,
	    d->day);
	return json_string(text);
}

static json_t *
errors_json(uint64_t total, uint64_t errors)
{
	return json_pack("{s:I, s:I, s:o}", "total", (json_int_t)total,
	    "errors", (json_int_t)errors, "error_ratio",
	    total > 0 ? ratio((double)errors / (double)total) : json_null());
}

static json_t *
times_json(const struct slo_times *t)
{
	return json_pack("{s:o, s:o, s:o}", "p50",
	    known(slo_times_percentile(t, 50)), "p95",
	    known(slo_times_percentile(t, 95)), "p99",
	    known(slo_times_percentile(t, 99)));
}

static json_t *
versions_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < f->n_versions; i++)
		add(list, json_string(f->versions[i].name), failed);
	return list;
}

/* null for "". */
static json_t *
or_null(const char *words)
{
	return words[0] != '\0' ? json_string(words) : json_null();
}

static json_t *
percent(unsigned share)
{
	return json_real(share * 100.0 / RELEASE_ALL);
}

/* null: it is not known who serves. */
static json_t *
serving_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < f->n_shares; i++) {
		const struct slo_share *s = &f->shares[i];

		add(list,
		    json_pack("{s:s, s:o, s:o}", "slot",
			settings_slot_name(s->slot), "version",
			or_null(s->version), "share", percent(s->share)),
		    failed);
	}
	if (f->n_shares > 0)
		return list;
	json_decref(list);
	return json_null();
}

static unsigned
minutes_left(const struct slo_figures *f)
{
	return slo_is_over(f) ? 0 : f->budget - f->today.count.offline;
}

/* ---- for programs ---- */

static json_t *
count_json(const struct slo_count *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "counted",
	    (json_int_t)c->counted, "online",
	    (json_int_t)c->minutes[SLO_ONLINE], "offline",
	    (json_int_t)c->offline, "planned",
	    (json_int_t)c->minutes[SLO_PLANNED], "unwatched",
	    (json_int_t)c->minutes[SLO_UNWATCHED], "failed",
	    (json_int_t)c->minutes[SLO_FAILED], "errors",
	    (json_int_t)c->minutes[SLO_ERRORS]);
}

static json_t *
dates_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_dates; i++) {
		const struct slo_count *c = &f->dates[i].count;

		add(list,
		    json_pack("{s:o, s:I, s:I, s:I}", "date",
			date_json(&f->dates[i]), "counted",
			(json_int_t)c->counted, "offline",
			(json_int_t)c->offline, "planned",
			(json_int_t)c->minutes[SLO_PLANNED]),
		    failed);
	}
	return list;
}

static json_t *
burn_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < SLO_SPANS; i++)
		add(list,
		    json_pack("{s:s, s:i, s:i, s:o}", "window", f->burn[i].name,
			"minutes", (int)f->burn[i].minutes, "bad",
			(int)f->burn[i].bad, "rate", ratio(f->burn[i].rate)),
		    failed);
	return list;
}

static json_t *
alerts_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < SLO_ALERTS; i++) {
		const struct slo_alert *a = &f->alerts[i];

		add(list,
		    json_pack("{s:f, s:s, s:s, s:b}", "rate",
			a->rate_halves / 2.0, "long", f->burn[a->spans[0]].name,
			"short", f->burn[a->spans[1]].name, "fires",
			(int)a->fires),
		    failed);
	}
	return list;
}

static json_t *
cause_json(const struct slo_outage *o)
{
	if (o->state != SLO_FAILED)
		return json_null();
	return json_pack("{s:s, s:i, s:s, s:s}", "step",
	    ledger_step_name(o->cause.step), "status", (int)o->cause.status,
	    "code", o->cause.code, "why", o->cause.why);
}

static json_t *
outage_json(const struct slo_outage *o)
{
	static const char *const states[SLO_STATE_COUNT] = {
		[SLO_UNWATCHED] = "unwatched",
		[SLO_FAILED] = "failed",
		[SLO_ERRORS] = "errors",
		[SLO_PLANNED] = "planned",
	};
	char words[SLO_WORDS_MAX];

	slo_outage_words(o, words);
	return json_pack("{s:o, s:o, s:I, s:b, s:s, s:s, s:o, s:{s:I, s:I}, "
			 "s:{s:I, s:I}}",
	    "from", slo_json_minute(o->from), "until",
	    slo_json_minute(o->until), "minutes",
	    (json_int_t)(o->until - o->from), "running", (int)o->running,
	    "kind", states[o->state], "words", words, "cause", cause_json(o),
	    "probes", "total", (json_int_t)o->probes, "failed",
	    (json_int_t)o->failed, "requests", "total", (json_int_t)o->total,
	    "errors", (json_int_t)o->errors);
}

static json_t *
outages_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_outages; i++)
		add(list, outage_json(&f->outages[i]), failed);
	return list;
}

/* What is under way has no verdict yet, but on the step before. */
static json_t *
release_json(const struct slo_release *r)
{
	static const char *const fates[] = {
		[SLO_ENDED] = "ended",
		[SLO_UNDER_WAY] = "under-way",
		[SLO_NOT_ENDED] = "not-ended",
	};
	const struct slo_marks *m = &r->marks;

	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o, s:I, s:I}",
	    "id", m->id, "how", or_null(m->how), "from", slo_json_time(r->from),
	    "until", slo_json_time(r->until), "state", fates[r->fate],
	    "from_version", or_null(m->from), "to_version", or_null(m->to),
	    "slot", or_null(m->slot), "share", percent(m->share), "verdict",
	    or_null(m->verdict), "by", or_null(m->by), "forced",
	    or_null(m->forced), "words", or_null(m->words), "lost",
	    (json_int_t)r->lost, "lost_after", (json_int_t)r->after);
}

static json_t *
releases_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->n_releases; i++)
		add(list, release_json(&f->releases[i]), failed);
	return list;
}

static json_t *
today_json(const struct slo_figures *f)
{
	return json_pack("{s:o, s:i, s:I, s:I, s:i}", "date",
	    date_json(&f->today), "budget", (int)f->budget, "used",
	    (json_int_t)f->today.count.offline, "planned",
	    (json_int_t)f->today.count.minutes[SLO_PLANNED], "left",
	    (int)minutes_left(f));
}

static json_t *
now_json(const struct slo_figures *f)
{
	if (f->state == SLO_UNCOUNTED)
		return json_null();
	return json_boolean(f->state == SLO_ONLINE);
}

static char *
dump(json_t *json, bool failed, size_t flags)
{
	char *text =
	    failed ? NULL : json_dumps(json, flags | JSON_ENSURE_ASCII);

	json_decref(json);
	return text;
}

char *
slo_json(const struct slo_book *b, const struct slo_figures *f)
{
	const struct slo_count *c = &f->window;
	json_t *json = json_object();
	bool bad = false;

	set(json, "objective", ratio(f->objective), &bad);
	set(json, "from", slo_json_minute(f->from), &bad);
	set(json, "until", slo_json_minute(f->until), &bad);
	set(json, "first_line",
	    b->first != INT64_MAX ? slo_json_time(b->first) : json_null(),
	    &bad);
	set(json, "last_probe",
	    f->last_probe > 0 ? slo_json_time(f->last_probe) : json_null(),
	    &bad);
	set(json, "online", now_json(f), &bad);
	set(json, "since", slo_json_minute(f->since), &bad);
	set(json, "met", f->known ? json_boolean(f->met) : json_null(), &bad);
	set(json, "availability",
	    f->known ? ratio(slo_availability(c)) : json_null(), &bad);
	set(json, "availability_unplanned",
	    c->counted > c->minutes[SLO_PLANNED]
		? ratio(slo_availability_unplanned(c))
		: json_null(),
	    &bad);
	set(json, "minutes", count_json(c), &bad);
	set(json, "today", today_json(f), &bad);
	set(json, "days", dates_json(f, &bad), &bad);
	set(json, "burn", burn_json(f, &bad), &bad);
	set(json, "alerts", alerts_json(f, &bad), &bad);
	set(json, "outages", outages_json(f, &bad), &bad);
	set(json, "releases", releases_json(f, &bad), &bad);
	set(json, "lost_in_releases",
	    json_pack("{s:I, s:I}", "window", (json_int_t)f->lost, "today",
		(json_int_t)f->lost_today),
	    &bad);
	set(json, "requests", errors_json(c->total, c->errors), &bad);
	set(json, "upload_ms", times_json(&f->upload), &bad);
	set(json, "read_ms", times_json(&f->read), &bad);
	set(json, "versions", versions_json(f, &bad), &bad);
	set(json, "serving", serving_json(f, &bad), &bad);
	set(json, "skipped_lines",
	    json_pack("{s:I, s:I, s:I}", "cut", (json_int_t)b->skipped.cut,
		"foreign", (json_int_t)b->skipped.foreign, "unknown",
		(json_int_t)b->skipped.unknown),
	    &bad);
	return dump(json, bad, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
}

/* ---- for everybody ---- */

/* A character for each minute of today that is over. */
static json_t *
strip_json(const struct slo_book *b, const struct slo_figures *f)
{
	static const char marks[SLO_STATE_COUNT] = {
		[SLO_UNCOUNTED] = '-',
		[SLO_ONLINE] = 'o',
		[SLO_UNWATCHED] = 'x',
		[SLO_FAILED] = 'x',
		[SLO_ERRORS] = 'x',
		[SLO_PLANNED] = 'p',
	};
	struct buf strip = { 0 };
	json_t *json = NULL;

	buf_puts(&strip, "");
	for (int64_t minute = f->today.from; minute < f->until; minute++)
		buf_add(&strip, &marks[slo_judge(b, minute)], 1);
	if (!strip.failed)
		json = json_string(strip.data);
	buf_fini(&strip);
	return json;
}

static json_t *
public_today_json(const struct slo_book *b, const struct slo_figures *f)
{
	json_t *json = today_json(f);
	bool failed = false;
	time_t seconds = (time_t)(f->today.from * 60);
	char zone[16] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm) != NULL)
		(void)strftime(zone, sizeof zone, "%z", &tm);
	set(json, "from", slo_json_minute(f->today.from), &failed);
	set(json, "until", slo_json_minute(f->today.until), &failed);
	set(json, "zone", json_string(zone), &failed);
	set(json, "minutes", strip_json(b, f), &failed);
	if (!failed)
		return json;
	json_decref(json);
	return NULL;
}

/* The last ones, oldest first. */
static json_t *
public_days_json(const struct slo_figures *f, bool *failed)
{
	size_t first = f->n_dates > STATUS_DAYS ? f->n_dates - STATUS_DAYS : 0;
	json_t *list = json_array();

	for (size_t i = first; i < f->n_dates; i++) {
		const struct slo_count *c = &f->dates[i].count;

		add(list,
		    json_pack("{s:o, s:o, s:I}", "date",
			date_json(&f->dates[i]), "offline",
			c->counted > 0 ? number(c->offline) : json_null(),
			"planned", (json_int_t)c->minutes[SLO_PLANNED]),
		    failed);
	}
	return list;
}

static json_t *
hours_json(const struct slo_book *b, const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();

	for (size_t i = 0; i < b->n_hours; i++) {
		const struct slo_hours *h = &b->hours[i];

		if (slo_minute_of(h->until) < f->from)
			continue;
		add(list,
		    json_pack("{s:o, s:o, s:s, s:s}", "from",
			slo_json_time(h->from), "until",
			slo_json_time(h->until), "reason", h->reason, "when",
			h->until <= b->now      ? "past"
			    : h->from <= b->now ? "now"
						: "coming"),
		    failed);
	}
	return list;
}

/* The last ones, newest first. */
static json_t *
public_outages_json(const struct slo_figures *f, bool *failed)
{
	json_t *list = json_array();
	size_t i = f->n_outages;

	for (; i > 0 && json_array_size(list) < STATUS_OUTAGES; i--) {
		const struct slo_outage *o = &f->outages[i - 1];

		add(list,
		    json_pack("{s:o, s:o, s:I, s:b, s:s}", "from",
			slo_json_minute(o->from), "until",
			o->running ? json_null() : slo_json_minute(o->until),
			"minutes", (json_int_t)(o->until - o->from), "planned",
			(int)(o->state == SLO_PLANNED), "cause",
			slo_outage_public(o)),
		    failed);
	}
	return list;
}

static json_t *
public_requests_json(const struct slo_figures *f)
{
	const struct slo_count *c = &f->today.count;
	json_t *json = errors_json(c->total, c->errors);

	if (json != NULL &&
	    json_object_set_new(json, "upload_p95_ms",
		known(slo_times_percentile(&f->lately, 95))) == 0)
		return json;
	json_decref(json);
	return NULL;
}

/* Whose availability it is: of the window, of which a young ledger has less. */
static json_t *
counted_from(const struct slo_book *b, const struct slo_figures *f)
{
	int64_t first;

	if (!f->known)
		return json_null();
	first = slo_minute_of(b->first);
	return slo_json_minute(first > f->from ? first : f->from);
}

/*
 * That two settings are compared for weeks is nothing that a visitor would call
 * a release.
 */
static json_t *
releasing_json(const struct slo_book *b)
{
	enum release_how how = b->serving.state.run.how;

	if (!b->serving.is_known)
		return json_null();
	return json_boolean(how != RELEASE_NONE && how != RELEASE_AB);
}

char *
slo_status(const struct slo_book *b, const struct slo_figures *f)
{
	json_t *json = json_object();
	bool bad = false;

	set(json, "updated", slo_json_time(b->now), &bad);
	set(json, "online", now_json(f), &bad);
	set(json, "since",
	    f->state != SLO_UNCOUNTED ? slo_json_minute(f->since) : json_null(),
	    &bad);
	set(json, "objective", ratio(f->objective), &bad);
	set(json, "availability",
	    f->known ? ratio(slo_availability(&f->window)) : json_null(), &bad);
	set(json, "from", counted_from(b, f), &bad);
	set(json, "today", public_today_json(b, f), &bad);
	set(json, "days", public_days_json(f, &bad), &bad);
	set(json, "planned", hours_json(b, f, &bad), &bad);
	set(json, "outages", public_outages_json(f, &bad), &bad);
	set(json, "requests", public_requests_json(f), &bad);
	set(json, "versions", versions_json(f, &bad), &bad);
	set(json, "serving", serving_json(f, &bad), &bad);
	set(json, "releasing", releasing_json(b), &bad);
	return dump(json, bad, JSON_COMPACT | JSON_REAL_PRECISION(9));
}
