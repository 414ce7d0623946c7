#ifndef FT_WATCHDOG_H
#define FT_WATCHDOG_H

#include <stdint.h>

/*
 * A process's own way out of a job that does not come back: a CLOCK_MONOTONIC
 * timer whose handler writes one prepared line to the log and ends the process
 * with WATCHDOG_EXIT. Does nothing in a process that has not called
 * watchdog_init (the tests).
 */
#define WATCHDOG_EXIT 124

/* 0, or -1 with errno. Once a process, after fork. */
int watchdog_init(void);

/* End the process at this monotonic time; 0 disarms. */
void watchdog_arm(uint64_t deadline_ns);

#endif
