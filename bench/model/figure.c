#include "model/figure.h"

#include <math.h>

double figure_share_needed(const struct cell *cell)
{
        return cell->ops_auto ? 0.5 : 1;
}

/* Who began early worked alone, and faster than in company: within the overlap of such a trial its
 * rate would be too high. */
static bool began_together(const struct cell *cell, const struct trial_outcome *out)
{
        return (double)out->overlap_ns >=
               figure_share_needed(cell) * FIGURE_SKEWS * (double)out->skew_ns;
}

/* A whole trial's time is comparable among trials of one length: those before calibration made them
 * longer are not. Lives are medians of single starts. */
static bool is_of_full_length(const struct cell *cell, const struct trial *trial)
{
        return cell->kind == MPB_LIFE_CYCLE || trial->asked_ops == cell->ops;
}

double figure_of(const struct cell *cell, const struct trial *trial, enum metric metric)
{
        const struct trial_outcome *out = &trial->outcome;
        double value = NAN;

        if (out->status != TRIAL_OK)
                return NAN;
        switch (metric) {
        case METRIC_THROUGHPUT:
                if (cell->kind == MPB_SHARED && out->overlap_ns && began_together(cell, out))
                        value = (double)out->overlap_ops / (double)out->overlap_ns * NS_PER_S;
                else if (cell->kind == MPB_TASKS && out->run_ns)
                        value = (double)out->ops / (double)out->run_ns * NS_PER_S;
                break;
        case METRIC_MAKESPAN:
                if (cell->kind != MPB_LIFE_CYCLE && is_of_full_length(cell, trial))
                        value = (double)out->run_ns;
                break;
        case METRIC_WALL:
                if (is_of_full_length(cell, trial))
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

void figure_by_round(const struct result *result, const struct cell *cell, enum metric metric,
                     bool all_rounds, double *values, size_t rounds)
{
        for (size_t i = 0; i < rounds; i++)
                values[i] = NAN;
        for (size_t i = 0; i < result->trial_count; i++) {
                const struct trial *trial = &result->trials[i];

                if (trial->cell == cell->id && trial->round < rounds &&
                    (all_rounds || figure_counts(result, trial)))
                        values[trial->round] = figure_of(cell, trial, metric);
        }
}
