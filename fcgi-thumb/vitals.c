#include "config.h"

#include "vitals.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NAME(name) "fcgi_thumb_" name

/* The value of a line of this series; NULL: it is of another one. */
static const char *
value_of(const char *line, const char *name)
{
	size_t len = strlen(name), end = strcspn(line, "\n");
	const char *at;

	if (strncmp(line, name, len) != 0)
		return NULL;
	if (line[len] == ' ')
		return line + len + 1;
	at = line[len] == '{' ? memchr(line, '}', end) : NULL;
	return at != NULL && at[1] == ' ' ? at + 2 : NULL;
}

/* Has it a label with this value? label is as it stands there. */
static bool
has_label(const char *line, const char *label)
{
	return memmem(line, strcspn(line, "\n"), label, strlen(label)) != NULL;
}

/*
 * The sum of the lines of a series, of all or of those with a label. *found: how
 * many there are.
 */
static uint64_t
sum_of(const char *text, const char *name, const char *label, unsigned *found)
{
	uint64_t sum = 0;

	*found = 0;
	for (const char *line = text; *line != '\0';) {
		const char *value = value_of(line, name);

		if (value != NULL &&
		    (label == NULL || has_label(line, label))) {
			sum += strtoull(value, NULL, 10);
			(*found)++;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return sum;
}

/*
 * One that was killed past its deadline or did not come up is as dead as one
 * that died by itself; one that did not leave in time was on its way out.
 */
int
vitals_read(const char *metrics, struct vitals *out)
{
	unsigned n_deaths, n;
	uint64_t alive = sum_of(metrics, NAME("workers_alive"), NULL, &n);
	uint64_t bytes =
	    sum_of(metrics, NAME("workers_resident_bytes"), NULL, &n);

	*out = (struct vitals){ .memory = alive > 0 ? bytes / alive : 0 };
	out->deaths =
	    sum_of(metrics, NAME("worker_deaths_total"), NULL, &n_deaths);
	out->deaths += sum_of(metrics, NAME("worker_kills_total"),
	    "reason=\"deadline\"", &n);
	out->deaths +=
	    sum_of(metrics, NAME("worker_kills_total"), "reason=\"boot\"", &n);
	return n_deaths > 0 ? 0 : -1;
}
