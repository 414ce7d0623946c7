#include "config.h"

/*
 * Two processes around the system test: one that makes it, with the rights of
 * the photos' owner, and one that takes back what it left, however it ended.
 * Responsible for that no picture is decoded by whoever called, that all of it
 * has an end, and that no signal leaves a photo behind.
 */

#include "thumbctl_release_exam.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "fdio.h"
#include "image.h"
#include "thumbctl_release.h"

/* The one that takes back: more than it allows itself. */
#define CLEANER_SECONDS 12

/* ---- both sides ---- */

const char *
exam_name(const struct exam *x, enum exam_side side)
{
	enum release_slot slot = x->sides[side].slot;

	return slot == SLOT_NONE ? "the service without slots"
				 : settings_slot_name(slot);
}

static int
open_bench(struct exam_bench *b, const struct releases *r,
    enum release_slot slot)
{
	struct service_state state;

	b->slot = slot;
	b->pid = slot_is_alive(r, slot, &state) ? state.pid : 0;
	b->settings = slot_settings(r, slot);
	if (b->settings == NULL)
		return -1;
	b->photo = settings_path(b->settings->run, "photo.sock");
	b->control = settings_path(b->settings->run, "control.sock");
	if (b->photo != NULL && b->control != NULL)
		return 0;
	complain("no memory left");
	return -1;
}

int
exam_open(struct exam *x, const struct releases *r, enum release_slot slot,
    enum release_slot active)
{
	*x = (struct exam){ .out = -1 };
	x->page = mmap(NULL, sizeof *x->page, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (x->page == MAP_FAILED) {
		complain("%s", strerror(errno));
		return -1;
	}
	if (open_bench(&x->sides[CANDIDATE], r, slot) == -1 ||
	    (active != SLOT_COUNT &&
		open_bench(&x->sides[ACTIVE], r, active) == -1))
		return -1;
	(void)snprintf(x->fix, sizeof x->fix,
	    "its log (%.150s) may say why; thumbctl release stage another",
	    x->sides[CANDIDATE].settings->logs[0] != '\0'
		? x->sides[CANDIDATE].settings->logs
		: "standard error");
	return 0;
}

void
exam_close(struct exam *x)
{
	for (unsigned i = 0; i < EXAM_SIDES; i++) {
		settings_free(x->sides[i].settings);
		free(x->sides[i].photo);
		free(x->sides[i].control);
	}
	if (x->page != MAP_FAILED)
		(void)munmap(x->page, sizeof *x->page);
}

/* ---- in the process ---- */

static void
put_said(struct exam_said *said, enum finding finding, const char *layer,
    const char *fix)
{
	*said = (struct exam_said){ .finding = finding };
	(void)snprintf(said->layer, sizeof said->layer, "%s", layer);
	(void)snprintf(said->fix, sizeof said->fix, "%s", fix);
}

void
exam_say(struct exam *x, enum finding finding, const char *layer,
    const char *fix, const char *fmt, ...)
{
	struct exam_said said;
	va_list ap;

	put_said(&said, finding, layer, fix);
	va_start(ap, fmt);
	(void)vsnprintf(said.words, sizeof said.words, fmt, ap);
	va_end(ap);
	(void)fd_write_full(x->out, &said, sizeof said);
}

void
exam_enter(struct exam *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(x->page->at, sizeof x->page->at, fmt, ap);
	va_end(ap);
}

/* Whoever started it is the one to hear of a signal; without him it ends. */
static void
settle(pid_t parent, unsigned seconds)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(1);
	(void)alarm(seconds);
	child_limit_resources();
}

/* The owner's process, with his store. 0, or -1 with x->why. */
static int
come_in(struct exam *x)
{
	const struct settings *s = x->sides[CANDIDATE].settings;

	(void)snprintf(x->why, sizeof x->why,
	    "this process cannot become the owner of the photos");
	if (become_owner(s) == -1)
		return -1;
	x->store = store_open(s->data, x->why, sizeof x->why);
	return x->store != NULL ? 0 : -1;
}

/* As a worker and a prober begin. 0, or -1 with x->why. */
static int
prepare(struct exam *x, unsigned seconds)
{
	progress_start(&x->progress, NULL);
	progress_deadline(&x->progress,
	    clock_monotonic_ns() + seconds * NS_PER_S);
	if (come_in(x) == -1 ||
	    child_boot_image(x->sides[CANDIDATE].settings, x->store, x->why,
		sizeof x->why) == -1)
		return -1;
	for (unsigned i = 0; i < EXAM_SIDES; i++)
		if (x->sides[i].settings != NULL &&
		    settings_read_secrets(x->sides[i].settings, x->why,
			sizeof x->why) == -1)
			return -1;
	return 0;
}

static void
be_examiner(struct exam *x, void (*work)(struct exam *x), unsigned seconds)
{
	exam_enter(x, "beginning");
	if (prepare(x, seconds) == 0)
		work(x);
	else
		exam_say(x, FAULT, "test", "thumbctl doctor",
		    "it cannot begin: %s", x->why);
	x->page->is_over = true;
	store_close(x->store);
	_exit(0);
}

static void
be_cleaner(struct exam *x)
{
	if (come_in(x) == 0) {
		/* Of an examiner that was ended. */
		store_sweep(x->sides[CANDIDATE].settings->data, NULL);
		exam_clean(x, x->store);
	}
	store_close(x->store);
	_exit(x->store != NULL ? 0 : 1);
}

/* ---- who waits for it ---- */

