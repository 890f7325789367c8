/* What runs beside the plan's own cells: the control, planted work, the load before the rounds. */
#include "base/clock.h"
#include "support/plan_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint32_t sustained; /* trials */
static bool stop, stops;   /* it stops while the load is sustained */

static int set_up_run(void **unused)
{
        set_up(unused);
        plan.budget_ns = 0;
        sustained = 0;
        stop = stops = false;
        return 0;
}

static void on_progress(const struct run_progress *progress, void *context)
{
        (void)context;
        if (strcmp(progress->stage, "sustaining"))
                return;
        sustained++;
        assert_true(progress->left_ns <= plan.sustain_ns);
        stop = stops;
}

static void run(void)
{
        struct run_hooks hooks = {.progress = on_progress, .stop = &stop, .stop_fd = -1};
        struct mproc_err err = {0};

        if (run_expand(&plan, &result, &err) || run_measure(&result, &hooks, &err))
                fail_msg("%s", err.text);
}

/* CPU time of the trials of a cell, over its work. */
static uint64_t cpu_ns(uint32_t cell)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < result.trial_count; i++) {
                const struct trial *trial = &result.trials[i];

                for (uint32_t w = 0; trial->cell == cell && w < trial->outcome.workers; w++)
                        sum += trial->workers[w].user_ns + trial->workers[w].system_ns;
        }
        return sum;
}

/* Eleven times as much work: no noise of a machine hides whether it is done. */
static void planted_work_is_done_by_the_slowed_cell_alone_and_spoils_no_result(void **unused)
{
        (void)unused;
        make_plan_workload(&plan, "spin");
        make_plan_param(&plan, "tasks", "100");
        make_plan_param(&plan, "task_time", "100us");
        make_plan_levels(&plan, FACTOR_WORKERS, "1");
        plan.rounds = 3;
        plan.control = 1;
        plan.planted_ppm = 10000000;
        run();
        assert_int_equal(result.cell_count, 3);
        assert_int_equal(result.trial_count, 9);
        for (size_t i = 0; i < 9; i++)
                assert_int_equal(result.trials[i].outcome.status, TRIAL_OK);
        for (size_t i = 0; i < 3; i++)
                assert_true(result.cells[i].verified);
        assert_int_equal(result.control_count, 1);
        assert_true(cpu_ns(2) > 3 * cpu_ns(0));
        assert_true(cpu_ns(2) > 3 * cpu_ns(1));
}

static void plan_counter(void)
{
        make_plan_workload(&plan, "counter");
        make_plan_levels(&plan, FACTOR_SHARE, "mutex,atomic");
        make_plan_levels(&plan, FACTOR_WORKERS, "1");
        make_plan_param(&plan, "increments", "1000");
        plan.rounds = 2;
}

static void sustained_load_leaves_no_trial_behind(void **unused)
{
        (void)unused;
        plan_counter();
        plan.sustain_ns = 200 * NS_PER_MS;
        run();
        assert_true(sustained > 0);
        assert_int_equal(result.rounds, 2);
        assert_int_equal(result.trial_count, 4);
        assert_int_equal(result.end, RESULT_COMPLETE);
        assert_true(result.duration_ns > plan.sustain_ns);
}

static void sustained_load_is_not_charged_to_the_budget(void **unused)
{
        (void)unused;
        plan_counter();
        plan.rounds = 0;
        plan.budget_ns = NS_PER_S; /* twelve rounds of a few ms are enough to verify */
        plan.sustain_ns = 2 * NS_PER_S;
        run();
        assert_true(result.rounds > 1); /* else it had been spent before the first one */
}

static void sustained_load_can_be_interrupted(void **unused)
{
        (void)unused;
        plan_counter();
        plan.sustain_ns = 3600 * NS_PER_S;
        stops = true;
        run();
        assert_int_equal(result.end, RESULT_INTERRUPTED);
        assert_int_equal(result.rounds, 0);
        assert_int_equal(sustained, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_run, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(planted_work_is_done_by_the_slowed_cell_alone_and_spoils_no_result),
                TEST(sustained_load_leaves_no_trial_behind),
                TEST(sustained_load_is_not_charged_to_the_budget),
                TEST(sustained_load_can_be_interrupted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
