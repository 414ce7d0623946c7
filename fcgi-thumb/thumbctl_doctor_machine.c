#include "config.h"

/* What this machine has for the service: memory, queue, sandbox, clock. */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>

#include "admission.h"
#include "child.h"
#include "machine.h"
#include "sandbox.h"

/* Before this program was written nothing of the service can have happened. */
#define YEAR_MIN 2026

/* How far a file may be ahead: what an NTP client steps. */
#define AHEAD_MAX 60

/* ---- memory ---- */

static void
check_memory(struct doctor *d)
{
	const struct settings *s = d->settings;
	uint64_t one = child_memory(s), all = s->workers * one;
	uint64_t there = machine_memory();
	char has[BYTES_TEXT_MAX], wants[BYTES_TEXT_MAX];

	bytes_text(all, wants);
	bytes_text(there, has);
	if (there == 0) {
		doctor_fix(d, "see that %s are there for %u workers", wants,
		    s->workers);
		doctor_say(d, NOTE, "memory", "how much there is is not known");
		return;
	}
	if (there / (one > 0 ? one : 1) > 0)
		doctor_fix(d, "workers = %" PRIu64 ", or a lower limits.memory",
		    there / one);
	else
		doctor_fix(d, "a lower limits.memory, or more memory");
	doctor_say(d, all > there ? NOTE : OK, "memory",
	    "%u workers may take %s for their photos, the machine has %s",
	    s->workers, wants, has);
}

/* With it the kernel counts what is reserved and not only what is used. */
static void
check_overcommit(struct doctor *d)
{
	char *mode = doctor_read("/proc/sys/vm/overcommit_memory");

	if (mode != NULL && mode[0] == '2') {
		doctor_fix(d, "sysctl -w vm.overcommit_memory=0");
		doctor_say(d, NOTE, "memory",
		    "vm.overcommit_memory is 2: a worker may be refused memory "
		    "while some is free");
	}
	free(mode);
}

/* ---- the queue ---- */

static void
check_queue(struct doctor *d)
{
	bool is_cut;
	unsigned length = admission_queue_length(d->settings, &is_cut);

	doctor_fix(d,
	    "sysctl -w net.core.somaxconn=4096, and the same in "
	    "/etc/sysctl.d");
	doctor_say(d, is_cut ? NOTE : OK, "queue",
	    "%u uploads may wait for a worker%s", length,
	    is_cut ? "; net.core.somaxconn allows no more, and the settings "
		     "want it longer"
		   : "");
}

/* ---- the sandbox ---- */

static void
check_sandbox(struct doctor *d)
{
	const enum sandbox_mode mode = d->settings->sandbox;
	char has[64], lacks[256];
	unsigned layers;

	if (mode == SANDBOX_MODE_OFF) {
		doctor_fix(d, "sandbox = \"best\" in the settings");
		doctor_say(d, NOTE, "sandbox",
		    "off; what decodes photos may do all that its account may");
		return;
	}
	layers = child_try_sandbox(d->settings, lacks, sizeof lacks);
	sandbox_names(layers, has, sizeof has);
	if (layers == SANDBOX_ALL) {
		doctor_say(d, OK, "sandbox", "%s", has);
	} else {
		doctor_fix(d,
		    mode == SANDBOX_MODE_STRICT
			? "a kernel that has it, or sandbox = \"best\""
			: "a kernel that has it (Landlock is in Linux 5.19 "
			  "and has to be in lsm=)");
		doctor_say(d, mode == SANDBOX_MODE_STRICT ? FAULT : NOTE,
		    "sandbox", "%s; what cannot be put up: %s", has, lacks);
	}
	if ((layers & SANDBOX_CALLS) != 0)
		doctor_say(d, OK, "sandbox", "%u system calls are left",
		    sandbox_count_calls());
}

/* ---- the clock ---- */

/* The newest of the store's directories, which change as photos come. */
static int64_t
newest_change(const char *data)
{
	static const char digits[] = "234567abcdefghijklmnopqrstuvwxyz";
	char *photos = settings_path(data, "photos");
	int64_t newest = 0;
	struct stat st;

	for (unsigned i = 0; photos != NULL && i < 32 * 32; i++) {
		char part[3] = { digits[i / 32], digits[i % 32], '\0' };
		char *path = settings_path(photos, part);

		if (path != NULL && stat(path, &st) == 0 &&
		    (int64_t)st.st_mtim.tv_sec > newest)
			newest = (int64_t)st.st_mtim.tv_sec;
		free(path);
	}
	free(photos);
	return newest;
}

static void
check_synchronised(struct doctor *d)
{
	struct timex state = { .modes = 0 };
	int rc = adjtimex(&state);

	doctor_fix(d,
	    "timedatectl set-ntp true, or install chrony; in a container: on "
	    "its host");
	if (rc == -1)
		doctor_say(d, NOTE, "clock",
		    "whether it is synchronised cannot be seen: %s",
		    strerror(errno));
	else if (rc == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
		doctor_say(d, NOTE, "clock",
		    "nothing synchronises it: upload tokens and expiry go by "
		    "it");
	else
		doctor_say(d, OK, "clock", "synchronised, to %ld ms",
		    state.maxerror / 1000);
}

static void
check_clock(struct doctor *d)
{
	const time_t now = time(NULL);
	int64_t ahead = newest_change(d->settings->data) - (int64_t)now;
	struct tm tm = { 0 };

	(void)gmtime_r(&now, &tm);
	doctor_fix(d, "timedatectl set-time, or date -s, and set-ntp true");
	if (tm.tm_year + 1900 < YEAR_MIN)
		doctor_say(d, FAULT, "clock", "it is the year %d",
		    tm.tm_year + 1900);
	else if (ahead > AHEAD_MAX)
		doctor_say(d, FAULT, "clock",
		    "photos have come %" PRId64
		    " s after now: the clock is slow, or was fast",
		    ahead);
	check_synchronised(d);
}

void
doctor_machine(struct doctor *d)
{
	check_memory(d);
	check_overcommit(d);
	check_queue(d);
	check_sandbox(d);
	check_clock(d);
}
