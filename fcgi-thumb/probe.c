#include "config.h"

/*
 * The steps of a probe. What is to be taken back is on the page before it is
 * sent: the token follows from the key that goes with it, so that not even an
 * answer is needed to know it. The first step that fails is what is noted; to
 * take back is tried in any case.
 */

#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "child.h"
#include "claim.h"
#include "client.h"
#include "clock.h"
#include "image.h"
#include "number.h"
#include "probe_answer.h"
#include "probe_headers.h"
#include "probe_picture.h"
#include "token.h"

#define KEY_LEN 26                    /* of an Idempotency-Key, at least 22 */
#define TOKEN_SECONDS 60              /* an upload token is good for */
#define ANSWER_MAX (16 * 1024 * 1024) /* a thumbnail's bytes */
#define URL_MAX 1200
#define HEADER_MAX (TOKEN_LEN_MAX + 64)
#define OWN_HEADERS 3

/* For what comes behind a step, of the whole's time. */
#define RESERVE_MS 1000

struct visit {
	const struct probe_plan *plan;
	struct probe_page *page;
	struct probe_debt *own; /* on the page */
	char base[600]; /* scheme, host and prefix, where this one goes */
	struct probe_headers headers;
	struct clients *clients;
	struct client *client;
	const struct preset *preset;
	struct probe_picture picture;
	struct progress progress;
	void *photo; /* its file */
	size_t photo_len;
	size_t at; /* bytes of it that are sent */
	char key[KEY_LEN + 1];
	struct probe_answer answer;
	char id[40];    /* of the last answer's request */
	bool is_judged; /* nothing is noted any more */
};

/* ---- what became of it ---- */

static bool
has_failed(const struct visit *v)
{
	return v->page->entry.probe.code[0] != '\0';
}

/* Where it failed first. */
static void
fail(struct visit *v, enum ledger_step step, unsigned status, const char *code,
    const char *why)
{
	struct ledger_entry *e = &v->page->entry;

	if (has_failed(v) || v->is_judged)
		return;
	e->probe.ok = false;
	e->probe.step = step;
	e->probe.status = (uint16_t)status;
	(void)snprintf(e->probe.request, sizeof e->probe.request, "%s", v->id);
	(void)snprintf(e->probe.why, sizeof e->probe.why, "%s", why);
	(void)snprintf(e->probe.code, sizeof e->probe.code, "%s", code);
}

/* By an answer that is none of those that were wanted. */
static void
fail_by_answer(struct visit *v, enum ledger_step step,
    const struct client_result *r)
{
	char code[40] = "", why[200];

	if (r->status == 0) {
		fail(v, step, 0, "no-answer", r->why);
		return;
	}
	probe_answer_problem(r->status, r->text, r->len, code, sizeof code, why,
	    sizeof why);
	if (code[0] == '\0')
		(void)snprintf(code, sizeof code, "%s",
		    r->status >= 300 && r->status < 400 ? "redirected"
							: "strange-answer");
	fail(v, step, r->status, code, why);
}

static void
settle(struct probe_debt *debt)
{
	debt->receipt.id[0] = '\0';
}

/* ---- requests ---- */

static unsigned
left_ms(const struct visit *v, unsigned reserve)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t least = now + reserve * NS_PER_MS;

	return v->plan->end_ns > least
	    ? (unsigned)((v->plan->end_ns - least) / NS_PER_MS) + 1
	    : 1;
}

/* The answer; NULL after fail(). own: of OWN_HEADERS at most, the last NULL. */
static const struct client_result *
ask(struct visit *v, enum ledger_step step, struct client_request *request,
    const char *const *own, unsigned reserve)
{
	const char *headers[OWN_HEADERS + PROBE_HEADERS_MAX + 1];
	const struct client_result *r;
	unsigned n = 0;

	while (*own != NULL)
		headers[n++] = *own++;
	for (const char *const *line = v->headers.lines; *line != NULL; line++)
		headers[n++] = *line;
	headers[n] = NULL;
	request->headers = headers;
	request->ms = left_ms(v, reserve);
	v->id[0] = '\0';
	if (client_begin(v->client, request) == -1 ||
	    clients_wait(v->clients, request->ms + RESERVE_MS) == NULL) {
		fail(v, step, 0, "prober", "libcurl cannot ask");
		return NULL;
	}
	r = client_result(v->client);
	(void)snprintf(v->id, sizeof v->id, "%s", r->id);
	return r;
}

