#include "stats/trend.h"
#include "stats/describe.h"

#include <math.h>
#include <stdlib.h>

#define VALUES_MIN 6
#define WARMUP_LEVEL 0.14 /* ÷ n: shared by n / 4 looks */
#define STEADY_ALPHA 0.05

/* Two-sided p by the normal approximation, corrected for ties and continuity. Without ties it is
 * within 0.02 of the exact one from 6 values on and within 0.01 from 10, and where p < 0.06 never
 * smaller. */
static double kendall_p(const double *values, size_t n)
{
        double *sorted = describe_sorted(values, n), variance, s = 0;

        if (!sorted)
                return NAN;
        variance = (double)n * (double)(n - 1) * (double)(2 * n + 5);
        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                        s += (values[j] > values[i]) - (values[j] < values[i]);
        for (size_t begin = 0, end; begin < n; begin = end) {
                double tied;

                for (end = begin + 1; end < n && sorted[end] == sorted[begin]; end++)
                        ;
                tied = (double)(end - begin);
                variance -= tied * (tied - 1) * (2 * tied + 5);
        }
        free(sorted);
        if (fabs(s) <= 1)
                return 1;
        return erfc((fabs(s) - 1) / sqrt(variance / 18) / sqrt(2));
}

/* Median of the slopes of all pairs; `at` rises. */
static double theil_sen(const double *at, const double *values, size_t n)
{
        double *slopes = reallocarray(NULL, n * (n - 1) / 2, sizeof(*slopes)), median;
        size_t count = 0;

        if (!slopes)
                return NAN;
        for (size_t i = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++)
                        slopes[count++] = (values[j] - values[i]) / (at[j] - at[i]);
        median = describe_median(slopes, count);
        free(slopes);
        return median;
}

/* The chance that k of n, picked at random, all lie among the r lowest, or all among the r highest.
 */
static double chance_of(size_t n, size_t k, size_t r)
{
        double chance = 2;

        for (size_t i = 0; i < k; i++)
                chance *= (double)(r - i) / (double)(n - i);
        return chance;
}

/* The rule for warm-up: for each k up to a quarter of the values, how probable is it that k picked
 * at random are as far to one side of the others as the first k are? The least probable k is the
 * warm-up, when that is no more than WARMUP_LEVEL / n, and the values after it do not drift: a
 * drift that goes on is a trend. Ranks alone decide, so shape and spread play no part. In
 * simulations iid values have a warm-up in 1.0 % of series of 12 and 1.6 % of 30, of whatever
 * shape. The price: it takes the first three of 12, or two of 30. One slow first value cannot be
 * told from an outlier in any place; it moves no median either. */
static size_t warmup_of(const double *values, size_t n)
{
        double lowest = INFINITY, highest = -INFINITY, least = WARMUP_LEVEL / (double)n;
        size_t warmup = 0;

        for (size_t k = 1; k <= n / 4; k++) {
                size_t below = 0, above = 0;
                double chance;

                lowest = fmin(lowest, values[k - 1]);
                highest = fmax(highest, values[k - 1]);
                for (size_t i = 0; i < n; i++) {
                        below += values[i] <= highest;
                        above += values[i] >= lowest;
                }
                chance = chance_of(n, k, below < above ? below : above);
                if (chance <= least) {
                        least = chance;
                        warmup = k;
                }
        }
        if (warmup && !(kendall_p(values + warmup, n - warmup) >= STEADY_ALPHA))
                return 0;
        return warmup;
}

struct trend trend_of(const double *values, size_t n)
{
        struct trend ret = {.change = NAN, .p = NAN};
        double *logs = n ? reallocarray(NULL, n, 2 * sizeof(*logs)) : NULL, *at;
        size_t used = 0;

        if (!logs)
                return ret;
        at = logs + n;
        for (size_t i = 0; i < n; i++)
                if (isfinite(values[i]) && values[i] > 0) {
                        at[used] = (double)i;
                        logs[used++] = log(values[i]);
                }
        if (used >= VALUES_MIN) {
                ret.p = kendall_p(logs, used);
                ret.change = expm1(theil_sen(at, logs, used) * (double)(n - 1));
                ret.warmup = warmup_of(logs, used);
                if (ret.warmup)
                        ret.warmup = (size_t)at[ret.warmup];
        }
        free(logs);
        return ret;
}
