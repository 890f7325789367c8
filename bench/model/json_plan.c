/* The plan, and what became of it: fields of struct result, which holds both. */
#include "model/json_field.h"

#include <string.h>

#define LEVELS(key, factor) \
        TEXTS(struct result, key, plan.levels[factor].name, plan.levels[factor].count)

static const struct field factor_fields[] = {
        {LEVELS("runtime", FACTOR_RUNTIME)}, {LEVELS("start", FACTOR_START)},
        {LEVELS("submit", FACTOR_SUBMIT)},   {LEVELS("chunk", FACTOR_CHUNK)},
        {LEVELS("share", FACTOR_SHARE)},     {LEVELS("transport", FACTOR_TRANSPORT)},
        {LEVELS("workers", FACTOR_WORKERS)}, {LEVELS("place", FACTOR_PLACE)},
        {LEVELS("variant", FACTOR_VARIANT)}, {0},
};

static const struct field param_fields[] = {
        {PLAIN(struct plan_param, "key", key)},
        {PLAIN(struct plan_param, "values", text)},
        {0},
};

static json_t *write_params(const struct result *result, const void *base)
{
        (void)base;
        return json_write_list(result, param_fields, result->plan.params, result->plan.param_count,
                               sizeof(*result->plan.params));
}

static int read_params(struct json_reader *reader, json_t *value, void *base)
{
        struct plan *plan = &((struct result *)base)->plan;

        return json_read_list(reader, value, param_fields, plan->params, sizeof(*plan->params),
                              MPB_PARAMS_MAX, &plan->param_count);
}

/* Arguments are an array in JSON, and one after the other in the struct. */

static json_t *write_arguments(const struct result *result, const void *base)
{
        const struct plan_variant *variant = base;
        const char *argument = variant->arguments;
        json_t *array = json_array();

        (void)result;
        for (uint32_t i = 0; array && i < variant->argument_count; i++) {
                if (json_array_append_new(array, json_write_text(argument, VARIANT_BYTES)))
                        break;
                argument += strlen(argument) + 1;
        }
        return array;
}

static int read_arguments(struct json_reader *reader, json_t *value, void *base)
{
        struct plan_variant *variant = base;
        size_t count, used = 0;
        int r = json_need_array(reader, value, VARIANT_BYTES, &count);

        for (size_t i = 0; !r && i < count; i++) {
                size_t before = json_enter_index(reader, i);

                if (used == sizeof(variant->arguments))
                        return json_expected(reader, value, "at most %zu bytes",
                                             sizeof(variant->arguments));
                r = json_read_text(reader, json_array_get(value, i), variant->arguments + used,
                                   sizeof(variant->arguments) - used);
                used += strlen(variant->arguments + used) + 1;
                variant->argument_count++;
                json_leave(reader, before);
        }
        return r;
}

static const struct field variant_fields[] = {
        {NAME(struct plan_variant, "kind", kind, variant_kind_name)},
        {OTHER("arguments", write_arguments, read_arguments)},
        {0},
};

static json_t *write_variants(const struct result *result, const void *base)
{
        (void)base;
        return json_write_list(result, variant_fields, result->plan.variants,
                               result->plan.variant_count, sizeof(*result->plan.variants));
}

static int read_variants(struct json_reader *reader, json_t *value, void *base)
{
        struct plan *plan = &((struct result *)base)->plan;

        return json_read_list(reader, value, variant_fields, plan->variants,
                              sizeof(*plan->variants), VARIANTS_MAX, &plan->variant_count);
}

static const struct field outcome_fields[] = {
        {NAME(struct result, "end", end, result_end_name)},
        {PLAIN(struct result, "duration_ns", duration_ns)},
        {PLAIN(struct result, "rounds", rounds)},
        {PLAIN(struct result, "disturbed_rounds", disturbed_rounds)},
        {PLAIN(struct result, "unjudged_rounds", unjudged_rounds), OR_NULL(0)},
        {FLAG(struct result, "disturbed_kept", disturbed_kept)},
        {NAME(struct result, "workers_bound", workers_bound, workers_bound_name)},
        {OBJECT(struct result, "trend", trend, json_trend_fields), OR_NULL(0)},
        {PLAIN(struct result, "no_verdict", no_verdict)},
        {0},
};

const struct field json_plan_fields[] = {
        {TEXTS(struct result, "workloads", plan.workloads, plan.workload_count)},
        {GROUP("factors", factor_fields)},
        {OTHER("parameters", write_params, read_params)},
        {OTHER("variants", write_variants, read_variants)},
        {PLAIN(struct result, "baseline", plan.baseline)},
        {PLAIN(struct result, "rounds", plan.rounds), OR_NULL(0)},
        {PLAIN(struct result, "budget_ns", plan.budget_ns), OR_NULL(0)},
        {PLAIN(struct result, "precision_ppm", plan.precision_ppm), OR_NULL(0)},
        {PLAIN(struct result, "threshold_ppm", plan.threshold_ppm)},
        {PLAIN(struct result, "seed", plan.seed)},
        {PLAIN(struct result, "timeout_ns", plan.timeout_ns)},
        {FLAG(struct result, "counters_off", plan.counters_off)},
        {TEXTS(struct result, "counters", plan.counters, plan.counter_count)},
        {FLAG(struct result, "control", plan.control)},
        {PLAIN(struct result, "planted_ppm", plan.planted_ppm), OR_NULL(0)},
        {PLAIN(struct result, "sustain_ns", plan.sustain_ns), OR_NULL(0)},
        {PLAIN(struct result, "input", plan.input)},
        {PLAIN(struct result, "input_lines", plan.input_lines), OR_NULL(0)},
        {FLAG(struct result, "keep_output", plan.keep_output)},
        {FLAG(struct result, "start_strip", plan.start_strip)},
        {FLAG(struct result, "asked_share", plan.asked_share)},
        {GROUP("outcome", outcome_fields)},
        {0},
};