/* Where it is now, for whoever finds this process dead. */
static void
enter(struct visit *v, enum ledger_step step)
{
	if (!has_failed(v))
		v->page->entry.probe.step = step;
}

static void
note_ms(struct visit *v, enum ledger_ms which, const struct client_result *r)
{
	v->page->entry.probe.ms[which] = (int32_t)(r->ms + 0.5);
}

/* ---- before the first one ---- */

static void
find_base(struct visit *v)
{
	const struct settings *s = v->plan->settings;
	const char *url = s->probe_url[0] != '\0' ? s->probe_url
	    : s->public_url[0] != '\0'            ? s->public_url
						  : "http://localhost";

	(void)snprintf(v->base, sizeof v->base, "%s%s", url, s->prefix);
}

/* "host:port" or "[::1]:port" of the settings, into host and *port. */
static void
split_host(const char *text, char host[256], unsigned *port)
{
	size_t brackets = text[0] == '[';
	size_t len = strcspn(text + brackets, brackets ? "]" : ":");
	const char *rest = text + brackets + len + brackets;
	unsigned long long number = 0;

	if (*rest == ':')
		(void)number_parse(rest + 1, 1, 65535, &number);
	(void)snprintf(host, 256, "%.*s", (int)len, text + brackets);
	*port = (unsigned)number;
}

static int
open_client(struct visit *v)
{
	static char host[256]; /* lives as long as the clients */
	struct client_manner manner = {
		.agent = "thumbctl-probe/" PACKAGE_VERSION,
		.seconds = PROBE_SECONDS,
		.answer_max = ANSWER_MAX,
	};

	if (v->plan->settings->probe_connect[0] != '\0') {
		split_host(v->plan->settings->probe_connect, host,
		    &manner.port);
		manner.host = host;
	}
	v->clients = clients_new(&manner);
	v->client = v->clients != NULL ? client_new(v->clients, NULL) : NULL;
	if (v->client != NULL)
		return 0;
	fail(v, LEDGER_UPLOAD, 0, "prober", "libcurl cannot be used");
	return -1;
}

static int
read_secrets(struct visit *v)
{
	struct settings *s = v->plan->settings;
	char why[256];

	if (settings_read_secrets(s, why, sizeof why) == 0 &&
	    (s->probe_headers[0] == '\0' ||
		probe_headers_read(&v->headers, s->probe_headers, why,
		    sizeof why) == 0))
		return 0;
	fail(v, LEDGER_UPLOAD, 0, "prober", why);
	return -1;
}

static int
make_photo(struct visit *v)
{
	struct settings *s = v->plan->settings;
	struct fault_info info = { 0 };
	enum format format;
	char why[256];

	child_limit_resources();
	progress_start(&v->progress, NULL);
	progress_deadline(&v->progress, v->plan->end_ns);
	v->preset = probe_preset(s);
	if (image_boot(s, v->plan->dir, why, sizeof why) != 0) {
		fail(v, LEDGER_UPLOAD, 0, "prober", why);
		return -1;
	}
	format = probe_format(v->plan->serial);
	(void)snprintf(v->page->entry.probe.format,
	    sizeof v->page->entry.probe.format, "%s",
	    format_spec(format)->name);
	if (probe_picture_draw(&v->picture, v->preset, &s->limits) == 0 &&
	    probe_picture_encode(&v->picture, format, &v->progress, &v->photo,
		&v->photo_len, &info) == FAULT_NONE)
		return 0;
	(void)snprintf(why, sizeof why, "no picture can be made: %s",
	    info.cause);
	fail(v, LEDGER_UPLOAD, 0, "prober", why);
	return -1;
}

/* What is about to be sent, as it is to be taken back. */
static int
owe(struct visit *v)
{
	unsigned char sha[DIGEST_SHA256_LEN];
	struct probe_debt *own = &v->page->debts[v->page->n_debts];
	struct fault_info info;

	own->expires = (int64_t)time(NULL) + PROBE_EXPIRES;
	if (random_name(v->key, KEY_LEN) == -1 ||
	    digest_sha256(v->photo, v->photo_len, sha) == -1)
		return -1;
	photo_id_make(sha, own->receipt.id);
	if (claim_token(v->key, own->receipt.id, own->receipt.token, &info) !=
	    FAULT_NONE)
		return -1;
	v->own = own;
	v->page->n_debts++;
	return 0;
}

