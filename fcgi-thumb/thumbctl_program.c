#include "config.h"

/* To start other programs, and to hear what they say. */

#include "thumbctl_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "thumbctl.h"

#define PATH_MORE ":/usr/sbin:/usr/local/sbin"

/* Of one that says more than anybody reads: it is not waited for. */
#define SAID_MAX (32 << 20)

/* NULL without memory. */
static char **
make_argv(const char *program, const char *const more[])
{
	/* A word and the space behind it are two bytes at least. */
	size_t most = strlen(program) / 2 + 1 + PROGRAM_WORDS_MAX, n = 0;
	char **argv = calloc(most + 1, sizeof *argv);
	char *rest = strdup(program);

	if (argv == NULL || rest == NULL)
		return NULL; /* and there the process ends */
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (word[0] != '\0')
			argv[n++] = word;
	for (; *more != NULL && n < most; more++)
		argv[n++] = (char *)(uintptr_t)*more;
	return argv;
}

void
program_exec(const char *program, const char *const more[])
{
	char **argv = make_argv(program, more), *path = NULL;
	const char *old = getenv("PATH");

	if (argv == NULL || argv[0] == NULL ||
	    asprintf(&path, "%s%s", old != NULL ? old : "/usr/bin:/bin",
		PATH_MORE) == -1) {
		complain("no memory left");
		_exit(EX_OSERR);
	}
	(void)setenv("PATH", path, 1);
	(void)execvp(argv[0], argv);
	complain("%s: %s", argv[0], strerror(errno));
	_exit(EX_UNAVAILABLE);
}

/* ---- to listen ---- */

struct heard {
	struct buf *to[2];
	int fds[2]; /* our ends; -1: it has closed its own */
};

static void
be_program(const char *program, const char *const more[], int pipes[2][2])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(pipes[0][1], STDOUT_FILENO) == -1 ||
	    dup2(pipes[1][1], STDERR_FILENO) == -1)
		_exit(EX_OSERR);
	/* What we ignore a program would ignore as well. */
	(void)signal(SIGPIPE, SIG_DFL);
	program_exec(program, more);
}

/* One read of one of both. */
static void
hear(struct heard *h, unsigned i)
{
	char piece[16384];
	ssize_t n = read(h->fds[i], piece, sizeof piece);

	if (n > 0 && h->to[i] != NULL && h->to[i]->len < SAID_MAX)
		buf_add(h->to[i], piece, (size_t)n);
	else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		fd_close(&h->fds[i]);
}

/* Until both are closed; false: not in time. */
static bool
listen_until(struct heard *h, uint64_t end)
{
	while (h->fds[0] != -1 || h->fds[1] != -1) {
		struct pollfd pfds[2] = { { .fd = h->fds[0], .events = POLLIN },
			{ .fd = h->fds[1], .events = POLLIN } };
		uint64_t now = clock_monotonic_ns();

		if (now >= end)
			return false;
		if (poll(pfds, 2, (int)((end - now) / NS_PER_MS) + 1) <= 0)
			continue;
		for (unsigned i = 0; i < 2; i++)
			if (pfds[i].revents != 0)
				hear(h, i);
	}
	return true;
}

/* It has closed its output, so it ends soon, or it is made to. */
static int
await_end(pid_t pid, bool in_time, uint64_t end)
{
	struct timespec pause = { .tv_nsec = 5 * (long)NS_PER_MS };
	int status = 0;
	pid_t rc;

	while ((rc = waitpid(pid, &status, in_time ? WNOHANG : 0)) != pid) {
		if (rc == -1 && errno != EINTR)
			return -1;
		if (clock_monotonic_ns() >= end) {
			(void)kill(pid, SIGKILL);
			in_time = false;
		}
		(void)nanosleep(&pause, NULL);
	}
	return in_time && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
program_run(const char *program, const char *const more[], struct buf *out,
    struct buf *err, unsigned seconds)
{
	uint64_t end = clock_monotonic_ns() + seconds * NS_PER_S;
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } }, status = -1;
	struct heard heard = { .to = { out, err } };
	pid_t pid = -1;

	(void)fflush(stdout);
	if (pipe2(pipes[0], O_CLOEXEC) == 0 && pipe2(pipes[1], O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		be_program(program, more, pipes);
	for (unsigned i = 0; i < 2; i++) {
		fd_close(&pipes[i][1]);
		heard.fds[i] = pipes[i][0];
	}
	if (pid != -1) {
		bool in_time = listen_until(&heard, end);

		if (!in_time)
			(void)kill(pid, SIGKILL);
		status = await_end(pid, in_time, end);
	}
	fd_close(&heard.fds[0]);
	fd_close(&heard.fds[1]);
	return status;
}

/* ---- line by line ---- */

/* A pipe that nobody reads any more ends it. */
static void
hear_lines(FILE *in, program_line *each, void *ctx)
{
	bool more = true;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while (more && (len = getline(&line, &cap, in)) > 0) {
		len -= line[len - 1] == '\n';
		more = each(ctx, line, (size_t)len);
	}
	free(line);
	(void)fclose(in);
}

int
program_lines(const char *program, const char *const more[], program_line *each,
    void *ctx)
{
	int ends[2], status = 0;
	FILE *in;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (dup2(ends[1], STDOUT_FILENO) == -1)
			_exit(EX_OSERR);
		program_exec(program, more);
	}
	(void)close(ends[1]);
	in = pid != -1 ? fdopen(ends[0], "r") : NULL;
	if (in != NULL)
		hear_lines(in, each, ctx);
	else
		fd_close(&ends[0]);
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (in == NULL)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
