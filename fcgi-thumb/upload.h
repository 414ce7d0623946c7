#ifndef FT_UPLOAD_H
#define FT_UPLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "fault.h"
#include "multipart.h"
#include "progress.h"
#include "settings.h"
#include "spool.h"
#include "token.h"

/* One file of a request, received. */
struct upload_photo {
	char name[PART_NAME_MAX + 1]; /* the client's; "" if nothing */
	struct spool spool;           /* whole, unless refused */
	struct fault_info info; /* its .fault is set: refused while receiving */
};

/*
 * The bytes that are kept of a text field, enough for a whole token. Fields of
 * other names are read and forgotten.
 */
#define UPLOAD_FIELD_MAX TOKEN_LEN_MAX

/* One field of the form that is no file. */
struct upload_field {
	char text[UPLOAD_FIELD_MAX + 1]; /* "" where there is none */
	bool is_there;
	bool is_spoilt; /* too long, there twice, or with a NUL: of no use */
};

/* All files of a request. The zero state is empty and valid. */
struct upload {
	struct upload_photo *photos;
	unsigned n;
	uint64_t bytes; /* of all files, also of those that are refused */
	struct upload_field token;
	struct upload_field expires;
};

/*
 * Receive the whole body, multipart/form-data or a photo as it is, and keep
 * each file in a spool. Nothing is decided about a photo before the last byte
 * of the body has come: a body that breaks off leaves nothing.
 *
 * Every type but multipart and urlencoded forms, and none, is one photo with
 * the name "": what it is, its bytes say. In a form each part with a filename
 * is a photo, unless it has neither a name nor bytes. Of the other parts those
 * named `token` and `expires` are kept as they are.
 *
 * u      the zero state
 * dirfd  staging directory of this worker; borrowed until upload_fini
 *
 * FAULT_NONE with at least one photo, of which some may be refused for
 * themselves (FAULT_PHOTO_TOO_LARGE; FAULT_UNSUPPORTED_FORMAT for an empty
 * file), or a fault of the whole request: those of body_open, body_read,
 * multipart_boundary, multipart_feed, spool_init, spool_write, spool_finish;
 * FAULT_BAD_REQUEST for a form in another encoding; FAULT_BODY_TRUNCATED
 * without the closing boundary; FAULT_TOO_MANY_FILES; FAULT_NO_FILE. The rest
 * of the body is not read after a fault. The caller calls upload_fini in any
 * case.
 */
enum fault upload_receive(struct upload *u, const struct io *io,
    const struct settings *settings, int dirfd, const struct progress *progress,
    struct fault_info *info);

void upload_fini(struct upload *u);

#endif
