/* One trial's figure, and whether it counts: what medians are medians of. Pure. Driver only. */
#ifndef MODEL_FIGURE_H
#define MODEL_FIGURE_H

#include "base/clock.h"
#include "model/result.h"

/* The metric's value for one trial, in metric_unit(); NaN: this trial has none. */
double figure_of(const struct cell *cell, const struct trial *trial, enum metric metric);

/* False for a trial of a disturbed round that is left out. */
bool figure_counts(const struct result *result, const struct trial *trial);

/* Figures of one cell by round: `rounds` of them, NaN where there is none. Without `all_rounds`
 * those that do not count are left out. */
void figure_by_round(const struct result *result, const struct cell *cell, enum metric metric,
                     bool all_rounds, double *values, size_t rounds);

/* Work is long enough for a rate when it lasts this long, so many periods of the CPU quota, and so
 * many times as long as its workers began apart. */
#define FIGURE_LEAST_NS (20 * NS_PER_MS)
#define FIGURE_LEAST_PERIODS 10
#define FIGURE_SKEWS 100.0
/* What was calibrated may come out shorter where speed varies; half will do. Else 1. */
double figure_share_needed(const struct cell *cell);

#endif
