#include "config.h"

/*
 * The ways of a generation's lines, and the process that carries them where they
 * need one. Responsible for there being one; refuses to know what a line says.
 */

#include "logger.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "log.h"
#include "outlet.h"

/* A carrier that dies at once is not forked as fast as that. */
#define RESTART_MS 500

/* How often a receiver that is away is looked for. */
#define RETRY_FIRST_MS 50
#define RETRY_MAX_MS 1000

struct logger {
	struct target target;
	char *file;
	int write_end; /* of messages; -1: no carrier */
	int read_end;
	pid_t pid; /* 0: not running */
	uint64_t due_ns;
};

static bool
has_carrier(const struct logger *l)
{
	return l->write_end != -1;
}

/* ---- the carrier's life ---- */

struct carrier {
	int fd;
	struct outlet outlet;
	uint64_t give_up_ns; /* monotonic; 0: there is somebody who writes */
	bool said;           /* that the receiver is away */
};

/*
 * The next line, which stays there: the next carrier gets it once more if this
 * one dies with it. The kernel says who wrote it. *len 0 at the end, when nobody
 * is left who could write.
 */
static int
receive(struct carrier *c, char *line, size_t size, size_t *len, pid_t *pid)
{
	union {
		char space[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { line, size };
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	ssize_t n = recvmsg(c->fd, &m, MSG_PEEK);
	const struct cmsghdr *header;
	struct ucred who;

	if (n == -1)
		return errno == EINTR ? receive(c, line, size, len, pid) : -1;
	*len = (size_t)n;
	*pid = getpid();
	header = CMSG_FIRSTHDR(&m);
	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_CREDENTIALS) {
		memcpy(&who, CMSG_DATA(header), sizeof who);
		*pid = who.pid;
	}
	return 0;
}

/*
 * Until the receiver takes more, the time is over, or the last writer has ended.
 * False when the time is over that a carrier has after that one.
 */
static bool
await(struct carrier *c, unsigned ms)
{
	bool ends = c->give_up_ns != 0;
	struct pollfd pfds[] = { { .fd = c->outlet.fd, .events = POLLOUT },
		{ .fd = ends ? -1 : c->fd, .events = POLLRDHUP } };

	(void)poll(pfds, 2, (int)ms);
	if (!ends && pfds[1].revents != 0)
		c->give_up_ns =
		    clock_monotonic_ns() + LOGGER_DRAIN_SECONDS * NS_PER_S;
	return c->give_up_ns == 0 || clock_monotonic_ns() < c->give_up_ns;
}

/* Once for each time that it is away: to stderr, where nobody else is left. */
static void
say_away(struct carrier *c)
{
	if (!c->said)
		log_error("log: %s; lines wait, and are lost when there are "
			  "too many",
		    c->outlet.why);
	c->said = true;
}

static void
say_back(struct carrier *c)
{
	if (c->said)
		log_info("log: lines are taken again");
	c->said = false;
}

static void
count_lost(struct carrier *c)
{
	for (; c->outlet.lost > 0; c->outlet.lost--)
		log_lose();
}

/* Keeps the line in hand until it is sent, so that the next ones wait. */
static void
carry(struct carrier *c, pid_t pid, const char *line, size_t len)
{
	unsigned ms = RETRY_FIRST_MS;
	enum outlet_result result;

	while (
	    (result = outlet_send(&c->outlet, pid, line, len)) == OUTLET_WAIT) {
		count_lost(c);
		/* One that is there and busy is soon ready again. */
		if (ms > 4 * RETRY_FIRST_MS)
			say_away(c);
		if (!await(c, ms))
			break;
		ms = 2 * ms < RETRY_MAX_MS ? 2 * ms : RETRY_MAX_MS;
	}
	count_lost(c);
	if (result == OUTLET_SENT)
		say_back(c);
	else
		log_lose();
}

/*
 * It ends when all is told, not by a signal: at the end of a service each of its
 * processes may get one, and there is still something to say.
 */
static void
ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1,
		SIGPIPE };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)sigaction(signals[i], &ignore, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What a worker says it reads, and nothing else of the master's is its own. */
static int
live(const struct logger *l)
{
	static char line[LOG_MESSAGE_MAX];
	struct carrier c = { .fd = l->read_end };
	size_t len;
	pid_t pid;

	ignore_signals();
	(void)log_open(NULL);
	log_leave_lost();
	fd_keep_only(&l->read_end, 1);
	(void)prctl(PR_SET_NAME, "thumb-log");
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	outlet_init(&c.outlet, &l->target, "fcgi-thumb");
	while (receive(&c, line, sizeof line, &len, &pid) == 0 && len > 0) {
		carry(&c, pid, line, len);
		(void)recv(c.fd, NULL, 0, 0);
	}
	outlet_fini(&c.outlet);
	return 0;
}

/* ---- the master's side ---- */

static int
open_way(struct logger *l)
{
	const int size = 4 * LOG_MESSAGE_MAX, yes = 1;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	l->read_end = ends[0];
	l->write_end = ends[1];
	/* More than the kernel allows is as much as it does. */
	(void)setsockopt(l->write_end, SOL_SOCKET, SO_SNDBUF, &size,
	    sizeof size);
	/* Before the first line: who wrote it goes with it. */
	(void)setsockopt(l->read_end, SOL_SOCKET, SO_PASSCRED, &yes,
	    sizeof yes);
	return fcntl(l->write_end, F_SETFL, O_NONBLOCK);
}

struct logger *
logger_new(const char *target, const char *file)
{
	struct logger *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->read_end = l->write_end = -1;
	/* The settings have let it pass. */
	(void)target_parse(target, &l->target);
	l->file = strdup(l->target.kind == TARGET_FILE ? file : "");
	if (l->file == NULL ||
	    (l->target.kind >= TARGET_JOURNAL && open_way(l) == -1)) {
		logger_free(l);
		return NULL;
	}
	return l;
}

void
logger_free(struct logger *l)
{
	if (l == NULL)
		return;
	fd_close(&l->write_end);
	fd_close(&l->read_end);
	free(l->file);
	free(l);
}

int
logger_descriptor(const struct logger *l)
{
	return l->write_end;
}

int
logger_open(const struct logger *l, char *why, size_t why_size)
{
	int rc =
	    has_carrier(l) ? log_open_socket(l->write_end) : log_open(l->file);

	if (rc == 0)
		return 0;
	(void)snprintf(why, why_size, "%s: %s",
	    has_carrier(l) ? "log" : l->file, strerror(errno));
	if (log_is_nameless())
		(void)log_open(NULL);
	return -1;
}

bool
logger_is_file(const struct logger *l)
{
	return l->file[0] != '\0';
}

bool
logger_is_astray(const struct logger *l)
{
	return logger_is_file(l) && !log_is_at(l->file);
}

bool
logger_mend(const struct logger *l)
{
	bool was_nameless = log_is_nameless();
	char why[256];

	return logger_open(l, why, sizeof why) == 0 || was_nameless;
}

unsigned
logger_tend(struct logger *l)
{
	uint64_t now = clock_monotonic_ns();

	if (!has_carrier(l) || l->pid != 0)
		return 1000;
	if (now < l->due_ns)
		return (unsigned)((l->due_ns - now) / NS_PER_MS) + 1;
	l->due_ns = now + RESTART_MS * NS_PER_MS;
	/* What is buffered now would be written by the child as well. */
	(void)fflush(NULL);
	l->pid = fork();
	if (l->pid == 0)
		exit(live(l));
	if (l->pid == -1) {
		log_error("cannot start what carries the log: %s",
		    strerror(errno));
		l->pid = 0;
	}
	return l->pid != 0 ? 1000 : RESTART_MS;
}

bool
logger_reap(struct logger *l, pid_t pid)
{
	if (l->pid == 0 || l->pid != pid)
		return false;
	l->pid = 0;
	log_error("what carries the log has died; another one goes on");
	return true;
}
