#ifndef FT_THUMBCTL_AB_H
#define FT_THUMBCTL_AB_H

#include "ab.h"
#include "thumbctl_release.h"

/* What the parts of `thumbctl ab` share; for no one else. */

/* ---- thumbctl_ab_read.c ---- */

/*
 * What the logs have of the comparison that is under way. Texts are r's. 0, or -1
 * after a complaint; of a log that cannot be read to its end there is one too.
 */
int ab_read(const struct releases *r, struct ab *out);

/* ---- thumbctl_ab_move.c ---- */

/* share: of B. The exit status, after words. */
int ab_start(struct releases *r, const char *settings, unsigned share);
int ab_stop(struct releases *r);

#endif
