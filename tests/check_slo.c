#include "config.h"

/*
 * What is made of the ledger's lines. Each test makes its own lines around a
 * day whose minutes are 0..1439 of the calendar's, in UTC unless it says
 * otherwise.
 */

#include "slo.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"
#include "terms_time.h"

static int64_t
at(const char *text)
{
	int64_t ms = 0;

	ck_assert_msg(terms_time_parse_ms(text, &ms) == 0, "%s", text);
	return ms;
}

/* The minute that one begins with. */
static int64_t
minute_at(const char *text)
{
	return at(text) / LEDGER_MINUTE_MS;
}

#define DAY_START "2026-11-28T00:00:00Z"

static struct slo_book book;
static struct slo_figures figures;
static struct settings settings;

static void
set_zone(const char *zone)
{
	ck_assert_int_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

static void
setup(void)
{
	tempdir_setup();
	set_zone("UTC0");
	settings = (struct settings){ .slo_objective = 95830,
		.slo_window = 30 * 86400,
		.slo_textfile = (char *)(uintptr_t) "" };
}

static void
teardown(void)
{
	slo_figures_fini(&figures);
	slo_book_fini(&book);
	tempdir_teardown();
}

/* ---- lines ---- */

static struct ledger_entry
probe(int64_t time, bool ok)
{
	struct ledger_entry e = { .time = time,
		.kind = LEDGER_PROBE,
		.probe = { .ok = ok,
		    .created = ok,
		    .ms = { 300, 3, 4 },
		    .version = "0.1.0" } };

	if (!ok) {
		e.probe.step = LEDGER_UPLOAD;
		e.probe.status = 503;
		(void)strcpy(e.probe.code, "overloaded");
	}
	return e;
}

static struct ledger_entry
requests(int64_t minute, unsigned total, unsigned errors)
{
	return (struct ledger_entry){ .time = minute + 61000,
		.kind = LEDGER_REQUESTS,
		.requests = { .minute = minute,
		    .total = total,
		    .errors = errors } };
}

static struct ledger_entry
hours_off(int64_t time, int64_t until, const char *reason)
{
	struct ledger_entry e = { .time = time,
		.kind = until > 0 ? LEDGER_OFFLINE : LEDGER_ONLINE,
		.planned = { .until = until } };

	(void)snprintf(e.planned.reason, sizeof e.planned.reason, "%s", reason);
	return e;
}

/* With the words that fit its event. */
static struct ledger_entry
release(int64_t time, enum ledger_event event, const char *id, unsigned share)
{
	struct ledger_entry e = { .time = time,
		.kind = LEDGER_RELEASE,
		.release = { .event = event,
		    .how = "rollout",
		    .from = "0.1.0",
		    .to = "0.2.0",
		    .slot = "green",
		    .share = share,
		    .by = "alice" } };

	(void)snprintf(e.release.id, sizeof e.release.id, "%s", id);
	if (event != LEDGER_BEGIN)
		(void)strcpy(e.release.verdict, share > 0 ? "pass" : "fail");
	if (event == LEDGER_END)
		(void)strcpy(e.release.reason, "too slow");
	return e;
}

/* ---- books ---- */

static void
open_book(const char *from, const char *now)
{
	ck_assert_int_eq(slo_book_init(&book, at(from), at(now)), 0);
	book.now = at(now);
	book.first = at(from);
}

static void
take(struct ledger_entry e)
{
	struct slo_day *day = slo_book_day(&book, ledger_moment(&e));

	ck_assert_ptr_nonnull(day);
	slo_day_take(day, &e);
}

/* One probe in each of the minutes from..until of the book's first day. */
static void
watch(unsigned from, unsigned until, bool ok)
{
	for (unsigned i = from; i < until; i++)
		take(probe(book.begin * LEDGER_DAY_MS + i * LEDGER_MINUTE_MS +
			10000,
		    ok));
}

static void
close_book(void)
{
	ck_assert_int_eq(slo_book_close(&book), 0);
}

static void
calculate(int64_t from)
{
	ck_assert_int_eq(slo_figures(&book, &settings, from, &figures), 0);
}

static enum slo_state
state_at(const char *text)
{
	return slo_judge(&book, minute_at(text));
}

/* ---- a minute ---- */

static const struct {
	unsigned probes, failed, total, errors;
	enum slo_state state;
} minutes[] = {
	{ 0, 0, 0, 0, SLO_UNWATCHED },
	{ 0, 0, 1000, 0, SLO_UNWATCHED },
	{ 0, 0, 20, 20, SLO_ERRORS },
	{ 1, 0, 0, 0, SLO_ONLINE },
	{ 1, 1, 0, 0, SLO_FAILED },
	{ 2, 1, 0, 0, SLO_FAILED },
	{ 3, 1, 0, 0, SLO_ONLINE },
	{ 5, 2, 0, 0, SLO_ONLINE },
	{ 5, 3, 0, 0, SLO_FAILED },
	{ 6, 2, 0, 0, SLO_ONLINE },
	{ 6, 3, 0, 0, SLO_FAILED },
	{ 6, 0, 9, 9, SLO_ONLINE },
	{ 6, 0, 10, 4, SLO_ONLINE },
	{ 6, 0, 10, 5, SLO_ERRORS },
	{ 6, 0, 10, 10, SLO_ERRORS },
	{ 6, 0, 11, 5, SLO_ONLINE },
	{ 6, 0, 11, 6, SLO_ERRORS },
	{ 6, 3, 10, 10, SLO_FAILED },
};

START_TEST(a_minute_is_judged_by_probes_and_requests)
{
	open_book(DAY_START, "2026-11-28T00:02:00Z");
	for (unsigned i = 0; i < minutes[_i].probes; i++)
		take(probe(at(DAY_START) + 60000 + i * 10000LL,
		    i >= minutes[_i].failed));
	if (minutes[_i].total > 0)
		take(requests(at(DAY_START) + 60000, minutes[_i].total,
		    minutes[_i].errors));
	close_book();
	ck_assert_int_eq(state_at("2026-11-28T00:01:00Z"), minutes[_i].state);
	/* The one before has nothing of it. */
	ck_assert_int_eq(state_at(DAY_START), SLO_UNWATCHED);
}
END_TEST

START_TEST(a_minute_of_requests_that_is_written_twice_counts_once)
{
	open_book(DAY_START, "2026-11-28T00:02:00Z");
	watch(0, 2, true);
	take(requests(at(DAY_START), 7, 5));
	take(requests(at(DAY_START), 7, 5));
	take(requests(at(DAY_START), 3, 3));
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.window.total, 7);
	ck_assert_uint_eq(figures.window.errors, 5);
	ck_assert_int_eq(state_at(DAY_START), SLO_ONLINE);
}
END_TEST

