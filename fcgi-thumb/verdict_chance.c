#include "config.h"

/* Intervals and tests. Numbers only; what they mean is verdict.c's. */

#include "verdict_chance.h"

#include <math.h>

#include "verdict.h"

/* ---- rates ---- */

/* Wilson (1927), for a rate of n; n may be 0. */
static void
wilson(double rate, double n, double z, double *low, double *high)
{
	double z2 = z * z, middle, half;

	if (n <= 0) {
		*low = 0;
		*high = 1;
		return;
	}
	middle = (rate + z2 / (2 * n)) / (1 + z2 / n);
	half =
	    z * sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n);
	/* At the ends the formula is exact, and rounding is not. */
	*low = rate <= 0 ? 0 : fmax(0, middle - half);
	*high = rate >= 1 ? 1 : fmin(1, middle + half);
}

static double
rate_of(uint64_t hits, uint64_t n)
{
	return n > 0 ? (double)hits / (double)n : 0;
}

void
verdict_bounds(uint64_t hits, uint64_t n, double z, double *low, double *high)
{
	wilson(rate_of(hits, n), (double)n, z, low, high);
}

double
chance_difference_high(double rate_a, double n_a, double rate_b, double n_b,
    double z)
{
	double low_a, high_a, low_b, high_b;

	wilson(rate_a, n_a, z, &low_a, &high_a);
	wilson(rate_b, n_b, z, &low_b, &high_b);
	return fmin(1,
	    rate_b - rate_a + hypot(high_b - rate_b, rate_a - low_a));
}

/* The lower bound is the upper one of the other difference. */
void
verdict_difference(uint64_t hits_a, uint64_t n_a, uint64_t hits_b, uint64_t n_b,
    double z, double *low, double *high)
{
	double a = rate_of(hits_a, n_a), b = rate_of(hits_b, n_b);

	*low = -chance_difference_high(b, (double)n_b, a, (double)n_a, z);
	*high = chance_difference_high(a, (double)n_a, b, (double)n_b, z);
}

/* Logarithm of the number of ways to choose k of n. */
static double
log_ways(double n, double k)
{
	return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/*
 * The hypergeometric distribution from hits_b on. Each term is made of the one
 * before, as a logarithm since the first may be too small for a double.
 */
double
chance_of_more(uint64_t hits_a, uint64_t n_a, uint64_t hits_b, uint64_t n_b)
{
	double hits = (double)(hits_a + hits_b);
	double n = (double)(n_a + n_b), drawn = (double)n_b;
	double most = fmin(hits, drawn), sum = 0;
	double term = log_ways(hits, (double)hits_b) +
	    log_ways(n - hits, drawn - (double)hits_b) - log_ways(n, drawn);

	for (double k = (double)hits_b; k <= most; k++) {
		sum += exp(term);
		/* Past the middle the terms only become smaller. */
		if (k * n > hits * drawn && exp(term) < sum * 1e-9)
			break;
		term += log((hits - k) * (drawn - k) /
		    ((k + 1) * (n - hits - drawn + k + 1)));
	}
	return fmin(1, sum);
}

/* ---- percentiles ---- */

/*
 * The least number of n values beyond a percentile, `beyond` of which all are in
 * the mean, such that as few or fewer are so by more than this chance.
 */
static size_t
likely_beyond(size_t n, double beyond, double chance)
{
	double term = (double)n * log1p(-beyond), sum = exp(term);
	size_t m = 0;

	while (sum <= chance && m < n) {
		term += log(
		    (double)(n - m) / (double)(m + 1) * beyond / (1 - beyond));
		sum += exp(term);
		m++;
	}
	return m;
}

/* More than those are beyond it by less than this chance: the next is not. */
size_t
chance_lower_rank(size_t n, double share, double chance)
{
	size_t most = likely_beyond(n, 1 - share, 1 - chance);

	return n > most ? n - most : 0;
}

size_t
chance_upper_rank(size_t n, double share, double chance)
{
	size_t least = likely_beyond(n, 1 - share, chance);

	return least > 0 ? n - least + 1 : 0;
}
