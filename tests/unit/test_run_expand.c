/* From a plan to cells: what is taken where nothing was given, what is skipped and why. Nothing is
 * started here. */
#include "base/clock.h"
#include "base/text.h"
#include "support/plan_scene.h"
#include "workloads/workload_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void expand(void)
{
        struct mproc_err err = {0};

        if (run_expand(&plan, &result, &err))
                fail_msg("%s", err.text);
}

static const struct cell *cell_of(const char *share)
{
        for (size_t i = 0; i < result.cell_count; i++)
                if (!strcmp(result.cells[i].level[FACTOR_SHARE], share))
                        return &result.cells[i];
        fail_msg("no cell of %s", share);
        return NULL;
}

static size_t count_workload(const char *name)
{
        size_t n = 0;

        for (size_t i = 0; i < result.cell_count; i++)
                n += !strcmp(result.cells[i].workload, name);
        return n;
}

/* Defaults ---------------------------------------------------------------------------------- */

static void by_default_all_strategies_run_under_fork_on_all_pus(void **unused)
{
        const struct mpb_workload *counter = workload_find("counter");
        const struct environment *env = &result.environment;
        size_t strategies = 0;

        (void)unused;
        make_plan_workload(&plan, "counter");
        expand();
        while (counter->strategy_at(strategies))
                strategies++;
        assert_int_equal(result.cell_count, strategies);
        for (size_t i = 0; i < result.cell_count; i++) {
                const struct cell *cell = &result.cells[i];

                assert_int_equal(cell->id, i);
                assert_string_equal(cell->level[FACTOR_RUNTIME], "mproc");
                assert_string_equal(cell->level[FACTOR_START], "fork");
                assert_string_equal(cell->level[FACTOR_SUBMIT], ""); /* it has no tasks */
                assert_string_equal(cell->level[FACTOR_PLACE], "core");
                assert_true(cell->workers >= 1 && cell->workers <= env->allowed_pus);
                assert_int_equal(cell->pus, cell->workers);
                assert_true(cell->ops_auto && cell->is_auto[0]);
                assert_int_equal(cell->primary, METRIC_THROUGHPUT);
                assert_string_equal(cell->shown_work, "empty critical section");
        }
        assert_int_equal(result.workers_bound,
                         env->cpu_quota > 0 && env->cpu_quota < env->allowed_pus ? 2 : 1);
        assert_int_equal(cell_of("racy")->status, CELL_LOSSY);
        assert_int_equal(cell_of("mutex")->status, CELL_MEASURED);
}

static void the_strip_stands_beside_shared_state_alone(void **unused)
{
        (void)unused;
        plan.start_strip = 1;
        make_plan_workload(&plan, "counter");
        expand();
        assert_true(count_workload("start") >= 3); /* fork, forkserver, spawn */
        for (size_t i = 0; i < result.cell_count; i++)
                assert_false(result.cells[i].reference);

        result_done(&result);
        set_up(NULL);
        plan.start_strip = 1;
        make_plan_workload(&plan, "spin");
        expand();
        assert_int_equal(count_workload("start"), 0);
        assert_string_equal(result.cells[0].level[FACTOR_SUBMIT], "static");
        assert_string_equal(result.cells[0].level[FACTOR_SHARE], "");
}

static void an_explicit_number_of_operations_is_exact(void **unused)
{
        const struct cell *cell;

        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex");
        make_plan_param(&plan, "increments", "1k,auto");
        expand();
        assert_int_equal(result.cell_count, 2);
        cell = &result.cells[0];
        assert_int_equal(cell->ops, 1000);
        assert_false(cell->ops_auto || cell->is_auto[0]);
        assert_string_equal(cell->value_text[0], "1000");
        assert_true(result.cells[1].ops_auto);
}

/* The cross product ------------------------------------------------------------------------- */

static void levels_and_values_are_crossed(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex,atomic");
        make_plan_levels(&plan, FACTOR_START, "fork,spawn");
        make_plan_levels(&plan, FACTOR_WORKERS, "1,2");
        make_plan_param(&plan, "gap", "0,10");
        expand();
        assert_int_equal(result.cell_count, 16);
        assert_int_equal(result.workers_bound, 0);
        for (size_t i = 0; i < 16; i++)
                for (size_t k = 0; k < i; k++) {
                        const struct cell *a = &result.cells[i], *b = &result.cells[k];

                        assert_true(memcmp(a->level, b->level, sizeof(a->level)) ||
                                    memcmp(a->value, b->value, sizeof(a->value)));
                }
}

static void a_raw_reference_has_no_start_method_and_comes_once(void **unused)
{
        const struct cell *raw;

        (void)unused;
        make_plan_workload(&plan, "start");
        make_plan_levels(&plan, FACTOR_START, "fork,spawn,forkserver");
        expand();
        assert_int_equal(result.cell_count, 3 + 3);
        raw = cell_of("raw-vfork");
        assert_true(raw->reference);
        assert_string_equal(raw->level[FACTOR_START], "");
        assert_int_equal(raw->primary, METRIC_WALL);
}

static void parameters_go_to_the_workloads_that_have_them(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_workload(&plan, "spin");
        make_plan_param(&plan, "hold", "5");
        make_plan_param(&plan, "task_time", "50us");
        expand();
        assert_int_equal(count_workload("spin"), 1);
        assert_int_equal(cell_of("mutex")->value[1], 5);
        assert_int_equal(result.cells[result.cell_count - 1].value[1], 50 * NS_PER_US);
}

