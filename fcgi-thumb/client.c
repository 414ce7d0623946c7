#include "config.h"

/* HTTP by libcurl: easy handles for the clients, a multi handle for all. */

#include "client.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "clock.h"

#define CONNECT_SECONDS 5L
#define SEND_BYTES (256L * 1024)

struct client {
	struct clients *all;
	CURL *easy;
	struct curl_slist *headers; /* of the request under way */
	void *ctx;
	struct client_body body;
	struct buf answer;
	struct client_result result;
	char words[CURL_ERROR_SIZE];
	bool is_busy;
};

struct clients {
	CURLM *multi;
	struct curl_slist *connect_to;
	struct client_manner manner;
};

/* ---- libcurl's questions ---- */

static size_t
give(char *out, size_t size, size_t n, void *ctx)
{
	const struct client_body *body = ctx;

	return body->take(body->ctx, out, size * n);
}

/* A kept connection had ended: from the beginning once more. */
static int
rewind_body(void *ctx, curl_off_t offset, int origin)
{
	const struct client_body *body = ctx;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	body->seek(body->ctx, (uint64_t)offset);
	return CURL_SEEKFUNC_OK;
}

static size_t
take(char *data, size_t size, size_t n, void *ctx)
{
	struct client *c = ctx;

	if (c->answer.len + size * n > c->all->manner.answer_max)
		return 0;
	buf_add(&c->answer, data, size * n);
	return c->answer.failed ? 0 : size * n;
}

/* A header as it came, with its line's end. Of several the last one counts. */
static size_t
take_header(char *data, size_t size, size_t n, void *ctx)
{
	static const char name[] = "X-Request-Id:";
	struct client *c = ctx;
	size_t len = size * n, at = sizeof name - 1, used = 0;

	if (len < at || strncasecmp(data, name, at) != 0)
		return len;
	while (at < len && data[at] == ' ')
		at++;
	while (at < len && used < sizeof c->result.id - 1 &&
	    isalnum((unsigned char)data[at]))
		c->result.id[used++] = data[at++];
	c->result.id[used] = '\0';
	return len;
}

/* ---- all ---- */

/* 0, or -1 without memory. */
static int
pin(struct clients *all)
{
	const struct client_manner *m = &all->manner;
	char port[12] = "", text[300];

	if (m->host == NULL)
		return 0;
	if (m->port != 0)
		(void)snprintf(port, sizeof port, "%u", m->port);
	(void)snprintf(text, sizeof text,
	    strchr(m->host, ':') != NULL ? "::[%s]:%s" : "::%s:%s", m->host,
	    port);
	all->connect_to = curl_slist_append(NULL, text);
	return all->connect_to != NULL ? 0 : -1;
}

struct clients *
clients_new(const struct client_manner *manner)
{
	struct clients *all = calloc(1, sizeof *all);

	if (all == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(all);
		return NULL;
	}
	all->manner = *manner;
	all->multi = curl_multi_init();
	if (all->multi != NULL && pin(all) == 0)
		return all;
	clients_free(all);
	return NULL;
}

void
clients_free(struct clients *all)
{
	if (all == NULL)
		return;
	(void)curl_multi_cleanup(all->multi);
	curl_slist_free_all(all->connect_to);
	free(all);
	curl_global_cleanup();
}

struct client *
client_new(struct clients *all, void *ctx)
{
	struct client *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->all = all;
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
leave(struct client *c)
{
	if (c->is_busy)
		(void)curl_multi_remove_handle(c->all->multi, c->easy);
	c->is_busy = false;
}

void
client_free(struct client *c)
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
client_ctx(const struct client *c)
{
	return c->ctx;
}

const struct client_result *
client_result(const struct client *c)
{
	return &c->result;
}

/* ---- a request ---- */

static int
add_header(struct client *c, const char *text)
{
	struct curl_slist *more = curl_slist_append(c->headers, text);

	if (more == NULL)
		return -1;
	c->headers = more;
	return 0;
}

/* What requests have in common. */
static void
prepare(struct client *c)
{
	const struct client_manner *m = &c->all->manner;

	curl_easy_reset(c->easy);
	curl_slist_free_all(c->headers);
	c->headers = NULL;
	c->answer.len = 0;
	c->words[0] = '\0';
	c->result = (struct client_result){ 0 };
	(void)curl_easy_setopt(c->easy, CURLOPT_PRIVATE, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_ERRORBUFFER, c->words);
	(void)curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c->easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L);
	(void)curl_easy_setopt(c->easy, CURLOPT_CONNECT_TO, c->all->connect_to);
	/* The next version would lay all clients on one connection. */
	(void)curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT,
	    CONNECT_SECONDS);
	(void)curl_easy_setopt(c->easy, CURLOPT_TIMEOUT, (long)m->seconds);
	(void)curl_easy_setopt(c->easy, CURLOPT_USERAGENT, m->agent);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, take);
	(void)curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	(void)curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
}

/* 0, or -1 without memory. */
static int
prepare_body(struct client *c, const struct client_body *body)
{
	if (body == NULL)
		return 0;
	c->body = *body;
	(void)curl_easy_setopt(c->easy, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(c->easy, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BYTES);
	(void)curl_easy_setopt(c->easy, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)body->len);
	(void)curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, give);
	(void)curl_easy_setopt(c->easy, CURLOPT_READDATA, &c->body);
	(void)curl_easy_setopt(c->easy, CURLOPT_SEEKFUNCTION, rewind_body);
	(void)curl_easy_setopt(c->easy, CURLOPT_SEEKDATA, &c->body);
	/* Nobody here says 100 before the whole is there. */
	return add_header(c, "Expect:");
}

int
client_begin(struct client *c, const struct client_request *request)
{
	const char *const *header = request->headers;

	prepare(c);
	if (prepare_body(c, request->body) == -1)
		return -1;
	for (; header != NULL && *header != NULL; header++)
		if (add_header(c, *header) == -1)
			return -1;
	if (request->ms != 0)
		(void)curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS,
		    (long)request->ms);
	if (curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, request->method) !=
		CURLE_OK ||
	    curl_easy_setopt(c->easy, CURLOPT_URL, request->url) != CURLE_OK ||
	    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers) !=
		CURLE_OK ||
	    curl_multi_add_handle(c->all->multi, c->easy) != CURLM_OK)
		return -1;
	c->is_busy = true;
	return 0;
}

/* ---- its end ---- */

static void
conclude(struct client *c, CURLcode code)
{
	struct client_result *r = &c->result;
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
static struct client *
ended(struct clients *all)
{
	struct client *c = NULL;
	CURLMsg *message;
	CURLcode code;
	int left;

	while ((message = curl_multi_info_read(all->multi, &left)) != NULL) {
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

struct client *
clients_wait(struct clients *all, unsigned ms)
{
	uint64_t end = clock_monotonic_ns() + ms * NS_PER_MS;
	struct client *c;
	int running;

	for (;;) {
		uint64_t now;

		if ((c = ended(all)) != NULL)
			return c;
		(void)curl_multi_perform(all->multi, &running);
		if ((c = ended(all)) != NULL)
			return c;
		now = clock_monotonic_ns();
		if (now >= end)
			return NULL;
		(void)curl_multi_poll(all->multi, NULL, 0,
		    (int)((end - now + NS_PER_MS - 1) / NS_PER_MS), NULL);
	}
}
