#include "config.h"

/*
 * From the ledger's directory to a book: today's lines, and of the days before
 * the summaries, made where they are missing. A summary says which size and
 * time its file had; a file that has another is read again.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fdio.h"
#include "slo.h"
#include "slo_internal.h"

/*
 * A planned day off, the longest that there is, may reach into the first day of
 * a window's calendar.
 */
#define BEFORE_MS (3 * LEDGER_DAY_MS)

#define SUMMARY_MAX (1 << 20) /* bytes; ten times of what is ever written */

struct reading {
	const char *ledger;
	int dirfd;
	struct slo_book *book;
};

static bool
take(void *ctx, const struct ledger_entry *entry)
{
	slo_day_take(ctx, entry);
	return true;
}

/* Which lines: "123456 1795855860123456789", the size and the time. */
#define SOURCE_MAX 48

static bool
find_source(const struct reading *r, int64_t day, char out[SOURCE_MAX])
{
	char name[LEDGER_NAME_MAX];
	struct stat st;

	if (ledger_file_name(day * LEDGER_DAY_MS, name) == -1 ||
	    fstatat(r->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	(void)snprintf(out, SOURCE_MAX, "%jd %jd%09ld", (intmax_t)st.st_size,
	    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	return true;
}

/* "2026-11-28.summary" */
static void
summary_name(int64_t day, char out[2 * LEDGER_NAME_MAX])
{
	char name[LEDGER_NAME_MAX] = "";

	(void)ledger_file_name(day * LEDGER_DAY_MS, name);
	(void)snprintf(out, (size_t)2 * LEDGER_NAME_MAX, "%.*s.summary",
	    (int)strcspn(name, "."), name);
}

static bool
read_summary(const struct reading *r, int64_t day, const char *source,
    struct slo_day *out)
{
	char name[2 * LEDGER_NAME_MAX];
	char *text;
	size_t len;
	bool good;

	summary_name(day, name);
	if (fd_read_file(r->dirfd, name, SUMMARY_MAX, &text, &len) == -1)
		return false;
	good = slo_day_parse(text, len, source, out) == 0;
	free(text);
	return good;
}

/* Without it the next reading takes longer, and that is all. */
static void
write_summary(const struct reading *r, int64_t day, const char *source,
    const struct slo_day *d)
{
	char name[2 * LEDGER_NAME_MAX];
	char *text = slo_day_text(d, source);

	summary_name(day, name);
	if (text != NULL)
		(void)fd_replace_file(r->dirfd, name, 0640, NULL, text,
		    strlen(text));
	free(text);
}

static int
read_lines(const struct reading *r, int64_t day, struct slo_day *out)
{
	return ledger_read(r->ledger, day * LEDGER_DAY_MS,
	    (day + 1) * LEDGER_DAY_MS, take, out, &out->skipped);
}

static int
read_day(const struct reading *r, int64_t day, bool is_over)
{
	char source[SOURCE_MAX];
	struct slo_day *d;

	/* Looked at first: what is appended while we read makes it another. */
	if (!find_source(r, day, source))
		return 0;
	d = slo_book_day(r->book, day * LEDGER_DAY_MS);
	if (d == NULL)
		return -1;
	if (!is_over || !read_summary(r, day, source, d)) {
		if (read_lines(r, day, d) == -1)
			return -1;
		if (is_over)
			write_summary(r, day, source, d);
	}
	r->book->skipped.cut += d->skipped.cut;
	r->book->skipped.foreign += d->skipped.foreign;
	r->book->skipped.unknown += d->skipped.unknown;
	return 0;
}

static int
read_days(const struct reading *r, int64_t today)
{
	const struct slo_book *b = r->book;
	int64_t end = b->begin + (int64_t)b->n;

	for (int64_t day = b->begin; day < end; day++)
		if (read_day(r, day, day < today) == -1)
			return -1;
	return 0;
}

int
slo_read(const char *ledger, int64_t from, int64_t now, struct slo_book *out)
{
	struct reading r = { .ledger = ledger, .dirfd = -1, .book = out };
	int64_t first;
	int found = ledger_first(ledger, &first), rc;

	*out = (struct slo_book){ .now = now, .first = INT64_MAX };
	if (found <= 0)
		return found;
	/* Before the first line there is nothing to read. */
	from = from - BEFORE_MS < first ? first : from - BEFORE_MS;
	if (slo_book_init(out, from, now) == -1)
		return -1;
	out->now = now;
	out->first = first;
	r.dirfd = open(ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r.dirfd == -1)
		return -1;
	rc = read_days(&r, now / LEDGER_DAY_MS);
	fd_close(&r.dirfd);
	return rc == 0 ? slo_book_close(out) : -1;
}
