#include "config.h"

/*
 * A log that grows while it is read. Only whole lines are taken, each once; of
 * a log that was renamed the rest is read before the new one, and once more
 * later, since nginx's workers write to the old one until each has heard of it.
 *
 * Lines are looked through by hand: a site may be asked for thumbnails some ten
 * thousand times a second.
 */

#include "probe_access.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "terms_time.h"

#define MINUTE_MS 60000
#define MINUTES 64           /* under way at a time */
#define CHUNK (256 * 1024)   /* no line is longer */
#define READ_MAX (256 << 20) /* bytes at a time: a probe is due */

struct log_file {
	int fd; /* -1: none */
	struct probe_position at;
};

struct minute {
	struct probe_minute count;
	struct probe_position first; /* its first line */
};

struct probe_access {
	char *path, *prefix, *mark;  /* mark with "probe=" */
	struct log_file now, before; /* before: was renamed */
	struct minute minutes[MINUTES];
	unsigned n;
	int64_t told;
	char chunk[CHUNK];
	/* The last minute that a line named, and how: for the next line. */
	char when[32];
	int64_t minute;
};

/* ---- files ---- */

static bool
is_file(const struct probe_position *at, const struct stat *st)
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
	f->at = (struct probe_position){ .dev = (uint64_t)st.st_dev,
		.ino = (uint64_t)st.st_ino };
	return 0;
}

/* The log of an earlier run, by whatever name it is still there. */
static struct log_file
find_renamed(const struct probe_access *a, const struct probe_position *from)
{
	const char *slash = strrchr(a->path, '/');
	const char *name = slash != NULL ? slash + 1 : a->path;
	char *where = slash != NULL
	    ? strndup(a->path, (size_t)(slash - a->path) + 1)
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
begin(struct probe_access *a, const struct probe_position *from, int64_t now)
{
	struct stat st = { 0 };

	a->told = from->ino != 0 ? from->told : now - now % MINUTE_MS;
	if (open_log(&a->now, AT_FDCWD, a->path) == 0)
		(void)fstat(a->now.fd, &st);
	if (from->ino == 0)
		a->now.at.offset = (uint64_t)st.st_size;
	else if (a->now.fd == -1)
		a->now = find_renamed(a, from);
	else if (is_file(from, &st))
		a->now.at.offset = from->offset;
	else
		a->before = find_renamed(a, from);
}

struct probe_access *
probe_access_open(const char *path, const char *prefix, const char *mark,
    const struct probe_position *from, int64_t now)
{
	struct probe_access *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->now.fd = a->before.fd = -1;
	a->path = strdup(path);
	a->prefix = strdup(prefix);
	if (asprintf(&a->mark, "probe=%s", mark) == -1)
		a->mark = NULL;
	if (a->path == NULL || a->prefix == NULL || a->mark == NULL) {
		probe_access_close(a);
		return NULL;
	}
	begin(a, from, now);
	return a;
}

void
probe_access_close(struct probe_access *a)
{
	if (a == NULL)
		return;
	fd_close(&a->now.fd);
	fd_close(&a->before.fd);
	free(a->path);
	free(a->prefix);
	free(a->mark);
	free(a);
}

/* ---- lines ---- */

/* What comes behind `"key":` in a line, up to its end; NULL: it has none. */
static const char *
value_of(const char *line, size_t len, const char *key)
{
	const char *at = memmem(line, len, key, strlen(key));

	return at != NULL ? at + strlen(key) : NULL;
}

/* The minute of "2026-11-28T09:51:20+01:00", or -1. */
static int64_t
minute_of(struct probe_access *a, const char *at, const char *end)
{
	const char *quote = memchr(at, '"', (size_t)(end - at));
	size_t len = quote != NULL ? (size_t)(quote - at) : 0;
	char text[sizeof a->when];
	int64_t seconds;

	if (len < sizeof "2026-11-28T09:51:20" || len >= sizeof text)
		return -1;
	memcpy(text, at, len);
	text[len] = '\0';
	memcpy(text + sizeof "2026-11-28T09:51:" - 1, "00", 2);
	if (strcmp(text, a->when) != 0) {
		if (terms_time_parse(text, &seconds) == -1)
			return -1;
		memcpy(a->when, text, len + 1);
		a->minute = seconds * 1000;
	}
	return a->minute;
}

static bool
begins(const char **at, size_t *left, const char *with)
{
	size_t len = strlen(with);

	if (*left < len || memcmp(*at, with, len) != 0)
		return false;
	*at += len;
	*left -= len;
	return true;
}

/* Uploads, claims, deletions and thumbnails of others. */
static bool
is_counted(const struct probe_access *a, const char *uri, const char *end)
{
	const char *quote = memchr(uri, '"', (size_t)(end - uri));
	size_t left = quote != NULL ? (size_t)(quote - uri) : 0;

	if (memmem(uri, left, a->mark, strlen(a->mark)) != NULL ||
	    !begins(&uri, &left, a->prefix))
		return false;
	if (begins(&uri, &left, "/upload"))
		return left == 0 || *uri == '?';
	return begins(&uri, &left, "/t/") || begins(&uri, &left, "/photos/");
}

/* The one of that start; NULL: there is none and no room for it. */
static struct minute *
find_minute(struct probe_access *a, int64_t start,
    const struct probe_position *at)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->minutes[i].count.start == start)
			return &a->minutes[i];
	if (a->n == MINUTES)
		return NULL;
	a->minutes[a->n] =
	    (struct minute){ .count.start = start, .first = *at };
	return &a->minutes[a->n++];
}

