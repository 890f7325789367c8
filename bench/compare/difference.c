#include "compare/difference.h"

#include "base/error.h"
#include "base/text.h"
#include "model/figure.h"
#include "stats/unpaired.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Stricter than within a run, where rounds protect from what changes slowly: of two sides that were
 * measured at different times a part of the difference is always the machine's. */
#define ALPHA 0.01

const char *difference_kind_name(uint32_t kind)
{
        static const char *const names[] = {
                [DIFFERENCE_JUDGED] = "judged",
                [DIFFERENCE_DESCRIBED] = "described",
                [DIFFERENCE_FAILS] = "fails",
                [DIFFERENCE_LOST] = "lost",
                [DIFFERENCE_NOT_ASKED] = "not asked for",
                [DIFFERENCE_NO_FIGURE] = "no figure",
                [DIFFERENCE_ONE_SIDED] = "one-sided",
        };

        return kind < sizeof(names) / sizeof(*names) ? names[kind] : NULL;
}

const char *regression_name(uint32_t regression)
{
        static const char *const names[] = {
                [REGRESSION_NO] = "no", [REGRESSION_UNCLEAR] = "unclear", [REGRESSION_YES] = "yes"};

        return regression < sizeof(names) / sizeof(*names) ? names[regression] : NULL;
}

/* Of two runs, no two trials take the same nanoseconds all along. */
static bool same_run(const struct result *a, const struct result *b)
{
        if (a->cell_count != b->cell_count || a->trial_count != b->trial_count || !a->trial_count)
                return false;
        for (size_t i = 0; i < a->cell_count; i++)
                if (a->cells[i].status != b->cells[i].status ||
                    !cell_same_choice(&a->cells[i], &b->cells[i]))
                        return false;
        for (size_t i = 0; i < a->trial_count; i++)
                if (a->trials[i].cell != b->trials[i].cell ||
                    a->trials[i].disturbed != b->trials[i].disturbed ||
                    memcmp(&a->trials[i].outcome, &b->trials[i].outcome,
                           sizeof(a->trials[i].outcome)) != 0)
                        return false;
        return true;
}

/* A side's runs, each once. */
struct runs {
        const struct result **result;
        size_t count;
};

static bool holds(const struct runs *runs, const struct result *result)
{
        for (size_t i = 0; i < runs->count; i++)
                if (same_run(runs->result[i], result))
                        return true;
        return false;
}

static int gather_runs(struct difference *difference, enum side side, struct runs *runs,
                       struct mproc_err *err)
{
        size_t count = difference->run_count[side];

        runs->result = calloc(count ? count : 1, sizeof(*runs->result));
        if (!runs->result)
                return error_set(err, -ENOMEM, "compare", "no memory for %zu runs", count);
        for (size_t i = 0; i < count; i++) {
                const struct result *result = difference->runs[side][i].result;

                if (!holds(runs, result))
                        runs->result[runs->count++] = result;
        }
        difference->run_used[side] = runs->count;
        return 0;
}

/* The same runs on both sides are one way to ask whether anything changed; a few of them would lend
 * each side the other's figures. */
static int check_sides(struct difference *difference, const struct runs sides[SIDE_COUNT],
                       struct mproc_err *err)
{
        const struct runs *new = &sides[SIDE_NEW];
        size_t shared = 0;

        for (size_t i = 0; i < new->count; i++)
                shared += holds(&sides[SIDE_OLD], new->result[i]);
        difference->same = shared && shared == new->count &&shared == sides[SIDE_OLD].count;
        if (!shared || difference->same)
                return 0;
        return error_set(err, -EINVAL, "compare",
                         "%zu of the runs %s on both sides: name each run on one side", shared,
                         shared == 1 ? "stands" : "stand");
}

static const struct cell *find_cell(const struct result *result, const struct cell *wanted)
{
        for (size_t i = 0; i < result->cell_count; i++)
                if (cell_same_choice(&result->cells[i], wanted))
                        return &result->cells[i];
        return NULL;
}

static int gather_cells(struct difference *difference, const struct runs sides[SIDE_COUNT],
                        struct mproc_err *err)
{
        struct result *all = &difference->all;
        const struct result *newest = sides[SIDE_NEW].result[sides[SIDE_NEW].count - 1];

