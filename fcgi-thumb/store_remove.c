#include "config.h"

/*
 * The way of a photo out of the store. It is gone with one rename, of its
 * private side into trash/; the public side follows, and both are unlinked
 * when nobody waits for it. A process that dies in between leaves a state from
 * which the next one under the lock can tell that it was to go.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "digest.h"
#include "fdio.h"
#include "metrics.h"
#include "store_admin.h"
#include "store_internal.h"

/* As rename; a trash/ that somebody removed is made anew. */
static int
rename_to_trash(struct store *s, const char *path, const char *to)
{
	if (renameat2(s->root, path, s->root, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != ENOENT ||
	    faccessat(s->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1 ||
	    store_make_dir(s->root, "trash", 0700) == -1)
		return -1;
	return renameat2(s->root, path, s->root, to, RENAME_NOREPLACE);
}

/* One side into trash/. 0 also where there is none; -1 with errno. */
static int
throw_away(struct store *s, const char *side, const char *id)
{
	char path[PATH_BYTES], to[PATH_BYTES];
	char name[STAGING_NAME_LEN + 1];

	if (random_name(name, STAGING_NAME_LEN) == -1)
		return -1;
	store_side_path(path, side, id);
	(void)snprintf(to, sizeof to, "trash/%s", name);
	if (rename_to_trash(s, path, to) == 0)
		return 0;
	/* Not there, whatever else was missing: only then is it gone. */
	return errno == ENOENT &&
		faccessat(s->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
		errno == ENOENT
	    ? 0
	    : -1;
}

/* Whatever was renamed, and also what somebody renamed who could not go on. */
static int
sync_parents(struct store *s, const char *id)
{
	char path[PATH_BYTES];

	store_part_path(path, "photos", store_part_of(id));
	if (fd_sync_dir(s->root, path) == -1)
		return -1;
	store_part_path(path, "public", store_part_of(id));
	return fd_sync_dir(s->root, path);
}

enum fault
store_discard(struct store *s, const char *id, struct fault_info *info)
{
	int64_t bytes;
	bool was_here = store_is_here(s, id);

	/* What cannot be weighed goes all the same; the sum comes right later. */
	if (store_weigh(s->root, id, &bytes) == -1)
		bytes = 0;
	/*
	 * In this order: who dies in between leaves a public side that is to go
	 * as well, and not a photo that is still to be kept. A power cut may
	 * leave either, before anybody was told that it is gone.
	 */
	if (throw_away(s, "photos", id) == -1 ||
	    throw_away(s, "public", id) == -1 || sync_parents(s, id) == -1)
		return fault_errno(info, "trash");
	store_usage_add(s, id, -bytes, was_here ? -1 : 0);
	metrics_own()->removed += was_here;
	return FAULT_NONE;
}

bool
store_is_forsaken(int photo)
{
	int claims = openat(photo, "claims",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool empty = claims != -1 && fd_is_empty(claims);

	fd_close(&claims);
	return empty;
}

enum fault
store_settle(struct store *s, const char *id, struct fault_info *info)
{
	int photo = -1, public = -1;
	bool gone = false;
	enum fault f;

	if ((f = store_open_side(s, "photos", id, &photo, info)) ==
		FAULT_NONE &&
	    (f = store_open_side(s, "public", id, &public, info)) == FAULT_NONE)
		gone = photo == -1 ? public != -1 : store_is_forsaken(photo);
	fd_close(&public);
	fd_close(&photo);
	return gone ? store_discard(s, id, info) : f;
}

enum fault
store_delete(struct store *s, const char *id, struct fault_info *info)
{
	char path[PATH_BYTES];
	int lock = -1;
	enum fault f = store_lock(s, id, 0, &lock, info);

	if (f != FAULT_NONE)
		return f;
	store_side_path(path, "photos", id);
	if (faccessat(s->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		f = store_discard(s, id, info);
	else if ((f = store_settle(s, id, info)) == FAULT_NONE)
		f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
	store_unlock(&lock);
	return f;
}

bool
store_empty_trash(struct store *s, uint64_t until_ns, struct swept *swept)
{
	DIR *dir = fd_list(s->root, "trash");
	const struct dirent *entry;
	bool done = true;

	while (done && dir != NULL && (entry = fd_next(dir)) != NULL) {
		/* What cannot be removed now stays for another time. */
		(void)store_remove_swept(dirfd(dir), entry->d_name, swept);
		done = until_ns == 0 || clock_monotonic_ns() < until_ns;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return done;
}
