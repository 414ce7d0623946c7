#ifndef FT_STRESS_HTTP_H
#define FT_STRESS_HTTP_H

#include <stdint.h>

#include "client.h"
#include "client_target.h"
#include "receipt.h"
#include "stress_photo.h"

/*
 * The requests of a stress test: many clients of one target, whose address is
 * the one that was found before.
 */

struct stress_http;
struct stress_client;

/*
 * target   borrowed, resolved
 * token    the upload token, NULL: none
 *
 * NULL: libcurl or the memory fails.
 */
struct stress_http *stress_http_new(const struct client_target *target,
    const char *token);
void stress_http_free(struct stress_http *h);

/*
 * A client with its ctx; NULL without memory. It is freed before h, which keeps
 * its connection for the next one; NULL is allowed.
 */
struct stress_client *stress_client_new(struct stress_http *h, void *ctx);
void stress_client_free(struct stress_client *c);
void *stress_client_ctx(const struct stress_client *c);
const struct client_result *stress_client_result(const struct stress_client *c);

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
