#include "config.h"

/* What was done, in words: while it is done, and later on. */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "terms_time.h"
#include "thumbctl_release.h"
#include "thumbctl_release_internal.h"

/* ---- a line ---- */

/* "blue 0.1.0", or "none". */
static void
add_slot(struct buf *b, enum release_slot slot, const char *version)
{
	buf_puts(b, settings_slot_name(slot));
	if (version[0] != '\0')
		buf_printf(b, " %s", version);
}

/* Whom it moved; of stage and check only what was filled or tested. */
static void
add_way(struct buf *b, const struct release_event *e)
{
	char share[SHARE_TEXT_MAX];

	if (e->from == e->to) {
		add_slot(b, e->to, e->to_version);
		return;
	}
	add_slot(b, e->from, e->from_version);
	buf_puts(b, " -> ");
	add_slot(b, e->to, e->to_version);
	share_text(e->share, share);
	buf_printf(b, ", %s", share);
}

static void
add_event(struct buf *b, const struct release_event *e)
{
	char when[MOMENT_TEXT_MAX];

	moment_text(e->time, when);
	buf_printf(b, "%s  ", when);
	if (e->how != RELEASE_NONE)
		buf_printf(b, "%s %s: ", release_how_name(e->how), e->id);
	buf_printf(b, "%s, ", e->what);
	add_way(b, e);
	if (e->verdict[0] != '\0')
		buf_printf(b, ", %s", e->verdict);
	if (e->words[0] != '\0')
		buf_printf(b, ": %s", e->words);
	buf_printf(b, " (%s)", e->by);
	if (e->forced[0] != '\0')
		buf_printf(b, ", the budget did not count: %s", e->forced);
	buf_puts(b, "\n");
}

static void
print_event(const struct release_event *e)
{
	struct buf b = { 0 };

	add_event(&b, e);
	(void)fputs(b.failed ? "no memory left\n" : b.data, stdout);
	buf_fini(&b);
}

/* What the caller has not said is as the state has it. */
static void
fill_in(const struct release_state *s, enum release_slot slot, char *version,
    char *digest)
{
	if (version[0] == '\0')
		memcpy(version, s->slots[slot].version, RELEASE_VERSION_MAX);
	if (digest[0] == '\0')
		memcpy(digest, s->slots[slot].digest, DIGEST_HEX_LEN + 1);
}

void
releases_record(const struct releases *r, struct release_event *event)
{
	event->time = (int64_t)clock_wall_ms();
	(void)snprintf(event->by, sizeof event->by, "%s", releases_by());
	fill_in(&r->state, event->from, event->from_version,
	    event->from_digest);
	fill_in(&r->state, event->to, event->to_version, event->to_digest);
	if (release_note(r->settings->release_dir, event) == -1)
		complain("%s/history.jsonl: %s: the history does not know of "
			 "it",
		    r->settings->release_dir, strerror(errno));
}

void
releases_note(const struct releases *r, struct release_event *event)
{
	releases_record(r, event);
	print_event(event);
	/* Whoever watches a rollout over hours sees each line when it comes. */
	(void)fflush(stdout);
}

/* ---- the command ---- */

int
parse_json(int argc, char **argv, bool *json)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	int option;

	*json = false;
	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return -1;
		*json = true;
	}
	return optind == argc ? 0 : -1;
}

struct past {
	json_t *list; /* NULL: words */
	unsigned n;
};

static void
set(json_t *o, const char *key, const char *text)
{
	if (text[0] != '\0')
		(void)json_object_set_new(o, key, json_string(text));
}

static json_t *
event_json(const struct release_event *e)
{
	json_t *o = json_object();
	char when[TERMS_TIME_MAX];

	terms_time_text(e->time, when);
	set(o, "time", when);
	set(o, "what", e->what);
	set(o, "how", release_how_name(e->how));
	set(o, "id", e->id);
	set(o, "from", settings_slot_name(e->from));
	set(o, "to", settings_slot_name(e->to));
	set(o, "from_version", e->from_version);
	set(o, "to_version", e->to_version);
	set(o, "from_digest", e->from_digest);
	set(o, "to_digest", e->to_digest);
	(void)json_object_set_new(o, "share", json_real(e->share / 100.0));
	set(o, "verdict", e->verdict);
	set(o, "words", e->words);
	set(o, "by", e->by);
	set(o, "forced", e->forced);
	return o;
}

static bool
take_event(void *ctx, const struct release_event *event)
{
	struct past *p = ctx;

	p->n++;
	if (p->list != NULL)
		(void)json_array_append_new(p->list, event_json(event));
	else
		print_event(event);
	return true;
}

void
print_json(json_t *o)
{
	char *text = json_dumps(o,
	    JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));

	(void)puts(text != NULL ? text : "null");
	free(text);
}

int
release_past(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct past past = { 0 };
	struct releases r;
	bool json;
	int status;

	if (parse_json(argc, argv, &json) == -1)
		return wrong_use(self);
	status = releases_open(&r, settings_file, NULL);
	if (status == EXIT_SUCCESS) {
		past.list = json ? json_array() : NULL;
		if (release_history(r.settings->release_dir, take_event,
			&past) == -1) {
			complain("%s/history.jsonl: %s",
			    r.settings->release_dir, strerror(errno));
			status = EXIT_FAILURE;
		} else if (json) {
			print_json(past.list);
		} else if (past.n == 0) {
			(void)puts("nothing has been released yet");
		}
		json_decref(past.list);
	}
	releases_close(&r);
	return status;
}
