#include "config.h"

/*
 * What a reload came to, as /proc shows it. A master sleeps with SIGHUP let
 * through and works with SIGHUP held back; so it is known when it has done all
 * that it was told, and whether it has new workers then.
 *
 * It is not looked for by its pid file: where that lies only the configuration
 * and the words of the command line say, and the command may be a script, or
 * reach into a container. Of all masters it is the one that has read something
 * meanwhile: the configuration, since there is nothing else that a master
 * reads. Where several did and not all came to the same, nothing is said for
 * sure.
 *
 * A worker that dies and is replaced at the very moment of a refusal would be
 * taken for a new one.
 */

#include "thumbctl_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "number.h"

#define TITLE "nginx: master process"
#define TITLE_OLD "nginx: worker process is shutting down"
#define PAUSE_NS (50 * NS_PER_MS)

#define HANGUP (1ULL << (SIGHUP - 1)) /* in the masks of /proc/PID/status */

struct state {
	bool gone;
	bool busy;
	unsigned long long reads;    /* bytes, without those of its children */
	unsigned long long youngest; /* when its last child began; 0: none */
};

struct nginx_master {
	pid_t pid;
	bool named; /* its title has the command line */
	struct state before, now;
};

/* ---- /proc ---- */

/* The caller frees it. NULL: it is gone, or not ours to see. */
static char *
read_proc(pid_t pid, const char *file)
{
	char path[64], *text = NULL;
	size_t len;

	(void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file);
	return fd_read_file(AT_FDCWD, path, 8192, &text, &len) == 0 ? text
								    : NULL;
}

static void
for_each_process(struct nginx_watch *w,
    void (*act)(struct nginx_watch *w, pid_t pid))
{
	DIR *dir = opendir("/proc");
	unsigned long long pid;

	if (dir == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (number_parse(entry->d_name, 1, INT_MAX, &pid) == 0)
			act(w, (pid_t)pid);
	(void)closedir(dir);
}

/* A number of /proc/PID/status. */
static unsigned long long
number_of(const char *status, const char *name, int base)
{
	const char *at = strstr(status, name);

	return at != NULL ? strtoull(at + strlen(name), NULL, base) : 0;
}

static char
state_of(const char *status)
{
	static const char name[] = "\nState:\t";
	const char *at = strstr(status, name);

	return at != NULL ? at[sizeof name - 1] : '?';
}

/* A signal that was sent is pending, or makes it run, or is held back. */
static bool
is_busy(const char *status)
{
	unsigned long long held = number_of(status, "\nSigBlk:\t", 16);
	unsigned long long pending = number_of(status, "\nShdPnd:\t", 16);

	return ((held | pending) & HANGUP) != 0 ||
	    strchr("RD", state_of(status)) != NULL;
}

/* The main thread's own; the process's has what ended children read too. */
static unsigned long long
read_bytes(pid_t pid)
{
	char path[32], *io;
	unsigned long long bytes = 0;

	(void)snprintf(path, sizeof path, "task/%ld/io", (long)pid);
	io = read_proc(pid, path);
	if (io != NULL)
		bytes = number_of(io, "rchar: ", 10);
	free(io);
	return bytes;
}

/* One that is gone is not busy, and has no children. */
static void
look_at(struct nginx_master *m)
{
	char *status = read_proc(m->pid, "status");

	m->now = (struct state){ 0 };
	if (status == NULL || strchr("ZX", state_of(status)) != NULL) {
		m->now.gone = true;
	} else {
		m->now.busy = is_busy(status);
		m->now.reads = read_bytes(m->pid);
	}
	free(status);
}

static void
add_master(struct nginx_watch *w, pid_t pid)
{
	char *title = read_proc(pid, "cmdline");
	struct nginx_master *more = NULL;

	if (title != NULL && strncmp(title, TITLE, sizeof TITLE - 1) == 0)
		more = realloc(w->masters, (w->n + 1) * sizeof *more);
	if (more != NULL) {
		w->masters = more;
		w->masters[w->n++] = (struct nginx_master){ .pid = pid,
			.named = strstr(title, w->program) != NULL };
	}
	free(title);
}

/* A living process: its parent, and when it began. 0 or -1: proc(5). */
static int
read_birth(pid_t pid, int *parent, unsigned long long *began)
{
	char *stat = read_proc(pid, "stat");
	const char *behind = stat != NULL ? strrchr(stat, ')') : NULL;
	char state = 'X';
	int n = 0;

	if (behind != NULL)
		n = sscanf(behind + 1,
		    " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		    "%*s %*s %*s %*s %*s %llu",
		    &state, parent, began);
	free(stat);
	return n == 3 && state != 'Z' && state != 'X' ? 0 : -1;
}

static void
add_child(struct nginx_watch *w, pid_t pid)
{
	unsigned long long began;
	int parent;

	if (read_birth(pid, &parent, &began) == -1)
		return;
	for (size_t i = 0; i < w->n; i++) {
		struct nginx_master *m = &w->masters[i];

		if (m->pid == parent && began > m->now.youngest)
			m->now.youngest = began;
	}
}

/* ---- all masters ---- */

/* If any was started with the very words by which it will be told, no others. */
static void
choose(struct nginx_watch *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->masters[i].named)
			w->masters[n++] = w->masters[i];
	if (n > 0)
		w->n = n;
}

