#include "config.h"

/*
 * What is to last, from the first byte on its way to the disk to the last
 * fsync. Knows descriptors only; what they are, and what a failure means, is
 * the caller's to say.
 */

#include "durable.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "fdio.h"

/*
 * Where a kernel or a file system does not do this, fsync does all of it. An
 * error of writing counts: it has been told now, and fsync would not tell it
 * again.
 */
static int
write_out(int fd, unsigned how)
{
	if (sync_file_range(fd, 0, 0, how) == 0 || errno == ENOSYS ||
	    errno == EINVAL || errno == ESPIPE)
		return 0;
	return -1;
}

void
durable_begin(int fd)
{
	(void)write_out(fd, SYNC_FILE_RANGE_WRITE);
}

int
durable_add(struct durable *d, int fd)
{
	if (fd == -1)
		return -1;
	if (d->n == DURABLE_MAX && durable_sync(d) == -1) {
		fd_close(&fd);
		return -1;
	}
	d->fds[d->n++] = fd;
	return write_out(fd, SYNC_FILE_RANGE_WRITE);
}

int
durable_add_dir(struct durable *d, int dirfd, const char *path)
{
	return durable_add(d,
	    openat(dirfd, path,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

int
durable_wait(const struct durable *d)
{
	for (unsigned i = 0; i < d->n; i++)
		if (write_out(d->fds[i],
			SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			    SYNC_FILE_RANGE_WAIT_AFTER) == -1)
			return -1;
	return 0;
}

int
durable_sync(struct durable *d)
{
	int rc = durable_wait(d);

	for (unsigned i = 0; i < d->n && rc == 0; i++)
		rc = fsync(d->fds[i]);
	durable_fini(d);
	return rc;
}

void
durable_fini(struct durable *d)
{
	for (unsigned i = 0; i < d->n; i++)
		fd_close(&d->fds[i]);
	d->n = 0;
}
