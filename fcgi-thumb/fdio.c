#include "config.h"

/*
 * Whole reads, whole writes and whole trees on descriptors. Says what failed by
 * errno and decides nothing.
 */

#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "number.h"

int
fd_write_full(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
fd_read_full(int fd, void *buf, size_t cap, size_t *len)
{
	*len = 0;
	while (*len < cap) {
		ssize_t n = read(fd, (char *)buf + *len, cap - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return 0;
}

int
fd_read_file(int dirfd, const char *path, size_t max, char **out, size_t *len)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	char *data = NULL;
	size_t cap;
	int rc = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		goto out;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		goto out;
	}
	/* Files of /proc have no size before they are read. */
	cap = st.st_size > 0 ? (size_t)st.st_size : max;
	if (cap > max) {
		errno = EFBIG;
		goto out;
	}
	data = malloc(cap + 1);
	if (data == NULL || fd_read_full(fd, data, cap, len) == -1)
		goto out;
	data[*len] = '\0';
	*out = data;
	data = NULL;
	rc = 0;
out:
	free(data);
	fd_close(&fd);
	return rc;
}

static void
undo_file(int dirfd, const char *path, int *fd)
{
	int error = errno;

	fd_close(fd);
	(void)unlinkat(dirfd, path, 0);
	errno = error;
}

/* It must not wait for the other end of a pipe, hence O_NONBLOCK. */
int
fd_open_private(const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1) {
		(void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		(void)snprintf(why, why_size, "%s: not a regular file", path);
	} else if ((st.st_mode & 077) != 0) {
		(void)snprintf(why, why_size,
		    "%s: open to others than its owner (mode %04o): "
		    "chmod 600 it",
		    path, (unsigned)(st.st_mode & 07777));
	} else {
		return fd;
	}
	fd_close(&fd);
	return -1;
}

/* Does the file end within a line? A full disk may have cut it there. */
static bool
ends_open(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && st.st_size > 0 &&
	    pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

int
fd_append_line(int fd, const char *text, bool sync)
{
	struct buf line = { 0 };
	ssize_t n = -1;

	if (ends_open(fd))
		buf_puts(&line, "\n");
	buf_puts(&line, text);
	buf_puts(&line, "\n");
	errno = ENOMEM;
	if (!line.failed) {
		do
			n = write(fd, line.data, line.len);
		while (n == -1 && errno == EINTR);
		/* The rest in a second write could meet another's line. */
		if (n >= 0 && (size_t)n < line.len) {
			errno = ENOSPC;
			n = -1;
		}
	}
	buf_fini(&line);
	if (n == -1)
		return -1;
	return sync ? fdatasync(fd) : 0;
}

int
fd_make_file(int dirfd, const char *path, int mode, const void *data,
    size_t len)
{
	int fd = openat(dirfd, path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd != -1 &&
	    (fd_write_full(fd, data, len) == -1 ||
		fchmod(fd, (mode_t)mode) == -1))
		undo_file(dirfd, path, &fd);
	return fd;
}

int
fd_write_file(int dirfd, const char *path, int mode, const void *data,
    size_t len)
{
	int fd = fd_make_file(dirfd, path, mode, data, len);

	if (fd == -1)
		return -1;
	if (fsync(fd) == -1) {
		undo_file(dirfd, path, &fd);
		return -1;
	}
	/* A full NFS or quota can show itself only here. */
	if (close(fd) == 0)
		return 0;
	fd = -1;
	undo_file(dirfd, path, &fd);
	return -1;
}

int
fd_replace_file(int dirfd, const char *name, int mode, const struct stat *like,
    const void *data, size_t len)
{
	char aside[NAME_MAX + 1];
	int fd, rc = -1;

	if (snprintf(aside, sizeof aside, ".%s.%ld", name, (long)getpid()) >=
	    (int)sizeof aside) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)unlinkat(dirfd, aside, 0); /* of a dead process with our number */
	fd = fd_make_file(dirfd, aside, mode, data, len);
	if (fd == -1)
		return -1;
	/* A change of owner may clear bits of the mode. */
	if ((like == NULL ||
		(fchown(fd, like->st_uid, like->st_gid) == 0 &&
		    fchmod(fd, (mode_t)mode) == 0)) &&
	    fsync(fd) == 0)
		rc = renameat(dirfd, aside, dirfd, name);
	if (rc == -1)
		undo_file(dirfd, aside, &fd);
	fd_close(&fd);
	return rc;
}

int
fd_sync_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd == -1)
		return -1;
	rc = fsync(fd);
	fd_close(&fd);
	return rc;
}

DIR *
fd_list(int dirfd, const char *path)
{
	int fd = openat(dirfd, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;

	if (dir == NULL)
		fd_close(&fd);
	return dir;
}

static bool
is_self_or_parent(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

const struct dirent *
fd_next(DIR *dir)
{
	const struct dirent *entry;

	errno = 0;
	do
		entry = readdir(dir);
	while (entry != NULL && is_self_or_parent(entry->d_name));
	return entry;
}

bool
fd_is_empty(int dirfd)
{
	DIR *dir = fd_list(dirfd, ".");
	bool empty;

	if (dir == NULL)
		return false;
	empty = fd_next(dir) == NULL && errno == 0;
	(void)closedir(dir);
	return empty;
}

static void
keep_first(int *error)
{
	if (*error == 0)
		*error = errno;
}

/* Everything in the directory, which is closed at the end. */
static void
remove_entries(DIR *dir, int *error)
{
	const struct dirent *entry;

	while ((entry = fd_next(dir)) != NULL) {
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			continue;
		/* EISDIR on Linux, EPERM by POSIX, for a directory. */
		if ((errno != EISDIR && errno != EPERM) ||
		    fd_remove_tree(dirfd(dir), entry->d_name) == -1)
			keep_first(error);
	}
	if (errno != 0)
		keep_first(error);
	(void)closedir(dir);
}

int
fd_remove_tree(int dirfd, const char *path)
{
	DIR *dir = fd_list(dirfd, path);
	int error = 0;

	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	remove_entries(dir, &error);
	if (unlinkat(dirfd, path, AT_REMOVEDIR) == -1 && errno != ENOENT)
		keep_first(&error);
	errno = error;
	return error == 0 ? 0 : -1;
}

#define BLOCK 512 /* of st_blocks: stat(3type) */

static uint64_t
entry_bytes(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (S_ISDIR(st.st_mode))
		return fd_tree_bytes(dirfd, name);
	return st.st_nlink > 0 ? (uint64_t)st.st_blocks * BLOCK / st.st_nlink
			       : 0;
}

uint64_t
fd_tree_bytes(int dirfd_, const char *path)
{
	DIR *dir = fd_list(dirfd_, path);
	const struct dirent *entry;
	uint64_t bytes = 0;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		bytes += entry_bytes(dirfd(dir), entry->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	return bytes;
}

void
fd_close(int *fd)
{
	int error = errno;

	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
	errno = error;
}

static bool
is_among(int fd, const int *keep, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

void
fd_keep_only(const int *keep, size_t n)
{
	DIR *dir = fd_list(AT_FDCWD, "/proc/self/fd");
	const struct dirent *entry;
	unsigned long long fd;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		if (number_parse(entry->d_name, STDERR_FILENO + 1, INT_MAX,
			&fd) == 0 &&
		    !is_among((int)fd, keep, n) && (int)fd != dirfd(dir))
			(void)close((int)fd);
	if (dir != NULL)
		(void)closedir(dir);
}

int
fd_set_mtime(int fd, time_t when)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = when } };

	return futimens(fd, times);
}