START_TEST(only_minutes_between_the_first_line_and_now_are_counted)
{
	open_book("2026-11-28T10:00:30Z", "2026-11-28T10:05:59Z");
	watch(590, 610, true);
	close_book();
	ck_assert_int_eq(state_at("2026-11-28T09:59:00Z"), SLO_UNCOUNTED);
	ck_assert_int_eq(state_at("2026-11-28T10:00:00Z"), SLO_ONLINE);
	ck_assert_int_eq(state_at("2026-11-28T10:04:00Z"), SLO_ONLINE);
	ck_assert_int_eq(state_at("2026-11-28T10:05:00Z"), SLO_UNCOUNTED);
	ck_assert_int_eq(state_at("2027-11-28T10:05:00Z"), SLO_UNCOUNTED);
	calculate(at("2026-11-01T00:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 5);
	ck_assert(figures.met);
	/* The clock goes back: what is yet to come is not counted. */
	book.now = at("2026-11-28T10:02:00Z");
	ck_assert_int_eq(state_at("2026-11-28T10:01:00Z"), SLO_ONLINE);
	ck_assert_int_eq(state_at("2026-11-28T10:02:00Z"), SLO_UNCOUNTED);
	/* And before the first line. */
	book.now = at("2026-11-27T10:02:00Z");
	slo_figures_fini(&figures);
	calculate(at("2026-11-01T00:00:00Z"));
	ck_assert(!figures.known && !figures.met);
}
END_TEST

START_TEST(without_evidence_a_minute_is_offline)
{
	/* Nobody looked on the second day, of which there is no file at all. */
	open_book("2026-11-27T00:00:00Z", "2026-11-29T00:10:00Z");
	watch(0, SLO_DAY_MINUTES, true);
	close_book();
	calculate(at("2026-11-27T00:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 2 * SLO_DAY_MINUTES + 10);
	ck_assert_uint_eq(figures.window.offline, SLO_DAY_MINUTES + 10);
	ck_assert_uint_eq(figures.window.minutes[SLO_UNWATCHED],
	    SLO_DAY_MINUTES + 10);
	ck_assert_int_eq(figures.state, SLO_UNWATCHED);
	ck_assert_int_eq(figures.since, minute_at("2026-11-28T00:00:00Z"));
	ck_assert_uint_eq(figures.n_outages, 1);
	ck_assert(figures.outages[0].running);
}
END_TEST

/* ---- planned hours ---- */

START_TEST(a_minute_that_planned_hours_overlap_is_planned)
{
	open_book(DAY_START, "2026-11-28T01:00:00Z");
	watch(0, 60, true);
	take(hours_off(at("2026-11-28T00:10:59.999Z"),
	    at("2026-11-28T00:20:00.001Z"), "a"));
	take(hours_off(at("2026-11-28T00:30:00Z"), at("2026-11-28T00:40:00Z"),
	    "b"));
	close_book();
	ck_assert_int_eq(state_at("2026-11-28T00:09:00Z"), SLO_ONLINE);
	ck_assert_int_eq(state_at("2026-11-28T00:10:00Z"), SLO_PLANNED);
	ck_assert_int_eq(state_at("2026-11-28T00:20:00Z"), SLO_PLANNED);
	ck_assert_int_eq(state_at("2026-11-28T00:21:00Z"), SLO_ONLINE);
	ck_assert_int_eq(state_at("2026-11-28T00:29:00Z"), SLO_ONLINE);
	ck_assert_int_eq(state_at("2026-11-28T00:30:00Z"), SLO_PLANNED);
	ck_assert_int_eq(state_at("2026-11-28T00:39:00Z"), SLO_PLANNED);
	ck_assert_int_eq(state_at("2026-11-28T00:40:00Z"), SLO_ONLINE);
	calculate(at(DAY_START));
	/* They are offline minutes as well, and both figures are said. */
	ck_assert_uint_eq(figures.window.offline, 21);
	ck_assert_uint_eq(figures.today.count.offline, 21);
	ck_assert_uint_eq(figures.window.minutes[SLO_PLANNED], 21);
	ck_assert_double_eq_tol(slo_availability(&figures.window), 39.0 / 60,
	    1e-9);
	ck_assert_double_eq_tol(slo_availability_unplanned(&figures.window),
	    1.0, 1e-9);
	/* Nobody is woken for them. */
	ck_assert_uint_eq(figures.burn[SLO_2H].bad, 0);
	ck_assert_uint_eq(figures.n_outages, 2);
	ck_assert_str_eq(figures.outages[0].reason, "a");
	ck_assert_str_eq(figures.outages[1].reason, "b");
}
END_TEST

START_TEST(planned_hours_end_by_the_next_word)
{
	open_book(DAY_START, "2026-11-28T12:00:00Z");
	watch(0, 720, true);
	/* Not in their order, as after a clock that went back. */
	take(hours_off(at("2026-11-28T01:10:00Z"), 0, ""));
	take(hours_off(at("2026-11-28T01:00:00Z"), at("2026-11-28T02:00:00Z"),
	    "ended"));
	take(hours_off(at("2026-11-28T03:00:00Z"), at("2026-11-28T05:00:00Z"),
	    "longer"));
	take(hours_off(at("2026-11-28T03:10:00Z"), at("2026-11-28T03:20:00Z"),
	    "shorter"));
	take(hours_off(at("2026-11-28T06:00:00Z"), at("2026-11-28T05:00:00Z"),
	    "none"));
	take(hours_off(at("2026-11-28T07:00:00Z"), 0, ""));
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(book.n_hours, 3);
	ck_assert_uint_eq(figures.window.minutes[SLO_PLANNED], 10 + 20);
	ck_assert_int_eq(state_at("2026-11-28T03:19:00Z"), SLO_PLANNED);
	ck_assert_int_eq(state_at("2026-11-28T03:20:00Z"), SLO_ONLINE);
}
END_TEST

START_TEST(planned_hours_reach_over_days_without_a_line)
{
	open_book("2026-11-26T23:00:00Z", "2026-11-28T01:00:00Z");
	take(hours_off(at("2026-11-26T23:00:00Z"), at("9999-01-01T00:00:00Z"),
	    "moving"));
	close_book();
	calculate(at("2026-11-26T23:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 26 * 60);
	ck_assert_uint_eq(figures.window.minutes[SLO_PLANNED], 26 * 60);
	ck_assert_uint_eq(figures.n_outages, 1);
	ck_assert_double_eq(slo_availability_unplanned(&figures.window), 0);
}
END_TEST

/* ---- the objective ---- */

START_TEST(just_the_objective_is_met)
{
	settings.slo_objective = 90000;
	open_book(DAY_START, "2026-11-28T10:00:00Z");
	watch(0, 540, true);
	close_book();
	calculate(at(DAY_START));
	ck_assert(figures.met);
	slo_figures_fini(&figures);
	settings.slo_objective = 90001;
	calculate(at(DAY_START));
	ck_assert(!figures.met);
}
END_TEST

static const struct {
	unsigned offline;
	bool met;
} young[] = { { 0, true }, { 60, true }, { 61, false } };

/* An hour off right after the installation is the day's hour. */
START_TEST(a_young_ledger_has_a_whole_day_s_minutes_to_use)
{
	unsigned online = 120 - young[_i].offline;

	open_book(DAY_START, "2026-11-28T02:00:00Z");
	watch(0, online, true);
	watch(online, 120, false);
	close_book();
	calculate(at("2026-11-01T00:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 120);
	ck_assert_uint_eq(figures.window.minutes[SLO_ONLINE], online);
	ck_assert(figures.met == young[_i].met);
	slo_figures_fini(&figures);
	/* Who asks for two hours is told of two hours. */
	calculate(at(DAY_START));
	ck_assert(figures.met == (young[_i].offline == 0));
}
END_TEST

static const struct {
	unsigned objective, budget;
} budgets[] = {
	{ 95830, 60 },
	{ 99900, 1 },
	{ 99999, 0 },
	{ 50000, 720 },
};

START_TEST(a_day_has_as_many_minutes_as_the_objective_leaves)
{
	settings.slo_objective = budgets[_i].objective;
	ck_assert_uint_eq(slo_budget(&settings), budgets[_i].budget);
}
END_TEST

START_TEST(a_day_is_over_with_one_minute_more_than_it_has)
{
	open_book(DAY_START, "2026-11-28T02:00:00Z");
	watch(60, 120, true);
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.today.count.offline, 60);
	ck_assert(!slo_is_over(&figures));
	book.now += LEDGER_MINUTE_MS;
	slo_figures_fini(&figures);
	calculate(at(DAY_START));
	ck_assert(slo_is_over(&figures));
}
END_TEST

/* ---- burn rates ---- */

/* Offline for the last so many minutes. */
static const struct {
	unsigned offline;
	bool fires[SLO_ALERTS];
} burns[] = {
	{ 0, { false, false, false } },
	{ 7, { false, false, false } },
	{ 8, { true, false, false } },
	{ 15, { true, false, false } },
	{ 16, { true, true, false } },
	{ 30, { true, true, false } },
	{ 31, { true, true, true } },
};

START_TEST(an_alert_fires_when_both_of_its_spans_burn)
{
	open_book(DAY_START, "2026-11-28T12:00:00Z");
	watch(0, 720 - burns[_i].offline, true);
	close_book();
	calculate(at(DAY_START));
	for (unsigned i = 0; i < SLO_ALERTS; i++)
		ck_assert_msg(figures.alerts[i].fires == burns[_i].fires[i],
		    "%u", i);
	ck_assert_uint_eq(figures.burn[SLO_8H].bad, burns[_i].offline);
	ck_assert_double_eq_tol(figures.burn[SLO_8H].rate,
	    burns[_i].offline / 480.0 / 0.0417, 1e-9);
}
END_TEST

START_TEST(an_alert_ends_with_its_short_span)
{
	open_book(DAY_START, "2026-11-28T12:00:00Z");
	watch(0, 700, true);
	watch(717, 720, true);
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.burn[SLO_15M].bad, 12);
	ck_assert_uint_eq(figures.burn[SLO_3M].bad, 0);
	ck_assert(!figures.alerts[0].fires);
	ck_assert(figures.alerts[1].fires);
}
END_TEST

START_TEST(at_a_rate_of_just_as_much_it_fires)
{
	/* 7.5 minutes of 15 would be 12 times a budget of 1/24: here of 1/25. */
	settings.slo_objective = 96000;
	open_book(DAY_START, "2026-11-28T12:00:00Z");
	watch(0, 720 - 120, true);
	for (int i = 600; i < 720; i++)
		if (i < 718 && i % 8 != 0)
			watch((unsigned)i, (unsigned)i + 1, true);
	close_book();
	calculate(at(DAY_START));
	/* 0.12 of 8 hours is 1.5 of 1/25 an hour: 28.8 minutes. */
	ck_assert_uint_eq(figures.burn[SLO_8H].bad, 17);
	ck_assert(!figures.alerts[2].fires);
	/* 0.12 of 2 hours is 3 of 1/25: 14.4 minutes. */
	ck_assert(figures.alerts[1].fires);
}
END_TEST

/* ---- the calendar ---- */

static const struct {
	const char *zone, *begin, *end; /* of a local day */
	unsigned minutes;
} days[] = {
	{ "UTC0", "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z", 1440 },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-28T23:00:00Z",
	    "2026-03-29T22:00:00Z", 1380 },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-24T22:00:00Z",
	    "2026-10-25T23:00:00Z", 1500 },
	{ "EST5EDT,M3.2.0,M11.1.0", "2026-03-08T05:00:00Z",
	    "2026-03-09T04:00:00Z", 1380 },
	{ "<+0545>-5:45", "2026-11-27T18:15:00Z", "2026-11-28T18:15:00Z",
	    1440 },
	/* Where midnight is left out, and where it comes twice. */
	{ "EET-2EEST,M4.5.5/0,M10.5.4/24", "2026-04-23T22:00:00Z",
	    "2026-04-24T21:00:00Z", 1380 },
	{ "EET-2EEST,M4.5.5/0,M10.5.4/24", "2026-10-28T21:00:00Z",
	    "2026-10-29T22:00:00Z", 1500 },
};

START_TEST(a_day_is_the_calendars)
{
	const struct slo_date *d;

	set_zone(days[_i].zone);
	ck_assert_int_eq(slo_book_init(&book,
			     at(days[_i].begin) - 2 * LEDGER_DAY_MS,
			     at(days[_i].end) + 2 * LEDGER_DAY_MS),
	    0);
	book.now = at(days[_i].end) + 2 * LEDGER_DAY_MS;
	book.first = at(days[_i].begin);
	close_book();
	calculate(at(days[_i].begin) - LEDGER_DAY_MS);
	for (size_t i = 0; i + 1 < figures.n_dates; i++) {
		const struct slo_date *next = &figures.dates[i + 1];

		ck_assert_int_eq(figures.dates[i].until, next->from);
		ck_assert(
		    next->day == figures.dates[i].day + 1 || next->day == 1);
	}
	d = &figures.dates[1];
	if (d->from != minute_at(days[_i].begin))
		d = &figures.dates[0];
	ck_assert_int_eq(d->from, minute_at(days[_i].begin));
	ck_assert_int_eq(d->until, minute_at(days[_i].end));
	ck_assert_uint_eq(d->count.counted, days[_i].minutes);
	/* However long it is. */
	ck_assert_uint_eq(figures.budget, 60);
}
END_TEST

START_TEST(the_calendar_ends_with_today)
{
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	open_book("2026-11-20T00:00:00Z", "2026-11-27T23:00:00Z");
	close_book();
	calculate(at("2026-11-20T12:00:00Z"));
	/* Midnight in Paris has just been. */
	ck_assert_int_eq(figures.today.day, 28);
	ck_assert_int_eq(figures.today.weekday, 6);
	ck_assert_uint_eq(figures.today.count.counted, 0);
	ck_assert_uint_eq(figures.n_dates, 9);
	ck_assert_int_eq(figures.dates[0].day, 20);
	/* The whole of it, although the window begins at noon. */
	ck_assert_uint_eq(figures.dates[0].count.counted, 23 * 60);
	ck_assert_uint_eq(figures.dates[1].count.counted, 24 * 60);
}
END_TEST

/* ---- outages ---- */

static void
fail_probe(int64_t time, enum ledger_step step, unsigned status,
    const char *code, const char *why)
{
	struct ledger_entry e = probe(time, false);

	e.probe.step = step;
	e.probe.status = (uint16_t)status;
	(void)snprintf(e.probe.code, sizeof e.probe.code, "%s", code);
	(void)snprintf(e.probe.why, sizeof e.probe.why, "%s", why);
	take(e);
}

static void
assert_words(const char *words)
{
	char text[SLO_WORDS_MAX];

	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_ge(figures.n_outages, 1);
	slo_outage_words(&figures.outages[0], text);
	ck_assert_str_eq(text, words);
}

START_TEST(the_cause_is_that_of_most_failed_probes)
{
	open_book(DAY_START, "2026-11-28T00:10:00Z");
	for (int64_t i = 0; i < 5; i++) {
		int64_t minute = at(DAY_START) + i * LEDGER_MINUTE_MS;
		char why[80];

		fail_probe(minute, LEDGER_READ, 404, "not-found", "");
		for (int64_t j = 1; j < 5; j++) {
			/* Numbers do not make another cause of it. */
			(void)snprintf(why, sizeof why, "no answer in %d ms",
			    (int)(10000 + 7 * i + j));
			fail_probe(minute + j * 10000, LEDGER_UPLOAD, 0, "",
			    why);
		}
	}
	watch(5, 10, true);
	assert_words("upload: no answer: no answer in 10001 ms");
	ck_assert_uint_eq(figures.n_outages, 1);
	ck_assert_int_eq(figures.outages[0].until - figures.outages[0].from, 5);
	ck_assert_uint_eq(figures.outages[0].probes, 25);
	ck_assert_uint_eq(figures.outages[0].failed, 25);
	ck_assert(!figures.outages[0].running);
	ck_assert_int_eq(figures.since, minute_at("2026-11-28T00:05:00Z"));
	ck_assert_str_eq(slo_outage_public(&figures.outages[0]),
	    "Photos could not be uploaded");
}
END_TEST

START_TEST(a_cause_is_found_over_midnight)
{
	open_book(DAY_START, "2026-11-29T00:10:00Z");
	watch(0, 1438, true);
	/* The second day numbers its causes otherwise. */
	fail_probe(at("2026-11-28T23:58:00Z"), LEDGER_READ, 404, "not-found",
	    "");
	fail_probe(at("2026-11-28T23:59:00Z"), LEDGER_UPLOAD, 503, "offline",
	    "");
	for (int64_t i = 0; i < 10; i++)
		fail_probe(at("2026-11-29T00:00:00Z") + i * LEDGER_MINUTE_MS,
		    LEDGER_UPLOAD, 503, "offline", "");
	assert_words("upload: 503 offline");
	ck_assert_uint_eq(figures.n_outages, 1);
	ck_assert_int_eq(figures.outages[0].until - figures.outages[0].from,
	    12);
}
END_TEST

START_TEST(a_wrong_thumbnail_is_said_by_what_is_wrong)
{
	open_book(DAY_START, "2026-11-28T00:01:00Z");
	fail_probe(at(DAY_START), LEDGER_COMPARE, 200, "", "another colour");
	assert_words("compare: another colour");
}
END_TEST

START_TEST(failed_requests_are_a_cause_of_their_own)
{
	open_book(DAY_START, "2026-11-28T00:02:00Z");
	watch(0, 2, true);
	take(requests(at(DAY_START), 40, 30));
	take(requests(at(DAY_START) + 60000, 20, 10));
	assert_words("real requests failed: 40 of 60");
	ck_assert_str_eq(slo_outage_public(&figures.outages[0]),
	    "Many requests failed");
}
END_TEST

START_TEST(without_probes_that_is_the_cause)
{
	open_book(DAY_START, "2026-11-28T00:10:00Z");
	watch(9, 10, true);
	assert_words("no evidence: the prober did not run");
}
END_TEST

START_TEST(more_causes_than_there_is_room_for_do_no_harm)
{
	open_book(DAY_START, "2026-11-28T12:00:00Z");
	for (int64_t i = 0; i < 720; i++) {
		char code[40];

		(void)snprintf(code, sizeof code, "%c%c%c", (int)('a' + i % 26),
		    (int)('a' + i / 26 % 26), (int)('a' + i / 7 % 26));
		fail_probe(at(DAY_START) + i * LEDGER_MINUTE_MS, LEDGER_UPLOAD,
		    500, code, "x");
	}
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_outages, 1);
	ck_assert_uint_eq(figures.outages[0].failed, 720);
}
END_TEST

/* ---- times and versions ---- */

START_TEST(percentiles_are_right_to_three_percent)
{
	static struct slo_times t;
	static const uint32_t ends[] = { 0, 63, 64, 65, 127, 128, 4095, 1000000,
		INT32_MAX };

	ck_assert_int_eq(slo_times_percentile(&t, 50), -1);
	for (size_t i = 0; i < NELEM(ends); i++) {
		memset(&t, 0, sizeof t);
		slo_times_take(&t, ends[i]);
		ck_assert_int_ge(slo_times_percentile(&t, 99), ends[i]);
		ck_assert_int_le(slo_times_percentile(&t, 99),
		    (int64_t)ends[i] * 33 / 32);
	}
	memset(&t, 0, sizeof t);
	for (uint32_t ms = 1; ms <= 1000; ms++)
		slo_times_take(&t, ms);
	ck_assert_int_ge(slo_times_percentile(&t, 50), 500);
	ck_assert_int_le(slo_times_percentile(&t, 50), 516);
	ck_assert_int_ge(slo_times_percentile(&t, 95), 950);
	ck_assert_int_le(slo_times_percentile(&t, 95), 980);
	ck_assert_int_ge(slo_times_percentile(&t, 100), 1000);
}
END_TEST

START_TEST(versions_are_those_that_served_lately)
{
	open_book(DAY_START, "2026-11-28T02:00:00Z");
	for (unsigned i = 0; i < 20; i++) {
		struct ledger_entry e =
		    probe(at(DAY_START) + i * LEDGER_MINUTE_MS, true);

		(void)snprintf(e.probe.version, sizeof e.probe.version,
		    "0.0.%u", i);
		take(e);
	}
	for (unsigned i = 115; i < 120; i++) {
		struct ledger_entry e =
		    probe(at(DAY_START) + i * LEDGER_MINUTE_MS, true);

		if (i % 2 != 0)
			(void)strcpy(e.probe.version, "0.2.0");
		take(e);
	}
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_versions, 2);
	ck_assert_int_eq(figures.last_probe, at("2026-11-28T01:59:00Z"));
}
END_TEST

/* ---- summaries ---- */

/* ---- releases ---- */

/* The lines of one from and until minutes of the day, and what is offline. */
static void
release_from(const char *from, const char *until, const char *id)
{
	take(release(at(from), LEDGER_BEGIN, id, 0));
	take(release(at(from) + 1000, LEDGER_STEP, id, 500));
	take(release(at(until), LEDGER_END, id, 0));
}

START_TEST(minutes_are_lost_in_a_release)
{
	open_book(DAY_START, "2026-11-28T03:00:00Z");
	watch(0, 60, true);
	watch(60, 90, false);
	watch(90, 180, true);
	/* It has a part of its first minute and of its last one. */
	release_from("2026-11-28T01:10:59.999Z", "2026-11-28T01:15:00.001Z",
	    "aaaa");
	/* One minute is of both; what is planned is not lost. */
	release_from("2026-11-28T01:15:30Z", "2026-11-28T01:25:00Z", "bbbb");
	take(hours_off(at("2026-11-28T01:18:00Z"), at("2026-11-28T01:20:00Z"),
	    "a"));
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_releases, 2);
	ck_assert_uint_eq(figures.releases[0].lost, 6);
	ck_assert_uint_eq(figures.releases[1].lost, 8);
	ck_assert_uint_eq(figures.lost, 13);
	ck_assert_uint_eq(figures.lost_today, 13);
	/* Of the outage that goes on, the next one ends the first one's part. */
	ck_assert_uint_eq(figures.releases[0].after, 0);
	ck_assert_uint_eq(figures.releases[1].after, 5);
	ck_assert_int_eq(figures.releases[0].fate, SLO_ENDED);
	ck_assert_uint_eq(figures.releases[0].marks.share, 500);
	ck_assert_str_eq(figures.releases[0].marks.verdict, "fail");
	ck_assert_str_eq(figures.releases[0].marks.words, "too slow");
	ck_assert_str_eq(figures.releases[0].marks.forced, "");
}
END_TEST

static const struct {
	unsigned offline; /* from 01:00 + so many minutes on, until 01:30 */
	unsigned share;
	unsigned lost, after;
} switches[] = {
	{ 0, 10000, 1, 29 },
	{ 1, 10000, 0, 29 },
	{ 3, 10000, 0, 27 },
	{ 4, 10000, 0, 0 },
	/* Nobody came to it. */
	{ 1, 0, 0, 0 },
};

START_TEST(what_a_switch_breaks_is_lost_right_after_it)
{
	open_book(DAY_START, "2026-11-28T02:00:00Z");
	watch(0, 60 + switches[_i].offline, true);
	watch(60 + switches[_i].offline, 90, false);
	watch(90, 120, true);
	take(release(at("2026-11-28T01:00:20Z"), LEDGER_BEGIN, "aaaa", 0));
	take(release(at("2026-11-28T01:00:21Z"), LEDGER_END, "aaaa",
	    switches[_i].share));
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_releases, 1);
	ck_assert_uint_eq(figures.releases[0].lost, switches[_i].lost);
	ck_assert_uint_eq(figures.releases[0].after, switches[_i].after);
}
END_TEST

