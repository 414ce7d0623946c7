#include "config.h"

/* Times of RFC 3339, strictly: what strptime(3) forgives is an error here. */

#include "terms_time.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/*
 * Text of the form of a pattern, where 0 is a digit and T either case of it;
 * all else stands for itself. Returns what comes after it, or NULL.
 */
static const char *
match(const char *text, const char *pattern)
{
	for (; *pattern != '\0'; pattern++, text++) {
		bool fits = *text == *pattern;

		if (*pattern == '0')
			fits = *text >= '0' && *text <= '9';
		else if (*pattern == 'T')
			fits = *text == 'T' || *text == 't';
		if (!fits)
			return NULL;
	}
	return text;
}

/* The number of n digits at text. */
static int
digits(const char *text, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++)
		value = value * 10 + (text[i] - '0');
	return value;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* text: "2026-12-24T18:00:00". The second 60 is a leap second. */
static int
read_clock(const char *text, int64_t *out)
{
	int year = digits(text, 4), month = digits(text + 5, 2);
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = digits(text + 8, 2),
		.tm_hour = digits(text + 11, 2),
		.tm_min = digits(text + 14, 2),
		.tm_sec = digits(text + 17, 2) };

	if (month < 1 || month > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > days_of_month(year, month) || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	*out = timegm(&tm);
	return 0;
}

/* "Z" or "+01:00", and nothing behind: the seconds that are to be taken off. */
static int
read_offset(const char *text, int64_t *out)
{
	int hours, minutes;

	if (strcasecmp(text, "Z") == 0) {
		*out = 0;
		return 0;
	}
	if ((*text != '+' && *text != '-') ||
	    match(text + 1, "00:00") == NULL || text[6] != '\0')
		return -1;
	hours = digits(text + 1, 2);
	minutes = digits(text + 4, 2);
	if (hours > 23 || minutes > 59)
		return -1;
	*out = (hours * 60 + minutes) * (*text == '-' ? -60 : 60);
	return 0;
}

int
terms_time_parse(const char *text, int64_t *out)
{
	const char *rest = match(text, "0000-00-00T00:00:00");
	int64_t clock, offset;

	if (rest != NULL && *rest == '.') {
		size_t n = strspn(rest + 1, "0123456789");

		rest = n > 0 ? rest + 1 + n : NULL;
	}
	if (rest == NULL || read_clock(text, &clock) == -1 ||
	    read_offset(rest, &offset) == -1)
		return -1;
	*out = clock - offset;
	return 0;
}
