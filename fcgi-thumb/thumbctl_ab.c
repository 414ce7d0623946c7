#include "config.h"

/*
 * thumbctl ab: two settings side by side, for as long as an operator wants. B is
 * the version that serves, with other settings, in the idle slot.
 */

#include "thumbctl_ab.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "rollout.h"

#define SHARE_DEFAULT 5000 /* of RELEASE_ALL */

static int
run_start(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	static const struct option options[] = {
		{ "settings", required_argument, NULL, 's' },
		{ "share", required_argument, NULL, 'n' },
		{ 0 },
	};
	unsigned share = SHARE_DEFAULT;
	const char *settings = NULL;
	struct releases r;
	int option, status;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (option == 's') {
			settings = optarg;
		} else if (option != 'n') {
			return wrong_use(self);
		} else if (rollout_parse_percent(optarg, RELEASE_ALL - 1,
			       &share) == -1 ||
		    share == 0) {
			complain("--share cannot be \"%s\": more than 0 and "
				 "less than 100 percent of the customers",
			    optarg);
			return EX_USAGE;
		}
	if (settings == NULL || optind != argc)
		return wrong_use(self);
	status = releases_open(&r, settings_file, "ab start");
	if (status == EXIT_SUCCESS)
		status = ab_start(&r, settings, share);
	releases_close(&r);
	return status;
}

/* False after a complaint. */
static bool
is_under_way(const struct releases *r)
{
	if (r->state.run.how == RELEASE_AB)
		return true;
	complain("no comparison is under way; thumbctl ab start begins one");
	return false;
}

static int
run_report(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	struct releases r;
	int status;

	if (argc != 1 && !json)
		return wrong_use(self);
	status = releases_open(&r, settings_file, NULL);
	if (status == EXIT_SUCCESS && !is_under_way(&r))
		status = EXIT_REFUSED;
	if (status == EXIT_SUCCESS) {
		struct ab ab;

		if (ab_read(&r, &ab) == -1)
			status = EXIT_FAILURE;
		else if (json)
			ab_print_json(&ab, stdout);
		else
			ab_print(&ab, stdout);
	}
	releases_close(&r);
	return status;
}

static int
run_stop(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct releases r;
	int status;

	(void)argv;
	if (argc != 1)
		return wrong_use(self);
	status = releases_open(&r, settings_file, "ab stop");
	if (status == EXIT_SUCCESS && !is_under_way(&r))
		status = EXIT_REFUSED;
	if (status == EXIT_SUCCESS)
		status = ab_stop(&r);
	releases_close(&r);
	return status;
}

#define START_ARGUMENTS "--settings FILE [--share PERCENT]"

static const struct command subcommands[] = {
	{ "ab start", START_ARGUMENTS, "", NULL, run_start },
	{ "ab report", "[--json]", "", NULL, run_report },
	{ "ab stop", "", "", NULL, run_stop },
};

static int
run_ab(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	if (releases_take_nginx(&argc, argv) == -1)
		return EX_USAGE;
	if (argc < 2)
		return wrong_use(self);
	for (size_t i = 0; i < NELEM(subcommands); i++)
		if (strcmp(subcommands[i].name + strlen("ab "), argv[1]) == 0)
			return subcommands[i].run(&subcommands[i],
			    settings_file, argc - 1, argv + 1);
	complain("there is no \"ab %s\"", argv[1]);
	return wrong_use(self);
}

const struct command command_ab = { "ab",
	"start " START_ARGUMENTS "\n"
	"        | report [--json]\n"
	"        | stop\n"
	"        [--nginx COMMAND] [--dir DIR] [--standalone PORT] "
	"[--wait DURATION]",
	"two settings side by side, each for a part of the customers",
	"  start   B, the version that serves with other settings, gets its "
	"part\n"
	"  report  what each made of customers' photos: bytes, time and "
	"errors, "
	"and the\n"
	"          differences, each with the interval that it is in by 95 %\n"
	"  stop    report once more, all back to A, and B's processes end\n\n"
	"  --settings FILE  of B\n"
	"  --share PERCENT  of the customers on B (50)\n"
	"  --json           as JSON\n"
	"  --nginx COMMAND, --dir DIR, --standalone PORT, --wait DURATION  as "
	"of "
	"release\n\n"
	"Exit status: 0 done; 1 failed, and gone back; 3 refused, and nothing "
	"changed\n",
	run_ab };
