#include "run/advise.h"

#include "run/judge.h"
#include "stats/compare.h"
#include "workloads/workload_table.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Is the total right only once all workers have finished? */
static bool is_late(const struct cell *cell)
{
        const struct mpb_strategy *strategy = workload_strategy(
                workload_find(cell->workload), cell->level[FACTOR_SHARE], &(uint32_t){0});

        return strategy && strategy->flags & MPB_LATE;
}

/* The largest ratio among the cells that were found faster than the baseline and may be
 * recommended. */
static const struct cell *best_of(const struct result *result, const char *workload, bool at_once)
{
        const struct comparison *best = NULL;

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];
                const struct cell *cell = &result->cells[c->cell];

                if (!strcmp(cell->workload, workload) && c->verdict == VERDICT_FASTER &&
                    *cell->advice && !cell->reference && cell->verified &&
                    judge_differs_only_in(cell, &result->cells[c->baseline], FACTOR_SHARE) &&
                    !(at_once && is_late(cell)) && (!best || c->ratio > best->ratio))
                        best = c;
        }
        return best ? &result->cells[best->cell] : NULL;
}

/* Was something held against the baseline to the end, and nothing found faster, for whatever
 * reason? */
static bool nothing_is_faster(const struct result *result, const char *workload)
{
        bool compared = false;

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];

                if (strcmp(result->cells[c->cell].workload, workload))
                        continue;
                if (c->verdict == VERDICT_FASTER)
                        return false;
                compared |= c->verdict != VERDICT_NONE;
        }
        return compared;
}

/* Only where the strategy is all that differs from the baseline is it the reason. The fastest that
 * is right leads. Where its result is whole only at the end, the fastest whose result can be read
 * at any time stands beside it. Where nothing was found faster, the baseline stands. */
static void advise_workload(const struct result *result, const char *workload, char *text,
                            size_t size)
{
        const struct cell *first = best_of(result, workload, false), *second;
        const struct cell *baseline = judge_baseline(result, workload);

        if (!first) {
                if (baseline && *baseline->advice && nothing_is_faster(result, workload))
                        snprintf(text, size, "Nothing was found faster than %s. %s",
                                 baseline->level[FACTOR_SHARE], baseline->advice);
                return;
        }
        second = is_late(first) ? best_of(result, workload, true) : NULL;
        if (!second)
                snprintf(text, size, "%s", first->advice);
        else
                snprintf(text, size, "%s Where the total must be readable at any time: %c%s",
                         first->advice, tolower((unsigned char)*second->advice),
                         second->advice + 1);
}

/* Tasks: the fastest way to run the same work. */
static void advise_tasks(const struct result *result, const char *workload, char *text, size_t size)
{
        const struct comparison *best = NULL;
        char label[160], than[160];

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];
                const struct cell *cell = &result->cells[c->cell];

                if (!strcmp(cell->workload, workload) && c->verdict == VERDICT_FASTER &&
                    cell->verified && cell_same_parameters(cell, &result->cells[c->baseline]) &&
                    (!best || c->ratio > best->ratio))
                        best = c;
        }
        if (!best)
                return;
        cell_label(result, &result->cells[best->cell], label, sizeof(label));
        cell_label(result, &result->cells[best->baseline], than, sizeof(than));
        snprintf(text, size, "Fastest way to run %s: %s (%.3g× %s).",
                 result->plan.workload_count > 1 ? workload : "it", label, best->ratio, than);
}

/* What differs, if anything, is how tasks are submitted. */
static bool differ_in_submission(const struct cell *a, const struct cell *b)
{
        for (int f = 0; f < FACTOR_COUNT; f++)
                if (f != FACTOR_SUBMIT && f != FACTOR_CHUNK && f != FACTOR_TRANSPORT &&
                    strcmp(a->level[f], b->level[f]))
                        return false;
        return cell_same_parameters(a, b);
}

/* The way to submit that was found to cost most, and where the time went. */
static void advise_submission(const struct result *result, const char *workload, char *text,
                              size_t size)
{
        const struct comparison *worst = NULL;
        struct phase_shares shares;
        char label[160], than[160];
        size_t used = strlen(text);

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];
                const struct cell *cell = &result->cells[c->cell];

                if (!strcmp(cell->workload, workload) && c->verdict == VERDICT_SLOWER &&
                    cell->verified && cell->phases.dispatch.n &&
                    differ_in_submission(cell, &result->cells[c->baseline]) &&
                    (!worst || c->ratio < worst->ratio))
                        worst = c;
        }
        if (!worst)
                return;
        shares = cell_phase_shares(&result->cells[worst->cell]);
        cell_label(result, &result->cells[worst->cell], label, sizeof(label));
        cell_label(result, &result->cells[worst->baseline], than, sizeof(than));
        snprintf(text + used, size - used,
                 "%sSubmission%s%s costs most with %s (%.3g× %s): its workers were between tasks "
                 "for %.0f %% of their time, and done before the others for %.0f %%.",
                 used ? " " : "", result->plan.workload_count > 1 ? " of " : "",
                 result->plan.workload_count > 1 ? workload : "", label, worst->ratio, than,
                 100 * shares.dispatch, 100 * shares.tail);
}

static bool has_figures(const struct result *result)
{
        for (size_t i = 0; i < result->cell_count; i++)
                if (plan_asks_for(&result->plan, result->cells[i].workload) &&
                    result->cells[i].status == CELL_MEASURED)
                        return true;
        return false;
}

void advise_result(struct result *result)
{
        const size_t lines = sizeof(result->advice) / sizeof(result->advice[0]);
        const size_t size = sizeof(result->advice[0]);
        size_t line = 0;

        memset(result->advice, 0, sizeof(result->advice));
        if (plan_is_ab(&result->plan) || !has_figures(result))
                return; /* how to run it was not the question, or has no answer */
        for (uint32_t w = 0; w < result->plan.workload_count && line + 1 < lines; w++) {
                const char *workload = result->plan.workloads[w];
                enum mpb_kind kind = workload_find(workload)->kind;

                if (kind == MPB_SHARED)
                        advise_workload(result, workload, result->advice[line], size);
                else if (kind == MPB_TASKS)
                        advise_tasks(result, workload, result->advice[line], size);
                if (kind == MPB_TASKS)
                        advise_submission(result, workload, result->advice[line], size);
                line += *result->advice[line] != '\0';
        }
        advise_starts(result, result->advice[line], size);
}
