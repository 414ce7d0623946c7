#ifndef FT_SCOREBOARD_H
#define FT_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "digest.h"
#include "exchange.h"

/*
 * What each worker is doing, in memory shared with the master: one page a
 * worker, so that a worker can keep only its own (a worker that a photo took
 * over cannot write about others). Words are written by the worker and read by
 * master and control worker without locks; each is meaningful alone.
 */

enum phase {
	PHASE_IDLE,
	PHASE_QUEUE, /* waited between nginx and the worker */
	PHASE_RECEIVE,
	PHASE_DECODE,
	PHASE_RESIZE,
	PHASE_ENCODE,
	PHASE_PUBLISH,
	PHASE_COUNT
};

/* "receive"; as in timing_ms and Server-Timing. */
const char *phase_name(enum phase p);

struct slot {
	_Atomic int pid;              /* 0: nobody */
	_Atomic int phase;            /* enum phase */
	_Atomic uint64_t deadline_ns; /* monotonic; 0: none */
	_Atomic uint64_t worked_ns;   /* processor time when that was set */
	_Atomic uint64_t beat_ns;     /* monotonic; the last sign of life */
	_Atomic uint64_t
	    finished_ns;           /* monotonic; the end of the last request */
	_Atomic uint64_t requests; /* answered, whatever the answer */
	_Atomic unsigned layers;   /* of sandbox.h, in force */
	_Atomic uint64_t decodes;  /* photos handed to the decoder */
	_Atomic uint64_t resident; /* bytes, after the last request */
	char lacks[256]; /* why layers are missing; set before the first beat */
	char request[REQUEST_ID_MAX + 1]; /* the one in work; the same */
	char photo[PHOTO_ID_LEN + 1]; /* the photo in work; for the log only */
};

struct scoreboard;

/* n slots, 1..; NULL with errno. Made before the fork of those who share it. */
struct scoreboard *scoreboard_new(unsigned n);
void scoreboard_free(struct scoreboard *b);

struct slot *scoreboard_slot(struct scoreboard *b, unsigned i);

/* In a photo worker: unmap all but slot i. scoreboard_slot(b, i) stays valid. */
void scoreboard_keep_only(struct scoreboard *b, unsigned i);

/*
 * Is the service able to take a photo now? True when a photo worker is alive
 * (under a deadline, or with a beat of the last seconds), none is past its
 * deadline, and, while requests wait (`waiting`), one has finished within
 * limit_ns. first..first+n are the photo workers' slots. why gets a few words
 * when false; static.
 */
bool scoreboard_is_ready(struct scoreboard *b, unsigned first, unsigned n,
    bool waiting, uint64_t limit_ns, uint64_t now_ns, const char **why);

/* What the workers of some slots are doing. */
struct census {
	unsigned alive;
	unsigned phases[PHASE_COUNT]; /* of those alive */
	uint64_t resident;            /* bytes of all together */
	uint64_t resident_most;       /* of one */
};
void scoreboard_count(struct scoreboard *b, unsigned first, unsigned n,
    uint64_t now_ns, struct census *out);

#endif
