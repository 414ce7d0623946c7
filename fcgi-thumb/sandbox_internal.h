#ifndef FT_SANDBOX_INTERNAL_H
#define FT_SANDBOX_INTERNAL_H

#include "sandbox.h"

/* What the parts of sandbox share; for no one else. */

/* Each: 0, or -1 with errno and the layer not in force. */
int sandbox_files_enter(const struct sandbox *s);
int sandbox_calls_enter(const struct sandbox *s);

#endif
