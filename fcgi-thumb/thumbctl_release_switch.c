#include "config.h"

/*
 * thumbctl release switch: all at once, and the way back from it. Requests that
 * are under way finish where they began: the master before stays.
 */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "thumbctl_release_drive.h"

/* The exit status. */
static int
move_all(struct releases *r, enum release_how how, enum release_slot to,
    const char *force)
{
	const struct rollout_plan plan = { .how = how, .by_customer = true };
	char id[RELEASE_ID_LEN + 1];
	struct drive d;

	drive_init(&d, r, release_how_name(how));
	drive_say(&d, how == RELEASE_SWITCH ? VERDICT_PASS : VERDICT_COUNT,
	    "all at once");
	if (release_new_id(id) == -1) {
		complain("no random numbers");
		return EXIT_REFUSED;
	}
	if (rollout_do_begin(&d.hands, &r->state, &plan, to, id, releases_by(),
		force) == 0)
		return EXIT_PASS;
	if (r->state.run.how == RELEASE_NONE) {
		complain("nothing was changed");
		return EXIT_REFUSED;
	}
	complain("all users are on %s, and not all that belongs to it could be "
		 "done: thumbctl release tend (its timer, each minute) does it",
	    settings_slot_name(to));
	return EXIT_FAILURE;
}

/* -- switch -- */

/* Only --force: 0 and out, or an exit status after words. */
static int
parse_force(const struct command *self, int argc, char **argv,
    char out[RELEASE_REASON_MAX])
{
	static const struct option options[] = {
		{ "force", required_argument, NULL, 'f' },
		{ 0 },
	};
	int option;

	out[0] = '\0';
	optind = 0; /* a second list begins; glibc wants 0 for that */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'f')
			return wrong_use(self);
		if (drive_parse_reason(optarg, out) == -1)
			return EX_USAGE;
	}
	return optind == argc ? EXIT_SUCCESS : wrong_use(self);
}

int
release_switch(const struct command *self, const char *settings_file, int argc,
    char **argv)
{
	char force[RELEASE_REASON_MAX];
	struct ready ready = { .force = force };
	enum release_slot to;
	struct releases r;
	int status = parse_force(self, argc, argv, force);

	if (status != EXIT_SUCCESS)
		return status;
	status = releases_open(&r, settings_file, "switch");
	if (status == EXIT_SUCCESS) {
		drive_hear_signals();
		status = drive_get_ready(&r, &ready, &to);
	}
	if (status == EXIT_SUCCESS)
		status = move_all(&r, RELEASE_SWITCH, to, force);
	releases_close(&r);
	return status;
}

/* ---- rollback ---- */

/* Nothing is under way. The exit status. */
static int
go_to_previous(struct releases *r, const char *force)
{
	enum release_slot to = r->state.previous;
	char words[RELEASE_WORDS_MAX], name[SLOT_TEXT_MAX];

	if (!r->state.has_previous) {
		complain("there is no version before this one to go back to; "
			 "thumbctl release history has those that were, and "
			 "stage takes them");
		return EXIT_REFUSED;
	}
	slot_text(r, to, name);
	if (slot_start(r, to) == -1) {
		complain("%s does not start: nothing was changed", name);
		return EXIT_REFUSED;
	}
	if (!drive_probe(r, to, words)) {
		complain("%s takes no photo: %s", name, words);
		if (force[0] == '\0') {
			complain("nothing was changed; --force REASON goes "
				 "back all the same");
			return EXIT_REFUSED;
		}
	}
	return move_all(r, RELEASE_ROLLBACK, to, force);
}

/* The lock is held. The exit status. */
static int
roll_back(struct releases *r, const char *force)
{
	struct drive d;

	switch (rollout_rollback(&r->state)) {
	case ROLLOUT_NOTHING:
		return go_to_previous(r, force);
	case ROLLOUT_FORWARD:
		drive_init(&d, r, "rollback");
		drive_say(&d, VERDICT_COUNT, "what was cut off is done");
		return rollout_do_forward(&d.hands, &r->state) == 0
		    ? EXIT_PASS
		    : EXIT_FAILURE;
	case ROLLOUT_BACK:
		break;
	}
	return drive_abort(r);
}

int
release_rollback(const struct command *self, const char *settings_file,
    int argc, char **argv)
{
	char force[RELEASE_REASON_MAX];
	struct releases r;
	int status = parse_force(self, argc, argv, force);

	if (status != EXIT_SUCCESS)
		return status;
	if (drive_end_driver(settings_file, &status))
		return status;
	status = releases_open(&r, settings_file, "rollback");
	if (status == EXIT_SUCCESS) {
		drive_hear_signals();
		status = roll_back(&r, force);
	}
	releases_close(&r);
	return status;
}
