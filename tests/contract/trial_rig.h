/* Runs a trial of a workload without the host: forked workers over one anonymous shared mapping.
 * For tests. */
#ifndef CONTRACT_TRIAL_RIG_H
#define CONTRACT_TRIAL_RIG_H

#include "base/text.h"
#include <errno.h>
#include <mpbench/workload.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct rig {
        const struct mpb_workload *workload;
        struct mpb_trial trial;
        uint32_t *gate; /* in the mapping: how many workers have come */
        void *map;
        size_t map_bytes;
        struct mproc_err err;
};

static inline size_t rig_lines(size_t bytes)
{
        return (bytes + MPB_CACHE_LINE - 1) / MPB_CACHE_LINE * MPB_CACHE_LINE;
}

static inline uint32_t rig_pus(void)
{
        cpu_set_t set;

        return sched_getaffinity(0, sizeof(set), &set) ? 1 : (uint32_t)CPU_COUNT(&set);
}

static inline void rig_init(struct rig *rig, const struct mpb_workload *workload)
{
        memset(rig, 0, sizeof(*rig));
        rig->workload = workload;
        rig->trial.workers = 1;
        rig->trial.pus = rig_pus();
        rig->trial.fd = -1;
        text_copy(rig->trial.start, sizeof(rig->trial.start), "fork");
}

/* Exits on a name that is not there: the test is wrong. */
static inline void rig_set(struct rig *rig, const char *param, int64_t value)
{
        const struct mpb_option *params = rig->workload->params;
        size_t i = 0;

        while (strcmp(params[i].name, param))
                if (!params[++i].name)
                        abort();
        rig->trial.value[i] = value;
}

static inline void rig_strategy(struct rig *rig, const char *name)
{
        uint32_t i = 0;

        while (strcmp(rig->workload->strategy_at(i)->name, name))
                if (!rig->workload->strategy_at(++i))
                        abort();
        rig->trial.strategy = i;
}

static inline int rig_prepare(struct rig *rig)
{
        const struct mpb_workload *workload = rig->workload;
        struct mpb_trial *trial = &rig->trial;
        size_t shared = 0, slot = 0;

        workload->sizes(trial, &shared, &slot);
        trial->shared_bytes = shared;
        trial->slot_bytes = rig_lines(slot);
        rig->map_bytes =
                MPB_CACHE_LINE + rig_lines(shared) + trial->workers * (size_t)trial->slot_bytes;
        rig->map = mmap(NULL, rig->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                        -1, 0);
        if (rig->map == MAP_FAILED)
                abort();
        rig->gate = rig->map;
        trial->shared = (uintptr_t)rig->map + MPB_CACHE_LINE;
        trial->slots = trial->shared + rig_lines(shared);
        return workload->prepare ? workload->prepare(trial, &rig->err) : 0;
}

static inline void rig_done(struct rig *rig)
{
        if (rig->workload->cleanup)
                rig->workload->cleanup(&rig->trial);
        munmap(rig->map, rig->map_bytes);
}

static inline struct mpb_worker rig_worker(struct rig *rig, uint32_t index)
{
        return (struct mpb_worker){.trial = &rig->trial,
                                   .index = index,
                                   .fd = rig->trial.fd,
                                   .slot = mpb_slot(&rig->trial, index)};
}

/* The whole of one worker's part: attach to detach. 0, or attach's error. */
static inline int rig_work(struct rig *rig, uint32_t index, uint64_t grain)
{
        const struct mpb_workload *workload = rig->workload;
        struct mpb_worker worker = rig_worker(rig, index);
        uint64_t ops = rig->trial.ops, first = 0, end = ops;
        int code = workload->attach ? workload->attach(&worker, &rig->err) : 0;

        if (!code)
                workload->work(&worker, first, 0); /* as the host does */
        __atomic_fetch_add(rig->gate, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(rig->gate, __ATOMIC_SEQ_CST) < rig->trial.workers)
                sched_yield();
        if (workload->kind == MPB_TASKS) {
                first = ops * index / rig->trial.workers;
                end = ops * (index + 1) / rig->trial.workers;
        }
        for (; !code && first < end; first += grain)
                workload->work(&worker, first, end - first < grain ? end - first : grain);
        if (!code && workload->flush)
                workload->flush(&worker);
        if (workload->detach)
                workload->detach(&worker);
        return code;
}

/* A trial in forked workers. -ECHILD: one of them failed. */
static inline int rig_run(struct rig *rig, uint64_t grain, struct mpb_outcome *outcome)
{
        pid_t *pids = (pid_t *)calloc(rig->trial.workers, sizeof(pid_t));
        int code = rig_prepare(rig), status;

        if (code)
                goto out;
        for (uint32_t i = 0; i < rig->trial.workers; i++) {
                pids[i] = fork();
                if (pids[i] < 0)
                        abort();
                if (!pids[i]) {
                        alarm(60); /* a lock that hangs must not hang the test */
                        _exit(rig_work(rig, i, grain) ? 1 : 0);
                }
        }
        for (uint32_t i = 0; i < rig->trial.workers; i++) /* prepare may have children, too */
                if (waitpid(pids[i], &status, 0) != pids[i] || status)
                        code = -ECHILD;
        if (!code)
                code = rig->workload->verify(&rig->trial, outcome, &rig->err);
out:
        rig_done(rig);
        free(pids);
        return code;
}

#endif
