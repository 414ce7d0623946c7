#include "config.h"

/* Through the whole store, behind whoever else is at work there. */

#include "thumbctl_walk.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store_admin.h"

/* linux/ioprio.h: of this process, the last of the class "best effort". */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_LAST (2 << 13 | 7)

/* A photo that is being made elsewhere is waited for so often, 2 s each. */
#define BUSY_TRIES 5

static volatile sig_atomic_t is_stopped;

static void
stop(int signo)
{
	(void)signo;
	is_stopped = 1;
}

static void
hear_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction once = { .sa_handler = stop,
		.sa_flags = (int)SA_RESETHAND };

	for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++)
		(void)sigaction(ends[i], &once, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/*
 * Behind everything else that wants the processor or the disk. Neither
 * SCHED_IDLE nor the disk's idle class: it holds a photo's lock while it
 * publishes, and must come to an end of that.
 */
static void
step_back(void)
{
	(void)setpriority(PRIO_PROCESS, 0, 19);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_LAST);
}

void
walk_begin(void)
{
	step_back();
	hear_signals();
}

bool
walk_is_stopped(void)
{
	return is_stopped != 0;
}

/* ---- the walk ---- */

struct walk {
	struct bar *bar;
	struct cursor *cursor;
	uint64_t total, before; /* photos; how many of them are done already */
	int (*each)(void *ctx, const char *id);
	void *ctx;
};

static int
count_one(void *ctx, const char *id)
{
	struct walk *walk = ctx;

	walk->total++;
	walk->before += strcmp(id, walk->cursor->last) <= 0;
	return is_stopped;
}

static int
take_one(void *ctx, const char *id)
{
	struct walk *walk = ctx;
	int rc = is_stopped != 0 ? 1 : walk->each(walk->ctx, id);

	if (rc == 0) {
		bar_steps(walk->bar, 1);
		cursor_step(walk->cursor, id);
	}
	return rc;
}

int
walk_photos(struct store *s, struct bar *bar, struct cursor *cursor,
    int (*each)(void *ctx, const char *id), void *ctx)
{
	struct walk walk = { .bar = bar,
		.cursor = cursor,
		.each = each,
		.ctx = ctx };
	char begin[PHOTO_ID_LEN + 1];
	int rc = store_walk(s, count_one, &walk);

	if (rc != 0)
		return rc;
	cursor_say(cursor);
	bar_start(bar, "photos", walk.total, walk.before, false);
	memcpy(begin, cursor->last, sizeof begin);
	return store_walk_behind(s, begin, take_one, &walk);
}

void
walk_make(struct renderer *r, const char *id, const struct wanted *wanted,
    struct rendered_photo *out)
{
	unsigned tries = 0;

	do
		renderer_make(r, id, wanted, out);
	while (out->fault == FAULT_OVERLOADED && !out->broken &&
	    is_stopped == 0 && ++tries < BUSY_TRIES);
}
