#ifndef FT_DIGEST_H
#define FT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SHA256_LEN 32 /* bytes, FIPS 180-4 */
#define PHOTO_ID_LEN 26      /* characters: 128 bits in RFC 4648 base32 */

/* A running SHA-256; opaque, so that libcrypto stays in digest.c. */
struct digest;

/* NULL when memory is short. The caller calls digest_free. */
struct digest *digest_new(void);
void digest_free(struct digest *d);

/* 0, or -1 when libcrypto refuses (never seen; treated as internal). */
int digest_feed(struct digest *d, const void *data, size_t len);

/* Ends the sum; d only accepts digest_free afterwards. 0 or -1. */
int digest_final(struct digest *d, unsigned char out[DIGEST_SHA256_LEN]);

/* All in one; 0 or -1. */
int digest_sha256(const void *data, size_t len,
    unsigned char out[DIGEST_SHA256_LEN]);

/*
 * The public name of a photo: the first 128 bits of its SHA-256 in base32,
 * lower case, no padding, so [a-z2-7]{25}[aeimquy4]. NUL-terminated.
 */
void photo_id_make(const unsigned char sha[DIGEST_SHA256_LEN],
    char out[PHOTO_ID_LEN + 1]);

/* Is id exactly of that form? Any NUL-terminated text may be asked. */
bool photo_id_is_valid(const char *id);

/*
 * len lower-case base32 characters from the kernel's random source, and a NUL,
 * into out[len + 1]. For names that nobody may guess or meet twice. 0 or -1.
 */
int random_name(char *out, size_t len);

#endif
