#ifndef FT_LISTEN_H
#define FT_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The two FastCGI sockets: bound by ourselves, or inherited from systemd
 * (LISTEN_FDS, sd_listen_fds(3)) or spawn-fcgi (descriptor 0, FastCGI 1.0 2.2).
 */
struct listener {
	int fd;         /* non-blocking, close-on-exec; -1: none */
	bool aside;     /* bound here under another name, not shown yet */
	bool own;       /* bound here and shown: unlinked at the end */
	char path[108]; /* when aside or own */
	char from[108]; /* of an inherited one: where it was bound, or "" */
	dev_t dev;      /* of the socket that was bound at path */
	ino_t ino;
};

struct listeners {
	struct listener photo;
	struct listener control;
};

/*
 * Get both: what is inherited is taken (by name with LISTEN_FDNAMES "photo"
 * and "control", else in this order), the rest is bound in run as photo.sock
 * and control.sock, but under other names until listeners_show: nginx never
 * meets a half-made socket, and a service that runs on these names keeps them
 * until the new one can serve.
 *
 * mode     permission bits
 * group    "" leaves it
 * backlog  of photo, requests; control has a small one of its own
 *
 * 0, or -1 with words in why; nothing is left open or bound then.
 */
int listeners_open(struct listeners *l, const char *run, unsigned mode,
    const char *group, int backlog, char *why, size_t why_size);

/*
 * Rename what was bound to its name: from now on new connections are ours. 0,
 * or -1 with words in why.
 */
int listeners_show(struct listeners *l, char *why, size_t why_size);

/*
 * Does nginx, which looks in run, come to these? An inherited socket may be
 * bound elsewhere: false then, with words in why.
 */
bool listeners_are_in(const struct listeners *l, const char *run, char *why,
    size_t why_size);

/* Set another backlog on a listening socket (listen(2) again). */
void listener_backlog(struct listener *l, int backlog);

/*
 * Stop new connections: remove the names, only where they are still ours. What
 * is connected already can still be accepted.
 */
void listeners_unlink(struct listeners *l);
void listeners_close(struct listeners *l);

/*
 * A look at the queue of a listening Unix socket. The zero state, and one that
 * could not be opened, know nothing of it.
 */
struct listen_queue {
	int netlink;
	unsigned inode; /* of the socket */
};

void listen_queue_open(struct listen_queue *q, int fd);
void listen_queue_close(struct listen_queue *q);

/*
 * How many connections wait to be accepted, and how many may. 0, or -1 where
 * the kernel does not tell. In the sandbox too.
 */
int listen_queue_read(const struct listen_queue *q, unsigned *waiting,
    unsigned *backlog);

#endif
