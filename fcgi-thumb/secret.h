#ifndef FT_SECRET_H
#define FT_SECRET_H

#include <stddef.h>

#include "digest.h"

#define SECRET_LEN_MIN 32  /* characters */
#define SECRET_LEN_MAX 256 /* characters */
#define SECRETS_MAX 16     /* in one file */

/*
 * The secrets behind the upload tokens, in memory. Opaque: no other module
 * sees one.
 */
struct secrets;

/*
 * Read a file of secrets: one on a line, SECRET_LEN_MIN..SECRET_LEN_MAX
 * printable ASCII characters without a blank; empty lines and those that begin
 * with # are none. It must be a regular file that is open to its owner alone
 * (mode 0600 or less).
 *
 * Returns the secrets, for secrets_free, or NULL after one line to why, which
 * tells no part of a secret.
 */
struct secrets *secrets_load(const char *path, char *why, size_t why_size);

/* Leaves none of them in memory. NULL is allowed. */
void secrets_free(struct secrets *s);

/*
 * HMAC-SHA-256 under secret i: 0 is the one that signs, each is good for
 * checking. 0, or -1 where there is no secret i (or libcrypto refuses).
 */
int secrets_mac(const struct secrets *s, unsigned i, const void *data,
    size_t len, unsigned char out[DIGEST_SHA256_LEN]);

#endif
