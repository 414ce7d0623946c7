#include "config.h"

/*
 * Photos that processes die of: a file each in quarantine/, named by the id,
 * with a line for each death.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

#define QUARANTINE "quarantine"

/* More than any number of strikes needs: a poisoned photo is not tried again. */
#define STRIKES_BYTES_MAX 65536

static void
strikes_path(char *out, const char *id)
{
	(void)snprintf(out, PATH_BYTES, QUARANTINE "/%s", id);
}

/* Only ever longer, so that two masters cannot lose a line of each other. */
static int
append(int dir, const char *id, const char *line, size_t len)
{
	int fd = openat(dir, id,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	int rc = -1;

	if (fd == -1)
		return -1;
	if (fd_write_full(fd, line, len) == 0 && fsync(fd) == 0)
		rc = fsync(dir);
	fd_close(&fd);
	return rc;
}

int
store_strike(const char *data, const char *id, const char *why)
{
	const time_t now = time(NULL);
	char path[PATH_MAX], line[160], when[32] = "";
	struct tm tm;
	int dir, len, rc;

	if (!photo_id_is_valid(id) ||
	    snprintf(path, sizeof path, "%s/" QUARANTINE, data) >=
		(int)sizeof path) {
		errno = EINVAL;
		return -1;
	}
	if (gmtime_r(&now, &tm) != NULL)
		(void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
	len = snprintf(line, sizeof line, "%s\t%.100s\n", when, why);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return -1;
	rc = append(dir, id, line, (size_t)len);
	fd_close(&dir);
	return rc;
}

static unsigned
count_lines(const char *text, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

enum fault
store_strikes(const struct store *s, const char *id, char **text, unsigned *n,
    struct fault_info *info)
{
	char path[PATH_BYTES];
	size_t len;

	strikes_path(path, id);
	if (fd_read_file(s->root, path, STRIKES_BYTES_MAX, text, &len) == -1)
		return errno == ENOENT
		    ? fault_set(info, FAULT_NOT_FOUND, "%s", "")
		    : fault_errno(info, QUARANTINE);
	*n = count_lines(*text, len);
	return FAULT_NONE;
}

bool
store_is_poison(const struct store *s, const char *id)
{
	struct fault_info info;
	char *text = NULL;
	unsigned n = 0;
	/* What cannot be read is not held against the photo. */
	bool is = store_strikes(s, id, &text, &n, &info) == FAULT_NONE &&
	    n >= STORE_STRIKES_MAX;

	free(text);
	return is;
}

int
store_quarantine_walk(struct store *s, int (*each)(void *ctx, const char *id),
    void *ctx)
{
	DIR *dir = fd_list(s->root, QUARANTINE);
	const struct dirent *entry;
	int rc = 0;

	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = fd_next(dir)) != NULL)
		if (photo_id_is_valid(entry->d_name))
			rc = each(ctx, entry->d_name);
	if (rc == 0 && errno != 0)
		rc = -1;
	(void)closedir(dir);
	return rc;
}

enum fault
store_release(struct store *s, const char *id, struct fault_info *info)
{
	char path[PATH_BYTES];

	strikes_path(path, id);
	if (unlinkat(s->root, path, 0) == 0)
		return fd_sync_dir(s->root, QUARANTINE) == 0
		    ? FAULT_NONE
		    : fault_errno(info, QUARANTINE);
	if (errno == ENOENT)
		return fault_set(info, FAULT_NOT_FOUND, "%s", "");
	return fault_errno(info, QUARANTINE);
}

unsigned
store_quarantine_sweep(struct store *s, int64_t before)
{
	DIR *dir = fd_list(s->root, QUARANTINE);
	const struct dirent *entry;
	struct fault_info info;
	struct stat st;
	unsigned n = 0;

	while (dir != NULL && (entry = fd_next(dir)) != NULL)
		if (photo_id_is_valid(entry->d_name) &&
		    fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    (int64_t)st.st_mtim.tv_sec < before)
			n += store_release(s, entry->d_name, &info) ==
			    FAULT_NONE;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}
