/* Runs that share no rounds, compared: the run is the unit, since what differs from run to run
 * (memory layout, neighbours, temperature) no number of rounds within one averages out. Pure; every
 * context that may allocate. */
#ifndef STATS_UNPAIRED_H
#define STATS_UNPAIRED_H

#include "stats/compare.h"
#include "stats/interval.h"

#define UNPAIRED_RUNS_MIN 3 /* of each side, for an interval */

/* Ratio of the sides' geometric means of run medians, new ÷ old, with Welch's interval on their
 * logs. `old` and `new`: each run's median with its own interval of 95 %, NaN where it has none;
 * medians are positive. The variance between the runs of a side counts as at least the one that
 * their own intervals tell: three runs that agree by chance make no narrow interval.
 *
 * n is the smaller side's number of runs, p Welch's test. Fewer than UNPAIRED_RUNS_MIN on a side:
 * bounds and p are NaN; none: the ratio too. */
struct effect unpaired_compare(const struct interval *old, size_t old_count,
                               const struct interval *new, size_t new_count, double confidence);

/* About how many runs a side would make an unclear regression (compare_regression) clear, if the
 * effect stays as it looks: an interval of confidence 1 − alpha, m comparisons. 0: more than 50. */
size_t unpaired_runs_for_regression(const struct effect *effect, bool higher_is_better,
                                    double threshold, double alpha, size_t m);

#endif
