#include "config.h"

/*
 * Two locks a photo, bytes of one file: that of its files, and that of whoever
 * makes more of them. Freed at death, and two processes that lock one photo
 * need no file of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "digest.h"
#include "fdio.h"
#include "store_internal.h"

/*
 * Nobody queues for these locks, whoever asks first gets it: short, or one that
 * many want would not be had in STORE_LOCK_WAIT_MS.
 */
#define PAUSE_MAX_NS (4 * 1000 * 1000)

/*
 * Pauses in a row after each of which somebody else still waits for us: after
 * the first another process may just be taking it.
 */
#define WAITING_MAX 2

#define OFFSET_BITS 60 /* of the id, its first ones */
#define PART_BITS 10   /* of these, which say where it is */

/* Beyond every photo's own byte. */
#define RENDER_OFFSET ((off_t)1 << (OFFSET_BITS + 1))

_Static_assert(sizeof(off_t) == 8, "a byte for each photo");
_Static_assert(1 << PART_BITS == STORE_PARTS, "the photos of one lie together");

struct range {
	off_t start;
	off_t bytes;
};

/* As many digits of an id, in the order of base32 and not in that of the parts. */
static off_t
number_of(const char *id, unsigned digits)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < digits; i++) {
		unsigned digit = id[i] >= 'a' ? (unsigned)(id[i] - 'a')
					      : (unsigned)(id[i] - '2') + 26;

		n = n << 5 | digit;
	}
	return (off_t)n;
}

/* Each photo its own byte. */
static off_t
photo_offset(const char *id)
{
	return number_of(id, OFFSET_BITS / 5);
}

/* True where `queue` (-1: none) has something in it afterwards. */
static bool
pause_beside(int queue, long ns)
{
	struct pollfd pfd = { .fd = queue, .events = POLLIN };

	(void)nanosleep(&(struct timespec){ .tv_nsec = ns }, NULL);
	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLIN) != 0;
}

static enum fault
take(struct store *s, struct range range, uint64_t until_ns, int queue,
    int *lock, struct fault_info *info)
{
	struct flock request = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = range.start,
		.l_len = range.bytes,
	};
	uint64_t end = clock_monotonic_ns() + STORE_LOCK_WAIT_MS * NS_PER_MS;
	long pause_ns = 1000 * 1000;
	unsigned waiting = 0;
	int fd =
	    openat(s->root, "state/locks", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		return fault_errno(info, "state/locks");
	if (until_ns != 0 && until_ns < end)
		end = until_ns;
	while (fcntl(fd, F_OFD_SETLK, &request) == -1) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
			(void)fault_errno(info, "lock");
			goto fail;
		}
		if (clock_monotonic_ns() >= end || waiting >= WAITING_MAX) {
			(void)fault_set(info, FAULT_OVERLOADED,
			    "The same photo is in work elsewhere.");
			goto fail;
		}
		waiting = pause_beside(queue, pause_ns) ? waiting + 1 : 0;
		if (pause_ns < PAUSE_MAX_NS)
			pause_ns *= 2;
	}
	*lock = fd;
	return FAULT_NONE;
fail:
	fd_close(&fd);
	return info->fault;
}

enum fault
store_lock(struct store *s, const char *id, uint64_t until_ns, int *lock,
    struct fault_info *info)
{
	struct range range = { photo_offset(id), 1 };

	return take(s, range, until_ns, -1, lock, info);
}

enum fault
store_lock_part(struct store *s, unsigned part, uint64_t until_ns, int *lock,
    struct fault_info *info)
{
	const off_t bytes = (off_t)1 << (OFFSET_BITS - PART_BITS);
	char path[PATH_BYTES];
	struct range range = { .bytes = bytes };

	store_part_path(path, "photos", part);
	range.start = number_of(strrchr(path, '/') + 1, PART_BITS / 5) * bytes;
	return take(s, range, until_ns, -1, lock, info);
}

enum fault
store_lock_render(struct store *s, const char *id, uint64_t until_ns, int queue,
    int *lock, struct fault_info *info)
{
	struct range range = { RENDER_OFFSET + photo_offset(id), 1 };

	return take(s, range, until_ns, queue, lock, info);
}

void
store_unlock(int *lock)
{
	fd_close(lock);
}
