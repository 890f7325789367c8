/* The binomial distribution with probability ½, on which sign tests and their intervals stand.
 * Pure. */
#ifndef STATS_BINOMIAL_H
#define STATS_BINOMIAL_H

#include <stddef.h>

/* P(X ≤ k), X ~ B(n, ½), summed term by term: exact to a rounding error per term, and without
 * overflow for any n that time allows (k steps). */
double binomial_half_cdf(size_t n, size_t k);

#endif
