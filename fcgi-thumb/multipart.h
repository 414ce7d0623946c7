#ifndef FT_MULTIPART_H
#define FT_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "part.h"

#define MULTIPART_BOUNDARY_MAX 70 /* characters, RFC 2046 5.1.1 */
#define MULTIPART_PARTS_MAX 256   /* parts of any kind in one body */

/*
 * What the parser tells, in order: begin, data..., end for each part. A
 * callback returns FAULT_NONE to go on; anything else ends the parsing and
 * comes out of multipart_feed.
 */
struct multipart_events {
	enum fault (*begin)(void *ctx, const struct part *part,
	    struct fault_info *info);
	enum fault (*data)(void *ctx, const void *data, size_t len,
	    struct fault_info *info);
	enum fault (*end)(void *ctx, struct fault_info *info);
	void *ctx;
};

/*
 * A push parser of multipart/form-data (RFC 7578; the grammar is RFC 2046
 * 5.1.1). Holds a fixed amount of memory whatever the input is.
 */
struct multipart;

/*
 * Read the boundary from a Content-Type value.
 *
 * content_type  the whole value, any bytes, NUL-terminated
 * out           at least MULTIPART_BOUNDARY_MAX + 1 bytes
 *
 * FAULT_NONE, or FAULT_MULTIPART_SYNTAX where there is no boundary parameter,
 * it is empty, too long, or holds characters that RFC 2046 does not allow.
 * The caller has made sure that the type is multipart/form-data.
 */
enum fault multipart_boundary(const char *content_type, char *out,
    struct fault_info *info);

/* Is this Content-Type multipart/form-data (any letter case, parameters)? */
bool multipart_is(const char *content_type);

/* boundary is copied, events too. NULL when memory is short. */
struct multipart *multipart_new(const char *boundary,
    const struct multipart_events *events);
void multipart_free(struct multipart *m);

/*
 * Feed the next bytes of the body. Any split of the input gives the same
 * events but for the sizes of the data pieces.
 *
 * data  borrowed for the call; may hold NUL
 * len   0..; 0 is a no-op
 *
 * FAULT_NONE, a callback's fault, or FAULT_MULTIPART_SYNTAX (text that breaks
 * the grammar, a header over PART_HEADER_MAX, a part without exactly one
 * Content-Disposition: form-data, more than MULTIPART_PARTS_MAX parts). After a
 * fault only multipart_free is allowed. Bytes after the closing boundary (RFC
 * 2046: epilogue) are ignored, as are those before the first (preamble).
 */
enum fault multipart_feed(struct multipart *m, const void *data, size_t len,
    struct fault_info *info);

/* Has the closing boundary been seen? If not, the body was cut off. */
bool multipart_is_complete(const struct multipart *m);

#endif
