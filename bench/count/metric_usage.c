/* What workers know of themselves without any counter: rusage, schedstat, TSC. Where there is no
 * PMU, or perf events are forbidden, this is what there is. */
#include "base/text.h"
#include "count/metric_internal.h"

#include <math.h>

/* One worker's part. */
struct part {
        double above, below;
};

static double cpu_ns(const struct worker_outcome *worker)
{
        return (double)(worker->user_ns + worker->system_ns);
}

static struct part kernel_share(const struct worker_outcome *worker)
{
        return (struct part){(double)worker->system_ns, cpu_ns(worker)};
}

static struct part wait_share(const struct worker_outcome *worker)
{
        double waited_ns = worker->has_run_delay ? (double)worker->run_delay_ns : NAN;

        return (struct part){waited_ns, waited_ns + cpu_ns(worker)};
}

static struct part switches(const struct worker_outcome *worker)
{
        return (struct part){(double)(worker->voluntary_switches + worker->involuntary_switches),
                             0};
}

static struct part faults(const struct worker_outcome *worker)
{
        return (struct part){(double)(worker->minor_faults + worker->major_faults), 0};
}

static struct part tsc_ticks(const struct worker_outcome *worker)
{
        return (struct part){worker->tsc_ticks ? (double)worker->tsc_ticks : NAN, 0};
}

static const struct usage {
        const char *name;
        struct part (*part)(const struct worker_outcome *worker);
        bool per_op;        /* else `above` is divided by `below` */
        const char *reason; /* why it may be missing */
} usages[] = {
        {"rusage-switches/op", switches, true, "no trial to count in"},
        {"rusage-faults/op", faults, true, "no trial to count in"},
        {"tsc-ticks/op", tsc_ticks, true,
         "this CPU has no counter of ticks that programs may read"},
        {"kernel share", kernel_share, false, "no CPU time was used that the kernel noticed"},
        {"run-queue wait", wait_share, false,
         "/proc/PID/schedstat is not kept here, or work was done in child processes"},
};

/* NaN: not known. */
static double of_trial(const struct usage *usage, const struct trial *trial)
{
        struct part sum = {0};

        if (!trial->workers)
                return NAN;
        for (uint32_t w = 0; w < trial->outcome.workers; w++) {
                struct part part = usage->part(&trial->workers[w]);

                sum.above += part.above;
                sum.below += part.below;
        }
        if (usage->per_op)
                sum.below = (double)trial->outcome.ops;
        return sum.below > 0 ? sum.above / sum.below : NAN;
}

void metric_add_usage(const struct metric_sample *sample, struct cell *cell)
{
        for (size_t i = 0; i < sizeof(usages) / sizeof(*usages); i++) {
                struct cell_counter *counter = &cell->counters[cell->counter_count++];

                *counter = (struct cell_counter){.running_share = 1};
                text_copy(counter->name, sizeof(counter->name), usages[i].name);
                for (size_t t = 0; t < sample->count; t++) {
                        double value = of_trial(&usages[i], sample->trials[t]);

                        if (!isnan(value))
                                sample->scratch[counter->n++] = value;
                }
                counter->value = metric_median(sample->scratch, counter->n, &counter->error);
                if (counter->n)
                        continue;
                counter->status = COUNTER_NOT_COUNTED;
                counter->running_share = 0;
                text_copy(counter->reason, sizeof(counter->reason), usages[i].reason);
        }
}
