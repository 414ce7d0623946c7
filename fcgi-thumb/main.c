#include "config.h"

/*
 * The command line of the service: which settings, and what to do with them.
 * Everything else begins in master_run.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "account.h"
#include "image.h"
#include "master.h"
#include "planes.h"
#include "settings.h"

static const char usage[] =
    "usage: fcgi-thumb [-c FILE] [-t | -T | -V | -h]\n"
    "Serves photo uploads to nginx over FastCGI, in the foreground.\n"
    "  -c FILE  the settings, instead of\n"
    "           " SETTINGS_FILE "\n"
    "  -t       check the settings and exit, 78 where they are wrong\n"
    "  -T       print the settings in effect and exit\n"
    "  -V       print the version, and those of the libraries that make\n"
    "           pictures, and exit\n"
    "  -h       print this and exit\n";

enum mode {
	MODE_RUN,
	MODE_CHECK,
	MODE_PRINT
};

/* What was printed must have arrived, or a full disk looks like success. */
static int
end_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_SUCCESS;
	perror("fcgi-thumb: standard output");
	return EXIT_FAILURE;
}

/* The service's own on the first line, alone: scripts read it. */
static int
show_version(void)
{
	char magick[32], planes[64];

	image_version(magick, sizeof magick);
	planes_version(planes, sizeof planes);
	(void)printf("%s\nImageMagick %s; planes: %s\n", PACKAGE_STRING, magick,
	    planes[0] != '\0' ? planes : "not built");
	return end_output();
}

static int
show(const char *text)
{
	(void)fputs(text, stdout);
	return end_output();
}

/* What a start would find out beyond the file's own errors. */
static int
check(const char *path, struct settings *settings)
{
	struct account account;
	char why[512];

	if (account_find(settings, &account, why, sizeof why) == -1 ||
	    settings_read_secrets(settings, why, sizeof why) == -1) {
		(void)fprintf(stderr, "%s: %s\n", path, why);
		return EX_CONFIG;
	}
	(void)printf("%s: the settings are valid, digest %s\n", path,
	    settings->digest);
	return EXIT_SUCCESS;
}

static int
run(enum mode mode, const char *path)
{
	struct settings *settings = settings_load(path, stderr);
	int status = EXIT_SUCCESS;

	if (settings == NULL)
		return EX_CONFIG;
	if (mode == MODE_RUN)
		return master_run(path, settings);
	if (mode == MODE_CHECK)
		status = check(path, settings);
	else
		settings_print(settings, stdout);
	settings_free(settings);
	return status == EXIT_SUCCESS ? end_output() : status;
}

int
main(int argc, char **argv)
{
	const char *path = SETTINGS_FILE;
	enum mode mode = MODE_RUN;
	int option;

	while ((option = getopt(argc, argv, "c:tTVh")) != -1)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 't':
			mode = MODE_CHECK;
			break;
		case 'T':
			mode = MODE_PRINT;
			break;
		case 'V':
			return show_version();
		case 'h':
			return show(usage);
		default:
			(void)fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind < argc) {
		(void)fprintf(stderr, "fcgi-thumb: what is \"%s\"?\n%s",
		    argv[optind], usage);
		return EX_USAGE;
	}
	return run(mode, path);
}
