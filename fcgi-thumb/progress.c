#include "config.h"

/*
 * The stop-watch of a request. Responsible for booking each moment on exactly
 * one phase and for telling slot and watchdog until when the work may go on;
 * refuses to know what the phases do. Nothing here can fail.
 */

#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "watchdog.h"

static void
show_phase(struct progress *p, enum phase phase)
{
	p->phase = phase;
	if (p->slot != NULL)
		p->slot->phase = (int)phase;
}

void
progress_start(struct progress *p, struct slot *slot)
{
	memset(p, 0, sizeof *p);
	p->slot = slot;
	p->since_ns = clock_monotonic_ns();
	show_phase(p, PHASE_IDLE);
	if (slot != NULL)
		slot->photo[0] = '\0';
}

void
progress_enter(struct progress *p, enum phase phase)
{
	uint64_t now = clock_monotonic_ns();

	p->spent_ns[p->phase] += now - p->since_ns;
	p->since_ns = now;
	show_phase(p, phase);
}

static unsigned
rounded_ms(uint64_t ns)
{
	return (unsigned)((ns + NS_PER_MS / 2) / NS_PER_MS);
}

unsigned
progress_ms(const struct progress *p, enum phase phase)
{
	return rounded_ms(p->spent_ns[phase]);
}

void
progress_photo(struct progress *p, const char *id)
{
	if (p->slot != NULL)
		(void)snprintf(p->slot->photo, sizeof p->slot->photo, "%s", id);
}

void
progress_request(struct progress *p, const char *id)
{
	if (p->slot != NULL)
		(void)snprintf(p->slot->request, sizeof p->slot->request, "%s",
		    id);
}

void
progress_share(const struct progress *p, const uint64_t before[PHASE_COUNT],
    unsigned ms[PHASE_COUNT])
{
	for (enum phase i = PHASE_IDLE; i < PHASE_COUNT; i++) {
		bool whole = i == PHASE_QUEUE || i == PHASE_RECEIVE;

		ms[i] = rounded_ms(p->spent_ns[i] - (whole ? 0 : before[i]));
	}
}

void
progress_deadline(struct progress *p, uint64_t deadline_ns)
{
	p->deadline_ns = deadline_ns;
	if (p->slot != NULL) {
		/* Without a deadline its beat counts again: it is fresh now. */
		if (deadline_ns == 0)
			p->slot->beat_ns = clock_monotonic_ns();
		else
			p->slot->worked_ns = clock_processor_ns();
		p->slot->deadline_ns = deadline_ns;
	}
	watchdog_arm(deadline_ns == 0 ? 0 : deadline_ns + WATCHDOG_GRACE_NS);
}

void
progress_allow(struct progress *p, unsigned seconds, uint64_t least)
{
	uint64_t end = clock_monotonic_ns() + seconds * NS_PER_S;

	progress_deadline(p, end > least ? end : least);
}

bool
progress_is_over(const struct progress *p)
{
	return p->deadline_ns != 0 && clock_monotonic_ns() > p->deadline_ns;
}

void
progress_count_decode(struct progress *p)
{
	if (p->slot != NULL)
		p->slot->decodes++;
}
