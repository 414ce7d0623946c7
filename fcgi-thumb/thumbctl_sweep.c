#include "config.h"

/*
 * The whole of what the control worker does a little at a time, to its end, and
 * also where no service runs: what has expired, what was taken away and is not
 * unlinked, what dead processes left. Then how the store has grown, and when it
 * will be full.
 */

#include "thumbctl.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "claim.h"
#include "clock.h"
#include "fdio.h"
#include "growth.h"
#include "number.h"
#include "pidfile.h"
#include "store_admin.h"
#include "thumbctl_bar.h"
#include "thumbctl_cursor.h"
#include "thumbctl_walk.h"

#define QUARANTINE_DAYS 90
#define QUARANTINE_DAYS_MAX 36500
#define DAY 86400

/* Between two looks at whether to stop. */
#define SLICE_NS (100 * NS_PER_MS)

/* A photo that somebody is at is tried again, so often. */
#define BUSY_TRIES 20

struct sweeping {
	struct tool tool;
	struct bar bar;
	bool is_quiet;
	bool from_start;
	unsigned quarantine_days; /* 0: it is left alone */
	int64_t now;
	struct claims_swept claims;
	struct swept trash, staging;
	unsigned quarantine, state;
	bool failed;
};

/* ---- the steps: 0, 1 where it was stopped, -1 with errno ---- */

static int
end_claims(struct sweeping *s)
{
	bar_start(&s->bar, "expired claims",
	    claim_count_due(s->tool.store, s->now), 0, s->is_quiet);
	for (unsigned tries = 0; tries < BUSY_TRIES && !walk_is_stopped();) {
		uint64_t before = s->claims.notes;

		if (claim_sweep(s->tool.store, s->now,
			clock_monotonic_ns() + SLICE_NS, &s->claims))
			return 0;
		bar_steps(&s->bar, s->claims.notes - before);
		tries = s->claims.notes > before ? 0 : tries + 1;
	}
	if (walk_is_stopped())
		return 1;
	complain("some photos have expired and are in work elsewhere; the next "
		 "sweep takes them");
	s->failed = true;
	return 0;
}

