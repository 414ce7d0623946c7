#include "config.h"

#include "accessline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "terms_time.h"

/* ---- whose ---- */

int
access_reader_init(struct access_reader *r, const char *prefix,
    const char *mark)
{
	*r = (struct access_reader){ .prefix = strdup(prefix) };
	if (r->prefix == NULL)
		return -1;
	if (mark[0] == '\0')
		return 0;
	if (asprintf(&r->mark, "probe=%s", mark) == -1) {
		r->mark = NULL;
		return -1;
	}
	return 0;
}

void
access_reader_fini(struct access_reader *r)
{
	free(r->prefix);
	free(r->mark);
	*r = (struct access_reader){ 0 };
}

/* ---- lines ---- */

/* What comes behind `"key":` in a line, up to its end; NULL: it has none. */
static const char *
value_of(const char *line, size_t len, const char *key)
{
	const char *at = memmem(line, len, key, strlen(key));

	return at != NULL ? at + strlen(key) : NULL;
}

const char *
access_line_text(const char *line, size_t len, const char *key,
    size_t *text_len)
{
	char wanted[64];
	const char *at, *quote;

	(void)snprintf(wanted, sizeof wanted, "\"%s\":\"", key);
	at = value_of(line, len, wanted);
	quote = at != NULL ? memchr(at, '"', (size_t)(line + len - at)) : NULL;
	if (quote == NULL)
		return NULL;
	*text_len = (size_t)(quote - at);
	return at;
}

/* A number of n digits. -1: they are none. */
static int
number_of(const char *at, unsigned n)
{
	int number = 0;

	for (unsigned i = 0; i < n; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		number = number * 10 + (at[i] - '0');
	}
	return number;
}

/* The second of "2026-11-28T09:51:20+01:00" in ms, or -1. */
static int64_t
second_of(struct access_reader *r, const char *at, const char *end)
{
	static const size_t to_seconds = sizeof "2026-11-28T09:51:" - 1;
	const char *quote = memchr(at, '"', (size_t)(end - at));
	size_t len = quote != NULL ? (size_t)(quote - at) : 0;
	char text[sizeof r->when];
	int64_t minute;
	int seconds;

	if (len < sizeof "2026-11-28T09:51:20" || len >= sizeof text)
		return -1;
	seconds = number_of(at + to_seconds, 2);
	if (seconds == -1)
		return -1;
	memcpy(text, at, len);
	text[len] = '\0';
	memcpy(text + to_seconds, "00", 2);
	if (strcmp(text, r->when) != 0) {
		if (terms_time_parse(text, &minute) == -1)
			return -1;
		memcpy(r->when, text, len + 1);
		r->minute = minute * 1000;
	}
	return r->minute + seconds * INT64_C(1000);
}

static bool
begins(const char **at, size_t *left, const char *with)
{
	size_t len = strlen(with);

	if (*left < len || memcmp(*at, with, len) != 0)
		return false;
	*at += len;
	*left -= len;
	return true;
}

/* Uploads, claims, deletions and thumbnails of others. */
static bool
is_counted(const struct access_reader *r, const char *uri, const char *end,
    enum access_kind *kind)
{
	const char *quote = memchr(uri, '"', (size_t)(end - uri));
	size_t left = quote != NULL ? (size_t)(quote - uri) : 0;

	if ((r->mark != NULL &&
		memmem(uri, left, r->mark, strlen(r->mark)) != NULL) ||
	    !begins(&uri, &left, r->prefix))
		return false;
	*kind = ACCESS_UPLOAD;
	if (begins(&uri, &left, "/upload"))
		return left == 0 || *uri == '?';
	*kind = ACCESS_THUMBNAIL;
	if (begins(&uri, &left, "/t/"))
		return true;
	*kind = ACCESS_PHOTO;
	return begins(&uri, &left, "/photos/");
}

bool
access_line_read(struct access_reader *r, const char *line, size_t len,
    struct access_line *out)
{
	const char *end = line + len;
	const char *when = value_of(line, len, "\"time\":\"");
	const char *uri = value_of(line, len, "\"uri\":\"");
	const char *status = value_of(line, len, ",\"status\":");

	if (when == NULL || uri == NULL || status == NULL || end - status < 3 ||
	    status[0] < '1' || status[0] > '5' ||
	    !is_counted(r, uri, end, &out->kind))
		return false;
	out->status = number_of(status, 3);
	out->second = second_of(r, when, end);
	return out->status != -1 && out->second != -1;
}
