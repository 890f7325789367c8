#include "run/summarise.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/units.h"
#include "count/metric_table.h"
#include "model/figure.h"
#include "stats/histogram.h"
#include "stats/interval.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <math.h>
#include <mproc/mproc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct summary summary_of(const double *values, size_t n)
{
        struct interval interval = interval_median(values, n, 0.95);

        return (struct summary){.median = interval.median,
                                .ci_low = interval.low,
                                .ci_high = interval.high,
                                .n = (uint32_t)n};
}

/* The trials of one cell, first those that count, and room for one figure of each. */
struct sample {
        const struct trial **trials;
        size_t n, all; /* those that count; with those of disturbed rounds that are left out */
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

/* A histogram knows a value to within half a bucket to either side: trials that agree more closely
 * than so are not known to agree. */
#define BUCKET_SHARE (0.5 / HISTOGRAM_HALF)

static void summarise_latency(const struct sample *sample, bool response, struct summary *ret)
{
        for (int which = 0; which < LATENCY_COUNT; which++) {
                struct summary *summary = &ret[which];
                size_t n = 0;

                for (size_t i = 0; i < sample->n; i++) {
                        const struct trial_outcome *out = &sample->trials[i]->outcome;
                        const struct trial_latency *latency =
                                response ? &out->response : &out->latency;

                        if (out->status == TRIAL_OK && latency->ns[which])
                                sample->values[n++] = (double)latency->ns[which];
                }
                *summary = n ? summary_of(sample->values, n) : (struct summary){0};
                if (which == LATENCY_MAX)
                        continue; /* exact */
                summary->ci_low *= 1 - BUCKET_SHARE;
                summary->ci_high *= 1 + BUCKET_SHARE;
        }
}

enum phase { PHASE_PARENT, PHASE_DISPATCH, PHASE_WORK, PHASE_TAIL, PHASE_FIRST_RESULT };

/* NaN: not known. */
static double phase_of(const struct trial_outcome *out, enum phase phase)
{
        const struct trial_phases *phases = &out->phases;
        double of_workers =
                (double)phases->dispatch_ns + (double)phases->work_ns + (double)phases->tail_ns;

        if (out->status != TRIAL_OK || phases->known != (PHASES_WORKERS | PHASES_PARENT) ||
            !out->run_ns || of_workers <= 0)
                return NAN;
        switch (phase) {
        case PHASE_PARENT:
                return (double)phases->parent_ns / (double)out->run_ns;
        case PHASE_DISPATCH:
                return (double)phases->dispatch_ns / of_workers;
        case PHASE_WORK:
                return (double)phases->work_ns / of_workers;
        case PHASE_TAIL:
                return (double)phases->tail_ns / of_workers;
        case PHASE_FIRST_RESULT:
                return (double)phases->first_result_ns;
        }
        return NAN;
}

static struct summary summarise_phase(const struct sample *sample, enum phase phase)
{
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++) {
                double value = phase_of(&sample->trials[i]->outcome, phase);

                if (!isnan(value))
                        sample->values[n++] = value;
        }
        return n ? summary_of(sample->values, n) : (struct summary){0};
}

