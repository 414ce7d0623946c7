#include "config.h"

/*
 * The ledger's files: names, appending, days that are out of date. Knows
 * nothing of what its lines mean; ledger_line.c says what is in one.
 */

#include "ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fdio.h"
#include "ledger_internal.h"

int64_t
ledger_moment(const struct ledger_entry *entry)
{
	return entry->kind == LEDGER_REQUESTS ? entry->requests.minute
					      : entry->time;
}

int64_t
ledger_day(int64_t moment)
{
	int64_t day = moment / LEDGER_DAY_MS;

	return moment % LEDGER_DAY_MS < 0 ? day - 1 : day;
}

int
ledger_file_name(int64_t moment, char out[LEDGER_NAME_MAX])
{
	time_t seconds = (time_t)(ledger_day(moment) * 86400);
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 2020 - 1900 ||
	    tm.tm_year > 9999 - 1900 ||
	    strftime(out, LEDGER_NAME_MAX, "%Y-%m-%d.jsonl", &tm) == 0) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

int
ledger_day_of_name(const char *name, int64_t *out)
{
	char again[LEDGER_NAME_MAX];
	struct tm tm = { 0 };
	const char *rest = strptime(name, "%Y-%m-%d", &tm);
	int64_t day;

	if (rest == NULL || *rest != '.')
		return -1;
	day = (int64_t)timegm(&tm) / 86400;
	/* strptime forgives "2026-2-31"; a name is as it was written. */
	if (ledger_file_name(day * LEDGER_DAY_MS, again) == -1 ||
	    strncmp(again, name, sizeof "2026-11-28." - 1) != 0)
		return -1;
	*out = day;
	return 0;
}

static int
open_dir(const char *dir)
{
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* ---- append ---- */

static int
open_or_make_dir(const char *dir)
{
	int fd = open_dir(dir);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (mkdir(dir, 0750) == -1 && errno != EEXIST)
		return -1;
	return open_dir(dir);
}

int
ledger_append(const char *dir, const struct ledger_entry *entry, bool sync)
{
	char name[LEDGER_NAME_MAX];
	char *text;
	int dirfd, fd = -1, rc = -1;

	if (ledger_file_name(ledger_moment(entry), name) == -1)
		return -1;
	dirfd = open_or_make_dir(dir);
	if (dirfd == -1)
		return -1;
	text = ledger_text(entry);
	if (text == NULL) {
		errno = ENOMEM;
		goto out;
	}
	fd = openat(dirfd, name,
	    O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
	    0640);
	if (fd == -1)
		goto out;
	rc = fd_append_line(fd, text, sync);
out:
	free(text);
	fd_close(&fd);
	fd_close(&dirfd);
	return rc;
}

/* ---- the days that there are ---- */

static int
compare_days(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int
add_day(struct ledger_days *days, int64_t day)
{
	if (days->n == days->cap) {
		size_t cap = days->cap > 0 ? days->cap * 2 : 512;
		int64_t *list = realloc(days->list, cap * sizeof *list);

		if (list == NULL)
			return -1;
		days->list = list;
		days->cap = cap;
	}
	days->list[days->n++] = day;
	return 0;
}

int
ledger_list_days(int dirfd, struct ledger_days *out)
{
	const struct dirent *entry;
	DIR *dir = fd_list(dirfd, ".");
	int64_t day;
	int rc = 0;

	*out = (struct ledger_days){ 0 };
	if (dir == NULL)
		return -1;
	while (rc == 0 && (entry = fd_next(dir)) != NULL)
		if (ledger_day_of_name(entry->d_name, &day) == 0 &&
		    strcmp(entry->d_name + sizeof "2026-11-28" - 1, ".jsonl") ==
			0)
			rc = add_day(out, day);
	if (rc == 0 && errno != 0)
		rc = -1;
	(void)closedir(dir);
	if (rc == -1) {
		free(out->list);
		*out = (struct ledger_days){ 0 };
		return -1;
	}
	if (out->n > 0)
		qsort(out->list, out->n, sizeof *out->list, compare_days);
	return 0;
}

/* Remove what is of a day before `oldest`. The number of files, or -1. */
static int
remove_older(int dirfd, int64_t oldest)
{
	DIR *list = fd_list(dirfd, ".");
	const struct dirent *entry;
	int removed = 0, error = 0;
	int64_t day;

	if (list == NULL)
		return -1;
	while ((entry = fd_next(list)) != NULL) {
		if (ledger_day_of_name(entry->d_name, &day) == -1 ||
		    day >= oldest)
			continue;
		if (unlinkat(dirfd, entry->d_name, 0) == 0)
			removed++;
		else if (error == 0)
			error = errno;
	}
	if (error == 0)
		error = errno;
	(void)closedir(list);
	errno = error;
	return error == 0 ? removed : -1;
}

int
ledger_prune(const char *dir, unsigned days)
{
	int dirfd = open_dir(dir), rc = -1;
	struct ledger_days all = { 0 };

	if (dirfd == -1)
		return -1;
	if (ledger_list_days(dirfd, &all) == 0)
		rc = all.n >= days ? remove_older(dirfd, all.list[all.n - days])
				   : 0;
	free(all.list);
	fd_close(&dirfd);
	return rc;
}
