#ifndef FT_FDIO_H
#define FT_FDIO_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Write all of data, through short counts and EINTR. 0, or -1 with errno. */
int fd_write_full(int fd, const void *data, size_t len);

/*
 * Read until the end or until buf is full, through short counts and EINTR.
 * 0 and *len, or -1 with errno.
 */
int fd_read_full(int fd, void *buf, size_t cap, size_t *len);

/*
 * The whole of a file, at most max bytes, with a NUL behind it. The caller
 * frees *out. 0, or -1 with errno (EFBIG over max). path is resolved below
 * dirfd and the last part is not followed when it is a symbolic link.
 */
int fd_read_file(int dirfd, const char *path, size_t max, char **out,
    size_t *len);

/*
 * Open a file of secrets to read: a regular one that is open to its owner alone.
 * The descriptor, or -1 after one line to why.
 */
int fd_open_private(const char *path, char *why, size_t why_size);

/*
 * Append a line, without its newline in text, to a file that is open to read and
 * to append (O_RDWR, O_APPEND). One write, so that the lines of several never
 * mix; a line that an earlier one left unfinished is ended first and costs
 * nobody else's.
 *
 * sync  wait until it is on the disk
 *
 * 0, or -1 with errno: ENOSPC also where only a part of the line went in.
 */
int fd_append_line(int fd, const char *text, bool sync);

/*
 * Create path below dirfd (O_EXCL) with this mode whatever the umask is, and
 * write data. The descriptor, which is still to be synced and closed, or -1
 * with errno and nothing left.
 */
int fd_make_file(int dirfd, const char *path, int mode, const void *data,
    size_t len);

/* The same, with the fsync. 0, or -1 with errno. */
int fd_write_file(int dirfd, const char *path, int mode, const void *data,
    size_t len);

/*
 * Put a file in the place of one of that name in dirfd, or where there is none,
 * by a rename: whoever opens it finds the one or the other, whole. It gets this
 * mode and, where `like` is not NULL, the owner and group of that. 0, or -1 with
 * errno and what was there. The directory is still to be synced.
 */
struct stat;
int fd_replace_file(int dirfd, const char *name, int mode,
    const struct stat *like, const void *data, size_t len);

/* fsync of a directory by name, below dirfd. 0, or -1 with errno. */
int fd_sync_dir(int dirfd, const char *path);

/*
 * The entries of a directory below dirfd, which is not followed when it is a
 * symbolic link; "." is dirfd itself, from its first entry whatever was read
 * of it. closedir ends it. NULL with errno.
 */
DIR *fd_list(int dirfd, const char *path);

/*
 * The next entry but . and .., valid until the next call. NULL at the end, with
 * errno 0, or where it cannot be read on, with another.
 */
const struct dirent *fd_next(DIR *dir);

/* Has an open directory no entry but . and ..? False where it cannot be read. */
bool fd_is_empty(int dirfd);

/*
 * Remove path below dirfd and all that is in it, without following symbolic
 * links. Goes on after a failure; 0, or -1 with the first errno. ENOENT of
 * path itself is success.
 */
int fd_remove_tree(int dirfd, const char *path);

/*
 * Bytes of disk of all files in the tree at path below dirfd, of one with
 * several names as much of it as has its names here. What cannot be looked at
 * counts for nothing.
 */
uint64_t fd_tree_bytes(int dirfd, const char *path);

/* Close unless -1, and set to -1. Keeps errno. */
void fd_close(int *fd);

/*
 * Close every descriptor over 2 that is not among these; what cannot be listed
 * stays open.
 */
void fd_keep_only(const int *keep, size_t n);

/* Set when an open file was changed last. 0, or -1 with errno. */
int fd_set_mtime(int fd, time_t when);

#endif
