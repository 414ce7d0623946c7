#include "config.h"

/*
 * Copies of lines to another place than their own. Responsible for that a copy
 * never costs its original, or the process that makes it, more than a moment.
 */

#include "copy.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "outlet.h"

/* To resolve a name in vain takes seconds. */
#define AGAIN_NS (60 * NS_PER_S)

static struct {
	bool is_open;
	bool is_away;
	uint64_t not_before_ns;
	struct outlet outlet;
} copy;

static bool
send_line(const char *line)
{
	struct outlet *o = &copy.outlet;
	bool sent;

	if (clock_monotonic_ns() < copy.not_before_ns)
		return false;
	sent = outlet_send(o, getpid(), line, strlen(line)) == OUTLET_SENT;
	for (; o->lost > 0; o->lost--)
		log_lose();
	if (!sent && !copy.is_away)
		log_error("log_ledger: %s; its lines are not copied there",
		    o->why);
	if (!sent && o->target.kind == TARGET_HOST)
		copy.not_before_ns = clock_monotonic_ns() + AGAIN_NS;
	copy.is_away = !sent;
	return sent;
}

void
copy_line(const char *target, const char *line)
{
	struct target t;

	if (target_parse(target, &t) != NULL || t.kind < TARGET_JOURNAL)
		return;
	if (!copy.is_open)
		outlet_init(&copy.outlet, &t, "fcgi-thumb-ledger");
	copy.is_open = true;
	if (!send_line(line))
		log_lose();
}
