#include "run/measure.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "count/metric_table.h"
#include "run/figure.h"
#include "stats/interval.h"
#include <errno.h>
#include <math.h>
#include <mproc/mproc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* design: a rate needs this much, however short an explicit number of operations makes the work. */
#define OVERLAP_NS (20.0 * NS_PER_MS)
#define OVERLAP_SKEWS 100.0
#define OVERLAP_PERIODS 10.0

double figure_of(const struct cell *cell, const struct trial *trial, enum metric metric)
{
        const struct trial_outcome *out = &trial->outcome;
        double value = NAN;

        if (out->status != TRIAL_OK)
                return NAN;
        switch (metric) {
        case METRIC_THROUGHPUT:
                if (cell->kind == MPB_SHARED && out->overlap_ns)
                        value = (double)out->overlap_ops / (double)out->overlap_ns * NS_PER_S;
                else if (cell->kind == MPB_TASKS && out->run_ns)
                        value = (double)out->ops / (double)out->run_ns * NS_PER_S;
                break;
        case METRIC_MAKESPAN:
                value = cell->kind == MPB_LIFE_CYCLE ? NAN : (double)out->run_ns;
                break;
        case METRIC_WALL:
                value = (double)out->wall_ns;
                break;
        case METRIC_START:
                value = cell->kind == MPB_LIFE_CYCLE ? NAN : (double)out->start_ns;
                break;
        case METRIC_STOP:
                value = cell->kind == MPB_LIFE_CYCLE ? NAN : (double)out->stop_ns;
                break;
        case METRIC_COUNT:
                break;
        }
        return value > 0 ? value : NAN;
}

bool figure_counts(const struct result *result, const struct trial *trial)
{
        return !trial->disturbed || result->disturbed_kept;
}

static struct summary summary_of(const double *values, size_t n)
{
        struct interval interval = interval_median(values, n, 0.95);

        return (struct summary){.median = interval.median,
                                .ci_low = interval.low,
                                .ci_high = interval.high,
                                .n = (uint32_t)n};
}

/* The trials of one cell that count, and room for one figure of each. */
struct sample {
        const struct trial **trials;
        size_t n;
        double *values;
};

static struct summary summarise_metric(const struct cell *cell, const struct sample *sample,
                                       enum metric metric)
{
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++) {
                double value = figure_of(cell, sample->trials[i], metric);

                if (!isnan(value))
                        sample->values[n++] = value;
        }
        return summary_of(sample->values, n);
}

static void summarise_life(struct cell *cell, const struct sample *sample)
{
        for (int step = 0; step < 4; step++) {
                size_t n = 0;

                for (size_t i = 0; i < sample->n; i++) {
                        const struct mpb_life *life = &sample->trials[i]->outcome.life;
                        const uint64_t ns[] = {life->returned_ns, life->first_ns, life->ready_ns,
                                               life->wall_ns};

                        if (sample->trials[i]->outcome.status == TRIAL_OK && ns[step])
                                sample->values[n++] = (double)ns[step];
                }
                cell->step[step] = summary_of(sample->values, n);
        }
}

static double median_ns(const struct cell *cell, const struct sample *sample, bool skew)
{
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++) {
                const struct trial_outcome *out = &sample->trials[i]->outcome;

                if (out->status == TRIAL_OK)
                        sample->values[n++] = (double)(skew                       ? out->skew_ns
                                                       : cell->kind == MPB_SHARED ? out->overlap_ns
                                                                                  : out->run_ns);
        }
        return interval_median(sample->values, n, 0.95).median;
}

/* Was the work long enough for a rate? If not, the note says what it would take. */
static void judge_length(const struct environment *env, struct cell *cell,
                         const struct sample *sample)
{
        double length = median_ns(cell, sample, false), skew = median_ns(cell, sample, true);
        const struct {
                double least;
                const char *why;
        } floors[] = {
                {OVERLAP_NS, ""},
                {OVERLAP_SKEWS * skew, " (100 times the spread of their starts)"},
                {env->cpu_quota > 0 ? OVERLAP_PERIODS * (double)env->quota_period_ns : 0,
                 " (10 periods of the CPU quota)"},
        };
        /* What was calibrated may come out shorter where speed varies; half will do. */
        double share = cell->ops_auto ? 0.5 : 1;
        char wanted[32];
        size_t i = 0;

        while (i < sizeof(floors) / sizeof(*floors) && !(length < share * floors[i].least))
                i++;
        if (i == sizeof(floors) / sizeof(*floors))
                return;
        if (cell->status == CELL_MEASURED)
                cell->status = CELL_VERIFIED_ONLY;
        cell->summary[METRIC_THROUGHPUT] =
                (struct summary){.median = NAN, .ci_low = NAN, .ci_high = NAN};
        if (*cell->note)
                return;
        units_format_duration(floors[i].least, wanted, sizeof(wanted));
        snprintf(cell->note, sizeof(cell->note), "too short for a rate, which needs %s %s%s",
                 wanted, cell->kind == MPB_SHARED ? "of all workers at once" : "of work",
                 floors[i].why);
}

