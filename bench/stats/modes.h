/* Is there one centre, or are there two? A median of two says nothing. Pure; every context that may
 * allocate. */
#ifndef STATS_MODES_H
#define STATS_MODES_H

#include <stdbool.h>
#include <stddef.h>

struct modes {
        bool two;
        double low, high; /* medians of the two groups; NaN unless `two` */
        size_t low_n, high_n;
};

/* `values` in any order, not modified; those that are not positive and finite are left out. Fewer
 * than 12: never two. Modes may be two and yet so close that nobody minds: that is for the caller
 * to judge. The rule, and how often it is wrong, are at the implementation. */
struct modes modes_of(const double *values, size_t n);

#endif
