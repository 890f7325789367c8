#include "base/text.h"
#include "model/json_field.h"

#include <string.h>

static const struct field factor_fields[] = {
        {PLAIN(struct cell, "runtime", level[FACTOR_RUNTIME])},
        {PLAIN(struct cell, "start", level[FACTOR_START])},
        {PLAIN(struct cell, "submit", level[FACTOR_SUBMIT])},
        {PLAIN(struct cell, "chunk", level[FACTOR_CHUNK])},
        {PLAIN(struct cell, "transport", level[FACTOR_TRANSPORT])},
        {PLAIN(struct cell, "share", level[FACTOR_SHARE])},
        {PLAIN(struct cell, "workers", level[FACTOR_WORKERS])},
        {PLAIN(struct cell, "place", level[FACTOR_PLACE])},
        {PLAIN(struct cell, "variant", level[FACTOR_VARIANT])},
        {0},
};

/* Parameters: values by name, and beside them by the same names what few ask for. The value of an
 * automatic one that was not calibrated is null. */

static json_t *write_params(const struct result *result, const void *base)
{
        const struct cell *cell = base;
        json_t *object = json_object();

        (void)result;
        for (uint32_t i = 0; i < cell->param_count; i++)
                object = json_with(object, cell->param[i],
                                   cell->value[i] == MPB_AUTO ? json_null()
                                                              : json_integer(cell->value[i]));
        return object;
}

static int read_params(struct json_reader *reader, json_t *value, void *base)
{
        struct cell *cell = base;
        const char *name;
        json_t *number;
        int r = json_need_object(reader, value);

        if (r)
                return r;
        if (json_object_size(value) > MPB_PARAMS_MAX)
                return json_expected(reader, value, "at most %d members", MPB_PARAMS_MAX);
        json_object_foreach(value, name, number)
        {
                size_t before = json_enter(reader, name);
                uint32_t i = cell->param_count++;

                if (strlen(name) >= sizeof(cell->param[i]))
                        return json_expected(reader, number, "a name of at most %zu bytes",
                                             sizeof(cell->param[i]) - 1);
                if (!json_is_integer(number) && !json_is_null(number))
                        return json_expected(reader, number, "an integer or null");
                text_copy(cell->param[i], sizeof(cell->param[i]), name);
                cell->value[i] = json_is_null(number) ? MPB_AUTO : json_integer_value(number);
                json_leave(reader, before);
        }
        return 0;
}

static json_t *write_param_info(const struct result *result, const void *base)
{
        const struct cell *cell = base;
        json_t *object = json_object();

        (void)result;
        for (uint32_t i = 0; i < cell->param_count; i++) {
                json_t *info = json_object();

                info = json_with(info, "unit",
                                 json_write_text(cell->param_unit[i], sizeof(cell->param_unit[i])));
                info = json_with(info, "text",
                                 json_write_text(cell->value_text[i], sizeof(cell->value_text[i])));
                info = json_with(info, "auto", json_boolean(cell->is_auto[i]));
                object = json_with(object, cell->param[i], info);
        }
        return object;
}

static int read_param_info(struct json_reader *reader, json_t *value, void *base)
{
        struct cell *cell = base;
        int r = json_need_object(reader, value);

        for (uint32_t i = 0; !r && i < cell->param_count; i++) {
                json_t *info = json_object_get(value, cell->param[i]);
                size_t before = json_enter(reader, cell->param[i]);

                r = json_need_object(reader, info);
                if (!r)
                        r = json_read_text(reader, json_object_get(info, "unit"),
                                           cell->param_unit[i], sizeof(cell->param_unit[i]));
                if (!r)
                        r = json_read_text(reader, json_object_get(info, "text"),
                                           cell->value_text[i], sizeof(cell->value_text[i]));
                cell->is_auto[i] = json_is_true(json_object_get(info, "auto"));
                json_leave(reader, before);
        }
        return r;
}

static const struct field loss_fields[] = {
        {PLAIN(struct cell_loss, "trials", trials)},
        {PLAIN(struct cell_loss, "lossy", lossy)},
        {PLAIN(struct cell_loss, "worst", worst)},
        {0},
};

static const struct field summary_fields[] = {
        {PLAIN(struct summary, "median", median)},
        {PLAIN(struct summary, "ci_low", ci_low)},
        {PLAIN(struct summary, "ci_high", ci_high)},
        {PLAIN(struct summary, "n", n)},
        {0},
};

