#include "config.h"

/* What the clients of a stress test ask for: an upload, and its way back. */

#include "stress_http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_SECONDS 60 /* then there was no answer in time */
#define ANSWER_MAX (256 * 1024)

struct stress_client {
	struct stress_http *http;
	struct client *client;
	void *ctx;
	struct stress_body body;
};

struct stress_http {
	struct clients *clients;
	const struct client_target *target;
	char *authorization; /* a header of uploads, or NULL */
};

/* ---- all ---- */

/* 0, or -1 without memory. */
static int
keep_token(struct stress_http *h, const char *token)
{
	return token == NULL ||
		asprintf(&h->authorization, "Authorization: Bearer %s",
		    token) != -1
	    ? 0
	    : -1;
}

struct stress_http *
stress_http_new(const struct client_target *target, const char *token)
{
	const struct client_manner manner = {
		.agent = "thumbctl-stress/" PACKAGE_VERSION,
		.host = target->address,
		.port = target->port,
		.seconds = ANSWER_SECONDS,
		.answer_max = ANSWER_MAX,
	};
	struct stress_http *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->target = target;
	h->clients = clients_new(&manner);
	if (h->clients != NULL && keep_token(h, token) == 0)
		return h;
	stress_http_free(h);
	return NULL;
}

void
stress_http_free(struct stress_http *h)
{
	if (h == NULL)
		return;
	clients_free(h->clients);
	free(h->authorization);
	free(h);
}

struct stress_client *
stress_client_new(struct stress_http *h, void *ctx)
{
	struct stress_client *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->http = h;
	c->ctx = ctx;
	c->client = client_new(h->clients, c);
	if (c->client != NULL)
		return c;
	free(c);
	return NULL;
}

void
stress_client_free(struct stress_client *c)
{
	if (c == NULL)
		return;
	client_free(c->client);
	free(c);
}

void *
stress_client_ctx(const struct stress_client *c)
{
	return c->ctx;
}

const struct client_result *
stress_client_result(const struct stress_client *c)
{
	return client_result(c->client);
}

struct stress_client *
stress_http_wait(struct stress_http *h, unsigned ms)
{
	const struct client *client = clients_wait(h->clients, ms);

	return client != NULL ? client_ctx(client) : NULL;
}

/* ---- a request ---- */

static size_t
take(void *ctx, void *out, size_t cap)
{
	return stress_body_take(ctx, out, cap);
}

static void
seek(void *ctx, uint64_t at)
{
	struct stress_body *body = ctx;

	body->at = at;
}

int
stress_client_upload(struct stress_client *c,
    const struct stress_photos *photos, uint64_t serial)
{
	const struct stress_http *h = c->http;
	struct client_body body = { .take = take,
		.seek = seek,
		.ctx = &c->body };
	char url[sizeof h->target->base + 16];
	char key[128];
	/* Longer than a key has to be, and nobody else's. */
	const char *headers[] = { key, "Content-Type: image/jpeg",
		h->authorization, NULL };

	stress_body_begin(&c->body, photos, serial);
	body.len = stress_body_len(&c->body);
	(void)snprintf(url, sizeof url, "%s/upload", h->target->base);
	(void)snprintf(key, sizeof key, "Idempotency-Key: %s-%" PRIu64,
	    photos->mark, serial);
	return client_begin(c->client,
	    &(struct client_request){ .method = "PUT",
		.url = url,
		.headers = headers,
		.body = &body });
}

int
stress_client_delete(struct stress_client *c, const struct receipt *receipt)
{
	const char *base = c->http->target->base;
	char url[sizeof c->http->target->base + 64];
	char bearer[sizeof receipt->token + 32];
	const char *headers[] = { bearer, NULL };

	(void)snprintf(url, sizeof url, "%s/photos/%s", base, receipt->id);
	(void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s",
	    receipt->token);
	return client_begin(c->client,
	    &(struct client_request){ .method = "DELETE",
		.url = url,
		.headers = headers });
}
