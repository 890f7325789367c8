/* Which tasks are timed one by one, and what their times are summed up to. */
#include "base/clock.h"
#include "run/latency.h"
#include "run/summarise.h"
#include "support/synthetic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct result result;

static int set_up(void **unused)
{
        (void)unused;
        result_init(&result);
        synthetic_cell(&result, "a");
        synthetic_cell(&result, "b");
        result.cells[0].kind = result.cells[1].kind = MPB_TASKS;
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

static void the_time_of_a_task_is_that_of_its_worker(void **unused)
{
        struct trial *trial = synthetic_trial(&result, 0, 0, 1);
        struct cell *cell = &result.cells[0];

        (void)unused;
        trial->outcome.ops = 100;
        trial->workers[0].work_ns = 3000;
        trial->workers[1].work_ns = 2000;
        assert_true(latency_task_ns(cell, trial) == 50);
        cell->pus = 1; /* both on one PU: half of that was waiting */
        assert_true(latency_task_ns(cell, trial) == 25);
        trial->outcome.status = TRIAL_TIMED_OUT;
        assert_true(isnan(latency_task_ns(cell, trial)));
        trial->outcome.status = TRIAL_OK;
        cell->kind = MPB_SHARED;
        assert_true(isnan(latency_task_ns(cell, trial)));
}

static void short_tasks_are_not_timed_and_say_why(void **unused)
{
        const double task_ns[] = {1, NS_PER_S};

        (void)unused;
        result.cells[1].value[1] = 5; /* another task: its time has nothing to do with the first */
        latency_choose(&result, task_ns);
        assert_false(result.cells[0].latency.timed);
        assert_non_null(strstr(result.cells[0].latency.note, "tasks of 1 ns are too short"));
        assert_true(result.cells[1].latency.timed);
        assert_string_equal(result.cells[1].latency.note, "");
}

static void cells_that_are_compared_are_timed_alike(void **unused)
{
        const double task_ns[] = {1, NS_PER_S};

        (void)unused;
        latency_choose(&result, task_ns);
        assert_false(result.cells[0].latency.timed);
        assert_false(result.cells[1].latency.timed);
}

static void percentiles_are_medians_over_trials_no_surer_than_their_buckets(void **unused)
{
        const struct summary *p50 = &result.cells[0].latency.summary[LATENCY_P50],
                             *p99 = &result.cells[0].latency.summary[LATENCY_P99],
                             *max = &result.cells[0].latency.summary[LATENCY_MAX];

        (void)unused;
        for (uint32_t round = 0; round < 13; round++) {
                struct trial_latency *latency =
                        &synthetic_trial(&result, 0, round, 1e9)->outcome.latency;

                latency->count = 100;
                latency->ns[LATENCY_P50] = 1000;
                latency->ns[LATENCY_MAX] = 5000;
        }
        synthetic_trial(&result, 0, 13, 1e9)->outcome.status = TRIAL_TIMED_OUT;
        assert_int_equal(summarise_cells(&result, NULL), 0);
        assert_int_equal(p50->n, 13);
        assert_true(p50->median == 1000);
        assert_true(p50->ci_low < 995 && p50->ci_low > 990);
        assert_true(p50->ci_high > 1005 && p50->ci_high < 1010);
        assert_true(max->ci_low == 5000 && max->ci_high == 5000);
        assert_int_equal(p99->n, 0);
        assert_int_equal(result.cells[1].latency.summary[LATENCY_P50].n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(the_time_of_a_task_is_that_of_its_worker),
                TEST(short_tasks_are_not_timed_and_say_why),
                TEST(cells_that_are_compared_are_timed_alike),
                TEST(percentiles_are_medians_over_trials_no_surer_than_their_buckets),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
