#ifndef FT_METRICS_H
#define FT_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "fault.h"
#include "format.h"
#include "scoreboard.h"

/*
 * What has happened since the service started, in numbers that only grow,
 * whatever becomes of the processes that count. Each process counts on a page
 * of its own in memory that the master makes before it forks; a page outlives
 * the process that has it on lease, is never zeroed, and goes to the next one
 * as it is. The sum of all pages is the service's.
 */

enum request_kind {
	REQUEST_UPLOAD,
	REQUEST_RENDER, /* the first request of a thumbnail */
	REQUEST_CLAIM,
	REQUEST_DELETE,
	REQUEST_KINDS
};

/* What became of a request: a fault, or one of these. */
enum request_result {
	RESULT_OK = FAULT_COUNT, /* 200 */
	RESULT_CREATED,          /* 201 */
	RESULT_GONE,             /* 204 */
	RESULT_COUNT
};

enum recycle { /* why a worker made room for a fresh one */
	RECYCLE_JOBS,
	RECYCLE_MEMORY,
	RECYCLE_LOG,    /* the file that it may write to is too long */
	RECYCLE_PIXELS, /* memory was lost in a codec */
	RECYCLE_COUNT
};

enum kill_reason {     /* why a worker was ended by us */
	KILL_DEADLINE, /* by the master, or by its own watchdog */
	KILL_BOOT,     /* it did not come up */
	KILL_LEAVE,    /* it did not leave */
	KILL_COUNT
};

enum death_cause { /* all other ends that are not in order */
	DEATH_SEGV,
	DEATH_ABRT,
	DEATH_BUS,
	DEATH_FPE,
	DEATH_ILL,
	DEATH_SYS,  /* a system call that the sandbox forbids */
	DEATH_KILL, /* by somebody else, as the kernel that is out of memory */
	DEATH_SIGNAL, /* any other */
	DEATH_STATUS, /* it gave up by itself */
	DEATH_COUNT
};

typedef _Atomic uint64_t metric;

/* Up to the bounds in metrics.c, and one for what is longer than all. */
#define METRICS_BOUNDS 15

struct histogram {
	metric buckets[METRICS_BOUNDS + 1]; /* each without those before it */
	metric sum_ns;
};

/* The zero state is a valid one. Nothing but metrics in it. */
struct counts {
	metric requests[REQUEST_KINDS][RESULT_COUNT];
	metric photos[3][FORMAT_COUNT]; /* by enum photo_status of reply.h */
	metric refusals[FAULT_COUNT];   /* of photos */
	metric renders[FORMAT_COUNT];   /* first ones, by what was asked for */
	metric thumbnails[FORMAT_COUNT];
	metric rendered[ENGINE_COUNT]; /* photos, by what made their files */
	metric declined; /* those of them that planes could not be sure of */
	metric received_bytes; /* of photos */
	metric written_bytes;  /* of originals and thumbnails */
	metric claims;         /* made, or found again by their key */
	metric deletions;      /* claims that somebody took back */
	metric removed;        /* photos */
	metric starts;         /* of workers, as all that follows */
	metric recycles[RECYCLE_COUNT];
	metric kills[KILL_COUNT];
	metric deaths[DEATH_COUNT];
	metric strikes; /* photos that processes died of */
	metric reloads; /* of the settings, those in force since */
	metric reloads_refused;
	struct histogram request_time[REQUEST_KINDS];
	struct histogram phase_time[REQUEST_KINDS][PHASE_COUNT];
	struct histogram photo_time[FORMAT_COUNT]; /* of those decoded */
};

/*
 * Where this process counts. Where nobody has given it a page (a test, the
 * operator's tool), the numbers go nowhere.
 */
struct counts *metrics_own(void);

/* One more that took so long. */
void histogram_note(struct histogram *h, uint64_t ns);

/* The upper bound of a bucket in seconds, as text: "0.005"; "+Inf". Static. */
const char *histogram_bound(unsigned bucket);

/* ---- the pages ---- */

/*
 * In the master, before its first fork: its own page. 0, or -1 with errno. The
 * pages stay until the process ends; most of them take no memory.
 */
int metrics_init(void);

/*
 * A page for a process that is to be forked; metrics_return when it has been
 * waited for. When no page is left, several share one. Without metrics_init
 * both do nothing.
 */
unsigned metrics_lease(void);
void metrics_return(unsigned page);

/*
 * In the new process: the page is its own from now on, and all others are out of
 * reach; a process that is to tell of all of them can still read them.
 */
void metrics_take(unsigned page, bool reads_all);

/* The sum of all pages that this process can read. */
void metrics_sum(struct counts *out);

/* When metrics_init was called, Unix seconds; 0 where nobody did. */
int64_t metrics_started(void);

#endif
