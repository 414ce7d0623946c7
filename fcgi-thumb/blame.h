#ifndef FT_BLAME_H
#define FT_BLAME_H

#include <stdbool.h>
#include <stdint.h>

#include "scoreboard.h"

/*
 * Whether a process that rendered died of its photo: the same for the service's
 * workers and for the operator's renderer.
 */

/* How it ended. What the process says itself may be anything. */
struct death {
	int signo;       /* of a signal that nobody sent on purpose; else 0 */
	bool is_overdue; /* its time was over */
	uint64_t worked_ns; /* processor time since its deadline was set */
	enum phase phase;   /* what it was at */
	char photo[PHOTO_ID_LEN + 1]; /* as it says itself; "" for none */
};

/*
 * From the status and the processor time of wait4(2), and its own slot.
 * was_overdue: it was killed because its time was over.
 */
void death_describe(struct death *out, int status, uint64_t worked_ns,
    const struct slot *slot, bool was_overdue);

/*
 * Where it was the photo's doing, it is held against the photo in the store at
 * data: store_strike. Where a disk was to blame, or it had its time but not a
 * processor, the log says so.
 *
 * least_ns  a photo that is out of time has worked so long at least
 */
void blame_photo(const char *data, const struct death *death,
    uint64_t least_ns);

#endif
