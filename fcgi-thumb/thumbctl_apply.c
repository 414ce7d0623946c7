#include "config.h"

/*
 * Settings into force on both sides: nginx's files are made and tried, nginx
 * and the service reload, and whatever refuses brings back what was there.
 * nginx refuses twice: `nginx -t` lets pass what only the running one finds, such
 * as a port that is in use.
 *
 * nginx goes first, since it alone can be brought back to what it was: the
 * service takes new settings or stays with its own by itself. In the moment
 * between the two only a preset or a limit is known to one and not yet to the
 * other, which is refused as it would have been before.
 */

#include "thumbctl_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "fdio.h"
#include "pidfile.h"
#include "pool.h"
#include "thumbctl_program.h"
#include "thumbctl_watch.h"

#define RUN_MAX 128 /* bytes; a socket's whole path has 107 */

/* Of an nginx: from the first file that it reads to its pid file. */
#define START_SECONDS 2

_Static_assert(WAIT_DEFAULT > POOL_BOOT_SECONDS, "the service gives up first");

struct apply {
	struct change change;
	/* Blocked in `nginx -t`, which may take long and may be interrupted. */
	sigset_t test_signals;
	bool unseen;  /* whether nginx took its files is not known */
	bool stopped; /* it does not run */
	bool ended;   /* it was told, and may have been started again */
};

/* When who is told now has to have answered. */
static uint64_t
ends_at(const struct apply *a)
{
	return clock_monotonic_ns() + a->change.job.wait * NS_PER_S;
}

/* ---- nginx ---- */

/* In the child. */
static void
exec_nginx(const struct apply *a, const char *const more[],
    const sigset_t *signals)
{
	if (signals != NULL)
		(void)sigprocmask(SIG_SETMASK, signals, NULL);
	/* Standard output is for what we say. */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) == -1)
		_exit(EX_OSERR);
	program_exec(a->change.job.program, more);
}

/*
 * Its words go to stderr. signals are blocked in it, NULL: those that are now.
 * 0, or -1 where it failed.
 */
