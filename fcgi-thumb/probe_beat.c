#include "config.h"

#include "probe_beat.h"

#define MINUTE_MS 60000

uint64_t
probe_beat(uint64_t start, uint64_t every, uint64_t now)
{
	return start + ((now - start) / every + 1) * every;
}

int64_t
probe_finished_minute(int64_t now)
{
	int64_t late = now - PROBE_BEAT_LATE;

	return late - late % MINUTE_MS - MINUTE_MS;
}
