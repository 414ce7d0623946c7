#include "config.h"

/*
 * thumbctl release abort: one that is under way goes back, by the one who
 * drives it, or by us where there is none.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "thumbctl_release_drive.h"
#include "thumbctl_release_route.h"

/* Beside what nginx may take, twice: it may be about to be told. */
#define PATIENCE_SECONDS 60

/* ---- the one who drives it ---- */

/* Those that move users; what others do is not to be cut off. */
static bool
drives(const struct release_holder *h)
{
	static const char *const names[] = { "rollout ", "canary ", "switch " };

	for (size_t i = 0; i < NELEM(names); i++)
		if (strncmp(h->words, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* One that is stopped cannot hear before it goes on. */
static int
tell(const struct release_holder *h)
{
	if (kill((pid_t)h->pid, SIGTERM) == 0 &&
	    kill((pid_t)h->pid, SIGCONT) == 0)
		return 0;
	if (errno == ESRCH)
		return 0; /* it has ended meanwhile */
	complain("process %ld (%s): %s", h->pid, h->words, strerror(errno));
	return -1;
}

static bool
await_end(const struct releases *r, const struct release_holder *told)
{
	unsigned wait = r->state.nginx.wait;
	uint64_t end = clock_monotonic_ns() +
	    (2 * (wait > 0 ? wait : WAIT_DEFAULT) + PATIENCE_SECONDS) *
		NS_PER_S;
	const struct timespec pause = { .tv_nsec = 50 * (long)NS_PER_MS };
	struct release_holder now;

	while (release_is_locked(r->settings->release_dir, &now) &&
	    (now.pid == told->pid || now.pid == 0)) {
		if (clock_monotonic_ns() >= end)
			return false;
		(void)nanosleep(&pause, NULL);
	}
	return true;
}

struct last {
	const char *id;
	struct release_event event;
	bool found;
};

static bool
take_last(void *ctx, const struct release_event *event)
{
	struct last *l = ctx;

	if (strcmp(event->id, l->id) == 0) {
		l->event = *event;
		l->found = true;
	}
	return true;
}

/* What it came to, by the books. The exit status. */
static int
tell_end(const struct releases *r, const struct release_run *was)
{
	struct release_state now;
	struct last last = { .id = was->id };
	char why[512];

	if (release_load(r->settings->release_dir, &now, why, sizeof why) ==
	    -1) {
		complain("%s", why);
		return EXIT_FAILURE;
	}
	if (was->how == RELEASE_NONE) {
		(void)puts("no user had been moved yet");
		return EXIT_SUCCESS;
	}
	(void)release_history(r->settings->release_dir, take_last, &last);
	(void)printf("%s %s: %s%s%s\n", release_how_name(was->how), was->id,
	    last.found ? last.event.what : "no end is known",
	    last.found && last.event.words[0] != '\0' ? ": " : "",
	    last.found ? last.event.words : "");
	if (now.run.how == RELEASE_NONE && now.active == was->from)
		return EXIT_SUCCESS;
	complain("%s",
	    now.run.how != RELEASE_NONE
		? "it is not back yet: thumbctl release status"
		: "it had come to its end before: thumbctl release rollback "
		  "goes back");
	return EXIT_FAIL;
}

/* The exit status. */
static int
end_driver(const struct releases *r, const struct release_holder *h)
{
	(void)printf("process %ld is told to go back: %s\n", h->pid, h->words);
	(void)fflush(stdout);
	if (tell(h) == -1)
		return EXIT_FAILURE;
	if (await_end(r, h))
		return tell_end(r, &r->state.run);
	complain("process %ld has not ended. Kill it (kill -9 %ld), and run "
		 "thumbctl release abort again: it goes back then",
	    h->pid, h->pid);
	return EXIT_FAIL;
}

bool
drive_end_driver(const char *settings_file, int *status)
{
	struct release_holder holder = { 0 };
	struct releases r;
	bool is;

	*status = releases_open(&r, settings_file, NULL);
	is = *status != EXIT_SUCCESS;
	if (!is) {
		is = release_is_locked(r.settings->release_dir, &holder) &&
		    holder.pid != 0 && drives(&holder);
		if (is)
			*status = end_driver(&r, &holder);
	}
	releases_close(&r);
	return is;
}

/* ---- without him ---- */

/* Nothing is under way, but nginx may not have heard of the last end. */
static int
tell_nginx(struct releases *r)
{
	struct route wanted =
	    route_of_state(&r->state, r->settings->release_cookie);
	char salt[RELEASE_ID_LEN + 1];
	struct route is;

	if (releases_routed(r, &is, salt, sizeof salt) == 0 &&
	    route_is_same(&is, &wanted)) {
		complain("nothing is under way: thumbctl release status");
		return EXIT_REFUSED;
	}
	if (releases_route(r, &wanted, r->state.active) == -1)
		return EXIT_FAIL;
	(void)printf("nothing is under way; nginx was told again to send all "
		     "to %s\n",
	    settings_slot_name(r->state.active));
	return EXIT_SUCCESS;
}

int
drive_abort(struct releases *r)
{
	struct drive d;

	if (rollout_abort(&r->state) == ROLLOUT_NOTHING)
		return tell_nginx(r);
	drive_init(&d, r, "abort");
	drive_say(&d, VERDICT_COUNT, "taken back by hand");
	return drive_back(&d) == 0 ? EXIT_SUCCESS : EXIT_FAIL;
}

int
release_abort(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	struct releases r;
	int status;

	(void)argv;
	if (argc != 1)
		return wrong_use(self);
	if (drive_end_driver(settings_file, &status))
		return status;
	status = releases_open(&r, settings_file, "abort");
	if (status == EXIT_SUCCESS) {
		drive_hear_signals();
		status = drive_abort(&r);
	}
	releases_close(&r);
	return status;
}
