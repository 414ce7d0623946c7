#include "config.h"

/* What every reader of a stress test needs to know of its numbers. */

#include "stress.h"

static const char *const phase_names[STRESS_PHASES] = {
	[STRESS_NGINX] = "nginx",
	[STRESS_QUEUE] = "queue",
	[STRESS_RECEIVE] = "receive",
	[STRESS_DECODE] = "decode",
	[STRESS_RESIZE] = "resize",
	[STRESS_ENCODE] = "encode",
	[STRESS_PUBLISH] = "publish",
};

const char *
stress_phase_name(enum stress_phase phase)
{
	return phase_names[phase];
}

unsigned
stress_lost(const struct stress_step *step)
{
	unsigned n = 0;

	for (unsigned i = 0; i < STRESS_LOSSES; i++)
		n += step->losses[i];
	return n;
}

unsigned
stress_requests(const struct stress_step *step)
{
	return step->photos + stress_lost(step);
}
