/* The part of wording.h that says whether the machine held still. */
#include "reports/wording.h"

#include <math.h>

#define ALPHA 0.05
#define SHOWN_MAX 4

/* "6 % slower": a change of the primary metric, or with METRIC_THROUGHPUT of speed. */
static void append_change(enum metric metric, double change, char *buf, size_t size)
{
        bool better = (change > 0) == metric_higher_is_better(metric);

        page_append(buf, size, "%.2g %% %s", fabs(change) * 100, better ? "faster" : "slower");
}

/* Below the threshold a difference does not matter, however sure it is. */
static bool has_drifted(const struct result *result, const struct cell_trend *trend)
{
        return trend->n && trend->p_holm < ALPHA &&
               fabs(trend->change) >= (double)result->plan.threshold_ppm / 1e6;
}

static void append_sustain(const struct result *result, char *buf, size_t size)
{
        if (!result->plan.sustain_ns)
                page_append(buf, size, ": --sustain=30s measures a machine that has been at work");
        page_append(buf, size, ".");
}

/* A warm-up is looked for once a run: in what the cells have in common, or in the only one. */
static bool say_warmup(const struct result *result, char *buf, size_t size)
{
        uint32_t warmup = result->trend.warmup;

        for (size_t i = 0; i < result->cell_count && !result->trend.n; i++)
                if (result->cells[i].trend.n)
                        warmup = result->cells[i].trend.warmup;
        if (!warmup)
                return false;
        if (warmup == 1)
                page_append(buf, size, "The first round differs");
        else
                page_append(buf, size, "The first %u rounds differ", warmup);
        page_append(buf, size, " from the rest, as in a warm-up");
        append_sustain(result, buf, size);
        return true;
}

static void say_machine(const struct result *result, char *buf, size_t size)
{
        page_append(buf, size, "The machine got ");
        append_change(METRIC_THROUGHPUT, result->trend.change, buf, size);
        page_append(buf, size,
                    " over the %u rounds. Comparisons stand, since cells are compared within "
                    "rounds, but the figures are not those of a steady machine",
                    result->trend.n);
        append_sustain(result, buf, size);
}

static void say_cells(const struct result *result, char *buf, size_t size)
{
        char label[VIEW_LABEL_BYTES];
        size_t count = 0;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (cell->status != CELL_MEASURED || !has_drifted(result, &cell->trend))
                        continue;
                if (count++ >= SHOWN_MAX)
                        continue;
                cell_label(result, cell, label, sizeof(label));
                page_append(buf, size, "%s%s%s%s got ", count > 1 ? ", " : "",
                            result->plan.workload_count > 1 ? cell->workload : "",
                            result->plan.workload_count > 1 ? ": " : "", label);
                append_change(cell->primary, cell->trend.change, buf, size);
        }
        if (count > SHOWN_MAX)
                page_append(buf, size, ", and %zu more cells changed,", count - SHOWN_MAX);
        if (count)
                page_append(buf, size, " over the rounds: %s no steady figure.",
                            count > 1 ? "they have" : "it has");
}

char *wording_steady(const struct result *result, char *buf, size_t size)
{
        *buf = '\0';
        if (say_warmup(result, buf, size))
                return buf;
        if (has_drifted(result, &result->trend))
                say_machine(result, buf, size);
        else
                say_cells(result, buf, size);
        return buf;
}
