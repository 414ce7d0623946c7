#ifndef FT_JOURNAL_H
#define FT_JOURNAL_H

#include "exchange.h"
#include "reply.h"

/*
 * One JSON line to the log for each answered request: time, nginx's request
 * id, method, status, bytes of its body and of the answer, phases, what became
 * of each photo with the bytes of the thumbnails made at once, which engine made
 * them, why the lane was not sure of it, and the cause of a fault that the client
 * is not told, whether it was a prober's, and which process of which version in
 * which slot it was.
 */
void journal_request(const struct io *io, int status, size_t bytes,
    const struct outcome *outcomes, unsigned n, const struct fault_info *whole,
    const struct progress *progress);

#endif
