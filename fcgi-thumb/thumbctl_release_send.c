#include "config.h"

/*
 * The way of a photo through one master: sent, looked at, taken back, as nginx
 * would ask for it, with nobody's nginx between. What is sent is owed from the
 * moment before; its token follows from the key that goes with it, so that no
 * answer is needed to take it back.
 */

#include "thumbctl_release_exam.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "claim.h"
#include "clock.h"
#include "digest.h"
#include "image.h"
#include "probe_answer.h"
#include "sniff.h"
#include "store_admin.h"
#include "thumbctl_ask.h"
#include "token.h"
#include "trial.h"

#define KEY_LEN 26       /* of an Idempotency-Key */
#define TOKEN_SECONDS 60 /* an upload token is good for */
#define ANSWER_MAX (1 << 20)
#define CONTROL_MS 5000
#define URI_MAX 1200

/* What a request may take beyond what the service itself allows it. */
#define GRACE_SECONDS 3
#define WORDS_MS 500

/* From here on it is no accident. */
#define DEATHS_MAX 3

/* For one that has too much to do, and may have less soon. */
#define TRIES 4
#define PAUSE_MS 500

/* ---- how an answer is understood ---- */

static const char *
settings_prefix(const struct exam *x, enum exam_side side)
{
	return x->sides[side].settings->prefix;
}

static void
pause_ms(unsigned ms)
{
	const struct timespec ts = { ms / 1000, (long)(ms % 1000 * NS_PER_MS) };

	(void)nanosleep(&ts, NULL);
}

/* Its own watchdog ends a photo worker before this. */
static unsigned
longest_ms(const struct exam *x, enum exam_side side)
{
	const struct limits *limits = &x->sides[side].settings->limits;

	return (limits->job_seconds + limits->queue_seconds + GRACE_SECONDS) *
	    1000;
}

/* What is left of it in the time of the whole, with some for words. */
static unsigned
patience_ms(const struct exam *x, enum exam_side side)
{
	uint64_t now = clock_monotonic_ns() + WORDS_MS * NS_PER_MS;
	uint64_t end = x->progress.deadline_ns;
	uint64_t left = end > now ? (end - now) / NS_PER_MS : 1;
	unsigned longest = longest_ms(x, side);

	return left < longest ? (unsigned)left : longest;
}

/* No answer: what that tells of the one that was asked. */
static void
explain_silence(struct exam *x, enum exam_side side, const char *socket,
    double ms)
{
	struct exam_bench *b = &x->sides[side];
	bool hung = errno == ETIMEDOUT ||
	    (errno == ECONNRESET &&
		ms >= b->settings->limits.job_seconds * 1e3);

	if (hung)
		(void)snprintf(x->why, sizeof x->why,
		    "%s hangs: no answer in %.1f s", exam_name(x, side),
		    ms / 1e3);
	else if (errno == ECONNRESET)
		(void)snprintf(x->why, sizeof x->why,
		    "%s died of it: the connection ended without an answer "
		    "after %.2f s",
		    exam_name(x, side), ms / 1e3);
	else
		(void)snprintf(x->why, sizeof x->why, "%s: %s", socket,
		    errno == EAGAIN ? "its queue is full" : strerror(errno));
	b->is_lost = b->is_lost || hung || errno != ECONNRESET ||
	    ++b->deaths == DEATHS_MAX;
}

/* Any answer but the one that was wanted. True: it has too much to do. */
static bool
explain_answer(struct exam *x, const struct asked *a)
{
	char code[40], words[200];

	probe_answer_problem((unsigned)a->status, a->body, a->body_len, code,
	    sizeof code, words, sizeof words);
	(void)snprintf(x->why, sizeof x->why, "%d %s%s%s", a->status, code,
	    code[0] != '\0' ? ": " : "", words);
	return strcmp(code, "overloaded") == 0;
}

/* ---- upload ---- */

/* What is about to be sent, as it is to be taken back. */
static struct exam_debt *
owe(struct exam *x, const void *photo, size_t len, char key[KEY_LEN + 1])
{
	struct exam_debt *debt = &x->page->debts[x->page->n_debts];
	unsigned char sha[DIGEST_SHA256_LEN];
	struct fault_info info;

	if (x->page->n_debts == EXAM_DEBTS_MAX ||
	    random_name(key, KEY_LEN) == -1 ||
	    digest_sha256(photo, len, sha) == -1)
		return NULL;
	photo_id_make(sha, debt->receipt.id);
	if (claim_token(key, debt->receipt.id, debt->receipt.token, &info) !=
	    FAULT_NONE)
		return NULL;
	debt->is_open = true;
	x->page->n_debts++;
	return debt;
}

