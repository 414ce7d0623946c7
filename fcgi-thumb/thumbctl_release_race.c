#include "config.h"

/*
 * For how long two masters work on the same photo, by turns: what disturbs one
 * disturbs the other. Responsible for that a busy machine makes no version slow.
 */

#include "thumbctl_release_exam.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "stress_machine.h"
#include "trial.h"

#define LAYER_TIME "time"

struct race {
	double ms[EXAM_SIDES][TRIAL_TURNS_MAX];
	unsigned n;
	double ratio;
};

/* Do both make as many files, by the same settings? */
static bool
is_same_work(const struct exam *x)
{
	const struct settings *a = x->sides[CANDIDATE].settings,
			      *b = x->sides[ACTIVE].settings;
	struct wanted own, other;

	wanted_at_upload(a, &own);
	wanted_at_upload(b, &other);
	if (a->n_presets != b->n_presets)
		return false;
	for (unsigned i = 0; i < a->n_presets; i++) {
		const struct preset *p = &a->presets[i], *q = &b->presets[i];

		/* The quality too: it takes more or less to write. */
		if (strcmp(p->recipe, q->recipe) != 0 ||
		    own.formats[i] != other.formats[i] ||
		    memcmp(p->formats, q->formats,
			p->n_formats * sizeof p->formats[0]) != 0)
			return false;
	}
	return true;
}

/*
 * Of what it took, what was its own: without waiting for a processor that others
 * had, which is a busy machine's and no version's. Where its workers had other
 * photos as well, their waits are among those, and their work keeps it from
 * being too little.
 */
static double
own_ms(const struct stress_sample *before, const struct stress_sample *after,
    double ms)
{
	double delayed = (double)(after->delayed_ns - before->delayed_ns) / 1e6;
	double ran = (double)(after->ran_ns - before->ran_ns) / 1e6;

	if (!before->has_delay || !after->has_delay ||
	    before->crew != after->crew)
		return ms;
	return fmin(ms, fmax(ms - delayed, ran));
}

static int
send_timed(struct exam *x, enum exam_side side,
    const struct exam_reference *ref, struct exam_photo *out, double *ms)
{
	struct stress_sample before, after;
	int rc;

	exam_enter(x, "measuring %s with %s", exam_name(x, side), ref->name);
	stress_sample_take(&before, x->sides[side].pid);
	rc = exam_send_marked(x, side, ref->format, ref->data, ref->len, out);
	stress_sample_take(&after, x->sides[side].pid);
	*ms = own_ms(&before, &after, out->ms);
	return rc;
}

/* Each goes first in every other turn. False: one of them does not answer. */
static bool
run_turn(struct exam *x, const struct exam_reference *ref, struct race *race)
{
	bool fine = true;

	for (unsigned i = 0; i < EXAM_SIDES && fine; i++) {
		enum exam_side side =
		    (i + race->n) % 2 == 0 ? CANDIDATE : ACTIVE;
		struct exam_photo p;

		fine =
		    send_timed(x, side, ref, &p, &race->ms[side][race->n]) == 0;
		if (!fine && side == ACTIVE)
			exam_lose_active(x, ref->name);
		else if (!fine)
			exam_say(x, FAULT, LAYER_TIME, x->fix, "%s: %s",
			    ref->name, x->why);
		if (p.debt != NULL && !x->sides[side].is_lost)
			(void)exam_take_back(x, &p);
	}
	race->n += fine;
	return fine;
}

/* With other work it is worth a word, and no fault. */
static void
tell_race(struct exam *x, const struct exam_reference *ref,
    const struct race *race, bool slower, bool same)
{
	enum finding finding = OK;
	const char *fix = "";

	if (slower && same) {
		finding = FAULT;
		fix = x->fix;
	} else if (slower) {
		finding = NOTE;
		fix = "nothing, where the settings are meant to make more";
	}
	exam_say(x, finding, LAYER_TIME, fix,
	    "%s of %.1f million px takes %.0f ms, %s %.0f ms: %.2f times as "
	    "long (best of %u each, waits for a processor aside)%s",
	    ref->name, (double)ref->size.width * ref->size.height / 1e6,
	    trial_best(race->ms[CANDIDATE], race->n), exam_name(x, ACTIVE),
	    trial_best(race->ms[ACTIVE], race->n), race->ratio, race->n,
	    same ? "" : ", by other settings");
}

void
exam_race(struct exam *x, const struct exam_reference *ref)
{
	enum trial_pace pace = TRIAL_OPEN;
	struct race race = { .n = 0 };
	unsigned turns = TRIAL_TURNS_MIN;
	bool same;

	if (!x->compares || x->sides[CANDIDATE].is_lost)
		return;
	same = is_same_work(x);
	if (same)
		turns = TRIAL_TURNS_MAX;
	while (pace == TRIAL_OPEN && race.n < turns) {
		if (!run_turn(x, ref, &race))
			return;
		if (race.n >= TRIAL_TURNS_MIN)
			pace = trial_judge_pace(race.ms[ACTIVE],
			    race.ms[CANDIDATE], race.n, &race.ratio);
	}
	tell_race(x, ref, &race,
	    same ? pace == TRIAL_IS_SLOWER : race.ratio > TRIAL_SLOWER, same);
}
