/* The team of one trial, in shared memory that the host and all workers map at one address.
 *
 * The host fills everything and then only reads; each worker writes its own seat, and the gate and
 * `state` are the only words that several write. */
#ifndef HOST_TEAM_H
#define HOST_TEAM_H

#include "host/gate.h"
#include "model/trial.h"
#include "stats/histogram.h"
#include "workloads/workload_table.h"
#include <mpbench/workload.h>

struct seat {
        alignas(MPB_CACHE_LINE) struct worker_outcome outcome;
        uint64_t pss_bytes; /* seat 0 only, read after its work */
        struct cpuset cpus;
};

enum team_state {
        TEAM_AT_WORK,
        TEAM_FIRST_DONE, /* a worker has finished */
        TEAM_ABANDONED,  /* the rest of the work is left undone */
};

struct mproc_shm;

struct team {
        struct gate gate;
        alignas(MPB_CACHE_LINE) _Atomic uint32_t state;
        alignas(MPB_CACHE_LINE) struct mpb_trial trial;
        uint64_t grain;                       /* operations per call of work */
        uint64_t histograms, histogram_bytes; /* address of the workers' histograms, and what lies
                                                 between two; 0: tasks are not timed */
        char workload[NAME_MAX_BYTES];
        uint64_t planted_ppm;           /* as trial_request.planted_ppm */
        char plugin[PLUGIN_PATH_BYTES]; /* that the workload comes from; empty: it is built in */
        uint32_t counter_count;
        struct counter_spec counters[COUNTERS_MAX];
        struct seat seats[]; /* trial.workers of them */
};

/* What the times of a worker's tasks go into; NULL: they are not timed. */
static inline struct histogram *team_histogram(const struct team *team, uint32_t worker)
{
        if (!team->histograms)
                return NULL;
        return (struct histogram *)(uintptr_t)(team->histograms + worker * team->histogram_bytes);
}

/* What a worker is started with. */
struct worker_argument {
        uint64_t team; /* address */
        uint32_t index;
        uint32_t reserved;
};

/* Lays team, seats, the workload's shared object, slots and histograms out in one new segment;
 * `ret` is the caller's to free, and the team is at its address. `wanted` and `cpus` are copied. */
int team_new(struct mproc_shm **ret, const struct mpb_workload *workload,
             const struct trial_request *request, const struct mpb_trial *wanted,
             const struct cpuset *cpus, bool concurrent, struct mproc_err *err);

/* The target of every worker: bind, open counters, attach, gate, work, read, detach. Exit code 0,
 * or 1 with an error. */
int worker_main(void *argument, size_t size);

/* Operations of worker `index`: the first one's number, and how many. Static partition of the
 * tasks, or of the pieces that they fall into. */
void team_share(const struct mpb_trial *trial, enum mpb_kind kind, uint32_t index, uint64_t *first,
                uint64_t *count);

#endif
