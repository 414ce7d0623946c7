#ifndef FT_THUMBCTL_WATCH_H
#define FT_THUMBCTL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whether nginx takes the configuration that it is told to read again. It
 * answers nobody: `nginx -s reload` has done its work when it has sent a signal,
 * and a master that cannot use what it reads goes on with what it had.
 */

enum nginx_answer {
	NGINX_TAKEN,   /* new workers run with what it read */
	NGINX_REFUSED, /* it goes on with what it had */
	NGINX_ENDED,   /* it does not run any more */
	NGINX_LATE,    /* not done with it in time: it may still take it */
	NGINX_UNSEEN   /* no master process that can be seen was told */
};

struct nginx_watch {
	struct nginx_master *masters;
	size_t n;
	const char *program; /* borrowed */
	uint64_t end_ns;     /* monotonic: how long to wait at most */
};

/*
 * Just before nginx is told. What it was told earlier is waited for.
 *
 * program  the command line by which it will be told, without -s reload: where
 *          masters run that were started with the same one, only those count
 */
void watch_begin(struct nginx_watch *w, const char *program, uint64_t end_ns);

/* When it was told. */
enum nginx_answer watch_wait(struct nginx_watch *w);

/*
 * Wait until no nginx that can be seen has a worker of an older configuration,
 * which finishes what it has by that one. False: not in time.
 */
bool watch_old_workers(uint64_t end_ns);

/* Told or not. */
void watch_fini(struct nginx_watch *w);

#endif
