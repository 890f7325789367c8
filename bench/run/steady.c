#include "run/steady.h"

#include "base/error.h"
#include "model/figure.h"
#include "stats/compare.h"
#include "stats/describe.h"
#include "stats/modes.h"
#include "stats/trend.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* How often is something seen that is not there? A drift in 5 % of runs at the most, however many
 * cells: Holm's correction covers all of them and their speed in common. A warm-up as often as
 * stats/trend.c says of one series, since reports look for it once, in the speed in common. Two
 * modes have no p-value to correct: of each cell they are seen as often as stats/modes.c says, so
 * more often in a run the more cells it has, and in fewer where modes closer than the threshold are
 * left out. */

/* Values of every cell that was measured, by round, and what is made of them. */
struct chart {
        struct result *result;
        size_t rounds, count; /* count: cells */
        struct cell **cells;
        double *speeds; /* count × rounds: of each cell's own median, higher is better; NaN: none */
        double *row;    /* room for max(count, rounds) */
        double *common; /* by round: the median over the cells */
};

static struct cell_trend trend_in(const double *values, size_t rounds)
{
        struct cell_trend ret = {.p_holm = NAN};
        struct trend trend;

        while (rounds && isnan(values[rounds - 1]))
                rounds--; /* a change is one over the rounds that there were */
        trend = trend_of(values, rounds);
        ret.change = trend.change;
        ret.p = trend.p;
        for (size_t i = 0; i < rounds; i++)
                ret.n += !isnan(values[i]);
        ret.warmup = (uint32_t)trend.warmup;
        return ret;
}

static void chart_cell(struct chart *chart, struct cell *cell)
{
        double *speeds = chart->speeds + chart->count * chart->rounds;
        double median = cell->summary[cell->primary].median;
        double threshold = (double)chart->result->plan.threshold_ppm / 1e6;
        struct modes modes;

        figure_by_round(chart->result, cell, cell->primary, false, speeds, chart->rounds);
        cell->trend = trend_in(speeds, chart->rounds);
        modes = modes_of(speeds, chart->rounds);
        if (modes.two && modes.high >= modes.low * (1 + threshold))
                cell->modes = (struct cell_modes){.low = modes.low,
                                                  .high = modes.high,
                                                  .low_n = (uint32_t)modes.low_n,
                                                  .high_n = (uint32_t)modes.high_n};
        for (size_t i = 0; i < chart->rounds; i++)
                speeds[i] = metric_higher_is_better(cell->primary) ? speeds[i] / median
                                                                   : median / speeds[i];
        chart->cells[chart->count++] = cell;
}

/* What all cells do is what the machine does: they share nothing else. */
static void chart_machine(struct chart *chart)
{
        for (size_t round = 0; round < chart->rounds; round++) {
                size_t n = 0;

                for (size_t i = 0; i < chart->count; i++) {
                        double speed = chart->speeds[i * chart->rounds + round];

                        if (!isnan(speed))
                                chart->row[n++] = speed;
                }
                chart->common[round] = describe_median(chart->row, n);
        }
        chart->result->trend = trend_in(chart->common, chart->rounds);
}

static void correct(struct chart *chart)
{
        size_t m = chart->count;

        for (size_t i = 0; i < m; i++)
                chart->row[i] = chart->cells[i]->trend.p;
        if (m > 1)
                chart->row[m++] = chart->result->trend.p;
        compare_holm(chart->row, m, chart->row);
        for (size_t i = 0; i < chart->count; i++)
                chart->cells[i]->trend.p_holm = chart->row[i];
        if (m > chart->count)
                chart->result->trend.p_holm = chart->row[chart->count];
}

int steady_cells(struct result *result, struct mproc_err *err)
{
        size_t rounds = result->rounds + 1, cells = result->cell_count; /* the last not whole */
        struct chart chart = {.result = result, .rounds = rounds};
        int r = 0;

        chart.cells = calloc(cells + 1, sizeof(*chart.cells));
        chart.speeds = calloc(cells * rounds + 1, sizeof(double));
        chart.row = calloc(cells + rounds + 1, sizeof(double));
        chart.common = calloc(rounds, sizeof(double));
        if (!chart.cells || !chart.speeds || !chart.row || !chart.common) {
                r = error_set(err, -ENOMEM, "steady", "no memory for %zu rounds", rounds);
                goto out;
        }
        result->trend = (struct cell_trend){0};
        for (size_t i = 0; i < cells; i++) {
                struct cell *cell = &result->cells[i];

                cell->trend = (struct cell_trend){0};
                cell->modes = (struct cell_modes){0};
                if (cell->status == CELL_MEASURED && cell->summary[cell->primary].n)
                        chart_cell(&chart, cell);
        }
        if (chart.count > 1)
                chart_machine(&chart);
        correct(&chart);
out:
        free(chart.cells);
        free(chart.speeds);
        free(chart.row);
        free(chart.common);
        return r;
}
