#ifndef FT_STORE_ADMIN_H
#define FT_STORE_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "fault.h"
#include "store.h"

/*
 * The store as a whole, and photos as wholes: for the operator's tool and for
 * what runs beside the uploads.
 */

/*
 * Call each with the id of every photo, in the order of the bytes of their
 * names, until it returns other than 0, and return that. -1 with errno where a
 * directory cannot be read. Photos that come or go meanwhile may be met or
 * not; without a lock one that is met may be gone.
 */
int store_walk(struct store *s, int (*each)(void *ctx, const char *id),
    void *ctx);

/* The same with those behind the photo of this id; "" is before the first. */
int store_walk_behind(struct store *s, const char *last,
    int (*each)(void *ctx, const char *id), void *ctx);

/* In state/: where commands were that go through the whole store. */
#define STORE_CURSOR "cursor-"

/* As store_walk, with every public side whose photo is not here. */
int store_walk_orphans(struct store *s, int (*each)(void *ctx, const char *id),
    void *ctx);

/* One file of a photo: a thumbnail's two names are two. */
struct store_file {
	const char *side; /* "photos" or "public" */
	const char *name; /* valid during the call */
	uint64_t bytes;
	int64_t modified; /* Unix seconds */
};

/*
 * Call each with every file of a photo, in no order; claims are none. Takes no
 * lock: what comes or goes meanwhile may be met or not. FAULT_NOT_FOUND where
 * the photo is not here.
 */
enum fault store_files(struct store *s, const char *id,
    void (*each)(void *ctx, const struct store_file *file), void *ctx,
    struct fault_info *info);

/*
 * The bytes of a thumbnail's file, v->bytes of them; the caller frees *data.
 * FAULT_NOT_FOUND where it is not here, or a longer one by now.
 */
enum fault store_read_thumbnail(struct store *s, const char *id,
    const struct variant *v, char **data, size_t *len, struct fault_info *info);

/*
 * Take a photo away whatever the claims on it; its addresses answer 404 from
 * then on. Takes the lock. FAULT_NOT_FOUND where it is not here, and the
 * faults of store_lock. Its files are in trash/ then: store_empty_trash.
 */
enum fault store_delete(struct store *s, const char *id,
    struct fault_info *info);

/*
 * Refuse these bytes from now on, and take the photo away where it is here.
 * Twice is once. store_unban: FAULT_NOT_FOUND where it was not banned.
 * store_check_ban: FAULT_BANNED where it is, and where nobody can tell the
 * fault of that; FAULT_NONE.
 */
enum fault store_ban(struct store *s, const char *id, struct fault_info *info);
enum fault store_unban(struct store *s, const char *id,
    struct fault_info *info);
enum fault store_check_ban(const struct store *s, const char *id,
    struct fault_info *info);

/*
 * A process died of this photo; why says how in a few words, as "signal 11 in
 * decode". For whoever sees that: data is the store's directory. 0, or -1 with
 * errno.
 *
 * At STORE_STRIKES_MAX the photo is poison: nothing decodes it any more.
 * store_release forgets all of them; FAULT_NOT_FOUND where there is none.
 */
#define STORE_STRIKES_MAX 2
int store_strike(const char *data, const char *id, const char *why);
bool store_is_poison(const struct store *s, const char *id);
enum fault store_release(struct store *s, const char *id,
    struct fault_info *info);

/*
 * How often and why: a line each, with a tab between time and words. The caller
 * frees *text. FAULT_NOT_FOUND where nothing has died of it.
 */
enum fault store_strikes(const struct store *s, const char *id, char **text,
    unsigned *n, struct fault_info *info);

/* As store_walk, with every photo that something has died of, in no order. */
int store_quarantine_walk(struct store *s,
    int (*each)(void *ctx, const char *id), void *ctx);

/*
 * A planned time in which no photos are taken, in state/offline as JSON. It is
 * over when the wall clock says so, without anybody's help: a clock that is set
 * back to before `from`, or a file that says more than STORE_OFFLINE_MAX
 * seconds, does not keep the service off.
 */
#define STORE_OFFLINE_MIN 60    /* seconds */
#define STORE_OFFLINE_MAX 86400 /* seconds */
#define STORE_REASON_MAX 120    /* bytes */

struct store_offline {
	int64_t from, until;               /* Unix seconds */
	char reason[STORE_REASON_MAX + 1]; /* clean UTF-8; "" none */
	char by[64];                       /* an account; the same */
};

/* Are uploads off at `now` (Unix seconds)? Then *out. */
bool store_is_offline(const struct store *s, int64_t now,
    struct store_offline *out);

/*
 * Switch them off, whatever was before, or on again. It is on the disk then,
 * and counts from the next upload on. 0, or -1 with errno.
 */
int store_go_offline(struct store *s, const struct store_offline *o);
int store_go_online(struct store *s);

/*
 * Unlink what was taken away, until the time is over (monotonic; 0: all of
 * it). Several processes may do so at once. False when the time was over
 * first; what cannot be removed stays. swept as of store_sweep.
 */
bool store_empty_trash(struct store *s, uint64_t until_ns, struct swept *swept);

/* Forget the photos of whose last death it is longer than that; how many. */
unsigned store_quarantine_sweep(struct store *s, int64_t before);

/* Remove sums that a process began to count long ago and left; how many. */
unsigned store_sweep_sums(struct store *s, int64_t now);

/*
 * Bytes of all originals and thumbnails, and the number of photos, counted while
 * they come and go: a thousand additions, however many there are.
 */
int64_t store_usage(const struct store *s);
int64_t store_photos(const struct store *s);

/* The file system that the store is on, as this process may use it. */
struct store_disk {
	uint64_t size; /* bytes, as free */
	uint64_t free;
	uint64_t inodes; /* 0: it counts none */
	uint64_t free_inodes;
};

/* 0, or -1 with errno. */
int store_disk(const struct store *s, struct store_disk *out);

/* The sums of a part of the store. */
struct store_sum {
	int64_t bytes;
	int64_t photos;
};

/*
 * Count one part of the store anew, of STORE_RECOUNT_PARTS: part is any number,
 * and the next one means the next part. Reads the directories of all photos in
 * it, of which there are as many as the store has thousands: a while on a disk
 * that has to look for each. A sum that moves meanwhile is left to the next time.
 * 0, or -1 with errno and the sums as they were.
 */
#define STORE_RECOUNT_PARTS 1024
int store_recount(struct store *s, unsigned part);

/* The same in pieces, for who has other things to do; the zero state is none. */
struct recount {
	bool is_begun;
	unsigned part;
	struct store_sum before; /* what was noted as it began */
	struct store_sum sum;    /* of the photos so far */
	char last[PHOTO_ID_LEN + 1];
};

void store_recount_begin(const struct store *s, unsigned part,
    struct recount *r);

/*
 * Go on, beyond until_ns (monotonic) with no more than one photo; 0: no end.
 * 1 when all is counted; 0 when more is left; -1 with errno, and the sums as
 * they were. r is the zero state again but for 0.
 */
int store_recount_go_on(struct store *s, struct recount *r, uint64_t until_ns);

#endif
