/* A worker to which tasks come through a pool. One thread is one worker, whatever it was started
 * as, so what it knows of itself is the thread's. */
#include "host/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include <errno.h>
#include <mproc/pool.h>
#include <stdlib.h>
#include <unistd.h>

static __thread struct worker_self *own;

static void release(void)
{
        worker_detach(own);
        free(own);
        own = NULL;
}

int worker_initialise(void *argument, size_t size)
{
        const struct worker_argument *given = argument;
        struct team *team = (struct team *)(uintptr_t)given->team;
        uint32_t index = atomic_fetch_add(&team->seated, 1);
        struct mproc_err err = {0};
        int r;

        (void)size;
        if (index >= team->trial.workers) { /* in place of one that died: the trial has failed */
                atomic_store(&team->state, TEAM_ABANDONED);
                gate_abandon(&team->gate);
                return -ECANCELED;
        }
        team->seats[index].outcome.pid = gettid();
        own = malloc(sizeof(*own));
        if (!own)
                r = error_errno(&err, -ENOMEM, "attach", "no memory for a worker");
        else
                r = worker_begin(own, team, index, &err);
        if (!r)
                return 0;
        if (own)
                release();
        if (r != -ECANCELED) {
                team->seats[index].err = err;
                gate_abandon(&team->gate);
        }
        return r;
}

/* Is this task timed? The first one always is: it is the worker's begin. */
static bool is_timed(const struct worker_self *self)
{
        return self->times || self->team->planted_ppm ||
               self->tasks % self->team->timed_one_in == 0;
}

static void note_time(struct worker_self *self, uint64_t begin_ns, uint64_t ops)
{
        uint64_t now_ns = clock_now_ns();

        if (self->team->planted_ppm)
                now_ns = worker_plant(self, now_ns - begin_ns, now_ns);
        if (self->times)
                histogram_add(self->times, now_ns - begin_ns);
        if (self->responses)
                histogram_add(self->responses,
                              now_ns - atomic_load_explicit(&self->team->gate.opened_ns,
                                                            memory_order_relaxed));
        if (!self->tasks)
                self->outcome.begin_ns = begin_ns;
        self->outcome.end_ns = now_ns;
        self->timed_ns += now_ns - begin_ns;
        self->timed_ops += ops;
}

int worker_task(struct mproc_task *task)
{
        struct worker_self *self = own;
        uint64_t number = task->arg ? *(const uint64_t *)task->arg : task->index, first, count;
        bool timed = is_timed(self);
        uint64_t begin_ns = timed ? clock_now_ns() : 0;

        if (atomic_load_explicit(&self->team->state, memory_order_relaxed) == TEAM_ABANDONED)
                return -ECANCELED;
        team_task(&self->team->trial, number, &first, &count);
        self->workload->work(&self->worker, first, count);
        if (timed)
                note_time(self, begin_ns, count);
        self->tasks++;
        self->outcome.ops += count;
        return 0;
}

int worker_finalise(void *argument, size_t size)
{
        struct worker_self *self = own;
        struct worker_outcome *outcome = &self->outcome;

        (void)argument;
        (void)size;
        if (self->workload->flush && self->tasks) {
                uint64_t begin_ns = clock_now_ns();

                self->workload->flush(&self->worker);
                outcome->end_ns = clock_now_ns();
                outcome->work_ns = outcome->end_ns - begin_ns;
        }
        if (self->timed_ops)
                outcome->work_ns += (uint64_t)((double)self->timed_ns * (double)outcome->ops /
                                               (double)self->timed_ops);
        outcome->noted_ops = outcome->ops;
        outcome->noted_ns = outcome->end_ns;
        worker_end(self);
        if (self->worker.index == 0)
                self->seat->pss_bytes = meter_pss_bytes(getpid());
        self->seat->outcome = *outcome;
        self->seat->done = 1;
        release();
        return 0;
}
