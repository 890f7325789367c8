#include "run/advise.h"

#include "base/units.h"
#include "run/measure.h"
#include <mproc/mproc.h>
#include <stdio.h>
#include <string.h>

/* A start method that gives a process of its own, measured: the others answer another question. */
static bool is_choice(const struct cell *cell)
{
        const struct mproc_start_method *method = mproc_start_find(cell->level[FACTOR_START]);

        return cell->kind == MPB_LIFE_CYCLE && cell->status == CELL_MEASURED && !cell->reference &&
               cell->verified && cell_role(cell) == CELL_OF_PLAN && method &&
               mproc_start_flags(method) & MPROC_START_OWN_PROCESS;
}

/* The cheapest method for one size of the parent; NULL: its interval is not clear of all others',
 * or there are none. */
static const struct cell *cheapest(const struct result *result, uint64_t ballast)
{
        const struct cell *best = NULL;
        size_t choices = 0;

        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (!is_choice(cell) || measure_ballast(cell) != ballast)
                        continue;
                choices++;
                if (!best || cell->summary[METRIC_WALL].median < best->summary[METRIC_WALL].median)
                        best = cell;
        }
        for (size_t i = 0; i < result->cell_count; i++) {
                const struct cell *cell = &result->cells[i];

                if (is_choice(cell) && measure_ballast(cell) == ballast && cell != best &&
                    !(best->summary[METRIC_WALL].ci_high < cell->summary[METRIC_WALL].ci_low))
                        return NULL;
        }
        return choices > 1 ? best : NULL;
}

static bool is_first_of_its_size(const struct result *result, size_t index)
{
        uint64_t ballast = measure_ballast(&result->cells[index]);

        for (size_t i = 0; i < index; i++)
                if (is_choice(&result->cells[i]) && measure_ballast(&result->cells[i]) == ballast)
                        return false;
        return is_choice(&result->cells[index]);
}

void advise_starts(const struct result *result, char *text, size_t size)
{
        const char *method = NULL;
        bool one_method = true, forks = false;
        size_t used = 0, sizes = 0;
        char buf[32];

        for (size_t i = 0; i < result->cell_count; i++) {
                uint64_t ballast = measure_ballast(&result->cells[i]);
                const struct cell *best;

                if (!is_first_of_its_size(result, i))
                        continue;
                best = cheapest(result, ballast);
                if (!best || used >= size) {
                        one_method = false;
                        continue;
                }
                one_method &= !method || !strcmp(method, best->level[FACTOR_START]);
                method = best->level[FACTOR_START];
                forks |= !strcmp(method, "fork");
                if (ballast)
                        units_format_size((double)ballast, buf, sizeof(buf));
                used += (size_t)snprintf(text + used, size - used, "%s %s from a %s parent",
                                         sizes++ ? "," : "To start a process take", method,
                                         ballast ? buf : "small");
        }
        if (!method) {
                *text = '\0';
                return;
        }
        if (one_method && sizes > 1)
                used = (size_t)snprintf(text, size,
                                        "To start a process take %s, whatever the parent's size",
                                        method);
        if (used < size)
                snprintf(text + used, size - used, "%s.",
                         forks ? " (fork only while the parent has no threads)" : "");
}
