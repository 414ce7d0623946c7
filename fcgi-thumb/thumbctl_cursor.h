#ifndef FT_THUMBCTL_CURSOR_H
#define FT_THUMBCTL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "digest.h"
#include "thumbctl.h"

/*
 * Where a long command was when it was stopped, or killed: state/cursor-NAME, of
 * which there is none when it came to its end. The next run with the same key
 * goes on behind that place, with what had been counted and told before.
 *
 * A second run beside the first one finds the file locked: it begins at the
 * start and keeps no place of its own.
 */
#define CURSOR_COUNTS 3

/* One older than this is forgotten: what it says was done is long ago. */
#define CURSOR_SECONDS_MAX (7 * 86400)

struct cursor {
	int fd;                         /* locked; -1: no place is kept */
	int state;                      /* the directory */
	char name[32];                  /* of the file in it */
	char last[PHOTO_ID_LEN + 1];    /* done up to here; "": nothing yet */
	uint64_t counts[CURSOR_COUNTS]; /* the command's own */
	struct buf told;                /* the same: whole lines */
	/* Of both what belongs to what is done up to `last`. */
	uint64_t done[CURSOR_COUNTS];
	size_t settled;    /* bytes of told */
	size_t written;    /* how much of told is in the file */
	uint64_t noted_ns; /* monotonic: when */
};

/*
 * name        "verify"
 * key         one line: what has to be the same for going on, such as the
 *             settings' digest and the options
 * from_start  forget what is there
 *
 * last, counts and told are those of the run before, or nothing. What cannot be kept is no reason not to work: then every run
 * begins at the start. cursor_close in any case.
 */
void cursor_open(struct cursor *c, const char *data, const char *name,
    const char *key, bool from_start);

/* To stderr: that it goes on, and where; nothing where it does not. */
void cursor_say(const struct cursor *c);

/*
 * Done up to here, in the order in which the command goes, with counts and told
 * as they are now. Written down every two seconds.
 */
void cursor_step(struct cursor *c, const char *last);

/* done: nothing is left to go on with. */
void cursor_close(struct cursor *c, bool done);

/* Remove the files of runs that nobody will go on with; how many. */
unsigned cursor_sweep(const char *data);

#endif
