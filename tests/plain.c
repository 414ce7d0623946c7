#include "config.h"

/*
 * Helpers of the tests that need no Check. What cannot be set up ends the
 * process, which fails a test as well.
 */

#include "plain.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

#define must(condition)                                \
	do {                                           \
		if (!(condition))                      \
			give_up(__func__, #condition); \
	} while (0)

static _Noreturn void
give_up(const char *where, const char *what)
{
	(void)fprintf(stderr, "%s: %s: %s\n", where, what, strerror(errno));
	abort();
}

unsigned
count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	unsigned n = 0;

	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	(void)closedir(dir);
	return n;
}

unsigned
count_fds(void)
{
	/* One of them is the directory that is being read. */
	return count_entries("/proc/self/fd") - 1;
}

static ssize_t
memory_read(void *ctx, void *buf, size_t len)
{
	struct memory_io *m = ctx;
	size_t end = m->len < m->fail_at ? m->len : m->fail_at;

	if (m->at == m->fail_at && m->fail_errno != 0) {
		errno = m->fail_errno;
		return -1;
	}
	if (m->chunk != 0 && len > m->chunk)
		len = m->chunk;
	if (len > end - m->at)
		len = end - m->at;
	if (len > 0)
		memcpy(buf, (const char *)m->body + m->at, len);
	m->at += len;
	return (ssize_t)len;
}

static int
memory_write(void *ctx, const void *buf, size_t len)
{
	struct memory_io *m = ctx;

	if (m->peer_gone)
		return -1;
	buf_add(&m->reply, buf, len);
	return 0;
}

static const char *
memory_param(void *ctx, const char *name)
{
	const struct memory_io *m = ctx;

	for (unsigned i = 0; i < m->n_params; i++)
		if (strcmp(m->params[i].name, name) == 0)
			return m->params[i].value;
	return NULL;
}

void
memory_io_init(struct memory_io *m, const void *body, size_t len)
{
	char text[32];

	*m = (struct memory_io){ .body = body,
		.len = len,
		.fail_at = SIZE_MAX,
		.io = { memory_read, memory_write, memory_param, m } };
	(void)snprintf(text, sizeof text, "%zu", len);
	memory_io_param(m, "CONTENT_LENGTH", text);
}

void
memory_io_param(struct memory_io *m, const char *name, const char *value)
{
	unsigned i = 0;

	while (i < m->n_params && strcmp(m->params[i].name, name) != 0)
		i++;
	must(i < MEMORY_PARAMS_MAX);
	if (i == m->n_params) {
		m->params[i].name = strdup(name);
		m->n_params++;
	}
	free(m->params[i].value);
	m->params[i].value = value == NULL ? NULL : strdup(value);
}

void
memory_io_fini(struct memory_io *m)
{
	for (unsigned i = 0; i < m->n_params; i++) {
		free(m->params[i].name);
		free(m->params[i].value);
	}
	buf_fini(&m->reply);
}

int
feed_split(int (*feed)(void *ctx, const void *data, size_t len), void *ctx,
    const void *data, size_t len, size_t chunk)
{
	const char *p = data;
	int rc = 0;

	while (rc == 0 && len > 0) {
		size_t n = chunk == 0 || chunk > len ? len : chunk;
		char *piece = malloc(n);

		must(piece != NULL);
		memcpy(piece, p, n);
		rc = feed(ctx, piece, n);
		free(piece);
		p += n;
		len -= n;
	}
	return rc;
}

char *
sign_text(const char *secret, const char *payload)
{
	size_t len = BASE64URL_LEN(strlen(payload));
	char *token = malloc(len + 1 + BASE64URL_LEN(DIGEST_SHA256_LEN) + 1);
	unsigned char mac[DIGEST_SHA256_LEN];

	must(token != NULL);
	base64url_encode(payload, strlen(payload), token);
	must(digest_hmac_sha256(secret, strlen(secret), token, len, mac) == 0);
	token[len] = '.';
	base64url_encode(mac, sizeof mac, token + len + 1);
	return token;
}
