#ifndef FT_WORKER_H
#define FT_WORKER_H

#include <stdbool.h>

#include "exchange.h"
#include "scoreboard.h"

/*
 * The accept loop of a worker process; the only module that knows libfcgi.
 *
 * Signals: SIGTERM: serve what waits in the queue, then return. SIGUSR1:
 * return after the request in hand (another worker takes over). The caller
 * has blocked both; they are looked at only between two requests, so that
 * neither cuts one short.
 */
struct worker {
	int listener;      /* non-blocking, listening; borrowed */
	struct slot *slot; /* borrowed */
	/* Silence of a peer on the socket that ends its request. */
	unsigned idle_seconds;
	/* After SIGTERM: what came later than this is not ours. */
	unsigned drain_seconds;
	unsigned jobs_max;     /* requests before it returns */
	uint64_t resident_max; /* resident bytes beyond which it returns */
	/*
	 * Bytes of the log file beyond which it returns, since there is an end
	 * to the size of the files that it may write. 0: without a limit.
	 */
	uint64_t log_max;
	/*
	 * Called once, when all is open and before the first connection is
	 * taken: what the worker is not to have any more goes. Other than 0 after
	 * words to the log: it cannot serve. NULL: nothing to do.
	 */
	int (*confine)(void *ctx);
	/*
	 * Answers one request. No deadline is in force when it is called; it
	 * sets its own (progress_deadline).
	 */
	void (*handle)(void *ctx, const struct io *io);
	/* Asked between requests: is a fresh process better? NULL: never. */
	bool (*is_spoilt)(void *ctx);
	/*
	 * Called about once a second, between requests and not while draining;
	 * under a deadline of idle_seconds. NULL: nothing to do.
	 */
	void (*idle)(void *ctx);
	void *ctx;
};

enum worker_end {
	WORKER_STOPPED,  /* asked to */
	WORKER_RECYCLED, /* jobs_max, resident_max, log_max or is_spoilt */
	WORKER_BROKEN /* listener, libfcgi or confine failed; said in the log */
};

/* Returns when the worker is to end. FCGX_Init is called inside. */
enum worker_end worker_run(struct worker *w);

/*
 * For `thumbctl doctor`: does this system's libfcgi write beyond its memory
 * where a parameter claims a length that no int holds (CVE-2025-23016)? Tried
 * in a process that ends at once. 0 it refuses such a request; 1 it does; -1
 * it could not be tried.
 */
int worker_try_params(void);

#endif
