#ifndef FT_STRESS_MACHINE_H
#define FT_STRESS_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "stress.h"

/*
 * What the machine does while it is under load: the counters of /proc (proc(5))
 * at two moments, and what happened in between.
 */

#define STRESS_DISKS_MAX 64

struct stress_disk {
	char name[32];
	uint64_t busy_ms;
	uint64_t written; /* bytes */
};

struct stress_sample {
	uint64_t at_ns; /* monotonic */
	/* Of all processors since the machine runs, in ticks. */
	uint64_t all, idle, waiting;
	uint64_t service; /* ticks that the service and nginx have had */
	bool has_service;
	/*
	 * Of the photo workers: ticks on a processor, and ns on one and of
	 * waiting for one.
	 */
	uint64_t ran, ran_ns, delayed_ns;
	uint64_t crew;  /* which processes they are; differs with them */
	bool has_delay; /* the system tells these ns */
	uint64_t self_ns;
	uint64_t swapped; /* pages, in and out */
	struct stress_disk disks[STRESS_DISKS_MAX];
	unsigned n_disks;
	bool has_disks;
};

/*
 * service  the pid of the service's master, 0: not known. Nginx's processes
 *          are all of this machine.
 */
void stress_sample_take(struct stress_sample *out, pid_t service);

/*
 * Fill in what the machine did between two samples: step's busy, service, self,
 * running, runnable, waiting, disk, written and swapped.
 */
void stress_sample_compare(const struct stress_sample *before,
    const struct stress_sample *after, struct stress_step *step);

/* Bytes of memory that could be had now; 0 where it cannot be told. */
uint64_t stress_memory_available(void);

unsigned stress_processors(void);

/* ---- the texts, for tests ---- */

/* /proc/stat. 0, or -1: it is not what it should be. */
int stress_parse_stat(const char *text, struct stress_sample *out);

/*
 * /proc/diskstats: whole disks, without partitions and what stands upon other
 * disks (loop, dm, md) or in memory.
 */
void stress_parse_disks(const char *text, struct stress_sample *out);

/*
 * /proc/PID/stat: the parent and the ticks, and those of children that have
 * ended and been waited for. 0 or -1.
 */
int stress_parse_process(const char *text, pid_t *parent, uint64_t *ticks,
    uint64_t *of_children);

/* /proc/PID/schedstat: ns on a processor, and of waiting for one. 0 or -1. */
int stress_parse_delay(const char *text, uint64_t *ran, uint64_t *delayed);

#endif
