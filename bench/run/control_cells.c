/* The run as its own witness: what it says of two cells that are the same, and of work that was
 * planted. */
#include "run/control_cells.h"

#include "base/error.h"
#include "base/text.h"
#include "model/figure.h"
#include "run/judge.h"
#include "stats/binomial.h"
#include "stats/compare.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BUSY 0.95 /* of its time a worker that only computes is on a CPU */

static int add_copy(struct result *result, uint32_t original, const char *level,
                    struct mproc_err *err)
{
        struct cell *cell = result_add_cell(result);
        uint32_t id;

        if (!cell)
                return error_set(err, -ENOMEM, "control", "no memory for the cells");
        id = cell->id;
        *cell = result->cells[original];
        cell->id = id;
        text_copy(cell->level[FACTOR_VARIANT], LEVEL_BYTES, level);
        return 0;
}

int control_cells_add(struct result *result, const char *workload, struct mproc_err *err)
{
        const struct cell *baseline = judge_baseline(result, workload);
        uint32_t original;
        bool slowed;
        int r;

        if (!baseline)
                return error_set(err, -EINVAL, "control",
                                 "no cell of %s can be the baseline, so there is nothing to run "
                                 "again: leave --control out, or name a --baseline",
                                 workload);
        original = baseline->id;
        slowed = result->plan.planted_ppm && baseline->kind != MPB_LIFE_CYCLE;
        r = add_copy(result, original, CONTROL_LEVEL, err);
        return r || !slowed ? r : add_copy(result, original, SLOWED_LEVEL, err);
}

/* The cell of the plan that `copy` is a copy of; of two variants, the first. */
static const struct cell *original_of(const struct result *result, const struct cell *copy)
{
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (!strcmp(cell->workload, copy->workload) && cell_role(cell) == CELL_OF_PLAN &&
                    judge_differs_only_in(cell, copy, FACTOR_VARIANT))
                        return cell;
        }
        return NULL;
}

/* What the workers of a cell were on a CPU for, of their time. */
static double busy_share(const struct result *result, const struct cell *cell)
{
        double busy_ns = 0, all_ns = 0;

        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial *trial = &result->trials[i];

                if (trial->cell != cell->id || trial->outcome.status != TRIAL_OK)
                        continue;
                for (uint32_t w = 0; w < trial->outcome.workers; w++) {
                        const struct worker_outcome *worker = &trial->workers[w];

                        busy_ns += (double)(worker->user_ns + worker->system_ns);
                        all_ns += (double)(worker->end_ns - worker->begin_ns);
                }
        }
        return all_ns > 0 ? busy_ns / all_ns : 0;
}

/* Planted work makes a worker's time longer by exactly its share. That is the effect on the cell
 * where workers wait for nothing: neither for each other nor for a device, which goes on while they
 * spin, nor for a CPU. */
static enum control_unknown why_unknown(const struct result *result, const struct cell *baseline)
{
        if (baseline->kind != MPB_TASKS && baseline->workers > 1)
                return CONTROL_UNKNOWN_SHARED;
        if (baseline->children)
                return CONTROL_UNKNOWN_STARTS;
        if (baseline->workers > baseline->pus)
                return CONTROL_UNKNOWN_CROWDED;
        if (result->environment.cpu_quota > 0)
                return CONTROL_UNKNOWN_QUOTA;
        if (cell_has_pool(baseline)) /* between two tasks */
                return CONTROL_UNKNOWN_AWAY;
        return busy_share(result, baseline) < BUSY ? CONTROL_UNKNOWN_AWAY : CONTROL_UNKNOWN_NONE;
}

/* Figures by round of baseline and copy: room for them, and how they are judged. */
struct bench {
        const struct result *result;
        double *copy, *baseline;
        size_t rounds, family;
        bool higher_is_better;
};

/* As strict as Holm's correction is with the first of so many comparisons. */
static enum verdict verdict_on(const struct bench *bench, const struct effect *effect)
{
        return compare_verdict(
                effect, fmin(1, (double)bench->family * effect->p), bench->higher_is_better,
                (double)bench->result->plan.threshold_ppm / 1e6, judge_alpha(bench->result));
}

