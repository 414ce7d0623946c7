#ifndef FT_SLO_INTERNAL_H
#define FT_SLO_INTERNAL_H

#include <jansson.h>

#include "slo.h"

/* What the parts of the module share; for no one else. */

/* Are they one, but for numbers in their words? */
bool slo_cause_same(const struct slo_cause *a, const struct slo_cause *b);

/* "2026-11-28T08:51:00.000Z" of a minute, or of ms. */
json_t *slo_json_minute(int64_t minute);
json_t *slo_json_time(int64_t ms);

/*
 * What happened between two minutes, in order. The caller frees *out. 0, or
 * -1: no memory.
 */
int slo_outages(const struct slo_book *b, int64_t from, int64_t until,
    struct slo_outage **out, size_t *n);

/* The days of the calendar from that of `from` to that of now. The same. */
int slo_dates(const struct slo_book *b, int64_t from, struct slo_date **out,
    size_t *n);

/* A line of a release, into its day. */
void slo_marks_take(struct slo_day *day, const struct ledger_entry *e);

/* The releases of all days, into b->releases. 0, or -1: no memory. */
int slo_marks_collect(struct slo_book *b);

/*
 * All releases that the book knows of, that which is under way among them,
 * without what was lost in them. The caller frees *out. 0, or -1: no memory.
 */
int slo_releases(const struct slo_book *b, struct slo_release **out, size_t *n);

/* Minutes that were lost while any of n releases, in order, was under way. */
uint32_t slo_lost(const struct slo_book *b, const struct slo_release *list,
    size_t n, int64_t from, int64_t until);

/* The figures of releases, when the others are there. 0, or -1: no memory. */
int slo_set_releases(const struct slo_book *b, struct slo_figures *f);
void slo_set_shares(const struct slo_book *b, struct slo_figures *f);

/* The minute, since the epoch, that a moment lies in. */
int64_t slo_minute_of(int64_t ms);

/* The minute that the month of a moment began with, in UTC. */
int64_t slo_month(int64_t now);

/* What is known of a minute, or NULL. */
const struct slo_minute *slo_minute(const struct slo_book *b, int64_t minute);

/* The causes of the day that a minute with probes lies in. */
const struct slo_cause *slo_causes(const struct slo_book *b, int64_t minute);

#endif
