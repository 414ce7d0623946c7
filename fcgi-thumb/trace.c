#include "config.h"

/*
 * Which lines are about a request. Knows what each log writes, and neither where
 * it lies nor how it is shown.
 */

#include "trace.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

void
trace_init(struct trace *t, const char *id)
{
	*t = (struct trace){ .id = id };
}

void
trace_fini(struct trace *t)
{
	for (int i = 0; i < TRACE_COUNT; i++)
		while (t->found[i].n > 0)
			free(t->found[i].texts[--t->found[i].n]);
	while (t->n_elsewhere > 0)
		free(t->elsewhere[--t->n_elsewhere]);
}

void
trace_elsewhere(struct trace *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (t->n_elsewhere == TRACE_LINES_MAX)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) != -1)
		t->elsewhere[t->n_elsewhere++] = text;
	va_end(ap);
}

bool
trace_is_empty(const struct trace *t)
{
	for (int i = 0; i < TRACE_COUNT; i++)
		if (t->found[i].n > 0)
			return false;
	return true;
}

/* A line that is no object may be half of one, of a disk that was full. */
static bool
has_id(const char *line, const char *key, const char *id)
{
	json_t *json = json_loads(line, 0, NULL);
	const char *value = json_string_value(json_object_get(json, key));
	bool has = value != NULL && strcmp(value, id) == 0;

	json_decref(json);
	return has;
}

/* As a word of its own, not as a part of a longer one. */
static bool
names(const char *line, const char *id)
{
	size_t len = strlen(id);

	for (const char *at = line; (at = strstr(at, id)) != NULL; at++)
		if ((at == line || request_id_len(at - 1) == 0 ||
			at[-1] == '-') &&
		    request_id_len(at) == len)
			return true;
	return false;
}

/* TRACE_COUNT: it is not about it. */
static enum trace_source
judge(const struct trace *t, enum trace_source source, const char *line)
{
	bool is_json = line[0] == '{';

	if (source == TRACE_SERVICE && !is_json)
		return names(line, t->id) ? TRACE_WORDS : TRACE_COUNT;
	if (source == TRACE_ACCESS && has_id(line, "id", t->id))
		return source;
	if (source == TRACE_SERVICE && has_id(line, "request", t->id))
		return source;
	if (source == TRACE_LEDGER && is_json && names(line, t->id))
		return source;
	return TRACE_COUNT;
}

bool
trace_take(struct trace *t, enum trace_source source, const char *line,
    size_t len)
{
	char *copy;

	/* Nearly all are about others. */
	if (memmem(line, len, t->id, strlen(t->id)) == NULL)
		return false;
	copy = strndup(line, len);
	source = copy != NULL ? judge(t, source, copy) : TRACE_COUNT;
	if (source == TRACE_COUNT || t->found[source].n == TRACE_LINES_MAX) {
		free(copy);
		return false;
	}
	t->found[source].texts[t->found[source].n++] = copy;
	return true;
}
