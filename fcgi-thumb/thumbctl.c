#include "config.h"

/*
 * The operator's tool: a table of commands, each a function that does one
 * thing and says on stderr why it could not. Exit status: 0, 1 (it failed), 64
 * (used wrongly) or 78 (the settings are not right), sysexits.h.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fdio.h"
#include "nginxconf.h"
#include "number.h"
#include "settings.h"

#define NELEM(array) (sizeof(array) / sizeof(array)[0])
#define TEMPLATES_DEFAULT PKGDATADIR "/nginx"

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	/* argv[0] is the command's name. Returns the exit status. */
	int (*run)(const struct command *self, const char *settings_file,
	    int argc, char **argv);
};

static int
wrong_use(const struct command *command)
{
	(void)fprintf(stderr, "usage: thumbctl [-c FILE] %s %s\n",
	    command->name, command->arguments);
	return EX_USAGE;
}

/* ---- nginx-conf ---- */

/* Each template and the file that it becomes. */
static const struct {
	const char *template;
	const char *file;
} nginx_files[] = {
	{ "http.conf.in", "fcgi-thumb-http.conf" },
	{ "server.conf.in", "fcgi-thumb-server.conf" },
	{ "standalone.conf.in", "nginx.conf" }, /* the last: only on request */
};

struct nginx_job {
	const char *templates;
	const char *dir;
	unsigned port; /* 0: nothing standalone */
};

struct text {
	char *data;
	size_t len;
};

static int
fill(const struct settings *settings, const struct nginx_job *job,
    const char *template, struct text *out)
{
	char *path = settings_path(job->templates, template);
	FILE *stream = open_memstream(&out->data, &out->len);
	int rc = -1;

	if (path == NULL || stream == NULL)
		(void)fprintf(stderr, "thumbctl: no memory left\n");
	else
		rc = nginxconf_fill(settings, job->port, path, stream, stderr);
	if (stream != NULL && fclose(stream) == EOF)
		rc = -1;
	free(path);
	return rc;
}

/* A reader, such as an nginx that is just being reloaded, sees all or nothing. */
static int
replace_file(int dirfd, const char *name, const struct text *text)
{
	char aside[64];

	(void)snprintf(aside, sizeof aside, ".%s.%ld", name, (long)getpid());
	(void)unlinkat(dirfd, aside, 0); /* of a dead process with our number */
	if (fd_write_file(dirfd, aside, 0644, text->data, text->len) == -1)
		return -1;
	if (renameat(dirfd, aside, dirfd, name) == 0)
		return 0;
	(void)unlinkat(dirfd, aside, 0);
	return -1;
}

static int
write_all(const char *dir, const struct text *texts, size_t n)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = dirfd == -1 ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = replace_file(dirfd, nginx_files[i].file, &texts[i]);
	if (rc == 0)
		rc = fd_sync_dir(dirfd, ".");
	if (rc == -1)
		(void)fprintf(stderr, "thumbctl: %s: %s\n", dir,
		    strerror(errno));
	fd_close(&dirfd);
	return rc;
}

/* All are filled before the first is written: no mixture of old and new. */
static int
make_files(const struct settings *settings, const struct nginx_job *job)
{
	struct text texts[NELEM(nginx_files)] = { 0 };
	size_t n = NELEM(nginx_files) - (job->port == 0);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = fill(settings, job, nginx_files[i].template, &texts[i]);
	if (rc == 0)
		rc = write_all(job->dir, texts, n);
	for (size_t i = 0; i < n; i++)
		free(texts[i].data);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
parse_nginx_job(int argc, char **argv, struct nginx_job *job)
{
	static const struct option options[] = {
		{ "templates", required_argument, NULL, 't' },
		{ "standalone", required_argument, NULL, 's' },
		{ 0 },
	};
	unsigned long long port;
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		switch (option) {
		case 't':
			job->templates = optarg;
			break;
		case 's':
			if (number_parse(optarg, 1, 65535, &port) == -1)
				return -1;
			job->port = (unsigned)port;
			break;
		default:
			return -1;
		}
	if (argc - optind != 1)
		return -1;
	job->dir = argv[optind];
	return 0;
}

static int
run_nginx_conf(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct nginx_job job = { .templates = TEMPLATES_DEFAULT };
	struct settings *settings;
	int status;

	if (parse_nginx_job(argc, argv, &job) == -1)
		return wrong_use(self);
	settings = settings_load(settings_file, stderr);
	if (settings == NULL)
		return EX_CONFIG;
	status = make_files(settings, &job);
	settings_free(settings);
	return status;
}

/* ---- the table ---- */

static const struct command commands[] = {
	{ "nginx-conf", "[--templates DIR] [--standalone PORT] DIR",
	    "write nginx's two files to include into DIR; with --standalone a\n"
	    "    whole nginx.conf too: nginx -p DIR -c nginx.conf",
	    run_nginx_conf },
};

static void
list_commands(void)
{
	(void)printf("usage: thumbctl [-c FILE] COMMAND ...\n"
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
	(void)fprintf(stderr,
	    "thumbctl: no command \"%s\"; `thumbctl` alone lists them\n", name);
	return NULL;
}

int
main(int argc, char **argv)
{
	const char *settings_file = SETTINGS_FILE;
	const struct command *command;
	int option, rest;

	while ((option = getopt(argc, argv, "+c:hV")) != -1)
		switch (option) {
		case 'c':
			settings_file = optarg;
			break;
		case 'h':
			list_commands();
			return EXIT_SUCCESS;
		case 'V':
			(void)printf("thumbctl %s\n", PACKAGE_VERSION);
			return EXIT_SUCCESS;
		default:
			return EX_USAGE;
		}
	if (optind == argc) {
		list_commands();
		return EXIT_SUCCESS;
	}
	command = find_command(argv[optind]);
	if (command == NULL)
		return EX_USAGE;
	rest = optind;
	return command->run(command, settings_file, argc - rest, argv + rest);
}
