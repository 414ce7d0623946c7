#ifndef FT_CLAIM_H
#define FT_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "durable.h"
#include "fault.h"
#include "store.h"

/*
 * Who wants a photo to be here. Each upload of the same bytes makes a claim,
 * and whoever knows a claim's token may take it back; with the last one the
 * photo goes. A claim is a file:
 *
 *   photos/ab/<id>/claims/<SHA-256 of the token>  owner, created, expires
 *                  claims/stays                   somebody has none: the photo
 *                                                 outlives all claims
 *
 * so that no secret lies on the disk. A photo without claims/ is of a version
 * that had none, and stays as well.
 */
#define CLAIM_TOKEN_LEN 26 /* characters: 128 bits, as an id has */
#define CLAIM_OWNER_MAX 64 /* bytes */
#define CLAIMS_MAX 256     /* a photo */

struct claim {
	char owner[CLAIM_OWNER_MAX + 1]; /* no control characters; "" none */
	int64_t created;                 /* Unix seconds */
	int64_t expires;                 /* Unix seconds; 0 never */
};

/*
 * The token of a new claim: derived from an Idempotency-Key and the photo's id,
 * so that a retry finds its own claim again, or random where key is "".
 * FAULT_NONE or FAULT_INTERNAL.
 */
enum fault claim_token(const char *key, const char *id,
    char out[CLAIM_TOKEN_LEN + 1], struct fault_info *info);

/*
 * Put the first claim into a photo that is not yet visible: `photo` is its
 * directory in staging. What is to be synced before it becomes visible comes to
 * d. The caller holds the lock of the photo's id.
 */
enum fault claim_begin(struct store *s, int photo, const char *id,
    const char *token, const struct claim *c, struct durable *d,
    struct fault_info *info);

/*
 * Add a claim to a photo that is here. One with this token stays, for the
 * longer of both times.
 * Where there are CLAIMS_MAX already, token becomes "" and the photo stays. The
 * caller holds the lock.
 */
enum fault claim_add(struct store *s, const char *id,
    char token[CLAIM_TOKEN_LEN + 1], const struct claim *c,
    struct fault_info *info);

/*
 * Take a claim back; the photo goes with the last one. Takes the lock, waiting
 * not beyond until_ns. token may be any text.
 * FAULT_NOT_FOUND (the photo is not here), FAULT_TOKEN_INVALID (no such claim on
 * it), and those of store_lock.
 */
enum fault claim_drop(struct store *s, const char *id, const char *token,
    uint64_t until_ns, struct fault_info *info);

/*
 * Add a claim for somebody who names the photo's SHA-256 (64 digits) instead of
 * sending its bytes: the id shows one half of it, the other is never told.
 * Takes the lock; token as claim_add leaves it.
 * FAULT_BANNED, FAULT_NOT_FOUND, FAULT_TOKEN_INVALID (another sum), and those of
 * store_lock and claim_add.
 */
enum fault claim_by_sum(struct store *s, const char *id, const char *sha256,
    char token[CLAIM_TOKEN_LEN + 1], const struct claim *c, uint64_t until_ns,
    struct fault_info *info);

/* All claims on a photo, in no order. */
struct claims {
	struct claim list[CLAIMS_MAX];
	unsigned n;
	bool stays; /* whatever becomes of the claims */
};

/* FAULT_NOT_FOUND where the photo is not here. Needs no lock. */
enum fault claims_read(struct store *s, const char *id, struct claims *out,
    struct fault_info *info);

/* What a sweep did, added to what is there. */
struct claims_swept {
	uint64_t notes;  /* of ends that were due */
	uint64_t photos; /* that went with their last claim */
};

/*
 * Take back claims that have expired at `now` (Unix seconds), until the time is
 * over (monotonic). True when none is left that could be. Several processes
 * may do so at once. swept may be NULL.
 */
bool claim_sweep(struct store *s, int64_t now, uint64_t until_ns,
    struct claims_swept *swept);

/* How many ends are due at `now`. */
uint64_t claim_count_due(struct store *s, int64_t now);

#endif
