/* Levels of the factors: are they known, and which are taken where none was given. Driver only. */
#ifndef RUN_LEVELS_H
#define RUN_LEVELS_H

#include "model/environment.h"
#include "model/plan.h"
#include <mproc/err.h>

typedef const char *levels_name_at(size_t index, void *context);

/* 0 when `given` is one of the names; else -EINVAL with the nearest one and all that there are. */
int levels_check_name(const char *given, const char *what, levels_name_at *names, void *context,
                      struct mproc_err *err);

/* Names of a workload's strategies; `workload` is a const struct mpb_workload *. */
const char *levels_share_at(size_t index, void *workload);

void levels_add(struct levels *levels, const char *name);
/* `all` becomes the whole list; every other level has to be on it. */
int levels_check(struct levels *levels, const char *what, levels_name_at *names, void *context,
                 struct mproc_err *err);

/* `given` and `levels` are FACTOR_COUNT long. `references`: raw references are among the default
 * strategies. `workers_bound` is written when the default number of workers is taken: 1 affinity, 2
 * quota. */
int levels_resolve(const struct mpb_workload *workload, const struct levels *given, bool references,
                   const struct environment *environment, struct levels *levels,
                   uint32_t *workers_bound, struct mproc_err *err);

#endif
