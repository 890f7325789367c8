/* What a workload is to mpbench: one struct, built into driver and host, or exported by a plug-in
 * (at the end of this file).
 *
 * The life of a trial, and where each function runs:
 *
 *   driver   check       can this combination be measured at all?
 *   host     prepare     fills the shared object, makes files
 *   worker   attach      bound to its PU; touches its memory, opens what it needs
 *   worker   work        from the gate to the finish; called for a grain of operations at a time
 *   host     stop        the team is given up before its end: ends what workers wait for
 *   worker   flush       after the last grain, still timed: what was held back is delivered
 *   worker   detach      not timed
 *   host     verify      the whole team has been joined: is the result right?
 *   host     cleanup     always called after prepare, also when it failed
 *
 * A life-cycle workload has `life` instead of work: one start-to-end of a process, run by the host.
 * work and flush must not print, allocate, or take locks that are not under measurement. */
#ifndef MPBENCH_WORKLOAD_H
#define MPBENCH_WORKLOAD_H

#include <mpbench/option.h>
#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPB_ABI 1
#define MPB_PARAMS_MAX 12
#define MPB_CACHE_LINE 128 /* bytes; two lines of 64, since prefetchers fetch pairs */

enum mpb_kind {
        MPB_TASKS,      /* independent items: operations are numbered over the whole team */
        MPB_SHARED,     /* every worker does `ops` operations on one shared object */
        MPB_LIFE_CYCLE, /* process start itself */
};

enum mpb_workload_flag {
        /* Operations run in child processes that the worker waits for: its counters are inherited
         * by them, and its rusage is with that of the children it has waited for. The run-queue
         * wait is then not known. Workers that are threads of one process would each be given the
         * children of all: `check` has to refuse start = thread with more than one worker. */
        MPB_CHILDREN = 1,
        /* How much work an operation is, it finds out once in each host: hosts of two builds would
         * not do the same, so `mpbench ab` does not compare them by it. */
        MPB_OWN_PACE = 2,
};

enum mpb_strategy_flag {
        MPB_LOSSY = 1,      /* meant to give wrong results: reported as such, never recommended */
        MPB_FIFO_SPIN = 2,  /* a FIFO spinlock: collapses where workers outnumber PUs */
        MPB_REFERENCE = 4,  /* raw system call beside which mproc is held; not for advice */
        MPB_NEEDS_FD = 8,   /* prepare makes a file for it, which every worker opens anew */
        MPB_ONE_START = 16, /* the start factor means nothing to it */
        MPB_LATE = 32,      /* the shared result is whole only when all have finished */
};

struct mpb_strategy {
        const char *name;
        const char *summary;
        uint32_t flags;     /* enum mpb_strategy_flag */
        const char *advice; /* a sentence for when it is the fastest that is right; NULL: none */
};

/* One trial, as its functions see it. In shared memory: the same bytes in host and workers. */
struct mpb_trial {
        uint32_t workers;
        uint32_t strategy; /* index into the workload's strategies */
        uint32_t pus;      /* PUs that the team may use */
        int32_t fd;        /* the host's: -1, or what prepare set; it is handed to every worker */
        uint64_t ops;      /* MPB_SHARED: per worker; MPB_TASKS: in all; MPB_LIFE_CYCLE: starts */
        uint64_t seed;
        int64_t value[MPB_PARAMS_MAX]; /* parameters in table order, never MPB_AUTO */
        char start[16];                /* start method by name */
        uint64_t shared; /* address of the shared object: line-aligned, `shared_bytes`, zeroed */
        uint64_t shared_bytes;
        uint64_t slots;      /* address of the workers' slots: line-aligned, zeroed */
        uint64_t slot_bytes; /* of each, rounded up to whole lines */
        uint64_t priv;       /* host only: what prepare left for verify and cleanup */
        int32_t book_fd;     /* host only: a command and its lines (model/book.h); -1: none */
        uint32_t pieces; /* MPB_TASKS, prepare's: operations fall into so many pieces, number n into
                        n * pieces / ops, and no two workers share one; 0: each is one */
};

static inline void *mpb_shared(const struct mpb_trial *trial)
{
        return (void *)(uintptr_t)trial->shared;
}

static inline void *mpb_slot(const struct mpb_trial *trial, uint32_t worker)
{
        return (void *)(uintptr_t)(trial->slots + worker * trial->slot_bytes);
}