/* "Bearer ..." where the side wants one, else "". -1: no memory. */
static int
make_bearer(const struct settings *s, size_t len, char out[TOKEN_LEN_MAX + 16])
{
	const struct grant grant = { .expires =
					 (int64_t)time(NULL) + TOKEN_SECONDS,
		.owner = "thumbctl-release",
		.max = len };
	char token[TOKEN_LEN_MAX + 1];

	out[0] = '\0';
	if (s->upload_auth != AUTH_TOKEN)
		return 0;
	if (token_make(s->secrets, &grant, token) == -1)
		return -1;
	(void)snprintf(out, TOKEN_LEN_MAX + 16, "Bearer %s", token);
	return 0;
}

/* A name by which the log's line of it can be found, and told from a user's. */
static void
make_request_id(char out[48])
{
	char name[17] = "";

	(void)random_name(name, sizeof name - 1);
	(void)snprintf(out, 48, "thumbctl-release-%s", name);
}

/* As nginx says it: seconds and milliseconds. */
static void
make_moment(char out[32])
{
	uint64_t now = clock_wall_ms();

	(void)snprintf(out, 32, "%llu.%03u", (unsigned long long)now / 1000,
	    (unsigned)(now % 1000));
}

/* The photo in an upload's answer. 0, or -1: there is none. */
static int
read_photo(const struct asked *a, struct manifest *out)
{
	json_t *document = json_loadb(a->body, a->body_len, 0, NULL);
	json_t *photo = json_array_get(json_object_get(document, "photos"), 0);
	char *text = photo != NULL ? json_dumps(photo, JSON_COMPACT) : NULL;
	int rc = text != NULL ? manifest_parse(text, strlen(text), out) : -1;

	free(text);
	json_decref(document);
	return rc;
}

static int
judge_upload(struct exam *x, const struct asked *a, struct exam_photo *out)
{
	struct probe_answer answer;

	if (!probe_answer_read(&answer, a->body, a->body_len, "") ||
	    read_photo(a, &out->manifest) == -1 ||
	    strcmp(out->manifest.id, out->debt->receipt.id) != 0) {
		(void)snprintf(x->why, sizeof x->why,
		    "the answer does not tell of the photo that was sent");
		return -1;
	}
	if (answer.created && a->status == 201)
		return 0;
	(void)snprintf(x->why, sizeof x->why,
	    "a photo that is new was taken for one that is here: nothing was "
	    "decoded");
	return -1;
}

/* Can the photo be in the store after that answer? A refusal comes before. */
static bool
may_be_stored(int status)
{
	return status < 300 || status == 500;
}

/* Once. *again: a later try may do. */
static int
try_send(struct exam *x, struct ask *a, struct exam_photo *out, bool *again)
{
	struct exam_debt *debt = out->debt;
	struct asked asked;
	int rc = ask(a, &asked);

	*again = false;
	out->ms = asked.ms;
	/* Who has had no time for it until then refuses it. */
	debt->is_open =
	    rc == -1 && errno == ETIMEDOUT && a->ms < longest_ms(x, out->side);
	debt->was_fatal = rc == -1;
	if (rc == -1) {
		explain_silence(x, out->side, a->path, asked.ms);
	} else if (asked.status == 200 || asked.status == 201) {
		rc = judge_upload(x, &asked, out);
	} else {
		*again = explain_answer(x, &asked);
		debt->is_settled = !may_be_stored(asked.status);
		rc = -1;
	}
	asked_fini(&asked);
	return rc;
}

#define AUTHORIZATION 7 /* where it stands among the parameters below */

static int
send_owed(struct exam *x, struct exam_photo *out, const char *key,
    const void *photo, size_t len)
{
	const struct exam_bench *b = &x->sides[out->side];
	char uri[URI_MAX], query[32], id[48], moment[32],
	    bearer[TOKEN_LEN_MAX + 16];
	struct ask a = { .path = b->photo,
		.params = { { "REQUEST_METHOD", "PUT" },
		    { "DOCUMENT_URI", uri }, { "QUERY_STRING", query },
		    { "CONTENT_TYPE", "application/octet-stream" },
		    { "REQUEST_ID", id }, { "QUEUE_MSEC", moment },
		    { "HTTP_IDEMPOTENCY_KEY", key }, { NULL, bearer } },
		.body = photo,
		.len = len,
		.ms = patience_ms(x, out->side),
		.answer_max = ANSWER_MAX };
	bool again = true;
	int rc = -1;

	if (make_bearer(b->settings, len, bearer) == -1)
		return -1;
	if (bearer[0] != '\0')
		a.params[AUTHORIZATION].name = "HTTP_AUTHORIZATION";
	(void)snprintf(uri, sizeof uri, "%s/upload",
	    settings_prefix(x, out->side));
	(void)snprintf(query, sizeof query, "expires=%d", EXAM_EXPIRES);
	make_request_id(id);
	for (unsigned i = 0; i < TRIES && rc == -1 && again; i++) {
		if (i > 0)
			pause_ms(PAUSE_MS);
		make_moment(moment);
		rc = try_send(x, &a, out, &again);
	}
	return rc;
}

