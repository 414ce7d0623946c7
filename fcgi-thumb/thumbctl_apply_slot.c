#include "config.h"

/*
 * The settings of the service into force where a slot serves: its own are made of
 * them, its version makes nginx's files, and its master is told. The slot that
 * does not serve keeps what it has, to go back to.
 */

#include "thumbctl_apply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdio.h"
#include "nginxconf.h"
#include "pidfile.h"
#include "thumbctl_release_internal.h"
#include "thumbctl_release_route.h"

#define TEXT_MAX (4 << 20)
#define ASIDE "." SLOT_SETTINGS ".new"

struct slot_change {
	struct releases r;
	const struct change *change; /* as it was asked for */
	enum release_slot slot;
	struct route_turn turn;
	/* Of a slot; NULL without one: */
	char *file; /* its settings */
	int dir;    /* of them; -1 */
	char *text, *old_text;
	struct stat like; /* of the old ones */
	struct settings *settings, *old_settings;
	struct nginx_files files;
	bool is_put;
};

/* ---- put and undo, in the middle of the change ---- */

/* 0, or -1 after a complaint. */
static int
write_settings(const struct slot_change *c, const char *text)
{
	if (fd_replace_file(c->dir, SLOT_SETTINGS,
		(int)(c->like.st_mode & 07777), &c->like, text,
		strlen(text)) == 0 &&
	    fd_sync_dir(c->dir, ".") == 0)
		return 0;
	complain("%s: %s", c->file, strerror(errno));
	return -1;
}

static int
put(void *ctx)
{
	struct slot_change *c = ctx;

	if (c->change->put != NULL && c->change->put(c->change->ctx) == -1)
		return -1;
	if (c->text != NULL) {
		c->is_put = true;
		if (write_settings(c, c->text) == -1)
			return -1;
	}
	return c->turn.text != NULL ? route_turn_put(&c->turn) : 0;
}

static void
undo(void *ctx)
{
	struct slot_change *c = ctx;

	route_turn_undo(&c->turn);
	if (c->is_put)
		(void)write_settings(c, c->old_text);
	c->is_put = false;
	if (c->change->undo != NULL)
		c->change->undo(c->change->ctx);
}

/* ---- what is to come ---- */

/* 0, or -1 after a complaint. */
static int
check_idle(const struct releases *r)
{
	const struct release_run *run = &r->state.run;

	if (run->how == RELEASE_NONE)
		return 0;
	complain("%s %s to %s is under way, which nothing must change "
		 "meanwhile: thumbctl release status, and release abort to go "
		 "back",
	    run->how == RELEASE_AB ? "an" : "a", release_how_name(run->how),
	    settings_slot_name(run->to));
	return -1;
}

/* A route where there is none, or another one than the state's. */
static int
plan_route(struct slot_change *c)
{
	const struct releases *r = &c->r;
	struct route want =
	    route_of_state(&r->state, r->settings->release_cookie);
	char salt[RELEASE_ID_LEN + 1];
	struct route have;

	if (releases_routed(r, &have, salt, sizeof salt) == 0 &&
	    route_is_same(&want, &have))
		return 0;
	return route_turn_make(&c->turn, r->settings->release_dir, &want);
}

/*
 * Users who come to another service now would be sent to a slot that does not
 * run. nginx's files say whether they do.
 */
static int
check_alive(const struct slot_change *c)
{
	struct service_state state;
	struct nginx_files now = { 0 };
	int rc = 0;

	if (slot_is_alive(&c->r, c->slot, &state))
		return 0;
	if (nginx_read(&c->change->job, &now) == -1)
		rc = -1;
	else if (now.texts[0].data != NULL &&
	    strstr(now.texts[0].data, "/" NGINXCONF_ROUTE "\"") == NULL) {
		complain("%s is the slot that is to serve, and does not run: "
			 "thumbctl release start",
		    settings_slot_name(c->slot));
		rc = -1;
	}
	nginx_free(&now);
	return rc;
}

/* The text of the main settings. For free(); NULL after a complaint. */
static char *
read_main(const struct slot_change *c)
{
	char *text = NULL;
	size_t len;

	if (c->change->text != NULL)
		text = strdup(c->change->text);
	else if (fd_read_file(AT_FDCWD, c->r.settings_file, TEXT_MAX, &text,
		     &len) == -1)
		text = NULL;
	if (text == NULL)
		complain("%s: %s", c->r.settings_file, strerror(errno));
	return text;
}

/* c->text and what it is to replace. 0, or -1 after a complaint. */
static int
make_text(struct slot_change *c)
{
	struct slot_source source = { .settings = c->change->settings,
		.root = "" };
	char *text = read_main(c);
	size_t len;

	source.text = text;
	if (text != NULL)
		c->text = slot_settings_text(&c->r, c->slot,
		    c->r.state.slots[c->slot].version, &source);
	free(text);
	if (c->text == NULL)
		return -1;
	if (fd_read_file(c->dir, SLOT_SETTINGS, TEXT_MAX, &c->old_text, &len) ==
		0 &&
	    fstatat(c->dir, SLOT_SETTINGS, &c->like, 0) == 0)
		return 0;
	complain("%s: %s", c->file, strerror(errno));
	return -1;
}

