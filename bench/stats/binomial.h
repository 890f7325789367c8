/* The binomial distribution: with probability ½, sign tests and their intervals stand on it; with
 * an unknown one, a share that was counted has an interval. Pure. */
#ifndef STATS_BINOMIAL_H
#define STATS_BINOMIAL_H

#include <stddef.h>

/* P(X ≤ k), X ~ B(n, ½), summed term by term: exact to a rounding error per term, and without
 * overflow for any n that time allows (k steps). */
double binomial_half_cdf(size_t n, size_t k);

/* P(X ≤ k), X ~ B(n, p), to about 12 digits. */
double binomial_cdf(size_t n, size_t k, double p);

/* Clopper & Pearson (1934): the largest probability of which k in n cases, or fewer, are no rarer
 * than 1 − confidence. k ≤ n; n = 0: 1. */
double binomial_upper(size_t k, size_t n, double confidence);

/* The two-sided interval of that confidence. */
void binomial_interval(size_t k, size_t n, double confidence, double *low, double *high);

#endif
