/* Order statistics. Pure functions on arrays; nothing is modified, NaN is not allowed in. Every
 * context. */
#ifndef STATS_DESCRIBE_H
#define STATS_DESCRIBE_H

#include <stddef.h>

double describe_median(const double *values, size_t n);             /* NaN when n is 0 */
double describe_quantile(const double *values, size_t n, double q); /* Hyndman & Fan type 7 */
double describe_mad(const double *values, size_t n); /* median absolute deviation, unscaled */

#endif