static int
prepare(struct visit *v)
{
	find_base(v);
	if (read_secrets(v) == -1 || make_photo(v) == -1 ||
	    open_client(v) == -1)
		return -1;
	if (owe(v) == 0)
		return 0;
	fail(v, LEDGER_UPLOAD, 0, "prober", "no random numbers");
	return -1;
}

/* ---- upload ---- */

static size_t
take(void *ctx, void *out, size_t cap)
{
	struct visit *v = ctx;
	size_t n = v->photo_len - v->at;

	if (n > cap)
		n = cap;
	memcpy(out, (const char *)v->photo + v->at, n);
	v->at += n;
	return n;
}

static void
seek(void *ctx, uint64_t at)
{
	struct visit *v = ctx;

	v->at = (size_t)at;
}

/* -1: no memory. */
static int
make_token(const struct visit *v, char header[HEADER_MAX])
{
	const struct settings *s = v->plan->settings;
	const struct grant grant = { .expires =
					 (int64_t)time(NULL) + TOKEN_SECONDS,
		.owner = "thumbctl-probe",
		.max = v->photo_len };
	char token[TOKEN_LEN_MAX + 1];

	header[0] = '\0';
	if (s->upload_auth != AUTH_TOKEN)
		return 0;
	if (token_make(s->secrets, &grant, token) == -1)
		return -1;
	(void)snprintf(header, HEADER_MAX, "Authorization: Bearer %s", token);
	return 0;
}

/* Can a photo be in the store after that? A refusal comes before it. */
static bool
may_be_stored(const struct client_result *r)
{
	if (r->status == 0)
		return r->was_sent;
	return r->status < 300 || r->status == 500 || r->status == 502 ||
	    r->status == 504;
}

static void
judge_upload(struct visit *v, const struct client_result *r)
{
	const struct probe_answer *a = &v->answer;
	const struct size sent = v->picture.size;

	if (r->status != 200 && r->status != 201) {
		if (!may_be_stored(r))
			settle(v->own);
		fail_by_answer(v, LEDGER_UPLOAD, r);
	} else if (!probe_answer_read(&v->answer, r->text, r->len,
		       v->preset->name) ||
	    strcmp(a->receipt.id, v->own->receipt.id) != 0) {
		fail(v, LEDGER_UPLOAD, r->status, "strange-answer",
		    "the answer does not tell of the photo that was sent");
	} else {
		if (a->receipt.token[0] != '\0')
			v->own->receipt = a->receipt;
		v->page->entry.probe.created = a->created;
		if (!a->created)
			fail(v, LEDGER_UPLOAD, r->status, "exists",
			    "a photo that is new was taken for one that is "
			    "here: nothing was decoded");
		else if (a->photo.width != sent.width ||
		    a->photo.height != sent.height)
			fail(v, LEDGER_UPLOAD, r->status, "wrong-picture",
			    "the answer has another size than the photo");
	}
}

static void
upload(struct visit *v)
{
	const struct client_body body = { .take = take,
		.seek = seek,
		.ctx = v,
		.len = v->photo_len };
	char url[URL_MAX], key[KEY_LEN + 32], token[HEADER_MAX];
	const char *own[OWN_HEADERS + 1] = {
		"Content-Type: application/octet-stream", key, NULL
	};
	struct client_request request = { .method = "PUT",
		.url = url,
		.body = &body };
	const struct client_result *r;

	(void)snprintf(url, sizeof url, "%s/upload?expires=%d&probe=%s",
	    v->base, PROBE_EXPIRES, v->plan->mark);
	(void)snprintf(key, sizeof key, "Idempotency-Key: %s", v->key);
	if (make_token(v, token) == -1) {
		fail(v, LEDGER_UPLOAD, 0, "prober", "no memory left");
		settle(v->own);
		return;
	}
	if (token[0] != '\0')
		own[2] = token;
	r = ask(v, LEDGER_UPLOAD, &request, own, RESERVE_MS);
	if (r == NULL)
		return;
	note_ms(v, LEDGER_MS_UPLOAD, r);
	(void)snprintf(v->page->entry.probe.request,
	    sizeof v->page->entry.probe.request, "%s", r->id);
	judge_upload(v, r);
}

/* ---- read and compare ---- */

