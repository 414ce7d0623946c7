#include "config.h"

/*
 * Settings, processes and queue of one kind together. Responsible for keeping
 * a new worker out of what belongs to others' generations; refuses to know
 * when a generation comes and goes.
 */

#include "generation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admission.h"
#include "blame.h"
#include "clock.h"
#include "store.h"

static const char log_name[] = "fcgi-thumb.log";

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
	store_sweep(g->settings->data, NULL);
}

static struct logger *
make_logger(const struct settings *s)
{
	char *file =
	    s->logs[0] != '\0' ? settings_path(s->logs, log_name) : strdup("");
	struct logger *l = NULL;

	if (file != NULL)
		l = logger_new(s->log_service, file);
	free(file);
	return l;
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
	g->logger = make_logger(settings);
	g->child = (struct child){ .settings = settings,
		.listeners = listeners,
		.logger = g->logger,
		.master = getpid() };
	g->pool = pool_new(&(struct pool_spec){ .photos = settings->workers,
	    .run = run_worker,
	    .died = bury,
	    .ctx = g });
	if (g->logger == NULL || g->pool == NULL) {
		generation_free(g);
		return NULL;
	}
	g->backlog = (int)admission_queue_length(settings, &g->is_cut);
	g->all = all;
	g->next = *all;
	*all = g;
	return g;
}

void
generation_free(struct generation *g)
{
	pool_free(g->pool);
	logger_free(g->logger);
	settings_free(g->settings);
	free(g);
}