static void count_losses(struct cell *cell, const struct sample *sample)
{
        for (size_t i = 0; i < sample->n; i++) {
                const struct trial_outcome *out = &sample->trials[i]->outcome;
                double lost;

                if (!out->verified)
                        continue;
                cell->final_value = out->final_value;
                cell->expected_value = out->expected_value;
                cell->loss.trials++;
                if (out->final_value == out->expected_value)
                        continue;
                cell->loss.lossy++;
                lost = 1 - (double)out->final_value / (double)out->expected_value;
                if (fabs(lost) > cell->loss.worst)
                        cell->loss.worst = fabs(lost);
        }
}

/* Failures in single rounds: a wrong result condemns the cell, another failure is told. */
static void judge_failures(struct cell *cell, const struct sample *sample)
{
        uint32_t bad = 0;
        const struct trial_outcome *first = NULL;

        for (size_t i = 0; i < sample->n; i++) {
                const struct trial_outcome *out = &sample->trials[i]->outcome;

                if (out->status == TRIAL_OK)
                        continue;
                if (!first || out->status == TRIAL_MISMATCH)
                        first = out;
                bad++;
        }
        cell->verified = !bad && sample->n && cell->loss.lossy == 0;
        if (!bad)
                return;
        if (first->status == TRIAL_MISMATCH || bad == sample->n)
                cell->status = first->status == TRIAL_COLLAPSED ? CELL_COLLAPSED : CELL_FAILED;
        if (first->status == TRIAL_MISMATCH && first->verified)
                snprintf(cell->note, sizeof(cell->note),
                         "wrong: %llu instead of %llu in %u of %zu trials",
                         (unsigned long long)first->final_value,
                         (unsigned long long)first->expected_value, bad, sample->n);
        else
                snprintf(cell->note, sizeof(cell->note), "%u of %zu trials failed: %.400s", bad,
                         sample->n, first->reason);
}

static void check_placement(struct cell *cell, const struct sample *sample)
{
        if (!strcmp(cell->level[FACTOR_PLACE], "none"))
                return;
        for (size_t i = 0; i < sample->n; i++)
                for (uint32_t w = 0; w < sample->trials[i]->outcome.workers; w++) {
                        const struct worker_outcome *worker = &sample->trials[i]->workers[w];
                        const int pus[] = {worker->pu_begin, worker->pu_end};

                        for (int p = 0; p < 2; p++)
                                cell->placed_wrong +=
                                        pus[p] >= 0 && pus[p] < CPUSET_WORDS * 64 &&
                                        !(cell->placed.bits[pus[p] / 64] >> (pus[p] % 64) & 1);
                }
}

static void summarise_cell(struct result *result, struct cell *cell, struct sample *sample)
{
        sample->n = 0;
        for (size_t i = 0; i < result->trial_count; i++)
                if (result->trials[i].cell == cell->id && figure_counts(result, &result->trials[i]))
                        sample->trials[sample->n++] = &result->trials[i];
        for (int metric = 0; metric < METRIC_COUNT; metric++)
                cell->summary[metric] = summarise_metric(cell, sample, metric);
        if (cell->kind == MPB_LIFE_CYCLE)
                summarise_life(cell, sample);
        cell->loss = (struct cell_loss){0};
        cell->placed_wrong = 0;
        if (!sample->n)
                return;
        count_losses(cell, sample);
        judge_failures(cell, sample);
        if (cell->kind != MPB_LIFE_CYCLE) {
                judge_length(&result->environment, cell, sample);
                check_placement(cell, sample);
                metric_summarise(result->environment.counters, result->environment.counter_count,
                                 sample->trials, sample->n, cell);
        }
}

int summarise_cells(struct result *result, struct mproc_err *err)
{
        struct sample sample = {0};
        size_t room = result->trial_count ? result->trial_count : 1;
        int r = 0;

        sample.trials = calloc(room, sizeof(*sample.trials));
        sample.values = calloc(room, sizeof(*sample.values));
        if (!sample.trials || !sample.values)
                r = error_set(err, -ENOMEM, "summarise", "no memory for %zu trials", room);
        for (size_t i = 0; i < result->cell_count && !r; i++)
                summarise_cell(result, &result->cells[i], &sample);
        free(sample.trials);
        free(sample.values);
        return r;
}
