/* Distribution-free intervals of a median. Pure; every context that may allocate. */
#ifndef STATS_INTERVAL_H
#define STATS_INTERVAL_H

#include <stddef.h>

struct interval {
        double median, low, high; /* NaN where n is too small to give them (n < 6 at 95 %) */
        size_t n;
};

/* The interval of T. P. Hettmansperger and S. J. Sheather, "Confidence intervals based on
 * interpolated order statistics", Statistics & Probability Letters 4 (1986), 75–79.
 *
 * From the k-th smallest to the k-th largest value is the sign test's interval of confidence
 * γ(k) = 1 − 2 P(B(n, ½) < k). Take the largest k with γ(k) ≥ `confidence`, and go from its limits
 * towards those of k + 1 by
 *     λ = (n − k) I / (k + (n − 2k) I),  I = (γ(k) − confidence) / (γ(k) − γ(k + 1)).
 * That weight is exact where values near the median follow a Laplace density, and close for others.
 *
 * `values`: no NaN, in any order, not modified. `confidence` in (0, 1). */
struct interval interval_median(const double *values, size_t n, double confidence);

/* The largest k for which the interval from the k-th smallest to the k-th largest of n values has
 * the confidence; 0: none has. So a sign test of level 1 − confidence allows k − 1 on the other
 * side. */
size_t interval_depth(size_t n, double confidence);

#endif
