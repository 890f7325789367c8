#include "host/team.h"

#include "base/clock.h"
#include "base/error.h"
#include "host/meter.h"
#include "workloads/workload_table.h"
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

/* A slow-down of known size: what took `took_ns`, until `now_ns`, takes that share longer. What is
 * spun too long once is spun less the next time. Returns the time at its end. */
static uint64_t plant(uint64_t planted_ppm, uint64_t took_ns, uint64_t now_ns, int64_t *owed_ns)
{
        uint64_t begin_ns = now_ns;

        *owed_ns += (int64_t)((double)took_ns * (double)planted_ppm / 1e6);
        while ((int64_t)(now_ns - begin_ns) < *owed_ns)
                now_ns = clock_now_ns();
        *owed_ns -= (int64_t)(now_ns - begin_ns);
        return now_ns;
}

/* Between gate and finish: nothing here prints, allocates or locks. With `times` the operations are
 * done one by one, and the end of each is the begin of the next. */
static void work(struct team *team, const struct mpb_workload *workload, struct mpb_worker *worker,
                 uint64_t first, uint64_t count, struct histogram *times,
                 struct worker_outcome *outcome)
{
        uint64_t done = 0, most = times ? 1 : team->grain, last_ns = outcome->begin_ns,
                 planted_ppm = team->planted_ppm;
        uint32_t state = TEAM_AT_WORK;
        int64_t owed_ns = 0;
        bool timed = times || planted_ppm, noted = false;

        while (done < count && state != TEAM_ABANDONED) {
                uint64_t grain = count - done < most ? count - done : most;

                workload->work(worker, first + done, grain);
                done += grain;
                if (timed) {
                        uint64_t now_ns = clock_now_ns();

                        if (planted_ppm)
                                now_ns = plant(planted_ppm, now_ns - last_ns, now_ns, &owed_ns);
                        if (times)
                                histogram_add(times, now_ns - last_ns);
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
                workload->flush(worker);
        outcome->end_ns = clock_now_ns();
        state = TEAM_AT_WORK;
        atomic_compare_exchange_strong(&team->state, &state, TEAM_FIRST_DONE);
        outcome->ops = done;
        if (!noted) {
                outcome->noted_ops = done;
                outcome->noted_ns = outcome->end_ns;
        }
}

int worker_main(void *argument, size_t size)
{
        const struct worker_argument *given = argument;
        struct team *team = (struct team *)(uintptr_t)given->team;
        struct seat *seat = &team->seats[given->index];
        struct worker_outcome own = seat->outcome, *outcome = &own; /* shared whole at the end */
        const struct mpb_workload *workload;
        struct mpb_worker worker = {
                .trial = &team->trial,
                .index = given->index,
                .fd = mproc_self_fd(0),
                .slot = mpb_slot(&team->trial, given->index),
        };
        struct meter_reading before, after;
        struct mproc_err err = {0};
        struct meter meter;
        struct histogram *times = team_histogram(team, given->index);
        uint64_t first, count, opened_ns;

        (void)size;
        if (bind_to(&seat->cpus, &err) < 0)
                goto fail;
        /* A worker that was forked has it from its host. */
        if (strcmp(team->plugin, plugin_path()) && plugin_use(team->plugin, NULL, &err) < 0)
                goto fail;
        workload = workload_find(team->workload);
        team_share(&team->trial, workload->kind, given->index, &first, &count);
        if (workload->attach && workload->attach(&worker, &err) < 0)
                goto detach;
        workload->work(&worker, first, 0); /* its code is resident before the gate opens */
        if (times)
                memset(times, 0, sizeof(*times)); /* and so is what it writes to */
        meter_open(&meter, team->counters, team->counter_count, workload->flags & MPB_CHILDREN);
        meter_read(&meter, &before);

        outcome->gate_ns = clock_now_ns();
        if (!gate_pass(&team->gate)) {
                meter_close(&meter);
                goto detach;
        }
        meter_read(&meter, &before);
        outcome->pu_begin = sched_getcpu();
        outcome->begin_ns = clock_now_ns();
        work(team, workload, &worker, first, count, times, outcome);
        outcome->pu_end = sched_getcpu();
        meter_read(&meter, &after);

        meter_difference(&meter, &before, &after, outcome);
        opened_ns = atomic_load(&team->gate.opened_ns);
        outcome->max_rss_bytes = worker.max_rss_bytes;
        outcome->begin_ns -= opened_ns;
        outcome->end_ns -= opened_ns;
        outcome->noted_ns -= opened_ns;
        if (workload->detach)
                workload->detach(&worker);
        meter_close(&meter);
        if (given->index == 0)
                seat->pss_bytes = meter_pss_bytes(getpid());
        seat->outcome = own;
        return 0;
detach:
        if (workload->detach)
                workload->detach(&worker);
fail:
        if (err.code)
                mproc_self_fail(&err);
        return 1;
}
