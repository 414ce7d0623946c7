#include "config.h"

/*
 * The two clocks that the service asks: one that nobody can turn, and one to
 * compare with nginx's. Neither can fail on Linux for these clock ids.
 */

#include "clock.h"

#include <time.h>

uint64_t
clock_monotonic_ns(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t
clock_wall_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / NS_PER_MS;
}
