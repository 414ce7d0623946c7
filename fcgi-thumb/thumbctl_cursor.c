#include "config.h"

/*
 * A file that only grows while a command runs, so that a kill leaves what was
 * noted last:
 *
 *   1<tab>key
 *    a line that was told, behind a space
 *   @done up to here<tab>count<tab>count<tab>count
 *
 * What is told counts from the next @ line on; a line that was cut off does not.
 */

#include "thumbctl_cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "number.h"
#include "store_admin.h"

#define FORM "1\t"
#define NOTE_NS (2 * NS_PER_S)
#define FILE_MAX (64 << 20) /* bytes; of a store in which nothing is right */
#define TRIES 3

/* ---- reading ---- */

/* "@last<tab>count<tab>count<tab>count" behind the @. */
static int
parse_place(char *line, struct cursor *c)
{
	uint64_t counts[CURSOR_COUNTS];
	char *last = strsep(&line, "\t");

	if (strlen(last) >= sizeof c->last)
		return -1;
	for (unsigned i = 0; i < CURSOR_COUNTS; i++) {
		unsigned long long count;
		char *word = strsep(&line, "\t");

		if (word == NULL ||
		    number_parse(word, 0, UINT64_MAX, &count) == -1)
			return -1;
		counts[i] = count;
	}
	if (line != NULL)
		return -1;
	(void)snprintf(c->last, sizeof c->last, "%s", last);
	memcpy(c->counts, counts, sizeof c->counts);
	return 0;
}

/*
 * What the lines say, up to the last place; how many bytes of the file that is.
 * 0 where they are of another key.
 */
static size_t
parse_text(char *text, const char *key, struct cursor *c)
{
	struct buf told = { 0 };
	char *begin = text, *line = text;
	size_t good = 0;

	for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (line == begin) {
			if (strncmp(line, FORM, strlen(FORM)) != 0 ||
			    strcmp(line + strlen(FORM), key) != 0)
				break;
			good = (size_t)(end + 1 - begin);
		} else if (line[0] == ' ') {
			buf_printf(&told, "%s\n", line + 1);
		} else if (line[0] == '@' && parse_place(line + 1, c) == 0) {
			buf_add(&c->told, told.data, told.len);
			buf_fini(&told);
			good = (size_t)(end + 1 - begin);
		} else {
			break;
		}
	}
	buf_fini(&told);
	return good;
}

static bool
is_forgotten(const struct stat *st)
{
	int64_t age = (int64_t)time(NULL) - (int64_t)st->st_mtim.tv_sec;

	return age < 0 || age > CURSOR_SECONDS_MAX;
}

/* How much of the file counts. */
static size_t
read_place(struct cursor *c, const char *key)
{
	char *text = NULL;
	struct stat st;
	size_t len, good = 0;

	if (fstat(c->fd, &st) == 0 && !is_forgotten(&st) &&
	    fd_read_file(c->state, c->name, FILE_MAX, &text, &len) == 0)
		good = parse_text(text, key, c);
	free(text);
	return good;
}

/* ---- the file ---- */

/* 0; 1: it went at that moment, once more; -1: somebody else has it. */
static int
try_lock(struct cursor *c)
{
	struct stat st;

	c->fd = openat(c->state, c->name,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (c->fd == -1)
		return -1;
	if (flock(c->fd, LOCK_EX | LOCK_NB) == 0) {
		if (fstat(c->fd, &st) == 0 && st.st_nlink > 0)
			return 0;
		fd_close(&c->fd);
		return 1;
	}
	fd_close(&c->fd);
	return -1;
}

static void
lock_file(struct cursor *c, const char *data)
{
	char *path = settings_path(data, "state");
	int rc = 1;

	c->state =
	    path != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(path);
	for (unsigned i = 0; i < TRIES && c->state != -1 && rc == 1; i++)
		rc = try_lock(c);
}

void
cursor_say(const struct cursor *c)
{
	if (c->last[0] != '\0')
		complain("going on behind %s, where it was stopped; "
			 "--from-start begins anew",
		    c->last);
}

void
cursor_open(struct cursor *c, const char *data, const char *name,
    const char *key, bool from_start)
{
	size_t good = 0;

	*c = (struct cursor){ .fd = -1, .state = -1 };
	(void)snprintf(c->name, sizeof c->name, STORE_CURSOR "%s", name);
	lock_file(c, data);
	if (c->fd == -1)
		return;
	if (!from_start)
		good = read_place(c, key);
	if (ftruncate(c->fd, (off_t)good) == -1 ||
	    (good == 0 && dprintf(c->fd, FORM "%s\n", key) < 0))
		fd_close(&c->fd);
	c->written = c->settled = c->told.len;
	memcpy(c->done, c->counts, sizeof c->done);
	c->noted_ns = clock_monotonic_ns();
}

/* What was told since, and the place; in one piece. */
static void
note(struct cursor *c)
{
	struct buf text = { 0 };
	const char *line = c->told.data;

	for (size_t at = c->written; at < c->settled;) {
		size_t len = strcspn(line + at, "\n") + 1;

		buf_puts(&text, " ");
		buf_add(&text, line + at, len);
		at += len;
	}
	buf_printf(&text, "@%s", c->last);
	for (unsigned i = 0; i < CURSOR_COUNTS; i++)
		buf_printf(&text, "\t%" PRIu64, c->done[i]);
	buf_puts(&text, "\n");
	/* On a full disk it goes without: a cut line does not count. */
	if (!text.failed && fd_write_full(c->fd, text.data, text.len) == 0)
		c->written = c->settled;
	else
		fd_close(&c->fd);
	buf_fini(&text);
}

void
cursor_step(struct cursor *c, const char *last)
{
	uint64_t now = clock_monotonic_ns();

	(void)snprintf(c->last, sizeof c->last, "%s", last);
	memcpy(c->done, c->counts, sizeof c->done);
	c->settled = c->told.len;
	if (c->fd == -1 || now - c->noted_ns < NOTE_NS)
		return;
	note(c);
	c->noted_ns = now;
}

void
cursor_close(struct cursor *c, bool done)
{
	/* Before the lock goes: whoever comes next makes a file of his own. */
	if (c->fd != -1 && (done || c->last[0] == '\0'))
		(void)unlinkat(c->state, c->name, 0);
	else if (c->fd != -1)
		note(c);
	fd_close(&c->fd);
	fd_close(&c->state);
	buf_fini(&c->told);
}

/* ---- what nobody goes on with ---- */

static bool
remove_old(int state, const char *name)
{
	int fd = openat(state, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool gone = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(fd, &st) == 0 && is_forgotten(&st) &&
	    unlinkat(state, name, 0) == 0;

	fd_close(&fd);
	return gone;
}

unsigned
cursor_sweep(const char *data)
{
	char *path = settings_path(data, "state");
	DIR *dir = path != NULL ? fd_list(AT_FDCWD, path) : NULL;
	const struct dirent *entry;
	unsigned n = 0;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		if (strncmp(entry->d_name, STORE_CURSOR,
			strlen(STORE_CURSOR)) == 0)
			n += remove_old(dirfd(dir), entry->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	free(path);
	return n;
}
