/* A worker of a pool, as it knows itself. Workers only. */
#ifndef MPROC_POOL_WORKER_H
#define MPROC_POOL_WORKER_H

#include "mproc/pool_shared.h"

#define POOL_SPIN_MAX_NS 50000

struct pool_self {
        struct pool_shared *shared;
        struct pool_line *line;
        uint32_t number;
        uint64_t tasks;
        uint64_t spin_ns; /* adapts: doubled when it paid, halved when it did not */
        uint64_t exhausted[MPROC_POOL_MAPS]; /* passes that have nothing left */
        int (*functions[MPROC_POOL_FUNCTIONS])(struct mproc_task *);
        struct mproc_err err;
};

/* Nothing was found: looks for a while, then sleeps until there may be something. */
void pool_idle(struct pool_self *worker);

#endif
