/* The cells of --control: a run held against itself. Driver only. */
#ifndef RUN_CONTROL_CELLS_H
#define RUN_CONTROL_CELLS_H

#include "model/result.h"

/* Adds the baseline of a workload twice more: again, and slowed by the plan's planted work, which
 * process starts cannot have. -EINVAL: there is no baseline. */
int control_cells_add(struct result *result, const char *workload, struct mproc_err *err);

/* What these cells came to; after judge_cells. */
int control_cells_judge(struct result *result, struct mproc_err *err);

#endif
