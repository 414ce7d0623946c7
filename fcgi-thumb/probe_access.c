#include "config.h"

/* Minutes of nginx's access log, each told once and whole. */

#include "probe_access.h"

#include <stdlib.h>
#include <string.h>

#include "accessline.h"
#include "tail.h"

#define MINUTE_MS 60000
#define MINUTES 64 /* under way at a time */

struct minute {
	struct probe_minute count;
	struct tail_place first; /* its first line */
};

struct probe_access {
	struct tail *tail;
	struct access_reader reader;
	struct minute minutes[MINUTES];
	unsigned n;
	int64_t told;
};

/* ---- open and close ---- */

struct probe_access *
probe_access_open(const char *path, const char *prefix, const char *mark,
    const struct probe_position *from, int64_t now)
{
	const struct tail_place place = { .dev = from->dev,
		.ino = from->ino,
		.offset = from->offset };
	struct probe_access *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->tail = tail_open(path, &place);
	if (access_reader_init(&a->reader, prefix, mark) == -1 ||
	    a->tail == NULL) {
		probe_access_close(a);
		return NULL;
	}
	a->told = from->ino != 0 ? from->told : now - now % MINUTE_MS;
	return a;
}

void
probe_access_close(struct probe_access *a)
{
	if (a == NULL)
		return;
	tail_close(a->tail);
	access_reader_fini(&a->reader);
	free(a);
}

/* ---- lines ---- */

/* The one of that start; NULL: there is none and no room for it. */
static struct minute *
find_minute(struct probe_access *a, int64_t start, const struct tail_place *at)
{
	for (unsigned i = 0; i < a->n; i++)
		if (a->minutes[i].count.start == start)
			return &a->minutes[i];
	if (a->n == MINUTES)
		return NULL;
	a->minutes[a->n] =
	    (struct minute){ .count.start = start, .first = *at };
	return &a->minutes[a->n++];
}

/* False: its minute has no room yet. */
static bool
take_line(void *ctx, const char *text, size_t len, const struct tail_place *at)
{
	struct probe_access *a = ctx;
	struct access_line line;
	struct minute *m;
	int64_t start;

	if (!access_line_read(&a->reader, text, len, &line))
		return true;
	start = line.second - line.second % MINUTE_MS;
	if (start <= a->told)
		return true;
	m = find_minute(a, start, at);
	if (m == NULL)
		return false;
	m->count.total++;
	m->count.errors += line.status >= 500;
	return true;
}

bool
probe_access_read(struct probe_access *a)
{
	return tail_read(a->tail, take_line, a);
}

/* ---- minutes ---- */

bool
probe_access_take(struct probe_access *a, int64_t last,
    struct probe_minute *out)
{
	unsigned oldest = 0;

	for (unsigned i = 1; i < a->n; i++)
		if (a->minutes[i].count.start < a->minutes[oldest].count.start)
			oldest = i;
	if (a->n == 0 || a->minutes[oldest].count.start > last)
		return false;
	*out = a->minutes[oldest].count;
	a->told = out->start;
	memmove(&a->minutes[oldest], &a->minutes[oldest + 1],
	    (a->n - oldest - 1) * sizeof a->minutes[0]);
	a->n--;
	return true;
}

/* The first line of those that are not told yet: they are in this order. */
struct probe_position
probe_access_position(const struct probe_access *a)
{
	struct tail_place at =
	    a->n > 0 ? a->minutes[0].first : tail_here(a->tail);

	return (struct probe_position){ .dev = at.dev,
		.ino = at.ino,
		.offset = at.offset,
		.told = a->told };
}