START_TEST(the_lines_of_a_release_are_put_together_over_midnight)
{
	struct ledger_entry e;
	const struct slo_release *r;

	open_book(DAY_START, "2026-11-29T02:00:00Z");
	watch(0, 1440 + 120, true);
	/* Not in their order; the last word is that of the end. */
	take(release(at("2026-11-29T01:00:00Z"), LEDGER_END, "aaaa", 0));
	take(release(at("2026-11-29T00:30:00Z"), LEDGER_STEP, "aaaa", 10000));
	e = release(at("2026-11-28T22:00:00Z"), LEDGER_BEGIN, "aaaa", 0);
	(void)strcpy(e.release.reason, "hotfix");
	take(e);
	take(release(at("2026-11-28T23:00:00Z"), LEDGER_STEP, "aaaa", 500));
	e = release(at("2026-11-29T01:00:01Z"), LEDGER_STEP, "aaaa", 500);
	(void)strcpy(e.release.by, "mallory");
	take(e);
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_releases, 1);
	r = &figures.releases[0];
	ck_assert_int_eq(r->from, at("2026-11-28T22:00:00Z"));
	ck_assert_int_eq(r->until, at("2026-11-29T01:00:00Z"));
	ck_assert_uint_eq(r->marks.share, 10000);
	ck_assert_str_eq(r->marks.verdict, "fail");
	ck_assert_str_eq(r->marks.words, "too slow");
	ck_assert_str_eq(r->marks.forced, "hotfix");
	ck_assert_str_eq(r->marks.by, "alice");
	ck_assert_str_eq(r->marks.to, "0.2.0");
}
END_TEST

