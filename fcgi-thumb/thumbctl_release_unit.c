#include "config.h"

/*
 * Masters that are systemd's: fcgi-thumb@blue.service with its two sockets, and
 * fcgi-thumb.service. Knows the names of units and nothing of releases.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thumbctl_program.h"
#include "thumbctl_release_internal.h"

/* A start waits for the workers of the master. */
#define START_SECONDS 120
#define ASK_SECONDS 30

#define UNITS 3 /* the service, and its sockets */

struct units {
	char names[UNITS][48];
};

static struct units
units_of(enum release_slot slot)
{
	const char *at = slot != SLOT_NONE ? "@" : "";
	const char *name = slot != SLOT_NONE ? settings_slot_name(slot) : "";
	struct units u;

	(void)snprintf(u.names[0], sizeof u.names[0], "fcgi-thumb%s%s.service",
	    at, name);
	(void)snprintf(u.names[1], sizeof u.names[1], "fcgi-thumb%s%s.socket",
	    at, name);
	(void)snprintf(u.names[2], sizeof u.names[2],
	    "fcgi-thumb-control%s%s.socket", at, name);
	return u;
}

bool
units_are_used(const struct releases *r)
{
	char path[PATH_MAX];

	return geteuid() == 0 && access("/run/systemd/system", F_OK) == 0 &&
	    realpath(SETTINGS_FILE, path) != NULL &&
	    strcmp(r->settings_file, path) == 0;
}

/* Each line of what a program said. */
static void
say(const char *who, struct buf *b)
{
	char *rest = b->data;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (line[0] != '\0')
			complain("%s: %s", who, line);
}

/* 0, or -1 after a complaint. */
static int
systemctl(const char *const words[], const char *what, unsigned seconds)
{
	struct buf err = { 0 };
	int status = program_run("systemctl", words, NULL, &err, seconds);

	if (status != 0) {
		complain("systemctl %s %s: %s", words[0], what,
		    status == -1 ? "it has not ended in time" : "it failed");
		say("systemctl", &err);
	}
	buf_fini(&err);
	return status == 0 ? 0 : -1;
}

static void
say_journal(const char *unit)
{
	const char *const words[] = { "-u", unit, "-n", "6", "-o", "cat",
		"--no-pager", NULL };
	struct buf out = { 0 };

	if (program_run("journalctl", words, &out, NULL, ASK_SECONDS) == 0)
		say("it said", &out);
	buf_fini(&out);
}

int
units_start(enum release_slot slot, bool again)
{
	struct units u = units_of(slot);
	const char *const sockets[] = { "start", u.names[1], u.names[2], NULL };
	const char *const service[] = { again ? "restart" : "start", u.names[0],
		NULL };

	/* A service that has its sockets keeps them. */
	if ((again || systemctl(sockets, u.names[1], ASK_SECONDS) == 0) &&
	    systemctl(service, u.names[0], START_SECONDS) == 0)
		return 0;
	say_journal(u.names[0]);
	return -1;
}

int
units_stop(enum release_slot slot, unsigned seconds)
{
	struct units u = units_of(slot);
	const char *const words[] = { "stop", u.names[0], u.names[1],
		u.names[2], NULL };

	return systemctl(words, u.names[0], seconds);
}

int
units_enable(enum release_slot slot, bool on)
{
	struct units u = units_of(slot);
	const char *const words[] = { on ? "enable" : "disable", "--quiet",
		u.names[0], u.names[1], u.names[2], NULL };

	/*
	 * The init script of this name goes by the state of releases itself, and
	 * would not start a slot any more where the machine loses systemd.
	 */
	(void)setenv("SYSTEMCTL_SKIP_SYSV", "1", 1);
	return systemctl(words, u.names[0], ASK_SECONDS);
}
