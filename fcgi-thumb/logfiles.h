#ifndef FT_LOGFILES_H
#define FT_LOGFILES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The files of a log as they are rotated: name, name.1, name.2.gz, name-20261128
 * and the like, in one directory.
 */
struct logfiles;

#define LOGFILES_WHY_MAX 400

/*
 * name NULL: every *.jsonl. A directory that is not there has no files. NULL
 * with errno.
 */
struct logfiles *logfiles_open(const char *dir, const char *name);
void logfiles_close(struct logfiles *l);

/* File i is the newest, by when it was written to last, that is not before it. */
size_t logfiles_count(const struct logfiles *l);

/* When a file was written to last, ms since the epoch. */
int64_t logfiles_changed(const struct logfiles *l, size_t i);

/* A line without its end, not NUL-terminated. */
typedef void logfiles_line(void *ctx, const char *line, size_t len);

/*
 * Give each all lines of a file, compressed by gzip or not at all. 0, or -1 with
 * words in why, after the lines that could be read.
 */
int logfiles_read(const struct logfiles *l, size_t i, logfiles_line *each,
    void *ctx, char why[LOGFILES_WHY_MAX]);

#endif
