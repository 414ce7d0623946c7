#ifndef FT_TAIL_H
#define FT_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A log that grows while it is read. Only whole lines are taken, each once; of a
 * log that was renamed the rest is read before the new one, and once more later,
 * since its writers write to the old one until each has heard of it. One that is
 * cut off begins anew. No line is longer than 256 KiB: what is, is passed over.
 */

/* A place in a log; the zero state is none. */
struct tail_place {
	uint64_t dev, ino;
	uint64_t offset;
};

struct tail;

/*
 * path  of the log, which need not be there yet; copied
 * from  where an earlier one stopped, in this file or in one that it was renamed
 *       to; none: the end of the log as it is
 *
 * NULL: no memory.
 */
struct tail *tail_open(const char *path, const struct tail_place *from);
void tail_close(struct tail *t);

/*
 * A line without its end, not NUL-terminated, and where it is. False: not now;
 * it comes again at the next tail_read.
 */
typedef bool tail_line(void *ctx, const char *line, size_t len,
    const struct tail_place *at);

/*
 * Give each what has come. True: there is more, since a line was put off or since
 * so much has come that a caller should see to other things in between. A file
 * that cannot be read is none; errno says why, 0: it can.
 */
bool tail_read(struct tail *t, tail_line *each, void *ctx);

/* Where the next one is to go on. */
struct tail_place tail_here(const struct tail *t);

#endif
