/* How much work a trial is. Driver's main thread only. */
#ifndef RUN_CALIBRATE_H
#define RUN_CALIBRATE_H

#include "run/measure.h"

/* Finds the operations of each cell whose number is `auto`, and how long a trial takes; cells that
 * cannot be measured get their status and note. Its trials are discarded. */
int calibrate_cells(struct measurement *m, struct mproc_err *err);

/* Before a trial of a round: `outcome` is that of its cell's last one, and where that turned out
 * too short this one is made longer. Looks at the length alone; a rate does not depend on it. */
void calibrate_again(const struct result *result, struct cell *cell,
                     const struct trial_outcome *outcome);

#endif
