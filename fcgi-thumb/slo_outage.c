#include "config.h"

/* What went wrong when, and in which words it is said. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slo.h"
#include "slo_internal.h"

/* One that is being put together. */
struct span {
	struct slo_outage outage;
	uint32_t states[SLO_STATE_COUNT]; /* minutes */
	struct vote {
		struct slo_cause cause;
		uint32_t n;
	} votes[SLO_CAUSES_MAX];
	unsigned n_votes;
};

/* Beyond so many causes none that comes later will be the most frequent. */
static void
vote(struct span *s, const struct slo_cause *cause, unsigned n)
{
	unsigned i = 0;

	while (i < s->n_votes && !slo_cause_same(&s->votes[i].cause, cause))
		i++;
	if (i == SLO_CAUSES_MAX)
		return;
	if (i == s->n_votes)
		s->votes[s->n_votes++] = (struct vote){ .cause = *cause };
	s->votes[i].n += n;
}

static void
take_minute(struct span *s, const struct slo_book *b, int64_t minute,
    enum slo_state state)
{
	const struct slo_minute *m = slo_minute(b, minute);

	s->states[state]++;
	s->outage.until = minute + 1;
	if (m == NULL)
		return;
	s->outage.probes += m->probes;
	s->outage.failed += m->failed;
	s->outage.total += m->total;
	s->outage.errors += m->errors;
	if (m->failed > 0)
		vote(s, &slo_causes(b, minute)[m->cause], m->cause_votes);
}

/* What most minutes were; of as many the more telling one. */
static enum slo_state
state_of(const struct span *s)
{
	static const enum slo_state order[] = { SLO_FAILED, SLO_ERRORS,
		SLO_UNWATCHED, SLO_PLANNED };
	enum slo_state best = order[0];

	for (size_t i = 1; i < sizeof order / sizeof order[0]; i++)
		if (s->states[order[i]] > s->states[best])
			best = order[i];
	return best;
}

static void
find_reason(const struct slo_book *b, struct slo_outage *o)
{
	for (size_t i = 0; i < b->n_hours; i++)
		if (slo_minute_of(b->hours[i].from) < o->until &&
		    slo_minute_of(b->hours[i].until - 1) >= o->from)
			memcpy(o->reason, b->hours[i].reason, sizeof o->reason);
}

static void
finish(struct span *s, const struct slo_book *b)
{
	struct slo_outage *o = &s->outage;
	unsigned best = 0;

	o->state = state_of(s);
	o->running = o->until == slo_minute_of(b->now);
	if (o->state == SLO_PLANNED)
		find_reason(b, o);
	for (unsigned i = 1; i < s->n_votes; i++)
		if (s->votes[i].n > s->votes[best].n)
			best = i;
	if (s->n_votes > 0)
		o->cause = s->votes[best].cause;
}

/* The offline minutes from *minute on, and *minute behind them. */
static void
read_span(struct span *s, const struct slo_book *b, int64_t *minute,
    int64_t until)
{
	enum slo_state state = slo_judge(b, *minute);
	bool planned = state == SLO_PLANNED;

	*s = (struct span){ .outage.from = *minute };
	while (*minute < until && slo_is_offline(state) &&
	    (state == SLO_PLANNED) == planned) {
		take_minute(s, b, *minute, state);
		state = slo_judge(b, ++*minute);
	}
	finish(s, b);
}

static int
add(struct slo_outage **list, size_t *n, const struct slo_outage *one)
{
	/* Doubled at each power of two. */
	if ((*n & (*n - 1)) == 0) {
		size_t cap = *n > 0 ? *n * 2 : 1;
		struct slo_outage *more = realloc(*list, cap * sizeof *more);

		if (more == NULL)
			return -1;
		*list = more;
	}
	(*list)[(*n)++] = *one;
	return 0;
}

int
slo_outages(const struct slo_book *b, int64_t from, int64_t until,
    struct slo_outage **out, size_t *n)
{
	struct span *span = malloc(sizeof *span);
	int rc = span != NULL ? 0 : -1;

	*out = NULL;
	*n = 0;
	while (rc == 0 && from < until) {
		if (!slo_is_offline(slo_judge(b, from))) {
			from++;
			continue;
		}
		read_span(span, b, &from, until);
		rc = add(out, n, &span->outage);
	}
	free(span);
	return rc;
}

/* ---- words ---- */

static void
failed_words(const struct slo_cause *c, char *out)
{
	const char *step = ledger_step_name(c->step);
	char answer[64] = "no answer";

	if (step[0] == '\0')
		step = "a probe";
	if (c->status > 0)
		(void)snprintf(answer, sizeof answer, "%u%s%s",
		    (unsigned)c->status, c->code[0] != '\0' ? " " : "",
		    c->code);
	/* A thumbnail that is a wrong one was answered all the same. */
	if (c->step == LEDGER_COMPARE && c->why[0] != '\0')
		(void)snprintf(out, SLO_WORDS_MAX, "%s: %s", step, c->why);
	else
		(void)snprintf(out, SLO_WORDS_MAX, "%s: %s%s%s", step, answer,
		    c->why[0] != '\0' ? ": " : "", c->why);
}

void
slo_outage_words(const struct slo_outage *o, char out[SLO_WORDS_MAX])
{
	switch (o->state) {
	case SLO_FAILED:
		failed_words(&o->cause, out);
		break;
	case SLO_ERRORS:
		(void)snprintf(out, SLO_WORDS_MAX,
		    "real requests failed: %ju of %ju", (uintmax_t)o->errors,
		    (uintmax_t)o->total);
		break;
	case SLO_PLANNED:
		(void)snprintf(out, SLO_WORDS_MAX, "planned%s%s",
		    o->reason[0] != '\0' ? ": " : "", o->reason);
		break;
	default:
		(void)snprintf(out, SLO_WORDS_MAX,
		    "no evidence: the prober did not run");
		break;
	}
}

const char *
slo_outage_public(const struct slo_outage *o)
{
	static const char *const steps[LEDGER_STEP_COUNT] = {
		[LEDGER_STEP_NONE] = "The service did not work as it should",
		[LEDGER_UPLOAD] = "Photos could not be uploaded",
		[LEDGER_READ] = "New thumbnails could not be fetched",
		[LEDGER_COMPARE] = "New thumbnails were not right",
		[LEDGER_DELETE] = "Photos could not be deleted",
	};

	switch (o->state) {
	case SLO_FAILED:
		return steps[o->cause.step];
	case SLO_ERRORS:
		return "Many requests failed";
	case SLO_PLANNED:
		return "Planned";
	default:
		return "Nothing is known of this time, so it counts as offline";
	}
}
