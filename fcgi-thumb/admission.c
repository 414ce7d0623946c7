#include "config.h"

/* The decision whether a request is worth beginning. Reads no body. */

#include "admission.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "machine.h"
#include "multipart.h"
#include "number.h"
#include "token.h"

/* More than the texts and headers of any form that comes with photos. */
#define FORM_MAX (1024 * 1024)

/*
 * What a photo is taken to cost when the queue is computed. Low on purpose, a
 * phone's photo costs two or three times that: a queue too short refuses what
 * could be served, while one too long costs nothing, since a request that
 * waited over queue_seconds is refused when its turn comes.
 */
#define PHOTO_MS 100
#define QUEUE_MIN 16

/* nginx's $msec: seconds, a dot, three digits. -1 for anything else. */
static int
parse_msec(const char *text, unsigned long long *ms)
{
	const char *dot = text ? strchr(text, '.') : NULL;
	char digits[24];
	size_t len;

	if (dot == NULL || strlen(dot) != 4)
		return -1;
	len = (size_t)(dot - text);
	if (len == 0 || len + 4 > sizeof digits)
		return -1;
	memcpy(digits, text, len);
	memcpy(digits + len, dot + 1, 4);
	return number_parse(digits, 0, INT64_MAX, ms);
}

static uint64_t
waited_ms(const struct io *io)
{
	uint64_t now = clock_wall_ms();
	unsigned long long then;

	if (parse_msec(io->param(io->ctx, "QUEUE_MSEC"), &then) == -1 ||
	    then > now)
		return 0;
	return now - then;
}

/*
 * Does the announced body fit what the token allows? Of a form the photos are
 * counted later; here it is refused only where its other parts cannot account
 * for the difference. A length that is none is body_open's to refuse.
 */
static enum fault
check_length(const struct io *io, const struct grant *grant, bool is_form,
    struct fault_info *info)
{
	const char *text = io->param(io->ctx, "CONTENT_LENGTH");
	unsigned long long length;

	if (text == NULL || number_parse(text, 0, INT64_MAX, &length) == -1 ||
	    (is_form && length <= grant->max + FORM_MAX))
		return FAULT_NONE;
	return token_check_bytes(grant, length, info);
}

static enum fault
check_token(const struct io *io, const struct settings *settings,
    struct fault_info *info)
{
	const char *type = io->param(io->ctx, "CONTENT_TYPE");
	const char *token = token_bearer(io);
	bool is_form = type != NULL && multipart_is(type);
	struct grant grant;
	enum fault f;

	if (token == NULL)
		return is_form ? FAULT_NONE : token_missing(info);
	f = token_check(settings->secrets, token, time(NULL), &grant, info);
	if (f != FAULT_NONE)
		return f;
	return check_length(io, &grant, is_form, info);
}

enum fault
admission_wait(const struct io *io, const struct settings *settings,
    struct progress *progress, struct fault_info *info)
{
	uint64_t waited = waited_ms(io);
	unsigned limit = settings->limits.queue_seconds;

	progress->spent_ns[PHASE_QUEUE] = waited * NS_PER_MS;
	if (waited > limit * UINT64_C(1000))
		return fault_limit(info, FAULT_OVERLOADED, limit,
		    (waited + 999) / 1000,
		    "The request waited longer for a worker than %u seconds.",
		    limit);
	return FAULT_NONE;
}

enum fault
admission_check(const struct io *io, const struct settings *settings,
    struct progress *progress, struct fault_info *info)
{
	const char *method = io->param(io->ctx, "REQUEST_METHOD");
	enum fault f = admission_wait(io, settings, progress, info);

	if (method == NULL ||
	    (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0))
		return fault_set(info, FAULT_METHOD_NOT_ALLOWED,
		    "Photos are sent with POST or PUT.");
	if (f == FAULT_NONE && settings->upload_auth == AUTH_TOKEN)
		f = check_token(io, settings, info);
	return f;
}

unsigned
admission_queue_length(const struct settings *settings, bool *is_cut)
{
	const struct limits *limits = &settings->limits;
	unsigned max = machine_queue_max();
	uint64_t length = limits->queue_length;

	if (length == 0) {
		length = (uint64_t)settings->workers * limits->queue_seconds *
		    1000 / PHOTO_MS;
		if (length < QUEUE_MIN)
			length = QUEUE_MIN;
	}
	if (is_cut != NULL)
		*is_cut = max != 0 && length > max;
	return (unsigned)(max != 0 && length > max ? max : length);
}
