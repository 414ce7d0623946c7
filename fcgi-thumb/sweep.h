#ifndef FT_SWEEP_H
#define FT_SWEEP_H

#include <stdint.h>

#include "store.h"
#include "store_admin.h"

/*
 * What is done beside the requests: claims that have expired, the unlinking of
 * what was taken away, staging directories of processes that are gone, the sum
 * of all bytes counted anew, all of it in 17 hours, and a line an hour of how
 * the store grows. Any number of processes may do so on one store.
 */
struct sweep {
	struct store *store; /* borrowed, as the next */
	const char *data;
	uint64_t expiry_ns;     /* when to look next (monotonic); 0: now */
	uint64_t staging_ns;    /* the same */
	uint64_t recount_ns;    /* the same */
	struct recount recount; /* what is under way */
	uint64_t growth_ns;     /* when to look next; the same */
};

/* To be called about once a second; takes some tenths of one at most. */
void sweep_beat(struct sweep *sweep);

#endif
