#include "run/judge.h"

#include "base/error.h"
#include "base/text.h"
#include "model/figure.h"
#include "run/levels.h"
#include "stats/compare.h"
#include "workloads/workload_table.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.05
#define LOOKS 3 /* with a wanted precision: at n, 2n and 4n rounds */

uint32_t judge_looks(const struct plan *plan)
{
        return plan->precision_ppm ? LOOKS : 1;
}

/* Peeking inflates error: each look has its share. */
double judge_alpha(const struct result *result)
{
        return ALPHA / judge_looks(&result->plan);
}

struct cell *judge_twin(const struct result *result, const struct cell *cell)
{
        for (size_t i = 0; i < result->cell_count && plan_is_ab(&result->plan); i++)
                if (!strcmp(result->cells[i].workload, cell->workload) &&
                    judge_differs_only_in(&result->cells[i], cell, FACTOR_VARIANT))
                        return &result->cells[i];
        return NULL;
}

/* Of a cell of B's, the A that it is compared with; NULL: it is none, or one of them has no
 * figures. */
static const struct cell *first_of_pair(const struct result *result, const struct cell *cell)
{
        const struct cell *twin =
                strcmp(cell->level[FACTOR_VARIANT], "B") ? NULL : judge_twin(result, cell);

        return twin && judge_is_compared(twin) && judge_is_compared(cell) ? twin : NULL;
}

/* Comparisons in the largest family: the primary metric of one workload, or all pairs of `ab`. */
static size_t family_size(const struct result *result)
{
        size_t most = 0;

        for (size_t i = 0; i < result->cell_count; i++)
                most += first_of_pair(result, &result->cells[i]) != NULL;
        if (plan_is_ab(&result->plan))
                return most;

        for (size_t i = 0; i < result->cell_count; i++) {
                size_t n = 0;

                for (size_t k = 0; k < result->cell_count; k++)
                        n += judge_is_compared(&result->cells[k]) &&
                             !strcmp(result->cells[k].workload, result->cells[i].workload);
                most = n > most ? n : most;
        }
        return most ? most - 1 : 0;
}

size_t judge_rounds_needed(const struct result *result)
{
        return compare_rounds_needed(family_size(result), judge_alpha(result));
}

struct desk {
        struct result *result;
        size_t rounds; /* begun, the last one perhaps not whole */
        double *mine, *theirs;
        double confidence;
};

static int compare_cells(struct desk *desk, const struct cell *baseline, const struct cell *cell,
                         enum metric metric, struct mproc_err *err)
{
        struct comparison *c = result_add_comparison(desk->result);
        struct effect effect;

        if (!c)
                return error_set(err, -ENOMEM, "judge", "no memory for the comparisons");
        figure_by_round(desk->result, cell, metric, false, desk->mine, desk->rounds);
        figure_by_round(desk->result, baseline, metric, false, desk->theirs, desk->rounds);
        effect = compare_paired(desk->mine, desk->theirs, desk->rounds, desk->confidence);
        *c = (struct comparison){
                .metric = metric,
                .baseline = baseline->id,
                .cell = cell->id,
                .n = (uint32_t)effect.n,
                .ratio = effect.ratio,
                .ci_low = effect.low,
                .ci_high = effect.high,
                .p = effect.p,
                .p_holm = NAN,
                .verdict = VERDICT_NONE,
                .all_rounds_ratio = NAN,
        };
        if (desk->result->disturbed_rounds && !desk->result->disturbed_kept) {
                figure_by_round(desk->result, cell, metric, true, desk->mine, desk->rounds);
                figure_by_round(desk->result, baseline, metric, true, desk->theirs, desk->rounds);
                c->all_rounds_ratio =
                        compare_paired(desk->mine, desk->theirs, desk->rounds, desk->confidence)
                                .ratio;
        }
        return 0;
}

/* Holm over one family, and its verdicts. */
static int give_verdicts(struct result *result, size_t begin, struct mproc_err *err)
{
        size_t m = result->comparison_count - begin;
        double threshold = (double)result->plan.threshold_ppm / 1e6, alpha = judge_alpha(result);
        double *p = calloc(m ? m : 1, sizeof(*p));

        if (!p)
                return error_set(err, -ENOMEM, "judge", "no memory for the comparisons");
        for (size_t i = 0; i < m; i++)
                p[i] = result->comparisons[begin + i].p;
        compare_holm(p, m, p);
        for (size_t i = 0; i < m; i++) {
                struct comparison *c = &result->comparisons[begin + i];
                struct effect effect = {.ratio = c->ratio,
                                        .low = c->ci_low,
                                        .high = c->ci_high,
                                        .n = c->n,
                                        .p = c->p};
                bool higher;

                c->p_holm = p[i];
                higher = metric_higher_is_better(c->metric);
                c->verdict = compare_verdict(&effect, c->p_holm, higher, threshold, alpha);
                if (plan_is_ab(&result->plan)) {
                        if (result_regression(result, c) == REGRESSION_UNCLEAR)
                                c->rounds_wanted = (uint32_t)compare_rounds_for_regression(
                                        &effect, higher, threshold, alpha, m);
                } else if (c->verdict == VERDICT_INCONCLUSIVE) {
                        c->rounds_wanted =
                                (uint32_t)compare_rounds_for_verdict(&effect, threshold, alpha, m);
                }
        }
        free(p);
        return 0;
}

