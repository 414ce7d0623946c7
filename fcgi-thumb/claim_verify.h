#ifndef FT_CLAIM_VERIFY_H
#define FT_CLAIM_VERIFY_H

#include <stdint.h>

#include "fault.h"
#include "store.h"
#include "store_verify.h"

/*
 * Will every claim end when it says so? A note of an end without its claim is
 * in order: the claim was taken back before.
 */

/*
 * The claims of one photo: those whose end no note tells of, and files that are
 * no claims. Needs no lock. A photo that is not here has none.
 */
enum fault claim_examine(struct store *s, const char *id, struct findings *out,
    struct fault_info *info);

/* Write the notes that are missing. Takes the lock. */
enum fault claim_mend(struct store *s, const char *id, struct fault_info *info);

/*
 * All notes: those that nobody has carried out for an hour (now is in Unix
 * seconds), for which claim_sweep is, and files that are no notes.
 */
enum fault claim_examine_notes(struct store *s, int64_t now,
    struct findings *out, struct fault_info *info);

#endif
