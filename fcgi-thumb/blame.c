#include "config.h"

/*
 * The judgement on a photo whose process died. Responsible for that no photo is
 * blamed for what somebody else did; refuses to know who started the process.
 */

#include "blame.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "store_admin.h"
#include "watchdog.h"

void
death_describe(struct death *out, int status, uint64_t worked_ns,
    const struct slot *s, bool was_overdue)
{
	*out = (struct death){ .phase = (enum phase)s->phase,
		.is_overdue = was_overdue ||
		    (WIFEXITED(status) &&
			WEXITSTATUS(status) == WATCHDOG_EXIT) };
	if (worked_ns > s->worked_ns)
		out->worked_ns = worked_ns - s->worked_ns;
	memcpy(out->photo, s->photo, PHOTO_ID_LEN);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		out->signo = WTERMSIG(status);
}

/*
 * Was it the photo's doing? Only what the program itself does wrong, or works
 * too long at, while it has the pixels in hand; a machine may have stood still,
 * or the disk, or others have worked in its stead. What somebody outside sends
 * says nothing of a photo, and neither does SIGBUS: photos are mapped from the
 * disk, and it is what a disk gives that cannot read one. A decoder hardly comes
 * to it by itself.
 */
static bool
is_of_photo(const struct death *death, uint64_t least_ns)
{
	static const int own[] = { SIGSEGV, SIGABRT, SIGSYS, SIGFPE, SIGILL };

	if (death->photo[0] == '\0' ||
	    (death->phase != PHASE_DECODE && death->phase != PHASE_RESIZE &&
		death->phase != PHASE_ENCODE))
		return false;
	for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
		if (death->signo == own[i])
			return true;
	return death->is_overdue && death->worked_ns >= least_ns;
}

static void
strike(const char *data, const struct death *death)
{
	char why[80];

	if (death->is_overdue)
		(void)snprintf(why, sizeof why, "out of time in %s",
		    phase_name(death->phase));
	else
		(void)snprintf(why, sizeof why, "signal %d in %s", death->signo,
		    phase_name(death->phase));
	metrics_own()->strikes++;
	if (store_strike(data, death->photo, why) == -1)
		log_error("quarantine: %s", strerror(errno));
}

void
blame_photo(const char *data, const struct death *death, uint64_t least_ns)
{
	if (is_of_photo(death, least_ns))
		strike(data, death);
	else if (death->is_overdue)
		log_error("out of time after %llu ms of work: not held against "
			  "the photo",
		    (unsigned long long)(death->worked_ns / NS_PER_MS));
	if (death->signo == SIGBUS)
		log_error("signal %d says that a disk could not be read: not "
			  "held against the photo",
		    death->signo);
}
