#include "stats/unpaired.h"
#include "stats/student.h"

#include <math.h>

#define RUNS_FORESEEABLE 50
#define NORMAL_95 1.959963984540054 /* half width of an interval of 95 %, in standard errors */

struct side {
        double mean;     /* of the logs of the medians */
        double variance; /* of that mean */
        double df;
};

static struct side side_of(const struct interval *runs, size_t n)
{
        struct side side = {.df = (double)n - 1};
        double between = 0, within = 0;
        size_t known = 0;

        for (size_t i = 0; i < n; i++)
                side.mean += log(runs[i].median) / (double)n;
        for (size_t i = 0; i < n; i++) {
                double distance = log(runs[i].median) - side.mean,
                       error = log(runs[i].high / runs[i].low) / 2 / NORMAL_95;

                between += distance * distance / side.df;
                if (!isfinite(error))
                        continue;
                within += error * error;
                known++;
        }
        if (known)
                within /= (double)known;
        side.variance = fmax(between, within) / (double)n;
        return side;
}

/* Welch (1947), with Satterthwaite's degrees of freedom. */
static double welch_df(const struct side *a, const struct side *b)
{
        double both = a->variance + b->variance,
               df = both * both /
                    (a->variance * a->variance / a->df + b->variance * b->variance / b->df);

        return both > 0 ? df : a->df + b->df;
}

static void set_interval(struct effect *effect, double error, double df, double confidence)
{
        double distance = log(effect->ratio), half = student_quantile(confidence, df) * error;

        effect->low = exp(distance - half);
        effect->high = exp(distance + half);
        effect->p = error > 0 ? student_p(distance / error, df) : distance == 0;
}

struct effect unpaired_compare(const struct interval *old, size_t old_count,
                               const struct interval *new, size_t new_count, double confidence)
{
        struct effect effect = {.ratio = NAN, .low = NAN, .high = NAN, .p = NAN};
        struct side before, after;

        effect.n = old_count < new_count ? old_count : new_count;
        if (!effect.n)
                return effect;
        before = side_of(old, old_count);
        after = side_of(new, new_count);
        effect.ratio = exp(after.mean - before.mean);
        if (effect.n >= UNPAIRED_RUNS_MIN)
                set_interval(&effect, sqrt(before.variance + after.variance),
                             welch_df(&before, &after), confidence);
        return effect;
}

size_t unpaired_runs_for_regression(const struct effect *effect, bool higher_is_better,
                                    double threshold, double alpha, size_t m)
{
        double n = (double)effect->n, half = log(effect->high / effect->low) / 2,
               error = half / student_quantile(1 - alpha, 2 * n - 2);

        if (!isfinite(error))
                return 0;
        for (size_t runs = effect->n + 1; runs <= RUNS_FORESEEABLE; runs++) {
                struct effect then = {.ratio = effect->ratio, .n = runs};
                enum verdict verdict;

                set_interval(&then, error * sqrt(n / (double)runs), 2 * (double)runs - 2,
                             1 - alpha);
                verdict = compare_call(&then, fmin(1, (double)m * then.p), higher_is_better,
                                       threshold, alpha);
                if (compare_regression(&then, verdict, higher_is_better, threshold) !=
                    REGRESSION_UNCLEAR)
                        return runs;
        }
        return 0;
}
