#include "config.h"

/* HTTP by libcurl: easy handles for the clients, a multi handle for all. */

#include "stress_http.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "clock.h"

#define CONNECT_SECONDS 5L
#define ANSWER_SECONDS 60L /* then there was no answer in time */
#define ANSWER_MAX (256 * 1024)
#define SEND_BYTES (256L * 1024)

struct stress_client {
	struct stress_http *http;
	CURL *easy;
	struct curl_slist *headers; /* of the request under way */
	void *ctx;
	struct stress_body body;
	struct buf answer;
	struct stress_result result;
	char words[CURL_ERROR_SIZE];
	bool is_busy;
};

struct stress_http {
	CURLM *multi;
	struct curl_slist *connect_to;
	const struct stress_target *target;
	char *authorization; /* a header of uploads, or NULL */
};

/* ---- libcurl's questions ---- */

static size_t
give(char *out, size_t size, size_t n, void *ctx)
{
	return stress_body_take(ctx, out, size * n);
}

/* A kept connection had ended: from the beginning once more. */
static int
rewind_body(void *ctx, curl_off_t offset, int origin)
{
	struct stress_body *body = ctx;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	body->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t
take(char *data, size_t size, size_t n, void *ctx)
{
	struct buf *answer = ctx;

	if (answer->len + size * n > ANSWER_MAX)
		return 0;
	buf_add(answer, data, size * n);
	return answer->failed ? 0 : size * n;
}

/* ---- all ---- */

/* Whatever the URL says, this is whom to connect to. */
static struct curl_slist *
pin(const struct stress_target *t)
{
	char text[sizeof t->address + 16];

	(void)snprintf(text, sizeof text,
	    strchr(t->address, ':') != NULL ? "::[%s]:%u" : "::%s:%u",
	    t->address, t->port);
	return curl_slist_append(NULL, text);
}

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
stress_http_new(const struct stress_target *target, const char *token)
{
	struct stress_http *h = calloc(1, sizeof *h);

	if (h == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return NULL;
	}
	h->target = target;
	h->multi = curl_multi_init();
	h->connect_to = pin(target);
	if (h->multi != NULL && h->connect_to != NULL &&
	    keep_token(h, token) == 0)
		return h;
	stress_http_free(h);
	return NULL;
}

void
stress_http_free(struct stress_http *h)
{
	if (h == NULL)
		return;
	(void)curl_multi_cleanup(h->multi);
	curl_slist_free_all(h->connect_to);
	free(h->authorization);
	free(h);
	curl_global_cleanup();
}

struct stress_client *
stress_client_new(struct stress_http *h, void *ctx)
{
	struct stress_client *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->http = h;
	c->ctx = ctx;
	c->easy = curl_easy_init();
	if (c->easy == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

/* Break its request off. */
static void
leave(struct stress_client *c)
{
	if (c->is_busy)
		(void)curl_multi_remove_handle(c->http->multi, c->easy);
	c->is_busy = false;
}

void
stress_client_free(struct stress_client *c)
{
	if (c == NULL)
		return;
	leave(c);
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	buf_fini(&c->answer);
	free(c);
}

void *
stress_client_ctx(const struct stress_client *c)
{
	return c->ctx;
}

const struct stress_result *
stress_client_result(const struct stress_client *c)
{
	return &c->result;
}

/* ---- a request ---- */

static int
add_header(struct stress_client *c, const char *text)
{
	struct curl_slist *more = curl_slist_append(c->headers, text);

	if (more == NULL)
		return -1;
	c->headers = more;
	return 0;
}

/* What requests have in common. */
static void
prepare(struct stress_client *c)
{
	curl_easy_reset(c->easy);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	c->answer.len = 0;
	c->words[0] = '\0';
	c->result = (struct stress_result){ 0 };
	(void)curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->words);
	(void)curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO,
	    c->http->connect_to);
	/* The next version would lay all clients on one connection. */
	(void)curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT,
	    CONNECT_SECONDS);
	(void)curl_easy_setopt(c->easy, CURLOPT_TIMEOUT, ANSWER_SECONDS);
	(void)curl_easy_setopt(c->easy, CURLOPT_USERAGENT,
	    "thumbctl-stress/" PACKAGE_VERSION);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, &c->answer);
}

