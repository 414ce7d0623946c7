#ifndef FT_VERDICT_CHANCE_H
#define FT_VERDICT_CHANCE_H

#include <stddef.h>
#include <stdint.h>

/* What chance alone could have done. For the parts of verdict only. */

/*
 * The chance that b has as many of all the hits as it has, or more, where each
 * of its requests was hit as easily as each of a's (Fisher's exact test,
 * one-sided). hits are at most n.
 */
double chance_of_more(uint64_t hits_a, uint64_t n_a, uint64_t hits_b,
    uint64_t n_b);

/*
 * Bounds of a percentile by order statistics: numbers into n sorted values,
 * from 1, so that the percentile `share` (0..1) of all that there could have
 * been is below, or above, that value by chance at most. 0: there is no such
 * one among so few.
 */
size_t chance_lower_rank(size_t n, double share, double chance);
size_t chance_upper_rank(size_t n, double share, double chance);

/*
 * Wilson's upper bound less rate_a's lower one, by Newcombe, for rates of so many
 * requests that need be no whole numbers: what more requests would say.
 */
double chance_difference_high(double rate_a, double n_a, double rate_b,
    double n_b, double z);

#endif
