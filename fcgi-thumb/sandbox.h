#ifndef FT_SANDBOX_H
#define FT_SANDBOX_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a process gives up before it meets the bytes of a stranger. Each layer
 * holds by itself, so that a kernel without one still has the others.
 */
enum sandbox_layer {
	SANDBOX_LIMITS = 1U << 0,     /* setrlimit(2) */
	SANDBOX_PRIVILEGES = 1U << 1, /* PR_SET_NO_NEW_PRIVS: prctl(2) */
	SANDBOX_FILES = 1U << 2,      /* landlock(7) */
	SANDBOX_CALLS = 1U << 3       /* seccomp(2), by libseccomp */
};

#ifdef FT_ASAN
/* AddressSanitizer reserves terabytes, and asks the kernel for much else. */
#define SANDBOX_ALL (SANDBOX_LIMITS | SANDBOX_PRIVILEGES | SANDBOX_FILES)
#else
#define SANDBOX_ALL \
	(SANDBOX_LIMITS | SANDBOX_PRIVILEGES | SANDBOX_FILES | SANDBOX_CALLS)
#endif

/* What a process keeps. 0 of a number: without a limit of ours. */
struct sandbox {
	const char *data; /* the directory whose files it works on */
	/* NULL, or one whose files it may read, where that is there. */
	const char *reads;
	uint64_t memory; /* bytes of address space beyond those in use now */
	uint64_t file;   /* bytes of the largest file that it may write */
	unsigned descriptors; /* open ones */
	uint64_t cpu_seconds; /* in the process's life */
};

/*
 * Put this process, which has one thread, into its sandbox, for good. Files
 * that are open stay usable; libraries must have loaded what they need.
 *
 * After it: no file outside of data can be opened (but those of reads and
 * /dev/urandom for reading), no program run, no socket made, no process or namespace made, no
 * memory made executable. A forbidden path is EACCES, a forbidden system call
 * kills the process with SIGSYS.
 *
 * Returns the layers in force, bits of enum sandbox_layer; when that is not
 * SANDBOX_ALL, why has a few words for each that is not.
 */
unsigned sandbox_enter(const struct sandbox *sandbox, char *why,
    size_t why_size);

/*
 * The same in a process that ends at once: what would be in force, for
 * `thumbctl doctor`.
 */
unsigned sandbox_try(const struct sandbox *sandbox, char *why, size_t why_size);

/* "limits, privileges, files, system calls", or "none". */
void sandbox_names(unsigned layers, char *out, size_t size);

/*
 * How many system calls the filter lets through on this processor, some of them
 * with certain arguments only.
 */
unsigned sandbox_count_calls(void);

#endif