struct watch {
	int signals; /* of the signals that end us */
	sigset_t before;
	int signo; /* the one that came; 0: none */
	int in;    /* findings */
	pid_t pid;
	bool killed;
	void (*hear)(void *ctx, const struct exam_said *said);
	void *ctx;
};

void
exam_ends(sigset_t *out)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;

	(void)sigemptyset(out);
	for (size_t i = 0; i < NELEM(ends); i++)
		if (sigaction(ends[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			(void)sigaddset(out, ends[i]);
}

/* They are looked at while it waits. */
static int
watch_signals(struct watch *w)
{
	sigset_t set;

	exam_ends(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &w->before);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals != -1 ? 0 : -1;
}

static void
end_process(struct watch *w)
{
	if (w->pid > 0)
		(void)kill(w->pid, SIGKILL);
	w->killed = true;
}

static void
read_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof info) != sizeof info)
		return;
	w->signo = (int)info.ssi_signo;
	end_process(w);
}

/* One finding. False: there will be no more. */
static bool
read_finding(struct watch *w)
{
	struct exam_said said;
	size_t len = 0;

	if (fd_read_full(w->in, &said, sizeof said, &len) == -1 ||
	    len != sizeof said)
		return false;
	w->hear(w->ctx, &said);
	return true;
}

static void
follow(struct watch *w, uint64_t end)
{
	for (;;) {
		struct pollfd pfds[] = { { .fd = w->in, .events = POLLIN },
			{ .fd = w->killed ? -1 : w->signals,
			    .events = POLLIN } };
		uint64_t now = clock_monotonic_ns();
		int ms = now < end ? (int)((end - now) / NS_PER_MS) + 1 : 0;

		if (ms == 0 && !w->killed)
			end_process(w);
		if (poll(pfds, 2, w->killed ? -1 : ms) <= 0)
			continue;
		if (pfds[1].revents != 0)
			read_signal(w);
		if (pfds[0].revents != 0 && !read_finding(w))
			return;
	}
}

/* pid 0 is this side of it. 0, or -1 with errno. */
static int
begin(struct watch *w, struct exam *x, unsigned seconds, pid_t *pid)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	(void)fflush(stdout);
	*pid = fork();
	if (*pid == 0) {
		/* A copy of the release directory's lock could outlive us. */
		fd_keep_only(&fds[1], 1);
		x->out = fds[1];
		settle(parent, seconds + 2);
		return 0;
	}
	fd_close(&fds[1]);
	w->in = fds[0];
	w->pid = *pid;
	return *pid == -1 ? -1 : 0;
}

static int
bury(struct watch *w)
{
	int status = 0;

	fd_close(&w->in);
	while (waitpid(w->pid, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

/* What it could not say itself. */
static void
tell_end(struct watch *w, const struct exam *x, int status, unsigned seconds)
{
	struct exam_said said;

	if (w->signo == 0 && x->page->is_over)
		return;
	put_said(&said, FAULT, "test",
	    w->signo != 0 ? "once more" : "look at its log, and once more");
	if (w->signo != 0)
		(void)snprintf(said.words, sizeof said.words,
		    "ended by a signal (%s)", strsignal(w->signo));
	else if (w->killed)
		(void)snprintf(said.words, sizeof said.words,
		    "not over after %u seconds; it was at: %s", seconds,
		    x->page->at);
	else
		(void)snprintf(said.words, sizeof said.words,
		    "the testing process died (%s %d); it was at: %s",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status),
		    x->page->at);
	w->hear(w->ctx, &said);
}

/* Signals have to wait for it: it is short, and has an end. */
static void
clean(struct watch *w, struct exam *x)
{
	struct exam_said said;
	int status = -1;
	pid_t pid;

	w->killed = false;
	fd_close(&w->signals);
	if (begin(w, x, CLEANER_SECONDS, &pid) == 0) {
		if (pid == 0)
			be_cleaner(x);
		follow(w, clock_monotonic_ns() + CLEANER_SECONDS * NS_PER_S);
		status = bury(w);
	}
	if (status == 0)
		return;
	put_said(&said, FAULT, "test", "thumbctl sweep, after that time");
	(void)snprintf(said.words, sizeof said.words,
	    "photos of the test may be left; they expire after %d minutes",
	    EXAM_EXPIRES / 60);
	w->hear(w->ctx, &said);
}

static void
say_errno(struct watch *w)
{
	struct exam_said said;

	put_said(&said, FAULT, "test", "what the words say, and once more");
	(void)snprintf(said.words, sizeof said.words, "it cannot begin: %s",
	    strerror(errno));
	w->hear(w->ctx, &said);
}

void
exam_run(struct exam *x, void (*work)(struct exam *x), unsigned seconds,
    void (*hear)(void *ctx, const struct exam_said *said), void *ctx)
{
	struct watch w = { .signals = -1, .in = -1, .hear = hear, .ctx = ctx };
	int status;
	pid_t pid;

	if (watch_signals(&w) == -1 || begin(&w, x, seconds, &pid) == -1) {
		say_errno(&w);
	} else {
		if (pid == 0)
			be_examiner(x, work, seconds);
		follow(&w, clock_monotonic_ns() + seconds * NS_PER_S);
		status = bury(&w);
		tell_end(&w, x, status, seconds);
		if (x->page->n_debts > 0 || !x->page->is_over)
			clean(&w, x);
	}
	fd_close(&w.signals);
	fd_close(&w.in);
	if (w.signo != 0)
		(void)raise(w.signo); /* while it is blocked, it waits */
	(void)sigprocmask(SIG_SETMASK, &w.before, NULL);
}
