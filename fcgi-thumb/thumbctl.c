#include "config.h"

/*
 * The operator's tool: the table of its commands, each of which stands in a
 * file of its own. Exit status: 0, 1 (it failed), 64 (used wrongly) or 78 (the
 * settings are not right), sysexits.h; slo has more.
 */

#include "thumbctl.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct command *const commands[] = {
	&command_site,
	&command_nginx_conf,
	&command_apply,
	&command_token,
	&command_doctor,
	&command_release,
	&command_ab,
	&command_probe,
	&command_slo,
	&command_offline,
	&command_online,
	&command_log,
	&command_regenerate,
	&command_verify,
	&command_sweep,
	&command_stress,
	&command_list,
	&command_show,
	&command_delete,
	&command_ban,
	&command_unban,
	&command_quarantine,
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
		(void)printf("  %s %s\n    %s\n", commands[i]->name,
		    commands[i]->arguments, commands[i]->summary);
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < NELEM(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
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
