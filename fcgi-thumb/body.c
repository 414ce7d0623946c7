#include "config.h"

/*
 * Pulls the request body. Responsible for taking exactly as many bytes as were
 * announced, within the limits of size and time; refuses to know what they
 * are. A body that ends early is a fault whatever the stream says about it.
 */

#include "body.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include "number.h"

enum fault
body_open(struct body *b, const struct io *io, const struct progress *progress,
    uint64_t max, struct fault_info *info)
{
	const char *text = io->param(io->ctx, "CONTENT_LENGTH");
	unsigned long long expected;

	if (text == NULL || *text == '\0')
		return fault_set(info, FAULT_BAD_REQUEST,
		    "The request has no body, or does not say how long it is.");
	if (number_parse(text, 0, ULLONG_MAX, &expected) == -1)
		return fault_set(info, FAULT_BAD_REQUEST,
		    "The request's Content-Length is not a number.");
	if (expected > max)
		return fault_limit(info, FAULT_BODY_TOO_LARGE, max, expected,
		    "The request has %llu bytes; at most %llu are taken.",
		    expected, (unsigned long long)max);
	*b = (struct body){ .io = io,
		.progress = progress,
		.expected = expected };
	return FAULT_NONE;
}

static enum fault
refuse(const struct body *b, enum fault f, struct fault_info *info)
{
	return fault_set(info, f, "%llu of %llu announced bytes came.",
	    (unsigned long long)b->received, (unsigned long long)b->expected);
}

enum fault
body_read(struct body *b, void *buf, size_t cap, size_t *len,
    struct fault_info *info)
{
	uint64_t rest = b->expected - b->received;
	int error;
	ssize_t n;

	if (rest == 0) {
		*len = 0;
		return FAULT_NONE;
	}
	if (progress_is_over(b->progress))
		return refuse(b, FAULT_BODY_TIMEOUT, info);
	n = b->io->read(b->io->ctx, buf, rest < cap ? (size_t)rest : cap);
	if (n > 0) {
		b->received += (uint64_t)n;
		*len = (size_t)n;
		return FAULT_NONE;
	}
	error = errno;
	if (n < 0 && error == ETIMEDOUT)
		return refuse(b, FAULT_BODY_TIMEOUT, info);
	(void)refuse(b, FAULT_BODY_TRUNCATED, info);
	if (n < 0)
		(void)snprintf(info->cause, sizeof info->cause, "body read: %s",
		    strerror(error));
	return FAULT_BODY_TRUNCATED;
}
