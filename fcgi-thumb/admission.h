#ifndef FT_ADMISSION_H
#define FT_ADMISSION_H

#include "exchange.h"
#include "fault.h"
#include "progress.h"
#include "settings.h"

/*
 * May this request have a worker's time? Decided from its parameters, before
 * its body is read.
 *
 * Books the time that it waited for a worker on PHASE_QUEUE: nginx sends its
 * $msec of when the body was complete as QUEUE_MSEC. Both clocks are this
 * machine's; one that was set back counts as no wait, and so does a parameter
 * that is missing (a request that did not come through our nginx files).
 *
 * FAULT_NONE, FAULT_METHOD_NOT_ALLOWED (not POST or PUT), or FAULT_OVERLOADED
 * (it waited longer than limits.queue_seconds: whoever sent it has given up
 * or will, and others are behind it).
 */
enum fault admission_check(const struct io *io, const struct settings *settings,
    struct progress *progress, struct fault_info *info);

#endif
