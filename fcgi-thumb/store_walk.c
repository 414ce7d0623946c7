#include "config.h"

/* All photos, one after the other. Takes no lock and keeps none waiting. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

/* The ids of one directory of photos/, in the order of their bytes. */
struct ids {
	char (*names)[PHOTO_ID_LEN + 1];
	size_t n, cap;
};

static int
keep(struct ids *ids, const char *name)
{
	if (ids->n == ids->cap) {
		size_t cap = ids->cap == 0 ? 64 : 2 * ids->cap;
		void *more = realloc(ids->names, cap * sizeof *ids->names);

		if (more == NULL)
			return -1;
		ids->names = more;
		ids->cap = cap;
	}
	memcpy(ids->names[ids->n++], name, PHOTO_ID_LEN + 1);
	return 0;
}

static int
compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
read_ids(int root, const char *path, struct ids *ids)
{
	DIR *dir = fd_list(root, path);
	const struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return errno == ENOENT ? 0 : -1;
	while (rc == 0 && (entry = fd_next(dir)) != NULL)
		if (photo_id_is_valid(entry->d_name))
			rc = keep(ids, entry->d_name);
	if (rc == 0 && errno != 0)
		rc = -1;
	(void)closedir(dir);
	if (ids->n > 0)
		qsort(ids->names, ids->n, sizeof *ids->names, compare_ids);
	return rc;
}

int
store_walk_part(int root, const char *side, unsigned part,
    int (*each)(void *ctx, const char *id), void *ctx)
{
	struct ids ids = { 0 };
	char path[PATH_BYTES];
	int rc;

	store_part_path(path, side, part);
	rc = read_ids(root, path, &ids);
	for (size_t n = 0; n < ids.n && rc == 0; n++)
		rc = each(ctx, ids.names[n]);
	free(ids.names);
	return rc;
}

static int
walk_side(struct store *s, const char *side, unsigned part,
    int (*each)(void *ctx, const char *id), void *ctx)
{
	int rc = 0;

	for (; part < STORE_PARTS && rc == 0; part++)
		rc = store_walk_part(s->root, side, part, each, ctx);
	return rc;
}

int
store_walk(struct store *s, int (*each)(void *ctx, const char *id), void *ctx)
{
	return walk_side(s, "photos", 0, each, ctx);
}

struct behind {
	const char *last;
	int (*each)(void *ctx, const char *id);
	void *ctx;
};

static int
take_behind(void *ctx, const char *id)
{
	const struct behind *behind = ctx;

	return strcmp(id, behind->last) <= 0 ? 0
					     : behind->each(behind->ctx, id);
}

int
store_walk_behind(struct store *s, const char *last,
    int (*each)(void *ctx, const char *id), void *ctx)
{
	struct behind behind = { .last = last, .each = each, .ctx = ctx };

	/* Of no photo: all of them are behind it, or the order tells which. */
	if (!photo_id_is_valid(last))
		return walk_side(s, "photos", 0, take_behind, &behind);
	return walk_side(s, "photos", store_part_of(last), take_behind,
	    &behind);
}

struct orphans {
	struct store *store;
	int (*each)(void *ctx, const char *id);
	void *ctx;
};

static int
take_orphan(void *ctx, const char *id)
{
	const struct orphans *orphans = ctx;

	return store_is_here(orphans->store, id)
	    ? 0
	    : orphans->each(orphans->ctx, id);
}

int
store_walk_orphans(struct store *s, int (*each)(void *ctx, const char *id),
    void *ctx)
{
	struct orphans orphans = { .store = s, .each = each, .ctx = ctx };

	return walk_side(s, "public", 0, take_orphan, &orphans);
}
