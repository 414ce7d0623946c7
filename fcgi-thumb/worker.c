#include "config.h"

/*
 * From a listening socket to one struct io after another. Responsible for
 * accepting, for what libfcgi does to a connection, and for ending at the
 * right moment; refuses to know what a request asks. A connection that
 * falls silent is closed after idle_seconds, one that only drips is ended by the
 * watchdog; only a listener that fails ends the worker by itself.
 *
 * libfcgi accepts blockingly, reacts to SIGTERM in the middle of a body (it
 * then gives a short one like a whole one) and waits for a peer without a
 * bound when it closes. So none of the three is left to it: connections are
 * accepted here and handed over, signals stay blocked and are read from a
 * descriptor, and closing is done here as well.
 */

#include "worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "log.h"
#include "metrics.h"
#include "progress.h"

#define BEAT_MS 1000

/*
 * For how long bytes are thrown away behind an early answer. nginx stops to
 * send as soon as it has the answer; until then, closing on unread bytes would
 * break its connection and turn the answer into a 502.
 */
#define LINGER_MS 2000

/* The state of one worker_run. */
struct loop {
	struct worker *w;
	FCGX_Request request;
	int signals;
	int statm;  /* /proc/self/statm: paths may be out of reach later */
	bool leave; /* SIGUSR1 */
	uint64_t drain_ns; /* SIGTERM: until when to go on; 0: not asked */
	unsigned jobs;
	uint64_t idle_ns; /* when it was last time for w->idle */
};

static ssize_t
read_body(void *ctx, void *buf, size_t len)
{
	FCGX_Request *request = ctx;
	int n, error;

	n = FCGX_GetStr(buf, len > INT_MAX ? INT_MAX : (int)len, request->in);
	if (n > 0)
		return n;
	error = FCGX_GetError(request->in);
	if (error == 0)
		return 0;
	/* A passed SO_RCVTIMEO is EAGAIN; libfcgi's own codes are negative. */
	errno = error == EAGAIN ? ETIMEDOUT : EPROTO;
	return -1;
}

static int
write_answer(void *ctx, const void *buf, size_t len)
{
	FCGX_Request *request = ctx;
	const char *at = buf;

	while (len > 0) {
		int part = len > INT_MAX ? INT_MAX : (int)len;

		if (FCGX_PutStr(at, part, request->out) != part)
			return -1;
		at += part;
		len -= (size_t)part;
	}
	return 0;
}

/* How often it is there, and *value: the first one's. */
static unsigned
count_param(const FCGX_Request *request, const char *name, const char **value)
{
	size_t len = strlen(name);
	unsigned n = 0;

	*value = NULL;
	for (char **p = request->envp; *p != NULL; p++)
		if (strncmp(*p, name, len) == 0 && (*p)[len] == '=' && n++ == 0)
			*value = *p + len + 1;
	return n;
}

/*
 * What nginx says of a request it says once. Of two lengths, say, neither
 * counts: others on the way may have taken the other one. A client's own
 * headers may come twice, and the first one counts.
 */
static const char *
find_param(void *ctx, const char *name)
{
	const char *value;
	unsigned n = count_param(ctx, name, &value);

	return n > 1 && strncmp(name, "HTTP_", 5) != 0 ? NULL : value;
}

/* Read and write give up after this much silence. */
static void
set_timeouts(int conn, unsigned seconds)
{
	struct timeval tv = { .tv_sec = (time_t)seconds };

	/* Neither can fail on a socket; without them the deadline is left. */
	(void)setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	(void)setsockopt(conn, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

/*
 * Let libfcgi read the parameters. It gets a descriptor of its own, which it
 * closes when it likes, and takes it for a connection that it kept open.
 * Its listening socket is none, so that it cannot accept another one.
 */
static int
begin(FCGX_Request *request, int conn)
{
	request->ipcFd = fcntl(conn, F_DUPFD_CLOEXEC, 0);
	if (request->ipcFd == -1)
		return -1;
	request->keepConnection = 1;
	FCGX_Detach(request); /* it closes without waiting for the peer */
	if (FCGX_Accept_r(request) < 0)
		return -1;
	/* Parameters that broke off between two of them pass as whole. */
	if (FCGX_GetError(request->in) != 0) {
		FCGX_Free(request, 1);
		return -1;
	}
	return 0;
}

static void
linger(int conn)
{
	uint64_t end = clock_monotonic_ns() + LINGER_MS * NS_PER_MS;
	struct pollfd pfd = { .fd = conn, .events = POLLIN };
	char trash[16384];

	if (shutdown(conn, SHUT_WR) != 0)
		return;
	for (;;) {
		uint64_t now = clock_monotonic_ns();

		if (now >= end ||
		    poll(&pfd, 1, (int)((end - now) / NS_PER_MS) + 1) <= 0 ||
		    recv(conn, trash, sizeof trash, MSG_DONTWAIT) <= 0)
			return;
	}
}

static bool
is_responder(const FCGX_Request *request)
{
	const char *role = FCGX_GetParam("FCGI_ROLE", request->envp);

	return role != NULL && strcmp(role, "RESPONDER") == 0;
}

/* What libfcgi does by itself happens under a deadline of ours. */
static void
limit_time(struct progress *p, const struct worker *w)
{
	progress_deadline(p, clock_monotonic_ns() + w->idle_seconds * NS_PER_S);
}

/* Send what is left of the answer, and make sure that it can be read. */
static void
finish(struct loop *loop, int conn, struct progress *p)
{
	bool unread = FCGX_HasSeenEOF(loop->request.in) == 0;

	limit_time(p, loop->w);
	loop->request.keepConnection = 0; /* whatever the peer asked for */
	FCGX_Finish_r(&loop->request);
	progress_deadline(p, 0);
	if (unread)
		linger(conn);
	loop->jobs++;
	loop->w->slot->requests++;
	loop->w->slot->finished_ns = clock_monotonic_ns();
}

static void
serve(struct loop *loop, int conn)
{
	struct worker *w = loop->w;
	struct io io = { .read = read_body,
		.write = write_answer,
		.param = find_param,
		.ctx = &loop->request };
	struct progress p;
	bool begun;

	set_timeouts(conn, w->idle_seconds);
	progress_start(&p, w->slot);
	limit_time(&p, w);
	begun = begin(&loop->request, conn) == 0;
	progress_deadline(&p, 0);
	if (begun && is_responder(&loop->request)) {
		progress_request(&p, io_param(&io, "REQUEST_ID"));
		w->handle(w->ctx, &io);
	}
	if (begun)
		finish(loop, conn, &p);
	progress_enter(&p, PHASE_IDLE);
	progress_photo(&p, "");
	progress_request(&p, "");
}

static uint64_t
resident_bytes(const struct loop *loop)
{
	unsigned long long total, resident = 0;
	char text[128];
	ssize_t len = pread(loop->statm, text, sizeof text - 1, 0);

	if (len <= 0)
		return 0;
	text[len] = '\0';
	if (sscanf(text, "%llu %llu", &total, &resident) != 2)
		resident = 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Why a fresh process is better; RECYCLE_COUNT: it is not. */
static enum recycle
wear(const struct loop *loop)
{
	const struct worker *w = loop->w;

	if (loop->jobs >= w->jobs_max)
		return RECYCLE_JOBS;
	if (w->slot->resident > w->resident_max)
		return RECYCLE_MEMORY;
	if (w->log_max != 0 && log_bytes() > w->log_max)
		return RECYCLE_LOG;
	if (w->is_spoilt != NULL && w->is_spoilt(w->ctx))
		return RECYCLE_PIXELS;
	return RECYCLE_COUNT;
}

/* A worker that drains is not replaced, and wears on. */
static bool
is_worn(const struct loop *loop)
{
	enum recycle why = wear(loop);

	if (loop->drain_ns != 0 || why == RECYCLE_COUNT)
		return false;
	metrics_own()->recycles[why]++;
	return true;
}

static void
read_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGUSR1)
			loop->leave = true;
		else if (loop->drain_ns == 0)
			loop->drain_ns = clock_monotonic_ns() +
			    loop->w->drain_seconds * NS_PER_S;
	}
}

