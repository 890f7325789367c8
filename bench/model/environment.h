/* The machine as it was at the time of a run. Plain data; empty text and −1 mean: not known. */
#ifndef MODEL_ENVIRONMENT_H
#define MODEL_ENVIRONMENT_H

#include "model/trial.h"

struct environment {
        char host[64], kernel[96], libc[48], cpu[96], arch[16];
        char time[24];      /* local start of the run, "2026-11-22T14:15:00" */
        char topology[192]; /* "1 package · 2 cores · 2 PUs · 1 NUMA node" */
        uint32_t packages, numa_nodes, cores, pus;
        uint32_t allowed_pus; /* affinity ∩ cgroup cpuset */
        struct cpuset allowed;
        double cpu_quota;        /* CPUs; −1: none */
        int64_t quota_period_ns; /* −1: none */
        int64_t memory_max;      /* bytes; −1: none */
        int64_t pids_max;        /* −1: none */
        char virtualization[24]; /* "none", "kvm", "docker" …; empty: not known */
        char governor[24];
        int32_t on_battery; /* −1: not known */
        int32_t smt;        /* 1: siblings share a core */
        char thp[16];
        double load_avg;             /* 1 min; −1: not known */
        int32_t perf_event_paranoid; /* INT32_MIN: not known */
        uint32_t counter_count;
        struct counter_spec counters[COUNTERS_MAX];
};

#endif
