#include "config.h"

/*
 * The store's tree, one lock a photo, a staging directory a process, and the
 * question what is here of a photo. How photos come in is publish.c's. Knows
 * file names and sizes; knows nothing of pictures or requests.
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
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fdio.h"
#include "log.h"

#define STAGING_TRIES 8
#define META_MAX (256 * 1024) /* bytes; 80 variants are under 20 KiB */

/* ---- the tree ---- */

int
store_make_dir(int dirfd, const char *path, mode_t mode)
{
	if (mkdirat(dirfd, path, mode) == -1)
		return errno == EEXIST ? 0 : -1;
	return fchmodat(dirfd, path, mode, 0);
}

/* The 1024 directories of the first two characters of the ids. */
static int
make_fan(int root, const char *side, mode_t mode)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	char path[PATH_BYTES];

	for (unsigned i = 0; i < 1024; i++) {
		(void)snprintf(path, sizeof path, "%s/%c%c", side,
		    base32[i / 32], base32[i % 32]);
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
		{ "staging", 0700 },
		{ "trash", 0700 },
		{ "quarantine", 0700 },
		{ "state", 0700 },
	};
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
	    fd_sync_dir(root, "public") == -1 || fsync(root) == -1)
		goto out;
	rc = 0;
out:
	if (rc == -1)
		(void)snprintf(why, why_size, "data directory %s: %s", data,
		    strerror(errno));
	fd_close(&root);
	if (rc == 0)
		store_sweep(data);
	return rc;
}

/* ---- staging ---- */

/*
 * Remove a staging directory if its owner is gone. The lock is held while
 * removing, so that an owner that has just made the directory sees that it
 * lost it (own_staging) instead of working in nowhere.
 */
static void
sweep_one(int staging, const char *name)
{
	int fd = openat(staging, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    fd_remove_tree(staging, name) == -1)
		log_error("staging/%s: %s", name, strerror(errno));
	fd_close(&fd);
}

void
store_sweep(const char *data)
{
	int root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = -1;
	DIR *dir = NULL;
	struct dirent *entry;

	if (root == -1)
		return;
	fd = openat(root, "staging", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1)
		dir = fdopendir(fd);
	if (dir != NULL) {
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.')
				sweep_one(dirfd(dir), entry->d_name);
		(void)closedir(dir);
	} else {
		fd_close(&fd);
	}
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
	if (s->root == -1 || open_staging(s, data) == -1)
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
	free(s->staging_path);
	free(s);
}

int
store_staging(const struct store *s)
{
	return s->staging;
}

const char *
store_staging_path(const struct store *s)
{
	return s->staging_path;
}

/* ---- locks ---- */

/* Each photo its own byte of state/locks: the first 60 bits of the id. */
static off_t
lock_offset(const char *id)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 12; i++) {
		unsigned digit = id[i] >= 'a' ? (unsigned)(id[i] - 'a')
					      : (unsigned)(id[i] - '2') + 26;

		n = n << 5 | digit;
	}
	return (off_t)n;
}

enum fault
store_lock(struct store *s, const char *id, uint64_t until_ns, int *lock,
    struct fault_info *info)
{
	struct flock range = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = lock_offset(id),
		.l_len = 1,
	};
	uint64_t end = clock_monotonic_ns() + STORE_LOCK_WAIT_MS * NS_PER_MS;
	long pause_ns = 1000 * 1000;
	int fd =
	    openat(s->root, "state/locks", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		return fault_errno(info, "state/locks");
	if (until_ns != 0 && until_ns < end)
		end = until_ns;
	while (fcntl(fd, F_OFD_SETLK, &range) == -1) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
			(void)fault_errno(info, "lock");
			goto fail;
		}
		if (clock_monotonic_ns() >= end) {
			(void)fault_set(info, FAULT_OVERLOADED,
			    "The same photo is in work elsewhere.");
			goto fail;
		}
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause_ns },
		    NULL);
		if (pause_ns < 32 * 1000 * 1000)
			pause_ns *= 2;
	}
	*lock = fd;
	return FAULT_NONE;
fail:
	fd_close(&fd);
	return info->fault;
}

void
store_unlock(int *lock)
{
	fd_close(lock);
}

/* ---- looking ---- */

void
store_side_path(char *out, const char *side, const char *id)
{
	(void)snprintf(out, PATH_BYTES, "%s/%.2s/%s", side, id, id);
}

