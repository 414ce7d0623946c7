#include "config.h"

/*
 * A day that is over, as a text that is quicker to read than its lines. It is
 * believed only as far as it may be: whatever it holds ends in a day.
 */

#include <stdlib.h>
#include <string.h>

#include "mime.h"
#include "slo.h"
#include "slo_internal.h"
#include "terms_time.h"

/* Raise it when the same lines make another text. */
#define SUMMARY_FORMAT 2

json_t *
slo_json_time(int64_t ms)
{
	char text[TERMS_TIME_MAX];

	terms_time_text(ms, text);
	return text[0] != '\0' ? json_string(text) : json_null();
}

/* ---- writing ---- */

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

/* Pairs of a bucket and how many it has, of those that have any. */
static json_t *
times_json(const struct slo_times *t, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < SLO_BUCKETS; i++)
		if (t->n[i] > 0) {
			add(list, json_integer(i), failed);
			add(list, json_integer(t->n[i]), failed);
		}
	return list;
}

/* Only those of which something is known. */
static json_t *
minutes_json(const struct slo_day *day, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < SLO_DAY_MINUTES; i++) {
		const struct slo_minute *m = &day->minutes[i];

		if (m->probes == 0 && m->total == 0)
			continue;
		add(list,
		    json_pack("[i, i, i, I, I, i, i]", (int)i, (int)m->probes,
			(int)m->failed, (json_int_t)m->total,
			(json_int_t)m->errors, (int)m->cause,
			(int)m->cause_votes),
		    failed);
	}
	return list;
}

static json_t *
causes_json(const struct slo_day *day, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < day->n_causes; i++) {
		const struct slo_cause *c = &day->causes[i];

		add(list,
		    json_pack("[i, i, s, s]", (int)c->step, (int)c->status,
			c->code, c->why),
		    failed);
	}
	return list;
}

static json_t *
changes_json(const struct slo_day *day, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < day->n_changes; i++) {
		const struct slo_change *c = &day->changes[i];

		add(list,
		    json_pack("[I, I, s]", (json_int_t)c->time,
			(json_int_t)c->until, c->reason),
		    failed);
	}
	return list;
}

static json_t *
versions_json(const struct slo_day *day, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < day->n_versions; i++)
		add(list,
		    json_pack("[s, I]", day->versions[i].name,
			(json_int_t)day->versions[i].last),
		    failed);
	return list;
}

static json_t *
releases_json(const struct slo_day *day, bool *failed)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < day->n_releases; i++) {
		const struct slo_marks *m = &day->releases[i];

		add(list,
		    json_pack("[s, s, s, s, s, s, s, s, s, i, I, I, I]", m->id,
			m->how, m->from, m->to, m->slot, m->verdict, m->by,
			m->forced, m->words, (int)m->share,
			(json_int_t)m->first, (json_int_t)m->last,
			(json_int_t)m->end),
		    failed);
	}
	return list;
}