static int
run_nginx(const struct apply *a, const char *const more[],
    const sigset_t *signals)
{
	int status = -1;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		exec_nginx(a, more, signals);
	if (pid == -1) {
		complain("fork: %s", strerror(errno));
		return -1;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		complain("%s: %s", a->change.job.program,
		    strsignal(WTERMSIG(status)));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* What nginx says of it names a file that nobody asked for. */
static void
explain_logs(const struct apply *a)
{
	const struct settings *s = a->change.settings;

	/* None where nginx's files go, as by `thumbctl site disable`. */
	if (s != NULL && strcmp(s->log_access, "file") == 0 &&
	    s->logs[0] != '\0' && access(s->logs, F_OK) == -1)
		complain("%s: %s; without it nginx cannot open its access.log: "
			 "make the directory, or set log_access to another "
			 "place",
		    s->logs, strerror(errno));
}

static int
test_nginx(const struct apply *a)
{
	static const char *const more[] = { "-t", "-q", NULL };

	if (run_nginx(a, more, &a->test_signals) == 0)
		return 0;
	complain("nginx refuses its configuration");
	explain_logs(a);
	return -1;
}

/* 0 where, for all that can be known, it has the files; -1. Says the rest. */
static int
judge_nginx(struct apply *a, enum nginx_answer answer)
{
	a->unseen = answer == NGINX_UNSEEN;
	switch (answer) {
	case NGINX_TAKEN:
		return 0;
	case NGINX_REFUSED:
		complain("nginx refuses the configuration that it was told to "
			 "load, and goes on with the one it had; its error log "
			 "says why");
		return -1;
	case NGINX_ENDED:
		complain("nginx has ended instead; its error log says why");
		return -1;
	case NGINX_LATE:
		complain("nginx has not loaded its configuration within %u "
			 "seconds and may still do so; its error log may say "
			 "more",
		    a->change.job.wait);
		return -1;
	case NGINX_UNSEEN:
		complain("whether nginx took its configuration cannot be seen "
			 "from here; its error log says it");
		return 0;
	}
	return -1;
}

/* Of `nginx -s reload`, whose configuration has just been tested. */
static bool
has_found_nobody(const struct buf *said)
{
	static const char *const words[] = { "failed (3: No such process)",
		"failed (2: No such file or directory)", "invalid PID number" };

	for (unsigned i = 0; i < NELEM(words); i++)
		if (said->len > 0 && strstr(said->data, words[i]) != NULL)
			return true;
	return false;
}

/*
 * The same as run_nginx where it need not run. Masters that can be seen may be
 * others': only it knows whether its own is one of them.
 */
static int
tell_nginx(struct apply *a, const char *const more[])
{
	struct buf said = { 0 };
	int rc;

	if (!a->change.may_be_stopped)
		return run_nginx(a, more, NULL);
	rc = program_run(a->change.job.program, more, &said, &said,
	    a->change.job.wait);
	a->stopped = rc != 0 && has_found_nobody(&said);
	if (a->stopped)
		complain(
		    "nginx does not run, and has this when it starts; what "
		    "one that was killed has left of workers goes on "
		    "with what it had");
	else if (said.len > 0)
		(void)fputs(said.data, stderr);
	buf_fini(&said);
	return rc == 0 || a->stopped ? 0 : -1;
}

/* 0, or -1 after a complaint. *touched: nginx may have what the files say. */
static int
reload_nginx(struct apply *a, bool *touched)
{
	static const char *const more[] = { "-s", "reload", NULL };
	enum nginx_answer answer;
	struct nginx_watch watch;
	int rc = -1;

	*touched = false;
	watch_begin(&watch, a->change.job.program, ends_at(a));
	a->stopped = a->change.may_be_stopped && watch.n == 0;
	/* Interrupted, it would leave open whether it has told it. */
	if (a->stopped) {
		rc = 0;
	} else if (tell_nginx(a, more) == -1) {
		complain("nginx cannot be told to reload; does it run?");
	} else if (a->stopped) {
		rc = 0;
	} else {
		answer = watch_wait(&watch);
		*touched = answer != NGINX_REFUSED && answer != NGINX_ENDED;
		a->ended = a->change.may_be_stopped && answer == NGINX_ENDED;
		rc = judge_nginx(a, answer);
	}
	watch_fini(&watch);
	return rc;
}

/* ---- the service ---- */

/* Has it, since `before`, answered for these very settings? */
static bool
has_answered(const struct service_state *before,
    const struct service_state *now)
{
	return now->pid != before->pid || now->reloads != before->reloads;
}

/*
 * 0 where it has taken them; -1 after a complaint. What it was told cannot be
 * taken back from one that does not answer. nginx goes back to its old files all
 * the same: they would be lost for the next apply, which the service may refuse.
 */
static int
await_answer(const struct apply *a, const struct service_state *before)
{
	const char *want = a->change.settings->digest;
	uint64_t end = ends_at(a);
	struct timespec pause = { .tv_nsec = 50 * (long)NS_PER_MS };
	struct service_state now = *before;

	while (clock_monotonic_ns() < end) {
		(void)nanosleep(&pause, NULL);
		if (pidfile_read(a->change.settings->run, &now) == -1) {
			complain("the service has ended instead");
			return -1;
		}
		if (!has_answered(before, &now))
			continue;
		if (strcmp(now.in_force, want) == 0)
			return 0;
		if (strcmp(now.refused, want) == 0) {
			complain("the service (process %ld) refuses these "
				 "settings; its log says why",
			    (long)now.pid);
			return -1;
		}
	}
	if (has_answered(before, &now))
		complain("the service (process %ld) was reloaded, but with "
			 "other settings; does it read %s? Its log may say "
			 "more",
		    (long)now.pid, a->change.settings_file);
	else
		complain("the service (process %ld) has not answered within %u "
			 "seconds: it has its old settings, and may still take "
			 "those of %s, which nginx does not have then. Run "
			 "`thumbctl apply` again when it answers",
		    (long)now.pid, a->change.job.wait, a->change.settings_file);
	return -1;
}

static int
reload_service(const struct apply *a)
{
	const char *nginx = a->stopped ? "nginx does not run and will have"
	    : a->unseen                ? "nginx was told of"
				       : "nginx has";
	struct service_state before;

	if (pidfile_read(a->change.settings->run, &before) == -1) {
		(void)printf("%s the settings of %s; no service runs in %s, it "
			     "will read them when it starts\n",
		    nginx, a->change.settings_file, a->change.settings->run);
		return 0;
	}
	if (kill(before.pid, SIGHUP) == -1) {
		complain("the service (process %ld): %s", (long)before.pid,
		    strerror(errno));
		return -1;
	}
	if (await_answer(a, &before) == -1)
		return -1;
	(void)printf("%s the settings of %s; the service (process %ld) has "
		     "them\n",
	    nginx, a->change.settings_file, (long)before.pid);
	return 0;
}

/* ---- both ---- */

/* The directory of the sockets that a file of ours names. 0, or -1: none. */
static int
find_run(const char *http_conf, char *out, size_t size)
{
	static const char begin[] = "server \"unix:";
	const char *at = http_conf != NULL ? strstr(http_conf, begin) : NULL;
	const char *end;

	if (at == NULL)
		return -1;
	at += sizeof begin - 1;
	end = strstr(at, "/photo.sock\"");
	if (end == NULL || (size_t)(end - at) >= size)
		return -1;
	memcpy(out, at, (size_t)(end - at));
	out[end - at] = '\0';
	return 0;
}

int
check_run(const char *was, const char *run)
{
	struct service_state s, other;

	if (strcmp(was, run) == 0 || pidfile_read(was, &s) == -1 ||
	    pidfile_read(run, &other) == 0)
		return 0;
	complain("the service (process %ld) runs in %s; run = \"%s\" can only "
		 "come into force when it is stopped: stop it, apply, start it",
	    (long)s.pid, was, run);
	return -1;
}

/* Of the sockets that nginx knows. */
static int
check_own_run(const struct apply *a, const struct nginx_files *old)
{
	char was[RUN_MAX];

	return find_run(old->texts[0].data, was, sizeof was) == -1
	    ? 0
	    : check_run(was, a->change.settings->run);
}

/* old: NULL where they were not touched. */
static void
restore(struct apply *a, const struct nginx_files *old, bool touched)
{
	const struct timespec pause = { .tv_sec = START_SECONDS };

	if (a->change.undo != NULL)
		a->change.undo(a->change.ctx);
	if (old != NULL && nginx_write(&a->change.job, old) == -1) {
		complain("the old files are NOT back");
		return;
	}
	complain("nginx's old files are back");
	if (a->ended) {
		/* It may have been started again, and have read the new ones. */
		(void)nanosleep(&pause, NULL);
		touched = true;
	}
	if (touched && reload_nginx(a, &touched) == -1)
		complain("nginx may have the new settings in force, NOT those "
			 "of its files");
}

/* Everything that can refuse, in order. 0, or -1 with the old state back. */
static int
switch_over(struct apply *a, const struct nginx_files *new,
    const struct nginx_files *old)
{
	bool touched = false;

	/* Those that stay are not touched, on a full disk either. */
	if ((new == old || nginx_write(&a->change.job, new) == 0) &&
	    (a->change.put == NULL || a->change.put(a->change.ctx) == 0) &&
	    test_nginx(a) == 0 && reload_nginx(a, &touched) == 0 &&
	    (a->change.side != SIDE_MADE || reload_service(a) == 0))
		return 0;
	restore(a, new == old ? NULL : old, touched);
	return -1;
}

/*
 * From the first change to the last no signal must leave half of it: what a
 * terminal, a shell, a closed pipe or a service manager sends.
 *
 * SIGKILL can. Then nginx's new files lie beside an nginx, or beside an nginx
 * and a service, that have the old settings; `thumbctl doctor` says so of the
 * service, and the next apply does all of it again. Only, were that refused, the
 * files that it brings back would be those that it found.
 */
static void
hold_signals(struct apply *a)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGALRM,
		SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ };
	static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };
	sigset_t set;

	(void)sigemptyset(&set);
	for (unsigned i = 0; i < NELEM(ends); i++)
		(void)sigaddset(&set, ends[i]);
	for (unsigned i = 0; i < NELEM(stops); i++)
		(void)sigaddset(&set, stops[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &a->test_signals);
	/* We could not be stopped with it. */
	for (unsigned i = 0; i < NELEM(stops); i++)
		(void)sigaddset(&a->test_signals, stops[i]);
}

