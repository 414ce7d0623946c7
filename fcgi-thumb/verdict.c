#include "config.h"

/*
 * A candidate against the active one. What fails it is looked for every other
 * second for many minutes, what passes it once, so they ask for different
 * evidence.
 *
 * A pass is a bound: the difference of the rates is, by 95 %, at most what the
 * terms allow (Newcombe; with a clean active one it is Wilson's bound of the
 * candidate, and 133 clean requests exclude 2 %).
 *
 * A fail is a test. Newcombe's lower bound is none where it is looked at again
 * and again: against a long clean record the very first error of a candidate is
 * over it at any z, since the interval of one hit never has 0 in it. So errors
 * are tested exactly, by how many of all of them met the candidate (Fisher).
 */

#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "verdict_chance.h"

#define Z_BOUND 1.645    /* 95 %, one-sided */
#define Z_INTERVAL 1.960 /* 95 %, on both sides */

/*
 * That a rise of errors is by chance, at any one look (z would be 3.9). A look
 * tells nothing new before the next error, so that a rollout has a few hundred
 * looks and not thousands, which are much alike; tests/check_verdict.c has
 * rollouts of two equal sides, of which it fails fewer than 1 %.
 */
#define CHANCE_ERRORS 5e-5
/* Two are one client that tried its bad luck twice. */
#define ERRORS_LEAST 3

/* In a sound service no worker dies, however often one looks. */
#define CHANCE_DEATHS 1e-3
#define DEATHS_LEAST 2

/*
 * Of each side's bound of p95 while a window runs. Both have to be off, and by
 * `slower` together.
 */
#define CHANCE_TIME 1e-3
#define P95 0.95
/* The first ones of each worker of a new master find every cache empty. */
#define TIMES_LEAST 20
/* nginx's clock goes by whole ms: a difference of these is none. */
#define TIME_SLACK 2

/*
 * Bytes: what one large photo leaves to a worker for the next, beside one that
 * has had none yet.
 */
#define MEMORY_SLACK (UINT64_C(96) << 20)

#define CHANCE_BOUND 0.05 /* 59 uploads have an upper bound of p95 */
#define REQUESTS_MOST 1e7 /* who needs more will not wait for them */

/* The sides of a finding, as p95 has them. */
enum {
	ACTIVE,
	CANDIDATE
};

struct trial {
	const struct verdict_terms *terms;
	const struct verdict_sample *side[2];
};

static const char *const names[VERDICT_COUNT] = {
	[VERDICT_PASS] = "pass",
	[VERDICT_FAIL] = "fail",
	[VERDICT_INCONCLUSIVE] = "inconclusive",
	[VERDICT_REFUSED] = "refused",
};

const char *
verdict_name(enum verdict verdict)
{
	return names[verdict];
}

/* ---- words ---- */

static void say(struct verdict_finding *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct verdict_finding *f, const char *fmt, ...)
{
	size_t len = strlen(f->words);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->words + len, sizeof f->words - len, fmt, ap);
	va_end(ap);
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "2.0", "0.37": of a hundred. Static, until the next. */
static const char *
percent(double rate)
{
	static char text[16];

	(void)snprintf(text, sizeof text, "%.*f", rate < 0.00995 ? 2 : 1,
	    100 * rate);
	return text;
}

/* "5 errors in 41 requests (active: 0 in 2527)" */
static void
say_counts(struct verdict_finding *f, const struct trial *t, const char *what,
    uint64_t active, uint64_t candidate)
{
	uint64_t n = t->side[CANDIDATE]->requests;

	say(f,
	    "%" PRIu64 " %s%s in %" PRIu64 " request%s (active: %" PRIu64
	    " in %" PRIu64 ")",
	    candidate, what, plural(candidate), n, plural(n), active,
	    t->side[ACTIVE]->requests);
}

/*
 * What the numbers exclude; where the active one has errors too, also how many
 * more than those.
 */
static void
say_excluded(struct verdict_finding *f, const struct trial *t)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];
	double low, high;

	if (c->requests == 0)
		return;
	verdict_difference(a->errors, a->requests, c->errors, c->requests,
	    Z_BOUND, &low, &high);
	say(f, ": more than %s %% errors", percent(f->excludes));
	if (f->excludes - high >= 0.001)
		say(f, ", and %s %% more than the active has,", percent(high));
	say(f, " are excluded");
}

static void
say_times(struct verdict_finding *f)
{
	if (f->p95[CANDIDATE] == 0)
		return;
	say(f, "; p95 %" PRIu32 " ms", f->p95[CANDIDATE]);
	if (f->p95[ACTIVE] != 0)
		say(f, " (active %" PRIu32 " ms)", f->p95[ACTIVE]);
}

static void
say_all(struct verdict_finding *f, const struct trial *t)
{
	say_counts(f, t, "error", t->side[ACTIVE]->errors,
	    t->side[CANDIDATE]->errors);
	say_excluded(f, t);
	say_times(f);
}

/* ---- numbers ---- */

