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
        if (effect->n < COMPARE_ROUNDS_MIN)
                return VERDICT_NONE;
        return compare_call(effect, p_holm, higher_is_better, threshold, alpha);
}

enum verdict compare_call(const struct effect *effect, double p_holm, bool higher_is_better,
                          double threshold, double alpha)
{
        if (isnan(effect->low) || isnan(p_holm))
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

/* Scatter of one round's log-ratio, as a standard error of the median, from the interval's width.
 */
static double scatter_of(const struct effect *effect, double alpha)
{
        return (log(effect->high) - log(effect->low)) / 2 * sqrt((double)effect->n) /
               normal_exceeded(alpha / 2);
}

/* Rounds in which a mean moves `scatter` × `deviations` away from a limit at this distance. */
static double rounds_to_clear(double scatter, double deviations, double distance)
{
        double root = distance > 0 ? scatter * deviations / distance : INFINITY;

        return root * root;
}

/* As a whole number that has not been tried and that m comparisons need at least; 0: out of sight.
 */
static size_t rounds_to_name(double rounds, const struct effect *effect, double alpha, size_t m)
{
        size_t needed = compare_rounds_needed(m, alpha);

        if (!(rounds <= ROUNDS_FORESEEABLE))
                return 0;
        rounds = ceil(fmax(rounds, (double)effect->n + 1));
        return rounds > (double)needed ? (size_t)rounds : needed;
}

/* The distance from 1 that n rounds find, in such scatters: the sign test allows a few rounds on
 * the other side, and so many lie there that often. INFINITY: it allows none. */
static double distance_found(size_t n, double alpha, size_t m)
{
        size_t depth = interval_depth(n, 1 - alpha / (double)(m ? m : 1));

        if (!depth)
                return INFINITY;
        return normal_exceeded(binomial_upper(depth - 1, n, 1 - POWER)) / sqrt(acos(-1) / 2);
}

double compare_smallest_effect(const struct effect *effect, size_t rounds, double alpha, size_t m)
{
        double distance = distance_found(rounds, alpha, m) * scatter_of(effect, alpha);

        return rounds >= COMPARE_ROUNDS_MIN && isfinite(distance) ? expm1(distance) : NAN;
}

/* Rounds that find a distance of so many scatters. */
static double rounds_to_find(double distance, double alpha, size_t m)
{
        size_t too_few = 0, enough = ROUNDS_FORESEEABLE + 1;

        while (enough - too_few > 1) {
                size_t n = too_few + (enough - too_few) / 2;

                if (distance_found(n, alpha, m) <= distance)
                        enough = n;
                else
                        too_few = n;
        }
        return (double)enough;
}

/* Rounds after which an interval of confidence 1 − alpha ends before a limit at this distance. */
static double rounds_to_stay_within(double scatter, double alpha, double distance)
{
        return rounds_to_clear(scatter, normal_exceeded(alpha / 2) + normal_exceeded(1 - POWER),
                               distance);
}

size_t compare_rounds_for_verdict(const struct effect *effect, double threshold, double alpha,
                                  size_t m)
{
        double distance = fabs(log(effect->ratio)), scatter = scatter_of(effect, alpha),
               limit = effect->ratio > 1 ? log1p(threshold) : -log1p(-threshold);

        if (isnan(scatter))
                return 0;
        return rounds_to_name(fmin(rounds_to_find(distance / scatter, alpha, m),
                                   rounds_to_stay_within(scatter, alpha, limit - distance)),
                              effect, alpha, m);
}

enum regression compare_regression(const struct effect *effect, enum verdict verdict,
                                   bool higher_is_better, double threshold)
{
        double cost = higher_is_better ? 1 / effect->ratio : effect->ratio,
               worst = higher_is_better ? 1 / effect->low : effect->high;

        if (verdict == VERDICT_NONE)
                return REGRESSION_UNCLEAR;
        if (verdict == VERDICT_SLOWER && cost > 1 + threshold)
                return REGRESSION_YES;
        return worst <= 1 + threshold ? REGRESSION_NO : REGRESSION_UNCLEAR;
}

size_t compare_rounds_for_regression(const struct effect *effect, bool higher_is_better,
                                     double threshold, double alpha, size_t m)
{
        double cost = higher_is_better ? -log(effect->ratio) : log(effect->ratio),
               limit = log1p(threshold), scatter = scatter_of(effect, alpha);

        if (isnan(scatter))
                return 0;
        return rounds_to_name(cost > limit ? rounds_to_find(cost / scatter, alpha, m)
                                           : rounds_to_stay_within(scatter, alpha, limit - cost),
                              effect, alpha, m);
}
