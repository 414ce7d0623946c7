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

#include "clock.h"
#include "rollout.h"
#include "thumbctl_ab.h"
#include "thumbctl_release_route.h"

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

/* ---- how it is done ---- */

struct move {
	struct releases *r;
	char words[RELEASE_WORDS_MAX]; /* of the end, for the history */
};

static int64_t
now(void *ctx)
{
	(void)ctx;
	return (int64_t)clock_wall_ms();
}

static int
save(void *ctx, const struct release_state *wanted)
{
	struct releases aside = *((struct move *)ctx)->r;

	aside.state = *wanted;
	return releases_save(&aside);
}

static int
route(void *ctx, const struct release_state *state, enum release_slot files_of)
{
	const struct releases *r = ((struct move *)ctx)->r;
	struct route to = route_of_state(state, r->settings->release_cookie);

	return releases_route(r, &to, files_of);
}

static int
revive(void *ctx, enum release_slot slot)
{
	return slot_start(((struct move *)ctx)->r, slot);
}

static int
enable(void *ctx, enum release_slot slot, bool on)
{
	return slot_enable(((struct move *)ctx)->r, slot, on);
}

/* B's way back is to A; it is not kept for another. */
static void
retire(void *ctx, enum release_slot slot)
{
	(void)ctx;
	(void)slot;
}

static void
note(void *ctx, const struct release_state *state, enum rollout_mark mark)
{
	const struct move *m = ctx;
	const struct release_run *run = &state->run;
	struct release_event event = { .how = RELEASE_AB,
		.from = run->from,
		.to = run->to,
		.share = run->share };

	(void)snprintf(event.what, sizeof event.what, "%s",
	    mark == ROLLOUT_BEGINS ? "begin" : "end");
	(void)snprintf(event.id, sizeof event.id, "%s", run->id);
	(void)snprintf(event.words, sizeof event.words, "%s", m->words);
	releases_note(m->r, &event);
}

static struct rollout_hands
hands_of(struct move *m)
{
	return (struct rollout_hands){ .ctx = m,
		.now = now,
		.save = save,
		.route = route,
		.revive = revive,
		.enable = enable,
		.retire = retire,
		.note = note };
}

/* ---- start ---- */

/* The slot's master runs and is sound. The exit status, after words. */
static int
try_slot(struct releases *r, enum release_slot slot)
{
	struct release_slot_state *s = &r->state.slots[slot];

	if (slot_start(r, slot) == -1)
		return EXIT_FAIL;
	s->passed = release_check(r, slot, r->state.active, false, s->words);
	s->checked = (int64_t)clock_wall_ms();
	if (releases_save(r) == -1)
		return EXIT_FAIL;
	if (s->passed)
		return EXIT_PASS;
	complain("it did not pass the system test: %s", s->words);
	return EXIT_FAIL;
}

/* One step for as long as it is wanted: nobody comes for it after a while. */
static int
begin(struct releases *r, enum release_slot slot, unsigned share)
{
	struct move m = { .r = r };
	const struct rollout_hands hands = hands_of(&m);
	const struct rollout_plan plan = { .how = RELEASE_AB,
		.by_customer = true,
		.steps = { share },
		.n_steps = 1 };
	char id[RELEASE_ID_LEN + 1];

	if (release_new_id(id) == -1) {
		complain("no random numbers");
		return -1;
	}
	if (rollout_do_begin(&hands, &r->state, &plan, slot, id, releases_by(),
		"") == -1)
		return -1;
	r->state.run.deadline = 0;
	return releases_save(r);
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
	status = try_slot(r, slot);
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
	struct move m = { .r = r };
	const struct rollout_hands hands = hands_of(&m);
	const enum release_slot slot = r->state.run.to;
	struct ab_findings findings;
	struct ab ab;

	/* Without its numbers it ends as well. */
	if (ab_read(r, &ab) == 0) {
		ab_print(&ab, stdout);
		ab_find(&ab, &findings);
		ab_words(&ab, &findings, m.words);
	}
	if (rollout_do_back(&hands, &r->state) == -1)
		return EXIT_FAIL;
	return slot_stop(r, slot) == 0 ? EXIT_PASS : EXIT_FAIL;
}
