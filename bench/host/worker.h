/* A worker of a team, as it knows itself: what it does before its work and after it, however the
 * work reaches it. Workers only. */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include "host/meter.h"
#include "host/team.h"
#include "workloads/workload_table.h"

struct worker_self {
        struct team *team;
        struct seat *seat;
        const struct mpb_workload *workload; /* NULL: it was not found */
        struct mpb_worker worker;
        struct worker_outcome outcome; /* shared whole at the end */
        struct histogram *times, *responses;
        struct meter meter;
        struct meter_reading before;
        int64_t owed_ns; /* of planted work */

        /* Through a pool. */
        uint64_t tasks, timed_ops,
                timed_ns; /* tasks done; operations that were timed, their time */
};

/* Binds the worker to its PU, attaches the workload, opens counters, and waits at the gate.
 * -ECANCELED: it was abandoned; else why it cannot begin. worker_detach() in either case. */
int worker_begin(struct worker_self *self, struct team *team, uint32_t index,
                 struct mproc_err *err);
/* After the last operation: reads counters, and shares the outcome. */
void worker_end(struct worker_self *self);
/* Lets go of everything; also where worker_begin failed. */
void worker_detach(struct worker_self *self);

/* A slow-down of known size: what took `took_ns`, until `now_ns`, takes the planted share longer.
 * Returns the time at its end. */
uint64_t worker_plant(struct worker_self *self, uint64_t took_ns, uint64_t now_ns);

#endif
