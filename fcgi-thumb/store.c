#include "config.h"

/*
 * The store's tree, and a staging directory a process. How photos come in is
 * publish.c's, how they go store_remove.c's. Knows file names and sizes; knows
 * nothing of pictures or requests.
 */

#include "store_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "log.h"

#define STAGING_TRIES 8

/* ---- the tree ---- */

int
store_make_dir(int dirfd, const char *path, mode_t mode)
{
	int fd, rc = -1;

	if (mkdirat(dirfd, path, mode) == -1)
		return errno == EEXIST ? 0 : -1;
	/* Whatever the umask is; by no path, as the sandbox wants it. */
	fd = openat(dirfd, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd != -1)
		rc = fchmod(fd, mode);
	fd_close(&fd);
	return rc;
}

/* The 1024 directories of the first two characters of the ids. */
static int
make_fan(int root, const char *side, mode_t mode)
{
	char path[PATH_BYTES];

	for (unsigned part = 0; part < STORE_PARTS; part++) {
		store_part_path(path, side, part);
		if (store_make_dir(root, path, mode) == -1)
			return -1;
	}
	return 0;
}

int
store_prepare(const char *data, char *why, size_t why_size)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = {
		{ "photos", 0700 },
		{ "public", 0755 },
		{ "status", 0755 },
		{ "staging", 0700 },
		{ "trash", 0700 },
		{ "quarantine", 0700 },
		{ "state", 0700 },
		{ "state/banned", 0700 },
		{ "state/expires", 0700 },
	};
	struct usage usage = { 0 };
	int root = -1, rc = -1;

	if (store_make_dir(AT_FDCWD, data, 0755) == -1)
		goto out;
	root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root == -1)
		goto out;
	for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++)
		if (store_make_dir(root, dirs[i].name, dirs[i].mode) == -1)
			goto out;
	if (make_fan(root, "photos", 0700) == -1 ||
	    make_fan(root, "public", 0755) == -1 ||
	    fd_sync_dir(root, "photos") == -1 ||
	    fd_sync_dir(root, "public") == -1 ||
	    fd_sync_dir(root, "state") == -1 || fsync(root) == -1)
		goto out;
	/* Before a worker waits for it: counting a large store takes a while. */
	rc = store_usage_open(root, &usage);
	store_usage_close(&usage);
out:
	if (rc == -1)
		(void)snprintf(why, why_size, "data directory %s: %s", data,
		    strerror(errno));
	fd_close(&root);
	if (rc == 0)
		store_sweep(data, NULL);
	return rc;
}

/* ---- staging ---- */

int
store_remove_swept(int dirfd, const char *name, struct swept *swept)
{
	uint64_t bytes = swept != NULL ? fd_tree_bytes(dirfd, name) : 0;
	int rc = fd_remove_tree(dirfd, name);

	if (swept != NULL && rc == 0) {
		swept->n++;
		swept->bytes += bytes;
	} else if (swept != NULL) {
		swept->failed++;
	}
	return rc;
}

/*
 * Remove a staging directory if its owner is gone. The lock is held while
 * removing, so that an owner that has just made the directory sees that it
 * lost it (own_staging) instead of working in nowhere.
 */
static void
sweep_one(int staging, const char *name, struct swept *swept)
{
	int fd = openat(staging, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    store_remove_swept(staging, name, swept) == -1)
		log_error("staging/%s: %s", name, strerror(errno));
	fd_close(&fd);
}

void
store_sweep(const char *data, struct swept *swept)
{
	int root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = root != -1 ? fd_list(root, "staging") : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		sweep_one(dirfd(dir), entry->d_name, swept);
	if (dir != NULL)
		(void)closedir(dir);
	fd_close(&root);
}