        all->environment = newest->environment;
        all->plan = newest->plan;
        text_copy(all->tool_version, sizeof(all->tool_version), newest->tool_version);
        for (int side = 0; side < SIDE_COUNT; side++)
                for (size_t run = 0; run < sides[side].count; run++)
                        for (size_t i = 0; i < sides[side].result[run]->cell_count; i++) {
                                const struct cell *cell = &sides[side].result[run]->cells[i];
                                struct cell *added;

                                /* What --control adds says something of its own run alone. */
                                if (cell_role(cell) != CELL_OF_PLAN || find_cell(all, cell))
                                        continue;
                                added = result_add_cell(all);
                                if (!added)
                                        return error_set(err, -ENOMEM, "compare",
                                                         "no memory for the cells");
                                *added = *cell;
                                added->id = (uint32_t)all->cell_count - 1;
                        }
        difference->cells = calloc(all->cell_count + 1, sizeof(*difference->cells));
        return difference->cells ? 0
                                 : error_set(err, -ENOMEM, "compare", "no memory for the cells");
}

/* The run's median, made from its trials: the figure that its report shows. */
static struct interval figure_in(const struct result *result, const struct cell *cell,
                                 enum metric metric, double *values)
{
        size_t n = 0;

        if (cell->status != CELL_MEASURED)
                return (struct interval){.median = NAN, .low = NAN, .high = NAN};
        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial *trial = &result->trials[i];

                if (trial->cell != cell->id || !figure_counts(result, trial))
                        continue;
                values[n] = figure_of(cell, trial, metric);
                n += !isnan(values[n]);
        }
        return interval_median(values, n, 0.95);
}

/* What is to be known of a cell without a figure: the last run's word. */
static void note(struct difference_cell *ret, const struct cell *cell)
{
        bool told = *cell->note && cell->status != CELL_LOSSY;

        snprintf(ret->note, sizeof(ret->note), "%s%s%s", cell_status_name(cell->status),
                 told ? ": " : "", told ? cell->note : "");
}

/* One side's figures of a cell; `figures` has room for each run, `values` for each trial. */
static void gather_figures(const struct runs *runs, const struct cell *wanted, bool is_new,
                           struct difference_cell *ret, struct interval *figures, double *values)
{
        struct difference_figure *side = &ret->side[is_new ? SIDE_NEW : SIDE_OLD];

        side->median = NAN;
        for (size_t i = 0; i < runs->count; i++) {
                const struct cell *cell = find_cell(runs->result[i], wanted);
                struct interval figure;

                if (!cell)
                        continue;
                side->runs++;
                side->sound += cell->status <= CELL_LOSSY;
                side->failed += cell->status == CELL_FAILED;
                figure = figure_in(runs->result[i], cell, wanted->primary, values);
                if (!isnan(figure.median))
                        figures[side->measured++] = figure;
                else if (is_new || !*ret->note)
                        note(ret, cell);
        }
        for (uint32_t i = 0; i < side->measured; i++)
                side->median = (i ? side->median : 0) + log(figures[i].median) / side->measured;
        side->median = exp(side->median);
}

static enum difference_kind kind_of(const struct difference *difference, size_t index)
{
        const struct difference_cell *cell = &difference->cells[index];
        const struct difference_figure *old = &cell->side[SIDE_OLD], *new = &cell->side[SIDE_NEW];

        if (!old->runs || !new->runs)
                return DIFFERENCE_ONE_SIDED;
        if (!plan_asks_for(&difference->all.plan, difference->all.cells[index].workload))
                return DIFFERENCE_NOT_ASKED;
        if (new->failed && old->sound && !old->failed)
                return DIFFERENCE_FAILS;
        if (!old->measured)
                return DIFFERENCE_NO_FIGURE;
        if (!new->measured)
                return DIFFERENCE_LOST;
        if (difference->forbidden || difference->same || cell->effect.n < UNPAIRED_RUNS_MIN)
                return DIFFERENCE_DESCRIBED;
        return DIFFERENCE_JUDGED;
}

struct desk {
        struct difference *difference;
        struct runs sides[SIDE_COUNT];
        struct interval *figures[SIDE_COUNT];
        double *values, *p;
};

static void compare_cell(struct desk *desk, size_t index)
{
        struct difference *difference = desk->difference;
        struct difference_cell *cell = &difference->cells[index];

        for (int side = 0; side < SIDE_COUNT; side++)
                gather_figures(&desk->sides[side], &difference->all.cells[index], side == SIDE_NEW,
                               cell, desk->figures[side], desk->values);
        cell->effect =
                unpaired_compare(desk->figures[SIDE_OLD], cell->side[SIDE_OLD].measured,
                                 desk->figures[SIDE_NEW], cell->side[SIDE_NEW].measured, 1 - ALPHA);
        cell->kind = kind_of(difference, index);
        cell->p_holm = NAN;
        cell->verdict = VERDICT_NONE;
        if (cell->kind != DIFFERENCE_JUDGED)
                cell->effect.low = cell->effect.high = cell->effect.p = NAN;
        if (cell->kind == DIFFERENCE_FAILS)
                cell->regression = REGRESSION_YES;
        else if (cell->kind <= DIFFERENCE_LOST && !difference->same)
                cell->regression = REGRESSION_UNCLEAR; /* judging may make it clear */
        else
                cell->regression = REGRESSION_NO;
}