/* Wait for a connection, a signal, or the next beat. */
static int
wait_for_work(struct loop *loop)
{
	struct pollfd pfds[] = {
		{ .fd = loop->w->listener, .events = POLLIN },
		{ .fd = loop->signals, .events = POLLIN },
	};

	loop->w->slot->beat_ns = clock_monotonic_ns();
	if (poll(pfds, 2, loop->drain_ns != 0 ? 0 : BEAT_MS) == -1)
		return errno == EINTR ? 0 : -1;
	/* accept(2) would say EAGAIN to a socket that was shut down. */
	if ((pfds[0].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
		errno = ENOTCONN;
		return -1;
	}
	read_signals(loop);
	return 0;
}

/* Also while one request follows the other. */
static void
use_idle_time(struct loop *loop)
{
	struct worker *w = loop->w;
	uint64_t now = clock_monotonic_ns();
	struct progress p;

	if (w->idle == NULL || loop->drain_ns != 0 ||
	    now - loop->idle_ns < BEAT_MS * NS_PER_MS)
		return;
	loop->idle_ns = now;
	progress_start(&p, w->slot);
	limit_time(&p, w);
	w->idle(w->ctx);
	progress_deadline(&p, 0);
}

/* *conn is -1 when nobody waits, or another worker was faster. */
static int
take(struct loop *loop, int *conn)
{
	*conn = accept4(loop->w->listener, NULL, NULL, SOCK_CLOEXEC);
	if (*conn != -1 || errno == EAGAIN || errno == EINTR ||
	    errno == ECONNABORTED)
		return 0;
	return -1;
}

static enum worker_end
run(struct loop *loop)
{
	loop->w->slot->resident = resident_bytes(loop);
	for (;;) {
		int conn;

		if (wait_for_work(loop) != 0)
			break;
		if (loop->leave)
			return WORKER_STOPPED;
		if (take(loop, &conn) != 0)
			break;
		if (conn == -1) {
			if (loop->drain_ns != 0)
				return WORKER_STOPPED;
			use_idle_time(loop);
			continue;
		}
		serve(loop, conn);
		fd_close(&conn);
		loop->w->slot->resident = resident_bytes(loop);
		read_signals(loop);
		if (is_worn(loop))
			return WORKER_RECYCLED;
		if (loop->drain_ns != 0 &&
		    clock_monotonic_ns() > loop->drain_ns)
			return WORKER_STOPPED;
		use_idle_time(loop);
	}
	log_error("the listening socket failed: %s", strerror(errno));
	return WORKER_BROKEN;
}

static int
prepare(struct loop *loop)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR1);
	loop->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	loop->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (loop->signals == -1 || FCGX_Init() != 0 ||
	    FCGX_InitRequest(&loop->request, -1, 0) != 0) {
		log_error("cannot start to serve: %s", strerror(errno));
		return -1;
	}
	return loop->w->confine != NULL ? loop->w->confine(loop->w->ctx) : 0;
}

enum worker_end
worker_run(struct worker *w)
{
	struct loop loop = { .w = w, .signals = -1, .statm = -1 };
	enum worker_end end = WORKER_BROKEN;

	if (prepare(&loop) == 0)
		end = run(&loop);
	fd_close(&loop.signals);
	fd_close(&loop.statm);
	return end;
}
