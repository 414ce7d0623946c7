#include "config.h"

/*
 * A release and the ledger: whether there is a budget for it, and that it is
 * noted. Both with the rights of the owner of the photos, to whom the ledger
 * belongs, since a file that root made there would shut the prober out.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ledger.h"
#include "slo.h"
#include "thumbctl_release_drive.h"
#include "thumbctl_release_errand.h"

#define DAY_MS INT64_C(86400000)
#define READ_SECONDS 60 /* a day without a summary is read line by line */
#define NOTE_SECONDS 10

/* ---- the budget ---- */

/* Well: there is some. */
static bool
run_budget(const struct releases *r, void *ctx, char words[RELEASE_WORDS_MAX])
{
	const struct settings *s = r->settings;
	int64_t now = (int64_t)clock_wall_ms(), from = now - DAY_MS;
	struct slo_figures f = { 0 };
	struct slo_book book;
	bool is_over = true;

	(void)ctx;
	(void)snprintf(words, RELEASE_WORDS_MAX,
	    "whether there is a budget cannot be known");
	if (become_owner(s) == -1)
		return false;
	if (slo_read(s->ledger, from, now, &book) == -1 ||
	    slo_figures(&book, s, from, &f) == -1) {
		(void)snprintf(words, RELEASE_WORDS_MAX,
		    "whether there is a budget cannot be known: ledger %s: %s",
		    s->ledger, strerror(errno));
	} else {
		is_over = slo_is_over(&f);
		(void)snprintf(words, RELEASE_WORDS_MAX,
		    "today's budget is used up: %u of %u minutes were offline",
		    (unsigned)f.today.count.offline, f.budget);
	}
	slo_figures_fini(&f);
	slo_book_fini(&book);
	return !is_over;
}

int
drive_check_budget(const struct releases *r)
{
	char words[RELEASE_WORDS_MAX] = "";
	struct errand e = { 0 };

	if (errand_begin(&e, r, run_budget, NULL, READ_SECONDS) == 0 &&
	    errand_wait(&e, words) == ERRAND_WELL)
		return EXIT_SUCCESS;
	complain("%s. Tomorrow there is a new one; --force REASON goes on all "
		 "the same, and the reason is kept",
	    words);
	return EXIT_REFUSED;
}

/* ---- a line ---- */

static bool
run_note(const struct releases *r, void *ctx, char words[RELEASE_WORDS_MAX])
{
	if (become_owner(r->settings) == 0 &&
	    note_in_ledger(r->settings, ctx, true) == 0)
		return true;
	(void)snprintf(words, RELEASE_WORDS_MAX, "%s: %s", r->settings->ledger,
	    strerror(errno));
	return false;
}

/* What is in a slot; of the service without slots nothing is known. */
static void
put_version(const struct releases *r, enum release_slot slot, char *out,
    size_t size)
{
	(void)snprintf(out, size, "%s",
	    slot == SLOT_NONE ? settings_slot_name(slot)
			      : r->state.slots[slot].version);
}

static enum ledger_event
event_of(enum rollout_mark mark)
{
	if (mark == ROLLOUT_BEGINS)
		return LEDGER_BEGIN;
	return mark == ROLLOUT_WIDENS ? LEDGER_STEP : LEDGER_END;
}

static void
fill_entry(const struct drive *d, const struct release_state *state,
    enum rollout_mark mark, struct ledger_entry *e)
{
	const struct release_run *run = &state->run;

	*e = (struct ledger_entry){ .kind = LEDGER_RELEASE,
		.time = (int64_t)clock_wall_ms() };
	e->release.event = event_of(mark);
	e->release.share = run->share;
	put_version(d->r, run->from, e->release.from, sizeof e->release.from);
	put_version(d->r, run->to, e->release.to, sizeof e->release.to);
	(void)snprintf(e->release.id, sizeof e->release.id, "%s", run->id);
	(void)snprintf(e->release.how, sizeof e->release.how, "%s",
	    release_how_name(run->how));
	(void)snprintf(e->release.slot, sizeof e->release.slot, "%s",
	    settings_slot_name(run->to));
	(void)snprintf(e->release.by, sizeof e->release.by, "%s",
	    releases_by());
	(void)snprintf(e->release.reason, sizeof e->release.reason, "%s",
	    mark == ROLLOUT_BEGINS ? run->forced : d->words);
	if (mark != ROLLOUT_BEGINS && d->verdict != VERDICT_COUNT)
		(void)snprintf(e->release.verdict, sizeof e->release.verdict,
		    "%s", verdict_name(d->verdict));
}

void
drive_note_in_ledger(const struct drive *d, const struct release_state *state,
    enum rollout_mark mark)
{
	char words[RELEASE_WORDS_MAX] = "";
	struct ledger_entry entry;
	struct errand e = { 0 };

	fill_entry(d, state, mark, &entry);
	if (errand_begin(&e, d->r, run_note, &entry, NOTE_SECONDS) == 0 &&
	    errand_wait(&e, words) == ERRAND_WELL)
		return;
	complain("%s: the ledger does not know of this release", words);
}
