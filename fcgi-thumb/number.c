#include "config.h"

/* Text to numbers, strictly: what strtoull forgives is an error here. */

#include "number.h"

#include <limits.h>
#include <stddef.h>

static const char *
read_digits(const char *text, unsigned long long *out)
{
	unsigned long long n = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (n > (ULLONG_MAX - digit) / 10)
			return NULL;
		n = n * 10 + digit;
	}
	*out = n;
	return p == text ? NULL : p;
}

int
number_parse(const char *text, unsigned long long min, unsigned long long max,
    unsigned long long *out)
{
	unsigned long long n;
	const char *end = read_digits(text, &n);

	if (end == NULL || *end != '\0' || n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

int
number_parse_scaled(const char *text, unsigned base, unsigned long long *out)
{
	static const char suffixes[] = "KMG";
	unsigned long long n;
	const char *end = read_digits(text, &n);

	if (end == NULL)
		return -1;
	if (*end != '\0') {
		unsigned i = 0;

		while (suffixes[i] != '\0' && suffixes[i] != *end)
			i++;
		if (suffixes[i] == '\0' || end[1] != '\0')
			return -1;
		for (unsigned power = 0; power <= i; power++) {
			if (n > ULLONG_MAX / base)
				return -1;
			n *= base;
		}
	}
	*out = n;
	return 0;
}

int
number_parse_duration(const char *text, unsigned long long *out)
{
	static const struct {
		char suffix;
		unsigned seconds;
	} units[] = { { '\0', 1 }, { 's', 1 }, { 'm', 60 }, { 'h', 3600 },
		{ 'd', 86400 } };
	unsigned long long n;
	const char *end = read_digits(text, &n);

	if (end == NULL || (*end != '\0' && end[1] != '\0'))
		return -1;
	for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (units[i].suffix != *end)
			continue;
		if (n > ULLONG_MAX / units[i].seconds)
			return -1;
		*out = n * units[i].seconds;
		return 0;
	}
	return -1;
}
