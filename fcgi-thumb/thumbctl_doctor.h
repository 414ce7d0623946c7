#ifndef FT_THUMBCTL_DOCTOR_H
#define FT_THUMBCTL_DOCTOR_H

#include <stdint.h>
#include <sys/types.h>

#include "nginxtree.h"
#include "thumbctl.h"
#include "thumbctl_release.h"

/*
 * What the parts of thumbctl's doctor share; how its findings are said is also
 * how those of thumbctl release check are.
 */

enum finding {
	OK,
	NOTE, /* worth knowing, and it works all the same */
	FAULT /* something does not work, or will not */
};

struct json_t;

struct doctor {
	/* Of the service, or of the slot that serves. */
	const char *settings_file;
	struct settings *settings;
	enum release_slot slot;   /* that one; SLOT_NONE: there is none */
	char *slot_file;          /* its settings' */
	struct releases releases; /* open where there is one */
	struct nginx_job job;
	unsigned faults;
	struct json_t *list; /* of findings, for --json; NULL: lines */
	char fix[320];       /* of the next finding */
	bool knows_nginx;    /* what its workers may do was looked at */
};

/*
 * What to do about the next finding: a command or a setting. Every note and
 * every fault has one.
 */
void doctor_fix(struct doctor *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* One finding of a layer, to standard output or into the list. */
void doctor_say(struct doctor *d, enum finding finding, const char *layer,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* There are no more: a list is printed. */
void doctor_end(struct doctor *d);

/* By name or, without one, by number. Valid until the next call. */
const char *doctor_account(uid_t uid);

/* May this process do that (R_OK, W_OK, X_OK)? With errno where not. */
bool doctor_can(const char *path, int how);

/*
 * A file of /proc or /sys, without the last newline; the caller frees it. NULL
 * with errno.
 */
char *doctor_read(const char *path);

/* ---- each group of layers, in the order in which they are looked at ---- */

/* Before root becomes the owner of the photos: */

/* Who serves; whose settings d->settings are after it. */
void doctor_releases(struct doctor *d);

/* nginx_fill for what serves, by its own version. */
int doctor_fill(const struct doctor *d, const struct nginx_job *job,
    struct nginx_files *out);

/* nginx's files, what it has in force, and what its workers may do. */
void doctor_nginx(struct doctor *d);

/* thumbctl_doctor_access.c, for it: conf is NULL where it cannot be read. */
void doctor_access(struct doctor *d, const struct nginxtree *conf);

/* What the running processes have open; SELinux, AppArmor and systemd. */
void doctor_process(struct doctor *d);
void doctor_guards(struct doctor *d);

/* With the owner's rights: */

/* Directories, files, disks, logs. */
void doctor_places(struct doctor *d);

/* The service: its process, its sockets, whether a photo would be taken. */
void doctor_service(struct doctor *d);

/* Memory, the queue, the sandbox, the clock. */
void doctor_machine(struct doctor *d);

/* ImageMagick, its codecs, and libraries with known holes. */
void doctor_pictures(struct doctor *d);

#endif
