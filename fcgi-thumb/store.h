#ifndef FT_STORE_H
#define FT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "manifest.h"
#include "settings.h"

/*
 * Where photos and thumbnails lie, and the rules by which they come and go:
 *
 *   photos/ab/<id>/original.<ext>           0700, the commit
 *                  sha256                   of the original, 64 digits
 *                  claims/                  who may delete it: claim.h
 *   public/ab/<id>/meta.json, <preset>.<recipe>.<ext>, <preset>.<ext>
 *   status/status.json  slo.h's, which nginx serves
 *   staging/<random>/  one a process, locked while it lives
 *   trash/<random>/    what was taken away and is not unlinked yet
 *   state/locks        two bytes a photo, OFD locks
 *   state/usage, state/photos   the bytes of all photos, and their number
 *   state/growth       how they grew: growth.h
 *   state/banned/ab/<id>, state/expires/<hour>/, state/offline
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

/* What a sweep took away, added to what is there. The zero state is nothing. */
struct swept {
	uint64_t n;      /* directories */
	uint64_t bytes;  /* of disk */
	uint64_t failed; /* directories that stay, though they should go */
};

/*
 * Remove the staging directories whose owner is gone. Best effort; swept may be
 * NULL, and is quicker then.
 */
void store_sweep(const char *data, struct swept *swept);

/* Open for one process, with a staging directory of its own. NULL with words in why. */
struct store *store_open(const char *data, char *why, size_t why_size);

/* Removes the staging directory. NULL is allowed. */
void store_close(struct store *s);

/* The staging directory: for spools. Borrowed. */
int store_staging(const struct store *s);

/*
 * Between two requests: remove what is in it but `keep`, which a failed request
 * could not remove itself. Nothing, in the ordinary case.
 */
void store_tidy(struct store *s, const char *keep);

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
/*
 * The same for the right to make files of a photo, so that each is made once
 * by whoever comes first. Held while they are made, and outside of the
 * photo's lock, which is for looking and publishing.
 *
 * queue  a listening socket, -1 none: waiting ends where somebody waits there,
 *        who would otherwise wait for a picture that is not his
 */
enum fault store_lock_render(struct store *s, const char *id, uint64_t until_ns,
    int queue, int *lock, struct fault_info *info);

void store_unlock(int *lock);

enum presence {
	PRESENCE_NONE,    /* not here */
	PRESENCE_PARTIAL, /* the original's directory is; what an upload makes
			     by the present settings is not all here */
	PRESENCE_STALE,   /* all that is; meta.json is of other settings */
	PRESENCE_WHOLE    /* all is as the present settings mean it */
};

struct look {
	enum presence presence;
	/*
	 * All thumbnails that are here under their plain names, also those of
	 * older recipes, in the settings' order. id is "" where meta.json does
	 * not say what is here.
	 */
	struct manifest manifest;
	/* What an upload makes and is not here in its present recipe. */
	struct wanted missing;
	/*
	 * Files of the present recipes that are not to be trusted, if they are
	 * here: their size is another than meta.json's, or that is lost.
	 */
	struct wanted suspect;
};

/*
 * What is here of a photo. Sizes are compared, contents are not. The caller
 * holds the lock, or lives with what changes meanwhile.
 */
enum fault store_look(struct store *s, const char *id,
    const struct settings *settings, struct look *out, struct fault_info *info);

/*
 * The uploaded bytes, to read; they stay readable when the photo goes. The
 * caller closes *fd. FAULT_NOT_FOUND where the photo is not here.
 */
enum fault store_original(struct store *s, const char *id, int *fd,
    struct fault_info *info);

/*
 * Is there room for another upload, and for `bytes` more in the store?
 * FAULT_STORAGE_FULL below limits.free, without a free inode, or over
 * limits.store.
 */
enum fault store_check_disk(const struct store *s, const struct limits *limits,
    struct fault_info *info);
enum fault store_check_room(const struct store *s, const struct limits *limits,
    uint64_t bytes, struct fault_info *info);

/*
 * Has the operator switched uploads off (store_admin.h)? FAULT_OFFLINE, with
 * the end of it and his words; FAULT_NONE.
 */
enum fault store_check_offline(const struct store *s, struct fault_info *info);

#endif
