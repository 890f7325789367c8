/* Distribution-free intervals of a median. Pure. */
#ifndef STATS_INTERVAL_H
#define STATS_INTERVAL_H

#include <stddef.h>

struct interval {
        double median, low, high; /* NaN where n is too small to give them (n < 6 at 95 %) */
        size_t n;
};

/* Hettmansperger & Sheather (1986): interpolation between neighbouring sign-test intervals.
 * `confidence` in (0, 1). */
struct interval interval_median(const double *values, size_t n, double confidence);

#endif