char *
slo_day_text(const struct slo_day *day, const char *source)
{
	json_t *json = json_object();
	bool failed = false;
	char *text = NULL;

	set(json, "format", json_integer(SUMMARY_FORMAT), &failed);
	set(json, "source", json_string(source), &failed);
	set(json, "last_probe", json_integer((json_int_t)day->last_probe),
	    &failed);
	set(json, "skipped",
	    json_pack("[I, I, I]", (json_int_t)day->skipped.cut,
		(json_int_t)day->skipped.foreign,
		(json_int_t)day->skipped.unknown),
	    &failed);
	set(json, "versions", versions_json(day, &failed), &failed);
	set(json, "changes", changes_json(day, &failed), &failed);
	set(json, "releases", releases_json(day, &failed), &failed);
	set(json, "causes", causes_json(day, &failed), &failed);
	set(json, "upload", times_json(&day->upload, &failed), &failed);
	set(json, "read", times_json(&day->read, &failed), &failed);
	set(json, "minutes", minutes_json(day, &failed), &failed);
	if (!failed)
		text = json_dumps(json, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(json);
	return text;
}

/* ---- reading ---- */

/* Member i of an array, from 0 to max. */
static bool
get(const json_t *list, size_t i, json_int_t max, json_int_t *out)
{
	const json_t *value = json_array_get(list, i);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= max;
}

static void
get_text(const json_t *list, size_t i, char *out, size_t size)
{
	const json_t *value = json_array_get(list, i);

	mime_text(json_string_value(value), json_string_length(value), out,
	    size);
}

static bool
get_times(const json_t *list, struct slo_times *out)
{
	json_int_t bucket, n;

	for (size_t i = 0; i < json_array_size(list); i += 2) {
		if (!get(list, i, SLO_BUCKETS - 1, &bucket) ||
		    !get(list, i + 1, UINT32_MAX, &n))
			return false;
		out->n[bucket] = (uint32_t)n;
	}
	return json_is_array(list);
}

static bool
get_minute(const json_t *line, struct slo_day *out)
{
	json_int_t i, probes, failed, total, errors, cause, votes;
	struct slo_minute *m;

	if (!get(line, 0, SLO_DAY_MINUTES - 1, &i) ||
	    !get(line, 1, UINT16_MAX, &probes) ||
	    !get(line, 2, probes, &failed) ||
	    !get(line, 3, UINT32_MAX, &total) ||
	    !get(line, 4, total, &errors) ||
	    !get(line, 5, SLO_CAUSES_MAX - 1, &cause) ||
	    !get(line, 6, UINT16_MAX, &votes))
		return false;
	m = &out->minutes[i];
	m->probes = (uint16_t)probes;
	m->failed = (uint16_t)failed;
	m->total = (uint32_t)total;
	m->errors = (uint32_t)errors;
	m->cause = (uint8_t)cause;
	m->cause_votes = (uint16_t)votes;
	return true;
}

static bool
get_cause(const json_t *line, struct slo_day *out)
{
	struct slo_cause *c = &out->causes[out->n_causes];
	json_int_t step, status;

	if (out->n_causes == SLO_CAUSES_MAX ||
	    !get(line, 0, LEDGER_STEP_COUNT - 1, &step) ||
	    !get(line, 1, 999, &status))
		return false;
	c->step = (enum ledger_step)step;
	c->status = (uint16_t)status;
	get_text(line, 2, c->code, sizeof c->code);
	get_text(line, 3, c->why, sizeof c->why);
	out->n_causes++;
	return true;
}

static bool
get_change(const json_t *line, struct slo_day *out)
{
	struct slo_change *c = &out->changes[out->n_changes];
	json_int_t time, until;

	if (out->n_changes == SLO_CHANGES_MAX ||
	    !get(line, 0, INT64_MAX, &time) || !get(line, 1, INT64_MAX, &until))
		return false;
	c->time = time;
	c->until = until;
	get_text(line, 2, c->reason, sizeof c->reason);
	out->n_changes++;
	return true;
}

static bool
get_version(const json_t *line, struct slo_day *out)
{
	struct slo_version *v = &out->versions[out->n_versions];
	json_int_t last;

	if (out->n_versions == SLO_VERSIONS_MAX ||
	    !get(line, 1, INT64_MAX, &last))
		return false;
	get_text(line, 0, v->name, sizeof v->name);
	v->last = last;
	out->n_versions++;
	return true;
}

static bool
get_release(const json_t *line, struct slo_day *out)
{
	struct slo_marks *m = &out->releases[out->n_releases];
	json_int_t share, first, last, end;

	if (out->n_releases == SLO_RELEASES_MAX ||
	    !get(line, 9, RELEASE_ALL, &share) ||
	    !get(line, 10, INT64_MAX, &first) ||
	    !get(line, 11, INT64_MAX, &last) || !get(line, 12, last, &end))
		return false;
	get_text(line, 0, m->id, sizeof m->id);
	get_text(line, 1, m->how, sizeof m->how);
	get_text(line, 2, m->from, sizeof m->from);
	get_text(line, 3, m->to, sizeof m->to);
	get_text(line, 4, m->slot, sizeof m->slot);
	get_text(line, 5, m->verdict, sizeof m->verdict);
	get_text(line, 6, m->by, sizeof m->by);
	get_text(line, 7, m->forced, sizeof m->forced);
	get_text(line, 8, m->words, sizeof m->words);
	m->share = (unsigned)share;
	m->first = first;
	m->last = last;
	m->end = end;
	out->n_releases++;
	return true;
}

static bool
get_each(const json_t *json, const char *key,
    bool (*take)(const json_t *line, struct slo_day *out), struct slo_day *out)
{
	const json_t *list = json_object_get(json, key);

	for (size_t i = 0; i < json_array_size(list); i++)
		if (!take(json_array_get(list, i), out))
			return false;
	return json_is_array(list);
}

static bool
get_day(const json_t *json, struct slo_day *out)
{
	const json_t *skipped = json_object_get(json, "skipped");
	json_int_t cut, foreign, unknown;

	if (!get(skipped, 0, INT64_MAX, &cut) ||
	    !get(skipped, 1, INT64_MAX, &foreign) ||
	    !get(skipped, 2, INT64_MAX, &unknown))
		return false;
	out->skipped = (struct ledger_skipped){ (uint64_t)cut,
		(uint64_t)foreign, (uint64_t)unknown };
	out->last_probe =
	    json_integer_value(json_object_get(json, "last_probe"));
	return get_each(json, "versions", get_version, out) &&
	    get_each(json, "changes", get_change, out) &&
	    get_each(json, "releases", get_release, out) &&
	    get_each(json, "causes", get_cause, out) &&
	    get_times(json_object_get(json, "upload"), &out->upload) &&
	    get_times(json_object_get(json, "read"), &out->read) &&
	    get_each(json, "minutes", get_minute, out);
}

int
slo_day_parse(const char *text, size_t len, const char *source,
    struct slo_day *out)
{
	json_t *json = json_loadb(text, len, 0, NULL);
	const char *of = json_string_value(json_object_get(json, "source"));
	bool good = of != NULL && strcmp(of, source) == 0 &&
	    json_integer_value(json_object_get(json, "format")) ==
		SUMMARY_FORMAT;

	memset(out, 0, sizeof *out);
	good = good && get_day(json, out);
	json_decref(json);
	if (!good)
		memset(out, 0, sizeof *out);
	return good ? 0 : -1;
}
