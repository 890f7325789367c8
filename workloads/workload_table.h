/* The built-in workloads: one file workload_NAME.c each in this folder. Driver and host. */
#ifndef WORKLOADS_WORKLOAD_TABLE_H
#define WORKLOADS_WORKLOAD_TABLE_H

#include <mpbench/workload.h>

const struct mpb_workload *workload_at(size_t index); /* NULL past the end */
const struct mpb_workload *workload_find(const char *name);

#endif
