#ifndef FT_THUMBCTL_PROGRAM_H
#define FT_THUMBCTL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Other programs that a command runs: nginx, systemctl. No shell: what stands in
 * the words are words. Beside PATH they are looked for in the directories of
 * the administrator, which an ordinary PATH does not name.
 */
#define PROGRAM_WORDS_MAX 8 /* behind those of the command line */

/*
 * In a child: become the program. program is a command line with spaces between
 * its words, more are words behind them, NULL at the end. Ends the process with
 * EX_OSERR or EX_UNAVAILABLE after a complaint where that fails.
 */
void program_exec(const char *program, const char *const more[])
    __attribute__((noreturn));

/*
 * Run it and wait at most so many seconds; nothing stands on its input. What it
 * said is appended to out and err, either of which may be NULL. The exit status;
 * -1 where it could not be run, did not end in time, or by a signal.
 */
int program_run(const char *program, const char *const more[], struct buf *out,
    struct buf *err, unsigned seconds);

/* A line without its end. False: no more of them. */
typedef bool program_line(void *ctx, const char *line, size_t len);

/*
 * Run it and give each line of its output as it comes, for as long as it takes;
 * what it says to stderr goes there. The exit status (of one that was not heard to
 * its end 0), or -1 with errno.
 */
int program_lines(const char *program, const char *const more[],
    program_line *each, void *ctx);

#endif
