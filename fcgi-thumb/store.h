#ifndef FT_STORE_H
#define FT_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "manifest.h"
#include "settings.h"

/*
 * Where photos and thumbnails lie, and the rules by which they come and go:
 *
 *   photos/ab/<id>/original.<ext>           0700, the commit
 *   public/ab/<id>/meta.json, <preset>.<recipe>.<ext>, <preset>.<ext>
 *   staging/<random>/  one a process, locked while it lives
 *   state/locks        one byte a photo, OFD locks
 *
 * A name, once visible, is whole: files are written and synced in staging and
 * renamed into place, photos/ first, then public/. Knows nothing of pictures.
 */
struct store;

/*
 * Make the directory tree (idempotent; the master, at start and at a reload) and
 * remove the staging directories of processes that are gone.
 * 0, or -1 with words in why.
 */
int store_prepare(const char *data, char *why, size_t why_size);

/* Remove the staging directories whose owner is gone. Best effort. */
void store_sweep(const char *data);

/* Open for one process, with a staging directory of its own. NULL with words in why. */
struct store *store_open(const char *data, char *why, size_t why_size);

/* Removes the staging directory. NULL is allowed. */
void store_close(struct store *s);

/* The staging directory: for spools. Borrowed. */
int store_staging(const struct store *s);

/* Its path, for libraries that want one. Borrowed. */
const char *store_staging_path(const struct store *s);

/*
 * Take the photo's lock, waiting at most STORE_LOCK_WAIT_MS and not beyond
 * until_ns (monotonic; 0: no end of its own); then FAULT_OVERLOADED. *lock goes
 * to store_unlock. Held until then or death.
 */
#define STORE_LOCK_WAIT_MS 2000
enum fault store_lock(struct store *s, const char *id, uint64_t until_ns,
    int *lock, struct fault_info *info);
void store_unlock(int *lock);

enum presence {
	PRESENCE_NONE,    /* not here */
	PRESENCE_PARTIAL, /* the original is; a file of the present settings is
			     missing */
	PRESENCE_STALE,   /* all files are; meta.json is of other settings */
	PRESENCE_WHOLE    /* all is as the present settings mean it */
};

/*
 * What is here of a photo, and its manifest by the present settings (when
 * PRESENCE_STALE or PRESENCE_WHOLE). Sizes are
 * compared, contents are not. The caller holds the lock.
 */
enum fault store_look(struct store *s, const char *id,
    const struct settings *settings, struct manifest *out,
    enum presence *presence, struct fault_info *info);

#endif
