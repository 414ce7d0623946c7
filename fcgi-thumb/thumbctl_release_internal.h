#ifndef FT_THUMBCTL_RELEASE_INTERNAL_H
#define FT_THUMBCTL_RELEASE_INTERNAL_H

#include <jansson.h>

#include "buf.h"
#include "thumbctl_release.h"

/* What the parts of `thumbctl release` that keep its state share. */

#define SLOT_SETTINGS "fcgi-thumb.conf"
#define SLOT_VERSION "version" /* a link */
#define VERSIONS_DIR "versions"
#define NGINX_DIR_DEFAULT "/etc/nginx/fcgi-thumb"

/* The subcommands. */
int release_status(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_stage(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_past(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_start(const struct command *self, const char *settings_file,
    int argc, char **argv);
int release_stop(const struct command *self, const char *settings_file,
    int argc, char **argv);

/* Has the command line but --json? 0 and *json, or -1: something else too. */
int parse_json(int argc, char **argv, bool *json);

void print_json(json_t *o);

/*
 * Ask a program whether it takes a settings file (-t), and how it names these
 * settings: another version may have other keys, and another digest. 0, or -1
 * after a complaint.
 */
int ask_settings(const char *program, const char *file,
    char digest[DIGEST_HEX_LEN + 1]);

/* The tree that this program stands in: the directory of its sbin. 0 or -1. */
int own_directory(char *out, size_t size);

/* ---- thumbctl_release_process.c ---- */

/* A process that is not our child, or not any more. The zero state is none. */
struct process {
	pid_t pid;
	int fd; /* of pidfd_open(2); -1: this kernel has none */
};

/* 0, or -1: there is none of this number. process_close in any case. */
int process_open(struct process *p, pid_t pid);
void process_close(struct process *p);

/* Has it ended, within so many ms? */
bool process_ends(const struct process *p, int ms);

void process_signal(const struct process *p, int signo);

/*
 * Start a program that outlives us: no terminal, no input, its words into the
 * file at words_path, which is emptied before. 0 and *out, or -1 after a
 * complaint.
 */
int process_start(char *const argv[], const char *words_path,
    struct process *out);

/* The last few lines of a file, each as a complaint. */
void say_last_words(const char *path);

/* ---- thumbctl_release_unit.c ---- */

/* Are masters systemd's? */
bool units_are_used(const struct releases *r);

/* 0, or -1 after a complaint with what systemd says. */
int units_start(enum release_slot slot, bool again);
int units_stop(enum release_slot slot, unsigned seconds);
int units_enable(enum release_slot slot, bool on);

/* ---- thumbctl_release_settings.c ---- */

/* The settings that a slot's are made of. All borrowed. */
struct slot_source {
	const char *text;
	const struct settings *settings; /* the same, read */
	const char *root; /* pages below it are the version's; "" none */
};

/*
 * The text of a slot's settings with this version in it. The caller frees; NULL
 * after a complaint.
 */
char *slot_settings_text(const struct releases *r, enum release_slot slot,
    const char *version, const struct slot_source *source);

/* ---- thumbctl_release_tree.c ---- */

/*
 * Where the parts of a version lie: in a tree with sbin/ and share/fcgi-thumb/,
 * perhaps below usr/ or usr/local/, or as versions/ has them.
 */
struct tree {
	int programs;        /* the directory of fcgi-thumb; -1 */
	int share;           /* of html, nginx, photos; -1 */
	char root[PATH_MAX]; /* links followed: all of it is below */
};

/* 0, or -1 after a complaint. tree_close in any case. */
int tree_open(struct tree *t, const char *path);
void tree_close(struct tree *t);

/*
 * Copy it into versions/, synced, unless the same is there already. version: its
 * name there. 0; 1: it was there; -1 after a complaint and with nothing left.
 */
int tree_keep(const struct releases *r, const struct tree *t,
    char version[RELEASE_VERSION_MAX]);

/* And away with it again. */
void tree_forget(const struct releases *r, const char *version);

/* Remove versions that no slot names, but for the last three. */
void tree_prune(const struct releases *r);

#endif
