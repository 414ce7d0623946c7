#include "config.h"

/* A verdict in words, with the numbers that led to it. */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "stress_sight.h"

/* A sentence that grows; what does not fit is cut. */
struct words {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void
say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->at, w->left, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= w->left)
		n = w->left > 0 ? (int)w->left - 1 : 0;
	w->at += n;
	w->left -= (size_t)n;
}

static int
percent(double share)
{
	return (int)lround(100 * share);
}

static double
share_of(unsigned part, unsigned whole)
{
	return whole > 0 ? (double)part / whole : 0;
}

static const char *
plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

/* "14" or "1.4". */
static void
say_rate(struct words *w, double rate)
{
	say(w, rate < 9.95 ? "%.1f photos/s" : "%.0f photos/s", rate);
}

static enum stress_phase
longest_phase(const struct stress_step *s)
{
	enum stress_phase longest = STRESS_RECEIVE;

	for (enum stress_phase p = STRESS_RECEIVE; p < STRESS_PHASES; p++)
		if (s->phase[p] > s->phase[longest])
			longest = p;
	return longest;
}

static double
work_share(const struct sight *s, enum stress_phase phase)
{
	return s->work > 0 ? s->at->phase[phase] / s->work : 0;
}

/* Of the step with the most photos. */
static void
say_clients(struct words *w, const struct sight *s)
{
	const unsigned n = s->run->steps[s->best].clients;

	say(w, " with %u client%s", n, plural(n));
}

/* "2 workers saturate at 14 photos/s with 4 clients" */
static void
say_saturation(struct words *w, const struct sight *s, double most)
{
	if (sight_knows_workers(s))
		say(w, "%u worker%s saturate%s at ", s->run->workers,
		    plural(s->run->workers), s->run->workers == 1 ? "s" : "");
	else
		say(w, "it saturates at ");
	say_rate(w, most);
	say_clients(w, s);
}

/* Not where they are another machine's. */
static void
say_busy(struct words *w, const char *before, const struct sight *s)
{
	if (!s->run->elsewhere)
		say(w, "%sthe processors are %d %% busy", before,
		    percent(s->at->busy));
}

static void
say_foreign(struct words *w, const struct sight *s)
{
	if (s->foreign > SIGHT_FOREIGN)
		say(w, "; other programs use %d %% of the processors",
		    percent(s->foreign));
}

static void
say_cpu(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	const enum stress_phase p = longest_phase(s->at);

	say(w, "CPU: %s %d %%; ", stress_phase_name(p),
	    percent(work_share(s, p)));
	if (s->run->elsewhere)
		say(w,
		    "a photo's work takes %.1f times as long as that of the"
		    " first, ",
		    s->grown);
	else
		say(w, "the processors are %d %% busy, ", percent(s->at->busy));
	say_saturation(w, s, most);
	say_foreign(w, s);
	say(advice, "%sore or faster processors help, more workers do not.",
	    s->foreign > SIGHT_FOREIGN ? "Fewer other programs, and m" : "M");
}

/* The processors there may be what their workers wait for. */
static void
say_workers_elsewhere(struct words *w, struct words *advice,
    const struct sight *s, double most)
{
	const enum stress_phase p = longest_phase(s->at);

	say(w,
	    "Workers: a photo waits %.0f ms for one, %s is %d %% of their work;"
	    " ",
	    s->at->phase[STRESS_QUEUE], stress_phase_name(p),
	    percent(work_share(s, p)));
	say_saturation(w, s, most);
	say(w, "; what the machine there does is not known");
	say(advice,
	    "More workers help where its processors idle, more processors where"
	    " they do not: run the test there to know.");
}

static void
say_workers(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	const unsigned n = s->run->workers;

	if (s->run->elsewhere) {
		say_workers_elsewhere(w, advice, s, most);
		return;
	}
	if (n > 0)
		say(w,
		    "Workers: %.1f of %u %s always at work while the"
		    " processors are %d %% busy; ",
		    fmin(s->occupied, n), n, n == 1 ? "is" : "are",
		    percent(s->at->busy));
	else
		say(w,
		    "Workers: a photo waits %.0f ms for one while the"
		    " processors are %d %% busy; ",
		    s->at->phase[STRESS_QUEUE], percent(s->at->busy));
	say_saturation(w, s, most);
	say_foreign(w, s);
	if (n > 0 && n < s->run->processors)
		say(advice,
		    "More workers help, up to %u, one a processor (workers).",
		    s->run->processors);
	else
		say(advice, "More workers may help (workers).");
}

static void
say_queue(struct words *w, struct words *advice, const struct sight *s)
{
	const struct stress_step *at = sight_short_queue(s->run);
	unsigned refused = at->losses[STRESS_OVERLOADED];

	say(w, "Queue: ");
	if (s->run->queue_length > 0)
		say(w, "of %u place%s; ", s->run->queue_length,
		    plural(s->run->queue_length));
	say(w,
	    "%d %% of uploads are refused with %u client%s, though those"
	    " that are taken have a p95 of %.0f ms; ",
	    percent(share_of(refused, stress_requests(at))), at->clients,
	    plural(at->clients), at->p95);
	say_rate(w, s->at->rate);
	say(w, " are taken");
	say_busy(w, ", ", s);
	say(advice,
	    "A longer queue takes them (limits.queue_length,"
	    " limits.queue_seconds)%s.",
	    sight_is_full(s) ? "; more photos a second need more processors"
			     : "");
}

