#include "base/error.h"
#include "model/json_field.h"
#include "stats/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *write_schema(const struct result *result, const void *base)
{
        (void)result;
        (void)base;
        return json_string(RESULT_SCHEMA);
}

static int read_schema(struct json_reader *reader, json_t *value, void *base)
{
        const char *schema = json_string_value(value);

        (void)base;
        if (schema && !strcmp(schema, RESULT_SCHEMA))
                return 0;
        return json_expected(reader, value, "\"%s\", as mpbench writes into report.json",
                             RESULT_SCHEMA);
}

static json_t *write_tool_name(const struct result *result, const void *base)
{
        (void)result;
        (void)base;
        return json_string("mpbench");
}

static const struct field tool_fields[] = {
        {OTHER("name", write_tool_name, NULL)},
        {PLAIN(struct result, "version", tool_version)},
        {0},
};

static json_t *write_cells(const struct result *result, const void *base)
{
        (void)base;
        return json_write_list(result, json_cell_fields, result->cells, result->cell_count,
                               sizeof(*result->cells));
}

static int no_memory(struct json_reader *reader)
{
        return error_set(reader->err, -ENOMEM, "report", "no memory for the report");
}

/* Reports index cells by these numbers. */
static int check_cell(struct json_reader *reader, const char *key, uint32_t cell)
{
        if (cell < reader->result->cell_count)
                return 0;
        json_enter(reader, key);
        return error_set(reader->err, -EINVAL, "report",
                         "%s is %u: expected the id of one of the %zu cells", reader->path, cell,
                         reader->result->cell_count);
}

static int read_cells(struct json_reader *reader, json_t *value, void *base)
{
        struct result *result = base;
        size_t n;
        int r = json_need_array(reader, value, UINT32_MAX, &n);

        for (size_t i = 0; !r && i < n; i++) {
                struct cell *cell = result_add_cell(result);
                size_t before = json_enter_index(reader, i);

                if (!cell)
                        return no_memory(reader);
                r = json_read(reader, json_array_get(value, i), json_cell_fields, cell);
                if (!r && cell->id != i)
                        r = error_set(reader->err, -EINVAL, "report",
                                      "%s.id is %u: expected %zu, its place", reader->path,
                                      cell->id, i);
                json_leave(reader, before);
        }
        return r;
}

static json_t *write_trials(const struct result *result, const void *base)
{
        (void)base;
        return json_write_list(result, json_trial_fields, result->trials, result->trial_count,
                               sizeof(*result->trials));
}

static int read_trials(struct json_reader *reader, json_t *value, void *base)
{
        struct result *result = base;
        size_t n;
        int r = json_need_array(reader, value, SIZE_MAX, &n);

        for (size_t i = 0; !r && i < n; i++) {
                json_t *element = json_array_get(value, i);
                size_t workers = json_array_size(json_object_get(element, "workers"));
                size_t before = json_enter_index(reader, i);
                struct trial *trial = result_add_trial(result, (uint32_t)workers);

                if (!trial)
                        return no_memory(reader);
                r = json_read(reader, element, json_trial_fields, trial);
                if (!r)
                        r = check_cell(reader, "cell", trial->cell);
                json_leave(reader, before);
        }
        return r;
}

static json_t *write_better(const struct result *result, const void *base)
{
        const struct comparison *comparison = base;

        (void)result;
        return json_string(metric_higher_is_better(comparison->metric) ? "higher" : "lower");
}

static const struct field comparison_fields[] = {
        {NAME(struct comparison, "metric", metric, metric_name)},
        {OTHER("better", write_better, NULL)},
        {PLAIN(struct comparison, "baseline", baseline)},
        {PLAIN(struct comparison, "cell", cell)},
        {PLAIN(struct comparison, "ratio", ratio)},
        {PLAIN(struct comparison, "ci_low", ci_low)},
        {PLAIN(struct comparison, "ci_high", ci_high)},
        {PLAIN(struct comparison, "n", n)},
        {PLAIN(struct comparison, "p", p)},
        {PLAIN(struct comparison, "p_holm", p_holm)},
        {NAME(struct comparison, "verdict", verdict, verdict_name)},
        {PLAIN(struct comparison, "rounds_wanted", rounds_wanted), OR_NULL(0)},
        {PLAIN(struct comparison, "all_rounds_ratio", all_rounds_ratio)},
        {0},
};

static json_t *write_comparisons(const struct result *result, const void *base)
{
        (void)base;
        return json_write_list(result, comparison_fields, result->comparisons,
                               result->comparison_count, sizeof(*result->comparisons));
}

static int read_comparisons(struct json_reader *reader, json_t *value, void *base)
{
        struct result *result = base;
        size_t n;
        int r = json_need_array(reader, value, SIZE_MAX, &n);

        for (size_t i = 0; !r && i < n; i++) {
                struct comparison *comparison = result_add_comparison(result);
                size_t before = json_enter_index(reader, i);

                if (!comparison)
                        return no_memory(reader);
                r = json_read(reader, json_array_get(value, i), comparison_fields, comparison);
                if (!r)
                        r = check_cell(reader, "baseline", comparison->baseline);
                if (!r)
                        r = check_cell(reader, "cell", comparison->cell);
                json_leave(reader, before);
        }
        return r;
}