int
exam_send(struct exam *x, enum exam_side side, const void *photo, size_t len,
    struct exam_photo *out)
{
	char key[KEY_LEN + 1];

	*out = (struct exam_photo){ .side = side };
	(void)snprintf(x->why, sizeof x->why, "no memory left");
	if (x->sides[side].is_lost)
		return -1;
	out->debt = owe(x, photo, len, key);
	return out->debt != NULL ? send_owed(x, out, key, photo, len) : -1;
}

int
exam_send_marked(struct exam *x, enum exam_side side, enum format format,
    const void *photo, size_t len, struct exam_photo *out)
{
	struct buf marked = { 0 };
	char name[27], words[80];
	int rc = -1;

	*out = (struct exam_photo){ .side = side };
	(void)snprintf(x->why, sizeof x->why, "no such photo can be made");
	if (random_name(name, sizeof name - 1) == 0) {
		(void)snprintf(words, sizeof words,
		    "fcgi-thumb release check %s", name);
		if (trial_mark(format, photo, len, words, &marked))
			rc = exam_send(x, side, marked.data, marked.len, out);
	}
	buf_fini(&marked);
	return rc;
}

/* ---- thumbnails ---- */

/* As nginx asks for one that is not there. */
static int
ask_first(struct exam *x, const struct exam_photo *p,
    const struct preset *preset, enum format format)
{
	const char *ext = format_spec(format)->ext;
	char uri[URI_MAX], id[48], moment[32];
	const struct ask a = { .path = x->sides[p->side].photo,
		.params = { { "REQUEST_METHOD", "GET" },
		    { "DOCUMENT_URI", uri }, { "REQUEST_ID", id },
		    { "QUEUE_MSEC", moment }, { "THUMB_URI", uri },
		    { "THUMB_ID", p->manifest.id },
		    { "THUMB_PRESET", preset->name }, { "THUMB_EXT", ext } },
		.ms = patience_ms(x, p->side),
		.answer_max = ANSWER_MAX };
	struct asked asked;
	int rc;

	(void)snprintf(uri, sizeof uri,
	    "%s/t/%s/%s.%s?v=", settings_prefix(x, p->side), p->manifest.id,
	    preset->name, ext);
	make_request_id(id);
	make_moment(moment);
	rc = ask(&a, &asked);
	if (rc == -1) {
		p->debt->was_fatal = true;
		explain_silence(x, p->side, a.path, asked.ms);
	} else if (asked.status != 200) {
		(void)explain_answer(x, &asked);
		rc = -1;
	} else if (strstr(asked.text.data, "\r\nX-Accel-Redirect: ") == NULL) {
		(void)snprintf(x->why, sizeof x->why,
		    "the answer does not send nginx to the file");
		rc = -1;
	}
	asked_fini(&asked);
	return rc;
}

int
exam_variant(struct exam *x, const struct exam_photo *p,
    const struct preset *preset, enum format format, struct variant *out,
    bool *is_first)
{
	/* Its recipe is its version's, which may be none that we know. */
	const struct variant *v =
	    manifest_find_any(&p->manifest, preset, format);
	struct fault_info info = { 0 };
	struct look look;

	*is_first = v == NULL;
	if (v != NULL) {
		*out = *v;
		return 0;
	}
	if (x->sides[p->side].is_lost || ask_first(x, p, preset, format) == -1)
		return -1;
	if (store_look(x->store, p->manifest.id, x->sides[p->side].settings,
		&look, &info) == FAULT_NONE)
		v = manifest_find_any(&look.manifest, preset, format);
	if (v == NULL) {
		(void)snprintf(x->why, sizeof x->why,
		    "it is not in the store, and should be");
		return -1;
	}
	*out = *v;
	return 0;
}

enum fault
exam_decode(struct exam *x, const void *data, size_t len,
    struct exam_pixels *out, struct fault_info *info)
{
	struct image *img = NULL;
	struct sniff sniff;
	enum fault f = sniff_read(data, len, &sniff, info);

