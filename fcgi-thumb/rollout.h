#ifndef FT_ROLLOUT_H
#define FT_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "release.h"
#include "verdict.h"

/*
 * A release on its way: what is to be done next, and what the state on disk
 * becomes by it. No clock, no file and no process is touched here.
 *
 * A process can be killed between any two of its deeds, so the state says what
 * is wanted before it is done, and is in one of these at every moment:
 *
 *   nothing   nothing is under way
 *   a step    run.share of the users come to run.to, or are about to
 *   forward   settled with the share of all: run.to is to be the active one
 *   back      settled with a share of 0: all are to come to run.from
 *
 * From the last two there is one way on, which may be gone again and again.
 */

/* Beyond what a step may take: to tell nginx, and to be late. */
#define ROLLOUT_GRACE_MS 60000

/* So many probes of the candidate in a row may not fail. */
#define ROLLOUT_PROBES 2

/* How an operator wants it. */
struct rollout_plan {
	enum release_how how;
	bool by_customer;
	unsigned steps[RELEASE_STEPS_MAX]; /* of RELEASE_ALL, growing */
	unsigned n_steps;                  /* 0: all at once, and not judged */
	int64_t step;                      /* ms that a step lasts at least */
	int64_t patience; /* ms that it lasts at most; not less than step */
};

/* ---- the command line ---- */

/*
 * A number of percent with two decimals at most, in hundredths: "5", "0.25". 0,
 * or -1: none, or over max.
 */
int rollout_parse_percent(const char *text, unsigned max, unsigned *out);

/*
 * "1,5,25,50,100": shares that grow, the first of them less than all; all come
 * at the end where it is not said. 0, or -1 with words in why.
 */
int rollout_parse_steps(const char *text, struct rollout_plan *plan, char *why,
    size_t why_size);

/* ---- the state ---- */

/*
 * A release from the active slot to another one begins, at its first step; one
 * without steps is settled forward. id, by and forced are copied.
 */
void rollout_begin(struct release_state *state, const struct rollout_plan *plan,
    enum release_slot to, const char *id, const char *by, const char *forced,
    int64_t now);

/*
 * A step begins, or begins now and not when it was thought to. A comparison has
 * no deadline.
 */
void rollout_step(struct release_state *state, const struct rollout_plan *plan,
    unsigned step, int64_t now);

void rollout_settle(struct release_state *state, bool forward, int64_t now);

/* What was settled has been done: nothing is under way. */
void rollout_end(struct release_state *state);

/* ---- the order of its deeds ---- */

enum rollout_mark {
	ROLLOUT_BEGINS,
	ROLLOUT_WIDENS,
	ROLLOUT_ENDS
};

/*
 * What a release does to the world. Each may be the last thing that the process
 * does, and is done again by whoever finds the state that was saved before.
 */
struct rollout_hands {
	void *ctx;
	int64_t (*now)(void *ctx); /* ms since the epoch */

	/* To the disk. 0, or -1 after a complaint: the old one is there. */
	int (*save)(void *ctx, const struct release_state *state);

	/*
	 * Have nginx do what the state wants, with nginx's files of that slot;
	 * SLOT_COUNT: they stay. 0, or -1 after a complaint and as it was.
	 */
	int (*route)(void *ctx, const struct release_state *state,
	    enum release_slot files_of);

	/* The slot's master is to be there. 0, or -1 after a complaint. */
	int (*revive)(void *ctx, enum release_slot slot);

	/* It is started with the machine, or not. 0, or -1 after a complaint. */
	int (*enable)(void *ctx, enum release_slot slot, bool on);

	/* Nobody is sent there any more, and it may be wanted again. */
	void (*retire)(void *ctx, enum release_slot slot);

	/* Into the books: what state->run has come to. */
	void (*note)(void *ctx, const struct release_state *state,
	    enum rollout_mark mark);
};

/*
 * Begin: *state is saved, nginx told and the begin noted; what has no steps
 * comes to its end at once. 0, or -1 with everything as it was.
 */
int rollout_do_begin(const struct rollout_hands *h, struct release_state *state,
    const struct rollout_plan *plan, enum release_slot to, const char *id,
    const char *by, const char *forced);

/* The next step. 0, or -1 with nginx as it was: it has to go back. */
int rollout_do_step(const struct rollout_hands *h, struct release_state *state,
    const struct rollout_plan *plan, unsigned step);

/*
 * To its end, from wherever it is. 0 and nothing is under way; -1 where nginx
 * or the disk refuses, with a state that is settled so, to be done again.
 */
int rollout_do_forward(const struct rollout_hands *h,
    struct release_state *state);
int rollout_do_back(const struct rollout_hands *h, struct release_state *state);

/* ---- what next: of the one who drives it ---- */

enum rollout_next {
	ROLLOUT_ON, /* wait and look again */
	ROLLOUT_WIDEN,
	ROLLOUT_PROMOTE,
	ROLLOUT_FAILED,      /* back, and so is the next one */
	ROLLOUT_INCONCLUSIVE /* within its patience no verdict was found */
};

struct rollout_signs {
	int64_t elapsed;        /* ms of this step */
	bool interrupted;       /* by a signal */
	bool gone;              /* the candidate's master, or it is another */
	unsigned probes_failed; /* in a row */
	enum verdict verdict;
	bool closing; /* the verdict is one of a window that is over */
};

/*
 * Is the window to be judged as one that is over? At the end of the step, and
 * until the patience is over at the end of each further one: who looks again and
 * again until it passes, sees it pass.
 *
 * looks  how often it was in this step
 */
bool rollout_closes(const struct rollout_plan *plan, int64_t elapsed,
    unsigned looks);

enum rollout_next rollout_next(const struct rollout_plan *plan, unsigned step,
    const struct rollout_signs *signs);

/* ---- what next: of the one who finds it, with nobody who drives it ---- */

enum rollout_deed {
	ROLLOUT_NOTHING, /* there is none to be done, or not yet */
	ROLLOUT_FORWARD, /* settled so: do what is left of it */
	ROLLOUT_BACK
};

struct rollout_find {
	int64_t now;
	bool arrived; /* nginx is told to send all users to run.to */
	bool gone;    /* run.to has users and no master */
};

/* What is overdue goes back; why: a few words, static. */
enum rollout_deed rollout_tend(const struct release_state *state,
    const struct rollout_find *find, const char **why);

/* Of an operator who wants it back. */
enum rollout_deed rollout_abort(const struct release_state *state);

/*
 * Of one who wants the version before: one that is under way goes back, but for
 * a way back that is under way itself.
 */
enum rollout_deed rollout_rollback(const struct release_state *state);

#endif
