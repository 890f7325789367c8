/* The workloads that this process knows: the built-in ones, one file workload_NAME.c each in this
 * folder, and at most one out of a plug-in. Driver, host and workers. */
#ifndef WORKLOADS_WORKLOAD_TABLE_H
#define WORKLOADS_WORKLOAD_TABLE_H

#include <mpbench/workload.h>
#include <mproc/err.h>
#include <string.h>

const struct mpb_workload *workload_at(size_t index); /* a built-in one; NULL past the end */
const struct mpb_workload *workload_find_built_in(const char *name);
/* Built in, or the one of the plug-in in use. */
const struct mpb_workload *workload_find(const char *name);

#define PLUGIN_PATH_BYTES 512

/* The workload of a shared object, which stays loaded: -ENOENT, -ENOEXEC (it has none, or one made
 * for another ABI), -EEXIST (it has the name of a built-in one), -EINVAL (its struct cannot be). */
int plugin_load(const char *path, const struct mpb_workload **ret, struct mproc_err *err);
/* The same, and workload_find knows it from here on in place of an earlier one. Not while other
 * threads look workloads up. `ret` may be NULL. */
int plugin_use(const char *path, const struct mpb_workload **ret, struct mproc_err *err);
const char *plugin_path(void); /* of the plug-in in use; "": none */

/* Tells two builds of a workload apart whose parameters do not mean the same: names, types, order.
 * Never 0. */
uint32_t workload_params_mark(const struct mpb_workload *workload);

/* A workload's strategy by name, and its index; NULL, and 0: it has no such strategy, or none at
 * all. */
static inline const struct mpb_strategy *workload_strategy(const struct mpb_workload *workload,
                                                           const char *name, uint32_t *index)
{
        const struct mpb_strategy *strategy;

        for (uint32_t i = 0; workload->strategy_at && (strategy = workload->strategy_at(i)); i++)
                if (!strcmp(strategy->name, name)) {
                        *index = i;
                        return strategy;
                }
        *index = 0;
        return NULL;
}

#endif