static uint64_t
count_trash(const struct sweeping *s)
{
	char *path = settings_path(s->tool.settings->data, "trash");
	DIR *dir = path != NULL ? fd_list(AT_FDCWD, path) : NULL;
	uint64_t n = 0;

	while (dir != NULL && fd_next(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	free(path);
	return n;
}

static int
empty_trash(struct sweeping *s)
{
	bool done = false;

	bar_start(&s->bar, "directories", count_trash(s), 0, s->is_quiet);
	while (!done && !walk_is_stopped()) {
		uint64_t before = s->trash.n;

		/* What cannot be removed does not count once more. */
		s->trash.failed = 0;
		done = store_empty_trash(s->tool.store,
		    clock_monotonic_ns() + SLICE_NS, &s->trash);
		bar_steps(&s->bar, s->trash.n - before);
		/* Nothing but that is left of it. */
		done = done || s->trash.n == before;
	}
	return done ? 0 : 1;
}

static int
sweep_staging(struct sweeping *s)
{
	store_sweep(s->tool.settings->data, &s->staging);
	return 0;
}

static int
sweep_quarantine(struct sweeping *s)
{
	if (s->quarantine_days > 0)
		s->quarantine = store_quarantine_sweep(s->tool.store,
		    s->now - (int64_t)s->quarantine_days * DAY);
	return 0;
}

static int
sweep_state(struct sweeping *s)
{
	s->state = store_sweep_sums(s->tool.store, s->now) +
	    cursor_sweep(s->tool.settings->data);
	return 0;
}

static bool
is_served(const struct sweeping *s)
{
	struct service_state state;

	return find_service(s->tool.settings, &state);
}

/* A running service counts all of them anew, again and again. */
static int
count_sums(struct sweeping *s)
{
	struct cursor cursor;
	unsigned long long part = 0;
	int rc = 0;

	if (is_served(s))
		return 0;
	cursor_open(&cursor, s->tool.settings->data, "sweep", "sums",
	    s->from_start);
	if (number_parse(cursor.last, 0, STORE_RECOUNT_PARTS - 1, &part) == 0) {
		part++;
		if (!s->is_quiet)
			cursor_say(&cursor);
	}
	bar_start(&s->bar, "parts of the sum", STORE_RECOUNT_PARTS, part,
	    s->is_quiet);
	for (; part < STORE_RECOUNT_PARTS && rc == 0; part++) {
		char here[16];

		rc = walk_is_stopped()
		    ? 1
		    : store_recount(s->tool.store, (unsigned)part);
		(void)snprintf(here, sizeof here, "%llu", part);
		if (rc == 0)
			cursor_step(&cursor, here);
		bar_steps(&s->bar, rc == 0);
	}
	cursor_close(&cursor, rc == 0);
	return rc;
}

static int
note_growth(struct sweeping *s)
{
	return growth_is_due(s->tool.store, s->now)
	    ? growth_note(s->tool.store, s->now)
	    : 0;
}

/* What can be long, in the order in which it gives room back. */
static int
sweep_all(struct sweeping *s)
{
	static int (*const steps[])(struct sweeping * s) = { end_claims,
		empty_trash, sweep_staging, sweep_quarantine, sweep_state,
		count_sums, note_growth };
	int rc = 0;

	for (size_t i = 0; i < NELEM(steps) && rc == 0; i++) {
		rc = steps[i](s);
		bar_clear(&s->bar);
	}
	return rc;
}

/* ---- what is told ---- */

static void
report(const struct sweeping *s)
{
	const struct settings *settings = s->tool.settings;
	struct growth growth;
	struct forecast forecast;
	char words[GROWTH_WORDS_MAX];

	(void)printf("claims\t%" PRIu64 "\nphotos\t%" PRIu64 "\ntrash\t%" PRIu64
		     "\nstaging\t%" PRIu64
		     "\nquarantine\t%u\nstate\t%u\nbytes\t%" PRIu64 "\n",
	    s->claims.notes, s->claims.photos, s->trash.n, s->staging.n,
	    s->quarantine, s->state, s->trash.bytes + s->staging.bytes);
	if (growth_read(settings->data, &growth) == 0) {
		growth_forecast(&growth, &settings->limits, s->now, &forecast);
		growth_words(&forecast, words);
		(void)printf("forecast\t%s\n", words);
	}
	growth_fini(&growth);
}

static void
tell_stays(struct sweeping *s, const char *place, uint64_t failed)
{
	if (failed == 0)
		return;
	complain("%s/%s: %" PRIu64 " of it cannot be removed",
	    s->tool.settings->data, place, failed);
	s->failed = true;
}

static int
sweep(struct sweeping *s)
{
	int rc;

	walk_begin();
	s->now = (int64_t)time(NULL);
	rc = sweep_all(s);
	if (rc == -1)
		complain("%s: %s", s->tool.settings->data, strerror(errno));
	else if (rc == 1)
		complain("stopped; what is done is done, and the next run goes "
			 "on from there");
	tell_stays(s, "trash", s->trash.failed);
	tell_stays(s, "staging", s->staging.failed);
	if (!s->is_quiet)
		report(s);
	return rc == 0 && !s->failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---- */

static int
parse(int argc, char **argv, struct sweeping *s)
{
	static const struct option options[] = {
		{ "from-start", no_argument, NULL, 's' },
		{ "quarantine-days", required_argument, NULL, 'd' },
		{ "quiet", no_argument, NULL, 'q' },
		{ 0 },
	};
	unsigned long long days;
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 'd':
			if (number_parse(optarg, 0, QUARANTINE_DAYS_MAX,
				&days) == -1)
				return -1;
			s->quarantine_days = (unsigned)days;
			break;
		case 'q':
			s->is_quiet = true;
			break;
		case 's':
			s->from_start = true;
			break;
		default:
			return -1;
		}
	return argc == optind ? 0 : -1;
}

static int
run_sweep(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct sweeping s = { .quarantine_days = QUARANTINE_DAYS };
	int status;

	if (parse(argc, argv, &s) == -1)
		return wrong_use(self);
	status = tool_open(&s.tool, settings_file);
	if (status == EXIT_SUCCESS)
		status = sweep(&s);
	tool_close(&s.tool);
	return status;
}

const struct command command_sweep = { "sweep",
	"[--quarantine-days N] [--quiet] [--from-start]",
	"take away what has expired and what dead processes left, also "
	"where no\n    service runs, and say when the disk will be full",
	"  --quarantine-days N  forget photos of which the last process died "
	"so\n"
	"                       long ago; 0 none, without the "
	"option " TEXT_OF(QUARANTINE_DAYS) "\n"
					   "  --quiet              say nothing "
					   "but what went wrong, for timers\n"
					   "  --from-start         also what a "
					   "run has counted that was stopped "
					   "before\n",
	run_sweep };