/* The family that Holm corrects for: what is judged of one workload. */
static bool is_of_family(const struct difference *difference, size_t index, const char *workload)
{
        return difference->cells[index].kind == DIFFERENCE_JUDGED &&
               !strcmp(difference->all.cells[index].workload, workload);
}

static void judge_family(struct desk *desk, const char *workload)
{
        struct difference *difference = desk->difference;
        size_t m = 0, at = 0;

        for (size_t i = 0; i < difference->all.cell_count; i++)
                if (is_of_family(difference, i, workload))
                        desk->p[m++] = difference->cells[i].effect.p;
        compare_holm(desk->p, m, desk->p);
        for (size_t i = 0; i < difference->all.cell_count; i++) {
                struct difference_cell *cell = &difference->cells[i];
                bool higher = metric_higher_is_better(difference->all.cells[i].primary);

                if (!is_of_family(difference, i, workload))
                        continue;
                cell->p_holm = desk->p[at++];
                cell->verdict = compare_call(&cell->effect, cell->p_holm, higher,
                                             difference->threshold, ALPHA);
                cell->regression = compare_regression(&cell->effect, cell->verdict, higher,
                                                      difference->threshold);
                if (cell->regression == REGRESSION_UNCLEAR)
                        cell->runs_wanted = (uint32_t)unpaired_runs_for_regression(
                                &cell->effect, higher, difference->threshold, ALPHA, m);
        }
}

static int desk_init(struct desk *desk, struct mproc_err *err)
{
        size_t trials = 0;

        for (int side = 0; side < SIDE_COUNT; side++)
                for (size_t i = 0; i < desk->sides[side].count; i++)
                        if (desk->sides[side].result[i]->trial_count > trials)
                                trials = desk->sides[side].result[i]->trial_count;
        desk->values = calloc(trials + 1, sizeof(*desk->values));
        desk->p = calloc(desk->difference->all.cell_count + 1, sizeof(*desk->p));
        for (int side = 0; side < SIDE_COUNT; side++)
                desk->figures[side] =
                        calloc(desk->sides[side].count + 1, sizeof(*desk->figures[side]));
        if (desk->values && desk->p && desk->figures[SIDE_OLD] && desk->figures[SIDE_NEW])
                return 0;
        return error_set(err, -ENOMEM, "compare", "no memory for the comparison");
}

static void desk_done(struct desk *desk)
{
        for (int side = 0; side < SIDE_COUNT; side++) {
                free(desk->sides[side].result);
                free(desk->figures[side]);
        }
        free(desk->values);
        free(desk->p);
}

int difference_init(struct difference *difference, const struct difference_run *old,
                    size_t old_count, const struct difference_run *new, size_t new_count,
                    double threshold, struct mproc_err *err)
{
        struct desk desk = {.difference = difference};
        int r;

        *difference = (struct difference){
                .runs = {old, new}, .run_count = {old_count, new_count}, .threshold = threshold};
        result_init(&difference->all);
        r = gather_runs(difference, SIDE_OLD, &desk.sides[SIDE_OLD], err);
        if (!r)
                r = gather_runs(difference, SIDE_NEW, &desk.sides[SIDE_NEW], err);
        if (!r)
                r = check_sides(difference, desk.sides, err);
        if (!r)
                r = gather_cells(difference, desk.sides, err);
        if (!r)
                r = desk_init(&desk, err);
        if (r)
                goto out;
        difference_find_changes(difference);
        for (size_t i = 0; i < difference->all.cell_count; i++)
                compare_cell(&desk, i);
        for (size_t i = 0; i < difference->all.cell_count; i++)
                if (difference->cells[i].kind == DIFFERENCE_JUDGED &&
                    isnan(difference->cells[i].p_holm))
                        judge_family(&desk, difference->all.cells[i].workload);
        difference_conclude(difference);
out:
        desk_done(&desk);
        if (r)
                difference_done(difference);
        return r;
}

void difference_done(struct difference *difference)
{
        if (!difference)
                return;
        free(difference->cells);
        difference->cells = NULL;
        result_done(&difference->all);
}