/* A rank that there is not has no value. */
static uint32_t
value_at(const struct verdict_sample *s, size_t rank)
{
	return rank > 0 ? s->ms[rank - 1] : 0;
}

static uint32_t
p95_of(const struct verdict_sample *s)
{
	return value_at(s, (size_t)ceil(P95 * (double)s->n_ms));
}

/* So long p95 may be where the active one's is that. */
static double
time_allowed(const struct trial *t, uint32_t active)
{
	return (1 + t->terms->slower) * active + TIME_SLACK;
}

static void
reckon(const struct trial *t, struct verdict_finding *f)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];
	double low;

	verdict_bounds(c->errors, c->requests, Z_BOUND, &low, &f->excludes);
	f->difference =
	    (c->requests > 0 ? (double)c->errors / (double)c->requests : 0) -
	    (a->requests > 0 ? (double)a->errors / (double)a->requests : 0);
	verdict_difference(a->errors, a->requests, c->errors, c->requests,
	    Z_INTERVAL, &f->difference_low, &f->difference_high);
	f->p95[ACTIVE] = p95_of(a);
	f->p95[CANDIDATE] = p95_of(c);
}

/* ---- what fails it ---- */

static bool
has_risen(uint64_t active, uint64_t n_active, uint64_t candidate,
    uint64_t n_candidate, double chance)
{
	double a = (double)active, c = (double)candidate;

	return c * (double)n_active > a * (double)n_candidate &&
	    chance_of_more(active, n_active, candidate, n_candidate) <= chance;
}

static bool
has_more_errors(const struct trial *t, struct verdict_finding *f)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];

	if (c->errors < ERRORS_LEAST ||
	    !has_risen(a->errors, a->requests, c->errors, c->requests,
		CHANCE_ERRORS))
		return false;
	say_counts(f, t, "error", a->errors, c->errors);
	say(f, ", and that is no chance");
	say_times(f);
	return true;
}

/*
 * Which photos come is not the candidate's doing, and those of one customer are
 * alike: of refusals a rise is one that is over what errors may have.
 */
static bool
has_more_refusals(const struct trial *t, struct verdict_finding *f)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];
	double low, high;

	verdict_difference(a->refusals, a->requests, c->refusals, c->requests,
	    Z_BOUND, &low, &high);
	if (c->refusals < ERRORS_LEAST || low <= t->terms->errors ||
	    !has_risen(a->refusals, a->requests, c->refusals, c->requests,
		CHANCE_ERRORS))
		return false;
	say_counts(f, t, "refusal", a->refusals, c->refusals);
	say(f, " of photos (415, 422), and that is no chance; ");
	say_all(f, t);
	return true;
}

/* A worker may die between requests: no rate is over 1. */
static bool
has_more_deaths(const struct trial *t, struct verdict_finding *f)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];
	uint64_t n_a = a->requests > a->deaths ? a->requests : a->deaths;
	uint64_t n_c = c->requests > c->deaths ? c->requests : c->deaths;

	if (c->deaths < DEATHS_LEAST ||
	    !has_risen(a->deaths, n_a, c->deaths, n_c, CHANCE_DEATHS))
		return false;
	say_counts(f, t, "dead worker", a->deaths, c->deaths);
	say(f, ", and that is no chance; ");
	say_all(f, t);
	return true;
}

/* Are the times longer, whatever chance did to both sides? */
static bool
is_slower(const struct trial *t, struct verdict_finding *f)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];
	uint32_t most =
	    value_at(a, chance_upper_rank(a->n_ms, P95, CHANCE_TIME));
	uint32_t least =
	    value_at(c, chance_lower_rank(c->n_ms, P95, CHANCE_TIME));

	if (most == 0 || c->n_ms < TIMES_LEAST ||
	    (double)least <= time_allowed(t, most))
		return false;
	say_all(f, t);
	say(f,
	    ": at least %" PRIu32 " ms against %" PRIu32
	    " ms at most, more than %.0f %% longer",
	    least, most, 100 * t->terms->slower);
	return true;
}

static bool
has_more_memory(const struct trial *t, struct verdict_finding *f)
{
	const uint64_t a = t->side[ACTIVE]->memory;
	const uint64_t c = t->side[CANDIDATE]->memory;

	if (a == 0 || c == 0 ||
	    (double)c <= (1 + t->terms->memory) * (double)a + MEMORY_SLACK)
		return false;
	say(f,
	    "a worker has %" PRIu64 " MiB (active %" PRIu64
	    " MiB), more than %.0f %% more; ",
	    c >> 20, a >> 20, 100 * t->terms->memory);
	say_all(f, t);
	return true;
}

static bool
fails(const struct trial *t, struct verdict_finding *f)
{
	return has_more_deaths(t, f) || has_more_errors(t, f) ||
	    has_more_refusals(t, f) || is_slower(t, f) || has_more_memory(t, f);
}

/* ---- what it takes to pass ---- */