static int
begin(struct stress_client *c, const char *url)
{
	if (curl_easy_setopt(c->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers) !=
		CURLE_OK ||
	    curl_multi_add_handle(c->http->multi, c->easy) != CURLM_OK)
		return -1;
	c->is_busy = true;
	return 0;
}

/* Its name is longer than an Idempotency-Key has to be, and nobody else's. */
static int
upload_headers(struct stress_client *c, const char *mark, uint64_t serial)
{
	char key[128];

	(void)snprintf(key, sizeof key, "Idempotency-Key: %s-%" PRIu64, mark,
	    serial);
	if (add_header(c, key) == -1 ||
	    add_header(c, "Content-Type: image/jpeg") == -1 ||
	    add_header(c, "Expect:") == -1)
		return -1;
	return c->http->authorization != NULL
	    ? add_header(c, c->http->authorization)
	    : 0;
}

int
stress_client_upload(struct stress_client *c,
    const struct stress_photos *photos, uint64_t serial)
{
	char url[sizeof c->http->target->base + 16];

	prepare(c);
	stress_body_begin(&c->body, photos, serial);
	(void)snprintf(url, sizeof url, "%s/upload", c->http->target->base);
	(void)curl_easy_setopt(c->easy, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(c->easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
	(void)curl_easy_setopt(c->easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)stress_body_len(&c->body));
	(void)curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, give);
	(void)curl_easy_setopt(c->easy, CURLOPT_READDATA, &c->body);
	(void)curl_easy_setopt(c->easy, CURLOPT_SEEKFUNCTION, rewind_body);
	(void)curl_easy_setopt(c->easy, CURLOPT_SEEKDATA, &c->body);
	if (upload_headers(c, photos->mark, serial) == -1)
		return -1;
	return begin(c, url);
}

int
stress_client_delete(struct stress_client *c, const struct receipt *receipt)
{
	char url[sizeof c->http->target->base + 64];
	char bearer[sizeof receipt->token + 32];

	prepare(c);
	(void)snprintf(url, sizeof url, "%s/photos/%s", c->http->target->base,
	    receipt->id);
	(void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s",
	    receipt->token);
	(void)curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
	if (add_header(c, bearer) == -1)
		return -1;
	return begin(c, url);
}

/* ---- its end ---- */

static void
conclude(struct stress_client *c, CURLcode code)
{
	struct stress_result *r = &c->result;
	curl_off_t us = 0, wait = 0;
	long status = 0, sent = 0;

	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &us);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &wait);
	(void)curl_easy_getinfo(c->easy, CURLINFO_REQUEST_SIZE, &sent);
	leave(c);
	r->status = code == CURLE_OK && status > 0 ? (unsigned)status : 0;
	r->was_sent = sent > 0;
	r->ms = (double)us / 1e3;
	r->wait = wait > 0 && wait < 3600 ? (unsigned)wait : 0;
	r->text = c->answer.data != NULL ? c->answer.data : "";
	r->len = c->answer.len;
	if (r->status == 0)
		(void)snprintf(r->why, sizeof r->why, "%s",
		    c->words[0] != '\0' ? c->words : curl_easy_strerror(code));
}

/* One that has ended, or NULL. */
static struct stress_client *
ended(struct stress_http *h)
{
	struct stress_client *c = NULL;
	CURLMsg *message;
	CURLcode code;
	int left;

	while ((message = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    (char **)&c);
		conclude(c, code);
		return c;
	}
	return NULL;
}

struct stress_client *
stress_http_wait(struct stress_http *h, unsigned ms)
{
	uint64_t end = clock_monotonic_ns() + ms * NS_PER_MS;
	struct stress_client *c;
	int running;

	for (;;) {
		uint64_t now;

		if ((c = ended(h)) != NULL)
			return c;
		(void)curl_multi_perform(h->multi, &running);
		if ((c = ended(h)) != NULL)
			return c;
		now = clock_monotonic_ns();
		if (now >= end)
			return NULL;
		(void)curl_multi_poll(h->multi, NULL, 0,
		    (int)((end - now + NS_PER_MS - 1) / NS_PER_MS), NULL);
	}
}