static void a_workload_that_is_named_twice_is_measured_once(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_workload(&plan, "spin");
        make_plan_workload(&plan, "counter");
        plan.levels[FACTOR_SHARE].count = 0;
        expand();
        assert_int_equal(result.plan.workload_count, 2);
        assert_string_equal(result.plan.workloads[1], "spin");
        for (size_t i = 1; i < result.cell_count; i++)
                assert_true(strcmp(result.cells[i].workload, result.cells[i - 1].workload) ||
                            strcmp(result.cells[i].level[FACTOR_SHARE],
                                   result.cells[i - 1].level[FACTOR_SHARE]));
        assert_int_equal(count_workload("spin"), 1);
}

static void all_takes_every_level(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex");
        make_plan_levels(&plan, FACTOR_START, "all");
        make_plan_levels(&plan, FACTOR_WORKERS, "all");
        expand();
        assert_int_equal(result.cell_count % 5, 0); /* fork spawn forkserver thread serial */
        assert_int_equal(result.cells[0].workers, 1);
        assert_true(result.cells[result.cell_count - 1].workers <= result.environment.allowed_pus);
}

/* What is skipped --------------------------------------------------------------------------- */

static void what_cannot_be_is_skipped_with_the_reason(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_WORKERS, "1");
        make_plan_param(&plan, "hold", "10");
        expand();
        assert_int_equal(cell_of("atomic")->status, CELL_SKIPPED);
        assert_non_null(strstr(cell_of("atomic")->note, "hold"));
        assert_int_equal(cell_of("mutex")->status, CELL_MEASURED);
        assert_string_equal(cell_of("mutex")->note, "");
}

static void a_lock_that_would_collapse_runs_only_when_it_is_named(void **unused)
{
        char many[16];

        (void)unused;
        make_plan_workload(&plan, "counter");
        expand();
        snprintf(many, sizeof(many), "%u", result.environment.allowed_pus + 1);
        result_done(&result);
        result_init(&result);
        make_plan_levels(&plan, FACTOR_WORKERS, many);
        expand();
        assert_int_equal(cell_of("ticket")->status, CELL_SKIPPED);
        assert_non_null(strstr(cell_of("ticket")->note, "FIFO"));
        assert_int_equal(cell_of("mutex")->pus, result.environment.allowed_pus);
        assert_non_null(strstr(cell_of("mutex")->place_note, "oversubscribed"));

        result_done(&result);
        result_init(&result);
        make_plan_levels(&plan, FACTOR_SHARE, "ticket");
        plan.asked_share = 1;
        expand();
        assert_int_equal(cell_of("ticket")->status, CELL_MEASURED);
}

static void the_control_follows_what_was_asked_for(void **unused)
{
        const struct cell *cells;

        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "atomic,mutex");
        plan.start_strip = plan.control = 1;
        plan.planted_ppm = 30000;
        expand();
        cells = result.cells;
        assert_int_equal(cell_role(&cells[1]), CELL_OF_PLAN);
        for (uint32_t i = 2; i < 4; i++) {
                assert_int_equal(cells[i].id, i);
                assert_int_equal(cell_role(&cells[i]), i == 2 ? CELL_CONTROL : CELL_SLOWED);
                assert_string_equal(cells[i].level[FACTOR_SHARE], "mutex"); /* the baseline */
        }
        assert_string_equal(cells[4].workload, "start");
        for (size_t i = 4; i < result.cell_count; i++)
                assert_int_equal(cell_role(&cells[i]), CELL_OF_PLAN);
}

static void process_starts_get_a_control_without_planted_work(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "start");
        make_plan_levels(&plan, FACTOR_START, "fork");
        make_plan_levels(&plan, FACTOR_SHARE, "mproc");
        plan.control = 1;
        plan.planted_ppm = 30000;
        expand();
        assert_int_equal(cell_role(&result.cells[result.cell_count - 1]), CELL_CONTROL);
        for (size_t i = 0; i + 1 < result.cell_count; i++)
                assert_int_equal(cell_role(&result.cells[i]), CELL_OF_PLAN);
}

/* The dry run ------------------------------------------------------------------------------- */

static void the_expected_time_is_the_budget_or_less(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex");
        expand();
        assert_true(run_expected_ns(&result) == 10 * NS_PER_S);
        result.plan.rounds = 12;
        assert_true(run_expected_ns(&result) < 10 * NS_PER_S);
        result.plan.budget_ns = NS_PER_MS;
        assert_true(run_expected_ns(&result) == NS_PER_MS);
        result.plan.sustain_ns = 30 * NS_PER_S; /* on top of the budget */
        assert_true(run_expected_ns(&result) == NS_PER_MS + 30 * NS_PER_S);
        result.plan.sustain_ns = 0;
        result.cells[0].status = CELL_SKIPPED;
        assert_true(run_expected_ns(&result) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(by_default_all_strategies_run_under_fork_on_all_pus),
                TEST(the_strip_stands_beside_shared_state_alone),
                TEST(an_explicit_number_of_operations_is_exact),
                TEST(levels_and_values_are_crossed),
                TEST(a_raw_reference_has_no_start_method_and_comes_once),
                TEST(parameters_go_to_the_workloads_that_have_them),
                TEST(a_workload_that_is_named_twice_is_measured_once),
                TEST(all_takes_every_level),
                TEST(what_cannot_be_is_skipped_with_the_reason),
                TEST(a_lock_that_would_collapse_runs_only_when_it_is_named),
                TEST(the_control_follows_what_was_asked_for),
                TEST(process_starts_get_a_control_without_planted_work),
                TEST(the_expected_time_is_the_budget_or_less),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
