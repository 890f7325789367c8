/* Limits of the control groups that this process is in, versions 1 and 2. Driver only; reads
 * files. */
#ifndef COUNT_CGROUP_H
#define COUNT_CGROUP_H

#include <limits.h>
#include <stdint.h>

/* The tightest along the path from this process's group up to what is mounted; −1: none. */
struct cgroup_limits {
        double cpu_quota; /* CPUs */
        int64_t quota_period_ns;
        int64_t memory_max_bytes, pids_max;
        char quota_group[PATH_MAX]; /* the folder of the group with that quota; empty: none */
};

void cgroup_read_limits(const char *root, struct cgroup_limits *ret);

#endif
