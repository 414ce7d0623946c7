#include "config.h"

/* The form of the numbers, and nothing of their meaning. */

#include "metrics_text.h"

#include <inttypes.h>

#include "clock.h"

void
metrics_family(struct buf *out, const char *name, const char *type,
    const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_value(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++)
		switch (*value) {
		case '\\':
			buf_puts(out, "\\\\");
			break;
		case '"':
			buf_puts(out, "\\\"");
			break;
		case '\n':
			buf_puts(out, "\\n");
			break;
		default:
			buf_add(out, value, 1);
		}
}

/* more: one label more, or NULL. */
static void
put_name(struct buf *out, const char *name, const char *suffix,
    const struct label *labels, const struct label *more)
{
	const char *before = "{";

	buf_printf(out, "%s%s", name, suffix);
	for (; labels != NULL && labels->name != NULL; labels++) {
		buf_printf(out, "%s%s=\"", before, labels->name);
		put_value(out, labels->value);
		buf_puts(out, "\"");
		before = ",";
	}
	if (more != NULL) {
		buf_printf(out, "%s%s=\"%s\"", before, more->name, more->value);
		before = ",";
	}
	buf_puts(out, *before == ',' ? "} " : " ");
}

void
metrics_sample(struct buf *out, const char *name, const struct label *labels,
    uint64_t value)
{
	put_name(out, name, "", labels, NULL);
	buf_printf(out, "%" PRIu64 "\n", value);
}

void
metrics_fraction(struct buf *out, const char *name, const struct label *labels,
    unsigned ten_thousandths)
{
	put_name(out, name, "", labels, NULL);
	buf_printf(out, "%u.%04u\n", ten_thousandths / 10000,
	    ten_thousandths % 10000);
}

void
metrics_single(struct buf *out, const char *name, const char *type,
    const char *help, uint64_t value)
{
	metrics_family(out, name, type, help);
	metrics_sample(out, name, NULL, value);
}

/* The count is that of the last bucket: the two never contradict each other. */
void
metrics_histogram(struct buf *out, const char *name, const struct label *labels,
    const struct histogram *h)
{
	uint64_t n = 0, sum = h->sum_ns;

	for (unsigned i = 0; i <= METRICS_BOUNDS; i++) {
		const struct label le = { "le", histogram_bound(i) };

		n += h->buckets[i];
		put_name(out, name, "_bucket", labels, &le);
		buf_printf(out, "%" PRIu64 "\n", n);
	}
	put_name(out, name, "_sum", labels, NULL);
	buf_printf(out, "%" PRIu64 ".%09" PRIu64 "\n", sum / NS_PER_S,
	    sum % NS_PER_S);
	put_name(out, name, "_count", labels, NULL);
	buf_printf(out, "%" PRIu64 "\n", n);
}
