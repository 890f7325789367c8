#include "host/trial_private.h"

/* What workers were between their tasks for is what dispatch took; of a static share that is the
 * way from the gate to its begin. */
static void sum_phases(struct run *run, const struct worker_outcome *workers, uint64_t end_max)
{
        struct trial_phases *phases = &run->outcome->phases;

        phases->known |= PHASES_WORKERS;
        for (uint32_t i = 0; i < run->request->workers; i++) {
                const struct worker_outcome *w = &workers[i];

                phases->work_ns += w->work_ns;
                phases->tail_ns += end_max - w->end_ns;
                /* Where one task in many was timed, the work is an estimate. */
                phases->dispatch_ns += w->end_ns > w->work_ns ? w->end_ns - w->work_ns : 0;
        }
}

void trial_sum(struct run *run, const struct worker_outcome *workers)
{
        struct trial_outcome *out = run->outcome;
        uint64_t opened = atomic_load(&run->team->gate.opened_ns);
        uint64_t begin_min = UINT64_MAX, begin_max = 0, end_min = UINT64_MAX, end_max = 0, busy = 0;
        uint64_t last_end;
        double rate = 0;

        for (uint32_t i = 0; i < run->request->workers; i++) {
                const struct worker_outcome *w = &workers[i];

                end_min = w->end_ns < end_min ? w->end_ns : end_min;
                if (!w->end_ns)
                        continue; /* the others of a pool took all tasks */
                begin_min = w->begin_ns < begin_min ? w->begin_ns : begin_min;
                begin_max = w->begin_ns > begin_max ? w->begin_ns : begin_max;
                end_max = w->end_ns > end_max ? w->end_ns : end_max;
                busy += w->end_ns - w->begin_ns;
                out->ops += w->ops;
                if (w->noted_ns > w->begin_ns)
                        rate += (double)w->noted_ops / (double)(w->noted_ns - w->begin_ns);
        }
        last_end = end_max;
        out->wall_ns = run->joined_ns - run->called_ns;
        out->start_ns = opened - run->called_ns;
        out->run_ns = end_max - begin_min;
        if (run->collected_ns) { /* for who uses a pool it takes from the first call to all results
                                  */
                end_max =
                        run->collected_ns - opened > end_max ? run->collected_ns - opened : end_max;
                out->run_ns = end_max;
        }
        out->stop_ns = run->joined_ns - opened - end_max;
        out->skew_ns = run->concurrent ? begin_max - begin_min : 0;
        if (!run->concurrent) { /* one after the other: no overlap; the time is that of all work */
                out->overlap_ns = busy;
                out->overlap_ops = out->ops;
                return;
        }
        out->overlap_ns = end_min > begin_max ? end_min - begin_max : 0;
        out->overlap_ops = (uint64_t)(rate * (double)out->overlap_ns);
        if (run->workload->kind == MPB_TASKS)
                sum_phases(run, workers, last_end);
}
