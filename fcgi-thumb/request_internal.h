#ifndef FT_REQUEST_INTERNAL_H
#define FT_REQUEST_INTERNAL_H

#include "reply.h"
#include "request.h"
#include "terms.h"
#include "upload.h"

/* The two kinds of requests, for the spine. */

/*
 * One photo of an upload, from its bytes to what is said of it.
 *
 * end  of the whole request's time (monotonic)
 */
void request_photo(struct service *sv, struct upload_photo *in,
    const struct terms *terms, struct progress *progress, uint64_t end,
    struct outcome *out);

/* Is this the first request of a thumbnail, as nginx passes it? */
bool request_is_first(const struct io *io);

/*
 * Make that thumbnail. FAULT_NOT_FOUND where the settings mean no such file, or
 * the photo is not here; FAULT_METHOD_NOT_ALLOWED; those of admission_wait and
 * develop_again.
 */
enum fault request_first(struct service *sv, const struct io *io,
    struct progress *progress, struct outcome *out, struct fault_info *info);

/* The answer that sends nginx to the file; appended to out. */
void request_redirect(const struct io *io, struct buf *out);

#endif
