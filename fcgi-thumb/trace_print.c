#include "config.h"

/*
 * What the lines of a request say together: what it was, where its time went,
 * what became of it and why. Whatever a client, a photo or somebody else has put
 * into a log, only printable ASCII reaches the terminal.
 */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

static const char *const source_names[] = {
	[TRACE_ACCESS] = "access",
	[TRACE_SERVICE] = "service",
	[TRACE_WORDS] = "words",
	[TRACE_LEDGER] = "ledger",
};
_Static_assert(sizeof source_names / sizeof source_names[0] == TRACE_COUNT,
    "each source has its name");

/* ---- what may be printed ---- */

static void
put_raw(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		(void)fputc(c < 0x20 || c > 0x7e ? '?' : c, out);
	}
}

/* A text of JSON with its escapes, which say what was there. */
static void
put_text(FILE *out, const json_t *value)
{
	char *text = json_dumps(value,
	    JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_COMPACT);
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > 1 && text[0] == '"') {
		text[len - 1] = '\0';
		put_raw(out, text + 1);
	} else if (len > 0) {
		put_raw(out, text);
	}
	free(text);
}

static void
put_key(FILE *out, const char *before, const json_t *object, const char *key,
    const char *after)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL)
		return;
	(void)fputs(before, out);
	put_text(out, value);
	(void)fputs(after, out);
}

static double
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value) ? strtod(json_string_value(value), NULL)
				     : json_number_value(value);
}

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

/* ---- the lines ---- */

/*
 * nginx says of the worker: nothing, when it was not asked; "-" for connecting,
 * when the queue was full.
 */
static void
print_upstream(const json_t *line, FILE *out)
{
	const char *status = text(line, "upstream_status");
	double all = number(line, "seconds"),
	       worker = number(line, "upstream_seconds");

	if (status[0] == '\0') {
		(void)fputs("  no worker was asked: nginx answered by itself\n",
		    out);
		return;
	}
	(void)fputs("  a worker answered ", out);
	put_text(out, json_object_get(line, "upstream_status"));
	(void)fprintf(out,
	    " in %.3f s; %.3f s went into the client's sending and reading\n",
	    worker, all > worker ? all - worker : 0);
	if (strncmp(status, "502", 3) != 0)
		return;
	(void)fputs(strcmp(text(line, "upstream_connect"), "-") == 0
		? "  502: no worker took it: the queue was full, or no "
		  "service ran\n"
		: "  502: its worker was lost before it answered\n",
	    out);
}

/* Of the service without slots there is nothing to tell. */
static void
print_slot(const json_t *line, const char *before, FILE *out)
{
	if (strcmp(text(line, "slot"), "none") != 0)
		put_key(out, before, line, "slot", "");
}

static void
print_access(const json_t *line, FILE *out)
{
	put_key(out, "nginx    ", line, "time", "");
	put_key(out, "  ", line, "method", "");
	put_key(out, " ", line, "uri", "");
	put_key(out, " from ", line, "remote", "");
	print_slot(line, " to ", out);
	put_key(out, ": ", line, "status", "");
	(void)fprintf(out, " in %.3f s\n", number(line, "seconds"));
	put_key(out, "  ", line, "bytes_in", " bytes in, ");
	put_key(out, "", line, "bytes", " bytes out\n");
	print_upstream(line, out);
}

/* "queue 0, decode 66 ms, most of it decode" */
static void
print_phases(json_t *ms, FILE *out)
{
	const char *most = NULL, *comma = "";
	json_int_t longest = 0;

	for (void *at = json_object_iter(ms); at != NULL;
	     at = json_object_iter_next(ms, at)) {
		const char *name = json_object_iter_key(at);
		json_int_t value =
		    json_integer_value(json_object_iter_value(at));

		(void)fputs(comma, out);
		put_raw(out, name);
		(void)fprintf(out, " %lld", (long long)value);
		comma = ", ";
		if (value > longest) {
			longest = value;
			most = name;
		}
	}
	(void)fputs(" ms", out);
	if (most != NULL) {
		(void)fputs("; most: ", out);
		put_raw(out, most);
	}
	(void)fputs("\n", out);
}

