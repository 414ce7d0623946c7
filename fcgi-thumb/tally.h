#ifndef FT_TALLY_H
#define FT_TALLY_H

#include "metrics.h"
#include "reply.h"

/*
 * Count one answered request, with what became of its photos and where its time
 * went: the same that journal_request writes down. Before the last byte of the
 * answer is sent, so that whoever has an answer finds it counted.
 *
 * status    of the answer
 * outcomes  n of them; of a REQUEST_RENDER one at most, whose photo is not
 *           counted again
 * whole     a fault of the whole request, or .fault is FAULT_NONE
 */
void tally_request(enum request_kind kind, int status,
    const struct outcome *outcomes, unsigned n, const struct fault_info *whole,
    const struct progress *progress);

#endif
