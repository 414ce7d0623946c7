#ifndef FT_THUMBCTL_DOCTOR_H
#define FT_THUMBCTL_DOCTOR_H

#include <sys/types.h>

#include "thumbctl.h"

/* What the parts of thumbctl's doctor share; for no one else. */

enum finding {
	OK,
	NOTE, /* worth knowing, and nothing that has to be changed */
	FAULT /* something will not work */
};

struct doctor {
	const char *settings_file;
	struct settings *settings;
	unsigned faults;
};

/* One line to standard output. */
void doctor_say(struct doctor *d, enum finding finding, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* By name or, without one, by number. Valid until the next call. */
const char *doctor_account(uid_t uid);

/* Directories, files and the disk, with the rights that this process has. */
void doctor_places(struct doctor *d);

#endif
