#include "config.h"

/* One line of the ledger, there and back. */

#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "ledger_internal.h"
#include "mime.h"
#include "terms_time.h"

static const char *const kinds[LEDGER_KIND_COUNT] = {
	[LEDGER_PROBE] = "probe",
	[LEDGER_REQUESTS] = "requests",
	[LEDGER_OFFLINE] = "offline",
	[LEDGER_ONLINE] = "online",
	[LEDGER_RELEASE] = "release",
};

static const char *const steps[LEDGER_STEP_COUNT] = {
	[LEDGER_STEP_NONE] = "",
	[LEDGER_UPLOAD] = "upload",
	[LEDGER_READ] = "read",
	[LEDGER_COMPARE] = "compare",
	[LEDGER_DELETE] = "delete",
};

static const char *const phases[LEDGER_MS_COUNT] = {
	[LEDGER_MS_UPLOAD] = "upload",
	[LEDGER_MS_READ] = "read",
	[LEDGER_MS_DELETE] = "delete",
};

static const char *const events[LEDGER_EVENT_COUNT] = {
	[LEDGER_BEGIN] = "begin",
	[LEDGER_STEP] = "step",
	[LEDGER_END] = "end",
};

/* Shares are written in percent. */
#define SHARES_A_PERCENT 100

/* How the minute of requests is written. */
#define MINUTE_LEN (sizeof "2026-11-28T08:51Z" - 1)

const char *
ledger_step_name(enum ledger_step step)
{
	return steps[step];
}

const char *
ledger_event_name(enum ledger_event event)
{
	return events[event];
}

/* ---- writing ---- */

static void
set(json_t *line, const char *key, json_t *value)
{
	/* A line that lacks a field is better than none. */
	(void)json_object_set_new(line, key, value);
}

static void
set_text(json_t *line, const char *key, const char *text)
{
	char clean[512];

	mime_text(text, strlen(text), clean, sizeof clean);
	if (clean[0] != '\0')
		set(line, key, json_string(clean));
}

static void
set_time(json_t *line, const char *key, int64_t ms)
{
	char text[TERMS_TIME_MAX];

	terms_time_text(ms, text);
	set(line, key, json_string(text));
}

static void
set_minute(json_t *line, int64_t ms)
{
	char text[TERMS_TIME_MAX];

	terms_time_text(ms, text);
	(void)snprintf(text + MINUTE_LEN - 1, 2, "Z");
	set(line, "minute", json_string(text));
}

static void
set_probe(json_t *line, const struct ledger_entry *e)
{
	json_t *ms = json_object();

	set(line, "ok", json_boolean(e->probe.ok));
	if (e->probe.ok) {
		set(line, "created", json_boolean(e->probe.created));
	} else {
		set_text(line, "step", steps[e->probe.step]);
		set(line, "status", json_integer(e->probe.status));
		set_text(line, "code", e->probe.code);
		set_text(line, "why", e->probe.why);
	}
	for (enum ledger_ms i = 0; i < LEDGER_MS_COUNT; i++)
		if (e->probe.ms[i] >= 0)
			set(ms, phases[i], json_integer(e->probe.ms[i]));
	set(line, "ms", ms);
	set_text(line, "version", e->probe.version);
	set_text(line, "format", e->probe.format);
	set_text(line, "request", e->probe.request);
}

static void
set_release(json_t *line, const struct ledger_entry *e)
{
	set(line, "event", json_string(events[e->release.event]));
	set_text(line, "id", e->release.id);
	set_text(line, "how", e->release.how);
	set_text(line, "from", e->release.from);
	set_text(line, "to", e->release.to);
	set_text(line, "slot", e->release.slot);
	set(line, "share",
	    json_real((double)e->release.share / SHARES_A_PERCENT));
	set_text(line, "verdict", e->release.verdict);
	set_text(line, "by", e->release.by);
	set_text(line, "reason", e->release.reason);
}

char *
ledger_text(const struct ledger_entry *entry)
{
	json_t *line = json_object();
	char *text;

	set_time(line, "time", entry->time);
	set(line, "kind", json_string(kinds[entry->kind]));
	switch (entry->kind) {
	case LEDGER_PROBE:
		set_probe(line, entry);
		break;
	case LEDGER_REQUESTS:
		set_minute(line, entry->requests.minute);
		set(line, "total",
		    json_integer((json_int_t)entry->requests.total));
		set(line, "errors",
		    json_integer((json_int_t)entry->requests.errors));
		break;
	case LEDGER_OFFLINE:
		set_time(line, "until", entry->planned.until);
		set_text(line, "reason", entry->planned.reason);
		set_text(line, "by", entry->planned.by);
		break;
	case LEDGER_RELEASE:
		set_release(line, entry);
		break;
	default:
		set_text(line, "by", entry->planned.by);
		break;
	}
	/*
	 * ASCII: a terminal obeys some of the other characters. Digits as many
	 * as a share has: 33.33.
	 */
	text = json_dumps(line,
	    JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(5));
	json_decref(line);
	return text;
}

/* ---- reading ---- */

static void
get_text(json_t *line, const char *key, char *out, size_t size)
{
	json_t *value = json_object_get(line, key);

	mime_text(json_string_value(value), json_string_length(value), out,
	    size);
}

/* False: not there, or not from 0 to max. */
static bool
get_count(json_t *line, const char *key, json_int_t max, json_int_t *out)
{
	json_t *value = json_object_get(line, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= max;
}

static bool
get_time(json_t *line, const char *key, int64_t *out)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text != NULL && terms_time_parse_ms(text, out) == 0;
}