/* A summary of zeros is one that nobody made: null. */
#define SUMMARY(key, member) OBJECT(struct cell, key, member, summary_fields), OR_NULL(0)

static const struct field step_fields[] = {
        {SUMMARY("returned", step[0])},
        {SUMMARY("first", step[1])},
        {SUMMARY("ready", step[2])},
        {SUMMARY("wall", step[3])},
        {0},
};

static const struct field run_fields[] = {
        {OBJECT(struct cell_run, "time_ns", time_ns, summary_fields), OR_NULL(0)},
        {OBJECT(struct cell_run, "user_ns", user_ns, summary_fields), OR_NULL(0)},
        {OBJECT(struct cell_run, "system_ns", system_ns, summary_fields), OR_NULL(0)},
        {PLAIN(struct cell_run, "max_rss_bytes", max_rss_bytes), OR_NULL(0)},
        {FLAG(struct cell_run, "max_rss_at_most", max_rss_at_most)},
        {PLAIN(struct cell_run, "pss_bytes", pss_bytes), OR_NULL(0)},
        {0},
};

static const struct field metric_fields[] = {
        {SUMMARY("throughput", summary[METRIC_THROUGHPUT])},
        {SUMMARY("makespan", summary[METRIC_MAKESPAN])},
        {SUMMARY("wall", summary[METRIC_WALL])},
        {SUMMARY("start", summary[METRIC_START])},
        {SUMMARY("stop", summary[METRIC_STOP])},
        {0},
};

#define LATENCY(key, which) \
        OBJECT(struct cell_latency, key, summary[which], summary_fields), OR_NULL(0)

#define RESPONSE(key, which) \
        OBJECT(struct cell_latency, key, response[which], summary_fields), OR_NULL(0)

static const struct field response_fields[] = {
        {RESPONSE("p50", LATENCY_P50)}, {RESPONSE("p90", LATENCY_P90)},
        {RESPONSE("p99", LATENCY_P99)}, {RESPONSE("p999", LATENCY_P999)},
        {RESPONSE("max", LATENCY_MAX)}, {0},
};

static const struct field latency_fields[] = {
        {FLAG(struct cell_latency, "timed", timed)},
        {PLAIN(struct cell_latency, "one_in", one_in), OR_NULL(0)},
        {PLAIN(struct cell_latency, "note", note)},
        {LATENCY("p50", LATENCY_P50)},
        {LATENCY("p90", LATENCY_P90)},
        {LATENCY("p99", LATENCY_P99)},
        {LATENCY("p999", LATENCY_P999)},
        {LATENCY("max", LATENCY_MAX)},
        {GROUP("response", response_fields)},
        {0},
};

#define PHASE(key, member) OBJECT(struct cell_phases, key, member, summary_fields), OR_NULL(0)

static const struct field phases_fields[] = {
        {PHASE("parent_share", parent)},
        {PHASE("dispatch_share", dispatch)},
        {PHASE("work_share", work)},
        {PHASE("tail_share", tail)},
        {PHASE("first_result_ns", first_result_ns)},
        {0},
};

const struct field json_trend_fields[] = {
        {PLAIN(struct cell_trend, "change", change)}, {PLAIN(struct cell_trend, "p", p)},
        {PLAIN(struct cell_trend, "p_holm", p_holm)}, {PLAIN(struct cell_trend, "n", n)},
        {PLAIN(struct cell_trend, "warmup", warmup)}, {0},
};

static const struct field mode_fields[] = {
        {PLAIN(struct cell_modes, "low", low)},
        {PLAIN(struct cell_modes, "high", high)},
        {PLAIN(struct cell_modes, "low_n", low_n)},
        {PLAIN(struct cell_modes, "high_n", high_n)},
        {0},
};

static json_t *write_summary(const struct result *result, const void *base)
{
        json_t *object = json_write(result, metric_fields, base);

        for (uint32_t metric = 0; object && metric < METRIC_COUNT; metric++) {
                json_t *summary = json_object_get(object, metric_name(metric));
                const char *better = metric_higher_is_better(metric) ? "higher" : "lower";

                if (json_is_object(summary) &&
                    (json_object_set_new(summary, "unit", json_string(metric_unit(metric))) ||
                     json_object_set_new(summary, "better", json_string(better)))) {
                        json_decref(object);
                        return NULL;
                }
        }
        return object;
}

