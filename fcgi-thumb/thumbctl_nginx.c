#include "config.h"

/*
 * nginx's files: filled in, compared and put in place. All are filled before
 * the first is written, so that there is no mixture of old and new.
 */

#include "thumbctl.h"

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
#include "thumbctl_release_route.h"

#define WAIT_MAX (24 * 60 * 60)    /* seconds */
#define FILE_MAX (4 * 1024 * 1024) /* bytes; ours have a few thousand */

/* Each template and the file that it becomes. */
static const struct {
	const char *template;
	const char *file;
} nginx_files[] = {
	{ "http.conf.in", "fcgi-thumb-http.conf" },
	{ "server.conf.in", "fcgi-thumb-server.conf" },
	{ "standalone.conf.in", "nginx.conf" }, /* the last: only on request */
};

_Static_assert(NELEM(nginx_files) == NGINX_FILES_MAX, "one text a file");

const char *
nginx_file_name(unsigned i)
{
	return nginx_files[i].file;
}

static unsigned
count_files(const struct nginx_job *job)
{
	return NGINX_FILES_MAX - (job->port == 0);
}

static int
fill(const struct settings *settings, const struct nginx_job *job, unsigned i,
    struct nginx_files *out)
{
	char *path = settings_path(job->templates, nginx_files[i].template);
	FILE *stream = open_memstream(&out->texts[i].data, &out->texts[i].len);
	int rc = -1;

	if (path == NULL || stream == NULL)
		complain("no memory left");
	else
		rc = nginxconf_fill(settings, job->port, path, stream, stderr);
	if (stream != NULL && fclose(stream) == EOF)
		rc = -1;
	free(path);
	return rc;
}

int
nginx_fill(const struct settings *settings, const struct nginx_job *job,
    struct nginx_files *out)
{
	int rc = 0;

	*out = (struct nginx_files){ .n = count_files(job) };
	for (unsigned i = 0; rc == 0 && i < out->n; i++)
		rc = fill(settings, job, i, out);
	return rc;
}

int
nginx_read(const struct nginx_job *job, struct nginx_files *out)
{
	int dirfd = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *file = "";
	int rc = dirfd == -1 ? -1 : 0;

	*out = (struct nginx_files){ .n = count_files(job) };
	for (unsigned i = 0; rc == 0 && i < out->n; i++) {
		file = nginx_files[i].file;
		rc = fd_read_file(dirfd, file, FILE_MAX, &out->texts[i].data,
		    &out->texts[i].len);
		if (rc == -1 && errno == ENOENT)
			rc = 0;
	}
	if (rc == -1)
		complain("%s/%s: %s", job->dir, file, strerror(errno));
	fd_close(&dirfd);
	return rc;
}

static int
remove_file(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? 0 : -1;
}

int
nginx_write(const struct nginx_job *job, const struct nginx_files *files)
{
	int dirfd = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = dirfd == -1 ? -1 : 0;

	for (unsigned i = 0; rc == 0 && i < files->n; i++)
		rc = files->texts[i].data == NULL
		    ? remove_file(dirfd, nginx_files[i].file)
		    : fd_replace_file(dirfd, nginx_files[i].file, 0644, NULL,
			  files->texts[i].data, files->texts[i].len);
	if (rc == 0)
		rc = fd_sync_dir(dirfd, ".");
	if (rc == -1)
		complain("%s: %s", job->dir, strerror(errno));
	fd_close(&dirfd);
	return rc;
}

void
nginx_free(struct nginx_files *files)
{
	for (unsigned i = 0; i < files->n; i++)
		free(files->texts[i].data);
	*files = (struct nginx_files){ 0 };
}

int
nginx_parse_port(const char *text, unsigned *out)
{
	unsigned long long port;

	if (number_parse(text, 1, 65535, &port) == -1)
		return -1;
	*out = (unsigned)port;
	return 0;
}

int
nginx_parse_wait(const char *text, struct nginx_job *job)
{
	unsigned long long seconds;

	if (number_parse_duration(text, &seconds) == -1 || seconds == 0 ||
	    seconds > WAIT_MAX)
		return -1;
	job->wait = (unsigned)seconds;
	return 0;
}

int
nginx_parse(int argc, char **argv, bool runs, struct nginx_job *job)
{
	static const struct option options[] = {
		{ "nginx", required_argument, NULL, 'n' },
		{ "wait", required_argument, NULL, 'w' },
		{ "templates", required_argument, NULL, 't' },
		{ "standalone", required_argument, NULL, 's' },
		{ 0 },
	};
	const struct option *known = runs ? options : options + 2;
	int option;

	*job = (struct nginx_job)NGINX_JOB_DEFAULT;
	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1)
		switch (option) {
		case 'n':
			job->program = optarg;
			break;
		case 'w':
			if (nginx_parse_wait(optarg, job) == -1)
				return -1;
			break;
		case 't':
			job->templates = optarg;
			break;
		case 's':
			if (nginx_parse_port(optarg, &job->port) == -1)
				return -1;
			break;
		default:
			return -1;
		}
	job->dir = argv[optind];
	return argc - optind;
}

static int
run_nginx_conf(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct nginx_files files = { 0 };
	struct nginx_job job;
	struct settings *settings;
	int rc;

	if (nginx_parse(argc, argv, false, &job) != 1)
		return wrong_use(self);
	settings = settings_load(settings_file, stderr);
	if (settings == NULL)
		return EX_CONFIG;
	rc = nginx_fill(settings, &job, &files);
	if (rc == 0)
		rc = route_ensure(settings);
	if (rc == 0)
		rc = nginx_write(&job, &files);
	nginx_free(&files);
	settings_free(settings);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

const struct command command_nginx_conf = { "nginx-conf",
	"[--templates DIR] [--standalone PORT] DIR",
	"write nginx's two files to include into DIR",
	"  --templates DIR    of the files to fill in, instead of\n"
	"                     " TEMPLATES_DEFAULT "\n"
	"  --standalone PORT  a whole nginx.conf too: nginx -p DIR -c "
	"nginx.conf\n",
	run_nginx_conf };
