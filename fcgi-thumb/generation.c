#include "config.h"

/*
 * Settings, processes and queue of one kind together. Responsible for keeping
 * a new worker out of what belongs to others' generations; refuses to know
 * when a generation comes and goes.
 */

#include "generation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blame.h"
#include "clock.h"
#include "fdio.h"
#include "number.h"
#include "store.h"

/*
 * What a photo is taken to cost when the queue is computed. Low on purpose, a
 * phone's photo costs two or three times that: a queue too short refuses what
 * could be served, while one too long costs nothing, since a request that
 * waited over queue_seconds is refused when its turn comes.
 */
#define PHOTO_MS 100
#define BACKLOG_MIN 16

/* The part of its time that a photo worked which is blamed for taking too long. */
#define WORKED_SHARE 4

/* In a new worker: it must not reach other generations' scoreboards. */
static int
run_worker(void *ctx, struct scoreboard *board, unsigned slot)
{
	struct generation *own = ctx;

	for (struct generation *g = *own->all; g != NULL; g = g->next)
		if (g != own) {
			pool_free(g->pool);
			g->pool = NULL;
		}
	return child_run(&own->child, board, slot);
}

/* What a dead worker had in staging is of no use to anybody. */
static void
bury(void *ctx, const struct death *death)
{
	const struct generation *g = ctx;

	blame_photo(g->settings->data, death,
	    g->settings->limits.job_seconds * NS_PER_S / WORKED_SHARE);
	store_sweep(g->settings->data);
}

/* The kernel's own ceiling; 0 where it cannot be read. */
static unsigned
read_somaxconn(void)
{
	unsigned long long value = 0;
	char *text = NULL;
	size_t len;

	if (fd_read_file(AT_FDCWD, "/proc/sys/net/core/somaxconn", 32, &text,
		&len) == 0) {
		text[strcspn(text, "\n")] = '\0';
		if (number_parse(text, 1, INT_MAX, &value) != 0)
			value = 0;
	}
	free(text);
	return (unsigned)value;
}

static void
plan_queue(struct generation *g)
{
	const struct limits *limits = &g->settings->limits;
	unsigned max = read_somaxconn();
	uint64_t backlog = limits->queue_length;

	if (backlog == 0) {
		backlog = (uint64_t)g->settings->workers *
		    limits->queue_seconds * 1000 / PHOTO_MS;
		if (backlog < BACKLOG_MIN)
			backlog = BACKLOG_MIN;
	}
	g->is_cut = max != 0 && backlog > max;
	g->backlog = (int)(g->is_cut ? max : backlog);
}

struct generation *
generation_add(struct generation **all, struct settings *settings,
    struct listeners *listeners)
{
	struct generation *g;

	g = calloc(1, sizeof *g);
	if (g == NULL) {
		settings_free(settings);
		return NULL;
	}
	g->settings = settings;
	g->child = (struct child){ .settings = settings,
		.listeners = listeners,
		.master = getpid() };
	g->pool = pool_new(&(struct pool_spec){ .photos = settings->workers,
	    .run = run_worker,
	    .died = bury,
	    .ctx = g });
	if (g->pool == NULL) {
		generation_free(g);
		return NULL;
	}
	plan_queue(g);
	g->all = all;
	g->next = *all;
	*all = g;
	return g;
}

void
generation_free(struct generation *g)
{
	pool_free(g->pool);
	settings_free(g->settings);
	free(g);
}
