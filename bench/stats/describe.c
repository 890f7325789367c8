#include "stats/describe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

double *describe_sorted(const double *values, size_t n)
{
        double *sorted = n ? reallocarray(NULL, n, sizeof(*sorted)) : NULL;

        if (!sorted)
                return NULL;
        memcpy(sorted, values, n * sizeof(*sorted));
        qsort(sorted, n, sizeof(*sorted), by_value);
        return sorted;
}

double describe_sorted_quantile(const double *sorted, size_t n, double q)
{
        double position = (double)(n - 1) * q, below = floor(position), share = position - below;
        size_t i = (size_t)below;

        return share > 0 ? sorted[i] + share * (sorted[i + 1] - sorted[i]) : sorted[i];
}

double describe_quantile(const double *values, size_t n, double q)
{
        double *sorted = describe_sorted(values, n);
        double quantile = sorted ? describe_sorted_quantile(sorted, n, q) : NAN;

        free(sorted);
        return quantile;
}

double describe_median(const double *values, size_t n)
{
        return describe_quantile(values, n, 0.5);
}
