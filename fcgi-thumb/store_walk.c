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
	int fd =
	    openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	int rc = 0;
	DIR *dir;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	dir = fdopendir(fd);
	if (dir == NULL) {
		fd_close(&fd);
		return -1;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (photo_id_is_valid(entry->d_name))
			rc = keep(ids, entry->d_name);
	(void)closedir(dir);
	if (ids->n > 0)
		qsort(ids->names, ids->n, sizeof *ids->names, compare_ids);
	return rc;
}

int
store_walk_root(int root, int (*each)(void *ctx, const char *id), void *ctx)
{
	static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
	struct ids ids = { 0 };
	char path[PATH_BYTES];
	int rc = 0;

	for (unsigned i = 0; i < 1024 && rc == 0; i++) {
		(void)snprintf(path, sizeof path, "photos/%c%c", digits[i / 32],
		    digits[i % 32]);
		ids.n = 0;
		rc = read_ids(root, path, &ids);
		for (size_t n = 0; n < ids.n && rc == 0; n++)
			rc = each(ctx, ids.names[n]);
	}
	free(ids.names);
	return rc;
}

int
store_walk(struct store *s, int (*each)(void *ctx, const char *id), void *ctx)
{
	return store_walk_root(s->root, each, ctx);
}
