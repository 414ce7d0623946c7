#ifndef FT_PUBLISH_H
#define FT_PUBLISH_H

#include "claim.h"
#include "durable.h"
#include "fault.h"
#include "manifest.h"
#include "settings.h"
#include "spool.h"
#include "store.h"

/*
 * The files of one photo while they are made, in a directory below staging.
 * They are synced together, when it is published. The zero state is no draft.
 */
struct draft {
	struct store *store;
	char name[32]; /* below staging; "" is none */
	struct durable durable;
};

enum fault draft_open(struct draft *d, struct store *s,
    struct fault_info *info);

/* The uploaded bytes become original.<ext>, their sum the file beside it. */
enum fault draft_original(struct draft *d, struct spool *spool,
    enum format format, struct fault_info *info);

/*
 * One thumbnail: written, and readable for nginx. Files of two formats
 * never get the same time, which would make one ETag of two contents where
 * their sizes are equal as well.
 */
enum fault draft_variant(struct draft *d, const struct variant *v,
    const void *data, struct fault_info *info);

/*
 * Wait until the disk has the contents of all that is written so far. Before
 * the lock is taken: others who want the photo do not wait for that as well.
 */
enum fault draft_wait(struct draft *d, struct fault_info *info);

/* The first claim on a new photo. The caller holds the lock. */
enum fault draft_claim(struct draft *d, const char *id, const char *token,
    const struct claim *c, struct fault_info *info);

/*
 * Make it visible and durable: the commit of a new photo, or more files of one
 * that is here. The caller holds the lock and has looked again, with
 * publish_look.
 *
 * m    the draft's files; becomes what is here of the photo then: those, and
 *      what was. Written as meta.json
 * was  what is here. Where a preset gets files of another recipe, its older
 *      ones lose their plain names, so that they are made anew when asked for.
 *      A file that is here with the same recipe stays as it is and takes the
 *      draft's place, unless it is suspect
 */
enum fault draft_publish(struct draft *d, struct manifest *m,
    const struct settings *settings, const struct look *was,
    struct fault_info *info);

/*
 * Finish what was left half done (store_settle), look what is here, and write
 * meta.json anew where it is of other settings, so that the answer is never
 * PRESENCE_STALE. As store_look, under the lock.
 */
enum fault publish_look(struct store *s, const char *id,
    const struct settings *settings, struct look *out, struct fault_info *info);

/* Remove what is left of a draft. After success too. */
void draft_close(struct draft *d);

#endif
