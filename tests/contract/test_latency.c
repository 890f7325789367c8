/* Times of single tasks: each task of a trial is timed once, under every start method. Of the
 * times nothing is asserted but their order. */
#include "contract/session_scene.h"
#include "run/run.h"
#include "support/make_plan.h"

#include <mproc/mproc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WORKERS 3

/* `tasks` of the smallest size that spin has. */
static struct trial_outcome spin(struct session *session, const char *start, uint64_t tasks,
                                 uint32_t timed)
{
        struct trial_request request = spin_request(start, WORKERS, tasks, 1000);
        struct trial_outcome outcome;

        request.timed = timed;
        outcome = run_trial(session, &lean, &request, NULL, NULL);
        if (outcome.status != TRIAL_OK)
                fail_msg("%s: %s", start, outcome.reason);
        assert_int_equal(outcome.final_value, outcome.expected_value);
        return outcome;
}

static void every_task_is_timed_once_under_every_start_method(void **state)
{
        for (size_t s = 0; mproc_start_at(s); s++) {
                const char *start = mproc_start_name(mproc_start_at(s));
                struct trial_latency latency = spin(*state, start, 10001, 1).latency;

                assert_int_equal(latency.count, 10001);
                assert_true(latency.ns[LATENCY_P50] > 0);
                for (int i = 1; i < LATENCY_COUNT; i++)
                        assert_true(latency.ns[i - 1] <= latency.ns[i]);
        }
}

static void a_percentile_has_ten_tasks_above_it_or_is_not_given(void **state)
{
        static const struct {
                uint64_t tasks;
                int given;
        } cases[] = {{19, 0}, {20, 1}, {99, 1}, {100, 2}, {999, 2}, {1000, 3}, {10000, 4}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct trial_latency latency = spin(*state, "thread", cases[i].tasks, 1).latency;

                assert_int_equal(latency.count, cases[i].tasks);
                for (int k = 0; k < LATENCY_MAX; k++)
                        assert_int_equal(latency.ns[k] > 0, k < cases[i].given);
                assert_true(latency.ns[LATENCY_MAX] > 0);
        }
}

static void nothing_is_timed_that_was_not_asked_for(void **state)
{
        static const struct trial_latency none;
        struct trial_latency latency = spin(*state, "fork", 1000, 0).latency;

        assert_memory_equal(&latency, &none, sizeof(none));
}

/* A run of two rounds, small enough for a test, and with enough tasks for a median in any case. */
static void run_long_tasks(struct result *result)
{
        struct run_hooks hooks = {.stop_fd = -1};
        struct mproc_err err = {0};
        struct plan plan;

        plan_init(&plan);
        make_plan_workload(&plan, "spin");
        make_plan_levels(&plan, FACTOR_START, "fork,spawn,thread");
        make_plan_levels(&plan, FACTOR_WORKERS, "2");
        make_plan_param(&plan, "task_time", "1ms");
        make_plan_param(&plan, "tasks", "100");
        plan.counters_off = 1;
        plan.start_strip = 0;
        plan.budget_ns = 0;
        plan.rounds = 2;
        result_init(result);
        if (run_expand(&plan, result, &err) < 0 || run_measure(result, &hooks, &err) < 0)
                fail_msg("%s", err.text);
}

static void long_tasks_are_timed_in_every_trial_of_a_run(void **unused)
{
        struct result result;

        (void)unused;
        run_long_tasks(&result);
        assert_int_equal(result.cell_count, 3);
        assert_int_equal(result.trial_count, 6);
        for (size_t i = 0; i < result.trial_count; i++) {
                const struct trial_outcome *out = &result.trials[i].outcome;

                assert_int_equal(out->status, TRIAL_OK);
                assert_int_equal(out->latency.count, out->ops);
                assert_true(out->latency.ns[LATENCY_P50] <= out->latency.ns[LATENCY_MAX]);
        }
        for (size_t i = 0; i < result.cell_count; i++) {
                assert_true(result.cells[i].latency.timed);
                assert_string_equal(result.cells[i].latency.note, "");
                assert_int_equal(result.cells[i].latency.summary[LATENCY_P50].n, 2);
        }
        result_done(&result);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(every_task_is_timed_once_under_every_start_method,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(a_percentile_has_ten_tasks_above_it_or_is_not_given,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_is_timed_that_was_not_asked_for, set_up,
                                                tear_down),
                cmocka_unit_test(long_tasks_are_timed_in_every_trial_of_a_run),
        };

        (void)argc;
        (void)argv;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
