#ifndef FT_THUMBCTL_RELEASE_ROUTE_H
#define FT_THUMBCTL_RELEASE_ROUTE_H

#include "thumbctl_release.h"

/*
 * What else of nginx's route and files is shared with the commands that make
 * them without a release: apply, nginx-conf, site, doctor.
 */

/* The route of a state; cookie is borrowed, and the salt is the state's. */
struct route route_of_state(const struct release_state *state,
    const char *cookie);

/* Do both send the same users to the same slots? */
bool route_is_same(const struct route *a, const struct route *b);

/* As releases_routed, of a directory. */
int route_read(const char *release_dir, struct route *out, char *salt,
    size_t salt_size);

#define ROUTE_NAME_MAX 64 /* bytes of "routes/12.conf" with its NUL */

/* The link that nginx includes, on its way to another route. */
struct route_turn {
	const char *release_dir;  /* borrowed */
	char *text;               /* of the new route */
	char was[ROUTE_NAME_MAX]; /* "": there was no link */
	char now[ROUTE_NAME_MAX]; /* "": nothing has been put */
	bool found;               /* that file was there before */
};

/* The zero state is no turn. 0, or -1: no memory. free_turn in any case. */
int route_turn_make(struct route_turn *t, const char *release_dir,
    const struct route *route);

/* 0, or -1 after a complaint; undone in either case by route_turn_undo. */
int route_turn_put(struct route_turn *t);
void route_turn_undo(struct route_turn *t);

/*
 * It is in force: of the older files those go that are neither the last one nor
 * the way back, which a full disk must not be in.
 */
void route_turn_keep(const struct route_turn *t);

void route_turn_free(struct route_turn *t);

/*
 * Where there is no route yet make that of the state, since nginx takes no
 * configuration without it. Nothing without releases. 0, or -1 after a complaint.
 */
int route_ensure(const struct settings *settings);

/*
 * nginx's files as the version in a slot makes them from a settings file: by that
 * version's thumbctl and templates. Of SLOT_NONE by ours. 0, or -1 after a
 * complaint. The caller calls nginx_free in any case.
 */
int slot_nginx_files(const struct releases *r, enum release_slot slot,
    const char *settings_file, const struct nginx_job *job,
    struct nginx_files *out);

/*
 * nginx's files as they should be for who serves: those that the settings make,
 * or with releases those of the slot that is active. As slot_nginx_files.
 */
int wanted_nginx_files(const char *settings_file,
    const struct settings *settings, const struct nginx_job *job,
    struct nginx_files *out);

#endif
