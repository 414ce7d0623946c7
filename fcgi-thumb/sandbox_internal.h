#ifndef FT_SANDBOX_INTERNAL_H
#define FT_SANDBOX_INTERNAL_H

#include <stdbool.h>

#include "sandbox.h"

/* What the parts of sandbox share; for no one else. */

/* Each: 0, or -1 with errno and the layer not in force. */
int sandbox_files_enter(const struct sandbox *s);
int sandbox_calls_enter(const struct sandbox *s);

/* The version of Landlock that this kernel has switched on; 0: none. */
int sandbox_files_abi(void);

/* Can this kernel filter system calls and kill for a forbidden one? */
bool sandbox_calls_offered(void);

#endif
