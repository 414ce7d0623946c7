#ifndef FT_STORE_INTERNAL_H
#define FT_STORE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "format.h"
#include "store_admin.h"

/*
 * What the parts of the store share with each other and with those that put
 * files into it, publish.c, claim.c and growth.c; for no one else.
 */

#define STAGING_NAME_LEN 16
#define PATH_BYTES 160 /* "photos/ab/<id>/claims/<64 digits>" and the like */

/* photos/ and public/ are divided by the first two digits of the id. */
#define STORE_PARTS 1024

/*
 * What all processes share of the sums: state/usage and state/photos, mapped.
 * One number for each part, so that each can be counted anew by itself. Two
 * files, since a version that knows only the first one takes it for broken when
 * it has another size.
 */
struct sums {
	_Atomic int64_t part[STORE_PARTS];
};
struct usage {
	struct sums *bytes;
	struct sums *photos;
};

struct store {
	int root;    /* the data directory */
	int staging; /* own staging directory; its flock says that we live */
	char *staging_path;
	char staging_name[STAGING_NAME_LEN + 1];
	struct usage usage;
};

/*
 * A directory of exactly this mode whatever the umask is; one that is there
 * stays as it is. 0, or -1 with errno.
 */
int store_make_dir(int dirfd, const char *path, mode_t mode);

/* As fd_remove_tree, and counted unless swept is NULL. */
int store_remove_swept(int dirfd, const char *name, struct swept *swept);

/*
 * "photos/ab" or "public/ab" into out[PATH_BYTES], in the order of the bytes of
 * the names; and the part of a valid id.
 */
void store_part_path(char *out, const char *side, unsigned part);
unsigned store_part_of(const char *id);

/* "photos/ab/<id>" or "public/ab/<id>" into out[PATH_BYTES]. */
void store_side_path(char *out, const char *side, const char *id);

/* A side of a photo; -1 in *fd where there is none. */
enum fault store_open_side(struct store *s, const char *side, const char *id,
    int *fd, struct fault_info *info);

/* "original.jpg" into out[size]. */
void store_original_name(char *out, size_t size, enum format format);

/* Is there a photo, whatever is left of it? */
bool store_is_here(const struct store *s, const char *id);

/* Is the original in this directory, with this many bytes? */
bool store_has_original(int photo, enum format format, uint64_t bytes);

/* The original of a photo's directory, to read; -1 with errno. */
int store_open_original(int photo);

/* The SHA-256 of the original, DIGEST_HEX_LEN digits: beside it. */
#define STORE_SUM_FILE "sha256"

#define STORE_META_MAX \
	(256 * 1024) /* bytes of meta.json; 80 variants are under 20 KiB */

/*
 * Can a photo's own state be the reason that a file of it could not be read?
 * Of an errno; all others are the machine's.
 */
bool store_is_damage(int error);

/*
 * store_verify.c's look at a public side: photo is right, or what is wrong with
 * it is in e->findings; public is -1 where there is none.
 */
struct examined;
enum fault store_examine_public(int photo, int public,
    const struct settings *settings, struct examined *e,
    struct fault_info *info);

/*
 * Put a small file into a directory that is visible, for good: written in
 * staging, then renamed over what was there. Mode 0600. 0, or -1 with errno.
 */
int store_put_file(struct store *s, int dirfd, const char *name,
    const void *data, size_t len);

/*
 * What is here of a photo in bytes: its original and each thumbnail once; 0
 * where it is not here. 0, or -1 with errno.
 */
int store_weigh(int root, const char *id, int64_t *bytes);

/*
 * Put it into the sums that a photo has so many bytes more, or less; more: 1
 * where it is new, -1 where it is gone, else 0. The caller holds the lock, and
 * has held it since before this could be seen: who counts relies on that.
 */
void store_usage_add(struct store *s, const char *id, int64_t bytes, int more);

/*
 * Map both files; counts the store where there is none. 0, or -1 with errno.
 * store_usage_close takes the zero state too.
 */
int store_usage_open(int root, struct usage *out);
void store_usage_close(struct usage *u);

/*
 * The locks of all photos of one part at once, as store_lock's of one. Whoever
 * has it knows that nobody is between a change and its place in the sums; held
 * for no longer than it takes to look at these.
 */
enum fault store_lock_part(struct store *s, unsigned part, uint64_t until_ns,
    int *lock, struct fault_info *info);

/*
 * What is in one part, and what the sums say of it: the same where that is
 * right, and where it moves all the time. 0, or -1 with errno.
 */
int store_check_sum(struct store *s, unsigned part, struct store_sum *counted,
    struct store_sum *noted);

/* As store_walk, one part of photos/ or public/ below root. */
int store_walk_part(int root, const char *side, unsigned part,
    int (*each)(void *ctx, const char *id), void *ctx);

/*
 * Take a photo away, whatever the claims on it: photos/ into trash/, which is
 * the commit, then public/. The caller holds the lock. One that is not here is
 * no fault.
 */
enum fault store_discard(struct store *s, const char *id,
    struct fault_info *info);

/*
 * No claim is left on the photo of this directory. One that never had claims is
 * meant to stay.
 */
bool store_is_forsaken(int photo);

/*
 * Finish what a process that died has begun to take away: a public side
 * without its photo, a photo whose last claim is gone. The caller holds the
 * lock.
 */
enum fault store_settle(struct store *s, const char *id,
    struct fault_info *info);

#endif
