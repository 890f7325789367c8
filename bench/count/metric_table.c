#include "count/metric_table.h"

#include "base/text.h"
#include "count/metric_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALIASES_MAX 2

/* Events under the names that perf and libpfm4 have for them. */
#define CYCLES                         \
        {                              \
                "cycles", "cpu-cycles" \
        }

/* Adding a ratio is adding a row; CELL_COUNTERS_MAX leaves room for sixteen with the usages. */
static const struct ratio {
        const char *name;
        const char *above[ALIASES_MAX];
        const char *below[ALIASES_MAX]; /* none: the makespan, in ns */
        bool apart; /* not grouped: one of them is a clock, which is never multiplexed */
} ratios[] = {
        {"instructions/cycle", {"instructions"}, CYCLES, false},
        {"branch-misses/branch", {"branch-misses"}, {"branches", "branch-instructions"}, false},
        {"cache-misses/cache-reference", {"cache-misses"}, {"cache-references"}, false},
        {"L1-dcache-load-misses/load", {"L1-dcache-load-misses"}, {"L1-dcache-loads"}, false},
        {"LLC-load-misses/load", {"LLC-load-misses"}, {"LLC-loads"}, false},
        {"dTLB-load-misses/load", {"dTLB-load-misses"}, {"dTLB-loads"}, false},
        {"stalled-cycles-frontend/cycle",
         {"stalled-cycles-frontend", "idle-cycles-frontend"},
         CYCLES,
         false},
        {"stalled-cycles-backend/cycle",
         {"stalled-cycles-backend", "idle-cycles-backend"},
         CYCLES,
         false},
        {"GHz", CYCLES, {"task-clock"}, true},
        {"CPUs used", {"task-clock"}, {0}, true},
};

#define RATIO_COUNT (sizeof(ratios) / sizeof(*ratios))

/* The modifiers of an event that has one of these names ("" or ":u"); NULL: it is another event. */
static const char *modifiers_of(const struct counter_spec *spec, const char *const *names)
{
        const char *name = spec->name;

        if (!strncasecmp(name, "perf::", 6))
                name += 6;
        for (size_t i = 0; i < ALIASES_MAX && names[i]; i++) {
                size_t length = strlen(names[i]);

                if (!strncasecmp(name, names[i], length) && (!name[length] || name[length] == ':'))
                        return name + length;
        }
        return NULL;
}

/* Indices into `specs`; `count`: there is none. */
static bool find_pair(const struct ratio *ratio, const struct counter_spec *specs, size_t count,
                      size_t *above, size_t *below)
{
        for (*above = 0; *above < count; ++*above) {
                const char *mine = modifiers_of(&specs[*above], ratio->above);

                *below = count;
                if (mine && !ratio->below[0])
                        return true;
                for (*below = 0; mine && *below < count; ++*below) {
                        const char *other = modifiers_of(&specs[*below], ratio->below);

                        if (other && !strcmp(mine, other))
                                return true;
                }
        }
        *below = count;
        return false;
}

bool metric_pair_at(size_t index, const struct counter_spec *specs, size_t count, size_t *above,
                    size_t *below)
{
        if (index >= RATIO_COUNT)
                return false;
        if (ratios[index].apart)
                *above = *below = count;
        else
                find_pair(&ratios[index], specs, count, above, below);
        return true;
}

/* A figure that is made of one event or of two. */
struct made {
        const char *name;
        const struct cell_counter *source; /* lends status and reason */
        double edge;                       /* of its events, together */
};

/* The one that limits what is made of both: the one that is missing, else the one that ran less. */
static const struct cell_counter *weaker(const struct cell_counter *a, const struct cell_counter *b)
{
        if (!a->n || !b->n)
                return a->n ? b : a;
        return b->running_share < a->running_share ? b : a;
}

/* Adds what `sample->scratch` holds of the trials. */
static void add_made(const struct made *made, const struct metric_sample *sample, size_t n,
                     struct cell *cell)
{
        struct cell_counter *counter = &cell->counters[cell->counter_count++];
        double spread;