/* Of hits and of requests: is the rise at most what is allowed? */
static bool
is_bounded(const struct trial *t, uint64_t hits_a, uint64_t hits_c)
{
	double low, high;

	verdict_difference(hits_a, t->side[ACTIVE]->requests, hits_c,
	    t->side[CANDIDATE]->requests, Z_BOUND, &low, &high);
	return t->side[CANDIDATE]->requests > 0 && high <= t->terms->errors;
}

static bool
times_are_known(const struct verdict_sample *s)
{
	return chance_upper_rank(s->n_ms, P95, CHANCE_BOUND) > 0;
}

/*
 * As far as is known p95 is within what is allowed. That it is not shown to be
 * longer would be too easy: few uploads show nothing.
 */
static bool
times_are_fine(const struct verdict_finding *f, const struct trial *t)
{
	return (double)f->p95[CANDIDATE] <= time_allowed(t, f->p95[ACTIVE]);
}

/*
 * How many requests of the candidate bound the rise, where both sides go on as
 * they did. 0: none do.
 */
static uint64_t
requests_to_bound(const struct trial *t, uint64_t hits_a, uint64_t hits_c)
{
	double n_a = (double)t->side[ACTIVE]->requests;
	double n_c = (double)t->side[CANDIDATE]->requests;
	double rate_a = n_a > 0 ? (double)hits_a / n_a : 0;
	double rate_c = n_c > 0 ? (double)hits_c / n_c : 0;
	double each = n_c > 0 ? n_a / n_c : n_a; /* of the active's, for one */
	double low = fmax(1, n_c), high = low;

	if (rate_c - rate_a >= t->terms->errors)
		return 0;
	while (high <= REQUESTS_MOST &&
	    chance_difference_high(rate_a, each * high, rate_c, high, Z_BOUND) >
		t->terms->errors)
		high *= 2;
	if (high > REQUESTS_MOST)
		return 0;
	while (high - low > 0.5) {
		double middle = (low + high) / 2;

		if (chance_difference_high(rate_a, each * middle, rate_c,
			middle, Z_BOUND) > t->terms->errors)
			low = middle;
		else
			high = middle;
	}
	return (uint64_t)ceil(low);
}

/* The same until both have an upper bound of p95. 0: without uploads none. */
static uint64_t
requests_to_time(const struct trial *t)
{
	size_t least = (size_t)ceil(log(CHANCE_BOUND) / log(P95));
	double requests = fmax(1, (double)t->side[CANDIDATE]->requests);
	double most = 0;

	if (t->side[CANDIDATE]->requests == 0)
		return least;
	for (unsigned i = 0; i < 2; i++) {
		size_t n = t->side[i]->n_ms;

		if (n == 0)
			return 0;
		most = fmax(most, (double)least / (double)n * requests);
	}
	return (uint64_t)ceil(most);
}

/* The first thing that is in the way of a pass; false: nothing is. */
static bool
is_undecided(const struct trial *t, struct verdict_finding *f)
{
	const struct verdict_sample *a = t->side[ACTIVE];
	const struct verdict_sample *c = t->side[CANDIDATE];
	const char *what = NULL;

	if (!is_bounded(t, a->errors, c->errors)) {
		f->requests_needed = requests_to_bound(t, a->errors, c->errors);
		what = "errors";
	} else if (!is_bounded(t, a->refusals, c->refusals)) {
		f->requests_needed =
		    requests_to_bound(t, a->refusals, c->refusals);
		what = "refusals";
	}
	if (what != NULL && f->requests_needed > 0)
		say(f,
		    "; about %" PRIu64
		    " requests are needed to exclude %s %% more %s",
		    f->requests_needed, percent(t->terms->errors), what);
	else if (what != NULL)
		say(f, "; it may have %s %% more %s than the active, or not",
		    percent(t->terms->errors), what);
	else if (!times_are_known(a) || !times_are_known(c)) {
		f->requests_needed = requests_to_time(t);
		if (f->requests_needed > 0)
			say(f,
			    "; about %" PRIu64
			    " requests are needed to compare p95",
			    f->requests_needed);
		else
			say(f, "; without uploads p95 cannot be compared");
	} else if (!times_are_fine(f, t)) {
		say(f, "; it may be more than %.0f %% slower, or not",
		    100 * t->terms->slower);
	} else {
		return false;
	}
	return true;
}

/* ---- all ---- */

void
verdict_give(const struct verdict_terms *terms,
    const struct verdict_sample *active, const struct verdict_sample *candidate,
    bool ends, struct verdict_finding *out)
{
	const struct trial t = { .terms = terms,
		.side = { [ACTIVE] = active, [CANDIDATE] = candidate } };

	*out = (struct verdict_finding){ .verdict = VERDICT_FAIL };
	reckon(&t, out);
	if (fails(&t, out))
		return;
	say_all(out, &t);
	out->verdict = VERDICT_INCONCLUSIVE;
	if (active->requests == 0 && candidate->requests > 0 && ends) {
		out->verdict = VERDICT_REFUSED;
		say(out, "; there is nothing to compare it with");
	} else if (!is_undecided(&t, out) && ends) {
		out->verdict = VERDICT_PASS;
	}
}
