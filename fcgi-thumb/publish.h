#ifndef FT_PUBLISH_H
#define FT_PUBLISH_H

#include "fault.h"
#include "manifest.h"
#include "settings.h"
#include "spool.h"
#include "store.h"

/*
 * The files of one photo while they are made, in a directory below staging.
 * The zero state is no draft.
 */
struct draft {
	struct store *store;
	char name[32]; /* below staging; "" is none */
};

enum fault draft_open(struct draft *d, struct store *s,
    struct fault_info *info);

/* The uploaded bytes become original.<ext>. */
enum fault draft_original(struct draft *d, struct spool *spool,
    enum format format, struct fault_info *info);

/* One thumbnail: written, synced and readable for nginx. */
enum fault draft_variant(struct draft *d, const struct variant *v,
    const void *data, struct fault_info *info);

/*
 * Make it visible and durable: the commit of a new photo, or the missing files
 * of a PRESENCE_PARTIAL one. Writes meta.json from m. The caller holds the
 * lock and has looked again.
 */
enum fault draft_publish(struct draft *d, const struct manifest *m,
    const struct settings *settings, enum presence presence,
    struct fault_info *info);

/*
 * Look what is here, and write meta.json anew where it is of other settings,
 * so that the answer is never PRESENCE_STALE. As store_look, under the lock.
 */
enum fault publish_look(struct store *s, const char *id,
    const struct settings *settings, struct manifest *out,
    enum presence *presence, struct fault_info *info);

/* Remove what is left of a draft. After success too. */
void draft_close(struct draft *d);

#endif
