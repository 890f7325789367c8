#include "run/calibrate.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "model/figure.h"
#include "run/judge.h"
#include "run/latency.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Higher than what a rate needs (model/figure.h), since a contended cell's speed varies from trial
 * to trial. */
#define AIM_NS (32 * NS_PER_MS)
#define AIM_SKEWS 150
/* Where workers take turns on their PUs, starts are spread by whole time slices: half of the rule,
 * which is what a calibrated cell is held to, takes long enough. */
#define TURNS_LEAST_SKEWS 50
#define TURNS_AIM_SKEWS 75
#define AIM_PERIODS 13
#define ENOUGH 0.8 /* of the aim */
#define STEPS_MAX 10
#define MAKESPAN_AIMS 4 /* workers that hardly overlap may take long: no longer than so */
#define TIMEOUT_SHARE 8 /* of the time limit, an aim: what was planned must not run into it */
#define GROWTH_MAX 2    /* between two rounds */
#define LIVES_NS (10 * NS_PER_MS) /* of process starts, in one trial */
#define LIVES_MAX 32

static uint64_t periods_ns(const struct result *result, uint64_t count)
{
        const struct environment *env = &result->environment;

        return env->cpu_quota > 0 && env->quota_period_ns > 0
                       ? count * (uint64_t)env->quota_period_ns
                       : 0;
}

/* The longest that a trial may aim at. */
static uint64_t most_ns(const struct result *result)
{
        return result->plan.timeout_ns / TIMEOUT_SHARE;
}

static uint64_t least_ns(const struct result *result)
{
        uint64_t least = periods_ns(result, FIGURE_LEAST_PERIODS);

        least = least > FIGURE_LEAST_NS ? least : FIGURE_LEAST_NS;
        return least < most_ns(result) ? least : most_ns(result);
}

/* Its workers begin as the kernel gives them their turns: a wide spread is no accident there. */
static bool is_oversubscribed(const struct cell *cell)
{
        return cell->workers > cell->pus;
}

static uint64_t aim_ns(const struct result *result, const struct cell *cell, uint64_t skew_ns)
{
        uint64_t aim = cell->kind == MPB_LIFE_CYCLE ? LIVES_NS : AIM_NS;

        if (cell->kind == MPB_LIFE_CYCLE)
                return aim;
        skew_ns *= is_oversubscribed(cell) ? TURNS_AIM_SKEWS : AIM_SKEWS;
        if (skew_ns > aim)
                aim = skew_ns;
        if (periods_ns(result, AIM_PERIODS) > aim)
                aim = periods_ns(result, AIM_PERIODS);
        return aim < most_ns(result) ? aim : most_ns(result);
}

/* The time over which operations are counted. */
static uint64_t measured_ns(const struct cell *cell, const struct trial_outcome *outcome)
{
        return cell->kind == MPB_SHARED ? outcome->overlap_ns : outcome->run_ns;
}

/* Three significant digits: a number that people can read, and no false precision. */
static uint64_t rounded(double value)
{
        uint64_t unit = 1;

        while (value / (double)unit >= 1000)
                unit *= 10;
        return (uint64_t)(value / (double)unit + 0.5) * unit;
}

/* Tasks come as many as workers can share evenly: one task left over makes all but one of them
 * wait, and that reads as a slower cell (201 tasks for two: 0.5 %). Lines of an input are tasks of
 * different length: only all of them, as often as it takes, are the same work in every trial. */
static uint64_t even_ops(const struct result *result, const struct cell *cell, uint64_t ops)
{
        uint64_t unit = result->plan.input_lines  ? result->plan.input_lines
                        : cell->kind == MPB_TASKS ? cell->workers
                                                  : 1;

        return (ops + unit - 1) / unit * unit;
}

static uint64_t next_ops(const struct result *result, const struct cell *cell, uint64_t ops,
                         const struct trial_outcome *outcome, uint64_t aim)
{
        uint64_t took_ns = measured_ns(cell, outcome);
        double factor = took_ns ? 1.1 * (double)aim / (double)took_ns : 100;
        double most = outcome->run_ns ? MAKESPAN_AIMS * (double)aim / (double)outcome->run_ns : 100;

        /* A first trial is short, and its figure rough. */
        factor = factor > 100 ? 100 : factor;
        factor = factor > most ? most : factor;
        factor = factor < 1.2 ? 1.2 : factor;
        ops = even_ops(result, cell, rounded((double)ops * factor + 1));
        return cell->kind == MPB_LIFE_CYCLE && ops > LIVES_MAX ? LIVES_MAX : ops;
}

static uint64_t first_ops(const struct result *result, const struct cell *cell)
{
        if (result->plan.input_lines)
                return result->plan.input_lines;
        return cell->kind == MPB_SHARED ? 1000 : cell->kind == MPB_TASKS ? cell->workers : 1;
}

static void give_up(struct cell *cell, const struct trial_outcome *outcome)
{
        cell->status = outcome->status == TRIAL_COLLAPSED     ? CELL_COLLAPSED
                       : outcome->status == TRIAL_UNSUPPORTED ? CELL_SKIPPED
                                                              : CELL_FAILED;
        text_copy(cell->note, sizeof(cell->note), outcome->reason);
        if (outcome->status != TRIAL_MISMATCH || !outcome->verified)
                return;
        cell->loss = (struct cell_loss){.trials = 1, .lossy = 1};
        cell->final_value = outcome->final_value;
        cell->expected_value = outcome->expected_value;
}

