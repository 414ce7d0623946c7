#ifndef FT_THUMBCTL_WALK_H
#define FT_THUMBCTL_WALK_H

#include <stdbool.h>

#include "store.h"
#include "thumbctl_bar.h"
#include "thumbctl_cursor.h"
#include "thumbctl_renderer.h"

/*
 * What commands share that go through the whole store while the service runs:
 * they come behind it in everything, and can be stopped between two photos.
 */

/*
 * Step back for good, and hear signals from now on: the first of SIGINT,
 * SIGTERM and SIGHUP makes walk_is_stopped true, the second ends the process.
 */
void walk_begin(void);
bool walk_is_stopped(void);

/*
 * Count the photos, then call each with every one of them behind the cursor's
 * until it returns other than 0, with a bar and the cursor that go on after
 * each. As store_walk; 1 where it was stopped.
 */
int walk_photos(struct store *s, struct bar *bar, struct cursor *cursor,
    int (*each)(void *ctx, const char *id), void *ctx);

/* As renderer_make; a photo that is in work elsewhere is waited for. */
void walk_make(struct renderer *r, const char *id, const struct wanted *wanted,
    struct rendered_photo *out);

#endif