/* A state in which blue serves, and green gets a share. */
static void
set_run(enum release_how how, const char *id, int64_t began, unsigned share)
{
	struct slo_serving *s = &book.serving;

	*s = (struct slo_serving){ .has_slots = true,
		.is_known = true,
		.state = { .active = SLOT_BLUE,
		    .slots = { [SLOT_BLUE] = { .version = "0.1.0" },
			[SLOT_GREEN] = { .version = "0.2.0" } },
		    .run = { .how = how,
			.from = SLOT_BLUE,
			.to = SLOT_GREEN,
			.share = share,
			.began = began,
			.by = "bob" } } };
	(void)snprintf(s->state.run.id, sizeof s->state.run.id, "%s", id);
}

/* Two begin, at 01:00 and at 02:00, and step at 01:10 and 02:10. Now is 03:00. */
static const struct {
	bool known;
	const char *runs; /* by the state; "" nothing */
	enum slo_fate fates[2];
	const char *until[2];
} fates[] = {
	{ false, "", { SLO_NOT_ENDED, SLO_UNDER_WAY },
	    { "2026-11-28T02:00:00Z", "2026-11-28T03:00:00Z" } },
	{ true, "bbbb", { SLO_NOT_ENDED, SLO_UNDER_WAY },
	    { "2026-11-28T02:00:00Z", "2026-11-28T03:00:00Z" } },
	{ true, "", { SLO_NOT_ENDED, SLO_NOT_ENDED },
	    { "2026-11-28T02:00:00Z", "2026-11-28T02:10:00Z" } },
	/* As after a clock that went back. */
	{ true, "aaaa", { SLO_UNDER_WAY, SLO_NOT_ENDED },
	    { "2026-11-28T03:00:00Z", "2026-11-28T02:10:00Z" } },
};

START_TEST(without_an_end_the_state_says_whether_it_is_over)
{
	open_book(DAY_START, "2026-11-28T03:00:00Z");
	watch(0, 65, true);
	take(release(at("2026-11-28T01:00:00Z"), LEDGER_BEGIN, "aaaa", 0));
	take(release(at("2026-11-28T01:10:00Z"), LEDGER_STEP, "aaaa", 500));
	take(release(at("2026-11-28T02:00:00Z"), LEDGER_BEGIN, "bbbb", 0));
	take(release(at("2026-11-28T02:10:00Z"), LEDGER_STEP, "bbbb", 500));
	close_book();
	if (fates[_i].runs[0] != '\0')
		set_run(RELEASE_ROLLOUT, fates[_i].runs,
		    at(fates[_i].runs[0] == 'a' ? "2026-11-28T01:00:00Z"
						: "2026-11-28T02:00:00Z"),
		    500);
	book.serving.is_known = fates[_i].known;
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_releases, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct slo_release *r = &figures.releases[i];

		ck_assert_int_eq(r->fate, fates[_i].fates[i]);
		ck_assert_int_eq(r->until, at(fates[_i].until[i]));
		ck_assert_uint_eq(r->lost,
		    (r->until - r->from) / LEDGER_MINUTE_MS - (i == 0 ? 5 : 0));
		ck_assert_uint_eq(r->after, 0);
	}
}
END_TEST

