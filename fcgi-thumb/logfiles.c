#include "config.h"

#include "logfiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "buf.h"
#include "fdio.h"

#define FILES_MAX 4096
#define PIECE_MAX (256 * 1024)
#define LINE_MAX_BYTES (4 * 1024 * 1024) /* no line of ours is longer */

struct log_file {
	char *name;
	struct timespec changed;
};

struct logfiles {
	char *dir;
	int dirfd;
	struct log_file *files;
	size_t n;
};

/* ---- which files ---- */

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool
is_of(const char *entry, const char *name)
{
	size_t len;

	if (name == NULL)
		return ends_with(entry, ".jsonl");
	len = strlen(name);
	return strncmp(entry, name, len) == 0 &&
	    (entry[len] == '\0' || entry[len] == '.' || entry[len] == '-');
}

static void
add_file(struct logfiles *l, const char *name)
{
	struct log_file *more;
	struct stat st;

	if (l->n == FILES_MAX || fstatat(l->dirfd, name, &st, 0) == -1 ||
	    !S_ISREG(st.st_mode))
		return;
	more = realloc(l->files, (l->n + 1) * sizeof *more);
	if (more == NULL)
		return;
	l->files = more;
	more[l->n].changed = st.st_mtim;
	more[l->n].name = strdup(name);
	if (more[l->n].name != NULL)
		l->n++;
}

/* The newest first. */
static int
compare(const void *a, const void *b)
{
	const struct timespec *x = &((const struct log_file *)a)->changed;
	const struct timespec *y = &((const struct log_file *)b)->changed;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec == y->tv_nsec ? 0 : x->tv_nsec < y->tv_nsec ? 1 : -1;
}

/* 0, or -1 with errno. */
static int
list_files(struct logfiles *l, const char *name)
{
	const struct dirent *entry;
	DIR *list;

	l->dirfd = open(l->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dirfd == -1)
		return errno == ENOENT ? 0 : -1;
	list = fd_list(l->dirfd, ".");
	if (list == NULL)
		return -1;
	while ((entry = fd_next(list)) != NULL)
		if (is_of(entry->d_name, name))
			add_file(l, entry->d_name);
	(void)closedir(list);
	if (l->n > 0)
		qsort(l->files, l->n, sizeof l->files[0], compare);
	return 0;
}

struct logfiles *
logfiles_open(const char *dir, const char *name)
{
	struct logfiles *l = calloc(1, sizeof *l);
	int saved;

	if (l == NULL)
		return NULL;
	l->dirfd = -1;
	l->dir = strdup(dir);
	if (l->dir != NULL && list_files(l, name) == 0)
		return l;
	saved = errno;
	logfiles_close(l);
	errno = saved;
	return NULL;
}

void
logfiles_close(struct logfiles *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < l->n; i++)
		free(l->files[i].name);
	free(l->files);
	fd_close(&l->dirfd);
	free(l->dir);
	free(l);
}

size_t
logfiles_count(const struct logfiles *l)
{
	return l->n;
}

int64_t
logfiles_changed(const struct logfiles *l, size_t i)
{
	const struct timespec *at = &l->files[i].changed;

	return (int64_t)at->tv_sec * 1000 + at->tv_nsec / 1000000;
}

/* ---- their lines ---- */

/* All whole lines in b; what is left of the last stays. */
static void
take_lines(struct buf *b, logfiles_line *each, void *ctx)
{
	const char *at = b->data, *end = b->data + b->len, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		each(ctx, at, (size_t)(newline - at));
		at = newline + 1;
	}
	b->len = (size_t)(end - at);
	memmove(b->data, at, b->len);
	if (b->len > LINE_MAX_BYTES)
		b->len = 0;
}

/* zlib reads what is not compressed as it is. -1: not to its end. */
static int
read_lines(gzFile in, logfiles_line *each, void *ctx)
{
	char *piece = malloc(PIECE_MAX);
	struct buf b = { 0 };
	int n = -1;

	while (piece != NULL && !b.failed &&
	    (n = gzread(in, piece, PIECE_MAX)) > 0) {
		buf_add(&b, piece, (size_t)n);
		if (!b.failed)
			take_lines(&b, each, ctx);
	}
	/* The last one of a file that is being written may lack its newline. */
	if (b.len > 0)
		each(ctx, b.data, b.len);
	if (b.failed)
		n = -1;
	buf_fini(&b);
	free(piece);
	return n;
}

static bool
is_foreign(const char *name)
{
	return ends_with(name, ".xz") || ends_with(name, ".bz2") ||
	    ends_with(name, ".zst") || ends_with(name, ".lz4");
}

int
logfiles_read(const struct logfiles *l, size_t i, logfiles_line *each,
    void *ctx, char why[LOGFILES_WHY_MAX])
{
	const char *name = l->files[i].name;
	gzFile in;
	int fd, n;

	if (is_foreign(name)) {
		(void)snprintf(why, LOGFILES_WHY_MAX,
		    "%s/%s is compressed in a way that is not read here",
		    l->dir, name);
		return -1;
	}
	fd = openat(l->dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	in = fd != -1 ? gzdopen(fd, "rb") : NULL;
	if (in == NULL) {
		(void)snprintf(why, LOGFILES_WHY_MAX, "%s/%s: %s", l->dir, name,
		    strerror(errno));
		fd_close(&fd);
		return -1;
	}
	n = read_lines(in, each, ctx);
	/* Of one that was cut only the end says so. */
	if (gzclose(in) == Z_OK && n != -1)
		return 0;
	(void)snprintf(why, LOGFILES_WHY_MAX, "%s/%s cannot be read to its end",
	    l->dir, name);
	return -1;
}