static void
print_fault(const json_t *object, FILE *out)
{
	put_key(out, ": ", object, "code", "");
	put_key(out, ", limit ", object, "limit", "");
	put_key(out, ", actual ", object, "actual", "");
	put_key(out, ": ", object, "cause", "");
}

static void
print_photo(size_t i, const json_t *photo, FILE *out)
{
	(void)fprintf(out, "  photo %zu ", i + 1);
	put_key(out, "", photo, "status", "");
	print_fault(photo, out);
	put_key(out, ", ", photo, "id", "");
	put_key(out, ", ", photo, "type", "");
	put_key(out, ", ", photo, "bytes", " bytes");
	put_key(out, " by ", photo, "engine", "");
	put_key(out, " (", photo, "declined", ")");
	(void)fputs("\n    ", out);
	print_phases(json_object_get(photo, "ms"), out);
}

static void
print_service(const json_t *line, FILE *out)
{
	const json_t *photos = json_object_get(line, "photos");

	put_key(out, "worker   ", line, "time", "");
	put_key(out, "  process ", line, "worker", "");
	put_key(out, " of version ", line, "version", "");
	print_slot(line, " in ", out);
	put_key(out, ": ", line, "status", "");
	print_fault(line, out);
	put_key(out, "\n  ", line, "bytes_in", " bytes of body in");
	put_key(out, ", ", line, "bytes", " bytes out");
	(void)fputs("\n  ", out);
	print_phases(json_object_get(line, "ms"), out);
	for (size_t i = 0; i < json_array_size(photos); i++)
		print_photo(i, json_array_get(photos, i), out);
}

static void
print_source(const struct trace *t, enum trace_source source, FILE *out)
{
	for (unsigned i = 0; i < t->found[source].n; i++) {
		const char *line = t->found[source].texts[i];
		json_t *json = json_loads(line, 0, NULL);

		if (json != NULL && source == TRACE_ACCESS) {
			print_access(json, out);
		} else if (json != NULL && source == TRACE_SERVICE) {
			print_service(json, out);
		} else {
			(void)fprintf(out, "%-8s ", source_names[source]);
			put_raw(out, line);
			(void)fputs("\n", out);
		}
		json_decref(json);
	}
}

void
trace_print(const struct trace *t, FILE *out)
{
	(void)fprintf(out, "request  %s\n", t->id);
	for (int i = 0; i < TRACE_COUNT; i++)
		print_source(t, (enum trace_source)i, out);
	for (unsigned i = 0; i < t->n_elsewhere; i++) {
		(void)fputs("note     ", out);
		put_raw(out, t->elsewhere[i]);
		(void)fputs("\n", out);
	}
}

/* ---- for programs ---- */

/* What is no JSON is a text; bytes that no text has become question marks. */
static json_t *
line_json(const char *line)
{
	json_t *json = json_loads(line, 0, NULL);
	char *ascii;

	if (json != NULL || (ascii = strdup(line)) == NULL)
		return json;
	for (char *p = ascii; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	json = json_string(ascii);
	free(ascii);
	return json;
}

void
trace_print_json(const struct trace *t, FILE *out)
{
	json_t *all = json_object(), *notes = json_array();
	char *text;

	(void)json_object_set_new(all, "request", json_string(t->id));
	for (int i = 0; i < TRACE_COUNT; i++) {
		json_t *lines = json_array();

		for (unsigned k = 0; k < t->found[i].n; k++)
			(void)json_array_append_new(lines,
			    line_json(t->found[i].texts[k]));
		(void)json_object_set_new(all, source_names[i], lines);
	}
	for (unsigned i = 0; i < t->n_elsewhere; i++)
		(void)json_array_append_new(notes,
		    json_string(t->elsewhere[i]));
	(void)json_object_set_new(all, "notes", notes);
	/* DEL is the one that JSON leaves as it is. */
	text = json_dumps(all, JSON_ENSURE_ASCII | JSON_INDENT(2));
	for (char *p = text; p != NULL && *p != '\0'; p++)
		(void)fputc(*p == 0x7f ? '?' : *p, out);
	(void)fputs("\n", out);
	free(text);
	json_decref(all);
}
