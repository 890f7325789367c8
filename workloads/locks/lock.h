/* Locks that work between processes: one table, one file each. Used by every workload that locks.
 *
 * A lock lives in shared memory that every worker maps at the same address. `init` and `done` are
 * called in the host, the others in workers, each with a lock_self of its own. */
#ifndef LOCKS_LOCK_H
#define LOCKS_LOCK_H

#include <mpbench/workload.h>

/* A worker's side of a lock, on a line of its own. It lives in shared memory too: an MCS node is
 * written by the neighbours in the queue. */
struct lock_self {
        _Alignas(MPB_CACHE_LINE) unsigned char node[64];
        int fd; /* with MPB_NEEDS_FD: of the common file, opened anew by this worker; else −1 */
};

/* Work inside and outside of the critical section, in steps of lcg_run. */
struct lock_load {
        uint64_t hold, gap;
};

struct lock {
        struct mpb_strategy strategy;                   /* flags: MPB_FIFO_SPIN, MPB_NEEDS_FD */
        size_t bytes;                                   /* of the lock itself */
        int (*init)(void *lock, struct mproc_err *err); /* `lock` is zeroed; NULL: that is enough */
        void (*acquire)(void *lock, struct lock_self *self);
        void (*release)(void *lock, struct lock_self *self);
        void (*done)(void *lock); /* NULL: nothing to do */
        /* `count` times: acquire, ++*value, hold, release, gap; compiled for this lock by
         * lock_add.h, so that no indirect call is measured. */
        void (*add)(void *lock, struct lock_self *self, volatile uint64_t *value, uint64_t count,
                    const struct lock_load *load);
};

const struct lock *lock_at(size_t index); /* NULL past the end */
const struct lock *lock_find(const char *name);

#endif
