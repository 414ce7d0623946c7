#include "config.h"

/*
 * Keeps the secrets of the upload tokens. Responsible for where they come from
 * and that nobody else can read them; refuses to hand one out. A file that is
 * not right in every line is not taken at all: with a secret less than its
 * owner thinks, tokens would fail that should not.
 */

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"

#define FILE_MAX (64 * 1024) /* bytes, comments included */

struct secret {
	char text[SECRET_LEN_MAX];
	size_t len;
};

struct secrets {
	struct secret list[SECRETS_MAX];
	unsigned n;
};

/* line has len bytes, without its end. -1: it is no secret. */
static int
add_line(struct secrets *s, const char *line, size_t len)
{
	struct secret *secret = &s->list[s->n];

	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0 || line[0] == '#')
		return 0;
	if (len < SECRET_LEN_MIN || len > SECRET_LEN_MAX || s->n == SECRETS_MAX)
		return -1;
	for (size_t i = 0; i < len; i++)
		if (line[i] <= ' ' || line[i] > '~')
			return -1;
	memcpy(secret->text, line, len);
	secret->len = len;
	s->n++;
	return 0;
}

/* The number of the line that is wrong, or 0. */
static unsigned
add_lines(struct secrets *s, const char *text, size_t len)
{
	unsigned number = 0;

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t line = end != NULL ? (size_t)(end - text) : len;

		number++;
		if (add_line(s, text, line) == -1)
			return number;
		line += end != NULL;
		text += line;
		len -= line;
	}
	return 0;
}

static int
read_all(struct secrets *s, const char *path, int fd, char *why,
    size_t why_size)
{
	char text[FILE_MAX];
	unsigned wrong = 0;
	size_t len = 0;
	int rc = -1;

	if (fd_read_full(fd, text, sizeof text, &len) == -1)
		(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	else if (len == sizeof text)
		(void)snprintf(why, why_size, "%s: too large", path);
	else if ((wrong = add_lines(s, text, len)) != 0)
		(void)snprintf(why, why_size,
		    "%s:%u: not a secret of %d to %d printable ASCII "
		    "characters without a blank, or one more than %d",
		    path, wrong, SECRET_LEN_MIN, SECRET_LEN_MAX, SECRETS_MAX);
	else if (s->n == 0)
		(void)snprintf(why, why_size,
		    "%s: no secret in it: umask 077; openssl rand -hex 32 >>%s",
		    path, path);
	else
		rc = 0;
	explicit_bzero(text, sizeof text);
	return rc;
}

struct secrets *
secrets_load(const char *path, char *why, size_t why_size)
{
	struct secrets *s = calloc(1, sizeof *s);
	int fd = -1, rc = -1;

	if (s == NULL)
		(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	else if ((fd = fd_open_private(path, why, why_size)) != -1)
		rc = read_all(s, path, fd, why, why_size);
	fd_close(&fd);
	if (rc == 0)
		return s;
	secrets_free(s);
	return NULL;
}

void
secrets_free(struct secrets *s)
{
	if (s == NULL)
		return;
	explicit_bzero(s, sizeof *s);
	free(s);
}

int
secrets_mac(const struct secrets *s, unsigned i, const void *data, size_t len,
    unsigned char out[DIGEST_SHA256_LEN])
{
	if (i >= s->n)
		return -1;
	return digest_hmac_sha256(s->list[i].text, s->list[i].len, data, len,
	    out);
}
