#ifndef FT_EXCHANGE_H
#define FT_EXCHANGE_H

#include <stddef.h>
#include <string.h>
#include <sys/types.h>

/*
 * By what the lines of all logs about one request know each other: nginx's
 * $request_id, or what another server in its place calls one.
 */
#define REQUEST_ID_MAX 64 /* bytes */

/* The length of the id that text begins with; 0: with none. */
static inline size_t
request_id_len(const char *text)
{
	size_t len = strspn(text,
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

	return len <= REQUEST_ID_MAX ? len : 0;
}

/*
 * One request and its answer as the stages see it, so that a request can be
 * driven by libfcgi, by a test from memory or by a fuzzer alike.
 */
struct io {
	/*
	 * Read up to len bytes of the body into buf. Returns the count, 0 at the
	 * end of the body, or -1 with errno: ETIMEDOUT when the peer fell silent,
	 * EPROTO when the stream broke off.
	 */
	ssize_t (*read)(void *ctx, void *buf, size_t len);
	/* Write all of buf; 0, or -1 when the peer is gone. */
	int (*write)(void *ctx, const void *buf, size_t len);
	/* A CGI variable (RFC 3875 4.1), or NULL. Valid until the request ends. */
	const char *(*param)(void *ctx, const char *name);
	void *ctx;
};

/* A CGI variable, "" where there is none. */
static inline const char *
io_param(const struct io *io, const char *name)
{
	const char *value = io->param(io->ctx, name);

	return value != NULL ? value : "";
}

#endif
