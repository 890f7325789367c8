/* How the number of operations follows what a trial took. */
#include "run/calibrate.h"
#include "support/synthetic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct result result;
static struct cell *cell;
static struct trial_outcome *outcome;

static int set_up(void **unused)
{
        (void)unused;
        result_init(&result);
        result.plan.timeout_ns = 10000000000;
        synthetic_cell(&result, "mutex");
        cell = result.cells;
        outcome = &synthetic_trial(&result, 0, 0, 1e9)->outcome;
        outcome->overlap_ns = outcome->run_ns = 10000000; /* half of what a rate needs */
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

static void a_trial_that_came_out_short_lengthens_the_next_ones(void **unused)
{
        (void)unused;
        calibrate_again(&result, cell, outcome);
        assert_true(cell->ops > SYNTHETIC_OPS && cell->ops <= 2 * SYNTHETIC_OPS);
        assert_int_equal(cell->value[0], cell->ops); /* and the report shows it */
        assert_string_not_equal(cell->value_text[0], "");
}

static void what_was_long_enough_or_explicit_or_failed_stays(void **unused)
{
        (void)unused;
        cell->ops_auto = 0;
        calibrate_again(&result, cell, outcome);
        assert_int_equal(cell->ops, SYNTHETIC_OPS);
        cell->ops_auto = 1;
        outcome->status = TRIAL_WORKER_DIED;
        calibrate_again(&result, cell, outcome);
        assert_int_equal(cell->ops, SYNTHETIC_OPS);
        outcome->status = TRIAL_OK;
        outcome->overlap_ns = 20000000;
        calibrate_again(&result, cell, outcome);
        assert_int_equal(cell->ops, SYNTHETIC_OPS);
}

static void under_a_quota_ten_of_its_periods_are_long_enough(void **unused)
{
        (void)unused;
        result.environment.cpu_quota = 0.5;
        result.environment.quota_period_ns = 100000000;
        outcome->overlap_ns = outcome->run_ns = 900000000;
        calibrate_again(&result, cell, outcome);
        assert_true(cell->ops > SYNTHETIC_OPS);
        result.plan.timeout_ns = 4000000000; /* then half a second is all that may be aimed at */
        cell->ops = SYNTHETIC_OPS;
        calibrate_again(&result, cell, outcome);
        assert_int_equal(cell->ops, SYNTHETIC_OPS);
}

static void an_input_is_repeated_whole(void **unused)
{
        (void)unused;
        result.plan.input_lines = 7;
        cell->kind = MPB_TASKS;
        cell->ops = 700;
        outcome->run_ns = 17000000;
        calibrate_again(&result, cell, outcome);
        assert_true(cell->ops > 700);
        assert_int_equal(cell->ops % 7, 0);
}

static void tasks_are_as_many_as_workers_can_share_evenly(void **unused)
{
        (void)unused;
        cell->kind = MPB_TASKS;
        cell->workers = 7;
        cell->ops = 70;
        calibrate_again(&result, cell, outcome);
        assert_true(cell->ops > 70);
        assert_int_equal(cell->ops % 7, 0);
}

/* Workers that share a PU may not overlap at all in a first trial. */
static void work_that_does_not_overlap_is_not_lengthened_without_end(void **unused)
{
        (void)unused;
        outcome->overlap_ns = 0;
        outcome->run_ns = 1000000000;
        calibrate_again(&result, cell, outcome);
        assert_true(cell->ops > SYNTHETIC_OPS && cell->ops <= 1.3 * SYNTHETIC_OPS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_trial_that_came_out_short_lengthens_the_next_ones),
                TEST(what_was_long_enough_or_explicit_or_failed_stays),
                TEST(under_a_quota_ten_of_its_periods_are_long_enough),
                TEST(an_input_is_repeated_whole),
                TEST(tasks_are_as_many_as_workers_can_share_evenly),
                TEST(work_that_does_not_overlap_is_not_lengthened_without_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
