#include "config.h"

/*
 * How much is in the store, and how much may be. The sum of all photos is kept
 * in a small shared file that every process adds to as photos come and go; it
 * is lost with the file and then counted anew. What a crash leaves uncounted
 * is in it again after a recount.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "digest.h"
#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

#define USAGE "state/usage"
#define USAGE_TRIES 8

_Static_assert(sizeof(struct usage) == sizeof(int64_t), "one word");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
    "a lock of one process would not bind the others");

/* ---- counting ---- */

/* Bytes of the files in a directory whose names have `dots` dots. */
static int64_t
weigh_side(int dirfd, unsigned dots)
{
	int64_t sum = 0;
	struct dirent *entry;
	struct stat st;
	DIR *dir = fd_list(dirfd);

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		unsigned n = 0;

		for (const char *c = entry->d_name; *c != '\0'; c++)
			n += *c == '.';
		if (n == dots && entry->d_name[0] != '.' &&
		    fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISREG(st.st_mode))
			sum += st.st_size;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return sum;
}

/* original.<ext> has one dot; <preset>.<recipe>.<ext> two, its plain name one. */
int64_t
store_weigh(int photo, int public)
{
	return (photo == -1 ? 0 : weigh_side(photo, 1)) +
	    (public == -1 ? 0 : weigh_side(public, 2));
}

struct count {
	int root;
	int64_t sum;
};

static int
add_photo(void *ctx, const char *id)
{
	struct count *count = ctx;
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	char path[PATH_BYTES];
	int photo, public;

	store_side_path(path, "photos", id);
	photo = openat(count->root, path, flags);
	store_side_path(path, "public", id);
	public = openat(count->root, path, flags);
	count->sum += store_weigh(photo, public);
	fd_close(&public);
	fd_close(&photo);
	return 0;
}

static int
count_store(int root, int64_t *sum)
{
	struct count count = { .root = root };

	if (store_walk_root(root, add_photo, &count) == -1)
		return -1;
	*sum = count.sum;
	return 0;
}

/* ---- the shared sum ---- */

/* A new file with the sum of now, unless somebody else makes one meanwhile. */
static int
make_usage(int root)
{
	char name[17], path[PATH_BYTES];
	int64_t sum;
	int rc;

	if (random_name(name, 16) == -1 || count_store(root, &sum) == -1)
		return -1;
	(void)snprintf(path, sizeof path, USAGE ".%s", name);
	if (fd_write_file(root, path, 0600, &sum, sizeof sum) == -1)
		return -1;
	rc = linkat(root, path, root, USAGE, 0);
	if (rc == -1 && errno == EEXIST)
		rc = 0;
	(void)unlinkat(root, path, 0);
	return rc;
}

/* 0, or -1 with errno: ENOENT when there is none that could be used. */
static int
map_usage(int root, struct usage **out)
{
	int fd = openat(root, USAGE, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	void *map = MAP_FAILED;
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0) {
		if (st.st_size == (off_t)sizeof(struct usage)) {
			map = mmap(NULL, sizeof(struct usage),
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		} else {
			(void)unlinkat(root, USAGE, 0);
			errno = ENOENT;
		}
	}
	fd_close(&fd);
	if (map == MAP_FAILED)
		return -1;
	*out = map;
	return 0;
}

int
store_usage_open(int root, struct usage **out)
{
	for (unsigned i = 0; i < USAGE_TRIES; i++) {
		if (map_usage(root, out) == 0)
			return 0;
		if (errno != ENOENT || make_usage(root) == -1)
			return -1;
	}
	return -1;
}

void
store_usage_close(struct usage *usage)
{
	if (usage != NULL)
		(void)munmap(usage, sizeof *usage);
}

int64_t
store_usage(const struct store *s)
{
	int64_t sum = s->usage->bytes;

	return sum > 0 ? sum : 0;
}

/* What comes and goes while counting stays in the sum, at most twice. */
int
store_recount(struct store *s)
{
	int64_t before = s->usage->bytes, sum;

	if (count_store(s->root, &sum) == -1)
		return -1;
	s->usage->bytes += sum - before;
	return 0;
}

/* ---- the limits ---- */

enum fault
store_check_disk(const struct store *s, const struct limits *limits,
    struct fault_info *info)
{
	struct statvfs disk;
	uint64_t available;

	if (limits->free == 0)
		return FAULT_NONE;
	if (fstatvfs(s->root, &disk) == -1)
		return fault_errno(info, "statvfs");
	available = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (available >= limits->free)
		return FAULT_NONE;
	return fault_limit(info, FAULT_STORAGE_FULL, limits->free, available,
	    "%" PRIu64 " bytes are free on the disk; %" PRIu64
	    " have to stay free.",
	    available, limits->free);
}

enum fault
store_check_room(const struct store *s, const struct limits *limits,
    uint64_t bytes, struct fault_info *info)
{
	uint64_t sum = (uint64_t)store_usage(s) + bytes;

	if (limits->store == 0 || sum <= limits->store)
		return FAULT_NONE;
	return fault_limit(info, FAULT_STORAGE_FULL, limits->store, sum,
	    "With this photo the store would have %" PRIu64
	    " bytes; at most %" PRIu64 " are kept.",
	    sum, limits->store);
}
