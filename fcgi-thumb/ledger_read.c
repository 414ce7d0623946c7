#include "config.h"

/*
 * Reading the ledger: whole days, line by line, in a piece of memory that does
 * not grow. Whoever may write to the directory can put anything there; it is
 * counted and passed over.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "ledger.h"
#include "ledger_internal.h"

#define PIECE_BYTES (64 * 1024)
_Static_assert(PIECE_BYTES > LEDGER_LINE_MAX, "a line fits");

/* One reading, over all its files. */
struct reading {
	int64_t from, until; /* moments */
	bool (*each)(void *ctx, const struct ledger_entry *entry);
	void *ctx;
	struct ledger_skipped *skipped;
	int64_t day; /* of the file in hand */
	bool over;   /* nothing more is wanted */
	bool
	    too_long; /* the line in hand, of which only the end is looked for */
};

static void
take_line(struct reading *r, const char *line, size_t len)
{
	struct ledger_entry entry;
	enum ledger_parsed parsed;
	int64_t moment;

	if (len == 0) /* the end of a line that had been cut */
		return;
	parsed = ledger_parse(line, len, &entry);
	if (parsed == LEDGER_PARSED &&
	    ledger_day(ledger_moment(&entry)) != r->day)
		parsed = LEDGER_FOREIGN;
	if (parsed != LEDGER_PARSED) {
		r->skipped->foreign += parsed == LEDGER_FOREIGN;
		r->skipped->unknown += parsed == LEDGER_UNKNOWN;
		return;
	}
	moment = ledger_moment(&entry);
	if (moment >= r->from && moment < r->until)
		r->over = !r->each(r->ctx, &entry);
}

/*
 * The whole lines of a piece, of which the first bytes are what was left of
 * the one before. How many bytes are done with.
 */
static size_t
take_lines(struct reading *r, const char *piece, size_t len)
{
	const char *at = piece, *end;

	while (!r->over &&
	    (end = memchr(at, '\n', len - (size_t)(at - piece))) != NULL) {
		if (r->too_long || end - at >= LEDGER_LINE_MAX)
			r->skipped->foreign++;
		else
			take_line(r, at, (size_t)(end - at));
		r->too_long = false;
		at = end + 1;
	}
	return (size_t)(at - piece);
}

/* 0, or -1 with errno. */
static int
read_lines(struct reading *r, int fd, char *piece)
{
	size_t kept = 0, got = 1, done;

	r->too_long = false;
	while (!r->over && got > 0) {
		if (fd_read_full(fd, piece + kept, PIECE_BYTES - kept, &got) ==
		    -1)
			return -1;
		done = take_lines(r, piece, kept + got);
		kept = kept + got - done;
		if (kept >= LEDGER_LINE_MAX) {
			r->too_long = true;
			kept = 0;
		}
		(void)memmove(piece, piece + done, kept);
	}
	if (!r->over && (kept > 0 || r->too_long))
		r->skipped->cut++;
	return 0;
}

/* A file that has gone since the directory was listed is none. */
static int
read_file(struct reading *r, int dirfd, int64_t day, char *piece)
{
	char name[LEDGER_NAME_MAX];
	struct stat st;
	int fd, rc = -1;

	if (ledger_file_name(day * LEDGER_DAY_MS, name) == -1)
		return 0;
	/* Not to wait for the other end of what is no file at all. */
	fd =
	    openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	r->day = day;
	if (fstat(fd, &st) == 0) {
		errno = EINVAL;
		if (S_ISREG(st.st_mode))
			rc = read_lines(r, fd, piece);
	}
	fd_close(&fd);
	return rc;
}

static int
read_days(struct reading *r, int dirfd)
{
	struct ledger_days days;
	char *piece = malloc(PIECE_BYTES);
	int rc = piece != NULL ? ledger_list_days(dirfd, &days) : -1;

	if (rc == 0) {
		for (size_t i = 0; rc == 0 && !r->over && i < days.n; i++)
			if (days.list[i] >= ledger_day(r->from) &&
			    days.list[i] <= ledger_day(r->until - 1))
				rc = read_file(r, dirfd, days.list[i], piece);
		free(days.list);
	}
	free(piece);
	return rc;
}

int
ledger_read(const char *dir, int64_t from, int64_t until,
    bool (*each)(void *ctx, const struct ledger_entry *entry), void *ctx,
    struct ledger_skipped *skipped)
{
	struct ledger_skipped unwanted = { 0 };
	struct reading r = { .from = from,
		.until = until,
		.each = each,
		.ctx = ctx,
		.skipped = skipped != NULL ? skipped : &unwanted };
	int dirfd, rc;

	if (from >= until)
		return 0;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == -1)
		return -1;
	rc = read_days(&r, dirfd);
	fd_close(&dirfd);
	return rc;
}

static bool
take_first(void *ctx, const struct ledger_entry *entry)
{
	int64_t *first = ctx;

	/* It says nothing of how the service is, and needs no prober. */
	if (entry->kind == LEDGER_RELEASE)
		return true;
	*first = ledger_moment(entry);
	return false;
}

int
ledger_first(const char *dir, int64_t *out)
{
	int64_t first = INT64_MIN;

	if (ledger_read(dir, INT64_MIN, INT64_MAX, take_first, &first, NULL) ==
	    -1)
		return errno == ENOENT ? 0 : -1;
	if (first == INT64_MIN)
		return 0;
	*out = first;
	return 1;
}
