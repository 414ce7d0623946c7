#ifndef FT_METRICS_TEXT_H
#define FT_METRICS_TEXT_H

#include <stdint.h>

#include "buf.h"
#include "metrics.h"

/*
 * Numbers as Prometheus reads them: its text format, 0.0.4. Names and help are
 * ours and right as they stand; values of labels may be any text.
 */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct label {
	const char *name; /* NULL ends a list of them */
	const char *value;
};

/* A list of { name, value }. */
#define LABELS(...) ((const struct label[]){ __VA_ARGS__, { NULL, NULL } })

/* What comes before the samples of a name: type is "counter", "gauge", ... */
void metrics_family(struct buf *out, const char *name, const char *type,
    const char *help);

/* labels may be NULL. */
void metrics_sample(struct buf *out, const char *name,
    const struct label *labels, uint64_t value);

/* The same with a value between 0 and 1. */
void metrics_fraction(struct buf *out, const char *name,
    const struct label *labels, unsigned ten_thousandths);

/* All three of the same: a family of one sample without labels. */
void metrics_single(struct buf *out, const char *name, const char *type,
    const char *help, uint64_t value);

/* The buckets, the sum in seconds and the count of one histogram. */
void metrics_histogram(struct buf *out, const char *name,
    const struct label *labels, const struct histogram *h);

#endif
