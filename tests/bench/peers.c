#include "bench/peers.h"

#include "stats/describe.h"
#include "stats/student.h"
#include "support/shapes.h"
#include <math.h>
#include <stdlib.h>

struct moments peers_moments(const double *values, size_t n)
{
        struct moments ret = {.n = n};
        double squares = 0;

        for (size_t i = 0; i < n; i++)
                ret.mean += values[i] / (double)n;
        for (size_t i = 0; i < n; i++)
                squares += (values[i] - ret.mean) * (values[i] - ret.mean);
        ret.deviation = sqrt(squares / (double)(n - 1));
        return ret;
}

/* Variance of a side's mean. */
static double of_mean(struct moments side)
{
        return side.deviation * side.deviation / (double)side.n;
}

double peers_pooled_p(struct moments a, struct moments b)
{
        double degrees = (double)(a.n + b.n - 2);
        double pooled = ((double)(a.n - 1) * a.deviation * a.deviation +
                         (double)(b.n - 1) * b.deviation * b.deviation) /
                        degrees;

        return student_p((a.mean - b.mean) / sqrt(pooled * (1 / (double)a.n + 1 / (double)b.n)),
                         degrees);
}

double peers_welch_p(struct moments a, struct moments b)
{
        double both = of_mean(a) + of_mean(b);
        double degrees = both * both /
                         (of_mean(a) * of_mean(a) / (double)(a.n - 1) +
                          of_mean(b) * of_mean(b) / (double)(b.n - 1));

        return student_p((a.mean - b.mean) / sqrt(both), degrees);
}

double peers_mann_whitney_p(const double *a, const double *b, size_t n)
{
        double u = 0, ties = 0, all = 2 * (double)n, variance, distance;

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++)
                        u += a[i] > b[j] ? 1 : a[i] == b[j] ? 0.5 : 0;
        /* The sum of t³ − t over groups of t ties: each value sees its group's t. */
        for (size_t i = 0; i < 2 * n; i++) {
                double value = i < n ? a[i] : b[i - n], tied = 0;

                for (size_t j = 0; j < n; j++)
                        tied += (a[j] == value) + (b[j] == value);
                ties += tied * tied - 1;
        }
        variance = (double)n * (double)n / 12 * (all + 1 - ties / (all * (all - 1)));
        distance = fabs(u - (double)n * (double)n / 2) - 0.5;
        return distance > 0 ? erfc(distance / sqrt(2 * variance)) : 1;
}

bool peers_relative_speed_differs(struct moments a, struct moments b)
{
        double ratio = fmax(a.mean, b.mean) / fmin(a.mean, b.mean); /* to the faster one */
        double deviation = ratio * hypot(a.deviation / a.mean, b.deviation / b.mean);

        return ratio - 1 > deviation;
}

static double resampled_median(const double *sorted, size_t n)
{
        size_t counts[64] = {0}, seen = 0, i = 0;
        double lower;

        for (size_t draw = 0; draw < n; draw++)
                counts[(size_t)(shapes_uniform() * (double)n)]++;
        for (; seen < (n + 1) / 2; i++)
                seen += counts[i];
        lower = sorted[i - 1];
        if (n % 2 || seen > n / 2)
                return lower;
        while (!counts[i])
                i++;
        return (lower + sorted[i]) / 2;
}

void peers_bootstrap(const double *values, size_t n, size_t resamples, double confidence,
                     double *low, double *high)
{
        double *sorted = describe_sorted(values, n), medians[1000];

        if (!sorted || n > 64 || resamples > 1000)
                abort();
        for (size_t i = 0; i < resamples; i++)
                medians[i] = resampled_median(sorted, n);
        free(sorted);
        sorted = describe_sorted(medians, resamples);
        if (!sorted)
                abort();
        *low = describe_sorted_quantile(sorted, resamples, (1 - confidence) / 2);
        *high = describe_sorted_quantile(sorted, resamples, (1 + confidence) / 2);
        free(sorted);
}
