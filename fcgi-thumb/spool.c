#include "config.h"

/*
 * Keeps a photo's bytes while they arrive and names them by their hash. Knows
 * nothing of where they come from or what they are. A failed write is a fault
 * of the store's disk.
 */

#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "durable.h"
#include "fdio.h"

enum fault
spool_init(struct spool *s, int dirfd, struct fault_info *info)
{
	*s = (struct spool){ .dirfd = dirfd };
	s->digest = digest_new();
	s->memory = malloc(SPOOL_MEMORY_MAX);
	if (s->digest == NULL || s->memory == NULL) {
		spool_fini(s);
		errno = ENOMEM;
		return fault_errno(info, "spool");
	}
	return FAULT_NONE;
}

/* From memory to a file of the staging directory. */
static enum fault
move_to_file(struct spool *s, struct fault_info *info)
{
	char name[sizeof s->name];

	(void)snprintf(name, sizeof name, "in-");
	if (random_name(name + 3, 16) == -1)
		return fault_errno(info, "spool name");
	s->fd =
	    openat(s->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->fd == -1)
		return fault_errno(info, "spool open");
	s->has_file = true;
	memcpy(s->name, name, sizeof s->name);
	if (fd_write_full(s->fd, s->memory, (size_t)s->len) == -1)
		return fault_errno(info, "spool write");
	free(s->memory);
	s->memory = NULL;
	return FAULT_NONE;
}

enum fault
spool_write(struct spool *s, const void *data, size_t len,
    struct fault_info *info)
{
	enum fault f;

	if (len == 0)
		return FAULT_NONE;
	if (digest_feed(s->digest, data, len) == -1)
		return fault_set(info, FAULT_INTERNAL, "%s", "");
	if (!s->has_file && s->len + len > SPOOL_MEMORY_MAX &&
	    (f = move_to_file(s, info)) != FAULT_NONE)
		return f;
	if (!s->has_file)
		memcpy(s->memory + s->len, data, len);
	else if (fd_write_full(s->fd, data, len) == -1)
		return fault_errno(info, "spool write");
	s->len += len;
	return FAULT_NONE;
}

enum fault
spool_finish(struct spool *s, struct fault_info *info)
{
	if (digest_final(s->digest, s->sha) == -1)
		return fault_set(info, FAULT_INTERNAL, "%s", "");
	digest_free(s->digest);
	s->digest = NULL;
	photo_id_make(s->sha, s->id);
	return FAULT_NONE;
}

void
spool_begin(const struct spool *s)
{
	if (s->has_file)
		durable_begin(s->fd);
}

const void *
spool_bytes(struct spool *s, struct fault_info *info)
{
	void *map;

	if (!s->has_file)
		return s->memory;
	if (s->map != NULL)
		return s->map;
	map = mmap(NULL, (size_t)s->len, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (map == MAP_FAILED) {
		(void)fault_errno(info, "spool map");
		return NULL;
	}
	s->map = map;
	return map;
}

enum fault
spool_move_to(struct spool *s, int dirfd, const char *name, int *fd,
    struct fault_info *info)
{
	if (!s->has_file) {
		*fd =
		    fd_make_file(dirfd, name, 0600, s->memory, (size_t)s->len);
		return *fd != -1 ? FAULT_NONE
				 : fault_errno(info, "original write");
	}
	if (renameat(s->dirfd, s->name, dirfd, name) == -1)
		return fault_errno(info, "original rename");
	s->name[0] = '\0';
	*fd = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);
	return *fd != -1 ? FAULT_NONE : fault_errno(info, "original");
}

void
spool_fini(struct spool *s)
{
	if (s->map != NULL)
		(void)munmap(s->map, (size_t)s->len);
	if (s->name[0] != '\0')
		(void)unlinkat(s->dirfd, s->name, 0);
	if (s->has_file)
		fd_close(&s->fd);
	free(s->memory);
	digest_free(s->digest);
	*s = (struct spool){ 0 };
}
