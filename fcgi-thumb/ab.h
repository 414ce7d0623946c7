#ifndef FT_AB_H
#define FT_AB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "settings.h"
#include "slo.h"

/*
 * Two settings side by side, A and B: what each made of the photos that came to
 * it, from the service's own lines, and what the differences are. Does no I/O
 * but for printing.
 *
 * A photo counts when it is new and made by an upload: of one that was here
 * already nothing is made, and a thumbnail at its first request is of whoever
 * looks at it. A prober's do not count. Photos are taken to be independent of
 * each other.
 */

enum {
	AB_A,
	AB_B,
	AB_ARMS
};

/* A mean that is taken as the values come (Welford). The zero state is empty. */
struct ab_mean {
	uint64_t n;
	double mean;
	double squares; /* sum of the squared distances from it */
};

void ab_mean_take(struct ab_mean *m, double value);

/* A difference B - A with its 95 % interval. */
struct ab_interval {
	bool known; /* false: too few, and the others are 0 */
	double difference, low, high;
};

/* Of two means, whose spreads need not be alike (Welch); from 5 values each. */
#define AB_LEAST 5
void ab_welch(const struct ab_mean *a, const struct ab_mean *b,
    struct ab_interval *out);

struct ab_arm {
	enum release_slot slot;
	const char *version, *digest; /* borrowed; of its settings */
	struct ab_mean bytes;         /* of all thumbnails of a photo */
	struct ab_mean ms;            /* from its bytes to its files in place */
	struct slo_times times;       /* the same, for the median */
	uint64_t requests, errors;    /* that a worker was asked for; 5xx */
};

/* The caller fills in what stands before arms, their slots, and in the end the
 * requests, where nginx's log knows better. */
struct ab {
	const char *id;     /* borrowed, as the next two */
	const char *by;     /* an account */
	const char *prefix; /* of the service's addresses */
	int64_t from, now;  /* ms since the epoch: from when on lines count */
	unsigned share;     /* of B, in hundredths of a percent */
	struct ab_arm arms[AB_ARMS];
};

/* A line of the service's log. What is none, or another's, is passed over. */
void ab_take_line(struct ab *ab, const char *line, size_t len);

struct ab_findings {
	struct ab_interval bytes, ms;
	struct ab_interval errors; /* rates (Newcombe) */
};

void ab_find(const struct ab *ab, struct ab_findings *out);

/* All that they say, as a sentence. */
#define AB_WORDS_MAX 400
void ab_words(const struct ab *ab, const struct ab_findings *f,
    char out[AB_WORDS_MAX]);

/* For people, in 80 columns of ASCII, and for programs. */
void ab_print(const struct ab *ab, FILE *out);
void ab_print_json(const struct ab *ab, FILE *out);

#endif
