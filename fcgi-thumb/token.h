#ifndef FT_TOKEN_H
#define FT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "exchange.h"
#include "fault.h"
#include "secret.h"

#define TOKEN_LEN_MAX 1000                   /* characters of a whole token */
#define TOKEN_OWNER_MAX 64                   /* bytes of UTF-8 */
#define TOKEN_BYTES_MAX (1LL << 50)          /* of `max` */
#define TOKEN_TIME_MAX INT64_C(253402300799) /* the end of the year 9999 */

/* What a token allows. */
struct grant {
	int64_t expires;                 /* Unix seconds, 1..TOKEN_TIME_MAX */
	char owner[TOKEN_OWNER_MAX + 1]; /* printable UTF-8; "" none */
	uint64_t max; /* bytes of all photos, ..TOKEN_BYTES_MAX; 0: any */
};

/*
 * An upload token is <payload>.<mac>, both in base64url (RFC 4648 5, without
 * padding). The payload is a JSON object of nothing but "exp" (Unix seconds)
 * and, where wanted, "owner" (a text) and "max" (bytes, 1..); the mac is the
 * HMAC-SHA-256 of the first part's characters under a secret. It names no
 * algorithm: there is one.
 */

/* Can it be an owner: printable UTF-8 of at most TOKEN_OWNER_MAX bytes, or ""? */
bool token_is_owner(const char *text);

/*
 * Make one with the first secret. 0, or -1 where memory is short or the owner
 * no printable UTF-8.
 */
int token_make(const struct secrets *s, const struct grant *grant,
    char out[TOKEN_LEN_MAX + 1]);

/*
 * What does this token allow at the time now (Unix seconds)?
 *
 * FAULT_NONE and *out; FAULT_TOKEN_INVALID where text is no token, none of the
 * secrets made it, or its payload is not as above; FAULT_TOKEN_EXPIRED. The
 * mac is compared in constant time, and nothing of the payload is read before
 * it fits.
 */
enum fault token_check(const struct secrets *s, const char *text, int64_t now,
    struct grant *out, struct fault_info *info);

/* FAULT_NONE, or FAULT_BODY_TOO_LARGE where these are more bytes than it allows. */
enum fault token_check_bytes(const struct grant *grant, uint64_t bytes,
    struct fault_info *info);

/* FAULT_TOKEN_INVALID of a request that has none, and how to send one. */
enum fault token_missing(struct fault_info *info);

/*
 * The credentials of a request's `Authorization: Bearer` (RFC 6750 2.1), any
 * text, borrowed from io. NULL without the header, and with another scheme: a
 * whole site may lie behind a password.
 */
const char *token_bearer(const struct io *io);

#endif
