#include "config.h"

/* Which file of a log is read, and how far. */

#include "tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"

#define CHUNK (256 * 1024)
#define READ_MAX (256 << 20) /* bytes at a time */

struct log_file {
	int fd; /* -1: none */
	struct tail_place at;
};

struct tail {
	char *path;
	struct log_file now, before; /* before: was renamed */
	char chunk[CHUNK];
};

/* ---- files ---- */

static bool
is_file(const struct tail_place *at, const struct stat *st)
{
	return at->dev == (uint64_t)st->st_dev &&
	    at->ino == (uint64_t)st->st_ino;
}

/* Open a file at its beginning. 0, or -1 with errno. */
static int
open_log(struct log_file *f, int dirfd, const char *path)
{
	struct stat st;

	f->fd =
	    openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd == -1)
		return -1;
	if (fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		fd_close(&f->fd);
		errno = ENOENT;
		return -1;
	}
	f->at = (struct tail_place){ .dev = (uint64_t)st.st_dev,
		.ino = (uint64_t)st.st_ino };
	return 0;
}

/* The log of an earlier run, by whatever name it is still there. */
static struct log_file
find_renamed(const struct tail *t, const struct tail_place *from)
{
	const char *slash = strrchr(t->path, '/');
	const char *name = slash != NULL ? slash + 1 : t->path;
	char *where = slash != NULL
	    ? strndup(t->path, (size_t)(slash - t->path) + 1)
	    : NULL;
	DIR *dir = where != NULL ? opendir(where) : NULL;
	struct log_file found = { .fd = -1 };
	const struct dirent *entry;
	struct stat st;

	while (dir != NULL && found.fd == -1 && (entry = fd_next(dir)) != NULL)
		if (strncmp(entry->d_name, name, strlen(name)) == 0 &&
		    fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    is_file(from, &st) &&
		    open_log(&found, dirfd(dir), entry->d_name) == 0)
			found.at = *from;
	if (dir != NULL)
		(void)closedir(dir);
	free(where);
	return found;
}

static void
begin(struct tail *t, const struct tail_place *from)
{
	struct stat st = { 0 };

	if (open_log(&t->now, AT_FDCWD, t->path) == 0)
		(void)fstat(t->now.fd, &st);
	if (from->ino == 0)
		t->now.at.offset = (uint64_t)st.st_size;
	else if (t->now.fd == -1)
		t->now = find_renamed(t, from);
	else if (is_file(from, &st))
		t->now.at.offset = from->offset;
	else
		t->before = find_renamed(t, from);
}

struct tail *
tail_open(const char *path, const struct tail_place *from)
{
	struct tail *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->now.fd = t->before.fd = -1;
	t->path = strdup(path);
	if (t->path == NULL) {
		tail_close(t);
		return NULL;
	}
	begin(t, from);
	return t;
}

void
tail_close(struct tail *t)
{
	if (t == NULL)
		return;
	fd_close(&t->now.fd);
	fd_close(&t->before.fd);
	free(t->path);
	free(t);
}

/* ---- lines ---- */

/* The lines of a chunk; how many bytes they have. *full: one was put off. */
static size_t
take_lines(const struct tail *t, const struct tail_place *at, size_t len,
    tail_line *each, void *ctx, bool *full)
{
	struct tail_place here = *at;
	size_t used = 0;

	while (!*full) {
		const char *line = t->chunk + used;
		const char *end = memchr(line, '\n', len - used);

		if (end == NULL)
			break;
		here.offset = at->offset + used;
		if (!each(ctx, line, (size_t)(end - line), &here))
			*full = true;
		else
			used += (size_t)(end - line) + 1;
	}
	/* No line is as long: what begins here is no line. */
	return used == 0 && !*full && len == sizeof t->chunk ? len : used;
}

/* Up to its end, or READ_MAX, or one that was put off: true. */
static bool
read_file(struct tail *t, struct log_file *f, tail_line *each, void *ctx)
{
	uint64_t begin = f->at.offset;
	bool full = false;

	while (!full && f->at.offset - begin < READ_MAX) {
		ssize_t n = pread(f->fd, t->chunk, sizeof t->chunk,
		    (off_t)f->at.offset);
		size_t used = n > 0
		    ? take_lines(t, &f->at, (size_t)n, each, ctx, &full)
		    : 0;

		if (used == 0)
			break;
		f->at.offset += used;
	}
	return full || f->at.offset - begin >= READ_MAX;
}

/* ---- all ---- */

/* A file that is shorter than what was read of it begins anew. */
static void
heed_truncation(struct log_file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) == 0 && (uint64_t)st.st_size < f->at.offset)
		f->at.offset = 0;
}

/* Has it another file by now? Then the old one is read once more later. */
static bool
heed_rotation(struct tail *t)
{
	struct log_file other;
	struct stat st;

	if (stat(t->path, &st) == -1 || is_file(&t->now.at, &st) ||
	    open_log(&other, AT_FDCWD, t->path) == -1)
		return false;
	fd_close(&t->before.fd);
	t->before = t->now;
	t->now = other;
	return true;
}

static bool
read_all(struct tail *t, tail_line *each, void *ctx)
{
	if (t->before.fd != -1) {
		if (read_file(t, &t->before, each, ctx))
			return true;
		fd_close(&t->before.fd);
	}
	heed_truncation(&t->now);
	if (read_file(t, &t->now, each, ctx))
		return true;
	return heed_rotation(t) &&
	    (read_file(t, &t->before, each, ctx) ||
		read_file(t, &t->now, each, ctx));
}

bool
tail_read(struct tail *t, tail_line *each, void *ctx)
{
	bool more;

	if (t->now.fd == -1 && open_log(&t->now, AT_FDCWD, t->path) == -1)
		return false;
	more = read_all(t, each, ctx);
	errno = 0;
	return more;
}

struct tail_place
tail_here(const struct tail *t)
{
	return t->before.fd != -1 ? t->before.at : t->now.at;
}
