#ifndef FT_TERMS_TIME_H
#define FT_TERMS_TIME_H

#include <stdint.h>

/*
 * A time as RFC 3339 5.6 writes it ("2026-12-24T18:00:00Z",
 * "2026-12-24t19:00:00.5+01:00") in Unix seconds, the fraction cut off. 0 and
 * *out set, or -1 and *out untouched.
 */
int terms_time_parse(const char *text, int64_t *out);

#endif
