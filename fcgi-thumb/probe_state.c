#include "config.h"

/* prober.json: written aside and renamed, read as if anybody had written it. */

#include "probe_state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"

#define NAME "prober.json"
#define ASIDE "prober.json.new"
#define LOCK "prober.lock"
#define BYTES_MAX (64 * 1024)

int
probe_state_new(struct probe_state *s)
{
	*s = (struct probe_state){ 0 };
	return random_name(s->mark, PROBE_MARK_LEN);
}

void
probe_state_owe(struct probe_state *s, const struct probe_debt *debt)
{
	if (s->n_debts == PROBE_DEBTS_MAX)
		memmove(s->debts, s->debts + 1,
		    --s->n_debts * sizeof s->debts[0]);
	s->debts[s->n_debts++] = *debt;
}

void
probe_state_forget(struct probe_state *s, int64_t now)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->n_debts; i++)
		if (s->debts[i].expires > now)
			s->debts[kept++] = s->debts[i];
	s->n_debts = kept;
}

/* ---- the directory ---- */

static int
open_dir(const char *ledger)
{
	return open(ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
probe_state_lock(const char *ledger)
{
	int dir = open_dir(ledger), fd;

	if (dir == -1 && errno == ENOENT && mkdir(ledger, 0750) == 0)
		dir = open_dir(ledger);
	if (dir == -1)
		return -1;
	fd = openat(dir, LOCK,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1)
		fd_close(&fd);
	fd_close(&dir);
	return fd;
}

/* ---- reading ---- */

/* A text of exactly len characters of base32, or "". */
static void
get_name(const json_t *object, const char *key, char *out, size_t len)
{
	const char *text = json_string_value(json_object_get(object, key));

	out[0] = '\0';
	if (text != NULL && strlen(text) == len &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyz234567") == len)
		memcpy(out, text, len + 1);
}

static uint64_t
get_number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static void
read_debts(struct probe_state *s, const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		struct probe_debt d = { 0 };

		get_name(one, "id", d.receipt.id, PHOTO_ID_LEN);
		get_name(one, "token", d.receipt.token, CLAIM_TOKEN_LEN);
		d.expires = (int64_t)get_number(one, "expires");
		if (photo_id_is_valid(d.receipt.id))
			probe_state_owe(s, &d);
	}
}

static void
read_state(struct probe_state *s, const json_t *object)
{
	const json_t *log = json_object_get(object, "log");

	s->serial = get_number(object, "serial");
	s->published = (int64_t)get_number(object, "published");
	s->position = (struct probe_position){
		.dev = get_number(log, "dev"),
		.ino = get_number(log, "ino"),
		.offset = get_number(log, "offset"),
		.told = (int64_t)get_number(log, "told"),
	};
	read_debts(s, json_object_get(object, "debts"));
}

int
probe_state_load(struct probe_state *s, const char *ledger)
{
	int dir = open_dir(ledger);
	char mark[PROBE_MARK_LEN + 1];
	char *text = NULL;
	json_t *object;
	size_t len;

	if (probe_state_new(s) == -1) {
		fd_close(&dir);
		return -1;
	}
	if (dir == -1 || fd_read_file(dir, NAME, BYTES_MAX, &text, &len) == -1)
		len = 0;
	object = len > 0 ? json_loadb(text, len, 0, NULL) : NULL;
	get_name(object, "mark", mark, PROBE_MARK_LEN);
	/* Without it all is another's. */
	if (mark[0] != '\0') {
		memcpy(s->mark, mark, sizeof mark);
		read_state(s, object);
	}
	json_decref(object);
	free(text);
	fd_close(&dir);
	return 0;
}

/* ---- writing ---- */

static json_t *
debts_json(const struct probe_state *s)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < s->n_debts; i++) {
		const struct probe_debt *d = &s->debts[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I}", "id", d->receipt.id, "token",
			d->receipt.token, "expires", (json_int_t)d->expires));
	}
	return list;
}

/* The caller frees it; NULL: no memory. */
static char *
text_of(const struct probe_state *s)
{
	json_t *object = json_pack("{s:s, s:I, s:I, s:{s:I, s:I, s:I, s:I}, "
				   "s:o}",
	    "mark", s->mark, "serial", (json_int_t)s->serial, "published",
	    (json_int_t)s->published, "log", "dev", (json_int_t)s->position.dev,
	    "ino", (json_int_t)s->position.ino, "offset",
	    (json_int_t)s->position.offset, "told",
	    (json_int_t)s->position.told, "debts", debts_json(s));
	char *text = json_dumps(object, JSON_COMPACT);

	json_decref(object);
	return text;
}

int
probe_state_save(const struct probe_state *s, const char *ledger)
{
	char *text = text_of(s);
	int dir, rc = -1;

	errno = ENOMEM;
	if (text == NULL)
		return -1;
	dir = open_dir(ledger);
	/* Left by one that died; there is but one prober. */
	if (dir != -1)
		(void)unlinkat(dir, ASIDE, 0);
	if (dir != -1 &&
	    fd_write_file(dir, ASIDE, 0600, text, strlen(text)) == 0)
		rc = renameat(dir, ASIDE, dir, NAME);
	fd_close(&dir);
	free(text);
	return rc;
}
