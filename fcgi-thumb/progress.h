#ifndef FT_PROGRESS_H
#define FT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "scoreboard.h"

/*
 * Where the time of a request goes, and until when it may go on. Every stage
 * names its phase as it begins; the time since the last call is booked on the
 * phase that ends, and the worker's slot shows the new one.
 */
struct progress {
	struct slot *slot; /* borrowed; NULL in tests */
	enum phase phase;
	uint64_t since_ns;
	uint64_t spent_ns[PHASE_COUNT];
	uint64_t deadline_ns; /* of the photo in work; 0: none */
};

/* slot may be NULL. Phase is PHASE_IDLE afterwards. */
void progress_start(struct progress *p, struct slot *slot);

void progress_enter(struct progress *p, enum phase phase);

/* Milliseconds spent in a phase, rounded to the nearest. */
unsigned progress_ms(const struct progress *p, enum phase phase);

/*
 * The work from now on must end at this time (monotonic); 0 lifts it, which is
 * a sign of life in the slot. Stages that ask (progress_is_over) end by
 * themselves with an answer; WATCHDOG_GRACE later the process's own watchdog
 * ends it; the master's kill comes MASTER_GRACE after the deadline.
 */
#define WATCHDOG_GRACE_NS NS_PER_S
#define MASTER_GRACE_NS (2 * NS_PER_S)
void progress_deadline(struct progress *p, uint64_t deadline_ns);

/*
 * The work from now on has so many seconds, or until `least` (monotonic) where
 * that is later.
 */
void progress_allow(struct progress *p, unsigned seconds, uint64_t least);

/* Has the deadline passed? Stages that take long ask now and then. */
bool progress_is_over(const struct progress *p);

/*
 * Name the photo in work by its id, for whoever has to tell of this worker's
 * death; "": none.
 */
void progress_photo(struct progress *p, const char *id);

/* The same of the request, by nginx's id. */
void progress_request(struct progress *p, const char *id);

/*
 * Milliseconds of each phase since `before`, a copy of spent_ns: one photo's
 * share of a request. Queue and receive are the whole request's.
 */
void progress_share(const struct progress *p,
    const uint64_t before[PHASE_COUNT], unsigned ms[PHASE_COUNT]);

/* One more photo goes to the decoder. */
void progress_count_decode(struct progress *p);

#endif
