#include "config.h"

/*
 * The operator's tool: the table of its commands, each of which stands in a
 * file of its own. Exit status: 0, 1 (it failed), 64 (used wrongly) or 78 (the
 * settings are not right), sysexits.h.
 */

#include "thumbctl.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "thumbctl_stress.h"

#define TEXT_OF(number) TEXT_OF_WORD(number)
#define TEXT_OF_WORD(word) #word

static const char photo_help[] =
    "  PHOTO  an id, or any address of the photo or of its thumbnails\n";

static const struct command commands[] = {
	{ "nginx-conf", "[--templates DIR] [--standalone PORT] DIR",
	    "write nginx's two files to include into DIR",
	    "  --templates DIR    of the files to fill in, instead of\n"
	    "                     " TEMPLATES_DEFAULT "\n"
	    "  --standalone PORT  a whole nginx.conf too: nginx -p DIR -c "
	    "nginx.conf\n",
	    run_nginx_conf },
	{ "apply",
	    "[--templates DIR] [--standalone PORT] [--nginx COMMAND]\n"
	    "        [--wait DURATION] DIR",
	    "bring the settings into force: nginx's files in DIR, then nginx "
	    "and the\n    service; what refuses brings the old files back",
	    "  --templates DIR, --standalone PORT  as of nginx-conf\n"
	    "  --nginx COMMAND  nginx's program and arguments with spaces "
	    "between them,\n"
	    "                   instead of nginx; run with -t, and with -s "
	    "reload\n"
	    "  --wait DURATION  how long nginx, and then the service, may "
	    "take: " TEXT_OF(WAIT_DEFAULT) "s\n",
	    run_apply },
	{ "token", "[--expires DURATION] [--max-bytes BYTES] [--owner NAME]",
	    "make an upload token for upload_auth = \"token\"",
	    "  --expires DURATION  how long it is good: 90s, 10m (the "
	    "default), 12h, 7d\n"
	    "  --max-bytes BYTES   of all photos of an upload together: 8M\n"
	    "  --owner NAME        whose photos they are\n",
	    run_token },
	{ "doctor", "[--templates DIR] [--standalone PORT] [DIR]",
	    "try what the service needs and say what is wrong: a line each,\n"
	    "    ok, note or FAULT; 1 where there is a fault",
	    "  DIR  nginx's files in it are compared with the settings;\n"
	    "       --templates and --standalone as of nginx-conf\n",
	    run_doctor },
	{ "regenerate", "[--missing] [--preset NAME]",
	    "bring the thumbnails of all photos to the present settings, while "
	    "the\n    service runs",
	    "  --missing      only what has no file yet, of any settings\n"
	    "  --preset NAME  only this one\n",
	    run_regenerate },
	{ "verify", "[--repair]",
	    "hold the whole store against its rules, while the service runs: a "
	    "line\n    a fault; 0 where there is none, or none is left",
	    "  --repair  mend what can be: finish deletes that were cut off, "
	    "render again\n"
	    "            what is missing or broken, remove what dead processes "
	    "left. An\n"
	    "            original is never changed or removed for being "
	    "damaged\n",
	    run_verify },
	{ "stress",
	    "[--photos DIR] [--p95 MS] [--clients N] [--seconds DURATION]\n"
	    "        [--count N] [--time DURATION] [--report FILE] "
	    "[--json FILE]\n"
	    "        [--token-file FILE] [--any-host] URL",
	    "load the service with more and more uploads until it is "
	    "saturated, and\n    say what its limit is",
	    "  URL                 of the service: http://127.0.0.1/, with its "
	    "prefix\n"
	    "  --photos DIR        the JPEG files in it are uploaded, each "
	    "time with other\n"
	    "                      bytes, instead of those in\n"
	    "                      " PHOTOS_DEFAULT "\n"
	    "  --p95 MS            what 95 of 100 uploads may take, for the "
	    "capacity: " TEXT_OF(
		STRESS_P95) "\n"
			    "  --clients N         no more at once "
			    "than " TEXT_OF(
				STRESS_CLIENTS) "\n"
						"  --seconds DURATION  of each "
						"step: " TEXT_OF(
						    STRESS_SECONDS) "s\n"
								    "  --count "
								    "N         "
								    "  no more "
								    "uploads "
								    "than"
								    " " TEXT_OF(
									STRESS_COUNT) "\n"
										      "  --time DURATION     no longer than " TEXT_OF(
											  STRESS_TIME) "s\n"
												       "  --report FILE       a page with plots of all that was "
												       "measured\n"
												       "  --json FILE         the same for programs\n"
												       "  --token-file FILE   with the upload token in its first line\n"
												       "  --any-host          also where the service is not on this "
												       "machine\n"
												       "Each step's photos are taken back before the next one, and at "
												       "the end, also\n"
												       "after Ctrl-C. The store must have room for those of one step.\n",
	    run_stress },
	{ "list", "[--since WHEN] [--owner NAME] [--larger BYTES]",
	    "the photos, a line each, with tabs between the columns",
	    "  --since WHEN    came since then: so long ago (90m, 12h, 7d), a "
	    "day (UTC) or\n"
	    "                  a time (2026-12-24, 2026-12-24T18:00:00Z)\n"
	    "  --owner NAME    with a claim of this owner\n"
	    "  --larger BYTES  with an original of more bytes (500K, 5M, 1G)\n",
	    run_list },
	{ "show", "PHOTO...", "what is known of photos", photo_help, run_show },
	{ "delete", "PHOTO...",
	    "remove photos and all their thumbnails, whatever the claims",
	    photo_help, run_delete },
	{ "ban", "PHOTO...", "remove photos and refuse their bytes from now on",
	    photo_help, run_ban },
	{ "quarantine", "list | show PHOTO... | release PHOTO...",
	    "photos that workers died of, and to have them tried again",
	    photo_help, run_quarantine },
	{ "unban", "PHOTO...", "take the bytes of these photos again",
	    photo_help, run_unban },
};

