#include "run/latency.h"

#include "base/clock.h"
#include "base/units.h"
#include "stats/histogram.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Timing a task may take this share of it. */
#define COST_SHARE 0.01
#define READINGS 1000
#define ONE_IN_MAX 1024

/* What timing one task costs on this machine, ns: a clock reading, which takes 20 ns or, where it
 * is a system call, some hundred, and a count. The best of several series, since whatever else
 * happens only makes them longer. */
static double timing_cost_ns(void)
{
        struct histogram histogram = {0};
        uint64_t best_ns = UINT64_MAX;

        for (int series = 0; series < 10; series++) {
                uint64_t begin = clock_now_ns(), last = begin;

                for (int i = 0; i < READINGS; i++) {
                        uint64_t now = clock_now_ns();

                        histogram_add(&histogram, now - last);
                        last = now;
                }
                best_ns = last - begin < best_ns ? last - begin : best_ns;
        }
        return (double)best_ns / READINGS;
}

double latency_task_ns(const struct cell *cell, const struct trial *trial)
{
        const struct trial_outcome *out = &trial->outcome;
        uint64_t busy_ns = 0;

        if (cell->kind != MPB_TASKS || out->status != TRIAL_OK || !out->ops)
                return NAN;
        for (uint32_t i = 0; i < out->workers; i++)
                busy_ns += trial->workers[i].work_ns;
        /* Of workers that take turns on a PU only one is at work. */
        if (cell->workers > cell->pus)
                busy_ns = (uint64_t)((double)busy_ns * cell->pus / cell->workers);
        return (double)busy_ns / (double)out->ops;
}

/* Cells that are compared are timed alike, or what timing costs would be part of the comparison:
 * the shortest tasks of all that have the same parameters decide. */
static double shortest_ns(const struct result *result, const struct cell *cell,
                          const double *task_ns)
{
        double shortest = INFINITY;

        for (size_t i = 0; i < result->cell_count; i++)
                if (!strcmp(result->cells[i].workload, cell->workload) &&
                    cell_same_parameters(&result->cells[i], cell))
                        shortest = fmin(shortest, task_ns[i]);
        return shortest;
}

/* Through a pool a task is timed at both its ends. */
static uint32_t one_in(const struct cell *cell, double task_ns, double least_ns)
{
        double share = ceil(2 * least_ns / task_ns);

        if (!cell_has_pool(cell))
                return 0;
        return share < ONE_IN_MAX ? (uint32_t)share : ONE_IN_MAX;
}

void latency_choose(struct result *result, const double *task_ns)
{
        double least = timing_cost_ns() / COST_SHARE;

        for (size_t i = 0; i < result->cell_count; i++) {
                struct cell *cell = &result->cells[i];
                double shortest = shortest_ns(result, cell, task_ns);
                char took[32], needed[32];

                if (isnan(task_ns[i]))
                        continue;
                cell->latency.timed = shortest >= least;
                if (cell->latency.timed)
                        continue;
                cell->latency.one_in = one_in(cell, shortest, least);
                units_format_duration(shortest, took, sizeof(took));
                units_format_duration(least, needed, sizeof(needed));
                snprintf(cell->latency.note, sizeof(cell->latency.note),
                         "tasks of %s are too short to be timed one by one; from %s on they would "
                         "be",
                         took, needed);
        }
}
