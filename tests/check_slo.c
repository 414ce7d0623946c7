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

/* A day with something of everything. */
static void
fill_day(void)
{
	open_book(DAY_START, "2026-11-29T12:00:00Z");
	watch(0, 700, true);
	watch(720, 1400, true);
	fail_probe(at("2026-11-28T11:50:00Z"), LEDGER_UPLOAD, 503, "overloaded",
	    "caf\xc3\xa9");
	take(requests(at("2026-11-28T13:00:00Z"), 4000000000U, 17));
	take(hours_off(at("2026-11-28T20:00:00Z"), at("2026-11-29T01:00:00Z"),
	    "\"new\" disk"));
	book.days[0]->skipped = (struct ledger_skipped){ 1, 2, 3 };
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
	ck_assert_uint_eq(json_array_size(json_object_get(json, "planned")), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "outages")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(json, "days")), 30);
	json_decref(json);
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

START_TEST(totals_begin_anew_with_the_month)
{
	struct buf text = { 0 };

	append_hours("2026-10-31T23:00:00Z", 3);
	read_book("2026-10-31T00:00:00Z", "2026-11-01T02:30:00Z");
	calculate(at("2026-10-31T00:00:00Z"));
	slo_metrics(&book, &figures, &text);
	ck_assert_ptr_nonnull(strstr(text.data,
	    "fcgi_thumb_slo_minutes_total{state=\"online\"} 120\n"
	    "fcgi_thumb_slo_minutes_total{state=\"offline\"} 30\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "\nfcgi_thumb_slo_online 0\n"));
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
	book.skipped = (struct ledger_skipped){ 1, 2, 3 };
	close_book();
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
	const json_t *outage;
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
	json_decref(json);
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

	tc = add_case(s, "summary");
	tcase_add_test(tc, a_day_survives_its_summary);
	tcase_add_test(tc, a_damaged_summary_is_none_or_does_no_harm);

	tc = add_case(s, "directory");
	tcase_add_test(tc, a_day_that_is_over_is_read_once);
	tcase_add_test(tc, without_room_for_summaries_it_is_read_all_the_same);
	tcase_add_test(tc,
	    no_ledger_is_one_without_lines_and_a_bad_one_an_error);
	tcase_add_test(tc, planned_hours_from_before_the_window_reach_into_it);
	tcase_add_test(tc, a_clock_that_goes_back_counts_no_minute_twice);

	tc = add_case(s, "published");
	tcase_add_test(tc, the_status_is_published_for_everybody);
	tcase_add_test(tc, one_place_that_fails_keeps_nothing_from_the_other);
	tcase_add_test(tc, totals_begin_anew_with_the_month);

	tc = add_case(s, "report");
	tcase_add_test(tc, the_report_fits_a_terminal);
	tcase_add_test(tc, the_same_is_there_for_programs);
	return run_suite(s);
}
