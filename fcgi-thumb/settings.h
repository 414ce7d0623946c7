#ifndef FT_SETTINGS_H
#define FT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "digest.h"
#include "format.h"
#include "geometry.h"
#include "secret.h"

/* The file that both programs read unless told otherwise. */
#define SETTINGS_FILE SYSCONFDIR "/fcgi-thumb/fcgi-thumb.conf"

#define SETTINGS_PRESETS_MAX 16
#define SETTINGS_FORMATS_MAX FORMAT_COUNT
#define PRESET_NAME_MAX 32 /* characters of [a-z0-9_-], the first a letter */
#define RECIPE_LEN 8       /* hexadecimal digits */

/* Part of every recipe: raise it when the same settings give other pictures. */
#define RENDER_VERSION 2

/* Colour against brightness in a JPEG: how many px share a colour sample. */
enum chroma {
	CHROMA_420,
	CHROMA_422,
	CHROMA_444,
	CHROMA_COUNT
};

/* What an upload has to show before its photos are taken. */
enum upload_auth {
	AUTH_NONE,
	AUTH_TOKEN,   /* an upload token: token.h */
	AUTH_REQUEST, /* nginx asks the address in auth_request */
	AUTH_COUNT
};

/* What photo workers do where the kernel lacks a layer of sandbox.h. */
enum sandbox_mode {
	SANDBOX_MODE_BEST,   /* go on with the others, and say so */
	SANDBOX_MODE_STRICT, /* not start */
	SANDBOX_MODE_OFF,    /* none is asked for */
	SANDBOX_MODE_COUNT
};

/* How much a JPEG decoder may shrink a photo while it loads it. */
enum resize_quality {
	RESIZE_FAST, /* to 1.5 px for each px of the largest thumbnail */
	RESIZE_BEST, /* to 2, which cannot be told from none */
	RESIZE_COUNT
};

/* Which engines (engine.h) may make a photo's thumbnails. */
enum engine_choice {
	ENGINE_CHOICE_AUTO,   /* the quickest that is sure of the photo */
	ENGINE_CHOICE_MAGICK, /* MagickWand alone */
	ENGINE_CHOICE_COUNT
};

/* One of two masters on one store, or the only one (release.h). */
enum release_slot {
	SLOT_NONE, /* the service without slots */
	SLOT_BLUE,
	SLOT_GREEN,
	SLOT_COUNT
};

struct preset {
	char name[PRESET_NAME_MAX + 1];
	unsigned width;  /* px, 1..16000 */
	unsigned height; /* px, 1..16000 */
	enum fit fit;
	enum gravity gravity;
	unsigned quality;    /* 1..100, for formats that have one */
	uint32_t background; /* 0xRRGGBB: under FIT_PAD and under lost alpha */
	bool enlarge;        /* a photo smaller than the box grows to it */
	unsigned sharpen;    /* 0 (not) ..100 */
	bool progressive;    /* of JPEG */
	enum chroma chroma;  /* of JPEG */
	bool keep_copyright; /* EXIF's Artist and Copyright, nothing else */
	bool animated;       /* WebP and GIF keep an animation */
	bool eager;          /* every format at upload, not only the first */
	enum format
	    formats[SETTINGS_FORMATS_MAX]; /* the first is the main one */
	unsigned n_formats;                /* 1.. */
	/*
	 * Hash of what above changes the picture (not name, formats, eager), of
	 * resize_quality and of the renderer's version. Equal recipes give
	 * pictures that look equal; their pixels depend on the presets beside,
	 * from which a smaller one may be cut. A file once made stays
	 * (draft_publish).
	 */
	char recipe[RECIPE_LEN + 1];
};

struct limits {
	uint64_t photo;   /* bytes of one photo */
	uint64_t request; /* bytes of a whole request body */
	unsigned files;   /* photos in one request */
	uint64_t
	    pixels; /* width x height of one photo, frames of one animated WebP included */
	unsigned side; /* px, the longer side */
	unsigned frames;
	uint64_t memory;          /* bytes of pixel memory of one worker */
	unsigned queue_seconds;   /* longest wait for a worker */
	unsigned queue_length;    /* requests waiting; 0: from queue_seconds */
	unsigned job_seconds;     /* one photo */
	unsigned request_seconds; /* one request, all its photos */
	uint64_t store; /* bytes of all photos and thumbnails; 0: no limit */
	uint64_t free;  /* bytes that stay free on the store's disk */
	unsigned rate;  /* uploads a second from one address */
};

