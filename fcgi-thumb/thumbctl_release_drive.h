#ifndef FT_THUMBCTL_RELEASE_DRIVE_H
#define FT_THUMBCTL_RELEASE_DRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "rollout.h"
#include "thumbctl_release.h"
#include "verdict.h"

/*
 * What the commands share that move users: the hands of rollout.h, what has to
 * be true before anybody is moved, and the signals that end it.
 */

/* One who moves users. */
struct drive {
	struct releases *r; /* with the lock */
	struct rollout_hands hands;
	/* Of what comes into the books next: */
	const char
	    *what; /* of its end: "end", "switch", "abort", ...; static */
	enum verdict verdict; /* VERDICT_COUNT: none was asked for */
	char words[RELEASE_WORDS_MAX];
	/* NULL, or says it when nginx has it and the books are to be written. */
	void (*tell_end)(void *ctx);
	void *ctx;
};

/* ---- thumbctl_release_drive.c ---- */

void drive_init(struct drive *d, struct releases *r, const char *what);

/* What comes into the books next. */
void drive_say(struct drive *d, enum verdict verdict, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Back to where it came from. nginx may refuse for a moment, and is asked again
 * a few times. 0, or -1 after a complaint, when `tend` will try again.
 */
int drive_back(struct drive *d);

/*
 * Wait, for a while, until nginx has no requests from before it was told last:
 * they go where they would have gone then.
 */
void drive_await_old(const struct releases *r);

/* Does nginx send everybody to run.to? And is that the active one for it? */
bool drive_has_arrived(const struct releases *r);
bool drive_has_turned(const struct releases *r);

/* SIGINT, SIGTERM and SIGHUP are heard from now on, and end nothing. */
void drive_hear_signals(void);

/* The one that came; 0: none. */
int drive_signal(void);

/* ---- thumbctl_release_abort.c ---- */

/*
 * Is there one who moves users at this moment? Then he is told to go back, and
 * what he came to is said: true, and *status. False: there is none, or one that
 * does something else. True also where the settings or the state cannot be read.
 */
bool drive_end_driver(const char *settings_file, int *status);

/* With nobody who drives it, and the lock: back. The exit status. */
int drive_abort(struct releases *r);

/* ---- thumbctl_release_ready.c ---- */

/* May it be released, and by whom is it said that it may? */
struct ready {
	bool judged; /* in steps: there has to be a log, and an active one */
	const char *force; /* why the budget does not count; "" it does */
};

/*
 * All that has to be so before anybody is moved to *to: nothing is under way,
 * the slot is filled, there is a budget; its master runs, and has passed the
 * system test. EXIT_SUCCESS, or the exit status after words, with nothing
 * changed but that the slot's master may run.
 */
int drive_get_ready(struct releases *r, const struct ready *ready,
    enum release_slot *to);

/*
 * Start a slot's master and give it the system test, which the state and the
 * history have then. EXIT_SUCCESS, or the exit status after words.
 */
int drive_test(struct releases *r, enum release_slot slot);

/*
 * One small photo through a slot's sockets, in a process of its own; *slot is
 * borrowed. The first does not wait; the second does: false with words.
 */
struct errand;
int drive_begin_probe(const struct releases *r, enum release_slot *slot,
    struct errand *e);
bool drive_probe(const struct releases *r, enum release_slot slot,
    char words[RELEASE_WORDS_MAX]);

/*
 * Are a slot's thumbnails those of the other? In a process of its own; the pair
 * is borrowed until it ends.
 */
struct drive_pair {
	enum release_slot slot, other;
};
int drive_begin_compare(const struct releases *r, struct drive_pair *pair,
    struct errand *e);

/* The text of --force: 0 and out, or -1 after a complaint. */
int drive_parse_reason(const char *text, char out[RELEASE_REASON_MAX]);

/* ---- thumbctl_release_ledger.c ---- */

/* Has today used up its minutes? EXIT_SUCCESS, or EXIT_REFUSED after words. */
int drive_check_budget(const struct releases *r);

/* Into the ledger, as its owner. What cannot be noted is said. */
void drive_note_in_ledger(const struct drive *d,
    const struct release_state *state, enum rollout_mark mark);

#endif
