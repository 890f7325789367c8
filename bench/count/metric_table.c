#include "count/metric_table.h"

#include "base/text.h"
#include "count/event.h"
#include "stats/describe.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adding a ratio is adding a row; CELL_COUNTERS_MAX leaves room for eight. */
static const struct ratio {
        const char *name, *above, *below;
} ratios[] = {
        {"instructions/cycle", "instructions", "cycles"},
};

struct event_sum {
        double value; /* over the workers; NaN: not every one of them counted it */
        uint64_t enabled_ns, running_ns;
        uint32_t status; /* where value is NaN: of the first worker that could not */
        int32_t error;
};

static struct event_sum sum_workers(const struct counter_spec *spec, size_t event,
                                    const struct trial *trial)
{
        struct event_sum sum = {.status = COUNTER_NOT_COUNTED};

        if (!trial->outcome.workers || !trial->workers) {
                sum.value = NAN;
                return sum;
        }
        for (uint32_t w = 0; w < trial->outcome.workers; w++) {
                const struct counter_reading *reading = &trial->workers[w].counters[event];
                double value, share;
                enum counter_status status = event_reading_status(spec, reading, &value, &share);

                if (isnan(value))
                        return (struct event_sum){
                                .value = NAN, .status = status, .error = reading->error};
                sum.value += value;
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

        counter->value = NAN;
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

/* One event over the trials. `per_trial` gets its sums, NaN where it was not counted. */
static void summarise_event(const struct counter_spec *spec, size_t event,
                            const struct trial *const *trials, size_t trial_count,
                            double *per_trial, double *scratch, struct cell_counter *counter)
{
        struct event_sum missing = {.status = spec->status == COUNTER_COUNTED ? COUNTER_NOT_COUNTED
                                                                              : spec->status};
        uint64_t enabled_ns = 0, running_ns = 0;

        *counter = (struct cell_counter){0};
        text_copy(counter->name, sizeof(counter->name), spec->name);
        for (size_t t = 0; t < trial_count; t++) {
                struct event_sum sum = sum_workers(spec, event, trials[t]);

                per_trial[t] = sum.value;
                if (isnan(sum.value)) {
                        missing = sum;
                        continue;
                }
                scratch[counter->n++] = sum.value;
                enabled_ns += sum.enabled_ns;
                running_ns += sum.running_ns;
        }
        if (!counter->n) {
                explain_missing(spec, &missing, trial_count, counter);
                return;
        }
        counter->status = running_ns < enabled_ns ? COUNTER_SCALED : COUNTER_COUNTED;
        counter->value = describe_median(scratch, counter->n);
        counter->running_share = enabled_ns ? (double)running_ns / (double)enabled_ns : 1;
        if (counter->n < trial_count)
                snprintf(counter->reason, sizeof(counter->reason), "counted in %u of %zu trials",
                         counter->n, trial_count);
        else
                text_copy(counter->reason, sizeof(counter->reason), spec->reason);
}

/* The one that limits what is made of both: the one that is missing, else the one that ran less. */
static const struct cell_counter *weaker(const struct cell_counter *a, const struct cell_counter *b)
{
        if (!a->n || !b->n)
                return a->n ? b : a;
        return b->running_share < a->running_share ? b : a;
}

/* Fills `counter` from what `values` holds of the trials; `source` lends status and reason. */
static void derive(struct cell_counter *counter, const char *name,
                   const struct cell_counter *source, const double *values, size_t n)
{
        *counter = (struct cell_counter){.status = source->status, .value = NAN, .n = (uint32_t)n};
        text_copy(counter->name, sizeof(counter->name), name);
        text_copy(counter->reason, sizeof(counter->reason), source->reason);
        if (n) {
                counter->value = describe_median(values, n);
                counter->running_share = source->running_share;
        } else if (source->n) {
                counter->status = COUNTER_NOT_COUNTED;
                text_copy(counter->reason, sizeof(counter->reason),
                          "its events were never counted in the same trial");
        }
}

/* The modifiers of an event called `base` ("" or ":u"); NULL: it is another event. */
static const char *modifiers_of(const struct counter_spec *spec, const char *base)
{
        size_t length = strlen(base);

        if (strncmp(spec->name, base, length))
                return NULL;
        return !spec->name[length] || spec->name[length] == ':' ? spec->name + length : NULL;
}

static bool find_pair(const struct counter_spec *specs, size_t spec_count,
                      const struct ratio *ratio, size_t *above, size_t *below)
{
        for (*above = 0; *above < spec_count; ++*above) {
                const char *mine = modifiers_of(&specs[*above], ratio->above);

                for (*below = 0; mine && *below < spec_count; ++*below) {
                        const char *other = modifiers_of(&specs[*below], ratio->below);

                        if (other && !strcmp(mine, other))
                                return true;
                }
        }
        return false;
}

static void add_ratios(const struct counter_spec *specs, size_t spec_count, const double *sums,
                       size_t trial_count, double *scratch, struct cell *cell)
{
        for (size_t i = 0; i < sizeof(ratios) / sizeof(*ratios); i++) {
                size_t above, below, n = 0;

                if (!find_pair(specs, spec_count, &ratios[i], &above, &below))
                        continue;
                for (size_t t = 0; t < trial_count; t++) {
                        double a = sums[above * trial_count + t], b = sums[below * trial_count + t];

                        if (!isnan(a) && b > 0)
                                scratch[n++] = a / b;
                }
                derive(&cell->counters[cell->counter_count++], ratios[i].name,
                       weaker(&cell->counters[above], &cell->counters[below]), scratch, n);
        }
}

static void add_per_operation(size_t event, const double *sums, const struct trial *const *trials,
                              size_t trial_count, double *scratch, struct cell *cell)
{
        const struct cell_counter *source = &cell->counters[event];
        char name[sizeof(source->name)];
        size_t n = 0;

        for (size_t t = 0; t < trial_count; t++)
                if (!isnan(sums[t]) && trials[t]->outcome.ops)
                        scratch[n++] = sums[t] / (double)trials[t]->outcome.ops;
        if (!n)
                return;
        snprintf(name, sizeof(name), "%.*s/op", (int)sizeof(name) - 4, source->name);
        derive(&cell->counters[cell->counter_count++], name, source, scratch, n);
}

void metric_summarise(const struct counter_spec *specs, size_t spec_count,
                      const struct trial *const *trials, size_t trial_count, struct cell *cell)
{
        double *sums, *scratch;

        spec_count = spec_count < COUNTERS_MAX ? spec_count : COUNTERS_MAX;
        sums = calloc(spec_count * trial_count + 1, sizeof(*sums));
        scratch = calloc(trial_count + 1, sizeof(*scratch));
        cell->counter_count = 0;
        if (!sums || !scratch)
                goto out; /* without counters rather than without a result */

        for (size_t e = 0; e < spec_count; e++)
                summarise_event(&specs[e], e, trials, trial_count, sums + e * trial_count, scratch,
                                &cell->counters[cell->counter_count++]);
        add_ratios(specs, spec_count, sums, trial_count, scratch, cell);
        for (size_t e = 0; e < spec_count; e++)
                add_per_operation(e, sums + e * trial_count, trials, trial_count, scratch, cell);
out:
        free(scratch);
        free(sums);
}
