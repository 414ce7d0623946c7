#include "config.h"

/*
 * All that a stress test has to know before its first request: whom the load
 * may go to, with which photos, and what is known of the service there.
 */

#include "thumbctl_stress.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "admission.h"
#include "fdio.h"
#include "machine.h"
#include "pidfile.h"
#include "stress_machine.h"
#include "thumbctl.h"

/* ---- whom, with what ---- */

static int
find_target(struct stress *s)
{
	char why[512];

	if (client_target_parse(s->job.url, &s->target, why, sizeof why) ==
	    -1) {
		complain("%s", why);
		return EX_USAGE;
	}
	if (client_target_resolve(&s->target, why, sizeof why) == -1) {
		complain("%s", why);
		return EXIT_FAILURE;
	}
	if (s->target.is_own || s->job.any_host)
		return EXIT_SUCCESS;
	complain("%s has an address that is not this machine's. A load on a "
		 "machine of others is an attack; --any-host is for one that "
		 "is yours",
	    s->target.host);
	return EX_USAGE;
}

static int
read_token(struct stress *s)
{
	int fd, rc;
	size_t len = 0;

	if (s->job.token_file == NULL)
		return 0;
	fd = open(s->job.token_file, O_RDONLY | O_CLOEXEC);
	rc = fd == -1 ? -1
		      : fd_read_full(fd, s->token, sizeof s->token - 1, &len);
	if (rc == -1)
		complain("%s: %s", s->job.token_file, strerror(errno));
	fd_close(&fd);
	if (rc == -1)
		return -1;
	s->token[len] = '\0';
	s->token[strcspn(s->token, "\r\n")] = '\0';
	len = strspn(s->token,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-_.");
	if (len > 0 && s->token[len] == '\0' && len <= TOKEN_LEN_MAX)
		return 0;
	complain("%s: there is no upload token in its first line",
	    s->job.token_file);
	return -1;
}

static int
find_photos(struct stress *s)
{
	char why[512];

	if (stress_photos_open(&s->photos, s->job.photos, why, sizeof why) ==
	    -1) {
		complain("%s", why);
		return -1;
	}
	s->run.photo_bytes = stress_photos_mean_bytes(&s->photos);
	s->run.photo_pixels = stress_photos_mean_pixels(&s->photos);
	(void)fprintf(stderr, "%zu photo%s of %s, %.1f MB and %.1f megapixels",
	    s->photos.n, s->photos.n == 1 ? "" : "s", s->job.photos,
	    s->run.photo_bytes / 1e6, s->run.photo_pixels / 1e6);
	if (s->photos.skipped > 0)
		(void)fprintf(stderr, "; %zu files are no JPEG: left out",
		    s->photos.skipped);
	(void)fputc('\n', stderr);
	return 0;
}

/* Before the load: that it cannot be written is to be known by then. */
static int
open_output(const char *path, FILE **out)
{
	int fd;

	if (path == NULL)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	*out = fd != -1 ? fdopen(fd, "w") : NULL;
	if (*out != NULL)
		return 0;
	complain("%s: %s", path, strerror(errno));
	fd_close(&fd);
	return -1;
}

/* ---- the machine and the service ---- */

/* What the settings file says holds where a service runs with it. */
static void
know_service(struct stress *s, const char *settings_file)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct service_state state;
	struct settings *settings;

	if (nowhere == NULL)
		return;
	settings = settings_load(settings_file, nowhere);
	(void)fclose(nowhere);
	if (settings != NULL && find_service(settings, &state)) {
		s->run.workers = settings->workers;
		s->run.queue_length = admission_queue_length(settings, NULL);
		s->load.service = state.pid;
	} else {
		complain("no service runs with the settings in %s; how many "
			 "workers there are is not known (-c names another)",
		    settings_file);
	}
	settings_free(settings);
}

static void
know_machine(struct stress *s, const char *settings_file)
{
	time_t now = time(NULL);
	struct tm tm;

	s->run.url = s->target.base;
	s->run.p95_wanted = (unsigned)s->job.p95;
	s->run.processors = stress_processors();
	s->run.memory = machine_memory();
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(s->run.date, sizeof s->run.date, "%Y-%m-%dT%H:%M:%SZ",
		&tm) == 0)
		s->run.date[0] = '\0';
	s->run.elsewhere = !s->target.is_own;
	if (s->target.is_own)
		know_service(s, settings_file);
}

int
stress_prepare(struct stress *s, const char *settings_file)
{
	int status = find_target(s);

	if (status != EXIT_SUCCESS)
		return status;
	if (read_token(s) == -1 || find_photos(s) == -1 ||
	    open_output(s->job.report, &s->report) == -1 ||
	    open_output(s->job.json, &s->json) == -1)
		return EXIT_FAILURE;
	know_machine(s, settings_file);
	return EXIT_SUCCESS;
}
