#include "config.h"

/*
 * Processes of our own beside a release. Each may become the owner of the
 * photos, which we must not: what is left to do then needs our rights.
 */

#include "thumbctl_release_errand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"

/* A probe that is told to end takes back its photo. */
#define END_SECONDS 15

static void be_errand(const struct releases *r, errand_deed deed, void *ctx,
    int out, pid_t parent) __attribute__((noreturn));

/*
 * The lock is that of an open file: a copy of it would keep others out when we
 * are dead.
 */
static void
be_errand(const struct releases *r, errand_deed deed, void *ctx, int out,
    pid_t parent)
{
	char words[RELEASE_WORDS_MAX] = "";
	bool well;

	if (r->lock != -1)
		(void)close(r->lock);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(1);
	well = deed(r, ctx, words);
	(void)fflush(stdout);
	(void)fd_write_full(out, words, strlen(words));
	_exit(well ? 0 : 1);
}

int
errand_begin(struct errand *e, const struct releases *r, errand_deed deed,
    void *ctx, unsigned seconds)
{
	pid_t parent = getpid();
	int fds[2];

	*e = (struct errand){ .fd = -1 };
	if (pipe2(fds, O_CLOEXEC) == -1) {
		complain("%s", strerror(errno));
		return -1;
	}
	(void)fflush(stdout);
	e->pid = fork();
	if (e->pid == 0)
		be_errand(r, deed, ctx, fds[1], parent);
	fd_close(&fds[1]);
	e->fd = fds[0];
	(void)fcntl(e->fd, F_SETFL, O_NONBLOCK);
	e->end_ns = clock_monotonic_ns() + seconds * NS_PER_S;
	if (e->pid != -1)
		return 0;
	complain("fork: %s", strerror(errno));
	e->pid = 0;
	fd_close(&e->fd);
	return -1;
}

/* Its words, and what became of it. */
static enum errand_came
bury(struct errand *e, bool late, char words[RELEASE_WORDS_MAX])
{
	int status = 0;
	ssize_t len;

	if (late)
		(void)kill(e->pid, SIGKILL);
	while (waitpid(e->pid, &status, 0) == -1 && errno == EINTR)
		;
	/* One write, if any: a child of its own may have a copy of the end. */
	len = read(e->fd, words, RELEASE_WORDS_MAX - 1);
	words[len > 0 ? len : 0] = '\0';
	fd_close(&e->fd);
	*e = (struct errand){ .fd = -1 };
	if (!late && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return ERRAND_WELL;
	if (words[0] == '\0')
		(void)snprintf(words, RELEASE_WORDS_MAX, "%s",
		    late                      ? "it hangs"
			: WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
					      : "it failed without a word");
	return ERRAND_BADLY;
}

static bool
has_ended(const struct errand *e)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)e->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid != 0;
}

enum errand_came
errand_look(struct errand *e, unsigned ms, char words[RELEASE_WORDS_MAX])
{
	struct pollfd pfd = { .fd = e->fd, .events = POLLIN };
	uint64_t now = clock_monotonic_ns();

	if (ms > 0 && !has_ended(e))
		(void)poll(&pfd, 1, (int)ms);
	if (has_ended(e))
		return bury(e, false, words);
	return now >= e->end_ns ? bury(e, true, words) : ERRAND_ON;
}

enum errand_came
errand_wait(struct errand *e, char words[RELEASE_WORDS_MAX])
{
	enum errand_came came;

	while ((came = errand_look(e, 100, words)) == ERRAND_ON)
		;
	return came;
}

void
errand_end(struct errand *e)
{
	char words[RELEASE_WORDS_MAX];

	if (e->pid == 0)
		return;
	(void)kill(e->pid, SIGTERM);
	e->end_ns = clock_monotonic_ns() + END_SECONDS * NS_PER_S;
	(void)errand_wait(e, words);
}