struct mpb_worker {
        const struct mpb_trial *trial;
        uint32_t index;
        int32_t fd;             /* trial->fd as this process has it; -1: none */
        void *slot;             /* its own, in shared memory: what the host reads after the join */
        void *local;            /* what attach left */
        uint64_t max_rss_bytes; /* work: the largest process that it waited for; 0: not known */
};

struct mpb_outcome {
        uint64_t final_value;
        uint64_t expected_value; /* equal: the trial is verified */
};

/* Times of one life cycle, ns from the call. */
struct mpb_life {
        uint64_t returned_ns, first_ns, ready_ns; /* 0: it has no such step */
        uint64_t wall_ns;                         /* call to joined */
};

struct mpb_workload {
        const char *name;
        const char *summary;
        uint32_t abi; /* MPB_ABI */
        enum mpb_kind kind;
        uint32_t flags;                  /* enum mpb_workload_flag */
        const char *operation;           /* plural: "adds", "tasks", "starts" */
        const struct mpb_option *params; /* ends with a NULL name; NULL: none */
        const char *ops_param;           /* the parameter that holds ops; "auto" calibrates it */
        const char *baseline; /* default strategy to compare with; NULL: the first cell */

        /* Levels of `share`: NULL past the end. The same index gives the same strategy in every
         * process of one build. NULL: it shares nothing. Pure. */
        const struct mpb_strategy *(*strategy_at)(size_t index);
        /* What its operation leaves out or adds with these parameters, in a few words for the
         * header: "empty critical section". NULL: there is nothing to say. Pure. */
        const char *(*shown_work)(const struct mpb_trial *trial);
        /* Bytes that one operation handles, for figures per byte. NULL or 0: it is not about bytes.
         * Pure; called as `check` is. */
        uint64_t (*bytes)(const struct mpb_trial *trial);

        /* The functions below may be NULL where there is nothing to do, save `sizes`, `work` and
         * `verify` (or `life` alone). */

        /* 0, or why not, with err's reason. -EOPNOTSUPP: this cell is skipped. -EDEADLK: it would
         * run but collapse, so it is skipped unless its strategy was named. -EINVAL: the parameters
         * contradict each other. Pure: only workers, strategy, pus, ops, value and start are set;
         * ops is 0 as long as it is to be calibrated. */
        int (*check)(const struct mpb_trial *trial, struct mproc_err *err);
        /* Bytes wanted for the shared object and for each worker's slot; either may be 0. Pure. */
        void (*sizes)(const struct mpb_trial *trial, size_t *shared_bytes, size_t *slot_bytes);
        /* May set trial->fd, trial->pieces and trial->priv. -EOPNOTSUPP: this machine cannot do it.
         */
        int (*prepare)(struct mpb_trial *trial, struct mproc_err *err);
        int (*attach)(struct mpb_worker *worker, struct mproc_err *err);
        /* Operations first … first + count − 1; MPB_TASKS numbers them over the whole team. The
         * host also calls it with count 0 before the gate: that must do nothing. */
        void (*work)(struct mpb_worker *worker, uint64_t first, uint64_t count);
        /* A worker that is a thread cannot be killed: what its work waits for has to end, and no
         * more of it may begin. */
        void (*stop)(const struct mpb_trial *trial);
        void (*flush)(struct mpb_worker *worker);
        void (*detach)(struct mpb_worker *worker); /* also when attach failed */
        /* An error means that the work itself failed; a wrong result is no error but a difference
         * between the two values. */
        int (*verify)(const struct mpb_trial *trial, struct mpb_outcome *ret,
                      struct mproc_err *err);
        void (*cleanup)(struct mpb_trial *trial);
        /* One start → join. An error: it could not start, or did not end as it should. */
        int (*life)(const struct mpb_trial *trial, struct mpb_life *ret, struct mproc_err *err);
};

/* A plug-in: a shared object that exports one workload under this name and needs nothing but the
 * public headers,
 *
 *     cc -shared -fPIC -O2 -o libmine.so mine.c        mpbench --workload=./libmine.so
 *
 * Driver and host load it, and each worker that does not inherit it, before the gate. Its functions
 * are called in each of these processes as above. It brings along what it links besides: functions
 * of mpbench and its host cannot be seen from it. Its name is none of a built-in workload. */
#define MPB_PLUGIN_SYMBOL "mpb_workload_plugin"
extern __attribute__((visibility("default"))) const struct mpb_workload mpb_workload_plugin;

#ifdef __cplusplus
}
#endif
#endif
