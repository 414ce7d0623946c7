#ifndef FT_THUMBCTL_PROBE_H
#define FT_THUMBCTL_PROBE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "probe.h"
#include "probe_access.h"
#include "probe_state.h"
#include "settings.h"

/* thumbctl probe, between its files. */

struct probe_job {
	unsigned long long every;   /* seconds; 0: one probe */
	unsigned long long seconds; /* altogether; 0: no end */
	unsigned long long count;   /* of probes; 0: no end */
	bool verbose;
};

struct prober {
	struct probe_job job;
	const char *settings_file;
	struct settings *settings;
	struct stat settings_stat; /* as the file was when it was read */
	sigset_t signals;
	bool stop, reload;       /* were asked for */
	struct probe_page *page; /* shared with the child */
	unsigned long long failed;
	char last_code[40]; /* of the probe before; "" it was good */
	/* Of thumbctl_probe_notes.c: */
	struct probe_state state;
	struct probe_access *access; /* NULL: none */
	int lock;                    /* -1: nothing is noted */
	bool is_silent;              /* what is wrong with it was said */
	bool is_unpublished;         /* the same of what is published */
};

/* ---- thumbctl_probe_settings.c ---- */

/* 0, or -1 after words. */
int probe_settings_load(struct prober *p);

/*
 * Read them again where the file has changed or somebody has asked; with errors
 * the old ones stay, after words.
 */
void probe_settings_refresh(struct prober *p);

/* ---- thumbctl_probe_notes.c: the ledger and what goes with it ---- */

/*
 * Take the ledger. Without one probing goes on, after words. -1 after words: a
 * loop would be the second one.
 */
int probe_notes_begin(struct prober *p);

/*
 * Note the probe on the page, the real requests of the minutes that are over,
 * and publish what the minutes come to.
 */
void probe_notes_take(struct prober *p);

void probe_notes_end(struct prober *p);

#endif
