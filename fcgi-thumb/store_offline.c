#include "config.h"

/*
 * The hour off, in one file that each upload looks for. Whatever is wrong with
 * the file, photos are taken: what nobody can end must not begin.
 */

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"
#include "terms_time.h"

#define STATE "state"
#define NAME "offline"
#define BYTES_MAX 4096

/* What an operator's "now" may be ahead of a worker's. */
#define SLACK 60 /* seconds */

/* ---- reading ---- */

/* jansson has seen to it that it is UTF-8; C1's controls begin with 0xc2. */
static bool
is_clean(const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';
	     p++)
		if (*p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			return false;
	return true;
}

/* What is not to be shown is left out: it changes nothing. */
static void
get_text(const json_t *object, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));

	out[0] = '\0';
	if (text != NULL && strlen(text) < size && is_clean(text))
		memcpy(out, text, strlen(text) + 1);
}

static bool
get_time(const json_t *object, const char *key, int64_t *out)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL && terms_time_parse(text, out) == 0;
}

static bool
parse(const char *text, size_t len, struct store_offline *out)
{
	json_t *object = json_loadb(text, len, 0, NULL);
	bool good = get_time(object, "from", &out->from) &&
	    get_time(object, "until", &out->until) && out->until > out->from &&
	    out->until - out->from <= STORE_OFFLINE_MAX;

	get_text(object, "reason", out->reason, sizeof out->reason);
	get_text(object, "by", out->by, sizeof out->by);
	json_decref(object);
	return good;
}

bool
store_is_offline(const struct store *s, int64_t now, struct store_offline *out)
{
	char *text = NULL;
	size_t len;
	bool is;

	if (fd_read_file(s->root, STATE "/" NAME, BYTES_MAX, &text, &len) == -1)
		return false;
	is = parse(text, len, out) && now >= out->from - SLACK &&
	    now < out->until;
	free(text);
	return is;
}

enum fault
store_check_offline(const struct store *s, struct fault_info *info)
{
	time_t now = time(NULL), end;
	struct store_offline off;
	char when[32] = "";
	struct tm tm;

	if (!store_is_offline(s, (int64_t)now, &off))
		return FAULT_NONE;
	end = (time_t)off.until;
	if (gmtime_r(&end, &tm) != NULL)
		(void)strftime(when, sizeof when,
		    now / 86400 == end / 86400 ? "%H:%M" : "%Y-%m-%d %H:%M",
		    &tm);
	(void)fault_set(info, FAULT_OFFLINE, "The service is off until %s UTC",
	    when);
	info->until = off.until;
	if (off.reason[0] == '\0') {
		strcat(info->detail, ".");
		return info->fault;
	}
	strcat(info->detail, ": ");
	info->reason = (unsigned)strlen(info->detail);
	strcat(info->detail, off.reason);
	return info->fault;
}

/* ---- writing ---- */

static void
set_time(json_t *object, const char *key, int64_t seconds)
{
	char text[TERMS_TIME_MAX];

	terms_time_text(seconds * 1000, text);
	(void)json_object_set_new(object, key, json_string(text));
}

/* The caller frees it; NULL: no memory. */
static char *
text_of(const struct store_offline *o)
{
	json_t *object = json_object();
	char *text;

	set_time(object, "from", o->from);
	set_time(object, "until", o->until);
	(void)json_object_set_new(object, "reason", json_string(o->reason));
	(void)json_object_set_new(object, "by", json_string(o->by));
	text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(object);
	return text;
}

static int
open_state(const struct store *s)
{
	return openat(s->root, STATE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
store_go_offline(struct store *s, const struct store_offline *o)
{
	char *text = text_of(o);
	int state, rc = -1;

	errno = ENOMEM;
	if (text == NULL)
		return -1;
	state = open_state(s);
	if (state != -1)
		rc = store_put_file(s, state, NAME, text, strlen(text));
	fd_close(&state);
	free(text);
	return rc;
}

int
store_go_online(struct store *s)
{
	int state = open_state(s), rc = -1;

	if (state == -1)
		return -1;
	if (unlinkat(state, NAME, 0) == 0 || errno == ENOENT)
		rc = fsync(state);
	fd_close(&state);
	return rc;
}
