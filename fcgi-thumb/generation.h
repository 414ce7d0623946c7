#ifndef FT_GENERATION_H
#define FT_GENERATION_H

#include <stdbool.h>

#include "child.h"
#include "listen.h"
#include "logger.h"
#include "pool.h"
#include "settings.h"

/*
 * One state of the settings and the workers that serve it. While new settings
 * come into force there are two or more.
 */
struct generation {
	struct settings *settings;
	struct pool *pool;
	struct logger *logger;
	struct child child;
	/*
	 * How many uploads may wait for these workers: limits.queue_length, or
	 * what is taken to be served within limits.queue_seconds.
	 */
	int backlog;
	bool is_cut;             /* the kernel does not allow more */
	struct generation **all; /* the list it is in */
	struct generation *next;
};

/*
 * Put a new one at the head of the list *all; its workers are forked by
 * pool_tend. Takes settings, also on failure; listeners is borrowed. NULL with
 * errno.
 */
struct generation *generation_add(struct generation **all,
    struct settings *settings, struct listeners *listeners);

/* Its pool is empty, and it is out of the list. */
void generation_free(struct generation *g);

#endif
