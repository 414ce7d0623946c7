#include "config.h"

/*
 * The clocks that the service asks: one that nobody can turn, one of its own
 * work, and one to compare with nginx's. None can fail on Linux for these clock ids.
 */

#include "clock.h"

#include <sys/resource.h>
#include <time.h>

static uint64_t
read_ns(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t
clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t
clock_processor_ns(void)
{
	return read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t
clock_rusage_ns(const struct rusage *usage)
{
	const struct timeval *user = &usage->ru_utime;
	const struct timeval *system = &usage->ru_stime;

	return (uint64_t)(user->tv_sec + system->tv_sec) * NS_PER_S +
	    (uint64_t)(user->tv_usec + system->tv_usec) * 1000;
}

uint64_t
clock_wall_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / NS_PER_MS;
}
