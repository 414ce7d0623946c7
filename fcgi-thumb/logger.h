#ifndef FT_LOGGER_H
#define FT_LOGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Where the lines of one generation of workers go (target.h).
 *
 * To a file or stderr each process writes by itself. To the journal, to syslog
 * and to another host a process of its own carries them, "thumb-log": workers
 * may not open a socket, which these need again whenever a receiver has been
 * away, and nobody is to wait for one. Lines reach it by a socket that keeps a
 * few hundred of them; it takes the next one when one is sent, so that what is
 * on its way outlives a short absence, and the carrier itself, which is replaced
 * when it dies. Beyond that lines are lost and counted (log.h).
 *
 * The carrier ends by itself when the last process that could write a line to it
 * has ended and all is sent; LOGGER_DRAIN_SECONDS later with what is left.
 */
struct logger;

#define LOGGER_DRAIN_SECONDS 3

/*
 * target  as in the settings
 * file    the path of a file for "file"; "" means stderr
 *
 * Opens and forks nothing yet. NULL with errno.
 */
struct logger *logger_new(const char *target, const char *file);

/* The carrier goes on until all is sent. NULL is allowed. */
void logger_free(struct logger *l);

/*
 * The lines of this process go there from now on; a file is opened anew. Where
 * that fails they go on where they went, or to stderr where that has no name
 * any more. 0, or -1 with words in why.
 */
int logger_open(const struct logger *l, char *why, size_t why_size);

/* Is it a file, which one may move and have opened anew? */
bool logger_is_file(const struct logger *l);

/* What a worker must keep open for logger_open; -1: nothing. */
int logger_descriptor(const struct logger *l);

/*
 * Is this process's file not the one at the path, since it could not be opened
 * or somebody has moved or removed it? Never for other targets.
 */
bool logger_is_astray(const struct logger *l);

/*
 * Try to mend that, without words. True when lines go somewhere else now, and
 * those of the workers should as well.
 */
bool logger_mend(const struct logger *l);

/*
 * Fork the carrier when it is due. To be called after each logger_reap and when
 * the time is over that it returns: milliseconds, 1..1000.
 */
unsigned logger_tend(struct logger *l);

/* A child of this process ended. False: it was not this carrier. */
bool logger_reap(struct logger *l, pid_t pid);

#endif
