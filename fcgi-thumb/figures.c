#include "config.h"

#include "figures.h"

#include <stdio.h>
#include <string.h>

#define NELEM(array) (sizeof(array) / sizeof(array)[0])

/* "1234.50" up to "1234.5": how long it is without the zeros at its end. */
static size_t
trimmed(const char *text)
{
	size_t len = strlen(text);

	if (strchr(text, '.') == NULL)
		return len;
	while (text[len - 1] == '0')
		len--;
	return text[len - 1] == '.' ? len - 1 : len;
}

void
figures_number(struct buf *out, double n, int digits)
{
	char text[64];
	size_t len, whole;

	(void)snprintf(text, sizeof text, "%.*f", digits, n);
	len = trimmed(text);
	whole = strcspn(text, ".");
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && i < whole && (whole - i) % 3 == 0)
			buf_puts(out, ",");
		buf_add(out, text + i, 1);
	}
}

void
figures_bytes(struct buf *out, unsigned long long n, int digits,
    enum language language)
{
	static const char *const units[] = { "", "kB", "MB", "GB" };
	static const char *const bytes[] = {
		[LANGUAGE_EN] = "bytes",
		[LANGUAGE_KO] = "바이트",
	};
	double value = (double)n;
	size_t unit = 0;

	while (value >= 1024 && unit < NELEM(units) - 1) {
		value /= 1024;
		unit++;
	}
	figures_number(out, value, unit > 1 || digits > 1 ? digits : 0);
	buf_printf(out, "\u00a0%s", unit > 0 ? units[unit] : bytes[language]);
}
