#include "config.h"

/*
 * A socket to whoever keeps lines. Responsible for opening it, for opening it
 * again, and for saying of each line whether it has left; refuses to wait for
 * anybody and to keep a line.
 */

#include "outlet.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"

#define SEND_BUFFER (1024 * 1024) /* bytes; the kernel may grant less */

void
outlet_init(struct outlet *o, const struct target *target, const char *name)
{
	*o = (struct outlet){ .target = *target, .name = name, .fd = -1 };
}

void
outlet_fini(struct outlet *o)
{
	fd_close(&o->fd);
}

static void
fail(struct outlet *o, const char *what)
{
	const struct target *t = &o->target;

	if (t->kind == TARGET_HOST)
		(void)snprintf(o->why, sizeof o->why, "%.*s, port %s: %s",
		    (int)sizeof o->why - 80, t->host, t->port, what);
	else
		(void)snprintf(o->why, sizeof o->why, "%s: %s", t->path, what);
	fd_close(&o->fd);
}

/* ---- opening ---- */

static int
open_socket(int family, const struct sockaddr *address, socklen_t len)
{
	const int size = SEND_BUFFER;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (connect(fd, address, len) == -1)
		fd_close(&fd);
	return fd;
}

static void
open_local(struct outlet *o)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%s",
	    o->target.path);
	o->fd =
	    open_socket(AF_UNIX, (struct sockaddr *)&address, sizeof address);
	if (o->fd == -1)
		fail(o,
		    errno == EPROTOTYPE ? "it takes no datagrams"
					: strerror(errno));
}

/*
 * The first of its addresses that there is a way to; after a refusal the next
 * one, since "localhost" has two, and the other may be meant.
 */
static void
open_remote(struct outlet *o)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *all = NULL;
	int rc = getaddrinfo(o->target.host, o->target.port, &hints, &all);
	unsigned n = 0, skip;

	if (rc != 0) {
		fail(o, gai_strerror(rc));
		return;
	}
	for (const struct addrinfo *a = all; a != NULL; a = a->ai_next)
		n++;
	skip = o->refusals % n;
	for (unsigned i = 0; i < n && o->fd == -1; i++) {
		const struct addrinfo *a = all;

		for (unsigned k = (skip + i) % n; k > 0; k--)
			a = a->ai_next;
		o->fd = open_socket(a->ai_family, a->ai_addr, a->ai_addrlen);
	}
	if (o->fd == -1)
		fail(o, strerror(errno));
	freeaddrinfo(all);
}

/* A host may move, and nobody says so: its name is asked for now and then. */
static void
look_again(struct outlet *o, uint64_t now)
{
	int old = o->fd;

	o->fd = -1;
	open_remote(o);
	if (o->fd == -1)
		o->fd = old; /* better than none */
	else
		fd_close(&old);
	o->opened_ns = now;
}

static bool
is_open(struct outlet *o)
{
	uint64_t now = clock_monotonic_ns();

	if (o->fd == -1) {
		if (o->target.kind == TARGET_HOST)
			open_remote(o);
		else
			open_local(o);
		o->opened_ns = now;
		o->doubtful = o->target.kind == TARGET_HOST;
	} else if (o->target.kind == TARGET_HOST &&
	    now - o->opened_ns > OUTLET_AGE_SECONDS * NS_PER_S) {
		look_again(o, now);
	}
	return o->fd != -1;
}

int
outlet_reach(const struct target *target, char *why, size_t why_size)
{
	struct outlet o;
	int rc = 0;

	outlet_init(&o, target, "");
	if (!is_open(&o)) {
		(void)snprintf(why, why_size, "%s", o.why);
		rc = -1;
	}
	outlet_fini(&o);
	return rc;
}

/* ---- sending ---- */

/* Was what has just been sent to another port refused? */
static bool
is_refused(struct outlet *o)
{
	struct pollfd pfd = { .fd = o->fd };
	int error = 0;
	socklen_t len = sizeof error;

	if (poll(&pfd, 1, OUTLET_DOUBT_MS) <= 0 ||
	    getsockopt(o->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ||
	    error == 0)
		return false;
	o->refusals++;
	fail(o, strerror(error));
	return true;
}

/*
 * What a UDP socket says before it sends is of the line before: that one is
 * lost, unless it has been waited for.
 */
static enum outlet_result
send_remote(struct outlet *o, const char *message, size_t len)
{
	if (send(o->fd, message, len, 0) == -1) {
		if (errno == EMSGSIZE)
			return OUTLET_LOST;
		if (errno != EAGAIN) {
			o->lost += errno == ECONNREFUSED;
			fail(o, strerror(errno));
		}
		return OUTLET_WAIT;
	}
	if (o->doubtful && is_refused(o))
		return OUTLET_WAIT;
	o->doubtful = false;
	return OUTLET_SENT;
}

/* One that has been started anew has another socket under the old name. */
static enum outlet_result
send_local(struct outlet *o, const char *message, size_t len)
{
	for (int tries = 0; tries < 2 && is_open(o); tries++) {
		if (send(o->fd, message, len, MSG_NOSIGNAL) != -1)
			return OUTLET_SENT;
		if (errno == EMSGSIZE)
			return OUTLET_LOST;
		if (errno == EAGAIN || errno == ENOBUFS) {
			(void)snprintf(o->why, sizeof o->why,
			    "%s: it takes no more", o->target.path);
			return OUTLET_WAIT;
		}
		fail(o, strerror(errno));
	}
	return OUTLET_WAIT;
}

enum outlet_result
outlet_send(struct outlet *o, pid_t pid, const char *line, size_t len)
{
	enum outlet_result result;
	char host[256] = "", *message;
	struct timespec now;
	size_t message_len;

	if (!is_open(o))
		return OUTLET_WAIT;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gethostname(host, sizeof host - 1);
	if (outlet_format(&o->target, o->name, host, &now, pid, line, len,
		&message, &message_len) == -1)
		return OUTLET_LOST;
	result = o->target.kind == TARGET_HOST
	    ? send_remote(o, message, message_len)
	    : send_local(o, message, message_len);
	free(message);
	if (result == OUTLET_SENT)
		o->why[0] = '\0';
	return result;
}