static const struct field control_fields[] = {
        {PLAIN(struct control, "baseline", baseline)},
        {PLAIN(struct control, "control", control)},
        {PLAIN(struct control, "slowed", slowed), OR_NULL(CONTROL_NO_CELL)},
        {PLAIN(struct control, "n", n)},
        {PLAIN(struct control, "ratio", ratio)},
        {PLAIN(struct control, "ci_low", ci_low)},
        {PLAIN(struct control, "ci_high", ci_high)},
        {NAME(struct control, "verdict", verdict, verdict_name)},
        {PLAIN(struct control, "block_rounds", block_rounds)},
        {PLAIN(struct control, "blocks", blocks)},
        {PLAIN(struct control, "false_calls", false_calls)},
        {PLAIN(struct control, "false_call_upper", false_call_upper)},
        {PLAIN(struct control, "smallest_effect", smallest_effect)},
        {PLAIN(struct control, "slowed_n", slowed_n)},
        {PLAIN(struct control, "slowed_ratio", slowed_ratio)},
        {PLAIN(struct control, "slowed_low", slowed_low)},
        {PLAIN(struct control, "slowed_high", slowed_high)},
        {NAME(struct control, "slowed_verdict", slowed_verdict, verdict_name)},
        {PLAIN(struct control, "true_ratio", true_ratio)},
        {NAME(struct control, "unknown", unknown, control_unknown_name),
         OR_NULL(CONTROL_UNKNOWN_NONE)},
        {0},
};

static json_t *write_controls(const struct result *result, const void *base)
{
        (void)base;
        return json_write_list(result, control_fields, result->controls, result->control_count,
                               sizeof(*result->controls));
}

static int read_controls(struct json_reader *reader, json_t *value, void *base)
{
        struct result *result = base;
        int r = json_read_list(reader, value, control_fields, result->controls,
                               sizeof(*result->controls), WORKLOADS_MAX, &result->control_count);

        for (uint32_t i = 0; i < result->control_count && !r; i++) {
                const struct control *control = &result->controls[i];

                r = check_cell(reader, "baseline", control->baseline);
                if (!r)
                        r = check_cell(reader, "control", control->control);
                if (!r && control->slowed != CONTROL_NO_CELL)
                        r = check_cell(reader, "slowed", control->slowed);
        }
        return r;
}

#define ADVICE_MAX (sizeof(((struct result *)0)->advice) / sizeof(((struct result *)0)->advice[0]))

static json_t *write_advice(const struct result *result, const void *base)
{
        size_t count = ADVICE_MAX;

        (void)base;
        while (count && !*result->advice[count - 1])
                count--;
        return json_write_texts(result->advice[0], sizeof(result->advice[0]), count);
}

static int read_advice(struct json_reader *reader, json_t *value, void *base)
{
        struct result *result = base;
        uint32_t count;

        return json_read_texts(reader, value, result->advice[0], sizeof(result->advice[0]),
                               ADVICE_MAX, &count);
}

/* In this order: counters of workers need the environment's, trials and comparisons the cells. */
const struct field json_result_fields[] = {
        {OTHER("schema", write_schema, read_schema)},
        {GROUP("tool", tool_fields)},
        {OBJECT(struct result, "environment", environment, json_environment_fields)},
        {GROUP("plan", json_plan_fields)},
        {OTHER("cells", write_cells, read_cells)},
        {OTHER("trials", write_trials, read_trials)},
        {OTHER("comparisons", write_comparisons, read_comparisons)},
        {OTHER("controls", write_controls, read_controls)},
        {OTHER("advice", write_advice, read_advice)},
        {0},
};

int result_to_json(const struct result *result, char **text, struct mproc_err *err)
{
        json_t *root = json_write(result, json_result_fields, result);
        char *dumped = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) : NULL;

        json_decref(root);
        if (!dumped)
                return error_set(err, -ENOMEM, "report", "no memory to write the report");
        *text = dumped;
        return 0;
}

int result_from_json(const char *text, size_t size, struct result *result, struct mproc_err *err)
{
        struct result *read = calloc(1, sizeof(*read));
        struct json_reader reader = {.result = read, .err = err};
        json_error_t error;
        json_t *root = NULL;
        int r;

        if (!read)
                return no_memory(&reader);
        root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
        if (!root) {
                r = error_set(err, -EINVAL, "report", "not JSON: line %d, column %d: %s",
                              error.line, error.column, error.text);
                goto out;
        }
        r = json_read(&reader, root, json_result_fields, read);
        if (r)
                goto out;
        *result = *read;
        memset(read, 0, sizeof(*read));
out:
        json_decref(root);
        result_done(read);
        free(read);
        return r;
}
