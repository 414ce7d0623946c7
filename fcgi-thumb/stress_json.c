#include "config.h"

/* A stress test for programs: the members have the names of stress.h. */

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>

#include "stress_report.h"

static const char *const limits[] = {
	[STRESS_BY_NOTHING] = "none",
	[STRESS_BY_CPU] = "cpu",
	[STRESS_BY_WORKERS] = "workers",
	[STRESS_BY_QUEUE] = "queue",
	[STRESS_BY_DISK] = "disk",
	[STRESS_BY_MEMORY] = "memory",
	[STRESS_BY_RATE] = "rate",
	[STRESS_BY_ROOM] = "room",
	[STRESS_BY_SELF] = "self",
	[STRESS_BY_FRONT] = "front",
	[STRESS_BY_FAULTS] = "faults",
};

static const char *const losses[STRESS_LOSSES] = {
	[STRESS_OVERLOADED] = "overloaded",
	[STRESS_RATE_LIMITED] = "rate_limited",
	[STRESS_FULL] = "full",
	[STRESS_SLOW] = "slow",
	[STRESS_BROKEN] = "broken",
};

/* A member that is missing shows in `failed` at the end. */
static void
set(json_t *object, const char *key, json_t *value, bool *failed)
{
	if (json_object_set_new(object, key, value) != 0)
		*failed = true;
}

/* What is not known is null. */
static json_t *
number(double value)
{
	return value < 0 || !isfinite(value) ? json_null() : json_real(value);
}

/* Of the two numbers of workers, the first of which says whether they are. */
static json_t *
known(double running, double value)
{
	return running > 0 ? number(value) : json_null();
}

static json_t *
count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *
known_count(uint64_t value)
{
	return value > 0 ? count(value) : json_null();
}

static json_t *
step_json(const struct stress_step *s, bool *failed)
{
	json_t *step = json_object(), *lost = json_object();
	json_t *phases = json_object();

	set(step, "clients", count(s->clients), failed);
	set(step, "seconds", number(s->seconds), failed);
	set(step, "photos", count(s->photos), failed);
	set(step, "rate", number(s->rate), failed);
	set(step, "p50", number(s->p50), failed);
	set(step, "p95", number(s->p95), failed);
	set(step, "p99", number(s->p99), failed);
	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		set(lost, losses[i], count(s->losses[i]), failed);
	set(step, "losses", lost, failed);
	for (enum stress_phase p = STRESS_NGINX; p < STRESS_PHASES; p++)
		set(phases, stress_phase_name(p), number(fmax(0, s->phase[p])),
		    failed);
	set(step, "phases", phases, failed);
	set(step, "busy", number(s->busy), failed);
	set(step, "service", number(s->service), failed);
	set(step, "self", number(s->self), failed);
	set(step, "running", known(s->running, s->running), failed);
	set(step, "runnable", known(s->running, s->runnable), failed);
	set(step, "waiting", number(s->waiting), failed);
	set(step, "disk", number(s->disk), failed);
	set(step, "written", number(s->written), failed);
	set(step, "free", known_count(s->free), failed);
	set(step, "swapped", count(s->swapped), failed);
	return step;
}

static json_t *
verdict_json(const struct stress_verdict *v, bool *failed)
{
	json_t *verdict = json_object();

	set(verdict, "limit", json_string(limits[v->limit]), failed);
	set(verdict, "sentence", json_string(v->sentence), failed);
	set(verdict, "advice", json_string(v->advice), failed);
	set(verdict, "most", number(v->most), failed);
	set(verdict, "capacity", number(v->capacity), failed);
	set(verdict, "capacity_clients", count(v->capacity_clients), failed);
	return verdict;
}

int
stress_json_write(FILE *out, const struct stress_run *run,
    const struct stress_verdict *verdict)
{
	json_t *document = json_object(), *steps = json_array();
	bool failed = false;
	int rc = -1;

	set(document, "url", json_string(run->url), &failed);
	set(document, "date", json_string(run->date), &failed);
	set(document, "elsewhere", json_boolean(run->elsewhere), &failed);
	set(document, "processors", count(run->processors), &failed);
	set(document, "workers", known_count(run->workers), &failed);
	set(document, "queue_length", known_count(run->queue_length), &failed);
	set(document, "memory", count(run->memory), &failed);
	set(document, "p95_wanted", count(run->p95_wanted), &failed);
	set(document, "photo_bytes", number(run->photo_bytes), &failed);
	set(document, "photo_pixels", number(run->photo_pixels), &failed);
	for (unsigned i = 0; i < run->n; i++)
		if (json_array_append_new(steps,
			step_json(&run->steps[i], &failed)) != 0)
			failed = true;
	set(document, "steps", steps, &failed);
	set(document, "verdict", verdict_json(verdict, &failed), &failed);
	if (failed)
		errno = ENOMEM;
	else if (json_dumpf(document, out,
		     JSON_INDENT(1) | JSON_REAL_PRECISION(6)) == 0 &&
	    fputc('\n', out) != EOF && fflush(out) == 0)
		rc = 0;
	json_decref(document);
	return rc;
}