void
store_original_name(char *out, size_t size, enum format format)
{
	(void)snprintf(out, size, "original.%s", format_spec(format)->ext);
}

static bool
has_size(int dirfd, const char *name, uint64_t bytes, ino_t *ino)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode) || (uint64_t)st.st_size != bytes)
		return false;
	*ino = st.st_ino;
	return true;
}

/* Both names of a variant are there and mean the same whole file. */
static bool
has_variant(int public, const struct variant *v)
{
	char name[VARIANT_FILE_MAX + 1];
	ino_t file, link;

	variant_file(v, name);
	if (!has_size(public, name, v->bytes, &file))
		return false;
	variant_link(v, name);
	return has_size(public, name, v->bytes, &link) && file == link;
}

/* Reduce m to what the present settings mean, in their order. False if one is missing. */
static bool
select_present(struct manifest *m, int public, const struct settings *settings)
{
	struct manifest all = *m;

	m->n = 0;
	for (unsigned p = 0; p < settings->n_presets; p++) {
		const struct preset *preset = &settings->presets[p];

		for (unsigned i = 0; i < preset->n_formats; i++) {
			const struct variant *v =
			    manifest_find(&all, preset, preset->formats[i]);

			if (v == NULL || !has_variant(public, v))
				return false;
			m->variants[m->n++] = *v;
		}
	}
	return true;
}

bool
store_has_original(int photo, enum format format, uint64_t bytes)
{
	char name[32];
	ino_t ino;

	store_original_name(name, sizeof name, format);
	return has_size(photo, name, bytes, &ino);
}

/* Would meta.json be written as it is? Not after a change of prefix or presets. */
static bool
is_fresh(const struct manifest *m, const struct settings *settings,
    const char *text, size_t len)
{
	struct buf now = { 0 };
	bool same;

	manifest_write(m, settings, &now);
	same =
	    !now.failed && now.len == len && memcmp(now.data, text, len) == 0;
	buf_fini(&now);
	return same;
}

/* What the photo's own state can be the reason of; all else is the machine's. */
static bool
is_damage(int error)
{
	return error == ENOENT || error == EFBIG || error == EINVAL ||
	    error == ELOOP;
}

/* Of a photo whose original's directory is there. */
static enum fault
look_inside(int photo, int public, const char *id,
    const struct settings *settings, struct manifest *m,
    enum presence *presence, struct fault_info *info)
{
	char *text = NULL;
	size_t len;

	*presence = PRESENCE_PARTIAL;
	if (fd_read_file(public, "meta.json", META_MAX, &text, &len) == -1)
		return is_damage(errno) ? FAULT_NONE
					: fault_errno(info, "meta.json");
	if (manifest_parse(text, len, m) == 0 && strcmp(m->id, id) == 0 &&
	    store_has_original(photo, m->format, m->bytes) &&
	    select_present(m, public, settings))
		*presence = is_fresh(m, settings, text, len) ? PRESENCE_WHOLE
							     : PRESENCE_STALE;
	free(text);
	return FAULT_NONE;
}

/* A directory of the store; -1 in *fd where there is none. */
static enum fault
open_side(struct store *s, const char *side, const char *id, int *fd,
    struct fault_info *info)
{
	char path[PATH_BYTES];

	store_side_path(path, side, id);
	*fd = openat(s->root, path,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd == -1 && errno != ENOENT)
		return fault_errno(info, side);
	return FAULT_NONE;
}

enum fault
store_look(struct store *s, const char *id, const struct settings *settings,
    struct manifest *out, enum presence *presence, struct fault_info *info)
{
	int photo = -1, public = -1;
	struct manifest m = { 0 };
	enum fault f;

	if ((f = open_side(s, "photos", id, &photo, info)) != FAULT_NONE ||
	    (f = open_side(s, "public", id, &public, info)) != FAULT_NONE)
		goto out;
	if (photo == -1)
		*presence = PRESENCE_NONE;
	else if (public == -1)
		*presence = PRESENCE_PARTIAL;
	else
		f = look_inside(photo, public, id, settings, &m, presence,
		    info);
	if (*presence == PRESENCE_STALE || *presence == PRESENCE_WHOLE)
		*out = m;
out:
	fd_close(&public);
	fd_close(&photo);
	return f;
}
