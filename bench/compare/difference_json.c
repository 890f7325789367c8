/* comparison.json. jansson's constructors take NULL as a failure, so that a tree is built unchecked
 * and only a missing root tells of a lack of memory (json_with passes it on). */
#include "compare/difference.h"

#include "base/error.h"
#include "model/json_field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "mpbench.comparison/1"

static const struct field run_fields[] = {
        {PLAIN(struct result, "time", environment.time)},
        {PLAIN(struct result, "version", tool_version)},
        {PLAIN(struct result, "rounds", rounds)},
        {PLAIN(struct result, "disturbed_rounds", disturbed_rounds)},
        {0},
};

static json_t *write_runs(const struct difference *difference, enum side side)
{
        json_t *array = json_array();

        for (size_t i = 0; array && i < difference->run_count[side]; i++) {
                const struct difference_run *run = &difference->runs[side][i];
                json_t *row = json_write(run->result, run_fields, run->result);

                row = json_with(row, "name", json_write_text(run->name, strlen(run->name) + 1));
                if (json_array_append_new(array, row)) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

static const struct field change_fields[] = {
        {PLAIN(struct difference_change, "what", what)},
        {PLAIN(struct difference_change, "old", text[SIDE_OLD])},
        {PLAIN(struct difference_change, "new", text[SIDE_NEW])},
        {FLAG(struct difference_change, "forbids", forbids)},
        {0},
};

static const struct field figure_fields[] = {
        {PLAIN(struct difference_figure, "median", median)},
        {PLAIN(struct difference_figure, "runs", runs)},
        {PLAIN(struct difference_figure, "measured", measured)},
        {PLAIN(struct difference_figure, "failed", failed)},
        {0},
};

static const struct field cell_fields[] = {
        {NAME(struct difference_cell, "kind", kind, difference_kind_name)},
        {OBJECT(struct difference_cell, "old", side[SIDE_OLD], figure_fields)},
        {OBJECT(struct difference_cell, "new", side[SIDE_NEW], figure_fields)},
        {PLAIN(struct difference_cell, "ratio", effect.ratio)},
        {PLAIN(struct difference_cell, "ci_low", effect.low)},
        {PLAIN(struct difference_cell, "ci_high", effect.high)},
        {PLAIN(struct difference_cell, "p", effect.p)},
        {PLAIN(struct difference_cell, "p_holm", p_holm)},
        {NAME(struct difference_cell, "verdict", verdict, verdict_name)},
        {NAME(struct difference_cell, "regression", regression, regression_name)},
        {PLAIN(struct difference_cell, "runs_wanted", runs_wanted), OR_NULL(0)},
        {PLAIN(struct difference_cell, "note", note)},
        {0},
};

/* What tells the cell from others. A parameter that calibration found is "auto". */
static json_t *write_choice(const struct cell *cell)
{
        json_t *object = json_object(), *factors = json_object(), *parameters = json_object();

        for (uint32_t i = 0; i < FACTOR_COUNT; i++)
                factors = json_with(factors, factor_name(i),
                                    json_write_text(cell->level[i], sizeof(cell->level[i])));
        for (uint32_t i = 0; i < cell->param_count; i++)
                parameters = json_with(parameters, cell->param[i],
                                       cell->is_auto[i] ? json_string("auto")
                                                        : json_integer(cell->value[i]));
        object = json_with(object, "workload",
                           json_write_text(cell->workload, sizeof(cell->workload)));
        object = json_with(object, "factors", factors);
        object = json_with(object, "parameters", parameters);
        object = json_with(object, "metric", json_string(metric_name(cell->primary)));
        object = json_with(object, "unit", json_string(metric_unit(cell->primary)));
        return json_with(object, "better",
                         json_string(metric_higher_is_better(cell->primary) ? "higher" : "lower"));
}

static json_t *write_cells(const struct difference *difference)
{
        const struct result *all = &difference->all;
        json_t *array = json_array();

        for (size_t i = 0; array && i < all->cell_count; i++) {
                json_t *row = write_choice(&all->cells[i]),
                       *rest = json_write(all, cell_fields, &difference->cells[i]);
                bool failed = !row || !rest || json_object_update(row, rest);

                json_decref(rest);
                if (failed)
                        json_decref(row);
                if (json_array_append_new(array, failed ? NULL : row)) {
                        json_decref(array);
                        return NULL;
                }
        }
        return array;
}

int difference_to_json(const struct difference *difference, char **text, struct mproc_err *err)
{
        json_t *root = json_object();
        char *dumped;

        root = json_with(root, "schema", json_string(SCHEMA));
        root = json_with(root, "regression", json_string(regression_name(difference->regression)));
        root = json_with(root, "outcome",
                         json_write_text(difference->outcome, sizeof(difference->outcome)));
        root = json_with(root, "same", json_boolean(difference->same));
        root = json_with(root, "threshold", json_real(difference->threshold));
        root = json_with(root, "old", write_runs(difference, SIDE_OLD));
        root = json_with(root, "new", write_runs(difference, SIDE_NEW));
        root = json_with(root, "changes",
                         json_write_list(&difference->all, change_fields, difference->changes,
                                         difference->change_count, sizeof(*difference->changes)));
        root = json_with(root, "cells", write_cells(difference));
        dumped = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;
        json_decref(root);
        if (!dumped)
                return error_set(err, -ENOMEM, "compare", "no memory to write the comparison");
        *text = dumped;
        return 0;
}