static bool
is_any_busy(struct nginx_watch *w)
{
	bool any = false;

	for (size_t i = 0; i < w->n; i++) {
		look_at(&w->masters[i]);
		any = any || w->masters[i].now.busy;
	}
	return any;
}

/* Until each has done what it was told. False: not in time. */
static bool
settle(struct nginx_watch *w)
{
	struct timespec pause = { .tv_nsec = (long)PAUSE_NS };
	bool busy;

	while ((busy = is_any_busy(w)) && clock_monotonic_ns() < w->end_ns)
		(void)nanosleep(&pause, NULL);
	for_each_process(w, add_child);
	return !busy;
}

static bool
was_told(const struct nginx_master *m)
{
	return !m->now.gone && m->now.reads != m->before.reads;
}

static enum nginx_answer
judge(const struct nginx_watch *w)
{
	size_t gone = 0, told = 0, taken = 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct nginx_master *m = &w->masters[i];

		if (m->now.gone) {
			gone += !m->before.gone;
		} else if (was_told(m)) {
			told++;
			taken += m->now.youngest > m->before.youngest;
		}
	}
	/* One that ended was it only where no other can have been. */
	if (told == 0)
		return gone > 0 ? NGINX_ENDED : NGINX_UNSEEN;
	if (taken == told)
		return NGINX_TAKEN;
	return taken == 0 ? NGINX_REFUSED : NGINX_UNSEEN;
}

void
watch_begin(struct nginx_watch *w, const char *program, uint64_t end_ns)
{
	*w = (struct nginx_watch){ .program = program, .end_ns = end_ns };
	for_each_process(w, add_master);
	choose(w);
	(void)settle(w);
	for (size_t i = 0; i < w->n; i++)
		w->masters[i].before = w->masters[i].now;
}

enum nginx_answer
watch_wait(struct nginx_watch *w)
{
	return settle(w) ? judge(w) : NGINX_LATE;
}

static void
count_old(struct nginx_watch *w, pid_t pid)
{
	char *title = read_proc(pid, "cmdline");

	if (title != NULL &&
	    strncmp(title, TITLE_OLD, sizeof TITLE_OLD - 1) == 0)
		w->n++;
	free(title);
}

bool
watch_old_workers(uint64_t end_ns)
{
	struct timespec pause = { .tv_nsec = (long)PAUSE_NS };
	struct nginx_watch w = { 0 };

	for (;;) {
		w.n = 0;
		for_each_process(&w, count_old);
		if (w.n == 0 || clock_monotonic_ns() >= end_ns)
			return w.n == 0;
		(void)nanosleep(&pause, NULL);
	}
}

void
watch_fini(struct nginx_watch *w)
{
	free(w->masters);
	*w = (struct nginx_watch){ 0 };
}
