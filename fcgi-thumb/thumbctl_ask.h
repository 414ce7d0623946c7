#ifndef FT_THUMBCTL_ASK_H
#define FT_THUMBCTL_ASK_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * One request to the service over its own sockets, as nginx would put it
 * (FastCGI 1.0): for commands that have to know what a master answers to which
 * nginx sends nobody.
 */

/* A CGI variable, as nginx's fastcgi_param; texts are borrowed. */
struct ask_param {
	const char *name, *value;
};

#define ASK_PARAMS_MAX 16

struct ask {
	const char *path; /* of the socket */
	/* The last one has the name NULL; CONTENT_LENGTH is none of them. */
	struct ask_param params[ASK_PARAMS_MAX + 1];
	const void *body; /* borrowed; of len bytes, 0: none */
	size_t len;
	unsigned ms;       /* for all of it, the wait in the queue too */
	size_t answer_max; /* bytes, headers included */
};

struct asked {
	int status;       /* HTTP's */
	struct buf text;  /* headers, and the body behind them */
	const char *body; /* in text; with a NUL behind it */
	size_t body_len;
	double ms; /* from the first byte sent to the last one that came */
};

/*
 * 0 and a whole answer, or -1 with errno: ETIMEDOUT where it did not come in
 * time, ECONNRESET where the connection ended without it, EFBIG over
 * answer_max, EPROTO where it is no HTTP; else that nobody listens, or lets us.
 * asked_fini in any case.
 */
int ask(const struct ask *a, struct asked *out);
void asked_fini(struct asked *out);

#endif
