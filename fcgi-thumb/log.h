#ifndef FT_LOG_H
#define FT_LOG_H

#include <stddef.h>
#include <stdint.h>

/*
 * Two kinds of lines leave the programs.
 * - Words for the operator (log_info, log_error): "fcgi-thumb: text" to the
 *   log file, or to stderr. Control bytes become question marks.
 * - One JSON object a request (log_line), already built.
 * To a file each line is one write to a descriptor opened with O_APPEND, so
 * that many processes share it; on a pipe, lines beyond PIPE_BUF may mix. A
 * line that cannot be written, or not without waiting, is dropped: losing or
 * filling the log, or a reader that has stopped, never fails a request.
 */

/*
 * Send both kinds to this file from now on, created 0640; NULL or "" means
 * stderr. Called again (log rotation), it opens the path anew. 0, or -1 with
 * errno and the sink unchanged.
 */
int log_open(const char *path);

/* Bytes of the log where it is a file; else 0. */
uint64_t log_bytes(void);

/* Where both go now. Borrowed. */
int log_descriptor(void);

void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One finished line without its newline. Async-signal-safe. */
void log_line(const char *text, size_t len);

#endif