static int read_summary(struct json_reader *reader, json_t *value, void *base)
{
        return json_read(reader, value, metric_fields, base);
}

static const struct field counter_fields[] = {
        {NAME(struct cell_counter, "status", status, counter_status_at)},
        {PLAIN(struct cell_counter, "value", value)},
        {PLAIN(struct cell_counter, "running_share", running_share), OR_NULL(0)},
        {PLAIN(struct cell_counter, "error", error)},
        {PLAIN(struct cell_counter, "n", n)},
        {PLAIN(struct cell_counter, "reason", reason)},
        {0},
};

static json_t *write_counters(const struct result *result, const void *base)
{
        const struct cell *cell = base;
        json_t *object = json_object();

        for (uint32_t i = 0; i < cell->counter_count; i++)
                object = json_with(object, cell->counters[i].name,
                                   json_write(result, counter_fields, &cell->counters[i]));
        return object;
}

static int read_counters(struct json_reader *reader, json_t *value, void *base)
{
        struct cell *cell = base;
        const char *name;
        json_t *member;
        int r = json_need_object(reader, value);

        if (r)
                return r;
        if (json_object_size(value) > CELL_COUNTERS_MAX)
                return json_expected(reader, value, "at most %d members", CELL_COUNTERS_MAX);
        json_object_foreach(value, name, member)
        {
                struct cell_counter *counter = &cell->counters[cell->counter_count++];
                size_t before = json_enter(reader, name);

                if (strlen(name) >= sizeof(counter->name))
                        return json_expected(reader, member, "a name of at most %zu bytes",
                                             sizeof(counter->name) - 1);
                text_copy(counter->name, sizeof(counter->name), name);
                r = json_read(reader, member, counter_fields, counter);
                if (r)
                        return r;
                json_leave(reader, before);
        }
        return 0;
}

const struct field json_cell_fields[] = {
        {PLAIN(struct cell, "id", id)},
        {PLAIN(struct cell, "workload", workload)},
        {GROUP("factors", factor_fields)},
        {OTHER("parameters", write_params, read_params)},
        {OTHER("parameter_info", write_param_info, read_param_info)},
        {PLAIN(struct cell, "workers", workers)},
        {PLAIN(struct cell, "pus", pus)},
        {PLAIN(struct cell, "placed", placed)},
        {PLAIN(struct cell, "placed_wrong", placed_wrong)},
        {NAME(struct cell, "kind", kind, kind_name)},
        {FLAG(struct cell, "reference", reference)},
        {NAME(struct cell, "primary", primary, metric_name)},
        {PLAIN(struct cell, "operation", operation)},
        {PLAIN(struct cell, "ops", ops)},
        {FLAG(struct cell, "ops_auto", ops_auto)},
        {PLAIN(struct cell, "bytes_per_op", bytes_per_op), OR_NULL(0)},
        {FLAG(struct cell, "children", children)},
        {PLAIN(struct cell, "shown_work", shown_work)},
        {NAME(struct cell, "status", status, cell_status_name)},
        {PLAIN(struct cell, "note", note)},
        {PLAIN(struct cell, "place_note", place_note)},
        {FLAG(struct cell, "verified", verified)},
        {OBJECT(struct cell, "loss", loss, loss_fields), OR_NULL(0)},
        {PLAIN(struct cell, "final", final_value), KNOWN_UNLESS_ZERO(struct cell, expected_value)},
        {PLAIN(struct cell, "expected", expected_value), OR_NULL(0)},
        {OTHER("summary", write_summary, read_summary)},
        {GROUP("start_steps", step_fields)},
        {OBJECT(struct cell, "run", run, run_fields), OR_NULL(0)},
        {OBJECT(struct cell, "latency", latency, latency_fields), OR_NULL(0)},
        {OBJECT(struct cell, "phases", phases, phases_fields), OR_NULL(0)},
        {OBJECT(struct cell, "trend", trend, json_trend_fields), OR_NULL(0)},
        {OBJECT(struct cell, "modes", modes, mode_fields), OR_NULL(0)},
        {OTHER("counters", write_counters, read_counters)},
        {PLAIN(struct cell, "advice", advice)},
        {0},
};
