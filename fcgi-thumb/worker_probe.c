#include "config.h"

/*
 * Whether this system's libfcgi has the hole that lets whoever may write to the
 * socket write beyond its memory. Distributions mend it without another
 * version, so it is asked the library itself.
 */

#include "worker.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fdio.h"

/* More than libfcgi reads at once, and less than a socket holds. */
#define PARAMS_BYTES 49152
#define SECONDS_MAX 10

/* FastCGI 1.0, 3.3: version, type, request id, length, padding. */
static size_t
put_record(unsigned char *out, unsigned char type, const void *data,
    uint16_t len)
{
	const unsigned char header[8] = { 1, type, 0, 1,
		(unsigned char)(len >> 8), (unsigned char)len, 0, 0 };

	memcpy(out, header, sizeof header);
	memcpy(out + sizeof header, data, len);
	return sizeof header + len;
}

/*
 * A request whose parameter says that its name and its value are INT_MAX bytes
 * long each: with the two bytes between and behind them 0 in an int.
 */
static int
send_request(int fd)
{
	static const unsigned char begin[8] = { 0, 1 }; /* a responder */
	static unsigned char params[PARAMS_BYTES];
	static unsigned char out[PARAMS_BYTES + 64];
	size_t len = put_record(out, 1, begin, sizeof begin);

	memset(params, 0xff, 8);
	len += put_record(out + len, 4, params, sizeof params);
	len += put_record(out + len, 4, "", 0);
	return fd_write_full(fd, out, len);
}

/* 0 where it refused before it had read all, else 1. In the child. */
static int
read_request(int fd)
{
	FCGX_Request request;
	int left = 0;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, -1, 0) != 0)
		return 2;
	request.ipcFd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	request.keepConnection = 1;
	FCGX_Detach(&request); /* or it reads to the end before it closes */
	(void)FCGX_Accept_r(&request);
	return ioctl(fd, FIONREAD, &left) == 0 && left > 0 ? 0 : 1;
}

static int
try_in_child(int fds[2])
{
	const struct timeval patience = { .tv_sec = SECONDS_MAX };
	const struct itimerval end = { .it_value = { .tv_sec = SECONDS_MAX } };

	(void)prctl(PR_SET_DUMPABLE, 0); /* no core of a crash that is meant */
	(void)signal(SIGALRM, SIG_DFL);
	(void)setitimer(ITIMER_REAL, &end, NULL);
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof patience);
	if (send_request(fds[0]) == -1 || shutdown(fds[0], SHUT_WR) == -1)
		return 2;
	return read_request(fds[1]);
}

int
worker_try_params(void)
{
	int fds[2] = { -1, -1 }, status = 0;
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
		pid = fork();
	if (pid == 0)
		_exit(try_in_child(fds));
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return -1;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGALRM ? -1 : 1;
	return WEXITSTATUS(status) <= 1 ? WEXITSTATUS(status) : -1;
}
