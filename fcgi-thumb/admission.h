#ifndef FT_ADMISSION_H
#define FT_ADMISSION_H

#include <stdbool.h>

#include "exchange.h"
#include "fault.h"
#include "progress.h"
#include "settings.h"

/*
 * May this upload have a worker's time? Decided from its parameters, before
 * its body is read.
 *
 * Where uploads need a token, the one of the Authorization header is checked
 * here; without it only a form is let in, which may have the token in a field.
 *
 * FAULT_NONE, FAULT_METHOD_NOT_ALLOWED (not POST or PUT), what admission_wait
 * says, FAULT_TOKEN_INVALID, FAULT_TOKEN_EXPIRED, or FAULT_BODY_TOO_LARGE (for
 * the header's token).
 */
enum fault admission_check(const struct io *io, const struct settings *settings,
    struct progress *progress, struct fault_info *info);

/*
 * Books the time that a request waited for a worker on PHASE_QUEUE: nginx
 * sends its $msec of when the body was complete as QUEUE_MSEC. Both clocks are
 * this machine's; one that was set back counts as no wait, and so does a
 * parameter that is missing (a request that did not come through our nginx
 * files).
 *
 * FAULT_NONE, or FAULT_OVERLOADED (it waited longer than limits.queue_seconds:
 * whoever sent it has given up or will, and others are behind it).
 */
enum fault admission_wait(const struct io *io, const struct settings *settings,
    struct progress *progress, struct fault_info *info);

/*
 * How many uploads may wait for the workers: limits.queue_length, or what is
 * taken to be served within limits.queue_seconds; 1..INT_MAX.
 *
 * is_cut  the kernel does not allow more; may be NULL
 */
unsigned admission_queue_length(const struct settings *settings, bool *is_cut);

#endif
