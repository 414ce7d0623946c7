#ifndef FT_STRESS_H
#define FT_STRESS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a stress test has measured: numbers only, made by the load, read by the
 * verdict and the report. Owned by whoever made it.
 */

/* Where the time of an upload goes, in its order. */
enum stress_phase {
	STRESS_NGINX, /* all that the service does not account for */
	STRESS_QUEUE,
	STRESS_RECEIVE,
	STRESS_DECODE,
	STRESS_RESIZE,
	STRESS_ENCODE,
	STRESS_PUBLISH,
	STRESS_PHASES
};

/* Why no photo came out of a request. */
enum stress_loss {
	STRESS_OVERLOADED, /* 503 overloaded: the queue was full or too slow */
	STRESS_RATE_LIMITED, /* 429 */
	STRESS_FULL,         /* 507 */
	STRESS_SLOW,         /* 504, or no answer in time */
	STRESS_BROKEN,       /* any other status, or no connection */
	STRESS_LOSSES
};

/* So many clients at once, for a while. Its first answers do not count. */
struct stress_step {
	unsigned clients; /* 1.. */
	double seconds;   /* that were measured, > 0 */
	unsigned photos;  /* taken */
	unsigned losses[STRESS_LOSSES];
	double rate; /* photos a second */
	/* Of a taken photo's whole time, as the client sees it, ms. */
	double p50, p95, p99;
	/* Means of the taken photos, ms; their sum is the mean of the whole. */
	double phase[STRESS_PHASES];
	/* Of all processors' time, 0..1; busy holds the other two. */
	double busy; /* not idle, not waiting for a disk */
	double
	    service; /* of the service's and nginx's processes; < 0: unknown */
	double self; /* of this test */
	/*
	 * Photo workers at a time that had a processor, and that waited for one;
	 * the others had nothing to do, or waited for something else. running is
	 * 0 where neither is known.
	 */
	double running, runnable;
	double waiting;   /* idle while something waited for a disk */
	double disk;      /* of the busiest disk's time, 0..1; < 0: unknown */
	double written;   /* bytes a second, all disks; < 0: unknown */
	uint64_t free;    /* least memory available, bytes; 0: unknown */
	uint64_t swapped; /* bytes moved to or from swap */
};

#define STRESS_STEPS_MAX 24

struct stress_run {
	const char *url; /* borrowed */
	char date[32];   /* ISO 8601 */
	/* The service is on another machine: all that is said of one is of this. */
	bool elsewhere;
	unsigned processors;
	unsigned workers;      /* 0: not known */
	unsigned queue_length; /* 0: not known */
	uint64_t memory;       /* of the machine, bytes */
	unsigned p95_wanted;   /* ms */
	double photo_bytes;    /* mean */
	double photo_pixels;   /* mean */
	struct stress_step steps[STRESS_STEPS_MAX];
	unsigned n;
};

/* What more of would give more photos a second. */
enum stress_limit {
	STRESS_BY_NOTHING, /* not saturated within the bounds */
	STRESS_BY_CPU,
	STRESS_BY_WORKERS, /* all at work while processors idle */
	STRESS_BY_QUEUE,   /* it refuses before the workers have enough to do */
	STRESS_BY_DISK,
	STRESS_BY_MEMORY,
	STRESS_BY_RATE,  /* 429 */
	STRESS_BY_ROOM,  /* 507 */
	STRESS_BY_SELF,  /* the test itself uses up the processors */
	STRESS_BY_FRONT, /* time goes before the service: nginx, the network */
	STRESS_BY_FAULTS /* broken answers; nothing can be said */
};

struct stress_verdict {
	enum stress_limit limit;
	unsigned step;   /* at which the most photos a second were taken */
	double most;     /* photos a second there */
	double capacity; /* the most at the wanted p95, no losses; 0: none */
	unsigned capacity_clients;
	char sentence[512]; /* for people: the limit, with its numbers */
	char advice[256];   /* what helps and what does not */
};

/* A phase's name, which is the service's own: "decode". */
const char *stress_phase_name(enum stress_phase phase);

/* All requests of a step, and how many of them were no photo. */
unsigned stress_requests(const struct stress_step *step);
unsigned stress_lost(const struct stress_step *step);

#endif
