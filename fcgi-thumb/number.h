#ifndef FT_NUMBER_H
#define FT_NUMBER_H

/*
 * The only way from text to a number: decimal digits and nothing else, no
 * sign, no space, no overflow. 0 and *out set, or -1 and *out untouched.
 */
int number_parse(const char *text, unsigned long long min,
    unsigned long long max, unsigned long long *out);

/*
 * The same with one optional suffix K, M or G, worth powers of `base`: 1024
 * for bytes, 1000 for counts. "32M", "1500".
 */
int number_parse_scaled(const char *text, unsigned base,
    unsigned long long *out);

/*
 * A length of time in seconds: a number with one optional suffix s, m, h or d.
 * "90m", "30d", "3600". 0 and *out set, or -1 and *out untouched.
 */
int number_parse_duration(const char *text, unsigned long long *out);

#endif