	if (f == FAULT_NONE)
		f = image_decode(data, len, &sniff,
		    (struct size){ sniff.width, sniff.height }, &x->progress,
		    &img, info);
	if (f == FAULT_NONE)
		f = image_to_srgb(img, info);
	if (f == FAULT_NONE) {
		*out = (struct exam_pixels){ .format = sniff.format,
			.size = image_size(img),
			.frames = sniff.frames };
		out->rgba = image_export(img, out->size);
		if (out->rgba == NULL)
			f = fault_set(info, FAULT_TOO_MUCH_MEMORY, "%s", "");
	}
	image_free(img);
	return f;
}

int
exam_look(struct exam *x, const struct exam_photo *p, const struct variant *v,
    struct exam_pixels *out)
{
	struct fault_info info = { 0 };
	char *data = NULL;
	size_t len = 0;
	enum fault f = store_read_thumbnail(x->store, p->manifest.id, v, &data,
	    &len, &info);

	*out = (struct exam_pixels){ .frames = 0 };
	if (f == FAULT_NONE && len == v->bytes)
		f = exam_decode(x, data, len, out, &info);
	if (f != FAULT_NONE)
		(void)snprintf(x->why, sizeof x->why, "%s: %.120s%.120s",
		    fault_code(f), info.detail, info.cause);
	else if (len != v->bytes)
		(void)snprintf(x->why, sizeof x->why,
		    "it has %zu bytes, and %llu are told", len,
		    (unsigned long long)v->bytes);
	else if (out->format != v->format)
		(void)snprintf(x->why, sizeof x->why, "it is a %s",
		    format_spec(out->format)->title);
	else if (out->size.width != v->size.width ||
	    out->size.height != v->size.height)
		(void)snprintf(x->why, sizeof x->why,
		    "it has %u x %u px, and %u x %u are told", out->size.width,
		    out->size.height, v->size.width, v->size.height);
	else {
		free(data);
		return 0;
	}
	free(data);
	free(out->rgba);
	out->rgba = NULL;
	return -1;
}

/* ---- back ---- */

int
exam_take_back(struct exam *x, const struct exam_photo *p)
{
	struct exam_debt *debt = p->debt;
	char uri[URI_MAX], id[48], bearer[CLAIM_TOKEN_LEN + 16];
	const struct ask a = { .path = x->sides[p->side].control,
		.params = { { "REQUEST_METHOD", "DELETE" },
		    { "DOCUMENT_URI", uri }, { "REQUEST_ID", id },
		    { "HTTP_AUTHORIZATION", bearer } },
		.ms = CONTROL_MS,
		.answer_max = ANSWER_MAX };
	struct asked asked;
	int rc;

	if (debt == NULL || debt->is_settled)
		return 0;
	(void)snprintf(uri, sizeof uri, "%s/photos/%s",
	    settings_prefix(x, p->side), debt->receipt.id);
	(void)snprintf(bearer, sizeof bearer, "Bearer %s", debt->receipt.token);
	make_request_id(id);
	rc = ask(&a, &asked);
	if (rc == -1) {
		explain_silence(x, p->side, a.path, asked.ms);
	} else if (asked.status == 204) {
		debt->is_settled = true;
	} else {
		(void)explain_answer(x, &asked);
		rc = -1;
	}
	asked_fini(&asked);
	return rc;
}

#define CLEAN_SECONDS 8
#define OPEN_SECONDS 3 /* for what may still come in */
#define BLAME_MS 300   /* that a master needs to note of what its worker died */

/* True: it may still come in. */
static bool
drop(struct store *store, struct exam_debt *debt, uint64_t until)
{
	struct fault_info info;

	if (debt->is_settled)
		return false;
	if (claim_drop(store, debt->receipt.id, debt->receipt.token, until,
		&info) == FAULT_NOT_FOUND &&
	    debt->is_open)
		return true;
	debt->is_settled = true;
	return false;
}

/* What a process has died of is one of ours, and no danger to anybody. */
static void
forgive(struct exam_page *page, struct store *store)
{
	struct fault_info info;
	bool has_waited = false;

	for (unsigned i = 0; i < page->n_debts; i++) {
		if (!page->debts[i].was_fatal)
			continue;
		if (!has_waited)
			pause_ms(BLAME_MS);
		has_waited = true;
		(void)store_release(store, page->debts[i].receipt.id, &info);
	}
}

void
exam_clean(struct exam *x, struct store *store)
{
	uint64_t now = clock_monotonic_ns();
	uint64_t until = now + CLEAN_SECONDS * NS_PER_S;
	struct exam_page *page = x->page;
	bool more;

	do {
		more = false;
		for (unsigned i = 0; i < page->n_debts; i++)
			more = drop(store, &page->debts[i], until) || more;
		if (more)
			pause_ms(50);
	} while (more && clock_monotonic_ns() < now + OPEN_SECONDS * NS_PER_S);
	forgive(page, store);
	(void)store_empty_trash(store, until, NULL);
}