/* Records what calibration found where the report shows it: in the parameter that holds the
 * operations. */
static void set_ops(struct cell *cell, uint64_t ops)
{
        const char *name = workload_find(cell->workload)->ops_param;
        int param = name ? cell_find_param(cell, name) : -1;

        cell->ops = ops;
        if (param < 0)
                return;
        cell->value[param] = (int64_t)ops;
        snprintf(cell->value_text[param], sizeof(cell->value_text[param]), "%" PRIu64, ops);
}

/* A and B do the same work, so that what is the same for both costs both the same: as much as the
 * one needs whose trials would be shorter. */
static bool take_twins_ops(const struct result *result, struct cell *cell)
{
        const struct cell *twin = judge_twin(result, cell);

        if (!twin || !cell->ops_auto || twin->ops <= cell->ops)
                return false;
        set_ops(cell, twin->ops);
        return true;
}

void calibrate_again(const struct result *result, struct cell *cell,
                     const struct trial_outcome *outcome)
{
        uint64_t least = least_ns(result), ops;

        if (take_twins_ops(result, cell))
                return; /* how long that takes is not known yet */
        if (is_oversubscribed(cell) && TURNS_LEAST_SKEWS * outcome->skew_ns > least)
                least = TURNS_LEAST_SKEWS * outcome->skew_ns;
        if (least > most_ns(result))
                least = most_ns(result);
        if (!cell->ops_auto || outcome->status != TRIAL_OK || measured_ns(cell, outcome) >= least ||
            cell->kind == MPB_LIFE_CYCLE)
                return;
        ops = next_ops(result, cell, cell->ops, outcome, least);
        set_ops(cell, ops > GROWTH_MAX * cell->ops ? GROWTH_MAX * cell->ops : ops);
}

static int calibrate_cell(struct measurement *m, struct cell *cell, struct trial *trial,
                          struct mproc_err *err)
{
        uint64_t ops = cell->ops_auto ? first_ops(m->result, cell) : cell->ops;
        uint64_t skew_ns = is_oversubscribed(cell) ? 0 : UINT64_MAX;

        for (int step = 0; step < STEPS_MAX; step++) {
                const struct trial_outcome *outcome = &trial->outcome;
                uint64_t aim, next;
                int r;

                m->sample_pss = !step && workload_find(cell->workload)->flags & MPB_CHILDREN;
                r = measure_trial(m, cell, ops, m->result->plan.seed, trial, err);
                if (r < 0)
                        return r;
                if (m->sample_pss)
                        cell->run.pss_bytes = outcome->pss_bytes;
                m->sample_pss = false;
                m->cell_ns[cell->id] = trial->noise.duration_ns;
                if (outcome->status == TRIAL_INTERRUPTED)
                        return 0;
                if (outcome->status == TRIAL_COLLAPSED)
                        m->excused_ns += trial->noise.duration_ns;
                if (outcome->status != TRIAL_OK) {
                        give_up(cell, outcome);
                        return 0;
                }
                m->has_rate |= plan_asks_for(&m->result->plan, cell->workload) &&
                               (measured_ns(cell, outcome) >= FIGURE_LEAST_NS ||
                                cell->kind == MPB_LIFE_CYCLE);
                if (!cell->ops_auto)
                        return 0;
                set_ops(cell, ops);
                if (is_oversubscribed(cell) ? outcome->skew_ns > skew_ns
                                            : outcome->skew_ns < skew_ns)
                        skew_ns = outcome->skew_ns;
                /* One late worker in a first, short trial is no reason to work for a second. */
                aim = aim_ns(m->result, cell, step ? skew_ns : 0);
                next = next_ops(m->result, cell, ops, outcome, aim);
                if ((double)measured_ns(cell, outcome) >= ENOUGH * (double)aim || next == ops)
                        return 0;
                ops = next;
        }
        return 0;
}

int calibrate_cells(struct measurement *m, struct mproc_err *err)
{
        double *task_ns = calloc(m->result->cell_count, sizeof(*task_ns));
        int r = 0;

        if (!task_ns)
                return error_set(err, -ENOMEM, "calibrate", "no memory for the cells");
        m->stage = "calibrating";
        for (size_t i = 0; i < m->result->cell_count && !r && !measure_stopped(m); i++) {
                struct cell *cell = &m->result->cells[i];
                struct trial trial = {0};

                task_ns[i] = NAN;
                if (cell->status == CELL_SKIPPED)
                        continue;
                trial.workers = calloc(cell->workers, sizeof(*trial.workers));
                if (!trial.workers) {
                        r = error_set(err, -ENOMEM, "calibrate", "no memory for %u workers",
                                      cell->workers);
                        break;
                }
                r = calibrate_cell(m, cell, &trial, err);
                task_ns[i] = latency_task_ns(cell, &trial);
                free(trial.workers);
        }
        for (size_t i = 0; i < m->result->cell_count && !r; i++) {
                struct cell *cell = &m->result->cells[i];
                uint64_t before = cell->ops;

                if (take_twins_ops(m->result, cell) && before)
                        m->cell_ns[i] = (uint64_t)((double)m->cell_ns[i] * (double)cell->ops /
                                                   (double)before);
        }
        if (!r && !measure_stopped(m))
                latency_choose(m->result, task_ns);
        free(task_ns);
        return r;
}