static void
list_commands(void)
{
	(void)printf("usage: thumbctl [-c FILE] COMMAND ...\n"
		     "       thumbctl COMMAND --help\n"
		     "       thumbctl -h | -V\n\n"
		     "  -c FILE  the settings (%s)\n\ncommands:\n",
	    SETTINGS_FILE);
	for (size_t i = 0; i < NELEM(commands); i++)
		(void)printf("  %s %s\n    %s\n", commands[i].name,
		    commands[i].arguments, commands[i].summary);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	complain("no command \"%s\"; `thumbctl` alone lists them", name);
	return NULL;
}

/* Is it asked for anywhere before "--"? The same for every command. */
static bool
wants_help(char **argv)
{
	for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
		if (strcmp(*argv, "--help") == 0)
			return true;
	return false;
}

static int
show_help(const struct command *command)
{
	(void)printf("usage: thumbctl [-c FILE] %s %s\n    %s\n", command->name,
	    command->arguments, command->summary);
	if (command->help != NULL)
		(void)printf("\n%s", command->help);
	return EXIT_SUCCESS;
}

/* What was printed must have arrived, or a full disk looks like success. */
static int
end_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	perror("thumbctl: standard output");
	return status == EXIT_SUCCESS ? EXIT_FAILURE : status;
}

static int
run(const char *settings_file, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);

	if (command == NULL)
		return EX_USAGE;
	if (wants_help(argv + 1))
		return show_help(command);
	return command->run(command, settings_file, argc, argv);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	const char *settings_file = SETTINGS_FILE;
	int option;

	while ((option = getopt_long(argc, argv, "+c:hV", options, NULL)) != -1)
		switch (option) {
		case 'c':
			settings_file = optarg;
			break;
		case 'h':
			list_commands();
			return end_output(EXIT_SUCCESS);
		case 'V':
			(void)printf("thumbctl %s\n", PACKAGE_VERSION);
			return end_output(EXIT_SUCCESS);
		default:
			return EX_USAGE;
		}
	if (optind == argc) {
		list_commands();
		return end_output(EXIT_SUCCESS);
	}
	return end_output(run(settings_file, argc - optind, argv + optind));
}
