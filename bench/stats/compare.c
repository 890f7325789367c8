#include "stats/compare.h"
#include "stats/binomial.h"
#include "stats/interval.h"

#include <math.h>
#include <stdlib.h>

#define ROUNDS_FORESEEABLE 10000
#define POWER 0.8 /* chance of a verdict that "rounds that would do" stands for */

const char *verdict_name(enum verdict verdict)
{
        static const char *const names[] = {
                [VERDICT_FASTER] = "faster",
                [VERDICT_SLOWER] = "slower",
                [VERDICT_EQUIVALENT] = "equivalent",
                [VERDICT_INCONCLUSIVE] = "inconclusive",
                [VERDICT_NONE] = "none",
        };

        return (size_t)verdict < sizeof(names) / sizeof(*names) ? names[verdict] : NULL;
}

double compare_sign_test(size_t above, size_t below)
{
        return fmin(1, 2 * binomial_half_cdf(above + below, above < below ? above : below));
}

static bool usable(double value)
{
        return isfinite(value) && value > 0;
}

struct effect compare_paired(const double *cell, const double *baseline, size_t n,
                             double confidence)
{
        struct effect ret = {.ratio = NAN, .low = NAN, .high = NAN, .p = NAN};
        double *logs = n ? reallocarray(NULL, n, sizeof(*logs)) : NULL;
        size_t used = 0, above = 0, below = 0;
        struct interval interval;

        if (!logs)
                return ret;
        for (size_t i = 0; i < n; i++) {
                if (!usable(cell[i]) || !usable(baseline[i]))
                        continue;
                logs[used++] = log(cell[i] / baseline[i]);
                above += cell[i] > baseline[i];
                below += cell[i] < baseline[i];
        }
        interval = interval_median(logs, used, confidence);
        free(logs);
        if (isnan(interval.median))
                return ret;
        ret.ratio = exp(interval.median);
        ret.low = exp(interval.low);
        ret.high = exp(interval.high);
        ret.n = used;
        ret.p = compare_sign_test(above, below);
        return ret;
}

struct ranked {
        double p;
        size_t index;
};

static int by_p(const void *a, const void *b)
{
        double x = ((const struct ranked *)a)->p, y = ((const struct ranked *)b)->p;

        return (x > y) - (x < y);
}

void compare_holm(const double *p, size_t m, double *adjusted)
{
        struct ranked *ranked = reallocarray(NULL, m ? m : 1, sizeof(*ranked));
        size_t known = 0;
        double highest = 0;

        for (size_t i = 0; i < m; i++) {
                if (ranked && !isnan(p[i]))
                        ranked[known++] = (struct ranked){p[i], i};
                adjusted[i] = isnan(p[i]) ? NAN : 1;
        }
        if (!ranked)
                return;
        qsort(ranked, known, sizeof(*ranked), by_p);
        for (size_t i = 0; i < known; i++) {
                highest = fmax(highest, fmin(1, (double)(m - i) * ranked[i].p));
                adjusted[ranked[i].index] = highest;
        }
        free(ranked);
}

size_t compare_rounds_needed(size_t m, double alpha)
{
        double rounds = ceil(1 + log2((double)(m ? m : 1) / alpha));

        return rounds > COMPARE_ROUNDS_MIN ? (size_t)rounds : COMPARE_ROUNDS_MIN;
}

enum verdict compare_verdict(const struct effect *effect, double p_holm, bool higher_is_better,
                             double threshold, double alpha)
{
        if (effect->n < COMPARE_ROUNDS_MIN || isnan(effect->low) || isnan(p_holm))
                return VERDICT_NONE;
        if (p_holm < alpha && (effect->low > 1 || effect->high < 1))
                return (effect->low > 1) == higher_is_better ? VERDICT_FASTER : VERDICT_SLOWER;
        if (effect->low > 1 - threshold && effect->high < 1 + threshold)
                return VERDICT_EQUIVALENT;
        return VERDICT_INCONCLUSIVE;
}

/* The standard normal's value that is exceeded with probability `tail` < ½. */
static double normal_exceeded(double tail)
{
        double low = 0, high = 40;

        for (int i = 0; i < 60; i++) {
                double middle = (low + high) / 2;

                if (erfc(middle / sqrt(2)) / 2 > tail)
                        low = middle;
                else
                        high = middle;
        }
        return low;
}

size_t compare_rounds_for_verdict(const struct effect *effect, double threshold, double alpha,
                                  size_t m)
{
        double distance = fabs(log(effect->ratio)), at_level = normal_exceeded(alpha / 2),
               at_holm = normal_exceeded(alpha / 2 / (double)(m ? m : 1)),
               spare = normal_exceeded(1 - POWER), half, limit, differ, same, rounds;
        size_t needed = compare_rounds_needed(m, alpha);

        if (isnan(effect->low) || isnan(effect->high))
                return 0;
        /* Standard error of one round's log-ratio, as the interval tells it. */
        half = (log(effect->high) - log(effect->low)) / 2 * sqrt((double)effect->n) / at_level;
        differ = half * (at_holm + spare) / distance;
        limit = effect->ratio > 1 ? log1p(threshold) : -log1p(-threshold);
        same = limit > distance ? half * (at_level + spare) / (limit - distance) : INFINITY;
        rounds = fmin(differ * differ, same * same);
        if (!(rounds <= ROUNDS_FORESEEABLE))
                return 0;
        rounds = ceil(fmax(rounds, (double)effect->n + 1));
        return rounds > (double)needed ? (size_t)rounds : needed;
}
