#include "config.h"

/* The differences in words, numbers in columns, and JSON. */

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "ab.h"
#include "terms_time.h"

/* ---- words ---- */

static void say(char out[AB_WORDS_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(char out[AB_WORDS_MAX], const char *fmt, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out + len, AB_WORDS_MAX - len, fmt, ap);
	va_end(ap);
}

/*
 * "thumbnails of B are 15.3 % smaller (13.5 to 17.1 %)", of a mean of A. Where
 * the interval has 0 in it nothing is shown, and it says how much there may be.
 */
static void
say_mean(char out[AB_WORDS_MAX], const struct ab_interval *d, double of,
    const char *what, const char *less, const char *more)
{
	double each = of > 0 ? 100 / of : 0;

	if (!d->known)
		say(out, "too few photos to compare %s", what);
	else if (d->high < 0)
		say(out, "%s of B are %.1f %% %s (%.1f to %.1f %%)", what,
		    -d->difference * each, less, -d->high * each,
		    -d->low * each);
	else if (d->low > 0)
		say(out, "%s of B are %.1f %% %s (%.1f to %.1f %%)", what,
		    d->difference * each, more, d->low * each, d->high * each);
	else
		say(out, "no difference of %s is shown (%+.1f to %+.1f %%)",
		    what, d->low * each, d->high * each);
}

static void
say_errors(char out[AB_WORDS_MAX], const struct ab_interval *d)
{
	if (!d->known)
		say(out, "no requests to compare errors");
	else if (d->high < 0)
		say(out, "B has fewer errors (%.2f to %.2f %% of requests)",
		    -100 * d->high, -100 * d->low);
	else if (d->low > 0)
		say(out, "B has more errors (%.2f to %.2f %% of requests)",
		    100 * d->low, 100 * d->high);
	else
		say(out, "no difference of errors is shown (%+.2f to %+.2f %%)",
		    100 * d->low, 100 * d->high);
}

void
ab_words(const struct ab *ab, const struct ab_findings *f,
    char out[AB_WORDS_MAX])
{
	const struct ab_arm *a = &ab->arms[AB_A];

	out[0] = '\0';
	say_mean(out, &f->bytes, a->bytes.mean, "thumbnails", "smaller",
	    "larger");
	say(out, "; ");
	say_mean(out, &f->ms, a->ms.mean, "times", "shorter", "longer");
	say(out, "; ");
	say_errors(out, &f->errors);
}

/* ---- columns ---- */

#define CELL_MAX 32
#define INTERVAL_MAX (3 * CELL_MAX)

static void
print_row(FILE *out, const char *name, const char *a, const char *b,
    const char *difference)
{
	(void)fprintf(out, "%-22s %12s %12s", name, a, b);
	if (difference[0] != '\0')
		(void)fprintf(out, "  %s", difference);
	(void)fputc('\n', out);
}

static void
print_counts(FILE *out, const char *name, uint64_t a, uint64_t b)
{
	char cells[AB_ARMS][CELL_MAX];

	(void)snprintf(cells[AB_A], CELL_MAX, "%" PRIu64, a);
	(void)snprintf(cells[AB_B], CELL_MAX, "%" PRIu64, b);
	print_row(out, name, cells[AB_A], cells[AB_B], "");
}

/* "-32775 (-36000 to -29000)"; unit is what a difference is counted in. */
static void
interval_text(char out[INTERVAL_MAX], const struct ab_interval *d, double unit,
    int digits)
{
	if (!d->known)
		(void)snprintf(out, INTERVAL_MAX, "-");
	else
		(void)snprintf(out, INTERVAL_MAX, "%+.*f (%+.*f to %+.*f)",
		    digits, d->difference / unit, digits, d->low / unit, digits,
		    d->high / unit);
}

static void
print_means(FILE *out, const char *name, const struct ab_mean *a,
    const struct ab_mean *b, const struct ab_interval *d, int digits)
{
	char cells[AB_ARMS][CELL_MAX], difference[INTERVAL_MAX];

	(void)snprintf(cells[AB_A], CELL_MAX, a->n > 0 ? "%.0f" : "-", a->mean);
	(void)snprintf(cells[AB_B], CELL_MAX, b->n > 0 ? "%.0f" : "-", b->mean);
	interval_text(difference, d, 1, digits);
	print_row(out, name, cells[AB_A], cells[AB_B], difference);
}

static void
print_medians(FILE *out, const struct ab *ab)
{
	char cells[AB_ARMS][CELL_MAX];

	for (unsigned i = 0; i < AB_ARMS; i++) {
		int64_t ms = slo_times_percentile(&ab->arms[i].times, 50);

		(void)snprintf(cells[i], CELL_MAX, ms >= 0 ? "%" PRId64 : "-",
		    ms);
	}
	print_row(out, "  median", cells[AB_A], cells[AB_B], "");
}

static void
print_errors(FILE *out, const struct ab *ab, const struct ab_interval *d)
{
	char cells[AB_ARMS][CELL_MAX], difference[INTERVAL_MAX];

	for (unsigned i = 0; i < AB_ARMS; i++) {
		const struct ab_arm *arm = &ab->arms[i];

		(void)snprintf(cells[i], CELL_MAX,
		    arm->requests > 0 ? "%.2f %%" : "-",
		    100 * (double)arm->errors / (double)arm->requests);
	}
	print_counts(out, "errors", ab->arms[AB_A].errors,
	    ab->arms[AB_B].errors);
	interval_text(difference, d, 0.01, 2);
	print_row(out, "  of requests", cells[AB_A], cells[AB_B], difference);
}

static void
print_arm(const struct ab *ab, unsigned i, FILE *out)
{
	const struct ab_arm *arm = &ab->arms[i];

	(void)fprintf(out, "%c  %s", i == AB_A ? 'A' : 'B',
	    arm->slot == SLOT_NONE ? "the service without slots"
				   : settings_slot_name(arm->slot));
	if (arm->version[0] != '\0')
		(void)fprintf(out, ", version %s", arm->version);
	if (arm->digest[0] != '\0')
		(void)fprintf(out, ", settings %.8s", arm->digest);
	(void)fputc('\n', out);
}

/* "3 d 2 h", "14 min": of two units at most. */
static void
span_text(char out[CELL_MAX], int64_t ms)
{
	int64_t minutes = ms > 0 ? ms / 60000 : 0;

	if (minutes < 60)
		(void)snprintf(out, CELL_MAX, "%" PRId64 " min", minutes);
	else if (minutes < 24 * 60)
		(void)snprintf(out, CELL_MAX, "%" PRId64 " h %" PRId64 " min",
		    minutes / 60, minutes % 60);
	else
		(void)snprintf(out, CELL_MAX, "%" PRId64 " d %" PRId64 " h",
		    minutes / 1440, minutes % 1440 / 60);
}

/* Each part of the sentence in a line of its own. */
static void
print_parts(FILE *out, const char *words)
{
	const char *end;

	for (; (end = strstr(words, "; ")) != NULL; words = end + 2)
		(void)fprintf(out, "%.*s;\n", (int)(end - words), words);
	(void)fprintf(out, "%s.\n", words);
}

void
ab_print(const struct ab *ab, FILE *out)
{
	const struct ab_arm *a = &ab->arms[AB_A], *b = &ab->arms[AB_B];
	char since[TERMS_TIME_MAX], span[CELL_MAX], words[AB_WORDS_MAX];
	struct ab_findings f;

	ab_find(ab, &f);
	ab_words(ab, &f, words);
	terms_time_text(ab->from, since);
	span_text(span, ab->now - ab->from);
	(void)fprintf(out, "A/B %s by %s, %.4g %% of the customers on B\n",
	    ab->id, ab->by, (double)ab->share / 100);
	(void)fprintf(out, "since %s (%s)\n", since, span);
	print_arm(ab, AB_A, out);
	print_arm(ab, AB_B, out);
	(void)fputc('\n', out);
	print_row(out, "", "A", "B", "B - A (95 % interval)");
	print_counts(out, "photos made", a->bytes.n, b->bytes.n);
	print_means(out, "thumbnails, bytes each", &a->bytes, &b->bytes,
	    &f.bytes, 0);
	print_means(out, "ms each, mean", &a->ms, &b->ms, &f.ms, 1);
	print_medians(out, ab);
	print_counts(out, "requests", a->requests, b->requests);
	print_errors(out, ab, &f.errors);
	(void)fputc('\n', out);
	print_parts(out, words);
}

/* ---- JSON ---- */

static json_t *
mean_json(const struct ab_mean *m)
{
	return m->n > 0 ? json_real(m->mean) : json_null();
}

static json_t *
arm_json(const struct ab_arm *arm)
{
	int64_t median = slo_times_percentile(&arm->times, 50);

	return json_pack("{s:s,s:s,s:s,s:I,s:o,s:o,s:o,s:I,s:I}", "slot",
	    settings_slot_name(arm->slot), "version", arm->version, "settings",
	    arm->digest, "photos", (json_int_t)arm->bytes.n,
	    "thumbnail_bytes_mean", mean_json(&arm->bytes), "ms_mean",
	    mean_json(&arm->ms), "ms_median",
	    median >= 0 ? json_integer((json_int_t)median) : json_null(),
	    "requests", (json_int_t)arm->requests, "errors",
	    (json_int_t)arm->errors);
}

static json_t *
interval_json(const struct ab_interval *d)
{
	if (!d->known)
		return json_null();
	return json_pack("{s:f,s:f,s:f}", "difference", d->difference, "low",
	    d->low, "high", d->high);
}

void
ab_print_json(const struct ab *ab, FILE *out)
{
	char since[TERMS_TIME_MAX], words[AB_WORDS_MAX];
	struct ab_findings f;
	json_t *all;

	ab_find(ab, &f);
	ab_words(ab, &f, words);
	terms_time_text(ab->from, since);
	all = json_pack("{s:s,s:s,s:s,s:I,s:f,s:o,s:o,s:{s:o,s:o,s:o},s:s}",
	    "id", ab->id, "by", ab->by, "since", since, "seconds",
	    (json_int_t)((ab->now - ab->from) / 1000), "share",
	    (double)ab->share / 100, "a", arm_json(&ab->arms[AB_A]), "b",
	    arm_json(&ab->arms[AB_B]), "b_less_a", "thumbnail_bytes",
	    interval_json(&f.bytes), "ms", interval_json(&f.ms), "error_rate",
	    interval_json(&f.errors), "words", words);
	if (all == NULL)
		return;
	(void)json_dumpf(all, out,
	    JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
	(void)fputc('\n', out);
	json_decref(all);
}
