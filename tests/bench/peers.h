/* How others tell a difference: the inference of peers, for self-benchmarks only. Pure. */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdbool.h>
#include <stddef.h>

/* One side: its mean, and its standard deviation with n − 1. */
struct moments {
        double mean, deviation;
        size_t n;
};

struct moments peers_moments(const double *values, size_t n);

/* Two-sided p of "both sides are equal". */
double peers_pooled_p(struct moments a, struct moments b); /* Student's t test, one variance */
double peers_welch_p(struct moments a, struct moments b);
/* Mann and Whitney, by the normal approximation, corrected for ties and continuity. */
double peers_mann_whitney_p(const double *a, const double *b, size_t n);

/* hyperfine's relative speed: the ratio of means, with a standard deviation that is propagated from
 * those of the two sides; true: 1 is not within ratio ± deviation. */
bool peers_relative_speed_differs(struct moments a, struct moments b);

/* Percentiles of the medians of `resamples` samples drawn from these with replacement. */
void peers_bootstrap(const double *values, size_t n, size_t resamples, double confidence,
                     double *low, double *high);

#endif
