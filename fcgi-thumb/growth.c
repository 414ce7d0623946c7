#include "config.h"

/*
 * The store's size over the weeks, as a small text that is replaced as a whole
 * each hour: a crash leaves the old one or the new one. Of two masters that
 * write at once one line is lost, which changes no forecast.
 */

#include "growth.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "buf.h"
#include "fdio.h"
#include "number.h"
#include "store_admin.h"
#include "store_internal.h"

#define STATE "state"
#define FILE_NAME "growth"
#define FILE_PATH STATE "/" FILE_NAME

/*
 * By their number and not by their age: a clock that was years ahead for an
 * hour would cost all of them.
 */
#define POINTS_MAX ((size_t)GROWTH_DAYS * 24)
#define LINE_MAX_BYTES 112 /* five numbers of 20 digits and what is between */
#define FILE_MAX_BYTES (2 * POINTS_MAX * LINE_MAX_BYTES)

/* Beats do not come on the second. */
#define EVERY_MIN (GROWTH_EVERY - 60)

#define DAY 86400
#define WINDOW (7 * DAY)
#define HORIZON (UINT64_C(3653) * DAY) /* nobody plans further than ten years */

#define WINDOW_POINTS_MIN 6
#define WINDOW_POINTS_MAX 200 /* more of them tell no more: 20,000 pairs */

/* ---- the file ---- */

/* Five numbers; "-" is an inode count that there is none of. */
static int
parse_line(char *line, struct growth_point *out)
{
	unsigned long long numbers[5] = { 0 };
	unsigned n = 0;

	for (char *word; (word = strsep(&line, "\t")) != NULL; n++) {
		if (n == 5)
			return -1;
		if (n == 4 && strcmp(word, "-") == 0)
			numbers[n] = GROWTH_NOT_COUNTED;
		else if (number_parse(word, 0, INT64_MAX, &numbers[n]) == -1)
			return -1;
	}
	*out = (struct growth_point){ .time = (int64_t)numbers[0],
		.bytes = numbers[1],
		.photos = numbers[2],
		.free = numbers[3],
		.inodes = numbers[4] };
	return n == 5 ? 0 : -1;
}

static int
compare_times(const void *a, const void *b)
{
	const struct growth_point *p = a, *q = b;

	return (p->time > q->time) - (p->time < q->time);
}

/* In the order of their times, one of each time. */
static void
put_in_order(struct growth *g)
{
	size_t n = 0;

	if (g->n > 0)
		qsort(g->points, g->n, sizeof *g->points, compare_times);
	for (size_t i = 0; i < g->n; i++)
		if (n == 0 || g->points[n - 1].time != g->points[i].time)
			g->points[n++] = g->points[i];
	g->n = n;
}

static size_t
count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		n++;
	}
	return n;
}

static int
parse_text(char *text, struct growth *out)
{
	struct growth_point *points =
	    calloc(count_lines(text), sizeof *out->points);
	size_t n = 0;

	if (points == NULL)
		return -1;
	for (char *line; (line = strsep(&text, "\n")) != NULL;)
		n += parse_line(line, &points[n]) == 0;
	out->points = points;
	out->n = n;
	put_in_order(out);
	return 0;
}

static int
read_points(int root, struct growth *out)
{
	char *text = NULL;
	size_t len;
	int rc = -1;

	*out = (struct growth){ .n = 0 };
	if (fd_read_file(root, FILE_PATH, FILE_MAX_BYTES, &text, &len) == 0)
		rc = parse_text(text, out);
	else if (errno == ENOENT)
		rc = 0;
	free(text);
	return rc;
}

int
growth_read(const char *data, struct growth *out)
{
	int root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = -1;

	*out = (struct growth){ .n = 0 };
	if (root != -1)
		rc = read_points(root, out);
	fd_close(&root);
	return rc;
}

void
growth_fini(struct growth *g)
{
	free(g->points);
	*g = (struct growth){ .n = 0 };
}

