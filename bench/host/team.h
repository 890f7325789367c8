/* The team of one trial, in shared memory that the host and all workers map at one address.
 *
 * The host fills everything and then only reads; each worker writes its own seat, and the gate,
 * `state` and `seated` are the only words that several write. */
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
        struct mproc_err err; /* of a worker of a pool: why it could not begin */
        uint64_t done;        /* of such a one: 1 when `outcome` is whole */
};

enum team_state {
        TEAM_AT_WORK,
        TEAM_FIRST_DONE, /* a worker has finished */
        TEAM_ABANDONED,  /* the rest of the work is left undone */
};

struct mproc_shm;
struct mproc_task;

struct team {
        struct gate gate;
        alignas(MPB_CACHE_LINE) _Atomic uint32_t state;
        _Atomic uint32_t seated; /* workers of a pool that have come; a seat for each but the last,
                                    which replace dead ones and find none */
        alignas(MPB_CACHE_LINE) struct mpb_trial trial;
        uint64_t grain;                       /* operations per call of work */
        uint64_t histograms, histogram_bytes; /* address of the workers' histograms, and what lies
                                                 between two; 0: tasks are not timed */
        uint64_t responses;    /* the same of responses that workers time, those of map */
        uint64_t timed_one_in; /* as trial_request's; ≥ 1 */
        char workload[NAME_MAX_BYTES];
        uint64_t planted_ppm;           /* as trial_request.planted_ppm */
        char plugin[PLUGIN_PATH_BYTES]; /* that the workload comes from; empty: it is built in */
        uint32_t counter_count;
        struct counter_spec counters[COUNTERS_MAX];
        struct seat seats[]; /* trial.workers of them */
};

static inline struct histogram *team_histogram_at(const struct team *team, uint64_t first,
                                                  uint32_t worker)
{
        if (!first)
                return NULL;
        return (struct histogram *)(uintptr_t)(first + worker * team->histogram_bytes);
}

/* What the times of a worker's tasks go into; NULL: they are not timed. */
static inline struct histogram *team_histogram(const struct team *team, uint32_t worker)
{
        return team_histogram_at(team, team->histograms, worker);
}

/* The same of its responses. */
static inline struct histogram *team_responses(const struct team *team, uint32_t worker)
{
        return team_histogram_at(team, team->responses, worker);
}

/* What a worker is started with. */
struct worker_argument {
        uint64_t team;  /* address */
        uint32_t index; /* of its seat; those of a pool find one themselves */
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

/* The same where tasks come through a pool: up to the gate, a task (its number is the argument, or
 * the index in the map), and what follows the last one. */
int worker_initialise(void *argument, size_t size);
int worker_task(struct mproc_task *task);
int worker_finalise(void *argument, size_t size);

/* Operations of worker `index`: the first one's number, and how many. Static partition of the
 * tasks, or of the pieces that they fall into. */
void team_share(const struct mpb_trial *trial, enum mpb_kind kind, uint32_t index, uint64_t *first,
                uint64_t *count);

/* Tasks that can be given out one by one: operations, or the pieces that they fall into; and the
 * operations of task `number`. MPB_TASKS. */
uint64_t team_tasks(const struct mpb_trial *trial);
void team_task(const struct mpb_trial *trial, uint64_t number, uint64_t *first, uint64_t *count);

#endif
