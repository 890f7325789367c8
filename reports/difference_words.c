/* What a comparison says, in words: the same in every format. */
#include "reports/difference_formats.h"

#include "base/units.h"
#include "reports/wording.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_BYTES 192
#define INTERVAL 4 /* its column */

static bool has_row(const struct difference_cell *cell)
{
        return cell->kind <= DIFFERENCE_LOST ||
               (cell->kind == DIFFERENCE_NOT_ASKED && !isnan(cell->effect.ratio));
}

/* "17.5 M", "0.182 ms": what it is of stands above the table. */
static void put_value(const struct cell *cell, double value, char *buf, size_t size)
{
        if (isnan(value))
                snprintf(buf, size, "-");
        else if (cell->primary == METRIC_THROUGHPUT)
                units_format_count(value, buf, size);
        else
                units_format_duration(value, buf, size);
}

static void put_verdict(const struct difference_cell *cell, char *buf, size_t size)
{
        if (cell->kind == DIFFERENCE_FAILS)
                snprintf(buf, size, "FAILS");
        else if (cell->kind == DIFFERENCE_LOST)
                snprintf(buf, size, "no figure");
        else if (cell->kind == DIFFERENCE_NOT_ASKED)
                snprintf(buf, size, "not judged");
        else if (cell->regression == REGRESSION_YES)
                snprintf(buf, size, "SLOWER");
        else
                snprintf(buf, size, "%s",
                         cell->verdict == VERDICT_NONE ? "" : verdict_name(cell->verdict));
}

static void put_row(const struct difference *difference, size_t index, const struct grid *grid,
                    size_t row)
{
        const struct difference_cell *cell = &difference->cells[index];
        const struct cell *choice = &difference->all.cells[index];
        const struct effect *effect = &cell->effect;
        /* One per cent has to show on either side of 1. */
        int places = effect->ratio > 0.5 && effect->ratio < 2
                             ? 3
                             : wording_ratio_decimals(effect->ratio);

        difference_label(difference, index, grid_at(grid, row, 0), GRID_TEXT_BYTES);
        for (int side = 0; side < SIDE_COUNT; side++)
                put_value(choice, cell->side[side].median, grid_at(grid, row, 1 + (size_t)side),
                          GRID_TEXT_BYTES);
        if (!isnan(effect->ratio))
                snprintf(grid_at(grid, row, 3), GRID_TEXT_BYTES, "%.*f×", places, effect->ratio);
        if (!isnan(effect->low))
                snprintf(grid_at(grid, row, INTERVAL), GRID_TEXT_BYTES, "[%.*f, %.*f]", places,
                         effect->low, places, effect->high);
        put_verdict(cell, grid_at(grid, row, 5), GRID_TEXT_BYTES);
}

int difference_grid(const struct difference *difference, struct grid *grid)
{
        static const char *const heads[DIFFERENCE_COLUMNS] = {"",      "old",           "new",
                                                              "ratio", "99 % interval", ""};
        size_t rows = 0, row = 0;
        bool judged = false;

        for (size_t i = 0; i < difference->all.cell_count; i++) {
                rows += has_row(&difference->cells[i]);
                judged |= difference->cells[i].kind == DIFFERENCE_JUDGED;
        }
        if (grid_init(grid, rows ? rows + 1 : 0, DIFFERENCE_COLUMNS))
                return -ENOMEM;
        for (size_t i = 0; i < DIFFERENCE_COLUMNS && rows; i++)
                snprintf(grid_at(grid, 0, i), GRID_TEXT_BYTES, "%s",
                         i == INTERVAL && !judged ? "" : heads[i]);
        for (size_t i = 0; i < difference->all.cell_count; i++)
                if (has_row(&difference->cells[i]))
                        put_row(difference, i, grid, ++row);
        return 0;
}

char *difference_metric(const struct difference *difference, size_t line, char *buf, size_t size)
{
        const struct result *all = &difference->all;

        *buf = '\0';
        for (size_t i = 0; i < all->cell_count; i++) {
                const struct cell *cell = &all->cells[i];
                bool first = true;

                for (size_t k = 0; k < i && first; k++)
                        first = strcmp(all->cells[k].workload, cell->workload) != 0;
                if (!first || line--)
                        continue;
                snprintf(buf, size, "%s: ratio = new ÷ old of ", cell->workload);
                if (cell->primary == METRIC_THROUGHPUT)
                        page_append(buf, size, "%s per second", cell->operation);
                else
                        page_append(buf, size, "%s time", metric_name(cell->primary));
                page_append(buf, size, ", %s is better",
                            metric_higher_is_better(cell->primary) ? "higher" : "lower");
                return buf;
        }
        return buf;
}

/* "3 runs (2026-11-20T10:00:00 to 2026-11-22T11:00:00)" */
static void put_side(const struct difference *difference, enum side side, char *buf, size_t size)
{
        const char *first = "", *last = "";
        size_t used = difference->run_used[side];

        for (size_t i = 0; i < difference->run_count[side]; i++) {
                const char *time = difference->runs[side][i].result->environment.time;

                if (!*first || strcmp(time, first) < 0)
                        first = time;
                if (strcmp(time, last) > 0)
                        last = time;
        }
        page_append(buf, size, "%zu run%s (%s%s%s)", used, used == 1 ? "" : "s", first,
                    strcmp(first, last) ? " to " : "", strcmp(first, last) ? last : "");
        if (used < difference->run_count[side])
                page_append(buf, size, ", named more than once");
}

char *difference_sides(const struct difference *difference, char *buf, size_t size)
{
        *buf = '\0';
        page_append(buf, size, "old: ");
        put_side(difference, SIDE_OLD, buf, size);
        page_append(buf, size, " · new: ");
        put_side(difference, SIDE_NEW, buf, size);
        return buf;
}

/* What a cell has to tell besides its row. */
static bool put_remark(const struct difference *difference, size_t index, char *buf, size_t size)
{
        const struct difference_cell *cell = &difference->cells[index];
        char label[LABEL_BYTES];

        difference_label(difference, index, label, sizeof(label));
        if (cell->kind == DIFFERENCE_ONE_SIDED)
                snprintf(buf, size, "%s: only %s has it", label,
                         cell->side[SIDE_OLD].runs ? "the old side" : "the new side");
        else if (*cell->note)
                snprintf(buf, size, "%s: %s", label, cell->note);
        else
                return false;
        return true;
}

char *difference_remark(const struct difference *difference, size_t line, char *buf, size_t size)
{
        for (size_t i = 0; i < difference->all.cell_count; i++)
                if (put_remark(difference, i, buf, size) && !line--)
                        return buf;
        *buf = '\0';
        return buf;
}

char *difference_change(const struct difference *difference, size_t line, char *buf, size_t size)
{
        const struct difference_change *change = &difference->changes[line];

        *buf = '\0';
        if (line < difference->change_count)
                snprintf(buf, size, "%s: %s → %s%s", change->what, change->text[SIDE_OLD],
                         change->text[SIDE_NEW],
                         change->forbids ? " (another machine: no verdicts)" : "");
        return buf;
}