bool
growth_is_due(const struct store *s, int64_t now)
{
	struct stat st;
	int64_t written;

	if (fstatat(s->root, FILE_PATH, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT;
	written = (int64_t)st.st_mtim.tv_sec;
	return written > now || now - written >= EVERY_MIN;
}

static int
measure(const struct store *s, struct growth_point *out)
{
	struct statvfs disk;

	if (fstatvfs(s->root, &disk) == -1)
		return -1;
	out->bytes = (uint64_t)store_usage(s);
	out->photos = (uint64_t)store_photos(s);
	out->free = (uint64_t)disk.f_bavail * disk.f_frsize;
	out->inodes = disk.f_files > 0 ? disk.f_favail : GROWTH_NOT_COUNTED;
	return 0;
}

static void
print_point(struct buf *out, const struct growth_point *p)
{
	buf_printf(out, "%" PRId64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64,
	    p->time, p->bytes, p->photos, p->free);
	if (p->inodes == GROWTH_NOT_COUNTED)
		buf_puts(out, "\t-\n");
	else
		buf_printf(out, "\t%" PRIu64 "\n", p->inodes);
}

/* What is kept of the old ones, and the new one. */
static void
print_points(struct buf *out, const struct growth *old,
    const struct growth_point *point)
{
	size_t end = old->n, begin;

	while (end > 0 && old->points[end - 1].time >= point->time)
		end--;
	begin = end > POINTS_MAX - 1 ? end - (POINTS_MAX - 1) : 0;
	for (size_t i = begin; i < end; i++)
		print_point(out, &old->points[i]);
	print_point(out, point);
}

/* A file that nobody can use is replaced; one that the disk does not give is not. */
static int
read_old(int root, struct growth *out)
{
	if (read_points(root, out) == 0)
		return 0;
	return errno == EFBIG || errno == EINVAL || errno == ELOOP ? 0 : -1;
}

int
growth_note(struct store *s, int64_t now)
{
	struct growth_point point = { .time = now };
	struct growth old = { .n = 0 };
	struct buf text = { 0 };
	int state = -1, rc = -1;

	if (measure(s, &point) == -1 || read_old(s->root, &old) == -1)
		goto out;
	print_points(&text, &old, &point);
	if (text.failed)
		goto out;
	state = openat(s->root, STATE,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state != -1)
		rc = store_put_file(s, state, FILE_NAME, text.data, text.len);
out:
	fd_close(&state);
	buf_fini(&text);
	growth_fini(&old);
	return rc;
}

/* ---- the forecast ---- */

/* One number of each point of the window, and what is left of it at its end. */
struct trend {
	double rates[WINDOW_POINTS_MAX * (WINDOW_POINTS_MAX - 1) / 2];
	size_t n;
};

/* What is left until the end in question; the same sign for all three. */
static double
left_of(const struct growth_point *p, enum growth_end end,
    const struct limits *limits)
{
	switch (end) {
	case GROWTH_END_FREE:
		return (double)p->free - (double)limits->free;
	case GROWTH_END_STORE:
		return (double)limits->store - (double)p->bytes;
	case GROWTH_END_INODES:
		return (double)p->inodes;
	}
	return 0;
}

static bool
has_end(const struct growth_point *points, size_t n, enum growth_end end,
    const struct limits *limits)
{
	if (end == GROWTH_END_STORE)
		return limits->store > 0;
	for (size_t i = 0; i < n && end == GROWTH_END_INODES; i++)
		if (points[i].inodes == GROWTH_NOT_COUNTED)
			return false;
	return true;
}

static int
compare_doubles(const void *a, const void *b)
{
	const double *p = a, *q = b;

	return (*p > *q) - (*p < *q);
}

/* Theil and Sen: the median of the rates of all pairs, a second. */
static double
rate_of(const struct growth_point *points, size_t n, enum growth_end end,
    const struct limits *limits, struct trend *t)
{
	t->n = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			t->rates[t->n++] =
			    (left_of(&points[i], end, limits) -
				left_of(&points[j], end, limits)) /
			    (double)(points[j].time - points[i].time);
	qsort(t->rates, t->n, sizeof t->rates[0], compare_doubles);
	return (t->rates[(t->n - 1) / 2] + t->rates[t->n / 2]) / 2;
}

/* One end more: it counts when it comes sooner than what was found. */
static void
try_end(const struct growth_point *points, size_t n, enum growth_end end,
    const struct limits *limits, int64_t now, struct trend *t,
    struct forecast *out)
{
	const struct growth_point *last = &points[n - 1];
	double left = left_of(last, end, limits), seconds = 0;

	if (left > 0) {
		double rate = rate_of(points, n, end, limits, t);

		if (rate <= 0)
			return;
		out->is_growing = true;
		seconds = left / rate - (double)(now - last->time);
		if (seconds > (double)HORIZON)
			return;
		if (seconds < 0)
			seconds = 0;
	}
	if (out->course == GROWTH_FULL && out->seconds <= (uint64_t)seconds)
		return;
	out->course = GROWTH_FULL;
	out->seconds = (uint64_t)seconds;
	out->end = end;
}

/* The last week's, not all of too many; how many. */
static size_t
take_window(const struct growth *g, int64_t now,
    struct growth_point out[WINDOW_POINTS_MAX])
{
	size_t begin = 0, end = g->n, step, n = 0;

	while (end > 0 && g->points[end - 1].time > now)
		end--;
	while (begin < end && g->points[begin].time < now - WINDOW)
		begin++;
	step = (end - begin) / WINDOW_POINTS_MAX + 1;
	/* Backwards, so that the last one is always among them. */
	for (size_t i = end;
	     i > begin && n<WINDOW_POINTS_MAX; i = i - begin> step ? i - step
								   : begin)
		out[n++] = g->points[i - 1];
	for (size_t i = 0; i < n / 2; i++) {
		struct growth_point p = out[i];

		out[i] = out[n - 1 - i];
		out[n - 1 - i] = p;
	}
	return n;
}

void
growth_forecast(const struct growth *g, const struct limits *limits,
    int64_t now, struct forecast *out)
{
	static const enum growth_end ends[] = { GROWTH_END_FREE,
		GROWTH_END_STORE, GROWTH_END_INODES };
	struct growth_point points[WINDOW_POINTS_MAX];
	size_t n = take_window(g, now, points);
	struct trend *t = malloc(sizeof *t);

	*out = (struct forecast){ .course = GROWTH_UNKNOWN };
	if (n > 0)
		out->history = (uint64_t)(points[n - 1].time - points[0].time);
	if (t != NULL && n >= WINDOW_POINTS_MIN &&
	    out->history >= GROWTH_HISTORY_MIN) {
		out->course = GROWTH_STEADY;
		for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
			if (has_end(points, n, ends[i], limits))
				try_end(points, n, ends[i], limits, now, t,
				    out);
	}
	free(t);
}

static void
print_when(uint64_t seconds, char *out, size_t size)
{
	uint64_t hours = seconds / 3600;

	if (hours >= 48)
		(void)snprintf(out, size, "in %" PRIu64 " days", hours / 24);
	else if (hours >= 1)
		(void)snprintf(out, size, "in %" PRIu64 " hour%s", hours,
		    hours == 1 ? "" : "s");
	else
		(void)snprintf(out, size, "within the hour");
}

void
growth_words(const struct forecast *f, char out[GROWTH_WORDS_MAX])
{
	static const char *const ends[] = { [GROWTH_END_FREE] = "limits.free",
		[GROWTH_END_STORE] = "limits.store",
		[GROWTH_END_INODES] = "inodes" };
	char when[40];

	if (f->course == GROWTH_UNKNOWN) {
		(void)snprintf(out, GROWTH_WORDS_MAX,
		    "not enough history for a forecast (%" PRIu64
		    " of %d hours)",
		    f->history / 3600, GROWTH_HISTORY_MIN / 3600);
	} else if (f->course == GROWTH_STEADY) {
		(void)snprintf(out, GROWTH_WORDS_MAX, "%s",
		    f->is_growing
			? "not full within ten years at this week's rate"
			: "not growing");
	} else if (f->seconds == 0) {
		(void)snprintf(out, GROWTH_WORDS_MAX, "full (%s)",
		    ends[f->end]);
	} else {
		print_when(f->seconds, when, sizeof when);
		(void)snprintf(out, GROWTH_WORDS_MAX,
		    "full %s at this week's rate (%s)", when, ends[f->end]);
	}
}