/* Two settings are compared for weeks, and no line of it is in the days read. */
START_TEST(what_is_under_way_is_known_without_a_line)
{
	const struct slo_release *r;

	open_book("2026-11-27T00:00:00Z", "2026-11-28T01:00:00Z");
	book.first = at("2026-10-01T00:00:00Z");
	watch(0, 1440 + 50, true);
	close_book();
	set_run(RELEASE_AB, "aaaa", at("2026-10-20T00:00:00Z"), 5000);
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_releases, 1);
	r = &figures.releases[0];
	ck_assert_int_eq(r->fate, SLO_UNDER_WAY);
	ck_assert_int_eq(r->from, at("2026-10-20T00:00:00Z"));
	ck_assert_str_eq(r->marks.how, "ab");
	ck_assert_str_eq(r->marks.by, "bob");
	ck_assert_uint_eq(r->marks.share, 5000);
	/* Of days that were not read nothing is said. */
	ck_assert_uint_eq(r->lost, 10);
	ck_assert_uint_eq(figures.lost, 10);
}
END_TEST

START_TEST(a_window_has_the_releases_that_reach_into_it)
{
	open_book(DAY_START, "2026-11-28T03:00:00Z");
	release_from("2026-11-28T00:10:00Z", "2026-11-28T00:20:00Z", "aaaa");
	release_from("2026-11-28T01:50:00Z", "2026-11-28T02:10:00Z", "bbbb");
	close_book();
	calculate(at("2026-11-28T02:00:00Z"));
	ck_assert_uint_eq(figures.n_releases, 1);
	ck_assert_str_eq(figures.releases[0].marks.id, "bbbb");
	ck_assert_int_eq(figures.releases[0].from, at("2026-11-28T01:50:00Z"));
	ck_assert_uint_eq(figures.releases[0].lost, 10);
	ck_assert_uint_eq(figures.lost, 10);
	/* The day has more hours than this window. */
	ck_assert_uint_eq(figures.lost_today, 30);
}
END_TEST

START_TEST(of_more_releases_than_there_is_room_for_the_newest_are_kept)
{
	open_book(DAY_START, "2026-11-28T12:00:00Z");
	for (int64_t i = 0; i < 3 * SLO_RELEASES_MAX; i++) {
		char id[16];

		(void)snprintf(id, sizeof id, "%d", (int)i);
		take(release(at(DAY_START) + i * LEDGER_MINUTE_MS, LEDGER_BEGIN,
		    id, 0));
	}
	close_book();
	calculate(at(DAY_START));
	ck_assert_uint_eq(figures.n_releases, SLO_RELEASES_MAX);
	ck_assert_str_eq(figures.releases[SLO_RELEASES_MAX - 1].marks.id, "95");
	ck_assert_str_eq(figures.releases[0].marks.id, "64");
}
END_TEST

/* "none 0.1.0 10000", a line for each that serves. */
static void
assert_shares(const char *words)
{
	char text[400] = "";

	close_book();
	calculate(at(DAY_START));
	for (unsigned i = 0; i < figures.n_shares; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text),
		    "%s %s %u\n", settings_slot_name(figures.shares[i].slot),
		    figures.shares[i].version, figures.shares[i].share);
	ck_assert_str_eq(text, words);
	slo_figures_fini(&figures);
}

START_TEST(each_version_that_serves_has_its_share)
{
	struct release_state *s = &book.serving.state;
	struct ledger_entry e;

	open_book(DAY_START, "2026-11-28T00:10:00Z");
	assert_shares(""); /* it is not known */
	book.serving.is_known = true;
	assert_shares("none  10000\n");
	watch(0, 10, true);
	assert_shares("none 0.1.0 10000\n");
	set_run(RELEASE_ROLLOUT, "aaaa", at(DAY_START), 3333);
	assert_shares("blue 0.1.0 6667\ngreen 0.2.0 3333\n");
	s->run.how = RELEASE_NONE;
	assert_shares("blue 0.1.0 10000\n");
	/* The first release: of the service there is what the prober met. */
	s->run = (struct release_run){ .how = RELEASE_CANARY,
		.from = SLOT_NONE,
		.to = SLOT_GREEN,
		.share = 500 };
	s->active = SLOT_NONE;
	s->slots[SLOT_BLUE].version[0] = '\0';
	e = probe(at("2026-11-28T00:09:30Z"), true);
	(void)strcpy(e.probe.version, "0.2.0");
	take(e);
	assert_shares("none 0.1.0 9500\ngreen 0.2.0 500\n");
}
END_TEST

/* A day with something of everything. */
static void
fill_day(void)
{
	struct ledger_entry forced;

	open_book(DAY_START, "2026-11-29T12:00:00Z");
	watch(0, 700, true);
	watch(720, 1400, true);
	fail_probe(at("2026-11-28T11:50:00Z"), LEDGER_UPLOAD, 503, "overloaded",
	    "caf\xc3\xa9");
	take(requests(at("2026-11-28T13:00:00Z"), 4000000000U, 17));
	take(hours_off(at("2026-11-28T20:00:00Z"), at("2026-11-29T01:00:00Z"),
	    "\"new\" disk"));
	book.days[0]->skipped = (struct ledger_skipped){ 1, 2, 3 };
	forced = release(at("2026-11-28T14:00:00Z"), LEDGER_BEGIN, "aaaa", 0);
	for (size_t i = 0; i < 120; i++)
		(void)strcat(forced.release.reason, "\xc3\xa9 ");
	take(forced);
	take(release(at("2026-11-28T14:00:01Z"), LEDGER_STEP, "aaaa", 3333));
	take(release(at("2026-11-28T15:00:00Z"), LEDGER_END, "bbbb", 0));
}

START_TEST(a_day_survives_its_summary)
{
	static struct slo_day again;
	char *text;

	fill_day();
	text = slo_day_text(book.days[0], "17 4");
	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(slo_day_parse(text, strlen(text), "17 4", &again), 0);
	ck_assert_mem_eq(&again, book.days[0], sizeof again);
	/* Of other lines it says nothing. */
	ck_assert_int_eq(slo_day_parse(text, strlen(text), "18 4", &again), -1);
	ck_assert_uint_eq(again.n_causes, 0);
	free(text);
}
END_TEST

/* Each makes another text of the same lines. */
START_TEST(a_summary_of_another_version_is_none)
{
	static struct slo_day again;
	char *text, *format;

	fill_day();
	text = slo_day_text(book.days[0], "17 4");
	format = strstr(text, "\"format\":2,");
	ck_assert_ptr_nonnull(format);
	for (const char *other = "13"; *other != '\0'; other++) {
		format[strlen("\"format\":")] = *other;
		ck_assert_int_eq(slo_day_parse(text, strlen(text), "17 4",
				     &again),
		    -1);
		ck_assert_uint_eq(again.n_releases, 0);
	}
	free(text);
}
END_TEST

START_TEST(a_damaged_summary_is_none_or_does_no_harm)
{
	static struct slo_day again;
	char *text;
	size_t len;

	fill_day();
	text = slo_day_text(book.days[0], "17 4");
	len = strlen(text);
	for (size_t i = 0; i < len; i += i < 100 ? 1 : 211)
		ck_assert_int_eq(slo_day_parse(text, i, "17 4", &again), -1);
	for (size_t i = 0; i < len; i += i < 600 ? 1 : 97) {
		char old = text[i];

		text[i] = old == '1' ? '9' : '1';
		(void)slo_day_parse(text, len, "17 4", &again);
		for (unsigned m = 0; m < SLO_DAY_MINUTES; m++)
			ck_assert_uint_lt(again.minutes[m].cause,
			    SLO_CAUSES_MAX);
		for (unsigned r = 0; r < again.n_releases; r++)
			ck_assert_uint_le(again.releases[r].share, RELEASE_ALL);
		text[i] = old;
	}
	free(text);
}
END_TEST

/* ---- the ledger's directory ---- */

static const char *
ledger(void)
{
	return tempdir_at("ledger");
}

static void
append(struct ledger_entry e)
{
	ck_assert_int_eq(ledger_append(ledger(), &e, false), 0);
}

static void
append_hours(const char *from, unsigned n)
{
	for (unsigned i = 0; i < n * 60; i++)
		append(probe(at(from) + i * LEDGER_MINUTE_MS, true));
}

static void
read_book(const char *from, const char *now)
{
	slo_book_fini(&book);
	ck_assert_int_eq(slo_read(ledger(), at(from), at(now), &book), 0);
}

static bool
is_there(const char *name)
{
	return faccessat(tempdir_fd(), name, F_OK, 0) == 0;
}

