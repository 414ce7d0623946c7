#include "config.h"

/* The files of a log, as they are rotated. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "buf.h"
#include "fdio.h"
#include "trace.h"

#define FILES_MAX 4096
#define PIECE_MAX (256 * 1024)
#define LINE_MAX_BYTES (4 * 1024 * 1024) /* no line of ours is longer */

struct log_file {
	char *name;
	struct timespec changed;
};

struct log_files {
	struct log_file *files;
	size_t n;
};

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
add_file(struct log_files *all, int dirfd, const char *name)
{
	struct log_file *more;
	struct stat st;

	if (all->n == FILES_MAX || fstatat(dirfd, name, &st, 0) == -1 ||
	    !S_ISREG(st.st_mode))
		return;
	more = realloc(all->files, (all->n + 1) * sizeof *more);
	if (more == NULL)
		return;
	all->files = more;
	more[all->n].changed = st.st_mtim;
	more[all->n].name = strdup(name);
	if (more[all->n].name != NULL)
		all->n++;
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

/* All whole lines in b, and what is left of the last. */
static bool
take_lines(struct trace *t, enum trace_source source, struct buf *b)
{
	const char *at = b->data, *end = b->data + b->len, *newline;
	bool found = false;

	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		found |= trace_take(t, source, at, (size_t)(newline - at));
		at = newline + 1;
	}
	b->len = (size_t)(end - at);
	memmove(b->data, at, b->len);
	if (b->len > LINE_MAX_BYTES)
		b->len = 0;
	return found;
}

/* zlib reads what is not compressed as it is. -1: not to its end. */
static int
read_lines(struct trace *t, enum trace_source source, gzFile in, bool *found)
{
	char *piece = malloc(PIECE_MAX);
	struct buf b = { 0 };
	int n = -1;

	while (piece != NULL && !b.failed &&
	    (n = gzread(in, piece, PIECE_MAX)) > 0) {
		buf_add(&b, piece, (size_t)n);
		if (!b.failed)
			*found |= take_lines(t, source, &b);
	}
	/* The last one of a file that is being written may lack its newline. */
	if (b.len > 0)
		*found |= trace_take(t, source, b.data, b.len);
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

static bool
search_file(struct trace *t, enum trace_source source, int dirfd,
    const char *dir, const char *name)
{
	bool found = false;
	gzFile in;
	int fd, n;

	if (is_foreign(name)) {
		trace_elsewhere(t,
		    "%s/%s is compressed in a way that is not read here", dir,
		    name);
		return false;
	}
	fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	in = fd != -1 ? gzdopen(fd, "rb") : NULL;
	if (in == NULL) {
		trace_elsewhere(t, "%s/%s: %s", dir, name, strerror(errno));
		fd_close(&fd);
		return false;
	}
	n = read_lines(t, source, in, &found);
	/* Of one that was cut only the end says so. */
	if (gzclose(in) != Z_OK || n == -1)
		trace_elsewhere(t, "%s/%s cannot be read to its end", dir,
		    name);
	return found;
}

void
trace_search(struct trace *t, enum trace_source source, const char *dir,
    const char *name)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = dirfd != -1 ? fd_list(dirfd, ".") : NULL;
	struct log_files all = { 0 };
	const struct dirent *entry;
	unsigned more = 2;

	if (list == NULL && errno != ENOENT)
		trace_elsewhere(t, "%s: %s", dir, strerror(errno));
	while (list != NULL && (entry = fd_next(list)) != NULL)
		if (is_of(entry->d_name, name))
			add_file(&all, dirfd, entry->d_name);
	if (list != NULL)
		(void)closedir(list);
	if (all.n > 0)
		qsort(all.files, all.n, sizeof all.files[0], compare);
	/* What is written while a file is moved away is in both. */
	for (size_t i = 0; i < all.n && more > 0; i++)
		if (search_file(t, source, dirfd, dir, all.files[i].name) ||
		    more < 2)
			more--;
	for (size_t i = 0; i < all.n; i++)
		free(all.files[i].name);
	free(all.files);
	fd_close(&dirfd);
}
