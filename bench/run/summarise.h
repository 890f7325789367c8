/* From trials to figures. Driver only. */
#ifndef RUN_SUMMARISE_H
#define RUN_SUMMARISE_H

#include "model/result.h"

/* Medians, intervals, losses and counters of every cell from the trials. -ENOMEM. */
int summarise_cells(struct result *result, struct mproc_err *err);

/* What a run of a command took, from `n` trials; `values` has room for as many. */
void summarise_runs(const struct trial *const *trials, size_t n, double *values, struct cell *cell);

#endif
