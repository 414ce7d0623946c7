#include "config.h"

/*
 * How far a long command is: a bar on a terminal, else a line now and then, on
 * standard error in both cases.
 */

#include "thumbctl_bar.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define BAR_WIDTH 30
#define BAR_EVERY_NS (100 * NS_PER_MS)
#define LINE_EVERY_NS (10 * NS_PER_S)

/* "12.3 a second, 0:01:05 left": at the pace so far, once there is one. */
static void
write_pace(const struct bar *b, uint64_t now, char *out, size_t size)
{
	double seconds = (double)(now - b->begin_ns) / (double)NS_PER_S;
	double pace = seconds > 0 ? (double)(b->done - b->before) / seconds : 0;
	uint64_t left = b->total > b->done ? b->total - b->done : 0;
	unsigned long long eta =
	    pace > 0 ? (unsigned long long)((double)left / pace) : 0;

	out[0] = '\0';
	if (pace > 0)
		(void)snprintf(out, size,
		    "%.1f a second, %llu:%02llu:%02llu left", pace, eta / 3600,
		    eta / 60 % 60, eta % 60);
}

static void
show(struct bar *b, uint64_t now)
{
	unsigned percent = b->total > 0 && b->done < b->total
	    ? (unsigned)(b->done * 100 / b->total)
	    : 100;
	int filled = (int)(percent * BAR_WIDTH / 100);
	char pace[80];

	b->shown_ns = now;
	write_pace(b, now, pace, sizeof pace);
	if (b->is_terminal)
		(void)fprintf(stderr, "\r[%.*s%*s] %3u %%  %llu/%llu  %s\033[K",
		    filled, "##############################",
		    BAR_WIDTH - filled, "", percent,
		    (unsigned long long)b->done, (unsigned long long)b->total,
		    pace);
	else
		(void)fprintf(stderr, "%llu of %llu %s (%u %%), %s\n",
		    (unsigned long long)b->done, (unsigned long long)b->total,
		    b->what, percent, pace);
	(void)fflush(stderr);
}

void
bar_start(struct bar *b, const char *what, uint64_t total, uint64_t before,
    bool is_quiet)
{
	uint64_t now = clock_monotonic_ns();

	*b = (struct bar){ .is_terminal =
			       !is_quiet && isatty(STDERR_FILENO) == 1,
		.is_quiet = is_quiet,
		.what = what,
		.done = before,
		.total = total,
		.before = before,
		.begin_ns = now,
		.shown_ns = now };
	if (b->is_terminal)
		show(b, now);
}

void
bar_steps(struct bar *b, uint64_t n)
{
	uint64_t now = clock_monotonic_ns();

	b->done += n;
	if (b->is_quiet)
		return;
	/* The last one is shown however quickly it came. */
	if (now - b->shown_ns >=
		(b->is_terminal ? BAR_EVERY_NS : LINE_EVERY_NS) ||
	    (b->is_terminal && b->done == b->total))
		show(b, now);
}

void
bar_clear(const struct bar *b)
{
	if (b->is_terminal)
		(void)fputs("\r\033[K", stderr);
}