static void summarise_phases(struct cell *cell, const struct sample *sample)
{
        cell->phases = (struct cell_phases){
                .parent = summarise_phase(sample, PHASE_PARENT),
                .dispatch = summarise_phase(sample, PHASE_DISPATCH),
                .work = summarise_phase(sample, PHASE_WORK),
                .tail = summarise_phase(sample, PHASE_TAIL),
                .first_result_ns = summarise_phase(sample, PHASE_FIRST_RESULT),
        };
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

/* Was the work long enough for a rate? If not, the note says what it would take. Through a pool the
 * clock runs from the gate, so that who begins late there is part of what is measured. */
static void judge_length(const struct environment *env, struct cell *cell,
                         const struct sample *sample)
{
        double length = median_ns(cell, sample, false), skew = median_ns(cell, sample, true);
        const struct {
                double least;
                const char *why;
        } floors[] = {
                {FIGURE_LEAST_NS, ""},
                {cell_has_pool(cell) ? 0 : FIGURE_SKEWS * skew,
                 " (100 times the spread of their starts)"},
                {env->cpu_quota > 0 ? FIGURE_LEAST_PERIODS * (double)env->quota_period_ns : 0,
                 " (10 periods of the CPU quota)"},
        };
        double share = figure_share_needed(cell);
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

/* Over all trials: what is lost in a disturbed round is lost. */
static void count_losses(struct cell *cell, const struct sample *sample)
{
        for (size_t i = 0; i < sample->all; i++) {
                const struct trial_outcome *out = &sample->trials[i]->outcome;
                double share = 1; /* where the two are no counts that could be compared */

                if (!out->verified)
                        continue;
                cell->final_value = out->final_value;
                cell->expected_value = out->expected_value;
                cell->loss.trials++;
                if (out->final_value == out->expected_value)
                        continue;
                cell->loss.lossy++;
                if (out->final_value < 2 * (double)out->expected_value)
                        share = fabs(1 - (double)out->final_value / (double)out->expected_value);
                cell->loss.worst = fmax(cell->loss.worst, share);
        }
}

/* Failures in single rounds, disturbed or not: a wrong result condemns the cell, another failure is
 * told. */
static void judge_failures(struct cell *cell, const struct sample *sample)
{
        const struct trial_outcome *told = NULL;
        uint32_t bad = 0, wrong = 0;
        size_t good = 0; /* among those that count */

        for (size_t i = 0; i < sample->all; i++) {
                const struct trial_outcome *out = &sample->trials[i]->outcome;
                bool is_wrong = out->status == TRIAL_MISMATCH;

                if (out->status == TRIAL_OK) {
                        good += i < sample->n;
                        continue;
                }
                if (!told || (is_wrong && !wrong))
                        told = out;
                bad++;
                wrong += is_wrong;
        }
        cell->verified = !bad && !cell->loss.lossy;
        if (!bad)
                return;
        if (wrong || !good)
                cell->status = told->status == TRIAL_COLLAPSED ? CELL_COLLAPSED : CELL_FAILED;
        if (wrong && told->verified)
                snprintf(cell->note, sizeof(cell->note),
                         "wrong: %llu instead of %llu in %u of %zu trials",
                         (unsigned long long)told->final_value,
                         (unsigned long long)told->expected_value, wrong, sample->all);
        else
                snprintf(cell->note, sizeof(cell->note), "%u of %zu trials failed: %.400s", bad,
                         sample->all, told->reason);
}

static bool is_outside(const struct cpuset *set, int pu)
{
        return pu >= 0 && pu < CPUSET_WORDS * 64 && !(set->bits[pu / 64] >> (pu % 64) & 1);
}

static void check_placement(struct cell *cell, const struct sample *sample)
{
        cell->placed_wrong = 0;
        if (!strcmp(cell->level[FACTOR_PLACE], "none"))
                return;
        for (size_t i = 0; i < sample->n; i++) {
                const struct trial *trial = sample->trials[i];

                if (trial->outcome.status != TRIAL_OK)
                        continue; /* nobody wrote down where its workers ran */
                for (uint32_t w = 0; w < trial->outcome.workers; w++)
                        cell->placed_wrong +=
                                is_outside(&cell->placed, trial->workers[w].pu_begin) ||
                                is_outside(&cell->placed, trial->workers[w].pu_end);
        }
}

static void gather(const struct result *result, const struct cell *cell, bool counts,
                   struct sample *sample)
{
        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial *trial = &result->trials[i];

                if (trial->cell == cell->id && figure_counts(result, trial) == counts)
                        sample->trials[sample->all++] = trial;
        }
}

static void summarise_cell(const struct result *result, struct cell *cell, struct sample *sample)
{
        sample->all = 0;
        gather(result, cell, true, sample);
        sample->n = sample->all;
        gather(result, cell, false, sample);

        if (sample->all) { /* else calibration has said all there is to say */
                cell->loss = (struct cell_loss){0};
                count_losses(cell, sample);
                judge_failures(cell, sample);
        }
        if (cell->status == CELL_FAILED)
                sample->n = 0; /* what came out right may be luck: no figure of it is shown */
        for (int metric = 0; metric < METRIC_COUNT; metric++)
                cell->summary[metric] = summarise_metric(cell, sample, metric);
        summarise_latency(sample, false, cell->latency.summary);
        summarise_latency(sample, true, cell->latency.response);
        summarise_phases(cell, sample);
        if (cell->kind == MPB_LIFE_CYCLE) {
                summarise_life(cell, sample);
        } else if (sample->n) {
                judge_length(&result->environment, cell, sample);
                check_placement(cell, sample);
                if (workload_find(cell->workload)->flags & MPB_CHILDREN)
                        summarise_runs(sample->trials, sample->n, sample->values, cell);
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
