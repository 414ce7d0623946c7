#ifndef FT_VERDICT_H
#define FT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is the candidate as good as the active one, as far as these requests can
 * tell? Pure arithmetic; no clock, no file.
 *
 * Error rates are bounded by Wilson's score interval and differences by
 * Newcombe's (1998, method 10), p95 by order statistics. That errors have risen
 * is told by Fisher's exact test, which takes looking again and again.
 */

enum verdict {
	VERDICT_PASS,         /* it is not worse by more than is allowed */
	VERDICT_FAIL,         /* it is worse, and that is no chance */
	VERDICT_INCONCLUSIVE, /* too few requests to say either */
	VERDICT_REFUSED,      /* nothing can be judged here, however long */
	VERDICT_COUNT
};

/* "pass"; static. */
const char *verdict_name(enum verdict verdict);

/* What one side answered in a window. Borrowed. */
struct verdict_sample {
	uint64_t requests;  /* that a worker was asked for */
	uint64_t errors;    /* of them answered 5xx */
	uint64_t refusals;  /* photos as such: 415 and 422 */
	const uint32_t *ms; /* of work on uploads that were taken, sorted */
	size_t n_ms;
	uint64_t memory; /* bytes, mean of a worker; 0: not known */
	uint64_t deaths; /* workers that ended otherwise than in order */
};

struct verdict_terms {
	double errors; /* so much more of all requests may fail: 0.02 */
	double slower; /* so much longer p95 may be: 0.25 */
	double memory; /* so much more a worker may have: 0.5 */
};

#define VERDICT_WORDS_MAX 400

struct verdict_finding {
	enum verdict verdict;
	double
	    excludes; /* more errors than this (0..1) are excluded, by 95 % */
	double difference; /* of the error rates, and its 95 % interval */
	double difference_low, difference_high;
	uint32_t p95[2];          /* ms: active, candidate; 0: not known */
	uint64_t requests_needed; /* inconclusive: of the candidate's, about;
				   * 0: no number of them is sure to do */
	char words[VERDICT_WORDS_MAX]; /* one sentence that says all of it */
};

/*
 * ends  the window is over: without it only VERDICT_FAIL and
 *       VERDICT_INCONCLUSIVE are given, and a fail needs the evidence that
 *       looking again and again asks for
 */
void verdict_give(const struct verdict_terms *terms,
    const struct verdict_sample *active, const struct verdict_sample *candidate,
    bool ends, struct verdict_finding *out);

/* Wilson's bounds of a rate; z 1.645 is one-sided 95 %. n may be 0: 0 and 1. */
void verdict_bounds(uint64_t hits, uint64_t n, double z, double *low,
    double *high);

/* Newcombe's bounds of the difference b - a. */
void verdict_difference(uint64_t hits_a, uint64_t n_a, uint64_t hits_b,
    uint64_t n_b, double z, double *low, double *high);

#endif