static bool first_of_its_workload(const struct result *result, size_t index)
{
        for (size_t i = 0; i < index; i++)
                if (!strcmp(result->cells[i].workload, result->cells[index].workload))
                        return false;
        return true;
}

bool judge_differs_only_in(const struct cell *a, const struct cell *b, enum factor factor)
{
        for (int f = 0; f < FACTOR_COUNT; f++)
                if ((f == (int)factor) == !strcmp(a->level[f], b->level[f]))
                        return false;
        return cell_same_parameters(a, b);
}

static int judge_workload(struct desk *desk, const char *workload, struct mproc_err *err)
{
        struct result *result = desk->result;
        const struct cell *baseline = judge_baseline(result, workload);
        size_t begin = result->comparison_count;
        int r = 0;

        if (!baseline)
                return 0;
        for (size_t i = 0; i < result->cell_count && !r; i++) {
                const struct cell *cell = &result->cells[i];

                if (cell != baseline && judge_is_compared(cell) &&
                    !strcmp(cell->workload, workload))
                        r = compare_cells(desk, baseline, cell, cell->primary, err);
        }
        if (!r)
                r = give_verdicts(result, begin, err);
        /* Start methods are compared by what starting costs, too: described, without a verdict. */
        for (size_t i = 0; i < result->cell_count && !r; i++) {
                const struct cell *cell = &result->cells[i];

                if (cell->primary != METRIC_WALL && judge_is_compared(cell) &&
                    !strcmp(cell->workload, workload) &&
                    judge_differs_only_in(cell, baseline, FACTOR_START))
                        r = compare_cells(desk, baseline, cell, METRIC_START, err);
        }
        return r;
}

static int judge_pairs(struct desk *desk, struct mproc_err *err)
{
        struct result *result = desk->result;
        int r = 0;

        for (size_t i = 0; i < result->cell_count && !r; i++) {
                const struct cell *cell = &result->cells[i], *twin = first_of_pair(result, cell);

                if (twin)
                        r = compare_cells(desk, twin, cell, cell->primary, err);
        }
        return r ? r : give_verdicts(result, 0, err);
}

/* Of what was asked for: verdicts of the strip are none on the user's question. */
static void say_why_no_verdict(struct result *result)
{
        size_t measured = 0, lossy = 0, too_short = 0, compared = 0;
        size_t needed = judge_rounds_needed(result), size = sizeof(result->no_verdict);
        uint32_t used = result->rounds;
        char *text = result->no_verdict, time[32] = "";

        *text = '\0';
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (!plan_asks_for(&result->plan, cell->workload))
                        continue;
                measured += judge_is_compared(cell);
                lossy += cell->status == CELL_LOSSY;
                too_short += cell->status == CELL_VERIFIED_ONLY;
        }
        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];

                if (!plan_asks_for(&result->plan, result->cells[c->cell].workload))
                        continue;
                if (c->verdict != VERDICT_NONE)
                        return;
                compared++;
        }
        if (!result->disturbed_kept)
                used -= result->disturbed_rounds;
        if (result->rounds)
                snprintf(time, sizeof(time), ", about %.0f s",
                         ceil((double)result_round_ns(result) / 1e9 * (double)needed));
        if (compared && used < needed)
                snprintf(text, size,
                         "no verdicts: they need %zu rounds, and %u %s done (--rounds=%zu%s)",
                         needed, used, used == 1 ? "was" : "were", needed, time);
        else if (compared)
                text_copy(
                        text, size,
                        "no verdicts: trials that failed, or whose workers did not begin together, "
                        "left too few rounds to compare");
        else if (too_short && !measured)
                text_copy(text, size, "no verdicts: no cell ran long enough for a rate");
        else if (measured && *result->plan.baseline)
                snprintf(text, size, "no verdicts: the baseline %s could not be measured",
                         result->plan.baseline);
        else if (measured || lossy)
                text_copy(text, size, "no verdicts: there is nothing to compare with");
        else
                text_copy(text, size, "no verdicts: no cell could be measured");
}

int judge_cells(struct result *result, struct mproc_err *err)
{
        struct desk desk = {.result = result,
                            .rounds = result->rounds + 1,
                            .confidence = 1 - judge_alpha(result)};
        int r = 0;

        result->comparison_count = 0;

        desk.mine = calloc(desk.rounds, sizeof(double));
        desk.theirs = calloc(desk.rounds, sizeof(double));
        if (!desk.mine || !desk.theirs)
                r = error_set(err, -ENOMEM, "judge", "no memory for %zu rounds", desk.rounds);
        if (!r && plan_is_ab(&result->plan))
                r = judge_pairs(&desk, err);
        for (size_t i = 0; i < result->cell_count && !r && !plan_is_ab(&result->plan); i++)
                if (first_of_its_workload(result, i))
                        r = judge_workload(&desk, result->cells[i].workload, err);
        if (!r)
                say_why_no_verdict(result);
        free(desk.mine);
        free(desk.theirs);
        return r;
}
