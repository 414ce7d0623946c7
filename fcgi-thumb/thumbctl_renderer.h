#ifndef FT_THUMBCTL_RENDERER_H
#define FT_THUMBCTL_RENDERER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fault.h"
#include "manifest.h"
#include "scoreboard.h"
#include "settings.h"

/*
 * A process that makes thumbnails of photos in the store, or looks at those that
 * are there, one after the other and as a worker does: a picture on which it
 * dies costs that picture alone, and is held against the photo (blame.h).
 */
struct renderer {
	const struct settings *settings; /* borrowed */
	pid_t pid;                       /* 0: none runs */
	int orders, answers;             /* ends of pipes; -1: none */
	struct scoreboard *board;        /* its only slot: what it is at */
};

/* What became of one photo. */
struct rendered_photo {
	enum fault fault;
	struct fault_info info;
	bool made;   /* something was missing, and was rendered */
	bool broken; /* no process can be started: the next photo will not do
			better */
};

void renderer_init(struct renderer *r, const struct settings *settings);

/*
 * Make the wanted files of a photo that are not here in their present recipe,
 * and publish them; meta.json too, where it is of other settings. Starts a
 * process where none runs. Waits for the end, whatever signals come.
 *
 * Faults: those of develop_again; FAULT_WORKER_LOST where the process died,
 * FAULT_RENDER_TIMEOUT where it ended itself.
 */
void renderer_make(struct renderer *r, const char *id,
    const struct wanted *wanted, struct rendered_photo *out);

/*
 * The same process decodes a thumbnail that is in the store, as render_try, by
 * the preset, recipe, format and size of v; out->made means nothing. Faults:
 * those of render_try, FAULT_NOT_FOUND, those of the store, and
 * FAULT_WORKER_LOST and FAULT_RENDER_TIMEOUT as above.
 */
void renderer_try(struct renderer *r, const char *id, const struct variant *v,
    struct rendered_photo *out);

/* End the process in order. */
void renderer_close(struct renderer *r);

#endif
