/* Does a series change over the rounds? Pure; every context that may allocate. */
#ifndef STATS_TREND_H
#define STATS_TREND_H

#include <stddef.h>

struct trend {
        double change; /* over the whole series, of 1: exp(Theil-Sen slope of the logs × (n − 1)) −
                          1; NaN: fewer than 6 values, or no memory */
        double p;      /* two-sided Mann-Kendall test of "no trend"; NaN as above */
        size_t warmup; /* values[0 … warmup − 1] belong to a warm-up; 0: none seen */
};

/* `values` in the order of rounds; what is NaN, infinite or not positive is left out, and keeps its
 * place in time. Mann (1945), Kendall (1975); Theil (1950), Sen (1968). The rule for warm-up and
 * its false alarms are at the implementation. Takes n² / 2 steps, and as many doubles. */
struct trend trend_of(const double *values, size_t n);

#endif