static void
compare(struct visit *v, const struct client_result *r)
{
	char why[256];

	enter(v, LEDGER_COMPARE);
	if (r->len != v->answer.bytes) {
		(void)snprintf(why, sizeof why,
		    "the thumbnail has %zu bytes, and the upload's answer said "
		    "%llu",
		    r->len, (unsigned long long)v->answer.bytes);
		fail(v, LEDGER_COMPARE, r->status, "wrong-picture", why);
	} else if (!probe_picture_is_in(&v->picture, v->preset, r->text, r->len,
		       &v->progress, why, sizeof why)) {
		fail(v, LEDGER_COMPARE, r->status, "wrong-picture", why);
	}
}

static void
read_thumbnail(struct visit *v)
{
	static const char *const none[] = { NULL };
	const struct settings *s = v->plan->settings;
	char address[URL_MAX], url[URL_MAX + 64], why[200];
	struct client_request request = { .method = "GET", .url = url };
	const struct client_result *r;

	enter(v, LEDGER_READ);
	if (probe_answer_address(v->answer.url, s->public_url, s->prefix,
		v->base, address, sizeof address) == -1) {
		(void)snprintf(why, sizeof why,
		    "the answer has no address of a thumbnail \"%s\" that is "
		    "this service's",
		    v->preset->name);
		fail(v, LEDGER_READ, 0, "strange-answer", why);
		return;
	}
	(void)snprintf(url, sizeof url, "%s%cprobe=%s", address,
	    strchr(address, '?') != NULL ? '&' : '?', v->plan->mark);
	r = ask(v, LEDGER_READ, &request, none, RESERVE_MS / 2);
	if (r == NULL)
		return;
	note_ms(v, LEDGER_MS_READ, r);
	if (r->status == 200)
		compare(v, r);
	else
		fail_by_answer(v, LEDGER_READ, r);
}

/* ---- back ---- */

/* The answer, or NULL. One that is gone is as good as one that goes. */
static const struct client_result *
take_back(struct visit *v, struct probe_debt *debt)
{
	char url[URL_MAX], bearer[HEADER_MAX];
	const char *const own[] = { bearer, NULL };
	struct client_request request = { .method = "DELETE", .url = url };
	const struct client_result *r;

	(void)snprintf(url, sizeof url, "%s/photos/%s?probe=%s", v->base,
	    debt->receipt.id, v->plan->mark);
	(void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s",
	    debt->receipt.token);
	r = ask(v, LEDGER_DELETE, &request, own, 0);
	if (r != NULL && (r->status == 204 || r->status == 404))
		settle(debt);
	return r;
}

/* Of one that came in for sure it is a step; what is not there is a fault too. */
static void
take_back_own(struct visit *v)
{
	bool is_sure = v->answer.receipt.id[0] != '\0';
	const struct client_result *r;

	if (v->own->receipt.id[0] == '\0')
		return;
	enter(v, LEDGER_DELETE);
	r = take_back(v, v->own);
	if (r == NULL || !is_sure)
		return;
	note_ms(v, LEDGER_MS_DELETE, r);
	if (r->status != 204)
		fail_by_answer(v, LEDGER_DELETE, r);
}

static void
take_back_others(struct visit *v)
{
	for (unsigned i = 0; i + 1 < v->page->n_debts; i++)
		if (left_ms(v, 0) > 1)
			(void)take_back(v, &v->page->debts[i]);
}

/* ---- all ---- */

void
probe_page_begin(struct probe_page *page, const struct probe_state *state)
{
	struct ledger_entry *e = &page->entry;

	*page = (struct probe_page){ .entry.kind = LEDGER_PROBE };
	e->probe.step = LEDGER_UPLOAD;
	for (enum ledger_ms i = 0; i < LEDGER_MS_COUNT; i++)
		e->probe.ms[i] = LEDGER_MS_NONE;
	(void)snprintf(e->probe.version, sizeof e->probe.version, "%s",
	    PACKAGE_VERSION);
	memcpy(page->debts, state->debts, sizeof state->debts);
	page->n_debts = state->n_debts;
}

static void
visit(struct visit *v)
{
	if (prepare(v) == -1)
		return;
	upload(v);
	if (!has_failed(v))
		read_thumbnail(v);
	take_back_own(v);
	v->is_judged = true;
	v->page->entry.probe.ok = !has_failed(v);
	take_back_others(v);
}

void
probe_run(const struct probe_plan *plan, struct probe_page *page)
{
	struct visit *v = calloc(1, sizeof *v);

	if (v == NULL)
		return;
	v->plan = plan;
	v->page = page;
	visit(v);
	client_free(v->client);
	clients_free(v->clients);
	free(v->photo);
	free(v);
}
