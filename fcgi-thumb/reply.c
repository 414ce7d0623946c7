#include "config.h"

/*
 * The answer of an upload in its three forms: the JSON of the contract, a
 * problem document (RFC 9457), and a page for browsers without scripts, which
 * reply_page.c writes. What a client may know of a fault is decided here: code,
 * detail, limit and actual value; never the cause.
 */

#include "reply.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reply_page.h"
#include "terms_time.h"

/* ---- the parts of the JSON ---- */

/* Adds what the client may know of a fault to an object. */
static int
set_fault(json_t *object, const struct fault_info *info)
{
	int rc = json_object_set_new(object, "status",
	    json_integer(fault_status(info->fault)));
	char until[TERMS_TIME_MAX];

	rc |= json_object_set_new(object, "code",
	    json_string(fault_code(info->fault)));
	if (info->detail[0] != '\0')
		rc |= json_object_set_new(object, "detail",
		    json_string(info->detail));
	if (info->until != 0) {
		terms_time_text(info->until * 1000, until);
		rc |= json_object_set_new(object, "until", json_string(until));
	}
	if (info->reason != 0)
		rc |= json_object_set_new(object, "reason",
		    json_string(info->detail + info->reason));
	if (info->has_limit) {
		rc |= json_object_set_new(object, "limit",
		    json_integer((json_int_t)info->limit));
		rc |= json_object_set_new(object, "actual",
		    json_integer((json_int_t)info->actual));
	}
	return rc;
}

/*
 * `error` says the same again, for the many clients that look for no other
 * member (Dropzone is one), in one text whatever else there is.
 */
static json_t *
problem_json(const struct fault_info *info)
{
	const char *title = fault_title(info->fault);
	json_t *problem =
	    json_pack("{s:s, s:s}", "type", "about:blank", "title", title);
	int rc = set_fault(problem, info);

	rc |= json_object_set_new(problem, "error",
	    json_string(info->detail[0] != '\0' ? info->detail : title));
	if (rc == 0)
		return problem;
	json_decref(problem);
	return NULL;
}

static json_t *
timing_json(const unsigned ms[PHASE_COUNT])
{
	json_t *timing = json_object();

	for (enum phase p = PHASE_QUEUE; p < PHASE_COUNT; p++)
		(void)json_object_set_new(timing, phase_name(p),
		    json_integer(ms[p]));
	return timing;
}

static json_t *
taken_json(const struct outcome *o, const struct settings *settings)
{
	json_t *photo = json_object();
	json_t *manifest = manifest_json(&o->manifest, settings);
	int rc = 0;

	if (o->name[0] != '\0')
		rc |= json_object_set_new(photo, "name", json_string(o->name));
	rc |= json_object_set_new(photo, "status",
	    json_string(o->status == PHOTO_CREATED ? "created" : "exists"));
	rc |= json_object_update(photo, manifest);
	if (o->token[0] != '\0')
		rc |= json_object_set_new(photo, "delete_token",
		    json_string(o->token));
	rc |= json_object_set_new(photo, "timing_ms", timing_json(o->ms));
	json_decref(manifest);
	if (rc == 0)
		return photo;
	json_decref(photo);
	return NULL;
}

static json_t *
refused_json(const struct outcome *o)
{
	json_t *photo = json_object();
	json_t *error = json_object();
	int rc = set_fault(error, &o->info);

	if (o->name[0] != '\0')
		rc |= json_object_set_new(photo, "name", json_string(o->name));
	rc |= json_object_set_new(photo, "error", error);
	if (rc == 0)
		return photo;
	json_decref(photo);
	return NULL;
}

static json_t *
photos_json(const struct outcome *outcomes, unsigned n,
    const struct settings *settings)
{
	json_t *photos = json_array();

	for (unsigned i = 0; i < n; i++) {
		const struct outcome *o = &outcomes[i];

		if (json_array_append_new(photos,
			o->status == PHOTO_REFUSED
			    ? refused_json(o)
			    : taken_json(o, settings)) == -1) {
			json_decref(photos);
			return NULL;
		}
	}
	return photos;
}

/* ---- the whole ---- */

/* The fault that speaks for the whole answer, or NULL when something was taken. */
static const struct fault_info *
overall_fault(const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole)
{
	if (whole->fault != FAULT_NONE)
		return whole;
	for (unsigned i = 0; i < n; i++)
		if (outcomes[i].status != PHOTO_REFUSED)
			return NULL;
	return &outcomes[0].info;
}

/* The photo whose first thumbnail stands for the answer; NULL if none was taken. */
static const struct outcome *
first_taken(const struct outcome *outcomes, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (outcomes[i].status != PHOTO_REFUSED)
			return &outcomes[i];
	return NULL;
}