START_TEST(a_day_that_is_over_is_read_once)
{
	char *text;
	size_t len;

	append_hours("2026-11-27T22:00:00Z", 4);
	read_book("2026-11-27T00:00:00Z", "2026-11-28T02:00:00Z");
	ck_assert_int_eq(state_at("2026-11-27T23:59:00Z"), SLO_ONLINE);
	ck_assert(is_there("ledger/2026-11-27.summary"));
	ck_assert(!is_there("ledger/2026-11-28.summary"));

	/* What the summary says, the book says. */
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "ledger/2026-11-27.summary",
			     1 << 20, &text, &len),
	    0);
	ck_assert_ptr_nonnull(strstr(text, "[1439,1,0,"));
	strstr(text, "[1439,1,0,")[8] = '1';
	ck_assert_int_eq(unlink(tempdir_at("ledger/2026-11-27.summary")), 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(),
			     "ledger/2026-11-27.summary", 0640, text, len),
	    0);
	free(text);
	read_book("2026-11-27T00:00:00Z", "2026-11-28T02:00:00Z");
	ck_assert_int_eq(state_at("2026-11-27T23:59:00Z"), SLO_FAILED);

	/* But not when the lines are others. */
	append(probe(at("2026-11-27T23:58:50Z"), true));
	read_book("2026-11-27T00:00:00Z", "2026-11-28T02:00:00Z");
	ck_assert_int_eq(state_at("2026-11-27T23:59:00Z"), SLO_ONLINE);
}
END_TEST

START_TEST(without_room_for_summaries_it_is_read_all_the_same)
{
	append_hours("2026-11-27T22:00:00Z", 4);
	ck_assert_int_eq(mkdir(tempdir_at("ledger/2026-11-27.summary"), 0755),
	    0);
	read_book("2026-11-27T00:00:00Z", "2026-11-28T02:00:00Z");
	ck_assert_int_eq(state_at("2026-11-27T23:59:00Z"), SLO_ONLINE);
}
END_TEST

START_TEST(no_ledger_is_one_without_lines_and_a_bad_one_an_error)
{
	read_book("2026-11-27T00:00:00Z", "2026-11-28T02:00:00Z");
	ck_assert_int_eq(book.first, INT64_MAX);
	calculate(at("2026-11-27T00:00:00Z"));
	ck_assert(!figures.known);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "ledger", 0600, "", 0), 0);
	ck_assert_int_eq(slo_read(ledger(), 0, at("2026-11-28T02:00:00Z"),
			     &book),
	    -1);
	ck_assert_int_eq(errno, ENOTDIR);
}
END_TEST

