#include "config.h"

/*
 * The masters of the slots: whether they live, and to start and stop them. One
 * is up when it has its pid file and would take a photo. A new one takes the
 * sockets over from the old one, which is told to finish only then.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "clock.h"
#include "fdio.h"
#include "pool.h"
#include "thumbctl_release_internal.h"

#define RUN_BYTES 108 /* of a socket's path: unix(7) */
#define START_SECONDS (POOL_BOOT_SECONDS + 10)
#define WORDS_FILE "start.log"

/* One that is up may be too busy for a moment to take a photo. */
#define BUSY_SECONDS 10

/* Beyond the longest request: the master's own time to end its workers. */
#define STOP_GRACE_SECONDS 15

/* One start. */
struct start {
	const struct releases *r;
	enum release_slot slot;
	struct settings *settings;
	char run[RUN_BYTES];
	bool had; /* a master was there before */
	struct service_state before;
	struct process process; /* the new one; of a unit none */
	uint64_t end_ns;
};

enum up {
	UP_READY,
	UP_ENDED,
	UP_LATE
};

/* ---- does it live? ---- */

bool
slot_is_alive(const struct releases *r, enum release_slot slot,
    struct service_state *out)
{
	char run[RUN_BYTES];

	return release_run_dir(r->settings, slot, run, sizeof run) == 0 &&
	    pidfile_read(run, out) == 0;
}

/*
 * Does it say that it would take a photo, or only that all of the service does
 * not at the moment?
 */
static bool
is_ready(const char *run, struct buf *body)
{
	char *path = settings_path(run, "control.sock");
	int status = -1;

	if (path != NULL)
		status = ask_get(path, "/health/ready", body);
	free(path);
	return status == 200 ||
	    (body->len > 0 &&
		(strstr(body->data, "\"offline\"") != NULL ||
		    strstr(body->data, "\"storage-full\"") != NULL));
}

static bool
is_up(const struct start *s)
{
	struct service_state now;
	struct buf body = { 0 };
	bool is = pidfile_read(s->run, &now) == 0 &&
	    (!s->had || now.pid != s->before.pid) &&
	    strcmp(now.in_force, s->settings->digest) == 0 &&
	    is_ready(s->run, &body);

	buf_fini(&body);
	return is;
}

static void
pause_ms(long ms)
{
	const struct timespec pause = { .tv_nsec = ms * (long)NS_PER_MS };

	(void)nanosleep(&pause, NULL);
}

/* Has the slot what it is to have already? One that hangs is none. */
static bool
is_up_already(const struct start *s)
{
	uint64_t end = clock_monotonic_ns() + BUSY_SECONDS * NS_PER_S;
	bool is = false;

	if (!s->had || strcmp(s->before.in_force, s->settings->digest) != 0)
		return false;
	while (!is && clock_monotonic_ns() < end) {
		struct buf body = { 0 };

		is = is_ready(s->run, &body);
		buf_fini(&body);
		if (!is)
			pause_ms(100);
	}
	return is;
}

static enum up
await(const struct start *s)
{
	while (!is_up(s)) {
		if (clock_monotonic_ns() >= s->end_ns)
			return UP_LATE;
		if (s->process.pid == 0)
			pause_ms(50);
		else if (process_ends(&s->process, 50))
			return UP_ENDED;
	}
	return UP_READY;
}

/* ---- one at a time ---- */

