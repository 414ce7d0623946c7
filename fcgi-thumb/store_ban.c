#include "config.h"

/* Photos that are not taken: one empty file each, named by the id. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

#define BANNED "state/banned"

static void
ban_path(char *out, const char *id)
{
	(void)snprintf(out, PATH_BYTES, BANNED "/%.2s/%s", id, id);
}

static int
sync_parent(const struct store *s, const char *id)
{
	char parent[PATH_BYTES];

	(void)snprintf(parent, sizeof parent, BANNED "/%.2s", id);
	return fd_sync_dir(s->root, parent);
}

enum fault
store_check_ban(const struct store *s, const char *id, struct fault_info *info)
{
	char path[PATH_BYTES];

	ban_path(path, id);
	if (faccessat(s->root, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fault_set(info, FAULT_BANNED, "%s", "");
	return errno == ENOENT ? FAULT_NONE : fault_errno(info, BANNED);
}

/* For good before the photo goes, or it could come back. */
static int
mark(struct store *s, const char *id)
{
	char path[PATH_BYTES], parent[PATH_BYTES];

	(void)snprintf(parent, sizeof parent, BANNED "/%.2s", id);
	ban_path(path, id);
	if (store_make_dir(s->root, BANNED, 0700) == -1 ||
	    store_make_dir(s->root, parent, 0700) == -1)
		return -1;
	if (fd_write_file(s->root, path, 0600, "", 0) == -1 && errno != EEXIST)
		return -1;
	if (sync_parent(s, id) == -1 || fd_sync_dir(s->root, BANNED) == -1)
		return -1;
	return fd_sync_dir(s->root, "state");
}

enum fault
store_ban(struct store *s, const char *id, struct fault_info *info)
{
	int lock = -1;
	enum fault f = store_lock(s, id, 0, &lock, info);

	if (f != FAULT_NONE)
		return f;
	if (mark(s, id) == -1)
		f = fault_errno(info, BANNED);
	else
		f = store_discard(s, id, info);
	store_unlock(&lock);
	return f;
}

enum fault
store_unban(struct store *s, const char *id, struct fault_info *info)
{
	char path[PATH_BYTES];

	ban_path(path, id);
	if (unlinkat(s->root, path, 0) == 0)
		return sync_parent(s, id) == 0 ? FAULT_NONE
					       : fault_errno(info, BANNED);
	if (errno == ENOENT)
		return fault_set(info, FAULT_NOT_FOUND, "%s", "");
	return fault_errno(info, BANNED);
}
