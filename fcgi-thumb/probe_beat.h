#ifndef FT_PROBE_BEAT_H
#define FT_PROBE_BEAT_H

#include <stdbool.h>
#include <stdint.h>

/* When a prober does what: arithmetic on times that it is given. */

/*
 * The next beat after now of those that are `every` apart from `start` on (all
 * of one clock): those that were missed are, and none is late for it.
 * every > 0; now >= start.
 */
uint64_t probe_beat(uint64_t start, uint64_t every, uint64_t now);

/*
 * The minute, by its start, that was over PROBE_BEAT_LATE before now (ms since
 * the epoch), by when all of it is known.
 */
#define PROBE_BEAT_LATE 2000
int64_t probe_finished_minute(int64_t now);

#endif
