#ifndef FT_CHILD_H
#define FT_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "listen.h"
#include "logger.h"
#include "scoreboard.h"
#include "settings.h"
#include "store.h"

/*
 * The life of a forked worker: narrow the process, open what it needs, serve,
 * close. Slots 0..workers-1 of the scoreboard are photo workers, the one after
 * them is the control worker.
 */
struct child {
	const struct settings *settings; /* borrowed */
	struct listeners *listeners;     /* borrowed */
	const struct logger *logger;     /* borrowed */
	pid_t master; /* when it is gone, the worker goes as well */
};

/*
 * The exit status: 0 when the worker was asked to end or is to be replaced, 1
 * after words to the log. Called once, in the new process.
 */
int child_run(struct child *child, struct scoreboard *board, unsigned slot);

/*
 * What every process that renders gives up, before its libraries start: core
 * files, large stacks and arenas.
 */
void child_limit_resources(void);

/*
 * Start ImageMagick with a directory of its own in the staging of this store. 0,
 * or -1 with words in why.
 */
int child_boot_image(const struct settings *settings, const struct store *store,
    char *why, size_t why_size);

/*
 * Bytes that one photo worker may take beyond what an idle one has; the sandbox
 * ends it there.
 */
uint64_t child_memory(const struct settings *settings);

/*
 * Into the sandbox that the settings want (sandbox.h), for good. jobs is how many
 * requests the process serves in its life, 0 without an end; reads a directory
 * that it may read beside the store, or NULL. The layers in force are in *layers
 * then. 0, or -1 with words in why where settings->sandbox
 * is strict and one is missing; where it is not, why has what is missing, or "".
 */
int child_enter_sandbox(const struct settings *settings, unsigned jobs,
    const char *reads, unsigned *layers, char *why, size_t why_size);

/*
 * What that would put up, with the reasons for what it would not in why; for
 * `thumbctl doctor`. Changes nothing.
 */
unsigned child_try_sandbox(const struct settings *settings, char *why,
    size_t why_size);

#endif
