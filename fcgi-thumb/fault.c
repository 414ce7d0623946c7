#include "config.h"

/*
 * The one table of refusals. Everything that is said about a fault, by a
 * worker, by nginx or by the documentation, is taken from here.
 */

#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct fault_row {
	const char *code;
	int status;
	int retry_after; /* seconds, 0: no use */
	const char *title;
};

static const struct fault_row table[] = {
	[FAULT_NONE] = { "none", 0, 0, "no fault" },
	[FAULT_BAD_REQUEST] = { "bad-request", 400, 0,
	    "The request is malformed" },
	[FAULT_MULTIPART_SYNTAX] = { "multipart-syntax", 400, 0,
	    "The form data is malformed" },
	[FAULT_BODY_TRUNCATED] = { "body-truncated", 400, 0,
	    "The body ended before its announced end" },
	[FAULT_NO_FILE] = { "no-file", 400, 0,
	    "There is no photo in the form" },
	[FAULT_TOKEN_INVALID] = { "token-invalid", 403, 0,
	    "This upload has no valid token" },
	[FAULT_TOKEN_EXPIRED] = { "token-expired", 403, 0,
	    "The token of this upload has expired" },
	[FAULT_NOT_FOUND] = { "not-found", 404, 0, "There is nothing here" },
	[FAULT_METHOD_NOT_ALLOWED] = { "method-not-allowed", 405, 0,
	    "This method is not for this address" },
	[FAULT_BODY_TIMEOUT] = { "body-timeout", 408, 0,
	    "The body did not arrive in time" },
	[FAULT_BODY_TOO_LARGE] = { "body-too-large", 413, 0,
	    "The upload is too large" },
	[FAULT_PHOTO_TOO_LARGE] = { "photo-too-large", 413, 0,
	    "The photo has too many bytes" },
	[FAULT_TOO_MANY_FILES] = { "too-many-files", 413, 0,
	    "There are too many photos in one upload" },
	[FAULT_BANNED] = { "banned", 403, 0,
	    "This photo is not accepted here" },
	[FAULT_UNSUPPORTED_FORMAT] = { "unsupported-format", 415, 0,
	    "This is not a picture of an accepted format" },
	[FAULT_CORRUPT_IMAGE] = { "corrupt-image", 422, 0,
	    "The picture is damaged" },
	[FAULT_TOO_MANY_PIXELS] = { "too-many-pixels", 422, 0,
	    "The picture has too many pixels" },
	[FAULT_SIDE_TOO_LONG] = { "side-too-long", 422, 0,
	    "A side of the picture is too long" },
	[FAULT_TOO_MANY_FRAMES] = { "too-many-frames", 422, 0,
	    "The animation has too many frames" },
	[FAULT_TOO_MANY_SCANS] = { "too-many-scans", 422, 0,
	    "The picture is coded in too many passes" },
	[FAULT_TOO_MUCH_MEMORY] = { "too-much-memory", 422, 0,
	    "The picture needs too much memory" },
	[FAULT_RENDER_TIMEOUT] = { "render-timeout", 422, 0,
	    "The picture takes too long to convert" },
	[FAULT_POISON] = { "poison", 422, 0,
	    "Converting this picture has failed before" },
	[FAULT_RATE_LIMITED] = { "rate-limited", 429, 1,
	    "Too many uploads in a short time" },
	[FAULT_OVERLOADED] = { "overloaded", 503, 2,
	    "The service is busy; try again" },
	[FAULT_OFFLINE] = { "offline", 503, 30,
	    "Photos cannot be stored at the moment" },
	[FAULT_STORAGE_FULL] = { "storage-full", 507, 0,
	    "There is no space left for photos" },
	[FAULT_INTERNAL] = { "internal", 500, 0,
	    "Something went wrong on the server" },
	[FAULT_WORKER_LOST] = { "worker-lost", 502, 0,
	    "The worker was lost; the same upload may be sent again" },
	[FAULT_TOO_SLOW] = { "too-slow", 504, 0, "The answer took too long" },
};
_Static_assert(sizeof table / sizeof table[0] == FAULT_COUNT,
    "every fault has its row");

const char *
fault_code(enum fault f)
{
	return table[f].code;
}

int
fault_status(enum fault f)
{
	return table[f].status;
}

const char *
fault_reason(enum fault f)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 408, "Request Timeout" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 507, "Insufficient Storage" },
	};

	for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == table[f].status)
			return reasons[i].reason;
	return "";
}

const char *
fault_title(enum fault f)
{
	return table[f].title;
}

int
fault_retry_after(enum fault f)
{
	return table[f].retry_after;
}

int
fault_wait(const struct fault_info *info)
{
	int64_t left = info->until - (int64_t)time(NULL);

	if (info->until == 0)
		return fault_retry_after(info->fault);
	if (left < 1)
		return 1;
	return left < FAULT_WAIT_MAX ? (int)left : FAULT_WAIT_MAX;
}

static void __attribute__((format(printf, 3, 0)))
start(struct fault_info *info, enum fault f, const char *detail, va_list ap)
{
	*info = (struct fault_info){ .fault = f };
	(void)vsnprintf(info->detail, sizeof info->detail, detail, ap);
}

enum fault
fault_set(struct fault_info *info, enum fault f, const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	start(info, f, detail, ap);
	va_end(ap);
	return f;
}

enum fault
fault_limit(struct fault_info *info, enum fault f, unsigned long long limit,
    unsigned long long actual, const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	start(info, f, detail, ap);
	va_end(ap);
	info->has_limit = true;
	info->limit = limit;
	info->actual = actual;
	return f;
}

static enum fault
by_errno(int error)
{
	switch (error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG: /* a file size limit on the process */
		return FAULT_STORAGE_FULL;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return FAULT_OVERLOADED;
	case EIO: /* a disk that fails, which Linux then makes read-only */
	case EROFS:
		return FAULT_OFFLINE;
	default:
		return FAULT_INTERNAL;
	}
}

enum fault
fault_errno(struct fault_info *info, const char *what)
{
	int error = errno;
	enum fault f = fault_set(info, by_errno(error), "%s", "");

	(void)snprintf(info->cause, sizeof info->cause, "%s: %s", what,
	    strerror(error));
	return f;
}
