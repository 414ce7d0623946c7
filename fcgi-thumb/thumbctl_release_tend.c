#include "config.h"

/*
 * thumbctl release tend: for whoever is not there. What nobody drives and is
 * overdue goes back, what was cut off is brought to its end, and masters that
 * nobody else looks after run.
 */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "clock.h"
#include "number.h"
#include "thumbctl_release_drive.h"
#include "thumbctl_release_internal.h"

#define EVERY_SECONDS_MAX 86400

/* ---- what is under way ---- */

/*
 * Its users have no master. A comparison that lasts for weeks also lasts over a
 * start of the machine, at which we may come first: it is given a chance.
 */
static bool
is_gone(const struct releases *r)
{
	const struct release_run *run = &r->state.run;
	struct service_state state;

	if (run->how == RELEASE_NONE || run->share == 0 ||
	    slot_is_alive(r, run->to, &state))
		return false;
	return run->how != RELEASE_AB || slot_start(r, run->to) == -1;
}

static enum rollout_deed
decide(const struct releases *r, const char **why)
{
	struct rollout_find find = { .now = (int64_t)clock_wall_ms(),
		.arrived = drive_has_arrived(r),
		.gone = is_gone(r) };

	return rollout_tend(&r->state, &find, why);
}

/* The exit status. */
static int
do_deed(struct releases *r)
{
	const char *why;
	enum rollout_deed deed = decide(r, &why);
	struct drive d;

	drive_init(&d, r, deed == ROLLOUT_FORWARD ? "end" : "revert");
	drive_say(&d,
	    deed == ROLLOUT_FORWARD ? VERDICT_PASS : VERDICT_INCONCLUSIVE, "%s",
	    why);
	if (deed == ROLLOUT_BACK)
		return drive_back(&d) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (deed == ROLLOUT_FORWARD)
		return rollout_do_forward(&d.hands, &r->state) == 0
		    ? EXIT_SUCCESS
		    : EXIT_FAILURE;
	return EXIT_SUCCESS;
}

/* Without the lock, and only then with it: nothing is made for a look. */
static int
tend_run(const char *settings_file, const struct releases *seen)
{
	struct releases r;
	const char *why;
	int status;

	if (decide(seen, &why) == ROLLOUT_NOTHING)
		return EXIT_SUCCESS;
	status = releases_open(&r, settings_file, "tend");
	if (status == EXIT_SUCCESS)
		status = do_deed(&r);
	else if (status == EXIT_REFUSED)
		status = EXIT_SUCCESS; /* somebody has come before us */
	releases_close(&r);
	return status;
}

/* ---- masters ---- */

/* Systemd starts its own again. */
static int
tend_masters(const struct releases *r)
{
	int status = EXIT_SUCCESS;

	if (units_are_used(r))
		return status;
	for (enum release_slot slot = SLOT_BLUE; slot < SLOT_COUNT; slot++) {
		struct service_state state;

		if (release_share(&r->state, slot) == 0 ||
		    slot_is_alive(r, slot, &state))
			continue;
		(void)printf("%s does not run: it is started\n",
		    settings_slot_name(slot));
		(void)fflush(stdout);
		if (slot_start(r, slot) == -1)
			status = EXIT_FAILURE;
	}
	return status;
}

/* ---- all ---- */

/*
 * One that is at work is left alone. One that is at work and long past its
 * deadline hangs, or was stopped: it keeps users where they are, and somebody
 * has to know.
 */
static int
look_at_holder(const struct releases *r, const struct release_holder *h)
{
	const struct release_run *run = &r->state.run;
	int64_t now = (int64_t)clock_wall_ms();

	if (run->how == RELEASE_NONE || run->deadline == 0 ||
	    now < run->deadline + ROLLOUT_GRACE_MS)
		return EXIT_SUCCESS;
	complain("process %ld (%s) is past its deadline and still there: is it "
		 "stopped? thumbctl release abort tells it to go back",
	    h->pid, h->words);
	return EXIT_FAILURE;
}

static int
tend(const char *settings_file)
{
	struct release_holder holder;
	struct releases r;
	char why[512];
	int status = releases_open(&r, settings_file, NULL);

	if (status == EXIT_SUCCESS &&
	    release_is_locked(r.settings->release_dir, &holder)) {
		status = look_at_holder(&r, &holder);
	} else if (status == EXIT_SUCCESS) {
		status = tend_run(settings_file, &r);
		/* Others may have to run now. */
		if (release_load(r.settings->release_dir, &r.state, why,
			sizeof why) == -1 ||
		    tend_masters(&r) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	}
	releases_close(&r);
	return status;
}

/* A timer runs this whether there are releases or not. */
static int
tend_if_any(const char *settings_file)
{
	struct settings *s = settings_load(settings_file, stderr);
	bool any = s != NULL && s->releases;
	int status = s != NULL ? EXIT_SUCCESS : EX_CONFIG;

	settings_free(s);
	return any ? tend(settings_file) : status;
}

static int
parse(const struct command *self, int argc, char **argv,
    unsigned long long *every)
{
	static const struct option options[] = {
		{ "every", required_argument, NULL, 'e' },
		{ 0 },
	};
	int option;

	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'e')
			return wrong_use(self);
		if (number_parse_duration(optarg, every) == -1 || *every == 0 ||
		    *every > EVERY_SECONDS_MAX) {
			complain("--every is a duration such as 1m, at most a "
				 "day");
			return EX_USAGE;
		}
	}
	return optind == argc ? EXIT_SUCCESS : wrong_use(self);
}

int
release_tend(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	unsigned long long every = 0;
	int status = parse(self, argc, argv, &every);

	if (status != EXIT_SUCCESS)
		return status;
	drive_hear_signals();
	do {
		status = tend_if_any(settings_file);
		if (every > 0 && drive_signal() == 0)
			(void)poll(NULL, 0, (int)(every * 1000));
	} while (every > 0 && drive_signal() == 0);
	return status;
}
