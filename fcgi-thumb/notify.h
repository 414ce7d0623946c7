#ifndef FT_NOTIFY_H
#define FT_NOTIFY_H

#include <stdint.h>

/*
 * What the service manager is told that started this process: the protocol of
 * sd_notify(3), which systemd and others speak. Without one that listens
 * (NOTIFY_SOCKET) nothing is sent, and a message that does not arrive is no
 * fault.
 */
struct notify {
	int fd;           /* connected; -1: nobody listens */
	uint64_t beat_ns; /* how often it wants a sign of life; 0: not at all */
	uint64_t alive_ns; /* when it had the last one (monotonic) */
};

/*
 * Find out who listens, from variables that are removed from the environment:
 * no other process of ours is to speak.
 */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* It serves, from now on or with new settings; words say how, in one line. */
void notify_ready(struct notify *n, const char *words);

/* It stops, and may take so long until it has ended. */
void notify_stopping(struct notify *n, uint64_t ns);

/* The sign of life: to be called a few times a second, sends when one is due. */
void notify_alive(struct notify *n);

#endif
