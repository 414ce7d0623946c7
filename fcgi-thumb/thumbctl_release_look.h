#ifndef FT_THUMBCTL_RELEASE_LOOK_H
#define FT_THUMBCTL_RELEASE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "thumbctl_release.h"
#include "thumbctl_release_errand.h"
#include "verdict.h"
#include "window.h"

/*
 * What is seen of two slots while one takes over from the other: nginx's log,
 * each master's numbers, and a photo of our own now and then. Nothing here waits
 * for longer than a few seconds.
 */

enum look_side {
	LOOK_ACTIVE,
	LOOK_CANDIDATE,
	LOOK_SIDES
};

/* Of a master's numbers, in this step. */
struct look_master {
	enum release_slot slot;
	char *socket;    /* of its control worker */
	pid_t pid;       /* when we began */
	bool known;      /* first is */
	uint64_t first;  /* deaths when the step began */
	uint64_t deaths; /* since */
	uint64_t memory; /* of the active one the most so far */
};

struct lookout {
	const struct releases *r;
	struct window *window;
	struct look_master masters[LOOK_SIDES];
	bool gone;       /* the candidate's master is, or is another one */
	bool unreadable; /* the log cannot be read, and it was said */
	struct errand revival; /* of the active one's master */
	struct errand probe;
	uint64_t probed_ns;
	unsigned probes_failed;              /* in a row */
	char probe_words[RELEASE_WORDS_MAX]; /* of the last that did */
	/* The active one when it last served: the measure of all. */
	struct verdict_sample kept;
	uint32_t *kept_ms;
};

/* 0, or -1 after a complaint. look_close in any case. */
int look_open(struct lookout *l, const struct releases *r,
    enum release_slot active, enum release_slot candidate);
void look_close(struct lookout *l);

/* A step begins: what was counted so far does not count in it. */
void look_begin(struct lookout *l);

/* See what has come: of the log alone, or of all. */
void look_read(struct lookout *l);
void look_take(struct lookout *l);

/*
 * One side of this step, as it is now. Valid until the next look_...; with
 * kept, of the active one what look_keep has kept.
 */
void look_sample(struct lookout *l, enum look_side side, bool kept,
    struct verdict_sample *out);

/* Keep the active one's sample. 0, or -1: no memory. */
int look_keep(struct lookout *l);

#endif
