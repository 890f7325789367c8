/* What reports say of counters: one compact table, and what it needs to be understood. */
#include "support/report_scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

/* To every cell that has counters. */
static void add(struct cell_counter counter)
{
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                if (result.cells[i].counter_count)
                        result.cells[i].counters[result.cells[i].counter_count++] = counter;
}

static void says(const char *wanted)
{
        for (size_t i = 0; i < 2; i++) {
                char *text = joined(i ? "markdown" : "text");

                assert_contains(text, wanted);
                free(text);
        }
}

static void says_nothing_of(const char *unwanted)
{
        for (size_t i = 0; i < 2; i++) {
                char *text = joined(i ? "markdown" : "text");

                assert_lacks(text, unwanted);
                free(text);
        }
}

static void what_was_scaled_says_from_how_much_and_how_exactly(void **state)
{
        struct cell_counter counter = {.name = "cache-references/op",
                                       .status = COUNTER_SCALED,
                                       .n = 12,
                                       .value = 3,
                                       .running_share = 0.58,
                                       .error = 0.004};

        (void)state;
        says_nothing_of("scaled from");
        add(counter);
        says("~3");
        says("~ scaled from 58 % of the time, as counters took turns; ± 0.4 % or less");
        result.cells[FIXTURE_CAS]
                .counters[result.cells[FIXTURE_CAS].counter_count - 1]
                .running_share = 0.62;
        says("~ scaled from 58–62 % of the time");
        result.cells[FIXTURE_CAS].counters[result.cells[FIXTURE_CAS].counter_count - 1].error = NAN;
        says("how exact that is, is not known");
}

static void what_needs_no_counter_is_shown_where_no_counter_says_it(void **state)
{
        (void)state;
        add((struct cell_counter){.name = "tsc-ticks/op", .n = 12, .value = 321});
        says_nothing_of("TSC ticks"); /* the fixture has a task-clock */
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                for (uint32_t j = 0; j < result.cells[i].counter_count; j++)
                        if (!strcmp(result.cells[i].counters[j].name, "task-clock/op"))
                                result.cells[i].counters[j].status = COUNTER_DENIED;
        add((struct cell_counter){.name = "kernel share", .n = 12, .value = 0.125});
        says("TSC ticks");
        says("321");
        says("12.5 %");
        add((struct cell_counter){.name = "cycles:u/op", .n = 12, .value = 300});
        says_nothing_of("TSC ticks");
        says("in kernel");
}

static void misses_are_shown_as_shares_and_totals_are_left_to_the_json(void **state)
{
        (void)state;
        add((struct cell_counter){.name = "branch-misses/branch", .n = 12, .value = 0.031});
        add((struct cell_counter){.name = "task-clock/byte", .n = 12, .value = 0.25});
        add((struct cell_counter){.name = "page-faults/byte", .n = 12, .value = 0.75});
        says("3.1 %");
        says("task-clock/byte");
        says("0.25 ns");
        says_nothing_of("page-faults/byte");
        says_nothing_of("52500000");
}

static void of_several_workloads_each_table_says_whose_it_is(void **state)
{
        (void)state;
        says_nothing_of("Counters of ");
        result.plan.workload_count = 2;
        says("Counters of counter ");
}

static void what_is_to_be_known_of_a_counted_event_is_said_once(void **state)
{
        struct counter_spec *specs = result.environment.counters;

        (void)state;
        TEXT(specs[0].reason, "user mode only: raise it");
        TEXT(specs[2].reason, "user mode only: raise it");
        says("task-clock, page-faults: user mode only: raise it");
}

static void an_event_that_stays_zero_has_its_reason(void **state)
{
        (void)state;
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                if (result.cells[i].counter_count) {
                        result.cells[i].counters[2].value = 0;
                        TEXT(result.cells[i].counters[2].reason, "0 throughout: a CPU may not");
                }
        says("page-faults: 0 throughout: a CPU may not");
        result.cells[FIXTURE_CAS].counters[2].value = 1;
        says_nothing_of("a CPU may not");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(what_was_scaled_says_from_how_much_and_how_exactly),
                TEST(what_needs_no_counter_is_shown_where_no_counter_says_it),
                TEST(misses_are_shown_as_shares_and_totals_are_left_to_the_json),
                TEST(of_several_workloads_each_table_says_whose_it_is),
                TEST(what_is_to_be_known_of_a_counted_event_is_said_once),
                TEST(an_event_that_stays_zero_has_its_reason),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