static void
say_disk(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	const double publish = work_share(s, STRESS_PUBLISH);
	const double receive = work_share(s, STRESS_RECEIVE);

	say(w, "Disk: %s %d %%", publish >= receive ? "publish" : "receive",
	    percent(fmax(publish, receive)));
	say_busy(w, "; ", s);
	if (s->at->disk >= 0 && !s->run->elsewhere)
		say(w, ", the disk %d %%", percent(s->at->disk));
	say(w, "; ");
	say_saturation(w, s, most);
	say_foreign(w, s);
	say(advice,
	    "A faster disk for data helps, more cores do not; more workers"
	    " wait for it together and may help.");
}

static void
say_memory(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	say(w, "Memory: %.0f of %.0f MB are left", (double)s->at->free / 1e6,
	    (double)s->run->memory / 1e6);
	if (s->at->swapped > 0)
		say(w, ", %.0f MB were swapped", (double)s->at->swapped / 1e6);
	say(w, "; ");
	say_saturation(w, s, most);
	say(advice, "More memory helps, or fewer workers (workers).");
}

static void
say_nothing(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	if (!s->saturated) {
		say(w, "Not saturated: at least ");
		say_rate(w, most);
		say_clients(w, s);
		say_busy(w, "; ", s);
		say(advice, "More clients or more time would show the limit.");
		return;
	}
	say(w, "Unknown: ");
	say_saturation(w, s, most);
	say_busy(w, ", ", s);
	say(w, ", and nothing is seen to be used up");
	say_foreign(w, s);
	say(advice, "The logs of the service and of nginx may know more.");
}

static void
say_front(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	say(w,
	    "Before the service: %d %% of a photo's time goes in nginx or on"
	    " the way to it; ",
	    percent(s->at->phase[STRESS_NGINX] / sight_whole(s->at)));
	say_saturation(w, s, most);
	say(advice, "Look at the network, and at the disk of nginx's bodies.");
}

static void
say_rate_limit(struct words *w, struct words *advice, const struct sight *s)
{
	const struct stress_step *at =
	    sight_first_loss(s->run, STRESS_RATE_LIMITED, SIGHT_LOSS);

	say(w,
	    "Rate limit: %d %% of uploads are refused with 429 with %u"
	    " client%s; ",
	    percent(
		share_of(at->losses[STRESS_RATE_LIMITED], stress_requests(at))),
	    at->clients, plural(at->clients));
	say_rate(w, s->at->rate);
	say(w, " are taken");
	say(advice,
	    "One address gets no more (limits.rate, and 32 at once); the"
	    " machine's own addresses are exempt.");
}

static void
say_room(struct words *w, struct words *advice, const struct sight *s)
{
	say(w, "Room: the store or its disk is full (507); ");
	say_rate(w, s->at->rate);
	say(w, " were taken before");
	say(advice, "More room, or limits.store and limits.free.");
}

static void
say_self(struct words *w, struct words *advice, const struct sight *s,
    double most)
{
	say(w,
	    "The test itself: the processors%s are %d %% busy, %d %% by the"
	    " test%s; at least ",
	    s->run->elsewhere ? " here, not there," : "", percent(s->at->busy),
	    percent(s->at->self),
	    s->at->busy < SIGHT_FULL ? ", as much as its one thread can" : "");
	say_rate(w, most);
	say_clients(w, s);
	say(advice, "Run it on another machine%s.",
	    s->run->elsewhere ? ", or on that one" : " (--any-host)");
}

static void
say_faults(struct words *w, struct words *advice, const struct sight *s)
{
	say(w, "Nothing can be said: %d %% of answers were broken or too late",
	    percent(sight_lost(s->run, STRESS_BROKEN) +
		sight_lost(s->run, STRESS_SLOW)));
	say(advice, "The logs say why; thumbctl doctor may, too.");
}

void
sight_tell(const struct sight *s, struct stress_verdict *out)
{
	struct words w = { out->sentence, sizeof out->sentence };
	struct words advice = { out->advice, sizeof out->advice };

	switch (out->limit) {
	case STRESS_BY_NOTHING:
		say_nothing(&w, &advice, s, out->most);
		break;
	case STRESS_BY_CPU:
		say_cpu(&w, &advice, s, out->most);
		break;
	case STRESS_BY_WORKERS:
		say_workers(&w, &advice, s, out->most);
		break;
	case STRESS_BY_QUEUE:
		say_queue(&w, &advice, s);
		break;
	case STRESS_BY_DISK:
		say_disk(&w, &advice, s, out->most);
		break;
	case STRESS_BY_MEMORY:
		say_memory(&w, &advice, s, out->most);
		break;
	case STRESS_BY_RATE:
		say_rate_limit(&w, &advice, s);
		break;
	case STRESS_BY_ROOM:
		say_room(&w, &advice, s);
		break;
	case STRESS_BY_SELF:
		say_self(&w, &advice, s, out->most);
		break;
	case STRESS_BY_FRONT:
		say_front(&w, &advice, s, out->most);
		break;
	case STRESS_BY_FAULTS:
		say_faults(&w, &advice, s);
		break;
	}
	say(&w, ".");
}
