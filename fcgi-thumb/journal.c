#include "config.h"

/*
 * What the operator learns of a request. The client's file names stay out of
 * it: they are other people's words and help nobody find a fault.
 */

#include "journal.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "mime.h"
#include "number.h"
#include "terms_time.h"

/* Of one text; what is longer is cut. */
#define TEXT_MAX_BYTES 1024

static void
set(json_t *object, const char *key, json_t *value)
{
	/* A line that lacks a field is better than none. */
	(void)json_object_set_new(object, key, value);
}

/* Text that may be a client's, or a photo's: it need not be UTF-8. */
static void
set_text(json_t *object, const char *key, const char *text)
{
	char clean[TEXT_MAX_BYTES];

	mime_text(text, strlen(text), clean, sizeof clean);
	if (clean[0] != '\0')
		set(object, key, json_string(clean));
}

static void
set_param(json_t *object, const char *key, const struct io *io,
    const char *name)
{
	set_text(object, key, io_param(io, name));
}

static void
set_time(json_t *object)
{
	char text[TERMS_TIME_MAX];

	terms_time_text((int64_t)clock_wall_ms(), text);
	set(object, "time", json_string(text));
}

static void
set_fault(json_t *object, const struct fault_info *info)
{
	if (info->fault == FAULT_NONE)
		return;
	set(object, "code", json_string(fault_code(info->fault)));
	if (info->has_limit) {
		set(object, "limit", json_integer((json_int_t)info->limit));
		set(object, "actual", json_integer((json_int_t)info->actual));
	}
	set_text(object, "cause", info->cause);
}

static json_t *
phases_json(const unsigned ms[PHASE_COUNT], enum phase first)
{
	json_t *phases = json_object();

	for (enum phase p = first; p < PHASE_COUNT; p++)
		set(phases, phase_name(p), json_integer(ms[p]));
	return phases;
}

static json_t *
photo_json(const struct outcome *o)
{
	static const char *const words[] = {
		[PHOTO_REFUSED] = "refused",
		[PHOTO_CREATED] = "created",
		[PHOTO_EXISTS] = "exists",
	};
	json_t *photo = json_object();

	set(photo, "status", json_string(words[o->status]));
	set(photo, "decoded", json_boolean(o->decoded));
	if (o->status == PHOTO_REFUSED) {
		set_fault(photo, &o->info);
	} else {
		set(photo, "id", json_string(o->manifest.id));
		set(photo, "type",
		    json_string(format_spec(o->manifest.format)->type));
		set(photo, "bytes",
		    json_integer((json_int_t)o->manifest.bytes));
		if (o->decoded)
			set(photo, "engine",
			    json_string(engine_name(o->engine)));
	}
	set_text(photo, "declined", o->declined);
	/* Those of a photo that was here already may be of other settings. */
	if (o->status == PHOTO_CREATED)
		set(photo, "thumbnails",
		    json_integer((json_int_t)manifest_weigh(&o->manifest)));
	set(photo, "ms", phases_json(o->ms, PHASE_DECODE));
	return photo;
}

/* By its own word: it asks for what nobody else does, over and over. */
static bool
is_probe(const struct io *io)
{
	const char *query = io_param(io, "QUERY_STRING");
	const char *at = strstr(query, "probe=");

	return at != NULL && (at == query || at[-1] == '&');
}

/* As nginx has it, which has taken all of it before it asks. */
static void
set_bytes(json_t *object, const struct io *io, size_t bytes)
{
	unsigned long long in;

	if (number_parse(io_param(io, "CONTENT_LENGTH"), 0, INT64_MAX, &in) ==
	    0)
		set(object, "bytes_in", json_integer((json_int_t)in));
	set(object, "bytes", json_integer((json_int_t)bytes));
}

void
journal_request(const struct io *io, int status, size_t bytes,
    const struct outcome *outcomes, unsigned n, const struct fault_info *whole,
    const struct progress *progress)
{
	json_t *line = json_object();
	json_t *photos = json_array();
	unsigned ms[PHASE_COUNT];
	char *text;

	for (enum phase p = PHASE_IDLE; p < PHASE_COUNT; p++)
		ms[p] = progress_ms(progress, p);
	set_time(line);
	set_text(line, "slot", log_slot());
	set_param(line, "request", io, "REQUEST_ID");
	set_param(line, "address", io, "REMOTE_ADDR");
	set_param(line, "method", io, "REQUEST_METHOD");
	set_param(line, "uri", io, "DOCUMENT_URI");
	set(line, "status", json_integer(status));
	set_bytes(line, io, bytes);
	if (is_probe(io))
		set(line, "probe", json_true());
	set_fault(line, whole);
	set(line, "ms", phases_json(ms, PHASE_QUEUE));
	for (unsigned i = 0; i < n; i++)
		(void)json_array_append_new(photos, photo_json(&outcomes[i]));
	set(line, "photos", photos);
	set(line, "worker", json_integer(getpid()));
	set(line, "version", json_string(PACKAGE_VERSION));
	/* ASCII: a terminal obeys some of the other characters. */
	text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
	if (text != NULL)
		log_line(text, strlen(text));
	free(text);
	json_decref(line);
}
