#ifndef FT_GROWTH_H
#define FT_GROWTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"
#include "store.h"

/*
 * How the store has grown and when it will be full. One line an hour is kept
 * in state/growth, for GROWTH_DAYS: Unix seconds, bytes of all photos, photos,
 * bytes that are free on the disk, inodes that are free, with tabs in between.
 * Whoever finds that one is due writes it: the control worker's sweep, or
 * `thumbctl sweep` where no service runs.
 */
#define GROWTH_DAYS 60
#define GROWTH_EVERY 3600 /* seconds */

#define GROWTH_NOT_COUNTED UINT64_MAX /* of inodes: not by this file system */

struct growth_point {
	int64_t time; /* Unix seconds */
	uint64_t
	    bytes; /* of originals and thumbnails, as store_usage says it */
	uint64_t photos;
	uint64_t free;   /* bytes */
	uint64_t inodes; /* or GROWTH_NOT_COUNTED */
};

/* The zero state is empty. */
struct growth {
	struct growth_point *points; /* each later than the one before */
	size_t n;
};

/*
 * What is kept in this store; data is its directory. Where there is no such
 * file there are no points, and a line that is none of ours is left out. The
 * caller calls growth_fini in any case. 0, or -1 with errno.
 */
int growth_read(const char *data, struct growth *out);
void growth_fini(struct growth *g);

/* Is it an hour since somebody wrote a line? Looks at nothing but a time. */
bool growth_is_due(const struct store *s, int64_t now);

/*
 * Write down how things are. What is older than GROWTH_DAYS goes, and what is
 * later than now: a clock that was wrong. 0, or -1 with errno.
 */
int growth_note(struct store *s, int64_t now);

/* ---- the forecast ---- */

/* Less than this says nothing: by day a store grows otherwise than by night. */
#define GROWTH_HISTORY_MIN (24 * 3600) /* seconds */

enum growth_course {
	GROWTH_UNKNOWN, /* there is too little to go by */
	GROWTH_STEADY,  /* not full within ten years, if at all */
	GROWTH_FULL     /* it will be */
};

/* What comes to its end first. */
enum growth_end {
	GROWTH_END_FREE,  /* limits.free: the disk's room */
	GROWTH_END_STORE, /* limits.store */
	GROWTH_END_INODES /* the disk's inodes */
};

struct forecast {
	enum growth_course course;
	uint64_t history; /* seconds of the last week that are known */
	bool is_growing;  /* of GROWTH_STEADY: it will take longer than that */
	uint64_t seconds; /* of GROWTH_FULL: until then, 0 it is full */
	enum growth_end end; /* of GROWTH_FULL */
};

/*
 * By the rate of the last seven days, which is the median of the rates between
 * any two of their points: a file that lay on the disk for some hours, or one
 * large import, makes no trend.
 */
void growth_forecast(const struct growth *g, const struct limits *limits,
    int64_t now, struct forecast *out);

/* "full in 41 days at this week's rate (limits.free)", or why not. */
#define GROWTH_WORDS_MAX 96
void growth_words(const struct forecast *f, char out[GROWTH_WORDS_MAX]);

#endif
