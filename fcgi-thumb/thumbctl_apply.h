#ifndef FT_THUMBCTL_APPLY_H
#define FT_THUMBCTL_APPLY_H

#include "thumbctl.h"

/* What the parts of apply share; for no one else. */

/*
 * The change as it is, whoever serves: what apply_change does in the end. The
 * exit status, after words in any case.
 */
int apply_both(const struct change *change);

/*
 * A running service keeps its sockets where they are: nginx would look for them
 * elsewhere, and no upload would arrive. With a service at both places nginx
 * goes over to the other one. 0, or -1 after a complaint.
 */
int check_run(const char *was, const char *run);

/* ---- thumbctl_apply_slot.c ---- */

/*
 * The same where there are releases: into the slot that is active, if there is
 * one, and with a route where there is none. Nothing is done while a release is
 * under way.
 */
int apply_released(const struct change *change);

/*
 * Without releases, and after there have been some: would users be sent to a
 * service that does not run, away from a slot that does? 0, or -1 after a
 * complaint.
 */
int check_unreleased(const struct settings *settings);

#endif
