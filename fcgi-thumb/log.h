#ifndef FT_LOG_H
#define FT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Two kinds of lines leave the programs.
 * - Words for the operator (log_info, log_error): "fcgi-thumb: text", or
 *   "fcgi-thumb@blue: text" of a slot, to the log file, to a socket, or to
 *   stderr. Control bytes become question marks.
 * - One JSON object a request (log_line), already built.
 * To a file each line is one write to a descriptor opened with O_APPEND, so
 * that many processes share it; to a socket it is one message; on a pipe, lines
 * beyond PIPE_BUF may mix. A line that cannot be written, or not without
 * waiting, is lost: losing or filling the log, or a reader that has stopped,
 * never fails a request. What is lost is counted, and once a line can be
 * written again another one says how many were.
 */

/*
 * From now on lines are those of this slot; "" is none. It is cut at
 * LOG_SLOT_MAX bytes.
 */
#define LOG_SLOT_MAX 15
void log_set_slot(const char *slot);

/* That slot. */
const char *log_slot(void);

/* What words begin with: "fcgi-thumb: ". */
const char *log_tag(void);

/*
 * Send both kinds to this file from now on, created 0640; NULL or "" means
 * stderr. Called again (log rotation), it opens the path anew. 0, or -1 with
 * errno and the sink unchanged.
 */
int log_open(const char *path);

/*
 * Send both kinds to a connected, non-blocking socket of type SOCK_SEQPACKET
 * from now on, a line a message without its newline and cut at LOG_MESSAGE_MAX.
 * fd is duplicated and stays the caller's. 0, or -1 with errno and the sink
 * unchanged.
 */
#define LOG_MESSAGE_MAX (128 * 1024)
int log_open_socket(int fd);

/* Is the file at this path the one that lines go to? */
bool log_is_at(const char *path);

/* Do lines go to a file, other than stderr, that has no name any more? */
bool log_is_nameless(void);

/* Bytes of the log where it is a file; else 0. */
uint64_t log_bytes(void);

/* Where both go now. Borrowed. */
int log_descriptor(void);

/*
 * Count together with all processes that are forked from now on, so that what
 * one loses another can say. Without it each counts for itself. 0, or -1 with
 * errno.
 */
int log_share(void);

/*
 * From now on this process counts what is lost and leaves it to others to say
 * so: its own lines go elsewhere.
 */
void log_leave_lost(void);

/* Lines that this process could not write, since its start. */
uint64_t log_lost(void);

/* Lines that no process could write of those that count together. */
uint64_t log_lost_together(void);

/* One more line is lost, on its way to wherever. Async-signal-safe. */
void log_lose(void);

void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One finished line without its newline. Async-signal-safe. */
void log_line(const char *text, size_t len);

#endif
