/* One event of a cell: the sum over workers, the median over trials, and how far off it may be. */
#include "base/text.h"
#include "count/event.h"
#include "count/metric_internal.h"
#include "stats/interval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct event_sum {
        double value; /* over the workers; NaN: not every one of them counted it */
        double edge;  /* the largest event_reading_error */
        uint64_t enabled_ns, running_ns;
        uint32_t status; /* where value is NaN: of the first worker that could not */
        int32_t error;
};

double metric_median(const double *values, size_t n, double *spread)
{
        struct interval interval = interval_median(values, n, 0.95);
        double half = fmax(interval.high - interval.median, interval.median - interval.low);

        if (half > 0)
                *spread = interval.median > 0 ? half / interval.median : NAN;
        else
                *spread = isnan(interval.low) || isnan(interval.high) ? NAN : 0;
        return interval.median;
}

double metric_larger(double a, double b)
{
        return isnan(a) || a > b ? a : b;
}

static struct event_sum sum_workers(const struct counter_spec *spec, size_t index,
                                    const struct trial *trial, uint64_t tasks_per_op)
{
        struct event_sum sum = {.status = COUNTER_NOT_COUNTED};

        if (!trial->outcome.workers || !trial->workers) {
                sum.value = NAN;
                return sum;
        }
        for (uint32_t w = 0; w < trial->outcome.workers; w++) {
                const struct worker_outcome *worker = &trial->workers[w];
                const struct counter_reading *reading = &worker->counters[index];
                double value, share;
                enum counter_status status = event_reading_status(spec, reading, &value, &share);

                if (isnan(value))
                        return (struct event_sum){
                                .value = NAN, .status = status, .error = reading->error};
                sum.value += value;
                sum.edge = metric_larger(
                        sum.edge,
                        event_reading_error(spec, reading, 1 + tasks_per_op * worker->ops));
                sum.enabled_ns += reading->enabled_ns;
                sum.running_ns += reading->running_ns;
        }
        return sum;
}

static void explain_missing(const struct counter_spec *spec, const struct event_sum *missing,
                            size_t trial_count, struct cell_counter *counter)
{
        const char *name = strerrorname_np(-missing->error);
        size_t size = sizeof(counter->reason);

        counter->value = counter->error = NAN;
        counter->status = missing->status;
        if (spec->status != COUNTER_COUNTED)
                text_copy(counter->reason, size, spec->reason);
        else if (!trial_count)
                text_copy(counter->reason, size, "no trial to count in");
        else if (missing->error)
                snprintf(counter->reason, size, "a worker could not count it: %s",
                         name ? name : "unknown error");
        else
                text_copy(counter->reason, size,
                          "in a worker it never ran: more events than hardware counters, or a "
                          "CPU that does not have it");
}

/* A name that users know an event by cannot be wrong, a code can. */
static void explain_counted(const struct counter_spec *spec, size_t trial_count,
                            struct cell_counter *counter)
{
        size_t size = sizeof(counter->reason);

        if (counter->n < trial_count)
                snprintf(counter->reason, size, "counted in %u of %zu trials", counter->n,
                         trial_count);
        else if (counter->value == 0 && !strncmp(spec->encoding, "perf_raw::", 10))
                snprintf(counter->reason, size,
                         "%.130s%s0, as on a CPU that has no event of this code", spec->reason,
                         *spec->reason ? "; " : "");
        else
                text_copy(counter->reason, size, spec->reason);
}

void metric_count_event(const struct counter_spec *spec, size_t index,
                        const struct metric_sample *sample, struct metric_event *event,
                        struct cell_counter *counter)
{
        struct event_sum missing = {.status = spec->status == COUNTER_COUNTED ? COUNTER_NOT_COUNTED
                                                                              : spec->status};
        uint64_t enabled_ns = 0, running_ns = 0;
        double spread;
        size_t n = 0;

        *counter = (struct cell_counter){0};
        event->edge = 0;
        text_copy(counter->name, sizeof(counter->name), spec->name);
        for (size_t t = 0; t < sample->count; t++) {
                struct event_sum sum =
                        sum_workers(spec, index, sample->trials[t], sample->tasks_per_op);

                event->sums[t] = sum.value;
                if (isnan(sum.value)) {
                        missing = sum;
                        continue;
                }
                sample->scratch[counter->n++] = sum.value;
                event->edge = metric_larger(event->edge, sum.edge);
                enabled_ns += sum.enabled_ns;
                running_ns += sum.running_ns;
        }
        if (!counter->n) {
                explain_missing(spec, &missing, sample->count, counter);
                return;
        }
        counter->status = running_ns < enabled_ns ? COUNTER_SCALED : COUNTER_COUNTED;
        counter->running_share = enabled_ns ? (double)running_ns / (double)enabled_ns : 1;
        counter->value = metric_median(sample->scratch, counter->n, &spread);
        for (size_t t = 0; t < sample->count; t++)
                if (!isnan(event->sums[t]) && sample->trials[t]->outcome.ops)
                        sample->scratch[n++] =
                                event->sums[t] / (double)sample->trials[t]->outcome.ops;
        if (n)
                metric_median(sample->scratch, n, &spread);
        counter->error = spread + event->edge;
        explain_counted(spec, sample->count, counter);
}