/* One try at a staging directory of our own. 1: a sweep took it, try again. */
static int
own_staging(struct store *s, const char *path)
{
	struct stat st;

	if (store_make_dir(s->root, path, 0700) == -1)
		return errno == ENOENT ? 1 : -1;
	s->staging = openat(s->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->staging == -1)
		return errno == ENOENT ? 1 : -1;
	if (flock(s->staging, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(s->staging, &st) == 0 && st.st_nlink > 0)
		return 0;
	fd_close(&s->staging);
	return 1;
}

static int
open_staging(struct store *s, const char *data)
{
	for (unsigned i = 0; i < STAGING_TRIES; i++) {
		char path[PATH_BYTES];
		int rc;

		if (random_name(s->staging_name, STAGING_NAME_LEN) == -1)
			return -1;
		(void)snprintf(path, sizeof path, "staging/%s",
		    s->staging_name);
		rc = own_staging(s, path);
		if (rc == -1)
			return -1;
		if (rc == 0)
			return asprintf(&s->staging_path, "%s/%s", data,
				   path) == -1
			    ? -1
			    : 0;
	}
	errno = EAGAIN;
	return -1;
}

struct store *
store_open(const char *data, char *why, size_t why_size)
{
	struct store *s = malloc(sizeof *s);

	if (s == NULL)
		goto fail;
	*s = (struct store){ .root = -1, .staging = -1 };
	s->root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root == -1 || store_usage_open(s->root, &s->usage) == -1 ||
	    open_staging(s, data) == -1)
		goto fail;
	return s;
fail:
	(void)snprintf(why, why_size, "data directory %s: %s", data,
	    strerror(errno));
	store_close(s);
	return NULL;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->staging != -1) {
		int staging = openat(s->root, "staging",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		/* Best effort: a later sweep takes what stays. */
		(void)fd_remove_tree(staging, s->staging_name);
		fd_close(&staging);
	}
	fd_close(&s->staging);
	fd_close(&s->root);
	store_usage_close(&s->usage);
	free(s->staging_path);
	free(s);
}

int
store_staging(const struct store *s)
{
	return s->staging;
}

void
store_tidy(struct store *s, const char *keep)
{
	DIR *dir = fd_list(s->staging, ".");
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = fd_next(dir)) != NULL)
		if (strcmp(entry->d_name, keep) != 0 &&
		    unlinkat(s->staging, entry->d_name, 0) == -1)
			(void)fd_remove_tree(s->staging, entry->d_name);
	(void)closedir(dir);
}

const char *
store_staging_path(const struct store *s)
{
	return s->staging_path;
}

/* ---- files ---- */

bool
store_is_here(const struct store *s, const char *id)
{
	char path[PATH_BYTES];

	store_side_path(path, "photos", id);
	return faccessat(s->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Deleted since its directory was opened, it is not here, and no damage. */
enum fault
store_original(struct store *s, const char *id, int *fd,
    struct fault_info *info)
{
	int photo;
	enum fault f = store_open_side(s, "photos", id, &photo, info);

	*fd = -1;
	if (f != FAULT_NONE)
		return f;
	if (photo == -1)
		return fault_set(info, FAULT_NOT_FOUND, "%s", "");
	*fd = store_open_original(photo);
	if (*fd == -1)
		f = errno == ENOENT && !store_is_here(s, id)
		    ? fault_set(info, FAULT_NOT_FOUND, "%s", "")
		    : fault_errno(info, "original");
	fd_close(&photo);
	return f;
}

int
store_put_file(struct store *s, int dirfd, const char *name, const void *data,
    size_t len)
{
	char temp[STAGING_NAME_LEN + 1];
	int error;

	if (random_name(temp, STAGING_NAME_LEN) == -1 ||
	    fd_write_file(s->staging, temp, 0600, data, len) == -1)
		return -1;
	if (renameat(s->staging, temp, dirfd, name) == 0)
		return fsync(dirfd);
	error = errno;
	(void)unlinkat(s->staging, temp, 0);
	errno = error;
	return -1;
}
