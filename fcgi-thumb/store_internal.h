#ifndef FT_STORE_INTERNAL_H
#define FT_STORE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "format.h"
#include "store.h"

/*
 * What store.c (the tree, locks, looking) and publish.c (drafts, publishing)
 * share; for no one else.
 */

#define STAGING_NAME_LEN 16
#define PATH_BYTES 160 /* "photos/ab/<id>/original.webp" and the like */

struct store {
	int root;    /* the data directory */
	int staging; /* own staging directory; its flock says that we live */
	char *staging_path;
	char staging_name[STAGING_NAME_LEN + 1];
};

/*
 * A directory of exactly this mode whatever the umask is; one that is there
 * stays as it is. 0, or -1 with errno.
 */
int store_make_dir(int dirfd, const char *path, mode_t mode);

/* "photos/ab/<id>" or "public/ab/<id>" into out[PATH_BYTES]. */
void store_side_path(char *out, const char *side, const char *id);

/* "original.jpg" into out[size]. */
void store_original_name(char *out, size_t size, enum format format);

/* Is the original in this directory, with this many bytes? */
bool store_has_original(int photo, enum format format, uint64_t bytes);

#endif