/* Whether it takes them, and how it counts them: so its master will say it. */
static int
ask_version(const struct slot_change *c, const char *file, char *digest)
{
	char *program =
	    slot_file(&c->r, c->slot, SLOT_VERSION "/sbin/fcgi-thumb");
	int rc = program != NULL ? ask_settings(program, file, digest) : -1;

	free(program);
	return rc;
}

/*
 * Read the new settings, and have the version make nginx's files of them: from a
 * file beside the real one. 0, or -1 after a complaint.
 */
static int
try_text(struct slot_change *c)
{
	char *aside = slot_file(&c->r, c->slot, ASIDE);
	int rc = -1;

	if (aside == NULL)
		return -1;
	if (fd_replace_file(c->dir, ASIDE, (int)(c->like.st_mode & 07777),
		&c->like, c->text, strlen(c->text)) == -1) {
		complain("%s: %s", aside, strerror(errno));
	} else {
		c->settings = settings_load(aside, stderr);
		if (c->settings != NULL &&
		    ask_version(c, aside, c->settings->digest) == 0)
			rc = slot_nginx_files(&c->r, c->slot, aside,
			    &c->change->job, &c->files);
		(void)unlinkat(c->dir, ASIDE, 0);
	}
	free(aside);
	return rc;
}

/* 0, or -1 after a complaint. */
static int
plan_slot(struct slot_change *c)
{
	char *dir = slot_file(&c->r, c->slot, "");

	c->file = slot_settings_file(&c->r, c->slot);
	c->old_settings = slot_settings(&c->r, c->slot);
	if (dir == NULL || c->file == NULL || c->old_settings == NULL) {
		free(dir);
		return -1;
	}
	c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir == -1)
		complain("%s: %s", dir, strerror(errno));
	free(dir);
	if (c->dir == -1 || check_alive(c) == -1 || make_text(c) == -1 ||
	    try_text(c) == -1)
		return -1;
	return check_run(c->old_settings->run, c->settings->run);
}

/* ---- afterwards ---- */

/* The system test was of other settings; and a way back is one to the same store. */
static void
remember(struct slot_change *c)
{
	struct release_state *state = &c->r.state;
	struct release_slot_state *slot = &state->slots[c->slot];
	struct release_event event = { .what = "apply",
		.from = c->slot,
		.to = c->slot,
		.share = RELEASE_ALL };

	memcpy(slot->digest, c->settings->digest, sizeof slot->digest);
	slot->checked = 0;
	slot->passed = false;
	slot->words[0] = '\0';
	if (state->has_previous &&
	    strcmp(c->settings->data, c->old_settings->data) != 0) {
		state->has_previous = false;
		complain("data is another directory now: there is no rollback "
			 "to the version before, which has the old one");
	}
	(void)releases_save(&c->r);
	(void)snprintf(event.words, sizeof event.words, "settings %.8s",
	    c->settings->digest);
	releases_note(&c->r, &event);
}

static void
finish(struct slot_change *c)
{
	releases_close(&c->r);
	route_turn_free(&c->turn);
	free(c->file);
	fd_close(&c->dir);
	free(c->text);
	free(c->old_text);
	settings_free(c->settings);
	settings_free(c->old_settings);
	nginx_free(&c->files);
}

/* ---- both ---- */

static int
apply_planned(struct slot_change *c)
{
	struct change change = *c->change;
	int status;

	change.put = put;
	change.undo = undo;
	change.ctx = c;
	if (c->text != NULL) {
		change.settings_file = c->file;
		change.settings = c->settings;
		change.files = &c->files;
	}
	status = apply_both(&change);
	if (status != EXIT_SUCCESS)
		return status;
	if (c->turn.text != NULL)
		route_turn_keep(&c->turn);
	if (c->text != NULL &&
	    strcmp(c->settings->digest, c->r.state.slots[c->slot].digest) != 0)
		remember(c);
	return status;
}

int
apply_released(const struct change *change)
{
	struct slot_change c = { .change = change, .dir = -1 };
	int status = releases_open(&c.r, change->settings_file, "apply");

	c.slot = c.r.state.active;
	if (status == EXIT_SUCCESS && check_idle(&c.r) == -1)
		status = EXIT_REFUSED;
	if (status == EXIT_SUCCESS &&
	    (plan_route(&c) == -1 ||
		(c.slot != SLOT_NONE && plan_slot(&c) == -1)))
		status = EXIT_FAILURE;
	if (status == EXIT_SUCCESS)
		status = apply_planned(&c);
	finish(&c);
	return status;
}

int
check_unreleased(const struct settings *settings)
{
	struct service_state now;
	struct release_state state;
	char run[PATH_MAX], why[256];

	if (release_load(settings->release_dir, &state, why, sizeof why) ==
		-1 ||
	    state.active == SLOT_NONE ||
	    release_run_dir(settings, state.active, run, sizeof run) == -1 ||
	    pidfile_read(run, &now) == -1 ||
	    pidfile_read(settings->run, &now) == 0)
		return 0;
	complain("%s serves (%s), and releases = false would send its users to "
		 "a service that does not run: start that first (systemctl "
		 "start fcgi-thumb)",
	    settings_slot_name(state.active), run);
	return -1;
}
