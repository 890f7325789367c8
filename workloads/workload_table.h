/* The built-in workloads: one file workload_NAME.c each in this folder. Driver and host. */
#ifndef WORKLOADS_WORKLOAD_TABLE_H
#define WORKLOADS_WORKLOAD_TABLE_H

#include <mpbench/workload.h>
#include <string.h>

const struct mpb_workload *workload_at(size_t index); /* NULL past the end */
const struct mpb_workload *workload_find(const char *name);

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
