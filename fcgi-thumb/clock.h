#ifndef FT_CLOCK_H
#define FT_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC: for durations and deadlines, all processes. */
uint64_t clock_monotonic_ns(void);

/* Nanoseconds of processor time that this process has had. */
uint64_t clock_processor_ns(void);

/* The same of another one, from what wait4(2) or getrusage(2) says. */
struct rusage;
uint64_t clock_rusage_ns(const struct rusage *usage);

/* Milliseconds since the epoch: to compare with nginx's $msec, and for logs. */
uint64_t clock_wall_ms(void);

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

#endif
