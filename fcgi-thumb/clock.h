#ifndef FT_CLOCK_H
#define FT_CLOCK_H

#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC: for durations and deadlines, all processes. */
uint64_t clock_monotonic_ns(void);

/* Milliseconds since the epoch: to compare with nginx's $msec only. */
uint64_t clock_wall_ms(void);

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

#endif
