#ifndef FT_STRESS_HTTP_H
#define FT_STRESS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "receipt.h"
#include "stress_photo.h"
#include "stress_target.h"

/*
 * Many HTTP/1.1 clients of one target in one thread, each with a connection
 * that it keeps and one request at a time. Nothing is redirected, no proxy is
 * used, and the address is the one that was found before. The only part that
 * knows libcurl.
 */

struct stress_http;
struct stress_client;

/* How a request ended. */
struct stress_result {
	unsigned status; /* 0: no answer */
	bool was_sent;   /* some of it: it may have been heard */
	double ms;       /* from its begin to the last byte received */
	unsigned wait;   /* seconds, Retry-After; 0: none */
	const char
	    *text; /* the body, len bytes; valid until the next request */
	size_t len;
	char why[256]; /* no answer */
};

/*
 * target   borrowed, resolved
 * token    the upload token, NULL: none
 *
 * NULL: libcurl or the memory fails.
 */
struct stress_http *stress_http_new(const struct stress_target *target,
    const char *token);
void stress_http_free(struct stress_http *h);

/*
 * A client with its ctx; NULL without memory. It is freed before h, which keeps
 * its connection for the next one; NULL is allowed.
 */
struct stress_client *stress_client_new(struct stress_http *h, void *ctx);
void stress_client_free(struct stress_client *c);
void *stress_client_ctx(const struct stress_client *c);
const struct stress_result *stress_client_result(const struct stress_client *c);

/*
 * Begin a request, of a client that has none under way: send the photo of that
 * serial number, with the key that its number has in this run, or take a photo
 * back. 0 or -1.
 */
int stress_client_upload(struct stress_client *c,
    const struct stress_photos *photos, uint64_t serial);
int stress_client_delete(struct stress_client *c,
    const struct receipt *receipt);

/* The next client whose request has ended, or NULL after so many ms. */
struct stress_client *stress_http_wait(struct stress_http *h, unsigned ms);

#endif
