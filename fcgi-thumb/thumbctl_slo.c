#include "config.h"

/*
 * Was the service online? From the ledger, which others have written: this
 * needs neither a running service nor a photo.
 */

#include "thumbctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "slo.h"

/* Beside those that every command has. */
#define EXIT_MISSED 2
#define EXIT_NO_EVIDENCE 3

struct job {
	int64_t since; /* Unix seconds; -1: the setting's window */
	bool json;
	bool publish;
};

static int
parse(int argc, char **argv, struct job *job)
{
	static const struct option options[] = {
		{ "since", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "publish", no_argument, NULL, 'p' },
		{ 0 },
	};
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 's':
			if (parse_since(optarg, &job->since) == -1)
				return -1;
			break;
		case 'j':
			job->json = true;
			break;
		case 'p':
			job->publish = true;
			break;
		default:
			return -1;
		}
	/* What is published has the window of the settings. */
	if (job->publish && (job->json || job->since >= 0))
		return -1;
	return argc == optind ? 0 : -1;
}

/* Do the terminal's letters have more than ASCII? As setlocale(3) looks. */
static bool
has_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < NELEM(names); i++) {
		const char *value = getenv(names[i]);
		const char *set = value != NULL ? strrchr(value, '.') : NULL;

		if (value != NULL && value[0] != '\0')
			return set != NULL &&
			    (strcasecmp(set, ".UTF-8") == 0 ||
				strcasecmp(set, ".UTF8") == 0);
	}
	return false;
}

static bool
has_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) == 1 && (no == NULL || no[0] == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

static int
verdict(const struct settings *settings, const struct slo_figures *f)
{
	if (!f->known) {
		complain("ledger %s: no line of a minute that is over",
		    settings->ledger);
		return EXIT_NO_EVIDENCE;
	}
	return f->met && !slo_is_over(f) ? EXIT_SUCCESS : EXIT_MISSED;
}

static int
show(const struct job *job, const struct settings *settings,
    const struct slo_book *book, const struct slo_figures *figures)
{
	const struct slo_style style = { .color = has_color(),
		.utf8 = has_utf8() };
	char *text;

	if (!job->json) {
		slo_print(book, figures, &style, stdout);
		return verdict(settings, figures);
	}
	text = slo_json(book, figures);
	if (text == NULL) {
		complain("no memory left");
		return EXIT_FAILURE;
	}
	(void)puts(text);
	free(text);
	return verdict(settings, figures);
}

static int
report(const struct job *job, const struct settings *settings, int64_t now)
{
	int64_t from = job->since >= 0
	    ? job->since * 1000
	    : now - (int64_t)settings->slo_window * 1000;
	struct slo_figures figures = { 0 };
	struct slo_book book;
	char why[1200];
	int status = EXIT_FAILURE, rc;

	rc = slo_read(settings->ledger, from, now, &book);
	if (rc == 0) {
		/* What the ledger says is worth its words without it. */
		if (slo_read_serving(settings, &book, why, sizeof why) == -1)
			complain("%s", why);
		rc = slo_figures(&book, settings, from, &figures);
	}
	if (rc == -1)
		complain("ledger %s: %s", settings->ledger, strerror(errno));
	else
		status = show(job, settings, &book, &figures);
	slo_figures_fini(&figures);
	slo_book_fini(&book);
	return status;
}

static int
publish(const struct settings *settings, int64_t now)
{
	char why[1200];

	if (slo_publish(settings, now, why, sizeof why) == 0)
		return EXIT_SUCCESS;
	complain("%s", why);
	return EXIT_FAILURE;
}

static int
run_slo(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct job job = { .since = -1 };
	int64_t now = (int64_t)clock_wall_ms();
	struct settings *settings;
	struct stat st;
	int status = EXIT_FAILURE;

	if (parse(argc, argv, &job) == -1)
		return wrong_use(self);
	settings = settings_load(settings_file, stderr);
	if (settings == NULL)
		return EX_CONFIG;
	if (job.since * 1000 > now) {
		complain("--since: that is yet to come");
		status = EX_USAGE;
	} else if (stat(settings->data, &st) == -1 ||
	    become_owner(settings) == 0) {
		status = job.publish ? publish(settings, now)
				     : report(&job, settings, now);
	}
	settings_free(settings);
	return status;
}

const struct command command_slo = { "slo",
	"[--since WHEN] [--json] | --publish",
	"which minutes the service was online in, by the ledger, and what is\n"
	"    left of today's; 0 where the objective is met, 2 where it is "
	"missed or\n"
	"    today has used up its minutes, 3 without evidence",
	"  --since WHEN  the window, instead of slo_window: so long ago (90m, "
	"12h, 7d), a\n"
	"                day (UTC) or a time (2026-12-24, "
	"2026-12-24T18:00:00Z)\n"
	"  --json        for programs\n"
	"  --publish     print nothing; write status.json for the status page "
	"and, where\n"
	"                it is set, slo_textfile, as the prober does each "
	"minute\n\n"
	"A minute is online when a probe ran in it, fewer than half of its "
	"probes failed,\n"
	"and not half or more of ten or more requests of real clients were "
	"answered 5xx.\n"
	"Without evidence it is offline. Planned hours off use up the minutes "
	"of their day\n"
	"as well, but burn rates and alerts leave them out.\n",
	run_slo };
