#include "host/worker.h"

#include "base/clock.h"
#include "base/error.h"
#include <errno.h>
#include <mproc/mproc.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static int bind_to(const struct cpuset *cpus, struct mproc_err *err)
{
        static const struct cpuset unbound;
        int r;

        if (!memcmp(cpus, &unbound, sizeof(unbound)))
                return 0;
        r = sched_setaffinity(0, sizeof(cpus->bits), (const cpu_set_t *)cpus->bits);
        if (r < 0)
                return error_errno(err, -errno, "bind",
                                   "the worker could not be bound to its PU; a PU may have gone "
                                   "offline, or the cpuset has changed");
        return 0;
}

static int pass_gate(struct worker_self *self, struct mproc_err *err)
{
        struct worker_outcome *outcome = &self->outcome;

        meter_open(&self->meter, self->team->counters, self->team->counter_count,
                   self->workload->flags & MPB_CHILDREN);
        meter_read(&self->meter, &self->before);
        outcome->gate_ns = clock_now_ns();
        if (!gate_pass(&self->team->gate))
                return error_set(err, -ECANCELED, "gate", "the trial was given up");
        meter_read(&self->meter, &self->before);
        outcome->pu_begin = sched_getcpu();
        return 0;
}

int worker_begin(struct worker_self *self, struct team *team, uint32_t index, struct mproc_err *err)
{
        struct mpb_worker *worker = &self->worker;
        int r;

        *self = (struct worker_self){
                .team = team,
                .seat = &team->seats[index],
                .outcome = team->seats[index].outcome,
                .worker = {.trial = &team->trial,
                           .index = index,
                           .fd = mproc_self_fd(0),
                           .slot = mpb_slot(&team->trial, index)},
                .times = team_histogram(team, index),
                .responses = team_responses(team, index),
                .meter = {.schedstat = -1},
        };
        r = bind_to(&self->seat->cpus, err);
        /* A worker that was forked has it from its host. */
        if (!r && strcmp(team->plugin, plugin_path()))
                r = plugin_use(team->plugin, NULL, err);
        if (r < 0)
                return r;
        self->workload = workload_find(team->workload);
        if (self->workload->attach)
                r = self->workload->attach(worker, err);
        if (r < 0)
                return r;
        self->workload->work(worker, 0, 0); /* its code is resident before the gate opens */
        if (self->times)
                memset(self->times, 0, sizeof(*self->times)); /* and so is what it writes to */
        if (self->responses)
                memset(self->responses, 0, sizeof(*self->responses));
        return pass_gate(self, err);
}

void worker_end(struct worker_self *self)
{
        struct worker_outcome *outcome = &self->outcome;
        uint64_t opened_ns = atomic_load(&self->team->gate.opened_ns);
        struct meter_reading after;

        outcome->pu_end = sched_getcpu();
        meter_read(&self->meter, &after);
        meter_difference(&self->meter, &self->before, &after, outcome);
        outcome->max_rss_bytes = self->worker.max_rss_bytes;
        if (outcome->end_ns) { /* a pool may leave it without a task */
                outcome->begin_ns -= opened_ns;
                outcome->end_ns -= opened_ns;
                outcome->noted_ns -= opened_ns;
        }
}

void worker_detach(struct worker_self *self)
{
        if (self->workload && self->workload->detach)
                self->workload->detach(&self->worker);
        meter_close(&self->meter);
}

uint64_t worker_plant(struct worker_self *self, uint64_t took_ns, uint64_t now_ns)
{
        uint64_t begin_ns = now_ns;

        self->owed_ns += (int64_t)((double)took_ns * (double)self->team->planted_ppm / 1e6);
        while ((int64_t)(now_ns - begin_ns) < self->owed_ns)
                now_ns = clock_now_ns();
        /* What was spun too long once is spun less the next time. */
        self->owed_ns -= (int64_t)(now_ns - begin_ns);
        return now_ns;
}

/* Between gate and finish: nothing here prints, allocates or locks. With times of tasks the
 * operations are done one by one, and the end of each is the begin of the next. */
static void work(struct worker_self *self, uint64_t first, uint64_t count)
{
        struct team *team = self->team;
        const struct mpb_workload *workload = self->workload;
        struct worker_outcome *outcome = &self->outcome;
        uint64_t done = 0, most = self->times ? 1 : team->grain, last_ns = outcome->begin_ns;
        uint32_t state = TEAM_AT_WORK;
        bool timed = self->times || team->planted_ppm, noted = false;

        while (done < count && state != TEAM_ABANDONED) {
                uint64_t grain = count - done < most ? count - done : most;

                workload->work(&self->worker, first + done, grain);
                done += grain;
                if (timed) {
                        uint64_t now_ns = clock_now_ns();

                        if (team->planted_ppm)
                                now_ns = worker_plant(self, now_ns - last_ns, now_ns);
                        if (self->times)
                                histogram_add(self->times, now_ns - last_ns);
                        last_ns = now_ns;
                }
                state = atomic_load_explicit(&team->state, memory_order_relaxed);
                if (!noted && state != TEAM_AT_WORK) {
                        noted = true;
                        outcome->noted_ops = done;
                        outcome->noted_ns = clock_now_ns();
                }
        }
        if (workload->flush)
                workload->flush(&self->worker);
        outcome->end_ns = clock_now_ns();
        state = TEAM_AT_WORK;
        atomic_compare_exchange_strong(&team->state, &state, TEAM_FIRST_DONE);
        outcome->ops = done;
        if (workload->kind == MPB_TASKS)
                outcome->work_ns = outcome->end_ns - outcome->begin_ns;
        if (!noted) {
                outcome->noted_ops = done;
                outcome->noted_ns = outcome->end_ns;
        }
}

int worker_main(void *argument, size_t size)
{
        const struct worker_argument *given = argument;
        struct team *team = (struct team *)(uintptr_t)given->team;
        struct worker_self self;
        struct mproc_err err = {0};
        uint64_t first, count;
        int r = worker_begin(&self, team, given->index, &err);

        (void)size;
        if (r == 0) {
                team_share(&team->trial, self.workload->kind, given->index, &first, &count);
                self.outcome.begin_ns = clock_now_ns();
                work(&self, first, count);
                worker_end(&self);
        }
        worker_detach(&self);
        if (r < 0) {
                mproc_self_fail(&err);
                return 1;
        }
        if (given->index == 0)
                self.seat->pss_bytes = meter_pss_bytes(getpid());
        self.seat->outcome = self.outcome;
        return 0;
}