/* A rollout and an operator may both find a slot dead. */
static int
lock_slot(const struct releases *r, enum release_slot slot)
{
	uint64_t end = clock_monotonic_ns() + START_SECONDS * NS_PER_S;
	char *path = NULL;
	int fd = -1, rc = -1;

	if (asprintf(&path, "%s/%s.lock", r->settings->release_dir,
		settings_slot_name(slot)) == -1) {
		complain("no memory left");
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	while (fd != -1 && (rc = flock(fd, LOCK_EX | LOCK_NB)) == -1 &&
	    errno == EWOULDBLOCK && clock_monotonic_ns() < end)
		pause_ms(100);
	if (rc == -1) {
		complain("%s: %s", path,
		    fd != -1 && errno == EWOULDBLOCK
			? "another one starts or stops this slot"
			: strerror(errno));
		fd_close(&fd);
	}
	free(path);
	return fd;
}

/* ---- start: a process of its own ---- */

/* The master makes the last of these itself, as root; not as others. */
static int
make_run(const struct start *s)
{
	struct account account;
	char why[512];

	if (account_find(s->settings, &account, why, sizeof why) == 0 &&
	    account_make_dir(&account, s->r->settings->run, why, sizeof why) ==
		0 &&
	    account_make_dir(&account, s->run, why, sizeof why) == 0)
		return 0;
	complain("%s", why);
	return -1;
}

/* Of the service without slots the one beside this thumbctl. */
static char *
program_of(const struct start *s)
{
	char dir[PATH_MAX];
	char *path;

	if (s->slot != SLOT_NONE)
		return slot_file(s->r, s->slot,
		    SLOT_VERSION "/sbin/fcgi-thumb");
	if (own_directory(dir, sizeof dir) == -1)
		return NULL;
	path = settings_path(dir, "fcgi-thumb");
	if (path == NULL)
		complain("no memory left");
	return path;
}

static char *
words_of(const struct start *s)
{
	char *path = NULL;

	if (s->slot != SLOT_NONE)
		return slot_file(s->r, s->slot, WORDS_FILE);
	if (asprintf(&path, "%s/none." WORDS_FILE,
		s->r->settings->release_dir) != -1)
		return path;
	complain("no memory left");
	return NULL;
}

/* It must not be there half: what came up after all would take the sockets. */
static void
put_down(struct process *p)
{
	process_signal(p, SIGTERM);
	if (!process_ends(p, 5000)) {
		process_signal(p, SIGKILL);
		(void)process_ends(p, 5000);
	}
}

static void
say_late(const struct start *s)
{
	struct service_state now;
	struct buf body = { 0 };

	if (pidfile_read(s->run, &now) == 0 && !is_ready(s->run, &body))
		complain("it is up and says that it takes no photos: %.*s",
		    body.len > 0 ? (int)strcspn(body.data, "\r\n") : 0,
		    body.len > 0 ? body.data : "");
	buf_fini(&body);
}

/* What ran before has had its sockets taken, and finishes what it has. */
static int
end_process(const struct settings *settings, pid_t pid, const char *run)
{
	unsigned seconds = settings->limits.queue_seconds +
	    settings_longest_request(settings) + STOP_GRACE_SECONDS;
	struct process p;
	int rc = 0;

	if (process_open(&p, pid) == 0) {
		process_signal(&p, SIGTERM);
		if (!process_ends(&p, (int)seconds * 1000)) {
			complain("process %ld of %s has not ended within %u "
				 "seconds, and is killed",
			    (long)pid, run, seconds);
			process_signal(&p, SIGKILL);
			rc = process_ends(&p, 10000) ? 0 : -1;
		}
	}
	process_close(&p);
	return rc;
}

static int
start_process(struct start *s)
{
	char *program = program_of(s), *words = words_of(s);
	char *file = slot_settings_file(s->r, s->slot);
	char *argv[] = { program, (char[]){ "-c" }, file, NULL };
	enum up up = UP_ENDED;

	if (program != NULL && words != NULL && file != NULL &&
	    make_run(s) == 0 && process_start(argv, words, &s->process) == 0) {
		up = await(s);
		if (up != UP_READY) {
			complain("%s: %s", settings_slot_name(s->slot),
			    up == UP_ENDED
				? "its master has ended at the start"
				: "its master has not come up in time");
			say_late(s);
			put_down(&s->process);
			say_last_words(words);
		} else if (s->had) {
			(void)end_process(s->settings, s->before.pid, s->run);
		}
	}
	process_close(&s->process);
	free(program);
	free(words);
	free(file);
	return up == UP_READY ? 0 : -1;
}

/* ---- start: a unit ---- */

static int
start_unit(struct start *s)
{
	bool up = units_start(s->slot, s->had) == 0 && await(s) == UP_READY;

	if (up)
		return 0;
	complain("%s: its master has not come up", settings_slot_name(s->slot));
	say_late(s);
	/*
	 * systemd would try it for ever. That is right for one that users are
	 * to come to: what keeps it down may be mended.
	 */
	if (release_share(&s->r->state, s->slot) == 0)
		(void)units_stop(s->slot, START_SECONDS);
	return -1;
}

/* ---- start ---- */

static int
start_slot(struct start *s)
{
	s->settings = slot_settings(s->r, s->slot);
	if (s->settings == NULL)
		return -1;
	if (release_run_dir(s->r->settings, s->slot, s->run, sizeof s->run) ==
	    -1) {
		complain("run = \"%s\" is too long for sockets of a slot",
		    s->r->settings->run);
		return -1;
	}
	s->had = pidfile_read(s->run, &s->before) == 0;
	s->end_ns = clock_monotonic_ns() + START_SECONDS * NS_PER_S;
	if (is_up_already(s))
		return 0;
	return units_are_used(s->r) ? start_unit(s) : start_process(s);
}

int
slot_start(const struct releases *r, enum release_slot slot)
{
	struct start s = { .r = r, .slot = slot, .process.fd = -1 };
	int lock, rc;

	if (slot != SLOT_NONE && r->state.slots[slot].version[0] == '\0') {
		complain("%s is empty: thumbctl release stage",
		    settings_slot_name(slot));
		return -1;
	}
	lock = lock_slot(r, slot);
	if (lock == -1)
		return -1;
	rc = start_slot(&s);
	settings_free(s.settings);
	fd_close(&lock);
	return rc;
}

/* ---- stop ---- */

/* The longest request is that of the slot's settings, if they can be read. */
static int
stop_slot(const struct releases *r, enum release_slot slot)
{
	char *file = slot_settings_file(r, slot);
	struct settings *own =
	    file != NULL ? settings_load(file, stderr) : NULL;
	const struct settings *settings = own != NULL ? own : r->settings;
	struct service_state state;
	char run[RUN_BYTES];
	int rc = 0;

	if (units_are_used(r))
		rc = units_stop(slot,
		    settings->limits.queue_seconds +
			settings_longest_request(settings) +
			STOP_GRACE_SECONDS);
	/* It may be one that somebody has started by hand. */
	if (rc == 0 &&
	    release_run_dir(r->settings, slot, run, sizeof run) == 0 &&
	    pidfile_read(run, &state) == 0)
		rc = end_process(settings, state.pid, run);
	settings_free(own);
	free(file);
	return rc;
}

int
slot_stop(const struct releases *r, enum release_slot slot)
{
	struct service_state state;
	int lock, rc;

	/* A unit that does not live may be about to be tried again. */
	if (!slot_is_alive(r, slot, &state) &&
	    (!units_are_used(r) ||
		(slot != SLOT_NONE && r->state.slots[slot].version[0] == '\0')))
		return 0;
	lock = lock_slot(r, slot);
	if (lock == -1)
		return -1;
	rc = stop_slot(r, slot);
	fd_close(&lock);
	return rc;
}

int
slot_enable(const struct releases *r, enum release_slot slot, bool on)
{
	return units_are_used(r) ? units_enable(slot, on) : 0;
}

/* ---- the commands ---- */

static bool
should_run(const struct releases *r, enum release_slot slot)
{
	return slot == r->state.active || release_share(&r->state, slot) > 0;
}

/* A slot that is to run, whether it does or not. 0, or -1 after a complaint. */
static int
mend(const struct releases *r, enum release_slot slot)
{
	struct service_state before, now;
	bool was = slot_is_alive(r, slot, &before);
	char words[SLOT_TEXT_MAX];

	if (slot_start(r, slot) == -1)
		return -1;
	slot_text(r, slot, words);
	if (slot_is_alive(r, slot, &now))
		(void)printf("%s: process %ld%s\n", words, (long)now.pid,
		    was && now.pid == before.pid ? ", as before" : "");
	return 0;
}

int
release_start(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct releases r;
	int status;

	(void)argv;
	if (argc != 1)
		return wrong_use(self);
	/* Without the lock: a rollout that lasts may be what needs it. */
	status = releases_open(&r, settings_file, NULL);
	if (status != EXIT_SUCCESS) {
		releases_close(&r);
		return status;
	}
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++)
		if (should_run(&r, slot) && mend(&r, slot) == -1)
			status = EXIT_FAILURE;
	if (should_run(&r, SLOT_NONE))
		(void)puts("the service without slots serves: it is started as "
			   "ever, and not by this");
	releases_close(&r);
	return status;
}

int
release_stop(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct service_state state;
	struct releases r;
	int status;

	(void)argv;
	if (argc != 1)
		return wrong_use(self);
	/* Without the lock, too: a machine that goes down does not wait. */
	status = releases_open(&r, settings_file, NULL);
	if (status != EXIT_SUCCESS) {
		releases_close(&r);
		return status;
	}
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++) {
		bool was = slot_is_alive(&r, slot, &state);

		if (slot_stop(&r, slot) == -1)
			status = EXIT_FAILURE;
		else if (was)
			(void)printf("%s: stopped\n", settings_slot_name(slot));
	}
	releases_close(&r);
	return status;
}
