#include "config.h"

/*
 * A little at a time, so that whoever calls can answer in between. Nothing here
 * is urgent, and nothing is lost when it is not called.
 */

#include "sweep.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "claim.h"
#include "clock.h"
#include "growth.h"
#include "log.h"
#include "store_admin.h"

/* A share of each beat for each of the three that can take long. */
#define SHARE_NS (100 * NS_PER_MS)

#define EXPIRY_NS (10 * NS_PER_S)
#define STAGING_NS (60 * NS_PER_S)
#define RECOUNT_NS (60 * NS_PER_S)
#define GROWTH_NS (60 * NS_PER_S) /* it is due once an hour */

/* Part by part by the clock, so that no restart begins with the same again. */
static void
recount(struct sweep *sweep, uint64_t now)
{
	int rc;

	if (!sweep->recount.is_begun)
		store_recount_begin(sweep->store,
		    (unsigned)(time(NULL) / (time_t)(RECOUNT_NS / NS_PER_S)),
		    &sweep->recount);
	rc = store_recount_go_on(sweep->store, &sweep->recount,
	    clock_monotonic_ns() + SHARE_NS);
	if (rc == -1)
		log_error("the sum of all bytes: %s", strerror(errno));
	if (rc != 0)
		sweep->recount_ns = now + RECOUNT_NS;
}

static void
note_growth(struct sweep *sweep, uint64_t now)
{
	const int64_t wall = (int64_t)time(NULL);

	if (growth_is_due(sweep->store, wall) &&
	    growth_note(sweep->store, wall) == -1)
		log_error("how the store grows: %s", strerror(errno));
	sweep->growth_ns = now + GROWTH_NS;
}

void
sweep_beat(struct sweep *sweep)
{
	uint64_t now = clock_monotonic_ns();

	(void)store_empty_trash(sweep->store, now + SHARE_NS, NULL);
	if (now >= sweep->expiry_ns &&
	    claim_sweep(sweep->store, (int64_t)time(NULL),
		clock_monotonic_ns() + SHARE_NS, NULL))
		sweep->expiry_ns = now + EXPIRY_NS;
	if (now >= sweep->staging_ns) {
		store_sweep(sweep->data, NULL);
		sweep->staging_ns = now + STAGING_NS;
	}
	if (now >= sweep->recount_ns)
		recount(sweep, now);
	if (now >= sweep->growth_ns)
		note_growth(sweep, now);
}
