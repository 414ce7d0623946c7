#include "config.h"

/*
 * How much is in the store, and how much may be. The bytes of all photos and
 * their number are kept in two small shared files that every process adds to as
 * photos come and go; a file that is lost is counted anew. What a crash left
 * uncounted, or a power cut wrote back late, or a version did that knows but
 * one of the files, comes right part by part (store_recount).
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

#include "clock.h"
#include "digest.h"
#include "fdio.h"
#include "store_admin.h"
#include "store_internal.h"

#define SUMS_TRIES 8

#define CHECK_TRIES 10

_Static_assert(STORE_RECOUNT_PARTS == STORE_PARTS, "each by itself");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2,
    "a lock of one process would not bind the others");

/* ---- counting ---- */

static unsigned
count_dots(const char *name)
{
	unsigned n = 0;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

/* Add the files of one side whose names have so many dots; one not there is 0. */
static int
add_side(int root, const char *side, const char *id, unsigned dots,
    int64_t *sum)
{
	char path[PATH_BYTES];
	const struct dirent *entry;
	struct stat st;
	DIR *dir;
	int error;

	store_side_path(path, side, id);
	if ((dir = fd_list(root, path)) == NULL)
		return errno == ENOENT ? 0 : -1;
	while ((entry = fd_next(dir)) != NULL)
		if (count_dots(entry->d_name) == dots &&
		    fstatat(dirfd(dir), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			*sum += st.st_size;
	error = errno;
	(void)closedir(dir);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* original.<ext> has one dot; <preset>.<recipe>.<ext> two, its plain name one. */
int
store_weigh(int root, const char *id, int64_t *bytes)
{
	*bytes = 0;
	return add_side(root, "photos", id, 1, bytes) == 0
	    ? add_side(root, "public", id, 2, bytes)
	    : -1;
}

struct count {
	int root;
	struct store_sum sum;
};

static int
add_photo(void *ctx, const char *id)
{
	struct count *count = ctx;
	int64_t bytes;

	if (store_weigh(count->root, id, &bytes) == -1)
		return -1;
	count->sum.bytes += bytes;
	count->sum.photos++;
	return 0;
}

static int
count_part(int root, unsigned part, struct store_sum *sum)
{
	struct count count = { .root = root };

	if (store_walk_part(root, "photos", part, add_photo, &count) == -1)
		return -1;
	*sum = count.sum;
	return 0;
}

static int
count_bytes(int root, unsigned part, int64_t *bytes)
{
	struct store_sum sum;

	if (count_part(root, part, &sum) == -1)
		return -1;
	*bytes = sum.bytes;
	return 0;
}

static int
add_name(void *ctx, const char *id)
{
	int64_t *photos = ctx;

	(void)id;
	++*photos;
	return 0;
}

/* Without a look at the photos: a million names are read in a second. */
static int
count_names(int root, unsigned part, int64_t *photos)
{
	*photos = 0;
	return store_walk_part(root, "photos", part, add_name, photos);
}

/* ---- the shared sums ---- */

static const struct kind {
	const char *path;
	int (*count)(int root, unsigned part, int64_t *sum);
} usage = { "state/usage", count_bytes },
  photos = { "state/photos", count_names };

/* A new file with the sums of now, unless somebody else makes one meanwhile. */
static int
make_sums(int root, const struct kind *kind)
{
	char name[17], path[PATH_BYTES];
	int64_t sums[STORE_PARTS];
	int rc;

	if (random_name(name, 16) == -1)
		return -1;
	for (unsigned part = 0; part < STORE_PARTS; part++)
		if (kind->count(root, part, &sums[part]) == -1)
			return -1;
	(void)snprintf(path, sizeof path, "%s.%s", kind->path, name);
	if (fd_write_file(root, path, 0600, sums, sizeof sums) == -1)
		return -1;
	rc = linkat(root, path, root, kind->path, 0);
	if (rc == -1 && errno == EEXIST)
		rc = 0;
	(void)unlinkat(root, path, 0);
	return rc;
}

/* 0, or -1 with errno: ENOENT when there is none that could be used. */
static int
map_sums(int root, const struct kind *kind, struct sums **out)
{
	int fd = openat(root, kind->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	void *map = MAP_FAILED;
	struct stat st;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0) {
		if (st.st_size == (off_t)sizeof(struct sums)) {
			map = mmap(NULL, sizeof(struct sums),
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		} else {
			(void)unlinkat(root, kind->path, 0);
			errno = ENOENT;
		}
	}
	fd_close(&fd);
	if (map == MAP_FAILED)
		return -1;
	*out = map;
	return 0;
}

static int
open_sums(int root, const struct kind *kind, struct sums **out)
{
	for (unsigned i = 0; i < SUMS_TRIES; i++) {
		if (map_sums(root, kind, out) == 0)
			return 0;
		if (errno != ENOENT || make_sums(root, kind) == -1)
			return -1;
	}
	return -1;
}

int
store_usage_open(int root, struct usage *out)
{
	*out = (struct usage){ 0 };
	if (open_sums(root, &usage, &out->bytes) == 0 &&
	    open_sums(root, &photos, &out->photos) == 0)
		return 0;
	store_usage_close(out);
	return -1;
}

void
store_usage_close(struct usage *u)
{
	if (u->bytes != NULL)
		(void)munmap(u->bytes, sizeof *u->bytes);
	if (u->photos != NULL)
		(void)munmap(u->photos, sizeof *u->photos);
	*u = (struct usage){ 0 };
}

static int64_t
add_up(const struct sums *sums)
{
	int64_t sum = 0;

	for (unsigned part = 0; part < STORE_PARTS; part++)
		sum += sums->part[part];
	return sum > 0 ? sum : 0;
}

int64_t
store_usage(const struct store *s)
{
	return add_up(s->usage.bytes);
}

int64_t
store_photos(const struct store *s)
{
	return add_up(s->usage.photos);
}

void
store_usage_add(struct store *s, const char *id, int64_t bytes, int more)
{
	unsigned part = store_part_of(id);

	s->usage.bytes->part[part] += bytes;
	if (more != 0)
		s->usage.photos->part[part] += more;
}

static struct store_sum
noted_of(const struct store *s, unsigned part)
{
	return (struct store_sum){ .bytes = s->usage.bytes->part[part],
		.photos = s->usage.photos->part[part] };
}

void
store_recount_begin(const struct store *s, unsigned part, struct recount *r)
{
	*r = (struct recount){ .is_begun = true, .part = part % STORE_PARTS };
	r->before = noted_of(s, r->part);
}

struct recounting {
	struct recount *recount;
	int root;
	uint64_t until_ns;
};

/* The ids come in their order. 1: the time is over. */
static int
recount_photo(void *ctx, const char *id)
{
	const struct recounting *r = ctx;
	int64_t bytes;

	if (strcmp(id, r->recount->last) <= 0)
		return 0;
	if (store_weigh(r->root, id, &bytes) == -1)
		return -1;
	r->recount->sum.bytes += bytes;
	r->recount->sum.photos++;
	memcpy(r->recount->last, id, sizeof r->recount->last);
	return r->until_ns != 0 && clock_monotonic_ns() >= r->until_ns;
}

/*
 * Where a sum has moved meanwhile nobody knows what was counted of that. A photo
 * can be seen before it is in the sum: under the lock it is in it, too. Without
 * the lock the sums stay as they are.
 */
static void
put_right(struct store *s, const struct recount *r, uint64_t until_ns)
{
	int64_t bytes = r->before.bytes, n = r->before.photos;
	struct fault_info info;
	int lock = -1;

	if (store_lock_part(s, r->part, until_ns, &lock, &info) != FAULT_NONE)
		return;
	(void)atomic_compare_exchange_strong(&s->usage.bytes->part[r->part],
	    &bytes, r->sum.bytes);
	(void)atomic_compare_exchange_strong(&s->usage.photos->part[r->part],
	    &n, r->sum.photos);
	store_unlock(&lock);
}

int
store_recount_go_on(struct store *s, struct recount *r, uint64_t until_ns)
{
	struct recounting recounting = { r, s->root, until_ns };
	int rc = store_walk_part(s->root, "photos", r->part, recount_photo,
	    &recounting);

	if (rc == 1)
		return 0;
	if (rc == 0)
		put_right(s, r, until_ns);
	*r = (struct recount){ .is_begun = false };
	return rc == 0 ? 1 : -1;
}

int
store_recount(struct store *s, unsigned part)
{
	struct recount r;

	store_recount_begin(s, part, &r);
	return store_recount_go_on(s, &r, 0) == 1 ? 0 : -1;
}

static bool
is_same(const struct store_sum *a, const struct store_sum *b)
{
	return a->bytes == b->bytes && a->photos == b->photos;
}

/* What the sums say when nobody is about to change them. 1: not to be had now. */
static int
settled_of(struct store *s, unsigned part, struct store_sum *out)
{
	struct fault_info info;
	int lock = -1;
	enum fault f = store_lock_part(s, part, 0, &lock, &info);

	if (f == FAULT_OVERLOADED)
		return 1;
	if (f != FAULT_NONE)
		return -1;
	*out = noted_of(s, part);
	store_unlock(&lock);
	return 0;
}

int
store_check_sum(struct store *s, unsigned part, struct store_sum *counted,
    struct store_sum *noted)
{
	for (unsigned i = 0; i < CHECK_TRIES; i++) {
		struct store_sum before = noted_of(s, part);
		int rc;

		if (count_part(s->root, part, counted) == -1)
			return -1;
		if ((rc = settled_of(s, part, noted)) == -1)
			return -1;
		if (rc == 0 && is_same(&before, noted))
			return 0;
	}
	*noted = noted_of(s, part);
	*counted = *noted;
	return 0;
}

/* ---- the limits ---- */

int
store_disk(const struct store *s, struct store_disk *out)
{
	struct statvfs disk;

	if (fstatvfs(s->root, &disk) == -1)
		return -1;
	*out = (struct store_disk){ .size =
					(uint64_t)disk.f_blocks * disk.f_frsize,
		.free = (uint64_t)disk.f_bavail * disk.f_frsize,
		.inodes = disk.f_files,
		.free_inodes = disk.f_favail };
	return 0;
}

enum fault
store_check_disk(const struct store *s, const struct limits *limits,
    struct fault_info *info)
{
	struct store_disk disk;

	if (store_disk(s, &disk) == -1)
		return fault_errno(info, "statvfs");
	if (disk.inodes > 0 && disk.free_inodes == 0)
		return fault_set(info, FAULT_STORAGE_FULL,
		    "No more files can be made on the disk (inodes).");
	if (disk.free >= limits->free)
		return FAULT_NONE;
	return fault_limit(info, FAULT_STORAGE_FULL, limits->free, disk.free,
	    "%" PRIu64 " bytes are free on the disk; %" PRIu64
	    " have to stay free.",
	    disk.free, limits->free);
}

enum fault
store_check_room(const struct store *s, const struct limits *limits,
    uint64_t bytes, struct fault_info *info)
{
	uint64_t sum;

	if (limits->store == 0)
		return FAULT_NONE;
	sum = (uint64_t)store_usage(s) + bytes;
	if (sum <= limits->store)
		return FAULT_NONE;
	return fault_limit(info, FAULT_STORAGE_FULL, limits->store, sum,
	    "With this photo the store would have %" PRIu64
	    " bytes; at most %" PRIu64 " are kept.",
	    sum, limits->store);
}
