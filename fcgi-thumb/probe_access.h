#ifndef FT_PROBE_ACCESS_H
#define FT_PROBE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What real clients met, minute by minute, from nginx's access log as it grows:
 * uploads, claims, deletions and thumbnails, but what a prober asked for. The
 * log may be rotated or cut off meanwhile.
 */

/* A place in a log, and up to which minute all is told; the zero state: none. */
struct probe_position {
	uint64_t dev, ino;
	uint64_t offset;
	int64_t told; /* start of the last minute that was told, ms; 0: none */
};

struct probe_minute {
	int64_t start; /* ms since the epoch */
	uint64_t total;
	uint64_t errors; /* answered 5xx */
};

struct probe_access;

/*
 * path    of the log, which need not be there yet
 * prefix  of the service's addresses
 * mark    what stands in the query of a prober's own requests as probe=mark
 * from    where an earlier one stopped; without one, what is in the log already
 *         is nobody's business, nor is the running minute
 *
 * Texts are copied. NULL: no memory.
 */
struct probe_access *probe_access_open(const char *path, const char *prefix,
    const char *mark, const struct probe_position *from, int64_t now);
void probe_access_close(struct probe_access *a);

/*
 * Read what has come. True: there is more, once minutes were taken. A file that
 * cannot be read is none; errno says why, 0: it can.
 */
bool probe_access_read(struct probe_access *a);

/*
 * Take the oldest minute, if it began at `last` (ms since the epoch) or before.
 * False: there is none.
 */
bool probe_access_take(struct probe_access *a, int64_t last,
    struct probe_minute *out);

/* Where the next one is to go on, so that each minute is told once and whole. */
struct probe_position probe_access_position(const struct probe_access *a);

#endif
