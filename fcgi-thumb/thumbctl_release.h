#ifndef FT_THUMBCTL_RELEASE_H
#define FT_THUMBCTL_RELEASE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pidfile.h"
#include "release.h"
#include "route.h"
#include "thumbctl.h"

/* What the parts of `thumbctl release` and `thumbctl ab` share; for no one else. */

/* Exit statuses beside those of thumbctl.c: the four answers differ. */
#define EXIT_PASS 0
#define EXIT_FAIL 1         /* and it went back */
#define EXIT_INCONCLUSIVE 2 /* and it went back */
#define EXIT_REFUSED 3      /* nothing was changed */

/* A release directory, and what a command has to know of it. */
struct releases {
	char settings_file[PATH_MAX]; /* the main one, links followed */
	struct settings *settings;
	struct release_state state;
	int lock; /* -1: not held */
};

/* ---- thumbctl_release.c ---- */

/*
 * Load settings and state; with lock_words ("rollout") take the lock, and say
 * who has it where another one does. The directory has to be its user's own, or
 * root's, and nobody else's to write. EXIT_SUCCESS, or the exit status after
 * words: EXIT_REFUSED where another one is at work. releases_close in any case.
 */
int releases_open(struct releases *r, const char *settings_file,
    const char *lock_words);
void releases_close(struct releases *r);

/* The state to disk. 0, or -1 after a complaint. */
int releases_save(struct releases *r);

/*
 * Take --nginx, --dir, --standalone and --wait out of a command line, wherever
 * in it; every releases_open of this process puts them over what the state has,
 * and every save keeps them. `thumbctl release` has done it before it calls one
 * of its subcommands. 0, or -1 after a complaint.
 */
int releases_take_nginx(int *argc, char **argv);

/* "alice", or "alice as root" behind sudo. Static. */
const char *releases_by(void);

/*
 * Append to history (time, by, and the versions and digests of from and to are
 * filled in), and say it on stdout.
 */
void releases_note(const struct releases *r, struct release_event *event);

/* The same where standard output is for something else. */
void releases_record(const struct releases *r, struct release_event *event);

/* Of a share: "5 %", "0.25 %". */
#define SHARE_TEXT_MAX 16
void share_text(unsigned share, char out[SHARE_TEXT_MAX]);

/* "2026-11-28 14:03:11 UTC"; "never" of 0. */
#define MOMENT_TEXT_MAX 32
void moment_text(int64_t ms, char out[MOMENT_TEXT_MAX]);

/* "green 0.2.0", "the service without slots". */
#define SLOT_TEXT_MAX (RELEASE_VERSION_MAX + 32)
void slot_text(const struct releases *r, enum release_slot slot,
    char out[SLOT_TEXT_MAX]);

/* Paths in the release directory. The caller frees; NULL after a complaint. */
char *slot_settings_file(const struct releases *r, enum release_slot slot);
char *slot_file(const struct releases *r, enum release_slot slot,
    const char *name); /* "version/sbin/thumbctl" */

/*
 * The settings of a slot (of SLOT_NONE the main ones), with the digest that its
 * version gives them, which may have other keys than this one: that is what its
 * pid file says. The caller frees; NULL after a complaint.
 */
struct settings *slot_settings(const struct releases *r,
    enum release_slot slot);

/* ---- thumbctl_release_slot.c and its parts ---- */

/* Does a master of this slot live? Then *out. */
bool slot_is_alive(const struct releases *r, enum release_slot slot,
    struct service_state *out);

/*
 * Start the slot's master and wait until it takes photos (its own /health/ready
 * over its control socket; that uploads are off for a planned time, or the disk
 * is full, is no fault of its). One that runs with other settings than the slot
 * has is replaced. By systemd where that runs, this is root and the settings are
 * SETTINGS_FILE (units fcgi-thumb@blue.service ...); else as a process of its
 * own. 0, or -1 after a complaint with its last words, when what ran before runs
 * on.
 */
int slot_start(const struct releases *r, enum release_slot slot);

/*
 * Have it finish what it has, and wait; that it does not run is success. 0, or
 * -1 after a complaint.
 */
int slot_stop(const struct releases *r, enum release_slot slot);

/*
 * Is it started when the machine starts? By systemd's units; else by
 * `thumbctl release start`, which starts those that have a share or are active.
 * 0, or -1 after a complaint.
 */
int slot_enable(const struct releases *r, enum release_slot slot, bool on);

/* ---- thumbctl_release_stage.c and its parts ---- */

/*
 * Fill the slot that is not active. The lock is held; r->state is saved. A
 * master in it is stopped before, and with it the way back to what was there.
 *
 * what      a tree or a version, as of the command; NULL: the one of this
 *           program
 * settings  a file; NULL: the main one
 *
 * EXIT_SUCCESS, or the exit status after words: EXIT_REFUSED while anything is
 * under way.
 */
int releases_stage(struct releases *r, const char *what, const char *settings);

/* ---- thumbctl_release_route.c ---- */

/*
 * Bring a route into force: release_dir/routes/N.conf, then release_dir/route.conf,
 * a link to it, by a rename; nginx -t; reload; what refuses brings the old link,
 * and nginx, back. With files_of other than SLOT_COUNT nginx's files become those
 * of that slot's version and settings, in the same reload. 0, or -1 after a
 * complaint and with everything as it was.
 */
int releases_route(const struct releases *r, const struct route *route,
    enum release_slot files_of);

/*
 * What nginx is told now. 0, or -1: there is no route, or none of ours. salt as
 * of route_parse.
 */
int releases_routed(const struct releases *r, struct route *out, char *salt,
    size_t salt_size);

/* ---- thumbctl_release_check.c and its parts ---- */

int release_test(const struct command *self, const char *settings_file,
    int argc, char **argv);

/*
 * The system test of a slot whose master runs, against that of `active`
 * (SLOT_COUNT: nothing serves yet, nothing is compared). Prints a line each
 * (ok, note, FAULT) or, with json, an array. True: passed; else *words has what
 * failed first. Leaves no photo in the store. Does not touch r->state. A signal
 * that comes meanwhile fails it at once; it is raised again when all is cleaned
 * up.
 */
bool release_check(const struct releases *r, enum release_slot slot,
    enum release_slot active, bool json, char words[RELEASE_WORDS_MAX]);

/*
 * What a system test came to, into the state and the history; words is "" where
 * it passed. json: standard output is for something else. 0, or -1 after a
 * complaint.
 */
int release_keep_check(struct releases *r, enum release_slot slot,
    const char *words, bool json);

/*
 * One small photo through the slot's own sockets, its thumbnail looked at, and
 * taken back. True, or false with words. A few seconds at most.
 */
bool release_probe(const struct releases *r, enum release_slot slot,
    char words[RELEASE_WORDS_MAX]);

/*
 * One drawn picture through a slot's sockets and those of `active`, where that
 * runs, and all of its thumbnails compared, as the system test does it. True, or
 * false with words. Seconds, a minute at most.
 */
bool release_compare(const struct releases *r, enum release_slot slot,
    enum release_slot active, char words[RELEASE_WORDS_MAX]);

/* ---- thumbctl_release_drive.c and its parts ---- */

int release_switch(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_rollout(const struct command *self, const char *settings_file,
    int argc, char **argv); /* canary too: argv[0] says which */
int release_rollback(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_abort(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_tend(const struct command *self, const char *settings_file,
    int argc, char **argv);

#endif