struct settings {
	char *data;           /* the store's directory */
	char *run;            /* the directory of the sockets */
	char *logs;           /* the directory of the logs; "" means stderr */
	char *ledger;         /* the directory of the ledger, of ledger.h */
	char *log_service;    /* where lines go: target.h */
	char *log_access;     /* the same for nginx's */
	char *log_ledger;     /* the same for copies of the ledger's lines */
	char *html;           /* the directory of the pages */
	bool page;            /* nginx serves the upload page */
	char *user;           /* what root becomes at start; "" leaves it */
	char *group;          /* the same; "" means the user's own */
	unsigned socket_mode; /* permission bits of the sockets */
	char *socket_group;   /* group that owns the sockets; "" leaves it */
	unsigned workers;     /* photo workers, resolved: never 0 after load */
	unsigned worker_jobs; /* requests after which a worker is replaced */
	uint64_t worker_memory; /* resident bytes after which it is replaced */
	enum sandbox_mode sandbox;
	enum resize_quality resize_quality;
	enum engine_choice engine;
	char *prefix; /* "" or "/media": no slash at the end */
	char *
	    public_url; /* "" or "https://img.example.org": no slash at the end */
	enum upload_auth upload_auth;
	char *upload_secret;     /* file of the upload tokens' secrets */
	struct secrets *secrets; /* of settings_read_secrets, or NULL */
	char *auth_request; /* "" or the address that nginx asks: "/auth" */
	/* Lists are texts with a newline between two items, "" is none. */
	char *cors_origins;    /* origins as browsers say them, or "*" */
	char *trusted_proxies; /* addresses or networks: "10.0.0.0/8" */
	char *probe_url;     /* "" or as public_url: whom thumbctl probe asks */
	char *probe_connect; /* "" or "host[:port]": where that one is */
	char *probe_headers; /* "" or a file of headers that the prober sends */
	unsigned slo_objective; /* thousandths of a percent: 95830 */
	uint64_t slo_window;    /* seconds */
	char *slo_textfile;     /* "" or a .prom file for node_exporter */
	bool releases;     /* two slots, between which thumbctl moves users */
	char *release_dir; /* the directory of the slots and versions */
	char *release_cookie;   /* "" or its name: who is the same customer */
	enum release_slot slot; /* whose settings these are */
	struct limits limits;
	struct preset presets[SETTINGS_PRESETS_MAX];
	unsigned n_presets; /* 1.. */
	unsigned shares;    /* of settings_share, beside the first */
	/*
	 * Hash of what settings_print writes, with workers as the file has it:
	 * which processors a process may use is no part of the settings.
	 */
	char digest[DIGEST_HEX_LEN + 1];
};

/*
 * Read a settings file over the defaults of the table in settings_table.c.
 *
 * path    the file (libconfig syntax); NULL: defaults only
 * errors  every error goes here as one line "FILE:LINE: KEY: words, range";
 *         reading goes on after an error, so that all are said at once
 *
 * Returns the settings, which the caller frees, or NULL after at least one
 * line to errors (without :LINE where no line is to blame). Unknown keys, wrong
 * types, values out of range, doubled preset names and formats that cannot be
 * written are errors. @include is refused and the file it names never opened.
 */
struct settings *settings_load(const char *path, FILE *errors);

/*
 * Read the file upload_secret where upload_auth is AUTH_TOKEN; it is not opened
 * for other values. Not a part of settings_load, since who may read the
 * settings need not be who may read the secrets.
 *
 * 0, or -1 after one line to why: uploads cannot be served with these settings.
 */
int settings_read_secrets(struct settings *s, char *why, size_t why_size);

/* "none", "blue" or "green"; static. */
const char *settings_slot_name(enum release_slot slot);

/* The same settings once more, to be freed once more. */
struct settings *settings_share(struct settings *s);

/* NULL is allowed. */
void settings_free(struct settings *s);

/* Write the effective settings as a file that settings_load reads back. */
void settings_print(const struct settings *s, FILE *out);

/* Which files of the settings: bit f of formats[p] is presets[p].formats[f]. */
struct wanted {
	unsigned formats[SETTINGS_PRESETS_MAX];
};

/* Every file of every preset. */
void wanted_all(const struct settings *s, struct wanted *out);

/*
 * What is made when a photo comes: the first format of each preset, all where
 * the preset is eager.
 */
void wanted_at_upload(const struct settings *s, struct wanted *out);

/* Is there no file among them? */
bool wanted_is_empty(const struct wanted *w);

/*
 * Seconds that one request may keep a worker, from its first byte to the last
 * one of the answer. Its last photo may begin as its own time ends: pixels, the
 * disk and the answer then have the time of a job each.
 */
unsigned settings_longest_request(const struct settings *s);

/*
 * The text of a settings file with another value of one key that stands by
 * itself: where the key is, its value alone is replaced, else a line comes
 * behind the last. All other bytes, comments too, stay.
 *
 * text   of a file that settings_load takes
 * key    of the top level, such as "upload_auth"
 * value  as it is to stand in the file: true, 4 or "token" with its quotes
 *
 * For free(); NULL without memory.
 */
char *settings_edit(const char *text, const char *key, const char *value);

/*
 * The value of a text setting of the top level; NULL where no text has that
 * key.
 */
const char *settings_text(const struct settings *s, const char *key);

/* A path of a file in a directory of the settings; the caller frees. NULL: no memory. */
char *settings_path(const char *dir, const char *name);

/* One key as documentation shows it. */
struct setting_row {
	char key[40];     /* "workers", "limits.photo", "presets[].width" */
	const char *type; /* "bytes", "count", "seconds", "path", ...; static */
	char range[200];  /* "1..1024", in words where it is no number */
	const char *fallback; /* the default without quotes; NULL: required */
};

/*
 * Walk the table of keys, for documentation and its test: row i into *out, or
 * false past the end.
 */
bool settings_row(unsigned i, struct setting_row *out);

#endif
