#ifndef FT_CLIENT_H
#define FT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * HTTP/1.1 clients in one thread, each with a connection that it keeps and one
 * request at a time. Nothing is redirected, no proxy is used, a certificate has
 * to be good. The only part that knows libcurl.
 */

struct clients;
struct client;

/* What all clients have in common; texts are borrowed for as long as they live. */
struct client_manner {
	const char *agent; /* User-Agent */
	/*
	 * Whom to connect to whatever a URL says: a name or an address, of IPv6
	 * without brackets. NULL: whom the URL names.
	 */
	const char *host;
	unsigned port;     /* with host; 0: the URL's */
	unsigned seconds;  /* the longest that a request may take */
	size_t answer_max; /* bytes of a body; a longer one is no answer */
};

/* Where the bytes of a request come from. */
struct client_body {
	/* The next bytes, at most cap: how many, 0 at the end. */
	size_t (*take)(void *ctx, void *out, size_t cap);
	/* Go on at this byte: a kept connection had ended. */
	void (*seek)(void *ctx, uint64_t at);
	void *ctx;
	uint64_t len;
};

/* All is borrowed until client_begin returns, but body->ctx until the end. */
struct client_request {
	const char *method;
	const char *url;
	const char *const *headers;     /* "Name: value", the last one NULL */
	const struct client_body *body; /* NULL: none */
	unsigned ms;                    /* for all of it; 0: the manner's */
};

/* How a request ended. */
struct client_result {
	unsigned status; /* 0: no answer */
	bool was_sent;   /* some of it: it may have been heard */
	double ms;       /* from its begin to the last byte received */
	unsigned wait;   /* seconds, Retry-After; 0: none */
	char id[40];     /* X-Request-Id; "" none */
	const char
	    *text; /* the body, len bytes; valid until the next request */
	size_t len;
	char why[256]; /* no answer */
};

/* NULL: libcurl or the memory fails. */
struct clients *clients_new(const struct client_manner *manner);
void clients_free(struct clients *all);

/*
 * A client with its ctx; NULL without memory. It is freed before all, which
 * keep its connection for the next one; NULL is allowed.
 */
struct client *client_new(struct clients *all, void *ctx);
void client_free(struct client *c);
void *client_ctx(const struct client *c);
const struct client_result *client_result(const struct client *c);

/* Begin a request, of a client that has none under way. 0 or -1. */
int client_begin(struct client *c, const struct client_request *request);

/* The next client whose request has ended, or NULL after so many ms. */
struct client *clients_wait(struct clients *all, unsigned ms);

#endif
