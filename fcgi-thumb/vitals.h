#ifndef FT_VITALS_H
#define FT_VITALS_H

#include <stdint.h>

/*
 * How the workers of a master are, out of what its GET /metrics says: of this
 * version, or of another one that has other series beside.
 */
struct vitals {
	uint64_t memory; /* bytes, mean of the photo workers; 0: not known */
	uint64_t deaths; /* since its start, otherwise than in order */
};

/* 0, or -1: it does not say how many died. */
int vitals_read(const char *metrics, struct vitals *out);

#endif
