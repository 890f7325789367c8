/* One trial's figure, and whether it counts. Driver only. */
#ifndef RUN_FIGURE_H
#define RUN_FIGURE_H

#include "model/result.h"

/* The metric's value for one trial, in metric_unit(); NaN: this trial has none. */
double figure_of(const struct cell *cell, const struct trial *trial, enum metric metric);

/* False for a trial of a disturbed round that is left out. */
bool figure_counts(const struct result *result, const struct trial *trial);

#endif
