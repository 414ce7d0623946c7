#include "config.h"

/*
 * Releases: whether what the state wants is so. Where a slot serves it is that
 * slot's settings which all later layers look at.
 */

#include "thumbctl_doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "thumbctl_release_internal.h"
#include "thumbctl_release_route.h"

#define LAYER "releases"

/* "thumbctl apply DIR" */
static void
fix_apply(struct doctor *d)
{
	doctor_fix(d, "thumbctl apply %s",
	    d->job.dir != NULL ? d->job.dir : "DIR");
}

/* Releases are judged by nginx's lines. */
static void
check_log_access(struct doctor *d)
{
	const struct settings *s = d->settings;

	if (strcmp(s->log_access, "file") == 0 && s->logs[0] != '\0')
		return;
	doctor_fix(d,
	    "log_access = \"file\" in the settings, logs a directory, "
	    "and thumbctl apply");
	doctor_say(d, FAULT, LAYER,
	    "nginx's lines are not in a file of logs: no release could be "
	    "judged");
}

/*
 * Programs are started from it. False: it is not there, or not to be trusted
 * with that.
 */
static bool
check_directory(struct doctor *d)
{
	const char *dir = d->settings->release_dir;
	struct stat st;

	if (lstat(dir, &st) == -1) {
		doctor_fix(d, "thumbctl release stage");
		doctor_say(d, errno == ENOENT ? NOTE : FAULT, LAYER, "%s: %s",
		    dir, strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		doctor_fix(d, "chmod 755 %s, when you know all that is in it",
		    dir);
		doctor_say(d, FAULT, LAYER,
		    "%s (mode %04o): whoever may write to it may put programs "
		    "there that are started from it",
		    dir, (unsigned)st.st_mode & 07777);
		return false;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		doctor_fix(d, "run it as %s, or chown -R root %s",
		    doctor_account(st.st_uid), dir);
		doctor_say(d, geteuid() == 0 ? FAULT : NOTE, LAYER,
		    "%s belongs to %s, whose programs are not started here",
		    dir, doctor_account(st.st_uid));
		return false;
	}
	return true;
}

/* ---- what is under way ---- */

static void
check_run(struct doctor *d, bool is_held)
{
	const struct release_run *run = &d->releases.state.run;
	int64_t now = (int64_t)clock_wall_ms();

	if (run->how == RELEASE_NONE)
		return;
	if (is_held || run->deadline == 0 || now <= run->deadline) {
		doctor_say(d, OK, LAYER, "under way: %s to %s, %u.%02u %%",
		    release_how_name(run->how), settings_slot_name(run->to),
		    run->share / 100, run->share % 100);
		return;
	}
	doctor_fix(d,
	    "thumbctl release abort; systemctl enable --now "
	    "fcgi-thumb-release.timer does it by itself the next time");
	doctor_say(d, FAULT, LAYER,
	    "the %s to %s was given up %lld minutes ago and has %u.%02u %% of "
	    "the users still",
	    release_how_name(run->how), settings_slot_name(run->to),
	    (long long)(now - run->deadline) / 60000, run->share / 100,
	    run->share % 100);
}

/* Whoever holds the lock may be between the one and the other. */
static void
check_route(struct doctor *d, bool is_held)
{
	const struct releases *r = &d->releases;
	const struct route want =
	    route_of_state(&r->state, r->settings->release_cookie);
	char salt[RELEASE_ID_LEN + 1];
	struct route have;

	if (is_held)
		return;
	if (releases_routed(r, &have, salt, sizeof salt) == -1) {
		fix_apply(d);
		doctor_say(d, FAULT, LAYER, "nginx has no route in %s",
		    r->settings->release_dir);
	} else if (!route_is_same(&want, &have)) {
		if (r->state.run.how != RELEASE_NONE)
			doctor_fix(d, "thumbctl release abort");
		else
			fix_apply(d);
		doctor_say(d, FAULT, LAYER,
		    "nginx is told %s, and %u.%02u %% to %s; the state says "
		    "%s, and %u.%02u %% to %s: a command was cut off",
		    settings_slot_name(have.active), have.share / 100,
		    have.share % 100, settings_slot_name(have.candidate),
		    settings_slot_name(want.active), want.share / 100,
		    want.share % 100, settings_slot_name(want.candidate));
	}
}

/* That of the active one is the service, which has a layer of its own. */
static void
check_masters(struct doctor *d)
{
	const struct releases *r = &d->releases;

	for (enum release_slot s = SLOT_NONE; s < SLOT_COUNT; s++) {
		unsigned share = release_share(&r->state, s);
		struct service_state state;

		if (share == 0 || s == r->state.active ||
		    slot_is_alive(r, s, &state))
			continue;
		doctor_fix(d, "thumbctl release abort, or release start");
		doctor_say(d, FAULT, LAYER,
		    "%s has %u.%02u %% of the users and does not run",
		    settings_slot_name(s), share / 100, share % 100);
	}
}

/* ---- who serves ---- */

/*
 * Would apply change them? Where pages come from cannot be known of settings that
 * were staged together with a tree; either is as it should be.
 */
static bool
is_made_of(const struct releases *r, enum release_slot slot, const char *text,
    const char *have)
{
	const char *const roots[] = { "", r->settings->html };
	bool same = false;

	for (size_t i = 0; i < NELEM(roots); i++) {
		const struct slot_source source = { .text = text,
			.settings = r->settings,
			.root = roots[i] };
		char *want = slot_settings_text(r, slot,
		    r->state.slots[slot].version, &source);

		same = same || (want != NULL && strcmp(want, have) == 0);
		free(want);
	}
	return same;
}

/* The file that the operator edits is not the one that the slot has. */
static void
check_edited(struct doctor *d, enum release_slot slot, const char *file)
{
	const struct releases *r = &d->releases;
	char *text = doctor_read(r->settings_file), *have = doctor_read(file);

	if (text != NULL && have != NULL && !is_made_of(r, slot, text, have)) {
		fix_apply(d);
		doctor_say(d, NOTE, LAYER,
		    "%s has other settings than %s: they were staged so, or "
		    "the file was edited since",
		    settings_slot_name(slot), r->settings_file);
	}
	free(text);
	free(have);
}

/* From here on the service is the slot's. */
static void
turn_to_slot(struct doctor *d)
{
	const struct releases *r = &d->releases;
	enum release_slot slot = r->state.active;
	char *file = slot_settings_file(r, slot);
	struct settings *own = file != NULL ? slot_settings(r, slot) : NULL;

	if (own == NULL) {
		doctor_fix(d, "thumbctl release rollback, or release stage");
		doctor_say(d, FAULT, LAYER,
		    "the settings of %s, which serves, cannot be used",
		    settings_slot_name(slot));
		free(file);
		return;
	}
	doctor_say(d, OK, LAYER, "%s serves, version %s, with %s",
	    settings_slot_name(slot), r->state.slots[slot].version, file);
	check_edited(d, slot, file);
	settings_free(d->settings);
	d->settings = own;
	d->slot = slot;
	d->settings_file = d->slot_file = file;
}

void
doctor_releases(struct doctor *d)
{
	struct release_holder holder;
	bool is_held;

	if (!d->settings->releases || d->settings->slot != SLOT_NONE)
		return;
	check_log_access(d);
	if (!check_directory(d))
		return;
	if (releases_open(&d->releases, d->settings_file, NULL) !=
	    EXIT_SUCCESS) {
		doctor_fix(d, "what is wrong stands above");
		doctor_say(d, FAULT, LAYER, "%s cannot be used",
		    d->settings->release_dir);
		return;
	}
	is_held = release_is_locked(d->settings->release_dir, &holder);
	check_run(d, is_held);
	check_route(d, is_held);
	check_masters(d);
	if (d->releases.state.active != SLOT_NONE)
		turn_to_slot(d);
	else
		doctor_say(d, OK, LAYER, "the service without slots serves");
}

int
doctor_fill(const struct doctor *d, const struct nginx_job *job,
    struct nginx_files *out)
{
	return d->slot == SLOT_NONE ? nginx_fill(d->settings, job, out)
				    : slot_nginx_files(&d->releases, d->slot,
					  d->settings_file, job, out);
}
