/* Locks that work between processes: one table, one file each. Used by every workload that locks.
 *
 * A lock lives in shared memory that every worker maps at the same address. Functions run in
 * workers, `init` and `done` in the host. */
#ifndef LOCKS_LOCK_H
#define LOCKS_LOCK_H

#include <mproc/err.h>
#include <stddef.h>
#include <stdint.h>

/* A worker's side of a lock: its MCS node, its descriptor of an OFD lock. On a line of its own, in
 * the worker. */
struct lock_self {
        _Alignas(128) unsigned char node[64];
        int fd; /* of a file that all workers opened anew; −1: not needed */
};

/* Work inside and outside of the critical section, in loop iterations of LOCK_SPIN_WORK. */
struct lock_load {
        uint64_t hold, gap;
};

struct lock {
        const char *name; /* as the strategy's name */
        const char *summary;
        const char *advice;
        uint32_t flags; /* mpb_strategy_flag: MPB_FIFO_SPIN, MPB_NEEDS_FD */
        size_t bytes;   /* of the lock itself */
        int (*init)(void *lock, struct mproc_err *err);
        void (*acquire)(void *lock, struct lock_self *self);
        void (*release)(void *lock, struct lock_self *self);
        void (*done)(void *lock);
        /* `count` times: acquire, hold, ++*value, release, gap; compiled for this lock, so that no
         * indirect call is measured. */
        void (*add)(void *lock, struct lock_self *self, volatile uint64_t *value, uint64_t count,
                    const struct lock_load *load);
};

const struct lock *lock_at(size_t index); /* NULL past the end */
const struct lock *lock_find(const char *name);

#endif
