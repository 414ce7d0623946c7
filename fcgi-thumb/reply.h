#ifndef FT_REPLY_H
#define FT_REPLY_H

#include <stdbool.h>

#include "buf.h"
#include "claim.h"
#include "engine.h"
#include "exchange.h"
#include "fault.h"
#include "manifest.h"
#include "progress.h"

enum photo_status {
	PHOTO_REFUSED,
	PHOTO_CREATED,
	PHOTO_EXISTS
};

/* What became of one file of the request. */
struct outcome {
	const char *name; /* as the client calls it, borrowed; "" if nothing */
	enum photo_status status;
	struct manifest manifest; /* of PHOTO_REFUSED the format at most */
	char token[CLAIM_TOKEN_LEN + 1]; /* to take it back; "" none */
	struct fault_info info;          /* when PHOTO_REFUSED */
	unsigned ms
	    [PHASE_COUNT]; /* this photo's share; queue and receive are the request's */
	bool decoded;
	enum engine engine; /* of one that was decoded and not refused */
	char declined[FAULT_CAUSE_BYTES]; /* as of struct develop */
	uint64_t took_ns; /* from its bytes to its files in place */
	enum format made; /* of a first render; FORMAT_NONE: others made it */
};

/*
 * The whole answer of an upload: status line, headers, and the JSON of
 * DESIGN.md, or an HTML page for a browser without scripts (text/html first in
 * Accept), or a problem document (RFC 9457) when nothing was taken. That is of
 * the type application/json where Accept names it and nothing wider.
 *
 * whole  a fault of the whole request (n is 0 then); .fault is FAULT_NONE
 *        where there is none
 * out    gets header and body, for one write
 *
 * Returns the HTTP status.
 */
int reply_build(struct buf *out, const struct io *io,
    const struct settings *settings, const struct outcome *outcomes, unsigned n,
    const struct fault_info *whole, const struct progress *progress);

/*
 * A whole answer, header and body, that is one problem document; appended to
 * out.
 */
void reply_problem(struct buf *out, const struct io *io,
    const struct fault_info *info);

#endif
