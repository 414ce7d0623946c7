#include "config.h"

/*
 * Shared pages in which workers say what they do. Responsible for the memory
 * and for the one judgement that is made from it (ready or not); refuses to
 * know what a worker is. Nothing that is read here is trusted further than
 * that: a worker that a photo took over can write anything into its own page.
 */

#include "scoreboard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

/*
 * A worker without a deadline is idle and beats every second, or throws away
 * bytes behind an answer for two: after three it is stopped or stuck.
 */
#define BEAT_MAX_NS (3 * NS_PER_S)

struct scoreboard {
	size_t page;
	char *base;     /* of slot 0 */
	unsigned first; /* of the slots that are still mapped here */
	unsigned end;
};

/* Smaller than the smallest page there is. */
_Static_assert(sizeof(struct slot) <= 4096, "a slot has to fit into a page");

const char *
phase_name(enum phase p)
{
	switch (p) {
	case PHASE_IDLE:
		return "idle";
	case PHASE_QUEUE:
		return "queue";
	case PHASE_RECEIVE:
		return "receive";
	case PHASE_DECODE:
		return "decode";
	case PHASE_RESIZE:
		return "resize";
	case PHASE_ENCODE:
		return "encode";
	case PHASE_PUBLISH:
		return "publish";
	case PHASE_COUNT:
		break;
	}
	return "unknown";
}

struct scoreboard *
scoreboard_new(unsigned n)
{
	struct scoreboard *b;

	b = calloc(1, sizeof *b);
	if (b == NULL)
		return NULL;
	b->end = n;
	b->page = (size_t)sysconf(_SC_PAGESIZE);
	b->base = mmap(NULL, n * b->page, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->base == MAP_FAILED) {
		free(b);
		return NULL;
	}
	return b;
}

static void
unmap(struct scoreboard *b, unsigned first, unsigned end)
{
	if (first < end)
		(void)munmap(b->base + first * b->page,
		    (end - first) * b->page);
}

void
scoreboard_free(struct scoreboard *b)
{
	if (b == NULL)
		return;
	unmap(b, b->first, b->end);
	free(b);
}

struct slot *
scoreboard_slot(struct scoreboard *b, unsigned i)
{
	return (struct slot *)(void *)(b->base + i * b->page);
}

void
scoreboard_keep_only(struct scoreboard *b, unsigned i)
{
	unmap(b, b->first, i);
	unmap(b, i + 1, b->end);
	b->first = i;
	b->end = i + 1;
}

static bool
is_within(uint64_t since_ns, uint64_t limit_ns, uint64_t now_ns)
{
	return since_ns != 0 &&
	    (now_ns < since_ns || now_ns - since_ns <= limit_ns);
}

/*
 * A worker under a deadline is held to it, any other one to its beat, whatever
 * it says that it is doing: nobody is alive for ever without a sign of life.
 */
static bool
is_alive(struct slot *s, uint64_t now_ns)
{
	if (s->pid == 0 || s->beat_ns == 0)
		return false;
	return s->deadline_ns != 0 ||
	    is_within(s->beat_ns, BEAT_MAX_NS, now_ns);
}

bool
scoreboard_is_ready(struct scoreboard *b, unsigned first, unsigned n,
    bool waiting, uint64_t limit_ns, uint64_t now_ns, const char **why)
{
	unsigned alive = 0, moving = 0;

	for (unsigned i = first; i < first + n; i++) {
		struct slot *s = scoreboard_slot(b, i);
		uint64_t deadline = s->deadline_ns;

		if (!is_alive(s, now_ns))
			continue;
		if (deadline != 0 && now_ns > deadline) {
			*why = "a worker is past its deadline";
			return false;
		}
		alive++;
		/*
		 * A beat counts as well: workers beat between requests, and
		 * after a quiet hour the last finished one is an hour old.
		 */
		if (is_within(s->finished_ns, limit_ns, now_ns) ||
		    is_within(s->beat_ns, limit_ns, now_ns))
			moving++;
	}
	if (alive == 0) {
		*why = "no worker is alive";
		return false;
	}
	if (waiting && moving == 0) {
		*why = "photos wait and no worker has finished one lately";
		return false;
	}
	return true;
}

void
scoreboard_count(struct scoreboard *b, unsigned first, unsigned n,
    uint64_t now_ns, struct census *out)
{
	*out = (struct census){ 0 };
	for (unsigned i = first; i < first + n; i++) {
		struct slot *s = scoreboard_slot(b, i);
		unsigned phase = (unsigned)s->phase;
		uint64_t resident = s->resident;

		if (!is_alive(s, now_ns))
			continue;
		out->alive++;
		/* The page is the worker's: anything may stand in it. */
		out->phases[phase < PHASE_COUNT ? phase : PHASE_IDLE]++;
		out->resident += resident;
		if (resident > out->resident_most)
			out->resident_most = resident;
	}
}
