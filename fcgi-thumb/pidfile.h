#ifndef FT_PIDFILE_H
#define FT_PIDFILE_H

#include <sys/types.h>

#include "digest.h"

/*
 * run/fcgi-thumb.pid: which master serves, and with which settings. Three lines:
 *
 *   its process id
 *   the digest (settings.h) of the settings in force
 *   how many reloads it has answered, and the digest of the settings that it
 *   refused last, or "-"
 *
 * The file appears whole when the master serves and is replaced when that
 * changes. A master that takes over replaces it by its own. The master that it
 * is of holds a lock on it (fcntl(2), which children do not inherit and which
 * says who holds it): what a dead one left is told from the file of one that
 * lives.
 */
#define PIDFILE_NAME "fcgi-thumb.pid"

struct service_state {
	pid_t pid;
	char in_force[DIGEST_HEX_LEN + 1];
	unsigned long long reloads;       /* answered, either way */
	char refused[DIGEST_HEX_LEN + 1]; /* "" none, or not to be read */
};

/* A master's own. */
struct pidfile {
	const char *run;            /* the directory; borrowed */
	int fd;                     /* locked; -1: no file */
	struct service_state state; /* as the file says it */
};

/*
 * The master serves with these settings: make the file. That it cannot be made
 * is said in the log and no reason not to serve. p is written in any case, and
 * pidfile_remove allowed.
 */
void pidfile_open(struct pidfile *p, const char *run, const char *digest);

/* A reload was answered: with these settings in force. */
void pidfile_taken(struct pidfile *p, const char *digest);

/* A reload was answered: these stay out; "" where they could not be read. */
void pidfile_refused(struct pidfile *p, const char *digest);

/*
 * Remove it, unless another master has taken over. Twice is allowed, and the
 * zero state with fd -1.
 */
void pidfile_remove(struct pidfile *p);

/*
 * What the service that runs in this directory says of itself. 0, or -1: none
 * does (no file, or one that nobody holds).
 */
int pidfile_read(const char *run, struct service_state *out);

#endif
