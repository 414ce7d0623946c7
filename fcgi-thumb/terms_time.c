#include "config.h"

/* Times of RFC 3339, strictly: what strptime(3) forgives is an error here. */

#include "terms_time.h"

#include <stdbool.h>
#include <stdio.h>
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

/*
 * *text behind a second: ".5" or nothing of that kind. The milliseconds, and
 * *text behind them; NULL there where a dot has no digit.
 */
static int
read_fraction(const char **text)
{
	const char *at = *text;
	int ms = 0;

	if (*at != '.')
		return 0;
	at++;
	if (*at < '0' || *at > '9')
		at = NULL;
	for (int weight = 100; at != NULL && *at >= '0' && *at <= '9'; at++) {
		ms += (*at - '0') * weight;
		weight /= 10;
	}
	*text = at;
	return ms;
}

static int
parse(const char *text, int64_t *seconds, int *ms)
{
	const char *rest = match(text, "0000-00-00T00:00:00");
	int64_t clock, offset;

	if (rest != NULL)
		*ms = read_fraction(&rest);
	if (rest == NULL || read_clock(text, &clock) == -1 ||
	    read_offset(rest, &offset) == -1)
		return -1;
	*seconds = clock - offset;
	return 0;
}

int
terms_time_parse(const char *text, int64_t *out)
{
	int ms;

	return parse(text, out, &ms);
}

int
terms_time_parse_ms(const char *text, int64_t *out)
{
	int64_t seconds;
	int ms;

	if (parse(text, &seconds, &ms) == -1)
		return -1;
	*out = seconds * 1000 + ms;
	return 0;
}

void
terms_time_text(int64_t ms, char out[TERMS_TIME_MAX])
{
	int64_t fraction = ((ms % 1000) + 1000) % 1000;
	time_t seconds = (time_t)((ms - fraction) / 1000);
	char whole[24];
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < 1000 - 1900 ||
	    tm.tm_year > 9999 - 1900 ||
	    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return;
	(void)snprintf(out, TERMS_TIME_MAX, "%s.%03dZ", whole, (int)fraction);
}