static bool
get_minute(json_t *line, int64_t *out)
{
	const char *text = json_string_value(json_object_get(line, "minute"));
	char whole[TERMS_TIME_MAX];

	if (text == NULL || strlen(text) != MINUTE_LEN ||
	    text[MINUTE_LEN - 1] != 'Z')
		return false;
	(void)snprintf(whole, sizeof whole, "%.*s:00Z", (int)MINUTE_LEN - 1,
	    text);
	return terms_time_parse_ms(whole, out) == 0;
}

static enum ledger_step
find_step(const char *name)
{
	enum ledger_step step = LEDGER_STEP_COUNT - 1;

	while (step > LEDGER_STEP_NONE && strcmp(steps[step], name) != 0)
		step--;
	return step;
}

static bool
get_probe(json_t *line, struct ledger_entry *out)
{
	json_t *ok = json_object_get(line, "ok");
	json_t *ms = json_object_get(line, "ms");
	char step[16];
	json_int_t n;

	if (!json_is_boolean(ok))
		return false;
	out->probe.ok = json_is_true(ok);
	out->probe.created = json_is_true(json_object_get(line, "created"));
	for (enum ledger_ms i = 0; i < LEDGER_MS_COUNT; i++)
		out->probe.ms[i] = get_count(ms, phases[i], INT32_MAX, &n)
		    ? (int32_t)n
		    : LEDGER_MS_NONE;
	get_text(line, "version", out->probe.version,
	    sizeof out->probe.version);
	get_text(line, "format", out->probe.format, sizeof out->probe.format);
	get_text(line, "request", out->probe.request,
	    sizeof out->probe.request);
	if (out->probe.ok)
		return true;
	get_text(line, "step", step, sizeof step);
	out->probe.step = find_step(step);
	if (get_count(line, "status", 999, &n))
		out->probe.status = (uint16_t)n;
	get_text(line, "code", out->probe.code, sizeof out->probe.code);
	get_text(line, "why", out->probe.why, sizeof out->probe.why);
	return true;
}

static bool
get_requests(json_t *line, struct ledger_entry *out)
{
	json_int_t total, errors;

	if (!get_minute(line, &out->requests.minute) ||
	    !get_count(line, "total", INT64_MAX, &total) ||
	    !get_count(line, "errors", total, &errors))
		return false;
	out->requests.total = (uint64_t)total;
	out->requests.errors = (uint64_t)errors;
	return true;
}

static bool
get_planned(json_t *line, struct ledger_entry *out)
{
	get_text(line, "by", out->planned.by, sizeof out->planned.by);
	if (out->kind == LEDGER_ONLINE)
		return true;
	get_text(line, "reason", out->planned.reason,
	    sizeof out->planned.reason);
	return get_time(line, "until", &out->planned.until);
}

/* False: not there, or not from 0 to 100. */
static bool
get_share(json_t *line, unsigned *out)
{
	json_t *value = json_object_get(line, "share");
	double percent = json_number_value(value);

	if (!json_is_number(value) || !(percent >= 0) || !(percent <= 100))
		return false;
	*out = (unsigned)lround(percent * SHARES_A_PERCENT);
	return true;
}

/* An event that this version has not is no reason to call the line foreign. */
static enum ledger_parsed
get_release(json_t *line, struct ledger_entry *out)
{
	const char *name = json_string_value(json_object_get(line, "event"));
	enum ledger_event event = 0;

	get_text(line, "id", out->release.id, sizeof out->release.id);
	if (name == NULL || out->release.id[0] == '\0' ||
	    !get_share(line, &out->release.share))
		return LEDGER_FOREIGN;
	while (event < LEDGER_EVENT_COUNT && strcmp(events[event], name) != 0)
		event++;
	if (event == LEDGER_EVENT_COUNT)
		return LEDGER_UNKNOWN;
	out->release.event = event;
	get_text(line, "how", out->release.how, sizeof out->release.how);
	get_text(line, "from", out->release.from, sizeof out->release.from);
	get_text(line, "to", out->release.to, sizeof out->release.to);
	get_text(line, "slot", out->release.slot, sizeof out->release.slot);
	get_text(line, "verdict", out->release.verdict,
	    sizeof out->release.verdict);
	get_text(line, "by", out->release.by, sizeof out->release.by);
	get_text(line, "reason", out->release.reason,
	    sizeof out->release.reason);
	return LEDGER_PARSED;
}

static enum ledger_kind
find_kind(const char *name)
{
	enum ledger_kind kind = 0;

	while (kind < LEDGER_KIND_COUNT && strcmp(kinds[kind], name) != 0)
		kind++;
	return kind;
}

static enum ledger_parsed
parse_object(json_t *line, struct ledger_entry *out)
{
	const char *kind = json_string_value(json_object_get(line, "kind"));
	bool good;

	if (kind == NULL || !get_time(line, "time", &out->time))
		return LEDGER_FOREIGN;
	out->kind = find_kind(kind);
	if (out->kind == LEDGER_KIND_COUNT)
		return LEDGER_UNKNOWN;
	if (out->kind == LEDGER_RELEASE)
		return get_release(line, out);
	if (out->kind == LEDGER_PROBE)
		good = get_probe(line, out);
	else if (out->kind == LEDGER_REQUESTS)
		good = get_requests(line, out);
	else
		good = get_planned(line, out);
	return good ? LEDGER_PARSED : LEDGER_FOREIGN;
}

enum ledger_parsed
ledger_parse(const char *line, size_t len, struct ledger_entry *out)
{
	json_t *json = json_loadb(line, len, 0, NULL);
	enum ledger_parsed parsed;

	memset(out, 0, sizeof *out);
	parsed = json != NULL ? parse_object(json, out) : LEDGER_FOREIGN;
	json_decref(json);
	return parsed;
}
