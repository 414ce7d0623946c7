#ifndef FT_PLANES_GUARD_H
#define FT_PLANES_GUARD_H

/* The one way out of libjpeg, for the files that include it. */

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "planes.h"

/*
 * libjpeg leaves by longjmp: at an error, at its first warning, and past the
 * deadline. Whoever calls it says setjmp(g->leave), and hangs whatever may be
 * left behind on what the guard is a part of.
 */
struct guard {
	struct jpeg_error_mgr errors;
	struct jpeg_progress_mgr monitor;
	jmp_buf leave;
	const struct progress *progress; /* borrowed */
	enum fault words;                /* what a word of libjpeg's is */
	/* Once it was left: why. */
	enum fault fault;
	char why[JMSG_LENGTH_MAX];
};

/* Before an object of libjpeg's is created, and once more after it. */
void guard_begin(struct guard *g, j_common_ptr common);

/* To where setjmp was said. */
_Noreturn void guard_leave(struct guard *g, enum fault fault, const char *why);

#endif
