#include "config.h"

/*
 * One day of the ledger: what is kept of its lines. Counts, and judges nothing.
 */

#include "slo.h"

#include <ctype.h>
#include <string.h>

#include "mime.h"
#include "slo_internal.h"

/* ---- times ---- */

#define EXACT 64 /* so many ms have a bucket each */
#define STEPS 32 /* of each doubling from there on */

static unsigned
bucket_of(uint32_t ms)
{
	unsigned doublings = 0;

	if (ms < EXACT)
		return ms;
	while ((ms >> doublings) >= 2 * STEPS)
		doublings++;
	return EXACT + (doublings - 1) * STEPS + ((ms >> doublings) - STEPS);
}

/* The longest time in a bucket. */
static int64_t
bucket_end(unsigned bucket)
{
	unsigned doublings, step;

	if (bucket < EXACT)
		return bucket;
	doublings = (bucket - EXACT) / STEPS + 1;
	step = (bucket - EXACT) % STEPS + STEPS;
	return ((int64_t)(step + 1) << doublings) - 1;
}

void
slo_times_take(struct slo_times *t, uint32_t ms)
{
	t->n[bucket_of(ms)]++;
}

void
slo_times_add(struct slo_times *t, const struct slo_times *more)
{
	for (unsigned i = 0; i < SLO_BUCKETS; i++)
		t->n[i] += more->n[i];
}

int64_t
slo_times_percentile(const struct slo_times *t, unsigned percent)
{
	uint64_t all = 0, wanted, seen = 0;
	unsigned i = 0;

	for (unsigned j = 0; j < SLO_BUCKETS; j++)
		all += t->n[j];
	if (all == 0)
		return -1;
	wanted = (all * percent + 99) / 100;
	while ((seen += t->n[i]) < wanted)
		i++;
	return bucket_end(i);
}

/* ---- causes ---- */

/* Equal but for the numbers in them: "after 10001 ms" is no cause of its own. */
static bool
says_the_same(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			a += strspn(a, "0123456789");
			b += strspn(b, "0123456789");
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return *a == *b;
}

bool
slo_cause_same(const struct slo_cause *a, const struct slo_cause *b)
{
	return a->step == b->step && a->status == b->status &&
	    strcmp(a->code, b->code) == 0 && says_the_same(a->why, b->why);
}

/* Its number among the day's. */
static uint8_t
find_cause(struct slo_day *day, const struct ledger_entry *e)
{
	struct slo_cause cause = { .step = e->probe.step,
		.status = e->probe.status };
	unsigned i = 0;

	(void)snprintf(cause.code, sizeof cause.code, "%s", e->probe.code);
	mime_text(e->probe.why, strlen(e->probe.why), cause.why,
	    sizeof cause.why);
	while (i < day->n_causes && !slo_cause_same(&day->causes[i], &cause))
		i++;
	if (i == SLO_CAUSES_MAX)
		return SLO_CAUSES_MAX - 1;
	if (i == day->n_causes)
		day->causes[day->n_causes++] = cause;
	return (uint8_t)i;
}

/* The majority's vote, of Boyer and Moore: no room for a count of each. */
static void
vote(struct slo_minute *m, uint8_t cause)
{
	if (m->cause_votes == 0) {
		m->cause = cause;
		m->cause_votes = 1;
	} else if (m->cause == cause) {
		m->cause_votes += m->cause_votes < UINT16_MAX;
	} else {
		m->cause_votes--;
	}
}

/* ---- lines ---- */

static struct slo_minute *
minute_of(struct slo_day *day, int64_t moment)
{
	int64_t ms = moment % LEDGER_DAY_MS;

	return &day->minutes[(ms < 0 ? ms + LEDGER_DAY_MS : ms) /
	    LEDGER_MINUTE_MS];
}

/* Of too many versions the one that has not been seen for longest goes. */
static void
see_version(struct slo_day *day, const char *name, int64_t when)
{
	struct slo_version *v = day->versions, *oldest = v;

	if (name[0] == '\0')
		return;
	for (; v < day->versions + day->n_versions; v++) {
		if (strcmp(v->name, name) == 0)
			break;
		if (v->last < oldest->last)
			oldest = v;
	}
	if (v == day->versions + SLO_VERSIONS_MAX)
		v = oldest;
	else if (v == day->versions + day->n_versions)
		day->n_versions++;
	if (strcmp(v->name, name) != 0) {
		(void)snprintf(v->name, sizeof v->name, "%s", name);
		v->last = when;
	}
	if (v->last < when)
		v->last = when;
}

static void
take_probe(struct slo_day *day, const struct ledger_entry *e)
{
	struct slo_minute *m = minute_of(day, e->time);

	if (m->probes == UINT16_MAX)
		return;
	m->probes++;
	if (day->last_probe < e->time)
		day->last_probe = e->time;
	see_version(day, e->probe.version, e->time);
	if (!e->probe.ok) {
		m->failed++;
		vote(m, find_cause(day, e));
		return;
	}
	if (e->probe.ms[LEDGER_MS_UPLOAD] >= 0)
		slo_times_take(&day->upload,
		    (uint32_t)e->probe.ms[LEDGER_MS_UPLOAD]);
	if (e->probe.ms[LEDGER_MS_READ] >= 0)
		slo_times_take(&day->read,
		    (uint32_t)e->probe.ms[LEDGER_MS_READ]);
}

/*
 * Two probers that read the same log write the same minute twice: the line that
 * knows of more requests counts.
 */
static void
take_requests(struct slo_day *day, const struct ledger_entry *e)
{
	struct slo_minute *m = minute_of(day, e->requests.minute);
	uint64_t total = e->requests.total, errors = e->requests.errors;

	if (total > UINT32_MAX)
		total = UINT32_MAX;
	if (errors > total)
		errors = total;
	if (total < m->total)
		return;
	m->errors = total == m->total && errors < m->errors ? m->errors
							    : (uint32_t)errors;
	m->total = (uint32_t)total;
}

static void
take_change(struct slo_day *day, const struct ledger_entry *e)
{
	struct slo_change *c = &day->changes[day->n_changes];

	if (day->n_changes == SLO_CHANGES_MAX)
		return;
	day->n_changes++;
	c->time = e->time;
	c->until = e->kind == LEDGER_OFFLINE ? e->planned.until : 0;
	(void)snprintf(c->reason, sizeof c->reason, "%s", e->planned.reason);
}

void
slo_day_take(struct slo_day *day, const struct ledger_entry *entry)
{
	switch (entry->kind) {
	case LEDGER_PROBE:
		take_probe(day, entry);
		break;
	case LEDGER_REQUESTS:
		take_requests(day, entry);
		break;
	case LEDGER_RELEASE:
		slo_marks_take(day, entry);
		break;
	default:
		take_change(day, entry);
		break;
	}
}
