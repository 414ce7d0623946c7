#include "config.h"

/* SHA-256 by libcrypto, the names that are made of it, and texts of bytes. */

#include "digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fdio.h"

#define PIECE_SIZE (64 * 1024)

/* RFC 4648 6, in lower case so that an address survives being typed. */
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

/* RFC 4648 5. */
static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz0123456789-_";

struct digest {
	EVP_MD_CTX *ctx;
};

struct digest *
digest_new(void)
{
	struct digest *d = malloc(sizeof *d);

	if (d == NULL)
		return NULL;
	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL ||
	    EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1) {
		digest_free(d);
		return NULL;
	}
	return d;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

int
digest_feed(struct digest *d, const void *data, size_t len)
{
	return EVP_DigestUpdate(d->ctx, data, len) == 1 ? 0 : -1;
}

int
digest_final(struct digest *d, unsigned char out[DIGEST_SHA256_LEN])
{
	return EVP_DigestFinal_ex(d->ctx, out, NULL) == 1 ? 0 : -1;
}

int
digest_sha256(const void *data, size_t len,
    unsigned char out[DIGEST_SHA256_LEN])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1 ? 0
									 : -1;
}

int
digest_file(int fd, unsigned char out[DIGEST_SHA256_LEN])
{
	struct digest *digest = digest_new();
	char piece[PIECE_SIZE];
	size_t len = 0;
	int rc = digest != NULL ? 0 : -1, error;

	do {
		if (rc == 0)
			rc = fd_read_full(fd, piece, sizeof piece, &len);
		if (rc == 0)
			rc = digest_feed(digest, piece, len);
	} while (rc == 0 && len == sizeof piece);
	if (rc == 0)
		rc = digest_final(digest, out);
	error = errno;
	digest_free(digest);
	errno = error;
	return rc;
}

int
digest_hmac_sha256(const void *key, size_t key_len, const void *data,
    size_t len, unsigned char out[DIGEST_SHA256_LEN])
{
	return HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) !=
		NULL
	    ? 0
	    : -1;
}

bool
digest_is_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

void
base64url_encode(const void *data, size_t len, char *out)
{
	const unsigned char *bytes = data;
	unsigned bits = 0, have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = base64url[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*out++ = base64url[bits << (6 - have) & 63];
	*out = '\0';
}

int
base64url_decode(const char *text, size_t len, unsigned char *out,
    size_t *out_len)
{
	unsigned bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at = memchr(base64url, text[i], 64);

		if (at == NULL)
			return -1;
		bits = bits << 6 | (unsigned)(at - base64url);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (unsigned char)(bits >> have);
			bits &= (1U << have) - 1;
		}
	}
	/* A character too many, or bits that belong to no byte. */
	if (have == 6 || bits != 0)
		return -1;
	*out_len = n;
	return 0;
}

void
digest_hex(const unsigned char sha[DIGEST_SHA256_LEN],
    char out[DIGEST_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < DIGEST_SHA256_LEN; i++) {
		out[2 * i] = digits[sha[i] >> 4];
		out[2 * i + 1] = digits[sha[i] & 15];
	}
	out[DIGEST_HEX_LEN] = '\0';
}

bool
digest_hex_is_valid(const char *text)
{
	return strspn(text, "0123456789abcdef") == DIGEST_HEX_LEN &&
	    text[DIGEST_HEX_LEN] == '\0';
}

void
photo_id_make(const unsigned char sha[DIGEST_SHA256_LEN],
    char out[PHOTO_ID_LEN + 1])
{
	unsigned bits = 0, have = 0, next = 0;

	for (unsigned i = 0; i < PHOTO_ID_LEN; i++) {
		if (have < 5) {
			/* The 26th character has 3 bits left; zeros fill it. */
			bits = bits << 8 | (next < 16 ? sha[next] : 0);
			next++;
			have += 8;
		}
		out[i] = base32[bits >> (have - 5) & 31];
		have -= 5;
	}
	out[PHOTO_ID_LEN] = '\0';
}

bool
photo_id_is_valid(const char *id)
{
	return strspn(id, base32) == PHOTO_ID_LEN && id[PHOTO_ID_LEN] == '\0' &&
	    strchr("aeimquy4", id[PHOTO_ID_LEN - 1]) != NULL;
}

void
base64_encode(const void *data, size_t len, char *out)
{
	(void)EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

int
random_name(char *out, size_t len)
{
	for (size_t done = 0; done < len;) {
		unsigned char bytes[64];
		size_t want =
		    len - done < sizeof bytes ? len - done : sizeof bytes;

		if (getrandom(bytes, want, 0) != (ssize_t)want)
			return -1;
		for (size_t i = 0; i < want; i++)
			out[done++] = base32[bytes[i] & 31];
	}
	out[len] = '\0';
	return 0;
}
