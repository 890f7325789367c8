/* Ways for workers to count together without a lock: one table, one file each.
 *
 * The common value lies in shared memory, on lines of its own, zeroed before the trial. Each worker
 * has a sharing_self at the beginning of its slot. `reset`, `prepare`, `stop`, `cleanup` and
 * `total` are called in the host, the others in workers. */
#ifndef SHARING_SHARING_H
#define SHARING_SHARING_H

#include <mpbench/workload.h>

struct sharing_self {
        _Alignas(MPB_CACHE_LINE) uint64_t count; /* what this worker keeps to itself; 0 at first */
        uint64_t batch;                          /* keep at most so many */
        void *client;                            /* what attach made, in this process alone */
        int32_t code;                            /* of the add that failed; 0: none has */
};

struct sharing {
        struct mpb_strategy strategy; /* flags: MPB_LOSSY */
        void (*reset)(void);          /* NULL: there is nothing besides the shared memory */
        /* For what is more than a value in memory: `bytes` of shared memory in front of the value,
         * a multiple of 8, tell the workers of it. All NULL: there is none. detach is called after
         * an attach that failed, too; stop ends what a worker that is a thread may wait for. */
        size_t bytes;
        int (*prepare)(void *common, struct mproc_err *err);
        int (*attach)(const void *common, struct sharing_self *self, struct mproc_err *err);
        void (*detach)(struct sharing_self *self);
        void (*stop)(void);
        void (*cleanup)(void);
        /* `count` times: add 1, then `gap` steps of lcg_run; compiled for this strategy by
         * sharing_add.h, so that no indirect call is measured. */
        void (*add)(volatile uint64_t *value, struct sharing_self *self, uint64_t count,
                    uint64_t gap);
        void (*flush)(volatile uint64_t *value, struct sharing_self *self); /* NULL: no need */
        /* What was counted in all, once every worker is done. NULL: *value. */
        int (*total)(const volatile uint64_t *value, const struct mpb_trial *trial, uint64_t *ret,
                     struct mproc_err *err);
};

const struct sharing *sharing_at(size_t index); /* NULL past the end */
const struct sharing *sharing_find(const char *name);

#endif
