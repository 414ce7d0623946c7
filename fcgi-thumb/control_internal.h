#ifndef FT_CONTROL_INTERNAL_H
#define FT_CONTROL_INTERNAL_H

#include <stdbool.h>

#include "buf.h"
#include "control.h"

/* What control.c leaves to control_photo.c. */

/*
 * Answer a request about one photo: DELETE <prefix>/photos/<id>, or POST
 * <prefix>/photos/<id>/claims. False where the address is none of both; out is
 * as it was then.
 */
bool control_photo(struct control *control, const struct io *io,
    struct buf *out);

#endif