/* -1: its minute has no room yet. */
static int
take_line(struct probe_access *a, const char *line, size_t len,
    const struct probe_position *at)
{
	const char *end = line + len;
	const char *when = value_of(line, len, "\"time\":\"");
	const char *uri = value_of(line, len, "\"uri\":\"");
	const char *status = value_of(line, len, ",\"status\":");
	struct minute *m;
	int64_t start;

	if (when == NULL || uri == NULL || status == NULL || end - status < 3 ||
	    status[0] < '1' || status[0] > '5' || !is_counted(a, uri, end))
		return 0;
	start = minute_of(a, when, end);
	if (start <= a->told)
		return 0;
	m = find_minute(a, start, at);
	if (m == NULL)
		return -1;
	m->count.total++;
	m->count.errors += status[0] == '5';
	return 0;
}

/* The lines of a chunk; how many bytes they have. *full: one had no room. */
static size_t
take_lines(struct probe_access *a, const struct probe_position *at, size_t len,
    bool *full)
{
	struct probe_position here = *at;
	size_t used = 0;

	while (!*full) {
		const char *line = a->chunk + used;
		const char *end = memchr(line, '\n', len - used);

		if (end == NULL)
			break;
		here.offset = at->offset + used;
		if (take_line(a, line, (size_t)(end - line), &here) == -1)
			*full = true;
		else
			used += (size_t)(end - line) + 1;
	}
	/* No line is as long: what begins here is no line. */
	return used == 0 && !*full && len == sizeof a->chunk ? len : used;
}

/* Up to its end, or READ_MAX, or no room: true. */
static bool
read_file(struct probe_access *a, struct log_file *f)
{
	uint64_t begin = f->at.offset;
	bool full = false;

	while (!full && f->at.offset - begin < READ_MAX) {
		ssize_t n = pread(f->fd, a->chunk, sizeof a->chunk,
		    (off_t)f->at.offset);
		size_t used =
		    n > 0 ? take_lines(a, &f->at, (size_t)n, &full) : 0;

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
heed_rotation(struct probe_access *a)
{
	struct log_file other;
	struct stat st;

	if (stat(a->path, &st) == -1 || is_file(&a->now.at, &st) ||
	    open_log(&other, AT_FDCWD, a->path) == -1)
		return false;
	fd_close(&a->before.fd);
	a->before = a->now;
	a->now = other;
	return true;
}

bool
probe_access_read(struct probe_access *a)
{
	if (a->now.fd == -1 && open_log(&a->now, AT_FDCWD, a->path) == -1)
		return false;
	errno = 0;
	if (a->before.fd != -1) {
		if (read_file(a, &a->before))
			return true;
		fd_close(&a->before.fd);
	}
	heed_truncation(&a->now);
	if (read_file(a, &a->now))
		return true;
	if (heed_rotation(a))
		return read_file(a, &a->before) || read_file(a, &a->now);
	errno = 0;
	return false;
}

bool
probe_access_take(struct probe_access *a, int64_t last,
    struct probe_minute *out)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < a->n; i++)
		if (a->minutes[i].count.start < a->minutes[oldest].count.start)
			oldest = i;
	if (a->n == 0 || a->minutes[oldest].count.start > last)
		return false;
	*out = a->minutes[oldest].count;
	a->told = out->start;
	memmove(&a->minutes[oldest], &a->minutes[oldest + 1],
	    (a->n - oldest - 1) * sizeof a->minutes[0]);
	a->n--;
	return true;
}

/* The first line of those that are not told yet: they are in this order. */
struct probe_position
probe_access_position(const struct probe_access *a)
{
	struct probe_position at =
	    a->before.fd != -1 ? a->before.at : a->now.at;

	if (a->n > 0)
		at = a->minutes[0].first;
	at.told = a->told;
	return at;
}
