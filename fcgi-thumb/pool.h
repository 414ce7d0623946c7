#ifndef FT_POOL_H
#define FT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "blame.h"
#include "scoreboard.h"

/*
 * One generation of workers: forks them, replaces those that end, kills those
 * that are past their deadline, and says how each one died. Knows nothing of
 * what they do.
 */

struct pool_spec {
	unsigned
	    photos; /* photo workers, slots 0..photos-1; the control worker is slot `photos` */
	/*
	 * The life of a worker, in the child: its result is the exit status, 0
	 * where the end was in order, 1 after words of its own to the log.
	 * Signals are blocked as in the caller.
	 */
	int (*run)(void *ctx, struct scoreboard *board, unsigned slot);
	/* A worker died otherwise than in order; may be NULL. */
	void (*died)(void *ctx, const struct death *death);
	void *ctx; /* borrowed */
};

struct pool;

/* Forks nothing yet. NULL with errno. */
struct pool *pool_new(const struct pool_spec *spec);

/* Of an empty pool; in a child, of a pool that is not its own. NULL is allowed. */
void pool_free(struct pool *p);

/*
 * Fork what is due and kill what is overdue. To be called after each pool_reap
 * and when the time is over that it returns: milliseconds, 0..1000. 0 when a
 * worker is seen to have come up, with which pool_state can be another.
 */
unsigned pool_tend(struct pool *p);

/*
 * A child of this process ended with this status of wait4(2), after so much
 * processor time. False: it was none of this pool's.
 *
 * The next one comes at once; only after one that died young and idle it comes
 * later each time, up to POOL_BACKOFF_MAX_MS, and without an end.
 */
#define POOL_BACKOFF_MAX_MS 5000
bool pool_reap(struct pool *p, pid_t pid, int status, uint64_t worked_ns);

/*
 * What a new worker may take to come up. Loading coders takes tenths of a
 * second; on a machine that swaps, longer.
 */
#define POOL_BOOT_SECONDS 60

enum pool_state {
	POOL_BOOTING, /* some worker has not waited for a request yet */
	POOL_UP,      /* each has, at least once; stays so */
	POOL_FAILED   /* one died before, without serving: stays so */
};
enum pool_state pool_state(const struct pool *p);

/*
 * The layers of sandbox.h that each of its workers says it has, and what the
 * first that lacks one says of it; "" where none does.
 */
unsigned pool_layers(const struct pool *p, char *why, size_t why_size);

/*
 * Replace nobody from now on, send each worker this signal, and kill those
 * that are left at kill_ns (monotonic). May be called again.
 */
void pool_leave(struct pool *p, int signo, uint64_t kill_ns);

bool pool_is_empty(const struct pool *p);

#endif
