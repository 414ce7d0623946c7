#include "config.h"

/* SHA-256 by libcrypto, and the names that are made of it. */

#include "digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* RFC 4648 6, in lower case so that an address survives being typed. */
static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

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
