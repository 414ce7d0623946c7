#include "config.h"

#include "window.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "accessline.h"
#include "number.h"
#include "tail.h"

/*
 * Times that are kept of a slot. Of more than these each is as likely to be
 * among them (Vitter's algorithm R), so that their percentiles are those of all.
 */
#define TIMES_MAX 10000

#define TIME_LEN_MAX 12 /* of "86400.000": what is longer is none */
#define READS_MAX 16

struct side {
	uint64_t requests, errors, refusals;
	uint64_t uploads; /* whose times came along */
	uint32_t ms[TIMES_MAX];
	uint32_t sorted[TIMES_MAX];
};

struct window {
	struct tail *tail;
	struct access_reader reader;
	int64_t from;
	uint64_t chance;
	struct side sides[SLOT_COUNT];
};

/* ---- open and close ---- */

struct window *
window_open(const char *path, const char *prefix, const char *mark,
    int64_t from)
{
	static const struct tail_place end;
	struct window *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	window_begin(w, from);
	if (path != NULL)
		w->tail = tail_open(path, &end);
	if (access_reader_init(&w->reader, prefix, mark) == -1 ||
	    (path != NULL && (w->tail == NULL || window_read(w) == -1))) {
		int saved = errno;

		window_close(w);
		errno = saved;
		return NULL;
	}
	return w;
}

void
window_close(struct window *w)
{
	if (w == NULL)
		return;
	tail_close(w->tail);
	access_reader_fini(&w->reader);
	free(w);
}

void
window_begin(struct window *w, int64_t from)
{
	memset(w->sides, 0, sizeof w->sides);
	w->from = from;
	w->chance = UINT64_C(0x9e3779b97f4a7c15);
}

/* ---- lines ---- */

/* Below n. xorshift64*: nobody gains by knowing which times are kept. */
static uint64_t
chance(struct window *w, uint64_t n)
{
	w->chance ^= w->chance >> 12;
	w->chance ^= w->chance << 25;
	w->chance ^= w->chance >> 27;
	return w->chance * UINT64_C(0x2545f4914f6cdd1d) % n;
}

static void
take_time(struct window *w, struct side *side, uint32_t ms)
{
	uint64_t place = side->uploads++;

	if (place >= TIMES_MAX)
		place = chance(w, side->uploads);
	if (place < TIMES_MAX)
		side->ms[place] = ms;
}

/* "1.042" as ms. False: it is none. */
static bool
parse_time(const char *text, size_t len, uint64_t *ms)
{
	uint64_t n = 0;

	if (len < sizeof "0.010" - 1 || len > TIME_LEN_MAX ||
	    text[len - 4] != '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (i == len - 4)
			continue;
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(text[i] - '0');
	}
	*ms = n;
	return true;
}

/*
 * All that workers took: "0.010", or "0.010, 0.020" and "0.010 : 0.020" where one
 * after the other was asked, "-" where one was not. False: no time is in it.
 */
static bool
parse_times(const char *text, size_t len, uint32_t *out)
{
	uint64_t sum = 0, ms;
	bool found = false;

	for (size_t at = 0, word; at < len; at += word + 1) {
		word = 0;
		while (
		    at + word < len && strchr(", :", text[at + word]) == NULL)
			word++;
		if (!parse_time(text + at, word, &ms))
			continue;
		sum += ms;
		found = true;
	}
	if (!found || sum > UINT32_MAX)
		return false;
	*out = (uint32_t)sum;
	return true;
}

/*
 * Without the time in the queue. How long that is comes of a slot's share: the
 * one that more users come to would seem slower, by the same work.
 */
static bool
time_of_work(const char *line, size_t len, uint32_t *out)
{
	size_t n;
	const char *text = access_line_text(line, len, "upstream_seconds", &n);
	unsigned long long queued = 0;
	char digits[12];

	if (text == NULL || !parse_times(text, n, out))
		return false;
	text = access_line_text(line, len, "queue_ms", &n);
	if (text != NULL && n < sizeof digits) {
		memcpy(digits, text, n);
		digits[n] = '\0';
		(void)number_parse(digits, 0, UINT32_MAX, &queued);
	}
	*out -= queued < *out ? (uint32_t)queued : *out;
	return true;
}

/* NULL: of no slot that there is. */
static struct side *
side_of(struct window *w, const char *line, size_t len)
{
	size_t n;
	const char *slot = access_line_text(line, len, "slot", &n);

	if (slot == NULL)
		return &w->sides[SLOT_NONE];
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		const char *name = settings_slot_name((enum release_slot)i);

		if (strlen(name) == n && memcmp(slot, name, n) == 0)
			return &w->sides[i];
	}
	return NULL;
}

/* Not what nginx answered of itself: files, and what it turned away. */
static bool
met_a_worker(const char *line, size_t len)
{
	size_t n;

	return access_line_text(line, len, "upstream_status", &n) != NULL &&
	    n > 0;
}

void
window_take(struct window *w, const char *text, size_t len)
{
	struct access_line line;
	struct side *side;
	uint32_t ms;

	if (!access_line_read(&w->reader, text, len, &line) ||
	    line.second < w->from || line.status == 429 || line.status == 499 ||
	    !met_a_worker(text, len))
		return;
	side = side_of(w, text, len);
	if (side == NULL)
		return;
	side->requests++;
	side->errors += line.status >= 500;
	side->refusals += line.status == 415 || line.status == 422;
	if (line.kind == ACCESS_UPLOAD &&
	    (line.status == 200 || line.status == 201) &&
	    time_of_work(text, len, &ms))
		take_time(w, side, ms);
}

static bool
take_line(void *ctx, const char *line, size_t len, const struct tail_place *at)
{
	(void)at;
	window_take(ctx, line, len);
	return true;
}

/* A log that grows as quickly as it is read is read on at the next call. */
int
window_read(struct window *w)
{
	unsigned reads = 1;

	while (tail_read(w->tail, take_line, w) && reads < READS_MAX)
		reads++;
	return errno == 0 ? 0 : -1;
}

/* ---- samples ---- */

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void
window_sample(struct window *w, enum release_slot slot,
    struct verdict_sample *out)
{
	struct side *side = &w->sides[slot];
	size_t n = side->uploads < TIMES_MAX ? side->uploads : TIMES_MAX;

	memcpy(side->sorted, side->ms, n * sizeof side->ms[0]);
	qsort(side->sorted, n, sizeof side->sorted[0], compare);
	*out = (struct verdict_sample){ .requests = side->requests,
		.errors = side->errors,
		.refusals = side->refusals,
		.ms = side->sorted,
		.n_ms = n };
}
