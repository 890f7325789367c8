/* Paired comparison of two cells over rounds, and the verdict. Pure. */
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

const char *verdict_name(enum verdict verdict); /* "faster" … ; "none" */

struct effect {
        double ratio, low,
                high; /* cell ÷ baseline: exp of the median log-ratio and its HS interval */
        size_t n;     /* rounds in which both were measured */
        double p;     /* exact two-sided sign test of ratio = 1 */
};

/* `cell[i]` and `baseline[i]` are of the same round, positive; a pair with a NaN is left out. */
struct effect compare_paired(const double *cell, const double *baseline, size_t n,
                             double confidence);

/* Holm (1979), step-down, monotone, capped at 1. `adjusted` may be `p`. */
void compare_holm(const double *p, size_t m, double *adjusted);

/* Rounds at which m unanimous comparisons can reach α under Holm: max(12, ceil(1 + log2(m / α))).
 */
size_t compare_rounds_needed(size_t m, double alpha);

/* design: faster/slower when p_holm < alpha and the interval is clear of 1; equivalent when the
 * interval lies inside 1 ± threshold; else inconclusive. VERDICT_NONE below
 * compare_rounds_needed's 12. */
enum verdict compare_verdict(const struct effect *effect, double p_holm, bool higher_is_better,
                             double threshold, double alpha);

/* About how many rounds would bring an inconclusive effect to a verdict, if it stays as it looks;
 * 0: not foreseeable. */
size_t compare_rounds_for_verdict(const struct effect *effect, double threshold, double alpha,
                                  size_t m);

#endif
