#include "config.h"

/*
 * A comparison begins and ends as a release does (rollout.h), but that nobody
 * judges it: it has one step and no deadline.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "thumbctl_ab.h"
#include "thumbctl_release_drive.h"

/* ---- which settings ---- */

static bool
is_same_preset(const struct preset *a, const struct preset *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_formats != b->n_formats)
		return false;
	for (unsigned i = 0; i < a->n_formats; i++)
		if (a->formats[i] != b->formats[i])
			return false;
	return true;
}

/*
 * nginx knows one list of presets, and takes others for wrong addresses. 0, or -1
 * after a complaint.
 */
static int
check_presets(const struct settings *a, const struct settings *b,
    const char *file)
{
	bool same = a->n_presets == b->n_presets;

	for (unsigned i = 0; same && i < a->n_presets; i++)
		same = is_same_preset(&a->presets[i], &b->presets[i]);
	if (same)
		return 0;
	complain("%s: presets: their names and formats have to be those that "
		 "are in force, which nginx knows both sides by",
	    file);
	return -1;
}

/* EXIT_SUCCESS, or the exit status after words. */
static int
check_settings(const struct releases *r, const char *file)
{
	struct settings *a = slot_settings(r, r->state.active);
	struct settings *b = a != NULL ? settings_load(file, stderr) : NULL;
	int status = EX_CONFIG;

	if (b != NULL && check_presets(a, b, file) == 0)
		status = EXIT_SUCCESS;
	settings_free(a);
	settings_free(b);
	return status;
}

/* ---- start ---- */

/* One step for as long as it is wanted: nobody comes for it after a while. */
static int
begin(struct releases *r, enum release_slot slot, unsigned share)
{
	const struct rollout_plan plan = { .how = RELEASE_AB,
		.by_customer = true,
		.steps = { share },
		.n_steps = 1 };
	char id[RELEASE_ID_LEN + 1];
	struct drive d;

	drive_init(&d, r, "end");
	if (release_new_id(id) == -1) {
		complain("no random numbers");
		return -1;
	}
	return rollout_do_begin(&d.hands, &r->state, &plan, slot, id,
	    releases_by(), "");
}

int
ab_start(struct releases *r, const char *settings, unsigned share)
{
	const enum release_slot active = r->state.active;
	const enum release_slot slot = release_other(active);
	char version[RELEASE_VERSION_MAX];
	int status = EXIT_SUCCESS;

	/* Of the service without slots it is the one that is installed. */
	memcpy(version, r->state.slots[active].version, sizeof version);
	if (r->state.run.how == RELEASE_NONE)
		status = check_settings(r, settings);
	if (status == EXIT_SUCCESS)
		status = releases_stage(r, version[0] != '\0' ? version : NULL,
		    settings);
	if (status != EXIT_SUCCESS)
		return status;
	status = drive_test(r, slot);
	if (status == EXIT_PASS && begin(r, slot, share) == -1)
		status = EXIT_FAIL;
	if (status != EXIT_PASS)
		(void)slot_stop(r, slot);
	return status;
}

/* ---- stop ---- */

int
ab_stop(struct releases *r)
{
	const enum release_slot slot = r->state.run.to;
	struct ab_findings findings;
	struct drive d;
	struct ab ab;

	drive_init(&d, r, "end");
	/* Without its numbers it ends as well. */
	if (ab_read(r, &ab) == 0) {
		ab_print(&ab, stdout);
		ab_find(&ab, &findings);
		ab_words(&ab, &findings, d.words);
	}
	if (drive_back(&d) == -1)
		return EXIT_FAIL;
	drive_await_old(r);
	return slot_stop(r, slot) == 0 ? EXIT_PASS : EXIT_FAIL;
}
