#include "stats/interval.h"
#include "stats/binomial.h"
#include "stats/describe.h"

#include <math.h>
#include <stdlib.h>

/* Confidence of the interval from the k-th smallest to the k-th largest of n values; k ≥ 1. */
static double sign_confidence(size_t n, size_t k)
{
        return 1 - 2 * binomial_half_cdf(n, k - 1);
}

size_t interval_depth(size_t n, double confidence)
{
        size_t enough = 0, too_little = n / 2 + 1;

        while (too_little - enough > 1) {
                size_t k = enough + (too_little - enough) / 2;

                if (sign_confidence(n, k) >= confidence)
                        enough = k;
                else
                        too_little = k;
        }
        return enough;
}

struct interval interval_median(const double *values, size_t n, double confidence)
{
        struct interval ret = {.median = NAN, .low = NAN, .high = NAN, .n = n};
        double *sorted = describe_sorted(values, n), wide, narrow, share, lambda;
        size_t k = interval_depth(n, confidence);

        if (!sorted)
                return ret;
        ret.median = describe_sorted_quantile(sorted, n, 0.5);
        if (k) {
                wide = sign_confidence(n, k);
                narrow = sign_confidence(n, k + 1);
                share = (wide - confidence) / (wide - narrow);
                lambda = (double)(n - k) * share /
                         ((double)k + ((double)n - 2.0 * (double)k) * share);
                ret.low = (1 - lambda) * sorted[k - 1] + lambda * sorted[k];
                ret.high = (1 - lambda) * sorted[n - k] + lambda * sorted[n - k - 1];
        }
        free(sorted);
        return ret;
}
