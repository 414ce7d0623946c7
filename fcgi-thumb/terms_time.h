#ifndef FT_TERMS_TIME_H
#define FT_TERMS_TIME_H

#include <stdint.h>

/*
 * A time as RFC 3339 5.6 writes it ("2026-12-24T18:00:00Z",
 * "2026-12-24t19:00:00.5+01:00") in Unix seconds, the fraction cut off. 0 and
 * *out set, or -1 and *out untouched.
 */
int terms_time_parse(const char *text, int64_t *out);

/* The same in milliseconds: three digits of the fraction count. */
int terms_time_parse_ms(const char *text, int64_t *out);

/*
 * Milliseconds since the epoch as a line of a log has them:
 * "2026-12-24T18:00:00.123Z". "" where the year has not four digits.
 */
#define TERMS_TIME_MAX 32
void terms_time_text(int64_t ms, char out[TERMS_TIME_MAX]);

#endif
