#include "config.h"

/*
 * What others see of the figures: a file for the status page, which nginx
 * serves whatever has become of the service, and one for node_exporter.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "slo.h"
#include "slo_internal.h"

/* nginx's workers, whoever they are, go through it, whatever the umask is. */
static int
open_status(const char *data)
{
	int root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	bool made;

	if (root == -1)
		return -1;
	made = mkdirat(root, "status", 0755) == 0;
	if (made || errno == EEXIST)
		fd = openat(root, "status",
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1 && made && fchmod(fd, 0755) == -1)
		fd_close(&fd);
	fd_close(&root);
	return fd;
}

static int
put_status(const char *data, const char *text)
{
	int fd = open_status(data);
	int rc = fd != -1
	    ? fd_replace_file(fd, "status.json", 0644, NULL, text, strlen(text))
	    : -1;

	fd_close(&fd);
	return rc;
}

/* The file is another program's to read: its place has to be there. */
static int
put_textfile(const char *path, const struct buf *text)
{
	const char *name = strrchr(path, '/') + 1;
	char *dir = strndup(path, (size_t)(name - path));
	int fd =
	    dir != NULL ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int rc = fd != -1
	    ? fd_replace_file(fd, name, 0644, NULL, text->data, text->len)
	    : -1;

	free(dir);
	fd_close(&fd);
	return rc;
}

static int
publish(const struct settings *settings, const struct slo_book *b,
    const struct slo_figures *f, char *why, size_t why_size)
{
	char *status = slo_status(b, f);
	struct buf metrics = { 0 };
	int rc = 0;

	slo_metrics(b, f, &metrics);
	if (status == NULL || metrics.failed) {
		(void)snprintf(why, why_size, "no memory left");
		rc = -1;
	}
	if (rc == 0 && put_status(settings->data, status) == -1) {
		(void)snprintf(why, why_size, "%s/status/status.json: %s",
		    settings->data, strerror(errno));
		rc = -1;
	}
	/* For its own sake, whatever has become of the other one. */
	if (!metrics.failed && settings->slo_textfile[0] != '\0' &&
	    put_textfile(settings->slo_textfile, &metrics) == -1) {
		(void)snprintf(why, why_size, "%s: %s", settings->slo_textfile,
		    strerror(errno));
		rc = -1;
	}
	buf_fini(&metrics);
	free(status);
	return rc;
}

int
slo_publish(const struct settings *settings, int64_t now, char *why,
    size_t why_size)
{
	int64_t from = now - (int64_t)settings->slo_window * 1000;
	int64_t month = slo_month(now) * LEDGER_MINUTE_MS;
	struct slo_figures figures = { 0 };
	struct slo_book book;
	bool serving = true;
	int rc;

	rc =
	    slo_read(settings->ledger, from < month ? from : month, now, &book);
	if (rc == 0) {
		/* The rest is known all the same. */
		serving = slo_read_serving(settings, &book, why, why_size) == 0;
		rc = slo_figures(&book, settings, from, &figures);
	}
	if (rc == -1)
		(void)snprintf(why, why_size, "ledger %s: %s", settings->ledger,
		    strerror(errno));
	else
		rc = publish(settings, &book, &figures, why, why_size);
	if (!serving)
		rc = -1;
	slo_figures_fini(&figures);
	slo_book_fini(&book);
	return rc;
}
