/* Paired comparison of two cells over rounds, and the verdict. Pure; every context that may
 * allocate. */
#ifndef STATS_COMPARE_H
#define STATS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

enum verdict {
        VERDICT_FASTER,
        VERDICT_SLOWER,
        VERDICT_EQUIVALENT,
        VERDICT_INCONCLUSIVE,
        VERDICT_NONE
};

const char *verdict_name(enum verdict verdict); /* "faster" … "none"; NULL: no verdict's value */

#define COMPARE_ROUNDS_MIN 12 /* for any verdict */

struct effect {
        double ratio, low,
                high; /* cell ÷ baseline: exp of the median log-ratio and its HS interval */
        size_t n;     /* rounds in which both were measured */
        double p;     /* exact two-sided sign test of ratio = 1; NaN: n is 0 */
};

/* `cell[i]` and `baseline[i]` are of the same round; a pair in which one is NaN, infinite or not
 * positive is left out. Out of memory: n is 0 and the rest NaN. */
struct effect compare_paired(const double *cell, const double *baseline, size_t n,
                             double confidence);

/* Exact two-sided sign test: twice the smaller tail of B(above + below, ½), at most 1. Values that
 * lie on the hypothesis are counted in neither (dropped, as Dixon & Mood 1946 do); none left: 1. */
double compare_sign_test(size_t above, size_t below);

/* Holm (1979), step-down, monotone, capped at 1. `adjusted` may be `p`. A NaN stays NaN, and counts
 * in m all the same. Out of memory: all are 1. */
void compare_holm(const double *p, size_t m, double *adjusted);

/* Rounds at which m unanimous comparisons can reach α under Holm: max(12, ceil(1 + log2(m / α))).
 */
size_t compare_rounds_needed(size_t m, double alpha);

/* design: faster/slower when p_holm < alpha and the interval is clear of 1; equivalent when the
 * interval lies inside 1 ± threshold; else inconclusive. VERDICT_NONE below COMPARE_ROUNDS_MIN
 * rounds, or without an interval or a p_holm. */
enum verdict compare_verdict(const struct effect *effect, double p_holm, bool higher_is_better,
                             double threshold, double alpha);

/* The same for an effect whose n counts something else than rounds: no least number of them. */
enum verdict compare_call(const struct effect *effect, double p_holm, bool higher_is_better,
                          double threshold, double alpha);

/* These take an effect whose interval has confidence 1 − alpha, and from its width what one
 * round scatters; `m`: as many comparisons does Holm correct for. A verdict is one that four runs
 * in five come to. */

/* About how many rounds in all would bring an inconclusive effect to a verdict, if it stays as it
 * looks. 0: not foreseeable, or more than 10,000. */
size_t compare_rounds_for_verdict(const struct effect *effect, double threshold, double alpha,
                                  size_t m);

/* The smallest effect that `rounds` rounds would find, relative: 0.03 means a ratio of 1.03 or
 * 1 / 1.03. Exact for the sign test where log-ratios are normal. NaN: the effect has no interval,
 * or so few rounds find nothing, however large. */
double compare_smallest_effect(const struct effect *effect, size_t rounds, double alpha, size_t m);

/* May the cell replace the baseline? Ordered: of several, the greatest tells of all. */
enum regression {
        REGRESSION_NO, /* it costs at most 1 + threshold of the baseline: its interval's bad end
                          says so. Faster is fine, slower within the threshold too */
        REGRESSION_UNCLEAR, /* neither can be said, or there are too few rounds for a verdict */
        REGRESSION_YES,     /* the verdict is slower, and by more than the threshold as it looks */
};

/* The rule of `ab` and `compare` and of their exit status. `verdict` is the effect's own, with its
 * correction for several comparisons; calling several cells no worse needs none, since every one of
 * them has to be so. `threshold`: 0.02 is 2 %. */
enum regression compare_regression(const struct effect *effect, enum verdict verdict,
                                   bool higher_is_better, double threshold);

/* As compare_rounds_for_verdict: about how many rounds would make REGRESSION_UNCLEAR clear. */
size_t compare_rounds_for_regression(const struct effect *effect, bool higher_is_better,
                                     double threshold, double alpha, size_t m);

#endif
