#ifndef FT_DIGEST_H
#define FT_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SHA256_LEN 32 /* bytes, FIPS 180-4 */
#define DIGEST_HEX_LEN 64    /* characters: the same in hexadecimal */
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

/* The rest of an open file; 0, or -1 with errno where it cannot be read. */
int digest_file(int fd, unsigned char out[DIGEST_SHA256_LEN]);

/* HMAC-SHA-256 (RFC 2104); 0 or -1. */
int digest_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char out[DIGEST_SHA256_LEN]);

/* Are these bytes equal? Takes as long whatever they are: for secrets. */
bool digest_is_equal(const void *a, const void *b, size_t len);

/*
 * Bytes as base64url without padding (RFC 4648 5) into out[BASE64URL_LEN(len) +
 * 1], NUL-terminated.
 */
#define BASE64URL_LEN(bytes) (((bytes)*8 + 5) / 6)
void base64url_encode(const void *data, size_t len, char *out);

/*
 * And back, into out, which has room for 3/4 of len: 0 and *out_len, or -1
 * where text is not what base64url_encode makes.
 */
int base64url_decode(const char *text, size_t len, unsigned char *out,
    size_t *out_len);

/* The sum in lower-case hexadecimal digits, NUL-terminated. */
void digest_hex(const unsigned char sha[DIGEST_SHA256_LEN],
    char out[DIGEST_HEX_LEN + 1]);

/* Is it exactly of that form? Any NUL-terminated text may be asked. */
bool digest_hex_is_valid(const char *text);

/*
 * The public name of a photo: the first 128 bits of its SHA-256 in base32,
 * lower case, no padding, so [a-z2-7]{25}[aeimquy4]. NUL-terminated.
 */
void photo_id_make(const unsigned char sha[DIGEST_SHA256_LEN],
    char out[PHOTO_ID_LEN + 1]);

/* Is id exactly of that form? Any NUL-terminated text may be asked. */
bool photo_id_is_valid(const char *id);

/*
 * Bytes in base64 with its padding (RFC 4648, 4) and a NUL, into
 * out[BASE64_LEN(len) + 1]. len is INT_MAX / 2 at most.
 */
#define BASE64_LEN(bytes) (((bytes) + 2) / 3 * 4)
void base64_encode(const void *data, size_t len, char *out);

/*
 * len lower-case base32 characters from the kernel's random source, and a NUL,
 * into out[len + 1]. For names that nobody may guess or meet twice. 0 or -1.
 */
int random_name(char *out, size_t len);

#endif
