#include "config.h"

/* history.jsonl: a line for each thing that was done; nothing is ever changed. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fdio.h"
#include "release.h"
#include "release_internal.h"

#define NAME "history.jsonl"
#define LINE_BYTES_MAX 8192 /* what is longer is nobody's */

static int
open_history(const char *release_dir, int flags)
{
	int dir = release_open_dir(release_dir), fd = -1;

	if (dir != -1)
		fd = openat(dir, NAME,
		    flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	fd_close(&dir);
	return fd;
}

/* ---- writing ---- */

/* The caller frees it; NULL: no memory. */
static char *
text_of(const struct release_event *e)
{
	json_t *o = json_object();
	char *text;

	release_set_time(o, "time", e->time);
	release_set_text(o, "what", e->what);
	release_set_text(o, "how", release_how_name(e->how));
	release_set_text(o, "id", e->id);
	release_set_slot(o, "from", e->from);
	release_set_slot(o, "to", e->to);
	release_set_text(o, "from_version", e->from_version);
	release_set_text(o, "to_version", e->to_version);
	release_set_text(o, "from_digest", e->from_digest);
	release_set_text(o, "to_digest", e->to_digest);
	release_set(o, "share", json_integer(e->share));
	release_set_text(o, "verdict", e->verdict);
	release_set_text(o, "words", e->words);
	release_set_text(o, "by", e->by);
	release_set_text(o, "forced", e->forced);
	/* ASCII: a terminal obeys some of the other characters. */
	text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
	return text;
}

int
release_note(const char *release_dir, const struct release_event *event)
{
	char *text = text_of(event);
	int fd, rc = -1;

	errno = ENOMEM;
	if (text == NULL)
		return -1;
	fd = open_history(release_dir, O_RDWR | O_APPEND | O_CREAT);
	if (fd != -1) {
		(void)fchmod(fd, 0644); /* for others to read */
		rc = fd_append_line(fd, text, true);
	}
	fd_close(&fd);
	free(text);
	return rc;
}

/* ---- reading ---- */

/* False: it is none. */
static bool
parse(const char *line, size_t len, struct release_event *e)
{
	char why[128] = "";
	struct release_reader r = { why, sizeof why };
	json_t *o = json_loadb(line, len, 0, NULL);

	*e = (struct release_event){ 0 };
	if (!json_is_object(o)) {
		json_decref(o);
		return false;
	}
	release_get_time(&r, o, "time", &e->time);
	release_get_text(&r, o, "what", e->what, sizeof e->what);
	release_get_how(&r, o, "how", &e->how);
	release_get_id(&r, o, "id", e->id);
	release_get_slot(&r, o, "from", &e->from);
	release_get_slot(&r, o, "to", &e->to);
	release_get_version(&r, o, "from_version", e->from_version);
	release_get_version(&r, o, "to_version", e->to_version);
	release_get_digest(&r, o, "from_digest", e->from_digest);
	release_get_digest(&r, o, "to_digest", e->to_digest);
	release_get_count(&r, o, "share", RELEASE_ALL, &e->share);
	release_get_text(&r, o, "verdict", e->verdict, sizeof e->verdict);
	release_get_text(&r, o, "words", e->words, sizeof e->words);
	release_get_text(&r, o, "by", e->by, sizeof e->by);
	release_get_text(&r, o, "forced", e->forced, sizeof e->forced);
	json_decref(o);
	return why[0] == '\0' && e->time > 0 && e->what[0] != '\0';
}

static int
read_lines(FILE *file,
    bool (*each)(void *ctx, const struct release_event *event), void *ctx)
{
	struct release_event event;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool more = true;

	errno = 0;
	while (more && (len = getline(&line, &cap, file)) > 0)
		if (line[len - 1] == '\n' && len < LINE_BYTES_MAX &&
		    parse(line, (size_t)len, &event))
			more = each(ctx, &event);
	free(line);
	return more && !feof(file) ? -1 : 0;
}

int
release_history(const char *release_dir,
    bool (*each)(void *ctx, const struct release_event *event), void *ctx)
{
	int fd = open_history(release_dir, O_RDONLY), rc = -1;
	FILE *file;
	struct stat st;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		fd_close(&fd);
		errno = EINVAL;
		return -1;
	}
	file = fdopen(fd, "r");
	if (file == NULL) {
		fd_close(&fd);
		return -1;
	}
	rc = read_lines(file, each, ctx);
	(void)fclose(file);
	return rc;
}
