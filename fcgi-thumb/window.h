#ifndef FT_WINDOW_H
#define FT_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "settings.h"
#include "verdict.h"

/*
 * A window of nginx's access log: what each slot answered from a moment on,
 * while it grows. Only requests that went to a worker count, and none of a
 * prober's; nor those that a client gave up (499) or that a limit turned away
 * (429), which say nothing of the slot.
 *
 * Its memory does not grow: of more than 10000 times a random part is kept.
 */
struct window;

/*
 * path    of the access log; NULL: lines come by window_take alone
 * prefix  of the service's addresses
 * mark    as of probe_access.h; "" where there is no prober
 * from    ms since the epoch: lines of before do not count; lines carry whole
 *         seconds, so the running one does not either
 *
 * Reading begins at the end of the log as it is. Texts are copied. NULL with
 * errno: no memory, or no such log.
 */
struct window *window_open(const char *path, const char *prefix,
    const char *mark, int64_t from);
void window_close(struct window *w);

/* A line that was read otherwise: without its end, not NUL-terminated. */
void window_take(struct window *w, const char *line, size_t len);

/* Read what has come. 0, or -1 with errno where the log cannot be read. */
int window_read(struct window *w);

/* Forget all that was counted, and count lines from this moment on. */
void window_begin(struct window *w, int64_t from);

/* Valid until the next call of window_read or window_begin. */
void window_sample(struct window *w, enum release_slot slot,
    struct verdict_sample *out);

#endif
