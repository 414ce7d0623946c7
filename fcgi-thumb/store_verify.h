#ifndef FT_STORE_VERIFY_H
#define FT_STORE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "fault.h"
#include "manifest.h"
#include "settings.h"
#include "store.h"

/*
 * What is wrong in the store, found while photos come and go, and what of that
 * can be mended. Knows names, sizes and sums; whether a thumbnail can be shown
 * is for somebody else to try.
 */

enum damage {
	DAMAGE_CORRUPT,     /* an original is not what its id says */
	DAMAGE_LOST,        /* a photo has no original */
	DAMAGE_SUM,         /* the sum beside an original is another */
	DAMAGE_ORPHAN,      /* a public side without its photo */
	DAMAGE_UNCLAIMED,   /* a photo on which no claim is left */
	DAMAGE_BANNED,      /* a banned photo */
	DAMAGE_UNPUBLISHED, /* a photo without its public side */
	DAMAGE_META,        /* meta.json is missing, or wrong */
	DAMAGE_BROKEN,      /* a thumbnail is missing, or not as it was made */
	DAMAGE_UNLISTED,    /* a thumbnail of which meta.json does not tell */
	DAMAGE_NOTE,        /* a claim's end that nobody will see */
	DAMAGE_UNKNOWN,     /* a file that is none of the store's */
	DAMAGE_MISSING,     /* a directory of the tree */
	DAMAGE_STALE,       /* left by a process that is gone */
	DAMAGE_STRIKES,     /* an entry in quarantine/ without a word */
	DAMAGE_USAGE,       /* the sum of all bytes */
	DAMAGE_FAILED,      /* could not be looked at, or not be mended */
	DAMAGE_COUNT
};

/* Its name for people and scripts: "corrupt"; never changes meaning. */
const char *damage_name(enum damage d);

struct finding {
	enum damage damage;
	char id[PHOTO_ID_LEN + 1]; /* "" of no photo */
	char what[160];            /* printable; which file, or how */
};

/* The zero state is empty. */
struct findings {
	struct finding *list;
	size_t n, cap;
	bool failed; /* memory was short, and some are missing */
};

void findings_add(struct findings *f, enum damage d, const char *id,
    const char *what, ...) __attribute__((format(printf, 4, 5)));
/* The same damage of the same photo's same file, in whatever way. */
bool findings_have(const struct findings *f, const struct finding *finding);
/* Is there any of this kind? */
bool findings_have_any(const struct findings *f, enum damage d);
void findings_fini(struct findings *f);

/* ---- one photo ---- */

/* A name in the public side that a thumbnail can have. */
struct thumbnail {
	struct variant variant; /* recipe "": the plain name */
	/*
	 * meta.json tells of it, size and bytes are as it says; else the size
	 * is 0 x 0.
	 */
	bool is_listed;
	bool is_condemned; /* not as it was made: to be removed */
	/* Which file it is. */
	ino_t inode;
	struct timespec changed;
};

/* The zero state is of no photo. */
struct examined {
	char id[PHOTO_ID_LEN + 1];
	struct findings findings;
	struct thumbnail *thumbs;
	size_t n, cap;
	bool is_leaving;   /* finish taking it away */
	bool is_sum_wrong; /* beside the original; what it is: */
	char sum[DIGEST_HEX_LEN + 1];
	bool is_meta_wrong;   /* it can be read, and tells of another photo */
	bool needs_rendering; /* to be right: of these files at least */
	struct wanted wanted;
};

/*
 * Look at all of a photo, reading its original. Where something is wrong it is
 * looked at again under the lock, so that no work of others is taken for
 * damage. The caller calls examined_fini in any case. A photo that is not here
 * has nothing wrong.
 *
 * Faults of store_lock, and of what cannot be read.
 */
enum fault store_examine(struct store *s, const char *id,
    const struct settings *settings, struct examined *out,
    struct fault_info *info);
void examined_fini(struct examined *e);

/*
 * The thumbnail of this number cannot be shown, why in a few words. It is
 * condemned, as those are already whose size is not what meta.json says.
 */
void examined_condemn(struct examined *e, size_t thumb,
    const struct settings *settings, const char *why);

/*
 * Mend what can be without rendering: take away what was to go, write the sum
 * anew, remove condemned thumbnails and a meta.json that is wrong. Takes the
 * lock and looks again first. An original is neither changed nor moved.
 *
 * *needs_rendering, *wanted  what is to be rendered after that. Never of an
 *                            original that is not right
 */
enum fault store_mend(struct store *s, const struct examined *e,
    const struct settings *settings, bool *needs_rendering,
    struct wanted *wanted, struct fault_info *info);

/* ---- what is beside the photos ---- */

/*
 * Directories, names of no photo, what processes left, quarantine/ and bans.
 * What is younger than STORE_SETTLED_S at `now` (Unix seconds) is no damage yet:
 * it can be work in progress.
 */
#define STORE_SETTLED_S 10
enum fault store_examine_tree(struct store *s, int64_t now,
    struct findings *out, struct fault_info *info);

/* The sum of all bytes, part by part. */
enum fault store_examine_sums(struct store *s, struct findings *out,
    struct fault_info *info);

/*
 * What both have found; data is the store's directory. What cannot be mended
 * stays, and shows when it is looked at again.
 */
void store_mend_tree(struct store *s, const char *data,
    const struct findings *findings);

#endif
