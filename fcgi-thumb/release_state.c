#include "config.h"

/*
 * state.json: read as if anybody had written it, replaced as a whole. What
 * could not have come from a state of ours is an error and never guessed at:
 * a command that goes on from a wrong state moves all users.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdio.h"
#include "release.h"
#include "release_internal.h"

#define NAME "state.json"
#define BYTES_MAX (64 * 1024)

/* Raised when an older thumbctl would misunderstand the file. */
#define FORMAT 1

/* ---- reading ---- */

/* What cannot be an object reads as one without keys, after words. */
static const json_t *
get_object(struct release_reader *r, const json_t *o, const char *key)
{
	const json_t *value = json_object_get(o, key);

	if (value != NULL && !json_is_object(value))
		release_blame(r, key, "is no object");
	return value;
}

static void
read_slot(struct release_reader *r, const json_t *o,
    struct release_slot_state *s)
{
	release_get_version(r, o, "version", s->version);
	release_get_digest(r, o, "digest", s->digest);
	release_get_time(r, o, "staged", &s->staged);
	release_get_time(r, o, "checked", &s->checked);
	release_get_flag(r, o, "passed", &s->passed);
	release_get_text(r, o, "words", s->words, sizeof s->words);
	if (s->passed && s->checked == 0)
		release_blame(r, "passed", "without a test");
}

static void
read_steps(struct release_reader *r, const json_t *list,
    struct release_run *run)
{
	const json_t *one;
	size_t i;

	if (list != NULL &&
	    (!json_is_array(list) ||
		json_array_size(list) > RELEASE_STEPS_MAX)) {
		release_blame(r, "steps", "are no list of shares");
		return;
	}
	json_array_foreach(list, i, one)
	{
		json_int_t share = json_integer_value(one);

		if (share < 1 || share > (json_int_t)RELEASE_ALL ||
		    (i > 0 && share <= (json_int_t)run->steps[i - 1])) {
			release_blame(r, "steps", "do not grow up to all");
			return;
		}
		run->steps[run->n_steps++] = (unsigned)share;
	}
}

static void
read_key(struct release_reader *r, const json_t *o, struct release_run *run)
{
	char key[16];

	release_get_text(r, o, "by_what", key, sizeof key);
	run->by_customer = strcmp(key, "customer") == 0;
	if (!run->by_customer && strcmp(key, "request") != 0)
		release_blame(r, "by_what", "is neither customer nor request");
}

static void
read_run(struct release_reader *r, const json_t *o, struct release_run *run)
{
	if (o == NULL)
		return;
	release_get_how(r, o, "how", &run->how);
	release_get_id(r, o, "id", run->id);
	release_get_slot(r, o, "from", &run->from);
	release_get_slot(r, o, "to", &run->to);
	read_key(r, o, run);
	read_steps(r, json_object_get(o, "steps"), run);
	release_get_count(r, o, "step", run->n_steps > 0 ? run->n_steps - 1 : 0,
	    &run->step);
	release_get_count(r, o, "share", RELEASE_ALL, &run->share);
	release_get_flag(r, o, "settled", &run->settled);
	release_get_time(r, o, "began", &run->began);
	release_get_time(r, o, "step_began", &run->step_began);
	release_get_time(r, o, "deadline", &run->deadline);
	release_get_text(r, o, "by", run->by, sizeof run->by);
	release_get_text(r, o, "forced", run->forced, sizeof run->forced);
	if (run->how == RELEASE_NONE)
		release_blame(r, "run", "is of no kind");
	if (run->from == run->to)
		release_blame(r, "run", "goes from a slot to itself");
	if (run->settled && run->share != 0 && run->share != RELEASE_ALL)
		release_blame(r, "settled", "between all and none");
}

static void
read_nginx(struct release_reader *r, const json_t *o, struct release_nginx *n)
{
	release_get_text(r, o, "dir", n->dir, sizeof n->dir);
	release_get_text(r, o, "program", n->program, sizeof n->program);
	release_get_count(r, o, "wait", 86400, &n->wait);
	release_get_count(r, o, "port", 65535, &n->port);
}

static void
read_state(struct release_reader *r, const json_t *o, struct release_state *s)
{
	const json_t *slots = get_object(r, o, "slots");
	unsigned format;

	if (!json_is_object(o)) {
		release_blame(r, "it", "is no object");
		return;
	}
	release_get_count(r, o, "format", UINT16_MAX, &format);
	if (format != FORMAT)
		release_blame(r, "format",
		    "is another than this thumbctl knows: use that of the "
		    "newest version");
	release_get_slot(r, o, "active", &s->active);
	s->has_previous = json_object_get(o, "previous") != NULL;
	release_get_slot(r, o, "previous", &s->previous);
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++)
		read_slot(r, get_object(r, slots, settings_slot_name(slot)),
		    &s->slots[slot]);
	read_run(r, get_object(r, o, "run"), &s->run);
	read_nginx(r, get_object(r, o, "nginx"), &s->nginx);
}

