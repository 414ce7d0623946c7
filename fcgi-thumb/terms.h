#ifndef FT_TERMS_H
#define FT_TERMS_H

#include <stdint.h>

#include "exchange.h"
#include "fault.h"
#include "settings.h"
#include "token.h"
#include "upload.h"

#define TERMS_OWNER_MAX TOKEN_OWNER_MAX /* bytes of UTF-8 */
#define TERMS_KEY_MIN 22                /* characters: 128 bits in base64 */
#define TERMS_KEY_MAX 255
#define TERMS_EXPIRES_MAX (3653 * 86400) /* seconds: ten years with leap days */

/*
 * On what terms photos come: who sends them, for how long they stay, and the
 * name by which a second try finds the first one.
 */
struct terms {
	char owner[TERMS_OWNER_MAX + 1]; /* printable UTF-8; "" none */
	char key[TERMS_KEY_MAX + 1]; /* Idempotency-Key, printable; "" none */
	int64_t expires;             /* Unix seconds; 0 never */
};

/*
 * Read the terms of a request from its parameters, and from its form where it
 * has one: whether it may bring photos, and the owner, as upload_auth says (the
 * token of the Authorization header or else of the form's field `token`; or
 * what the site has told nginx, THUMB_OWNER); Idempotency-Key; the form's field
 * `expires` or, without it, the query's parameter, as a duration from now
 * ("30d", "12h", "90m", "3600s", "3600") or as a time (RFC 3339). An empty
 * `expires` is none.
 *
 * upload  received; NULL for a request that brings no photos
 *
 * FAULT_NONE and *out; those of token_check and token_check_bytes where tokens
 * are asked for, FAULT_TOKEN_INVALID also without one; or FAULT_BAD_REQUEST where the key is not
 * TERMS_KEY_MIN..TERMS_KEY_MAX characters of printable ASCII, or `expires` is
 * neither of both, not in the future, or more than TERMS_EXPIRES_MAX away.
 */
enum fault terms_read(const struct io *io, const struct upload *upload,
    const struct settings *settings, struct terms *out,
    struct fault_info *info);

#endif
