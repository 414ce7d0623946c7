#include "config.h"

/*
 * thumbctl offline and thumbctl online: a planned time without uploads, told to
 * the service, its visitors and the ledger.
 */

#include "thumbctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "ledger.h"
#include "mime.h"
#include "number.h"
#include "store_admin.h"

/* "2026-11-28 14:00 UTC". */
#define WHEN_MAX 32
static void
when_text(int64_t seconds, char out[WHEN_MAX])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(out, WHEN_MAX, "%Y-%m-%d %H:%M UTC", &tm);
}

/* ---- the ledger ---- */

static int
append(const struct settings *settings, const struct ledger_entry *entry)
{
	if (note_in_ledger(settings, entry, true) == 0)
		return 0;
	complain("%s: %s: the ledger does not know of it, and counts these "
		 "minutes as not planned",
	    settings->ledger, strerror(errno));
	return -1;
}

static int
note_online(const struct settings *settings, const char *by)
{
	struct ledger_entry entry = { .kind = LEDGER_ONLINE,
		.time = (int64_t)clock_wall_ms() };

	(void)snprintf(entry.planned.by, sizeof entry.planned.by, "%s", by);
	return append(settings, &entry);
}

static int
note_offline(const struct settings *settings, const struct store_offline *o)
{
	struct ledger_entry entry = { .kind = LEDGER_OFFLINE,
		.time = (int64_t)clock_wall_ms(),
		.planned.until = o->until * 1000 };

	(void)snprintf(entry.planned.reason, sizeof entry.planned.reason, "%s",
	    o->reason);
	(void)snprintf(entry.planned.by, sizeof entry.planned.by, "%s", o->by);
	return append(settings, &entry);
}

/* ---- offline ---- */

static int
parse_for(const char *text, unsigned long long *seconds)
{
	if (number_parse_duration(text, seconds) == 0 &&
	    *seconds >= STORE_OFFLINE_MIN && *seconds <= STORE_OFFLINE_MAX)
		return 0;
	complain("--for is a duration such as 30m or 1h, at least a minute and "
		 "at most a day");
	return -1;
}

/* It is shown to visitors as it is. */
static int
parse_reason(const char *text, char out[STORE_REASON_MAX + 1])
{
	mime_text(text, strlen(text), out, STORE_REASON_MAX + 1);
	if (text[0] != '\0' && strcmp(text, out) == 0)
		return 0;
	complain("--reason is 1 to %d bytes of UTF-8 in one line",
	    STORE_REASON_MAX);
	return -1;
}

static int
parse_offline(const struct command *self, int argc, char **argv,
    struct store_offline *o)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'f' },
		{ "reason", required_argument, NULL, 'r' },
		{ 0 },
	};
	unsigned long long seconds = 0;
	int option, rc = 0;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while (rc == 0 &&
	    (option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 'f')
			rc = parse_for(optarg, &seconds);
		else if (option == 'r')
			rc = parse_reason(optarg, o->reason);
		else
			return wrong_use(self);
	if (rc == -1)
		return EX_USAGE;
	o->from = (int64_t)time(NULL);
	o->until = o->from + (int64_t)seconds;
	return argc == optind && seconds > 0 && o->reason[0] != '\0'
	    ? EXIT_SUCCESS
	    : wrong_use(self);
}

/*
 * The ledger is told of an end first where one replaces another, which may end
 * later than this one.
 */
static int
go_offline(const struct tool *t, const struct store_offline *o)
{
	struct store_offline before;
	char until[WHEN_MAX], was[WHEN_MAX];
	bool replaces = store_is_offline(t->store, o->from, &before);
	int rc = 0;

	if (store_go_offline(t->store, o) == -1) {
		complain("%s/state/offline: %s", t->settings->data,
		    strerror(errno));
		return EXIT_FAILURE;
	}
	when_text(o->until, until);
	(void)printf("no uploads until %s: %s\n", until, o->reason);
	if (replaces) {
		when_text(before.until, was);
		(void)printf("(instead of until %s: %s)\n", was, before.reason);
		rc = note_online(t->settings, o->by);
	}
	if (note_offline(t->settings, o) == -1)
		rc = -1;
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run_offline(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct store_offline o = { 0 };
	int status = parse_offline(self, argc, argv, &o);
	struct tool t;

	if (status != EXIT_SUCCESS)
		return status;
	find_account(o.by, sizeof o.by);
	status = tool_open(&t, settings_file);
	if (status == EXIT_SUCCESS)
		status = go_offline(&t, &o);
	tool_close(&t);
	return status;
}

/* ---- online ---- */

static int
go_online(const struct tool *t, const char *by)
{
	struct store_offline before;
	bool was = store_is_offline(t->store, (int64_t)time(NULL), &before);

	/* One that is over goes too. */
	if (store_go_online(t->store) == -1) {
		complain("%s/state/offline: %s", t->settings->data,
		    strerror(errno));
		return EXIT_FAILURE;
	}
	(void)puts(was ? "uploads are taken again" : "it was not off");
	return !was || note_online(t->settings, by) == 0 ? EXIT_SUCCESS
							 : EXIT_FAILURE;
}

static int
run_online(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	char by[64];
	struct tool t;
	int status;

	(void)argv;
	if (argc != 1)
		return wrong_use(self);
	find_account(by, sizeof by);
	status = tool_open(&t, settings_file);
	if (status == EXIT_SUCCESS)
		status = go_online(&t, by);
	tool_close(&t);
	return status;
}

const struct command command_offline = { "offline",
	"--for DURATION --reason TEXT",
	"take no uploads for a planned time; thumbnails stay, deletions work",
	"  --for DURATION  from now on: 1m to 24h. It ends by itself then, or "
	"by\n"
	"                  thumbctl online; a second one replaces the first\n"
	"  --reason TEXT   for visitors: it stands in the answers and on the "
	"page\n",
	run_offline };

const struct command command_online = { "online", "", "end that time now", NULL,
	run_online };
