#ifndef FT_PUBLISH_INTERNAL_H
#define FT_PUBLISH_INTERNAL_H

#include "publish.h"

/* What publish.c and publish_draft.c share. */

/* The path of something in the draft, below staging, into out[PATH_BYTES]. */
void draft_path(const struct draft *d, const char *rest, char *out);

/* Open a side of the draft: "photo" or "public". -1 with errno. */
int draft_open_side(const struct draft *d, const char *side);

#endif
