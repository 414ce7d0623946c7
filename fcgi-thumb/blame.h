#ifndef FT_BLAME_H
#define FT_BLAME_H

#include <stdbool.h>

#include "scoreboard.h"

/*
 * Whether a process that rendered died of its photo: the same for the service's
 * workers and for the operator's renderer.
 */

/* How it ended. What the process says itself may be anything. */
struct death {
	int signo;        /* of a signal that nobody sent on purpose; else 0 */
	bool is_overdue;  /* its time was over */
	enum phase phase; /* what it was at */
	char photo[PHOTO_ID_LEN + 1]; /* as it says itself; "" for none */
};

/*
 * From the status of waitpid(2) and its own slot. was_overdue: it was killed
 * because its time was over.
 */
void death_describe(struct death *out, int status, const struct slot *slot,
    bool was_overdue);

/*
 * Where it was the photo's doing, it is held against the photo in the store at
 * data: store_strike. Where a disk was to blame, the log says so.
 */
void blame_photo(const char *data, const struct death *death);

#endif
