#ifndef FT_CONTROL_INTERNAL_H
#define FT_CONTROL_INTERNAL_H

#include <stdbool.h>

#include "buf.h"
#include "control.h"

/* What control.c leaves to control_photo.c and control_metrics.c. */

/*
 * Answer a request about claims: DELETE <prefix>/photos/<id>, DELETE
 * <prefix>/upload with that upload's answer, or POST
 * <prefix>/photos/<id>/claims. False where the address is none of them; out is
 * as it was then.
 */
bool control_photo(struct control *control, const struct io *io,
    struct buf *out);

/* The whole answer to GET /metrics. */
void control_metrics(struct control *control, bool is_ready, struct buf *out);

#endif
