#include "run/measure.h"

#include "stats/compare.h"
#include "workloads/workload_table.h"
#include <stdio.h>
#include <string.h>

static const struct comparison *best_of(const struct result *result, const char *workload,
                                        const struct comparison *besides)
{
        const struct comparison *best = NULL;

        for (size_t i = 0; i < result->comparison_count; i++) {
                const struct comparison *c = &result->comparisons[i];
                const struct cell *cell = &result->cells[c->cell];

                if (strcmp(cell->workload, workload) || c->verdict != VERDICT_FASTER ||
                    !*cell->advice || cell->reference || !cell->verified || c == besides ||
                    !judge_differs_only_in(cell, &result->cells[c->baseline], FACTOR_SHARE))
                        continue;
                if (besides && (c->ratio >= besides->ratio ||
                                !strcmp(cell->advice, result->cells[besides->cell].advice)))
                        continue;
                if (!best || c->ratio > best->ratio)
                        best = c;
        }
        return best;
}

/* Only where the strategy is all that differs from the baseline is it the reason. The fastest that
 * is right and was found faster than the baseline leads; the next one is for those
 * whom the first does not fit. Where nothing was found faster, the baseline stands. */
void advise_result(struct result *result)
{
        size_t line = 0;

        memset(result->advice, 0, sizeof(result->advice));
        for (uint32_t w = 0; w < result->plan.workload_count && line < 4; w++) {
                const char *workload = result->plan.workloads[w];
                const struct comparison *first = best_of(result, workload, NULL), *second;
                const struct cell *cell;

                if (!first || workload_find(workload)->kind != MPB_SHARED)
                        continue;
                second = best_of(result, workload, first);
                cell = &result->cells[first->cell];
                snprintf(result->advice[line++], sizeof(result->advice[0]), "%s%s%s", cell->advice,
                         second ? " " : "", second ? result->cells[second->cell].advice : "");
        }
}
