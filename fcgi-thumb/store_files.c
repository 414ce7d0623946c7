#include "config.h"

/* The files of one photo by their names, for people who want to see them. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

static enum fault
read_side(int dirfd, const char *side,
    void (*each)(void *ctx, const struct store_file *file), void *ctx,
    struct fault_info *info)
{
	DIR *dir = fd_list(dirfd, ".");
	const struct dirent *entry;
	enum fault f = FAULT_NONE;
	struct stat st;

	if (dir == NULL)
		return fault_errno(info, side);
	while ((entry = fd_next(dir)) != NULL)
		if (fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISREG(st.st_mode))
			each(ctx,
			    &(struct store_file){ .side = side,
				.name = entry->d_name,
				.bytes = (uint64_t)st.st_size,
				.modified = st.st_mtim.tv_sec });
	if (errno != 0)
		f = fault_errno(info, side);
	(void)closedir(dir);
	return f;
}

enum fault
store_files(struct store *s, const char *id,
    void (*each)(void *ctx, const struct store_file *file), void *ctx,
    struct fault_info *info)
{
	static const char *const sides[] = { "photos", "public" };
	enum fault f = FAULT_NONE;

	for (unsigned i = 0; f == FAULT_NONE && i < 2; i++) {
		int fd = -1;

		f = store_open_side(s, sides[i], id, &fd, info);
		if (f == FAULT_NONE && fd != -1)
			f = read_side(fd, sides[i], each, ctx, info);
		else if (f == FAULT_NONE && i == 0)
			f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
		fd_close(&fd);
	}
	return f;
}

enum fault
store_read_thumbnail(struct store *s, const char *id, const struct variant *v,
    char **data, size_t *len, struct fault_info *info)
{
	char name[VARIANT_FILE_MAX + 1];
	int public;
	enum fault f = store_open_side(s, "public", id, &public, info);

	if (f != FAULT_NONE)
		return f;
	variant_file(v, name);
	if (public == -1)
		f = fault_set(info, FAULT_NOT_FOUND, "%s", "");
	/* An empty one is read as if it could have any size up to this. */
	else if (fd_read_file(public, name, v->bytes > 0 ? v->bytes : 1, data,
		     len) == -1)
		f = errno == ENOENT || errno == EFBIG
		    ? fault_set(info, FAULT_NOT_FOUND, "%s", "")
		    : fault_errno(info, "thumbnail");
	fd_close(&public);
	return f;
}
