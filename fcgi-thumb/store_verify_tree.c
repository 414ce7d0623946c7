#include "config.h"

/*
 * What lies in the store beside the photos: its directories, names that are
 * none of its own, what processes left behind, bans, strikes and the sum. Files
 * that nobody knows are told and left alone: they can be somebody's.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"
#include "store_verify.h"

/* And a random name: sums that are being counted. */
static const char *const new_sums[] = { "usage.", "photos." };

/* Counting a large store anew takes a while. */
#define NEW_USAGE_S 3600

/* A look at the directories. */
struct tour {
	struct store *store;
	int64_t now;
	struct findings *out;
	/* The one that is gone through. */
	const char *path;
	int dir;
};

/*
 * Call look with every entry of a directory; one that is not there has none. 0,
 * or -1 with errno.
 */
static int
each_entry(struct tour *tour, const char *path,
    void (*look)(const struct tour *tour, const char *name))
{
	DIR *dir = fd_list(tour->store->root, path);
	const struct dirent *entry;
	int error;

	if (dir == NULL && (errno == ENOTDIR || errno == ELOOP)) {
		findings_add(tour->out, DAMAGE_UNKNOWN, "", "%s", path);
		return 0;
	}
	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	tour->path = path;
	tour->dir = dirfd(dir);
	while ((entry = fd_next(dir)) != NULL)
		look(tour, entry->d_name);
	error = errno;
	(void)closedir(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

static void
find_here(const struct tour *tour, enum damage d, const char *id,
    const char *name)
{
	findings_add(tour->out, d, id, "%s/%s", tour->path, name);
}

/* Has the entry been as it is for so long? Not one that is gone. */
static bool
is_older(const struct tour *tour, const char *name, int64_t seconds)
{
	struct stat st;

	return fstatat(tour->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    tour->now - (int64_t)st.st_ctim.tv_sec >= seconds;
}

/* ---- photos/, public/ and state/banned/ ---- */

static bool
is_part_name(const char *name)
{
	return strlen(name) == 2 &&
	    strspn(name, "234567abcdefghijklmnopqrstuvwxyz") == 2;
}

static void
look_at_part_name(const struct tour *tour, const char *name)
{
	if (!is_part_name(name))
		find_here(tour, DAMAGE_UNKNOWN, "", name);
}

static void
look_at_id(const struct tour *tour, const char *name)
{
	const char *part = strrchr(tour->path, '/') + 1;

	if (!photo_id_is_valid(name) || strncmp(name, part, 2) != 0)
		find_here(tour, DAMAGE_UNKNOWN, "", name);
}

static int
look_at_parts(struct tour *tour, const char *side, bool must_be)
{
	char path[PATH_BYTES];
	int rc = each_entry(tour, side, look_at_part_name);

	for (unsigned part = 0; part < STORE_PARTS && rc == 0; part++) {
		store_part_path(path, side, part);
		if (must_be &&
		    faccessat(tour->store->root, path, F_OK, 0) == -1)
			findings_add(tour->out, DAMAGE_MISSING, "", "%s", path);
		rc = each_entry(tour, path, look_at_id);
	}
	return rc;
}

/* ---- what processes left ---- */

/*
 * The lock is only tried where its owner must have it by now: one that has just
 * made its directory would be kept from it.
 */
static void
look_at_staging(const struct tour *tour, const char *name)
{
	int fd = -1;

	if (!is_older(tour, name, STORE_SETTLED_S))
		return;
	fd = openat(tour->dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		find_here(tour, DAMAGE_UNKNOWN, "", name);
	else if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		find_here(tour, DAMAGE_STALE, "", name);
	fd_close(&fd);
}

static void
look_at_trash(const struct tour *tour, const char *name)
{
	if (is_older(tour, name, STORE_SETTLED_S))
		find_here(tour, DAMAGE_STALE, "", name);
}

static void
look_at_strikes(const struct tour *tour, const char *name)
{
	struct fault_info info;
	char *text = NULL;
	unsigned n = 0;

	if (!photo_id_is_valid(name))
		find_here(tour, DAMAGE_UNKNOWN, "", name);
	else if (is_older(tour, name, STORE_SETTLED_S) &&
	    store_strikes(tour->store, name, &text, &n, &info) == FAULT_NONE &&
	    n == 0)
		find_here(tour, DAMAGE_STRIKES, name, name);
	free(text);
}

static bool
is_new_sum(const char *name)
{
	for (size_t i = 0; i < sizeof new_sums / sizeof new_sums[0]; i++)
		if (strncmp(name, new_sums[i], strlen(new_sums[i])) == 0)
			return true;
	return false;
}

static void
look_at_state(const struct tour *tour, const char *name)
{
	static const char *const known[] = { "locks", "usage", "photos",
		"banned", "expires", "growth", "offline" };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(name, known[i]) == 0)
			return;
	if (strncmp(name, STORE_CURSOR, strlen(STORE_CURSOR)) == 0)
		return;
	if (!is_new_sum(name))
		find_here(tour, DAMAGE_UNKNOWN, "", name);
	else if (is_older(tour, name, NEW_USAGE_S))
		find_here(tour, DAMAGE_STALE, "", name);
}

enum fault
store_examine_tree(struct store *s, int64_t now, struct findings *out,
    struct fault_info *info)
{
	struct tour tour = { .store = s, .now = now, .out = out };

	if (look_at_parts(&tour, "photos", true) == -1 ||
	    look_at_parts(&tour, "public", true) == -1 ||
	    look_at_parts(&tour, "state/banned", false) == -1 ||
	    each_entry(&tour, "staging", look_at_staging) == -1 ||
	    each_entry(&tour, "trash", look_at_trash) == -1 ||
	    each_entry(&tour, "quarantine", look_at_strikes) == -1 ||
	    each_entry(&tour, "state", look_at_state) == -1)
		return fault_errno(info, "the store");
	return FAULT_NONE;
}

enum fault
store_examine_sums(struct store *s, struct findings *out,
    struct fault_info *info)
{
	for (unsigned part = 0; part < STORE_PARTS; part++) {
		char path[PATH_BYTES];
		struct store_sum counted, noted;

		store_part_path(path, "photos", part);
		if (store_check_sum(s, part, &counted, &noted) == -1)
			return fault_errno(info, path);
		if (counted.bytes != noted.bytes)
			findings_add(out, DAMAGE_USAGE, "",
			    "%s: %" PRId64 " bytes, noted as %" PRId64, path,
			    counted.bytes, noted.bytes);
		if (counted.photos != noted.photos)
			findings_add(out, DAMAGE_USAGE, "",
			    "%s: %" PRId64 " photos, noted as %" PRId64, path,
			    counted.photos, noted.photos);
	}
	return FAULT_NONE;
}

/* ---- mending ---- */

static void
recount_all(struct store *s)
{
	for (unsigned part = 0; part < STORE_PARTS; part++)
		(void)store_recount(s, part);
}

/* Of what is in staging/ and trash/ others know better how it goes. */
static unsigned
unlink_new_sums(struct store *s, const struct findings *findings)
{
	unsigned n = 0;

	for (size_t i = 0; i < findings->n; i++)
		if (findings->list[i].damage == DAMAGE_STALE &&
		    strncmp(findings->list[i].what, "state/",
			strlen("state/")) == 0)
			n += unlinkat(s->root, findings->list[i].what, 0) == 0;
	return n;
}

unsigned
store_sweep_sums(struct store *s, int64_t now)
{
	struct findings found = { 0 };
	struct tour tour = { .store = s, .now = now, .out = &found };
	unsigned n;

	(void)each_entry(&tour, "state", look_at_state);
	n = unlink_new_sums(s, &found);
	findings_fini(&found);
	return n;
}

void
store_mend_tree(struct store *s, const char *data,
    const struct findings *findings)
{
	struct fault_info info;
	char why[256];

	if (findings_have_any(findings, DAMAGE_MISSING))
		(void)store_prepare(data, why, sizeof why);
	if (findings_have_any(findings, DAMAGE_STALE)) {
		store_sweep(data, NULL);
		(void)store_empty_trash(s, 0, NULL);
		(void)unlink_new_sums(s, findings);
	}
	for (size_t i = 0; i < findings->n; i++)
		if (findings->list[i].damage == DAMAGE_STRIKES)
			(void)store_release(s, findings->list[i].id, &info);
	if (findings_have_any(findings, DAMAGE_USAGE))
		recount_all(s);
}
