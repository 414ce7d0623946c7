#include "config.h"

/*
 * Processes that outlive the command that starts them. They are followed by a
 * descriptor where the kernel has such, so that a number that is given to
 * another process is never taken for the old one.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "mime.h"
#include "thumbctl_release_internal.h"

#define LAST_LINES 6
#define LAST_BYTES 2000

/* ---- to follow ---- */

int
process_open(struct process *p, pid_t pid)
{
	*p = (struct process){ .pid = pid, .fd = -1 };
#ifdef SYS_pidfd_open
	p->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->fd != -1 || errno != ENOSYS)
		return p->fd != -1 ? 0 : -1;
#endif
	return kill(pid, 0) == 0 || errno == EPERM ? 0 : -1;
}

void
process_close(struct process *p)
{
	if (p->pid != 0)
		fd_close(&p->fd);
	*p = (struct process){ .fd = -1 };
}

static bool
has_ended(const struct process *p, int ms)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	struct timespec pause = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * (long)NS_PER_MS };

	if (p->fd != -1)
		return poll(&pfd, 1, ms) == 1;
	(void)nanosleep(&pause, NULL);
	return kill(p->pid, 0) == -1 && errno == ESRCH;
}

bool
process_ends(const struct process *p, int ms)
{
	uint64_t end = clock_monotonic_ns() + (uint64_t)ms * NS_PER_MS;

	do {
		if (p->pid == 0 || has_ended(p, ms < 50 ? ms : 50))
			return true;
	} while (clock_monotonic_ns() < end);
	return false;
}

void
process_signal(const struct process *p, int signo)
{
	if (p->pid == 0)
		return;
#ifdef SYS_pidfd_send_signal
	if (p->fd != -1) {
		(void)syscall(SYS_pidfd_send_signal, p->fd, signo, NULL, 0);
		return;
	}
#endif
	(void)kill(p->pid, signo);
}

/* ---- to start ---- */

/* As a shell in the foreground of nothing would have it. */
static void
forget_signals(void)
{
	static const int all[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM,
		SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU,
		SIGXCPU, SIGXFSZ };
	sigset_t none;

	for (size_t i = 0; i < NELEM(all); i++)
		(void)signal(all[i], SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What a service manager has told us is not told to others. */
static void
forget_manager(void)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "LISTEN_PID",
		"LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID",
		"WATCHDOG_USEC" };

	for (size_t i = 0; i < NELEM(names); i++)
		(void)unsetenv(names[i]);
}

/*
 * In the grandchild: say who one is, wait until one is followed, and become the
 * program. go: of which it is read; its end of the answers is closed by exec.
 */
static void
be_program(char *const argv[], int words, int answers, int go)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t self = getpid();
	int keep[] = { answers };
	char byte;

	forget_signals();
	if (write(answers, &self, sizeof self) != sizeof self ||
	    read(go, &byte, 1) != 1)
		_exit(EX_OSERR);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(words, STDOUT_FILENO) == -1 ||
	    dup2(words, STDERR_FILENO) == -1 || chdir("/") == -1)
		_exit(EX_OSERR);
	fd_keep_only(keep, NELEM(keep));
	forget_manager();
	(void)execv(argv[0], argv);
	complain("%s: %s", argv[0], strerror(errno));
	_exit(EX_UNAVAILABLE);
}

/* Two forks: the program is no leader of its session, and not our child. */
static void
be_parent(char *const argv[], int words, int answers, int go)
{
	pid_t pid;

	if (setsid() == -1)
		_exit(EX_OSERR);
	pid = fork();
	if (pid == 0)
		be_program(argv, words, answers, go);
	_exit(pid == -1 ? EX_OSERR : EXIT_SUCCESS);
}

/* 0, or -1 with errno. */
static int
start(char *const argv[], int words, struct process *out)
{
	int answers[2] = { -1, -1 }, go[2] = { -1, -1 }, rc = -1;
	pid_t pid = -1, self;

	(void)fflush(stdout);
	if (pipe2(answers, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0) {
		/* Else it would wait for itself. */
		fd_close(&go[1]);
		be_parent(argv, words, answers[1], go[0]);
	}
	fd_close(&answers[1]);
	fd_close(&go[0]);
	if (pid != -1) {
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
		errno = EAGAIN;
		if (read(answers[0], &self, sizeof self) == sizeof self)
			rc = process_open(out, self);
		if (rc == 0 && write(go[1], "", 1) != 1)
			rc = -1;
	}
	fd_close(&answers[0]);
	fd_close(&go[1]);
	return rc;
}

int
process_start(char *const argv[], const char *words_path, struct process *out)
{
	int words = open(words_path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
	    0644);
	int rc = -1;

	*out = (struct process){ .fd = -1 };
	if (words == -1) {
		complain("%s: %s", words_path, strerror(errno));
		return -1;
	}
	rc = start(argv, words, out);
	if (rc == -1)
		complain("%s cannot be started: %s", argv[0], strerror(errno));
	fd_close(&words);
	return rc;
}

/* ---- what it said ---- */

/* Where the last lines of a text begin. */
static char *
last_lines(char *text, size_t len)
{
	unsigned n = 0;

	for (char *p = text + len; p > text; p--)
		if (p[-1] == '\n' && p < text + len && ++n == LAST_LINES)
			return p;
	return text;
}

void
say_last_words(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[LAST_BYTES + 1], clean[LAST_BYTES];
	size_t len = 0;
	char *rest;

	if (fd == -1)
		return;
	if (lseek(fd, -LAST_BYTES, SEEK_END) == -1)
		(void)lseek(fd, 0, SEEK_SET);
	if (fd_read_full(fd, text, LAST_BYTES, &len) == -1)
		len = 0;
	fd_close(&fd);
	text[len] = '\0';
	rest = last_lines(text, len);
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		mime_text(line, strlen(line), clean, sizeof clean);
		if (clean[0] != '\0')
			complain("it said: %s", clean);
	}
}
