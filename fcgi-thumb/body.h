#ifndef FT_BODY_H
#define FT_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "fault.h"
#include "progress.h"

/*
 * The request body, pulled piece by piece within a byte budget and a deadline.
 * Owns the comparison of what was announced with what came: libfcgi answers a
 * broken stream like a finished one.
 */
struct body {
	const struct io *io;
	const struct progress *progress;
	uint64_t expected; /* CONTENT_LENGTH */
	uint64_t received;
};

/*
 * FAULT_NONE, or FAULT_BAD_REQUEST (no CONTENT_LENGTH, or not a number), or
 * FAULT_BODY_TOO_LARGE (over max). io and progress are borrowed.
 */
enum fault body_open(struct body *b, const struct io *io,
    const struct progress *progress, uint64_t max, struct fault_info *info);

/*
 * The next piece, at most cap (1..) bytes, into buf; *len 0 at the announced
 * end. What comes after that is never read.
 * FAULT_BODY_TRUNCATED (it ended early or broke off), FAULT_BODY_TIMEOUT (the
 * peer fell silent, or the request's time is over).
 */
enum fault body_read(struct body *b, void *buf, size_t cap, size_t *len,
    struct fault_info *info);

#endif