static json_t *
document_json(const struct outcome *outcomes, unsigned n,
    const struct fault_info *fault, const struct settings *settings)
{
	json_t *document = fault != NULL ? problem_json(fault) : json_object();
	const struct outcome *first = first_taken(outcomes, n);
	struct buf url = { 0 };
	int rc = 0;

	if (n > 0)
		rc |= json_object_set_new(document, "photos",
		    photos_json(outcomes, n, settings));
	if (first != NULL && first->manifest.n > 0) {
		variant_url(&first->manifest.variants[0], first->manifest.id,
		    settings, &url);
		rc |= json_object_set_new(document, "url",
		    url.failed ? NULL : json_string(url.data));
	}
	buf_fini(&url);
	if (rc == 0)
		return document;
	json_decref(document);
	return NULL;
}

static void
put_json(struct buf *out, json_t *document)
{
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

	if (text != NULL)
		buf_printf(out, "%s\n", text);
	else
		out->failed = true;
	free(text);
	json_decref(document);
}

/* A browser's form post names text/html first; fetch and curl do not. */
static bool
wants_page(const struct io *io)
{
	const char *accept = io->param(io->ctx, "HTTP_ACCEPT");

	return accept != NULL &&
	    strncasecmp(accept, "text/html", strlen("text/html")) == 0;
}

/*
 * A refusal's type. A client that takes application/json and says nothing wider
 * is not given another one: Dropzone, for one, would not read it.
 */
static const char *
problem_type(const struct io *io)
{
	const char *accept = io->param(io->ctx, "HTTP_ACCEPT");

	if (accept == NULL || strcasestr(accept, "application/json") == NULL ||
	    strchr(accept, '*') != NULL ||
	    strcasestr(accept, "problem+json") != NULL)
		return "application/problem+json";
	return "application/json";
}

static int
overall_status(const struct outcome *outcomes, unsigned n,
    const struct fault_info *fault)
{
	if (fault != NULL)
		return fault_status(fault->fault);
	for (unsigned i = 0; i < n; i++)
		if (outcomes[i].status == PHOTO_CREATED)
			return 201;
	return 200;
}

/*
 * nginx passes the reason on as it is, and without one it writes a status line
 * that lacks the space that RFC 9112 4 demands.
 */
static void
put_status(struct buf *out, int status, const struct fault_info *fault)
{
	const char *reason = status == 201 ? "Created" : "OK";

	buf_printf(out, "Status: %d %s\r\n", status,
	    fault != NULL ? fault_reason(fault->fault) : reason);
}

static void
put_head(struct buf *out, int status, const char *type,
    const struct fault_info *fault, const struct progress *progress)
{
	int retry = fault != NULL ? fault_wait(fault) : 0;

	put_status(out, status, fault);
	buf_printf(out, "Content-Type: %s\r\nServer-Timing: ", type);
	for (enum phase p = PHASE_QUEUE; p < PHASE_COUNT; p++)
		buf_printf(out, "%s%s;dur=%u", p == PHASE_QUEUE ? "" : ", ",
		    phase_name(p), progress_ms(progress, p));
	buf_puts(out, "\r\n");
	if (retry > 0)
		buf_printf(out, "Retry-After: %d\r\n", retry);
	buf_puts(out, "\r\n");
}

int
reply_build(struct buf *out, const struct io *io,
    const struct settings *settings, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole, const struct progress *progress)
{
	const struct fault_info *fault = overall_fault(outcomes, n, whole);
	int status = overall_status(outcomes, n, fault);

	if (wants_page(io)) {
		put_head(out, status, "text/html; charset=utf-8", fault,
		    progress);
		reply_page(out, outcomes, n, whole, settings,
		    language_parse(io->param(io->ctx, "THUMB_LANGUAGE")));
	} else {
		put_head(out, status,
		    fault != NULL ? problem_type(io) : "application/json",
		    fault, progress);
		put_json(out, document_json(outcomes, n, fault, settings));
	}
	if (!out->failed)
		return status;
	/* Out of memory while answering: still say something that is whole. */
	buf_fini(out);
	buf_puts(out,
	    "Status: 500 Internal Server Error\r\nContent-Type: "
	    "application/problem+json"
	    "\r\n\r\n{\"status\":500,\"code\":\"internal\"}\n");
	return 500;
}

void
reply_problem(struct buf *out, const struct io *io,
    const struct fault_info *info)
{
	int retry = fault_wait(info);

	put_status(out, fault_status(info->fault), info);
	buf_printf(out, "Content-Type: %s\r\n", problem_type(io));
	if (retry > 0)
		buf_printf(out, "Retry-After: %d\r\n", retry);
	buf_puts(out, "\r\n");
	put_json(out, problem_json(info));
}
