/* docs/report.schema.json describes what is written: a small validator for as much of JSON Schema
 * as it uses, stricter than the standard in that a member the schema does not know is an error. */
#include "model/names.h"
#include "stats/compare.h"
#include "support/fixture.h"
#include "support/round_trip.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *schema;

static int load_schema(void **unused)
{
        json_error_t error;

        (void)unused;
        schema = json_load_file(REPORT_SCHEMA, JSON_REJECT_DUPLICATES, &error);
        if (!schema)
                print_error("%s: line %d: %s\n", REPORT_SCHEMA, error.line, error.text);
        return schema ? 0 : -1;
}

static int free_schema(void **unused)
{
        (void)unused;
        json_decref(schema);
        return 0;
}

static const char *type_of(const json_t *value)
{
        static const char *const names[] = {
                [JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
                [JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
                [JSON_FALSE] = "boolean",   [JSON_NULL] = "null",
        };

        return names[json_typeof(value)];
}

static bool holds(json_t *array, const char *text)
{
        for (size_t i = 0; i < json_array_size(array); i++)
                if (!strcmp(json_string_value(json_array_get(array, i)), text))
                        return true;
        return false;
}

static bool has_type(json_t *types, const json_t *value)
{
        const char *type = type_of(value);
        bool number = json_is_integer(value);

        if (json_is_string(types))
                return !strcmp(json_string_value(types), type) ||
                       (number && !strcmp(json_string_value(types), "number"));
        return holds(types, type) || (number && holds(types, "number"));
}

static json_t *definition(const char *name)
{
        json_t *found = json_object_get(json_object_get(schema, "$defs"), name);

        if (!found)
                fail_msg("$defs has no %s", name);
        return found;
}

static void validate(json_t *rule, json_t *value, const char *place);

static void validate_object(json_t *rule, json_t *value)
{
        json_t *properties = json_object_get(rule, "properties"), *member,
               *required = json_object_get(rule, "required"),
               *others = json_object_get(rule, "additionalProperties");
        const char *key;

        for (size_t i = 0; i < json_array_size(required); i++)
                if (!json_object_get(value, json_string_value(json_array_get(required, i))))
                        fail_msg("%s is not written",
                                 json_string_value(json_array_get(required, i)));
        /* What is described is always written, if not required of older reports. */
        json_object_foreach(properties, key, member) if (!json_object_get(value, key))
                fail_msg("%s is described, but not written", key);
        json_object_foreach(value, key, member)
        {
                json_t *known = json_object_get(properties, key);

                if (!known && !others)
                        fail_msg("%s is not described", key);
                validate(known ? known : others, member, key);
        }
}

static void validate(json_t *rule, json_t *value, const char *place)
{
        const char *ref = json_string_value(json_object_get(rule, "$ref"));
        json_t *types = json_object_get(rule, "type"), *names = json_object_get(rule, "enum"),
               *constant = json_object_get(rule, "const");

        if (ref) {
                assert_memory_equal(ref, "#/$defs/", 8);
                validate(definition(ref + 8), value, place);
                return;
        }
        if (types && !has_type(types, value))
                fail_msg("%s: no %s is allowed", place, type_of(value));
        if (names && !holds(names, json_string_value(value)))
                fail_msg("%s: \"%s\" is not described", place, json_string_value(value));
        if (constant && !json_equal(constant, value))
                fail_msg("%s: not the constant of the schema", place);
        if (!types && !names && !constant)
                fail_msg("%s: the schema has no rule", place);
        if (json_is_object(value))
                validate_object(rule, value);
        for (size_t i = 0; i < json_array_size(value); i++)
                validate(json_object_get(rule, "items"), json_array_get(value, i), place);
}

static void what_is_written_is_what_the_schema_describes(void **unused)
{
        struct result result;
        json_t *root;
        char *text;

        (void)unused;
        fixture_result(&result);
        result.cells[0].latency = (struct cell_latency){.timed = 1, .summary = {{1, 1, 1, 12, 0}}};
        result.trials[0].outcome.latency = (struct trial_latency){.count = 20, .ns = {1}};
        result.cells[0].run = (struct cell_run){.time_ns = {1, 1, 1, 12, 0}, .max_rss_bytes = 1};
        text = round_trip_write(&result);
        root = json_loads(text, 0, NULL);
        validate(schema, root, "report");
        json_decref(root);
        free(text);
        result_done(&result);
}

static void assert_names(const char *defined, name_table *table)
{
        json_t *names = json_object_get(definition(defined), "enum");
        size_t i;

        for (i = 0; table((uint32_t)i); i++) {
                const char *name = json_string_value(json_array_get(names, i));

                if (!name || strcmp(name, table((uint32_t)i)))
                        fail_msg("%s: \"%s\" is not in its place", defined, table((uint32_t)i));
        }
        assert_int_equal(json_array_size(names), i);
}

static void the_schema_has_every_name(void **unused)
{
        (void)unused;
        assert_names("metric", metric_name);
        assert_names("kind", kind_name);
        assert_names("end", result_end_name);
        assert_names("workers_bound", workers_bound_name);
        assert_names("process_state", process_state_name);
        assert_names("counter_status", counter_status_at);
        assert_names("cell_status", cell_status_name);
        assert_names("trial_status", trial_status_name);
        assert_names("verdict", verdict_name);
}

/* Objects whose keys are factors or metrics: one for each, those that were added later apart. */
static void the_schema_has_every_factor_and_metric(void **unused)
{
        json_t *cell = json_object_get(definition("cell"), "properties"),
               *factors = json_object_get(cell, "factors"),
               *required = json_object_get(factors, "required"),
               *added = json_object_get(factors, "properties"),
               *metrics = json_object_get(json_object_get(cell, "summary"), "required");

        (void)unused;
        assert_int_equal(json_array_size(required) + json_object_size(added), FACTOR_COUNT);
        for (int i = 0; i < FACTOR_COUNT; i++)
                assert_true(holds(required, factor_name(i)) ||
                            json_object_get(added, factor_name(i)));
        assert_int_equal(json_array_size(metrics), METRIC_COUNT);
        for (int i = 0; i < METRIC_COUNT; i++)
                assert_true(holds(metrics, metric_name(i)));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_is_written_is_what_the_schema_describes),
                cmocka_unit_test(the_schema_has_every_name),
                cmocka_unit_test(the_schema_has_every_factor_and_metric),
        };

        return cmocka_run_group_tests(tests, load_schema, free_schema);
}
