/* Did what was measured stay the same? Driver only. */
#ifndef RUN_STEADY_H
#define RUN_STEADY_H

#include "model/result.h"

/* Drift, warm-up and modes of every cell that has figures, and the drift that they have in common.
 * -ENOMEM. */
int steady_cells(struct result *result, struct mproc_err *err);

#endif
