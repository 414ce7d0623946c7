#ifndef FT_DEVELOP_H
#define FT_DEVELOP_H

#include "engine.h"
#include "fault.h"
#include "manifest.h"
#include "progress.h"
#include "publish.h"
#include "settings.h"
#include "spool.h"
#include "store.h"

/*
 * From a photo's bytes to finished files in a draft, and from a photo that is
 * in the store to more of its thumbnails.
 */
struct develop {
	struct store *store; /* borrowed, as the next three */
	const struct settings *settings;
	struct progress *progress;
	/* The bytes are to be kept, and are in here; NULL: they are kept. */
	const struct spool *spool;
	int queue; /* what else waits for this process: store_lock_render */
	struct manifest manifest; /* what came of it; the format in any case */
	bool decoded;       /* pixels were asked for, whatever became of them */
	enum engine engine; /* that has made the files, where any were */
	char declined[FAULT_CAUSE_BYTES]; /* as of struct rendering */
};

/*
 * Judge the bytes by their content, render the wanted files and write them
 * into a draft, which is opened. The manifest tells of them and of the photo.
 *
 * least  as progress_allow: until when the disk has time, if that is longer
 *        than a job's
 *
 * Faults are those of sniff_read, sniff_check, render_photo, draft_open and
 * draft_variant. The caller calls draft_close in any case.
 */
enum fault develop_draft(struct develop *dv, const char *id, const void *bytes,
    size_t len, const struct wanted *wanted, uint64_t least, struct draft *d,
    struct fault_info *info);

/*
 * Make files of a photo from its stored original, and publish them. Only one
 * process at a time does so for a photo; others wait, and find them made. The
 * manifest tells what is here of the photo then.
 *
 * wanted  which files; those that are here are not made again. Where meta.json
 *         is lost, all that an upload makes is made as well
 *
 * FAULT_NOT_FOUND where the photo is not here, or is gone when they were made;
 * FAULT_OVERLOADED when somebody else is at it for longer than
 * STORE_LOCK_WAIT_MS, or than others can wait; FAULT_STORAGE_FULL; those of develop_draft, whose limits
 * may have become narrower since the upload; those of the store.
 */
enum fault develop_again(struct develop *dv, const char *id,
    const struct wanted *wanted, struct fault_info *info);

#endif
