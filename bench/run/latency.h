/* Which tasks are long enough to be timed one by one. Driver only. */
#ifndef RUN_LATENCY_H
#define RUN_LATENCY_H

#include "model/result.h"

/* What a task took in this trial of a calibrated length, ns of one PU; NaN: the trial failed, or
 * the cell has no tasks. */
double latency_task_ns(const struct cell *cell, const struct trial *trial);

/* Decides it for all trials to come: fills timed and note of every cell's latency. `task_ns` by
 * cell, as above. */
void latency_choose(struct result *result, const double *task_ns);

#endif
