#ifndef FT_THUMBCTL_SITE_H
#define FT_THUMBCTL_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "thumbctl.h"

/* What the parts of thumbctl's site share; for no one else. */

#define SITE_NAMES_MAX 16

/* The command line, and where nginx keeps its sites. */
struct site {
	const char *settings_file;
	bool open; /* everybody may upload */
	const char *names[SITE_NAMES_MAX];
	unsigned n_names; /* 0: this machine's own */
	unsigned port;    /* 0: not said */
	bool only_ipv4;   /* all that nginx serves is */
	const char *nginx_dir;
	struct nginx_job job; /* its directory is `files` */
	/* All below is by site_find, for site_free. */
	char *files;        /* the directory of nginx's two files */
	char *file;         /* the site */
	char *link;         /* what nginx reads it by */
	const char *target; /* what the link says; static */
	char *kept;         /* what names point into, of site_keep */
};

/* ---- thumbctl_site_files.c ---- */

/*
 * Debian's sites-available and sites-enabled, or conf.d. 0, or -1 after a
 * complaint; site_free in any case.
 */
int site_find(struct site *s);
void site_free(struct site *s);

/* The file of the site. */
enum site_state {
	SITE_NONE,
	SITE_OURS, /* as it was made: it may be made anew */
	SITE_YOURS /* changed by hand, or made by others: it stays */
};
enum site_state site_state(const struct site *s);

enum link_state {
	LINK_NONE,
	LINK_OURS,
	LINK_OTHER /* a file, or a link to elsewhere */
};
enum link_state site_link(const struct site *s);

/*
 * What the command line does not say of names and port is as in the site's file,
 * where that is as it was made; else the port is 80.
 */
void site_keep(struct site *s);

/*
 * Its text with the settings and the names of the command line, its mark
 * before it. For free(); NULL after a complaint.
 */
char *site_text(const struct site *s, const struct settings *settings);

/*
 * The names of the site's file, as nginx is told them. For free(); NULL where
 * there are none to be found.
 */
char *site_names(const struct site *s);

/* A whole text file, links followed. For free(); NULL with errno. */
char *site_read(const char *path);

/* The same for a file of this directory. 0, or -1 after a complaint. */
int site_write(const char *path, const char *text, const struct stat *like);

/* ---- thumbctl_site_others.c ---- */

/* The other sites that nginx reads, as file names for free(), or NULL. */
struct other_sites {
	char *
	    any; /* one that has a server of its own; not Debian's first page */
	char *uses; /* one that has the service already */
	bool ipv6;  /* somebody listens there, that page too */
};
void others_find(const struct site *s, struct other_sites *out);
void others_free(struct other_sites *o);

/* ---- thumbctl_site_settings.c ---- */

/* A settings file and what it is to become. */
struct settings_change {
	char *path; /* links followed */
	char *old;
	char *new;
	struct stat like; /* whose owner and mode it keeps */
	bool is_put;
	struct settings *settings; /* of the new text */
};

/*
 * What the settings have to say for this site: upload_auth by --open, and where
 * the prober finds it. EXIT_SUCCESS, or the exit status after a complaint;
 * settings_change_free in any case.
 */
int settings_change_make(const struct site *s, struct settings_change *c);
void settings_change_free(struct settings_change *c);

/* Into the file, and the old text back. 0, or -1 after a complaint. */
int settings_change_put(struct settings_change *c);
void settings_change_undo(struct settings_change *c);

#endif
