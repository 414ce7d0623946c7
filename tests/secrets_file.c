#include "config.h"

/* Secrets for a test, and tokens that the service would not make. */

#include "secrets_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "support.h"

struct secrets *
secrets_of(const char *lines)
{
	char path[512], why[256];
	struct secrets *s;

	(void)snprintf(path, sizeof path, "%s/secrets", tempdir_path());
	(void)unlink(path);
	ck_assert_int_eq(fd_write_file(AT_FDCWD, path, 0600, lines,
			     strlen(lines)),
	    0);
	s = secrets_load(path, why, sizeof why);
	ck_assert_msg(s != NULL, "%s", why);
	return s;
}

char *
sign_text(const char *secret, const char *payload)
{
	size_t len = BASE64URL_LEN(strlen(payload));
	char *token = malloc(len + 1 + BASE64URL_LEN(DIGEST_SHA256_LEN) + 1);
	unsigned char mac[DIGEST_SHA256_LEN];

	ck_assert_ptr_nonnull(token);
	base64url_encode(payload, strlen(payload), token);
	ck_assert_int_eq(digest_hmac_sha256(secret, strlen(secret), token, len,
			     mac),
	    0);
	token[len] = '.';
	base64url_encode(mac, sizeof mac, token + len + 1);
	return token;
}