/* Reads the rounds in which both were measured, closed up; returns how many. */
static size_t gather(struct bench *bench, const struct cell *copy, const struct cell *baseline)
{
        size_t all = bench->rounds, n = 0;

        if (copy->status != CELL_MEASURED || baseline->status != CELL_MEASURED)
                return 0;
        figure_by_round(bench->result, copy, copy->primary, false, bench->copy, all);
        figure_by_round(bench->result, baseline, copy->primary, false, bench->baseline, all);
        for (size_t i = 0; i < all; i++) {
                if (isnan(bench->copy[i]) || isnan(bench->baseline[i]))
                        continue;
                bench->copy[n] = bench->copy[i];
                bench->baseline[n++] = bench->baseline[i];
        }
        return n;
}

static struct effect effect_of(const struct bench *bench, size_t first, size_t n)
{
        return compare_paired(bench->copy + first, bench->baseline + first, n,
                              1 - judge_alpha(bench->result));
}

static void judge_itself(struct bench *bench, struct control *control)
{
        const struct result *result = bench->result;
        double alpha = judge_alpha(result);
        size_t n = gather(bench, &result->cells[control->control],
                          &result->cells[control->baseline]),
               block = compare_rounds_needed(bench->family, alpha);
        struct effect effect = effect_of(bench, 0, n);

        control->n = (uint32_t)n;
        control->ratio = effect.ratio;
        control->ci_low = effect.low;
        control->ci_high = effect.high;
        control->verdict = verdict_on(bench, &effect);
        control->smallest_effect = compare_smallest_effect(&effect, n, alpha, bench->family);
        control->block_rounds = (uint32_t)block;
        for (size_t first = 0; first + block <= n; first += block) {
                enum verdict verdict;

                effect = effect_of(bench, first, block);
                verdict = verdict_on(bench, &effect);
                control->blocks++;
                control->false_calls += verdict == VERDICT_FASTER || verdict == VERDICT_SLOWER;
        }
        control->false_call_upper =
                control->blocks ? binomial_upper(control->false_calls, control->blocks, 0.95) : NAN;
}

static void judge_slowed(struct bench *bench, struct control *control)
{
        const struct cell *cells = bench->result->cells, *baseline = &cells[control->baseline];
        struct effect effect = {.ratio = NAN, .low = NAN, .high = NAN};

        control->true_ratio = NAN;
        if (control->slowed != CONTROL_NO_CELL) {
                control->slowed_n = (uint32_t)gather(bench, &cells[control->slowed], baseline);
                effect = effect_of(bench, 0, control->slowed_n);
                control->unknown = why_unknown(bench->result, baseline);
                if (control->unknown == CONTROL_UNKNOWN_NONE)
                        control->true_ratio =
                                1 / (1 + (double)bench->result->plan.planted_ppm / 1e6);
        }
        control->slowed_ratio = effect.ratio;
        control->slowed_low = effect.low;
        control->slowed_high = effect.high;
        control->slowed_verdict = verdict_on(bench, &effect);
}

/* Comparisons of its workload that get verdicts; as if there were one, where there is none. */
static size_t family_of(const struct result *result, const struct cell *cell)
{
        size_t n = 0;

        for (size_t i = 0; i < result->comparison_count; i++)
                n += result->comparisons[i].metric == cell->primary &&
                     !strcmp(result->cells[result->comparisons[i].cell].workload, cell->workload);
        return n ? n : 1;
}

int control_cells_judge(struct result *result, struct mproc_err *err)
{
        struct bench bench = {.result = result, .rounds = result->rounds + 1};
        int r = 0;

        memset(result->controls, 0, sizeof(result->controls));
        result->control_count = 0;
        bench.copy = calloc(bench.rounds, sizeof(*bench.copy));
        bench.baseline = calloc(bench.rounds, sizeof(*bench.baseline));
        if (!bench.copy || !bench.baseline) {
                r = error_set(err, -ENOMEM, "control", "no memory for %zu rounds", bench.rounds);
                goto out;
        }
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i], *baseline;
                struct control *control = &result->controls[result->control_count];

                if (cell_role(cell) != CELL_CONTROL || result->control_count == WORKLOADS_MAX)
                        continue;
                baseline = original_of(result, cell);
                if (!baseline)
                        continue;
                control->baseline = baseline->id;
                control->control = cell->id;
                control->slowed = i + 1 < result->cell_count && cell_role(cell + 1) == CELL_SLOWED
                                          ? cell->id + 1
                                          : CONTROL_NO_CELL;
                bench.family = family_of(result, cell);
                bench.higher_is_better = metric_higher_is_better(cell->primary);
                judge_itself(&bench, control);
                judge_slowed(&bench, control);
                result->control_count++;
        }
out:
        free(bench.copy);
        free(bench.baseline);
        return r;
}
