/* Order statistics. Pure functions on arrays; nothing is modified, NaN is not allowed in. Every
 * context that may allocate: each works on a sorted copy, and gives NaN when memory is out. */
#ifndef STATS_DESCRIBE_H
#define STATS_DESCRIBE_H

#include <stddef.h>

double describe_median(const double *values, size_t n);             /* NaN when n is 0 */
double describe_quantile(const double *values, size_t n, double q); /* Hyndman & Fan type 7 */

/* The steps of the above, for those who need several figures of one array. The copy is the
 * caller's to free; NULL: out of memory, or n is 0. */
double *describe_sorted(const double *values, size_t n);
double describe_sorted_quantile(const double *sorted, size_t n, double q);

#endif
