/* A worker of a pool, as it knows itself. Workers only. */
#ifndef MPROC_POOL_WORKER_H
#define MPROC_POOL_WORKER_H

#include "mproc/pool_shared.h"
#include "mproc/pool_spin.h"

struct pool_self {
        struct pool_shared *shared;
        struct pool_line *line;
        uint32_t number;
        uint32_t first_fd; /* as of pool_start */
        uint64_t tasks;
        bool cut_off; /* no task reaches it, nor ever did: `err` says why */
        uint64_t spin_ns;
        bool hurry; /* the owner waited for the last task */
        uint64_t tail_seen;
        uint64_t exhausted[MPROC_POOL_MAPS]; /* passes that have nothing left */
        uint64_t worked_ns, back_ns;         /* since it was woken; when it last ended to be idle */
        uint64_t nap_ns;                     /* the next one's length */
        int (*functions[MPROC_POOL_FUNCTIONS])(struct mproc_task *);
        _Alignas(64) unsigned char result[MPROC_POOL_INLINE]; /* of the task, until it is over */
        struct mproc_err err;
};

/* Nothing was found: looks for a while, then sleeps until there may be something. */
void pool_idle(struct pool_self *worker);
/* Is one of these jobs, a bit each, worth a look? */
bool pool_worker_sees_job(const struct pool_self *worker, uint32_t jobs);

/* Transport ring: works until it has to leave. */
void pool_ring_work(struct pool_self *worker);

bool pool_worker_must_leave(const struct pool_self *worker);

/* A single task: QUEUED → RUNNING, if it is still to be had; then RUNNING → DONE. The owner has yet
 * to be told. */
bool pool_worker_claim(const struct pool_self *worker, struct pool_slot *slot, uint64_t position);
void pool_worker_run_task(struct pool_self *worker, struct pool_slot *slot, uint64_t position);

/* Items of a job, which line.job names. */
void pool_worker_begin_job(struct pool_self *worker);
/* The worker holds it; line.at is set here. */
void pool_worker_run_item(struct pool_self *worker, struct pool_job *job, uint64_t item);

#endif