/* A slot that gets users has something in it. */
static void
check_slots(struct release_reader *r, const struct release_state *s)
{
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++)
		if (s->slots[slot].version[0] == '\0' &&
		    (slot == s->active || release_share(s, slot) > 0))
			release_blame(r, settings_slot_name(slot),
			    "is to serve and has no version");
	if (s->run.how != RELEASE_NONE && s->run.from != s->active)
		release_blame(r, "run", "does not begin at the active slot");
}

/* The state of a text. 0, or -1 with words in what. */
static int
parse(const char *text, size_t len, struct release_state *out, char *what,
    size_t what_size)
{
	struct release_reader r = { what, what_size };
	json_error_t error;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

	what[0] = '\0';
	*out = (struct release_state){ 0 };
	if (o == NULL) {
		(void)snprintf(what, what_size, "line %d: %s", error.line,
		    error.text);
	} else {
		read_state(&r, o, out);
		check_slots(&r, out);
	}
	json_decref(o);
	return what[0] == '\0' ? 0 : -1;
}

int
release_load(const char *release_dir, struct release_state *out, char *why,
    size_t why_size)
{
	char what[256] = "";
	int dir = release_open_dir(release_dir), rc = -1;
	char *text = NULL;
	size_t len;

	*out = (struct release_state){ 0 };
	if (dir != -1 && fd_read_file(dir, NAME, BYTES_MAX, &text, &len) == 0)
		rc = parse(text, len, out, what, sizeof what);
	else if (errno == ENOENT)
		rc = 0;
	else
		(void)snprintf(what, sizeof what, "%s", strerror(errno));
	if (rc == -1) {
		*out = (struct release_state){ 0 };
		(void)snprintf(why, why_size, "%s/%s: %s", release_dir, NAME,
		    what);
	}
	free(text);
	fd_close(&dir);
	return rc;
}

/* ---- writing ---- */

static json_t *
slot_json(const struct release_slot_state *s)
{
	json_t *o = json_object();

	release_set_text(o, "version", s->version);
	release_set_text(o, "digest", s->digest);
	release_set_time(o, "staged", s->staged);
	release_set_time(o, "checked", s->checked);
	if (s->checked > 0)
		release_set(o, "passed", json_boolean(s->passed));
	release_set_text(o, "words", s->words);
	return o;
}

static json_t *
run_json(const struct release_run *run)
{
	json_t *o = json_object(), *steps = json_array();

	for (unsigned i = 0; i < run->n_steps; i++)
		(void)json_array_append_new(steps, json_integer(run->steps[i]));
	release_set_text(o, "how", release_how_name(run->how));
	release_set_text(o, "id", run->id);
	release_set_slot(o, "from", run->from);
	release_set_slot(o, "to", run->to);
	release_set_text(o, "by_what",
	    run->by_customer ? "customer" : "request");
	release_set(o, "steps", steps);
	release_set(o, "step", json_integer(run->step));
	release_set(o, "share", json_integer(run->share));
	if (run->settled)
		release_set(o, "settled", json_true());
	release_set_time(o, "began", run->began);
	release_set_time(o, "step_began", run->step_began);
	release_set_time(o, "deadline", run->deadline);
	release_set_text(o, "by", run->by);
	release_set_text(o, "forced", run->forced);
	return o;
}

static json_t *
nginx_json(const struct release_nginx *n)
{
	json_t *o = json_object();

	release_set_text(o, "dir", n->dir);
	release_set_text(o, "program", n->program);
	if (n->wait > 0)
		release_set(o, "wait", json_integer(n->wait));
	if (n->port > 0)
		release_set(o, "port", json_integer(n->port));
	return o;
}

/* The caller frees it; NULL: no memory. */
static char *
text_of(const struct release_state *s)
{
	json_t *o = json_object(), *slots = json_object();
	char *text;

	release_set(o, "format", json_integer(FORMAT));
	release_set_slot(o, "active", s->active);
	if (s->has_previous)
		release_set_slot(o, "previous", s->previous);
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++)
		release_set(slots, settings_slot_name(slot),
		    slot_json(&s->slots[slot]));
	release_set(o, "slots", slots);
	if (s->run.how != RELEASE_NONE)
		release_set(o, "run", run_json(&s->run));
	release_set(o, "nginx", nginx_json(&s->nginx));
	text = json_dumps(o, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	json_decref(o);
	return text;
}

int
release_save(const char *release_dir, const struct release_state *state)
{
	struct release_state again;
	char what[256];
	char *text = text_of(state);
	int dir, rc = -1;

	errno = ENOMEM;
	if (text == NULL)
		return -1;
	/* One that nobody could read would stop every command from now on. */
	if (parse(text, strlen(text), &again, what, sizeof what) == -1) {
		free(text);
		errno = EINVAL;
		return -1;
	}
	dir = release_open_dir(release_dir);
	if (dir != -1 &&
	    fd_replace_file(dir, NAME, 0644, NULL, text, strlen(text)) == 0)
		rc = fsync(dir);
	fd_close(&dir);
	free(text);
	return rc;
}
