#include "config.h"

/*
 * A few words to the service manager. Responsible for the protocol; refuses to
 * wait for whoever reads it.
 */

#include "notify.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "number.h"

#define NS_PER_US UINT64_C(1000)

/* A path, or @name of the abstract namespace. -1: nobody is there. */
static int
connect_to(const char *address)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len = strlen(address);
	int fd;

	if ((address[0] != '/' && address[0] != '@') ||
	    len >= sizeof addr.sun_path)
		return -1;
	memcpy(addr.sun_path, address, len);
	if (address[0] == '@')
		addr.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd != -1 &&
	    connect(fd, (struct sockaddr *)&addr,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) != 0)
		fd_close(&fd);
	return fd;
}

/* Half of what systemd waits for, as it recommends. 0: it does not wait. */
static uint64_t
find_beat(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long wait, whose;

	if (us == NULL ||
	    number_parse(us, 1, ULLONG_MAX / NS_PER_US, &wait) == -1)
		return 0;
	if (pid != NULL &&
	    (number_parse(pid, 1, INT_MAX, &whose) == -1 ||
		whose != (unsigned long long)getpid()))
		return 0;
	return wait * NS_PER_US / 2;
}

void
notify_open(struct notify *n)
{
	const char *address = getenv("NOTIFY_SOCKET");

	*n = (struct notify){ .fd = -1 };
	if (address != NULL)
		n->fd = connect_to(address);
	if (n->fd != -1)
		n->beat_ns = find_beat();
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void
notify_close(struct notify *n)
{
	fd_close(&n->fd);
}

static void
send_words(const struct notify *n, const char *words)
{
	if (n->fd != -1)
		(void)send(n->fd, words, strlen(words), MSG_NOSIGNAL);
}

void
notify_ready(struct notify *n, const char *words)
{
	char text[256];

	(void)snprintf(text, sizeof text, "READY=1\nSTATUS=%s", words);
	send_words(n, text);
}

void
notify_stopping(struct notify *n, uint64_t ns)
{
	char text[128];

	(void)snprintf(text, sizeof text,
	    "STOPPING=1\nSTATUS=what is queued is served\n"
	    "EXTEND_TIMEOUT_USEC=%llu",
	    (unsigned long long)(ns / NS_PER_US));
	send_words(n, text);
}

void
notify_alive(struct notify *n)
{
	uint64_t now = clock_monotonic_ns();

	if (n->beat_ns == 0 || now - n->alive_ns < n->beat_ns)
		return;
	n->alive_ns = now;
	send_words(n, "WATCHDOG=1");
}