START_TEST(planned_hours_from_before_the_window_reach_into_it)
{
	append_hours("2026-11-20T00:00:00Z", 1);
	append(hours_off(at("2026-11-26T01:00:00Z"), at("2026-11-27T01:00:00Z"),
	    "a long one"));
	append_hours("2026-11-27T00:00:00Z", 2);
	read_book("2026-11-27T00:00:00Z", "2026-11-27T02:00:00Z");
	calculate(at("2026-11-27T00:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 120);
	ck_assert_uint_eq(figures.window.minutes[SLO_PLANNED], 60);
}
END_TEST

/* Nobody has to have a prober to release: that is no minute offline. */
START_TEST(a_release_is_no_beginning_of_what_is_counted)
{
	append(release(at("2026-11-28T00:00:00Z"), LEDGER_BEGIN, "aaaa", 0));
	append(release(at("2026-11-28T02:10:00Z"), LEDGER_END, "aaaa", 0));
	read_book("2026-11-28T00:00:00Z", "2026-11-28T03:00:00Z");
	calculate(at("2026-11-28T00:00:00Z"));
	ck_assert(!figures.known);
	ck_assert_uint_eq(figures.today.count.offline, 0);
	slo_figures_fini(&figures);
	append_hours("2026-11-28T02:00:00Z", 1);
	read_book("2026-11-28T00:00:00Z", "2026-11-28T03:00:00Z");
	calculate(at("2026-11-28T00:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 60);
	ck_assert_uint_eq(figures.lost, 0);
	/* And it is told all the same. */
	ck_assert_uint_eq(figures.n_releases, 1);
}
END_TEST

START_TEST(a_clock_that_goes_back_counts_no_minute_twice)
{
	append_hours("2026-11-28T01:00:00Z", 1);
	append_hours("2026-11-28T01:00:00Z", 1);
	read_book("2026-11-28T00:00:00Z", "2026-11-28T02:00:00Z");
	calculate(at("2026-11-28T00:00:00Z"));
	ck_assert_uint_eq(figures.window.counted, 60);
	ck_assert_uint_eq(figures.window.minutes[SLO_ONLINE], 60);
}
END_TEST

/* ---- what is published ---- */

static json_t *
read_status(void)
{
	char *text;
	size_t len;
	json_t *json;

	ck_assert_int_eq(fd_read_file(tempdir_fd(), "data/status/status.json",
			     1 << 20, &text, &len),
	    0);
	json = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(json);
	free(text);
	return json;
}

static void
set_places(const char *textfile)
{
	ck_assert_int_eq(mkdir(tempdir_at("data"), 0755), 0);
	settings.data = strdup(tempdir_at("data"));
	settings.ledger = strdup(ledger());
	settings.slo_textfile = strdup(textfile);
}

static void
free_places(void)
{
	free(settings.data);
	free(settings.ledger);
	free(settings.slo_textfile);
}

START_TEST(the_status_is_published_for_everybody)
{
	const char *strip;
	struct stat st;
	json_t *json, *today;
	char why[400];

	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	set_places(tempdir_at("x.prom"));
	(void)umask(077);
	append_hours("2026-11-28T00:30:00Z", 1);
	append(hours_off(at("2026-11-28T01:30:00Z"), at("2026-11-28T02:00:00Z"),
	    "a <b>"));
	ck_assert_msg(slo_publish(&settings, at("2026-11-28T02:01:30Z"), why,
			  sizeof why) == 0,
	    "%s", why);
	ck_assert_int_eq(stat(tempdir_at("data/status"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(stat(tempdir_at("data/status/status.json"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	ck_assert_int_eq(stat(tempdir_at("x.prom"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0644);

	json = read_status();
	today = json_object_get(json, "today");
	strip = json_string_value(json_object_get(today, "minutes"));
	/* From midnight where the operator is. */
	ck_assert_uint_eq(strlen(strip), 3 * 60 + 1);
	ck_assert_int_eq(strip[0], '-');
	ck_assert_int_eq(strip[89], '-');
	ck_assert_int_eq(strip[90], 'o');
	ck_assert_int_eq(strip[149], 'o');
	ck_assert_int_eq(strip[150], 'p');
	ck_assert_int_eq(strip[179], 'p');
	ck_assert_int_eq(strip[180], 'x');
	ck_assert_int_eq(json_integer_value(json_object_get(today, "used")),
	    31);
	ck_assert_int_eq(json_integer_value(json_object_get(today, "left")),
	    29);
	ck_assert_str_eq(json_string_value(json_object_get(today, "zone")),
	    "+0100");
	ck_assert(json_is_false(json_object_get(json, "online")));
	ck_assert_str_eq(json_string_value(json_object_get(json, "since")),
	    "2026-11-28T01:30:00.000Z");
	ck_assert_str_eq(json_string_value(json_object_get(json, "from")),
	    "2026-11-28T00:30:00.000Z");
	ck_assert_uint_eq(json_array_size(json_object_get(json, "planned")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "outages")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "days")), 30);
	json_decref(json);
	free_places();
}
END_TEST

START_TEST(the_status_says_what_its_availability_is_of)
{
	static const struct {
		int window; /* seconds */
		const char *now, *from;
	} cases[] = {
		{ 86400, "2026-11-28T01:30:00Z", "2026-11-28T00:00:00.000Z" },
		{ 3600, "2026-11-28T01:30:00Z", "2026-11-28T00:30:00.000Z" },
		{ 3600, "2026-11-27T23:30:00Z", NULL },
	};
	char why[400];

	set_places("");
	append_hours("2026-11-28T00:00:00Z", 1);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		json_t *json, *from;

		settings.slo_window = cases[i].window;
		ck_assert_int_eq(slo_publish(&settings, at(cases[i].now), why,
				     sizeof why),
		    0);
		json = read_status();
		from = json_object_get(json, "from");
		if (cases[i].from != NULL)
			ck_assert_str_eq(json_string_value(from),
			    cases[i].from);
		else
			ck_assert(json_is_null(from));
		json_decref(json);
	}
	free_places();
}
END_TEST

START_TEST(one_place_that_fails_keeps_nothing_from_the_other)
{
	char why[400];

	set_places(tempdir_at("none/x.prom"));
	append_hours("2026-11-28T00:00:00Z", 1);
	ck_assert_int_eq(slo_publish(&settings, at("2026-11-28T01:00:00Z"), why,
			     sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "none/x.prom: "));
	ck_assert(is_there("data/status/status.json"));

	free(settings.slo_textfile);
	settings.slo_textfile = strdup(tempdir_at("x.prom"));
	ck_assert_int_eq(fd_remove_tree(tempdir_fd(), "data"), 0);
	ck_assert_int_eq(slo_publish(&settings, at("2026-11-28T01:00:00Z"), why,
			     sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "status.json: "));
	ck_assert(is_there("x.prom"));
	free_places();
}
END_TEST

/* The state of releases, from a file as thumbctl leaves it. */
static void
save_state(const char *began)
{
	struct release_state state;

	if (!is_there("releases"))
		ck_assert_int_eq(mkdir(tempdir_at("releases"), 0755), 0);
	set_run(RELEASE_ROLLOUT, "aaaabbbbcccc", at(began), 500);
	state = book.serving.state;
	book.serving = (struct slo_serving){ 0 };
	state.run.by_customer = true;
	state.run.step_began = state.run.began;
	state.run.deadline = state.run.began + INT64_C(3600000);
	(void)strcpy(state.run.forced, "a secret of ours");
	ck_assert_int_eq(release_save(tempdir_at("releases"), &state), 0);
}

START_TEST(everybody_sees_who_serves_and_not_why)
{
	const char *const secrets[] = { "aaaabbbbcccc", "bob", "rollout",
		"secret", "words" };
	char *text;
	size_t len;
	char why[400];
	json_t *json, *serving;

	set_places(tempdir_at("x.prom"));
	settings.releases = true;
	settings.release_dir = strdup(tempdir_at("releases"));
	save_state("2026-11-28T00:30:00Z");
	append_hours("2026-11-28T00:00:00Z", 1);
	ck_assert_msg(slo_publish(&settings, at("2026-11-28T01:00:00Z"), why,
			  sizeof why) == 0,
	    "%s", why);
	json = read_status();
	ck_assert(json_is_true(json_object_get(json, "releasing")));
	serving = json_object_get(json, "serving");
	ck_assert_uint_eq(json_array_size(serving), 2);
	serving = json_array_get(serving, 1);
	ck_assert_str_eq(json_string_value(json_object_get(serving, "slot")),
	    "green");
	ck_assert_str_eq(json_string_value(json_object_get(serving, "version")),
	    "0.2.0");
	ck_assert_double_eq(json_real_value(json_object_get(serving, "share")),
	    5);
	text = json_dumps(json, 0);
	for (size_t i = 0; i < NELEM(secrets); i++)
		ck_assert_msg(strstr(text, secrets[i]) == NULL, "%s",
		    secrets[i]);
	free(text);
	json_decref(json);
	ck_assert_int_eq(fd_read_file(tempdir_fd(), "x.prom", 1 << 20, &text,
			     &len),
	    0);
	ck_assert_ptr_nonnull(strstr(text,
	    "\nfcgi_thumb_slo_release_share{slot=\"green\",version=\"0.2.0\"} "
	    "0.05\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "\nfcgi_thumb_slo_release_under_way 1\n"));
	ck_assert_ptr_nonnull(strstr(text,
	    "\nfcgi_thumb_slo_release_deadline_timestamp_seconds "
	    "1795829400\n"));
	free(text);

	/* Without slots one service serves all. */
	settings.releases = false;
	ck_assert_int_eq(slo_publish(&settings, at("2026-11-28T01:00:00Z"), why,
			     sizeof why),
	    0);
	json = read_status();
	ck_assert(json_is_false(json_object_get(json, "releasing")));
	text = json_dumps(json_object_get(json, "serving"), JSON_COMPACT);
	ck_assert_str_eq(text,
	    "[{\"slot\":\"none\",\"version\":\"0.1.0\",\"share\":100.0}]");
	free(text);
	json_decref(json);
	free(settings.release_dir);
	free_places();
}
END_TEST

START_TEST(a_state_that_cannot_be_read_costs_its_own_words_alone)
{
	char why[400];
	json_t *json;

	set_places(tempdir_at("x.prom"));
	settings.releases = true;
	settings.release_dir = strdup(tempdir_at("releases"));
	ck_assert_int_eq(mkdir(tempdir_at("releases"), 0755), 0);
	ck_assert_int_eq(fd_write_file(tempdir_fd(), "releases/state.json",
			     0644, "{", 1),
	    0);
	append_hours("2026-11-28T00:00:00Z", 1);
	ck_assert_int_eq(slo_publish(&settings, at("2026-11-28T01:00:00Z"), why,
			     sizeof why),
	    -1);
	ck_assert_ptr_nonnull(strstr(why, "releases/state.json: "));
	json = read_status();
	ck_assert(json_is_true(json_object_get(json, "online")));
	ck_assert(json_is_null(json_object_get(json, "serving")));
	ck_assert(json_is_null(json_object_get(json, "releasing")));
	ck_assert(is_there("x.prom"));
	json_decref(json);
	free(settings.release_dir);
	free_places();
}
END_TEST

START_TEST(totals_begin_anew_with_the_month)
{
	struct buf text = { 0 };

	append_hours("2026-10-31T23:00:00Z", 3);
	append(release(at("2026-11-01T01:50:00Z"), LEDGER_BEGIN, "aaaa", 0));
	append(release(at("2026-11-01T02:10:00Z"), LEDGER_END, "aaaa", 0));
	append(release(at("2026-10-31T01:50:00Z"), LEDGER_BEGIN, "bbbb", 0));
	append(release(at("2026-10-31T23:59:00Z"), LEDGER_END, "bbbb", 0));
	read_book("2026-10-31T00:00:00Z", "2026-11-01T02:30:00Z");
	calculate(at("2026-10-31T00:00:00Z"));
	slo_metrics(&book, &figures, &text);
	ck_assert_ptr_nonnull(strstr(text.data,
	    "fcgi_thumb_slo_minutes_total{state=\"online\"} 120\n"
	    "fcgi_thumb_slo_minutes_total{state=\"offline\"} 30\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "\nfcgi_thumb_slo_online 0\n"));
	ck_assert_ptr_nonnull(
	    strstr(text.data, "\nfcgi_thumb_slo_release_minutes_total 10\n"));
	/* Who serves which share is not known here. */
	ck_assert_ptr_null(strstr(text.data, "fcgi_thumb_slo_release_share"));
	ck_assert_ptr_nonnull(strstr(text.data,
	    "\nfcgi_thumb_probe_last_timestamp_seconds 1793498340\n"));
	buf_fini(&text);
}
END_TEST

/* ---- the report ---- */

/* The caller frees it. */
static char *
printed(bool color, bool utf8)
{
	const struct slo_style style = { color, utf8 };
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	slo_print(&book, &figures, &style, out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

/* Characters, not bytes. */
static size_t
width(const char *line, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)line[i] & 0xc0) != 0x80;
	return n;
}

static void
assert_narrow(const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		ck_assert_msg(width(text, len) <= 80, "%.*s", (int)len, text);
		ck_assert_msg(len == 0 || text[len - 1] != ' ', "%.*s|",
		    (int)len, text);
		text += len + (text[len] == '\n');
	}
}

/* An outage of each kind, in words that others have chosen. */
static void
trouble(void)
{
	struct ledger_entry e;
	char why[256] = "";

	for (size_t i = 0; i < 14; i++)
		(void)strcat(why, "caf\xc3\xa9\xe2\x80\xae nothing ");
	open_book("2026-10-30T00:00:00Z", "2026-11-28T12:00:30Z");
	for (unsigned i = 0; i < 29 * SLO_DAY_MINUTES + 700; i++)
		if (i % 5000 > 100)
			watch(i, i + 1, true);
	for (int64_t i = 0; i < 20; i++) {
		int64_t minute =
		    at("2026-11-28T11:40:00Z") + i * LEDGER_MINUTE_MS;

		fail_probe(minute, LEDGER_UPLOAD, 503, "overloaded", why);
		take(requests(minute, 4000000000U, 3999999999U));
	}
	take(hours_off(at("2026-11-20T10:00:00Z"), at("2026-11-20T11:30:00Z"),
	    why));
	for (int64_t i = 0; i < 7; i++) {
		char id[2] = { (char)('a' + i), '\0' };
		int64_t begin = at("2026-11-21T10:00:00Z") + i * LEDGER_DAY_MS;

		e = release(begin, LEDGER_BEGIN, id, 0);
		memset(e.release.to, 'x', sizeof e.release.to - 1);
		(void)snprintf(e.release.reason, sizeof e.release.reason, "%s",
		    why);
		take(e);
		e = release(begin + i * LEDGER_MINUTE_MS, LEDGER_END, id, 3333);
		(void)snprintf(e.release.reason, sizeof e.release.reason, "%s",
		    why);
		if (i < 6)
			take(e);
	}
	book.skipped = (struct ledger_skipped){ 1, 2, 3 };
	close_book();
	set_run(RELEASE_ROLLOUT, "g", at("2026-11-27T10:00:00Z"), 3333);
	book.serving.state.run.deadline = at("2026-11-28T11:00:00Z");
	memset(book.serving.state.slots[SLOT_GREEN].version, 'x', 63);
	calculate(at("2026-10-30T00:00:00Z"));
}

START_TEST(the_report_fits_a_terminal)
{
	char *text;

	trouble();
	text = printed(false, false);
	assert_narrow(text);
	for (const char *c = text; *c != '\0'; c++)
		ck_assert_msg(*c == '\n' || (*c >= 0x20 && *c < 0x7f), "%d",
		    *c);
	ck_assert_ptr_nonnull(strstr(text,
	    "OFFLINE     at Sat 2026-11-28 "
	    "12:00 UTC, since 11:40, 20 min\n"));
	ck_assert_ptr_nonnull(strstr(text, "caf?? nothing"));
	ck_assert_ptr_nonnull(strstr(text,
	    "1 h 30 min  Fri 2026-11-20 10:00 "
	    "- 11:30\n"));
	ck_assert_ptr_nonnull(strstr(text, "101!"));
	ck_assert_ptr_nonnull(strstr(text, "90"));
	ck_assert_ptr_nonnull(strstr(text, "ALERT: it is 12 or more"));
	ck_assert_ptr_nonnull(strstr(text,
	    "            rollout under way since Fri 2026-11-27 10:00: 33.33 % "
	    "on green\n"
	    "            it should have gone back by itself at 11:00\n"));
	ck_assert_ptr_nonnull(
	    strstr(text, "\nSlots       blue 0.1.0 66.67 %, "));
	ck_assert_ptr_nonnull(strstr(text,
	    "\nThe 5 last of 7 releases: 20 min lost in them, 20 of today\n"
	    "        26 h  Fri 2026-11-27 10:00 - still   20 min lost\n"));
	free(text);
	text = printed(false, true);
	assert_narrow(text);
	/* Letters stay; what turns the line round does not. */
	ck_assert_ptr_nonnull(strstr(text, "caf\xc3\xa9? nothing"));
	ck_assert_ptr_null(strstr(text, "\xe2\x80\xae"));
	free(text);
	text = printed(true, false);
	ck_assert_ptr_nonnull(strstr(text, "\033[1;31mOFFLINE"));
	free(text);
}
END_TEST

START_TEST(the_same_is_there_for_programs)
{
	const json_t *outage, *release_json;
	json_t *json;
	char *text;

	trouble();
	text = slo_json(&book, &figures);
	json = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(json);
	ck_assert(json_is_false(json_object_get(json, "online")));
	ck_assert_int_eq(json_integer_value(
			     json_object_get(json_object_get(json, "minutes"),
				 "offline")),
	    (json_int_t)figures.window.offline);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "outages")),
	    figures.n_outages);
	outage = json_array_get(json_object_get(json, "outages"),
	    figures.n_outages - 1);
	ck_assert_str_eq(json_string_value(json_object_get(outage, "kind")),
	    "failed");
	ck_assert_str_eq(json_string_value(
			     json_object_get(json_object_get(outage, "cause"),
				 "code")),
	    "overloaded");
	ck_assert(json_is_true(
	    json_object_get(json_array_get(json_object_get(json, "alerts"), 0),
		"fires")));
	ck_assert_uint_eq(json_array_size(json_object_get(json, "releases")),
	    7);
	release_json = json_array_get(json_object_get(json, "releases"), 6);
	ck_assert_str_eq(json_string_value(
			     json_object_get(release_json, "state")),
	    "under-way");
	ck_assert_int_eq(json_integer_value(
			     json_object_get(release_json, "lost")),
	    20);
	ck_assert(json_is_null(json_object_get(release_json, "verdict")));
	ck_assert_int_eq(json_integer_value(
			     json_object_get(json_object_get(json,
						 "lost_in_releases"),
				 "today")),
	    20);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "serving")), 2);
	json_decref(json);
	free(text);
}
END_TEST

START_TEST(without_releases_the_report_says_nothing_of_them)
{
	char *text;

	open_book(DAY_START, "2026-11-28T02:00:00Z");
	watch(0, 120, true);
	close_book();
	book.serving.is_known = true;
	calculate(at(DAY_START));
	text = printed(false, false);
	ck_assert_ptr_null(strstr(text, "elease"));
	ck_assert_ptr_null(strstr(text, "Slots"));
	free(text);
}
END_TEST

static TCase *
add_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(s, tc);
	return tc;
}

int
main(void)
{
	Suite *s = suite_create("slo");
	TCase *tc = add_case(s, "minute");

	tcase_add_loop_test(tc, a_minute_is_judged_by_probes_and_requests, 0,
	    NELEM(minutes));
	tcase_add_test(tc,
	    a_minute_of_requests_that_is_written_twice_counts_once);
	tcase_add_test(tc,
	    only_minutes_between_the_first_line_and_now_are_counted);
	tcase_add_test(tc, without_evidence_a_minute_is_offline);

	tc = add_case(s, "planned");
	tcase_add_test(tc, a_minute_that_planned_hours_overlap_is_planned);
	tcase_add_test(tc, planned_hours_end_by_the_next_word);
	tcase_add_test(tc, planned_hours_reach_over_days_without_a_line);

	tc = add_case(s, "objective");
	tcase_add_test(tc, just_the_objective_is_met);
	tcase_add_loop_test(tc, a_young_ledger_has_a_whole_day_s_minutes_to_use,
	    0, NELEM(young));
	tcase_add_loop_test(tc,
	    a_day_has_as_many_minutes_as_the_objective_leaves, 0,
	    NELEM(budgets));
	tcase_add_test(tc, a_day_is_over_with_one_minute_more_than_it_has);

	tc = add_case(s, "burn");
	tcase_add_loop_test(tc, an_alert_fires_when_both_of_its_spans_burn, 0,
	    NELEM(burns));
	tcase_add_test(tc, an_alert_ends_with_its_short_span);
	tcase_add_test(tc, at_a_rate_of_just_as_much_it_fires);

	tc = add_case(s, "calendar");
	tcase_add_loop_test(tc, a_day_is_the_calendars, 0, NELEM(days));
	tcase_add_test(tc, the_calendar_ends_with_today);

	tc = add_case(s, "outages");
	tcase_add_test(tc, the_cause_is_that_of_most_failed_probes);
	tcase_add_test(tc, a_cause_is_found_over_midnight);
	tcase_add_test(tc, a_wrong_thumbnail_is_said_by_what_is_wrong);
	tcase_add_test(tc, failed_requests_are_a_cause_of_their_own);
	tcase_add_test(tc, without_probes_that_is_the_cause);
	tcase_add_test(tc, more_causes_than_there_is_room_for_do_no_harm);

	tc = add_case(s, "beside");
	tcase_add_test(tc, percentiles_are_right_to_three_percent);
	tcase_add_test(tc, versions_are_those_that_served_lately);

	tc = add_case(s, "releases");
	tcase_add_test(tc, minutes_are_lost_in_a_release);
	tcase_add_loop_test(tc, what_a_switch_breaks_is_lost_right_after_it, 0,
	    NELEM(switches));
	tcase_add_test(tc,
	    the_lines_of_a_release_are_put_together_over_midnight);
	tcase_add_loop_test(tc,
	    without_an_end_the_state_says_whether_it_is_over, 0, NELEM(fates));
	tcase_add_test(tc, what_is_under_way_is_known_without_a_line);
	tcase_add_test(tc, a_window_has_the_releases_that_reach_into_it);
	tcase_add_test(tc,
	    of_more_releases_than_there_is_room_for_the_newest_are_kept);
	tcase_add_test(tc, each_version_that_serves_has_its_share);

	tc = add_case(s, "summary");
	tcase_add_test(tc, a_day_survives_its_summary);
	tcase_add_test(tc, a_summary_of_another_version_is_none);
	tcase_add_test(tc, a_damaged_summary_is_none_or_does_no_harm);

	tc = add_case(s, "directory");
	tcase_add_test(tc, a_day_that_is_over_is_read_once);
	tcase_add_test(tc, without_room_for_summaries_it_is_read_all_the_same);
	tcase_add_test(tc,
	    no_ledger_is_one_without_lines_and_a_bad_one_an_error);
	tcase_add_test(tc, planned_hours_from_before_the_window_reach_into_it);
	tcase_add_test(tc, a_clock_that_goes_back_counts_no_minute_twice);
	tcase_add_test(tc, a_release_is_no_beginning_of_what_is_counted);

	tc = add_case(s, "published");
	tcase_add_test(tc, the_status_is_published_for_everybody);
	tcase_add_test(tc, the_status_says_what_its_availability_is_of);
	tcase_add_test(tc, one_place_that_fails_keeps_nothing_from_the_other);
	tcase_add_test(tc, totals_begin_anew_with_the_month);
	tcase_add_test(tc, everybody_sees_who_serves_and_not_why);
	tcase_add_test(tc,
	    a_state_that_cannot_be_read_costs_its_own_words_alone);

	tc = add_case(s, "report");
	tcase_add_test(tc, the_report_fits_a_terminal);
	tcase_add_test(tc, the_same_is_there_for_programs);
	tcase_add_test(tc, without_releases_the_report_says_nothing_of_them);
	return run_suite(s);
}
