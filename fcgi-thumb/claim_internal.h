#ifndef FT_CLAIM_INTERNAL_H
#define FT_CLAIM_INTERNAL_H

#include "claim.h"

/* What the parts of the claims share. */

#define CLAIM_STAYS "stays"
#define CLAIM_EXPIRES "state/expires"

/*
 * Note when a claim expires, before it is visible: state/expires/<hour>/. A
 * note without a claim does no harm. 0, or -1 with errno; 0 for one that never
 * does.
 */
int claim_note_expiry(struct store *s, const char *id, const char *file,
    const struct claim *c);

/* The same, but what is to be synced before the claim is visible comes to d. */
int claim_begin_note(struct store *s, const char *id, const char *file,
    const struct claim *c, struct durable *d);

/* Is there a note of this claim's end? True of one that never ends. */
bool claim_has_note(struct store *s, const char *id, const char *file,
    const struct claim *c);

/* The parts of a note's name. -1 where it is none. */
struct note {
	int64_t at;
	char id[PHOTO_ID_LEN + 1];
	char file[DIGEST_HEX_LEN + 1];
};
int claim_parse_note(const char *name, struct note *out);

/* Read a claim's file; what it does not say is 0 or "". -1 with errno. */
int claim_read_file(int claims, const char *file, struct claim *out);

/*
 * Unlink a claim's file, or take the photo away where it is the last one. The
 * caller holds the lock. FAULT_NOT_FOUND, FAULT_TOKEN_INVALID.
 */
enum fault claim_drop_file(struct store *s, const char *id, const char *file,
    struct fault_info *info);

/* The directory of a photo's claims; -1 with errno. */
int claim_open_dir(int photo);

#endif