        *counter = (struct cell_counter){
                .status = made->source->status, .value = NAN, .error = NAN, .n = (uint32_t)n};
        text_copy(counter->name, sizeof(counter->name), made->name);
        text_copy(counter->reason, sizeof(counter->reason), made->source->reason);
        if (n) {
                counter->value = metric_median(sample->scratch, n, &spread);
                counter->error = spread + made->edge;
                counter->running_share = made->source->running_share;
        } else if (made->source->n) {
                counter->status = COUNTER_NOT_COUNTED;
                text_copy(counter->reason, sizeof(counter->reason),
                          "its events were never counted in the same trial");
        }
}

static void add_ratio(const struct ratio *ratio, const struct counter_spec *specs, size_t count,
                      const struct metric_event *events, const struct metric_sample *sample,
                      struct cell *cell)
{
        struct made made = {.name = ratio->name};
        size_t above, below, n = 0;
        bool together;

        if (!find_pair(ratio, specs, count, &above, &below))
                return;
        made.source = &cell->counters[above];
        made.edge = events[above].edge;
        if (below < count) {
                together = specs[above].group && specs[above].group == specs[below].group;
                made.source = weaker(made.source, &cell->counters[below]);
                made.edge = together ? metric_larger(made.edge, events[below].edge)
                                     : made.edge + events[below].edge;
        }
        for (size_t t = 0; t < sample->count; t++) {
                double a = events[above].sums[t];
                double b = below < count ? events[below].sums[t]
                                         : (double)sample->trials[t]->outcome.run_ns;

                if (!isnan(a) && b > 0)
                        sample->scratch[n++] = a / b;
        }
        add_made(&made, sample, n, cell);
}

/* Per operation, or per so many parts of one. */
static void add_share(size_t index, const struct metric_event *event, uint64_t parts,
                      const char *unit, const struct metric_sample *sample, struct cell *cell)
{
        const struct cell_counter *source = &cell->counters[index];
        char name[sizeof(source->name)];
        size_t n = 0;

        for (size_t t = 0; t < sample->count; t++) {
                uint64_t ops = sample->trials[t]->outcome.ops;

                if (!isnan(event->sums[t]) && ops)
                        sample->scratch[n++] = event->sums[t] / ((double)ops * (double)parts);
        }
        if (!n)
                return;
        snprintf(name, sizeof(name), "%.*s/%s", (int)(sizeof(name) - strlen(unit) - 2),
                 source->name, unit);
        add_made(&(struct made){name, source, event->edge}, sample, n, cell);
}

void metric_summarise(const struct counter_spec *specs, size_t spec_count,
                      const struct trial *const *trials, size_t trial_count, struct cell *cell)
{
        struct metric_sample sample = {
                .trials = trials, .count = trial_count, .tasks_per_op = cell->children};
        struct metric_event events[COUNTERS_MAX];
        double *sums;

        spec_count = spec_count < COUNTERS_MAX ? spec_count : COUNTERS_MAX;
        sums = calloc(spec_count * trial_count + 1, sizeof(*sums));
        sample.scratch = calloc(trial_count + 1, sizeof(*sample.scratch));
        cell->counter_count = 0;
        if (!spec_count || !sums || !sample.scratch)
                goto out; /* without counters rather than without a result */

        for (size_t e = 0; e < spec_count; e++) {
                events[e].sums = sums + e * trial_count;
                metric_count_event(&specs[e], e, &sample, &events[e],
                                   &cell->counters[cell->counter_count++]);
        }
        for (size_t i = 0; i < RATIO_COUNT; i++)
                add_ratio(&ratios[i], specs, spec_count, events, &sample, cell);
        for (size_t e = 0; e < spec_count; e++)
                add_share(e, &events[e], 1, "op", &sample, cell);
        for (size_t e = 0; e < spec_count && cell->bytes_per_op; e++)
                add_share(e, &events[e], cell->bytes_per_op, "byte", &sample, cell);
        metric_add_usage(&sample, cell);
out:
        free(sample.scratch);
        free(sums);
}