/* One at a time, or each would take the other's files for the old ones. */
static int
lock_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	complain("%s: %s", dir,
	    errno == EWOULDBLOCK ? "another thumbctl apply is at work"
				 : strerror(errno));
	fd_close(&fd);
	return -1;
}

/* The files that the settings make, in place of those that are there. */
static int
make_files(struct apply *a, const struct nginx_files *old)
{
	struct nginx_files new = { 0 };
	int rc = -1;

	if (a->change.files != NULL)
		return switch_over(a, a->change.files, old);
	if (nginx_fill(a->change.settings, &a->change.job, &new) == 0 &&
	    check_own_run(a, old) == 0)
		rc = switch_over(a, &new, old);
	nginx_free(&new);
	return rc;
}

/* Into force what the side says of these. 0, or -1 after a complaint. */
static int
choose_files(struct apply *a, const struct nginx_files *old)
{
	struct nginx_files none = { .n = old->n };

	switch (a->change.side) {
	case SIDE_MADE:
	case SIDE_GIVEN:
		return make_files(a, old);
	case SIDE_KEPT:
		return switch_over(a, old, old);
	case SIDE_GONE:
		return switch_over(a, &none, old);
	}
	return -1;
}

static int
apply(struct apply *a)
{
	struct nginx_files old = { 0 };
	int lock = lock_dir(a->change.job.dir), rc = -1;

	if (lock == -1)
		return EXIT_FAILURE;
	hold_signals(a);
	if (nginx_read(&a->change.job, &old) == 0)
		rc = choose_files(a, &old);
	nginx_free(&old);
	fd_close(&lock);
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
apply_both(const struct change *change)
{
	struct apply a = { .change = *change };

	return apply(&a);
}

/* The settings of a single slot are for that one, by hand. */
int
apply_change(const struct change *change)
{
	const struct settings *s = change->settings;

	if (change->side != SIDE_MADE || s->slot != SLOT_NONE)
		return apply_both(change);
	if (s->releases)
		return apply_released(change);
	return check_unreleased(s) == 0 ? apply_both(change) : EXIT_FAILURE;
}

static int
run_apply(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct change change = { .settings_file = settings_file };
	struct settings *settings;
	int status;

	if (nginx_parse(argc, argv, true, &change.job) != 1 ||
	    change.job.program[strspn(change.job.program, " ")] == '\0')
		return wrong_use(self);
	settings = settings_load(settings_file, stderr);
	if (settings == NULL)
		return EX_CONFIG;
	change.settings = settings;
	status = apply_change(&change);
	settings_free(settings);
	return status;
}

const struct command command_apply = { "apply",
	"[--templates DIR] [--standalone PORT] [--nginx COMMAND]\n"
	"        [--wait DURATION] DIR",
	"bring the settings into force: nginx's files in DIR, then nginx "
	"and the\n    service; what refuses brings the old files back",
	"  --templates DIR, --standalone PORT  as of nginx-conf\n"
	"  --nginx COMMAND  nginx's program and arguments with spaces "
	"between them,\n"
	"                   instead of nginx; run with -t, and with -s "
	"reload\n"
	"  --wait DURATION  how long nginx, and then the service, may "
	"take: " TEXT_OF(WAIT_DEFAULT) "s\n",
	run_apply };
