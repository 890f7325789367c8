/* Drift, warm-up and modes: what is there is found and said, once; what is not there is not said.
 */
#include "reports/wording.h"
#include "run/steady.h"
#include "run/summarise.h"
#include "support/render.h"
#include "support/synthetic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 13
#define RATE 1e9

static struct result result;
static char text[512];

static int set_up(void **unused)
{
        (void)unused;
        result_init(&result);
        plan_init(&result.plan);
        synthetic_cell(&result, "mutex");
        synthetic_cell(&result, "atomic");
        synthetic_cell(&result, "sharded");
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

/* Of one cell: its speed by round, and a few in a thousand around it. */
static void rounds_of(uint32_t cell, const double speed[ROUNDS])
{
        for (uint32_t round = 0; round < ROUNDS; round++)
                synthetic_trial(&result, cell, round,
                                speed[round] * RATE *
                                        (1 + 0.001 * ((round * 5 + cell * 3) % 13 - 6.0)));
}

static void steady(double speed[ROUNDS])
{
        for (size_t i = 0; i < ROUNDS; i++)
                speed[i] = 1;
}

static void slowing(double speed[ROUNDS])
{
        for (size_t i = 0; i < ROUNDS; i++)
                speed[i] = pow(0.99, (double)i);
}

static const char *said(void)
{
        assert_int_equal(summarise_cells(&result, NULL), 0);
        assert_int_equal(steady_cells(&result, NULL), 0);
        return wording_steady(&result, text, sizeof(text));
}

static void a_steady_run_has_nothing_to_say(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        steady(speed);
        for (uint32_t cell = 0; cell < 3; cell++)
                rounds_of(cell, speed);
        assert_string_equal(said(), "");
        assert_int_equal(result.cells[0].trend.n, ROUNDS);
        assert_int_equal(result.trend.n, ROUNDS);
        assert_true(result.cells[0].trend.p_holm >= result.cells[0].trend.p);
        assert_int_equal(result.cells[0].modes.low_n, 0);
}

static void a_machine_that_slows_down_is_said_once(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        slowing(speed);
        for (uint32_t cell = 0; cell < 3; cell++)
                rounds_of(cell, speed);
        assert_contains(said(),
                        "The machine got 11 % slower over the 13 rounds. Comparisons stand");
        assert_contains(text, "--sustain=30s");
        assert_lacks(text, "mutex");
        assert_true(fabs(result.trend.change + 0.114) < 0.01);
        result.plan.sustain_ns = 1;
        assert_lacks(said(), "--sustain");
}

/* Times get longer where rates get smaller. */
static void a_machine_that_slows_down_is_seen_in_times_too(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        slowing(speed);
        for (uint32_t cell = 0; cell < 3; cell++) {
                result.cells[cell].primary = METRIC_WALL;
                rounds_of(cell, speed);
        }
        for (size_t i = 0; i < result.trial_count; i++)
                result.trials[i].outcome.wall_ns = (uint64_t)(1e8 / speed[i % ROUNDS]);
        assert_contains(said(), "The machine got 11 % slower");
        assert_true(result.cells[0].trend.change > 0.1);
}

static void a_cell_that_drifts_among_steady_ones_is_named(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        steady(speed);
        rounds_of(0, speed);
        rounds_of(2, speed);
        slowing(speed);
        rounds_of(1, speed);
        said();
        /* One of four that are looked at: three cells, and what they have in common. */
        assert_true(result.cells[1].trend.p_holm == 4 * result.cells[1].trend.p);
        assert_string_equal(text, "atomic got 11 % slower over the rounds: it has no steady "
                                  "figure.");
        result.plan.workload_count = 2; /* each may have such a cell */
        assert_contains(wording_steady(&result, text, sizeof(text)), "counter: atomic got 11 %");
}

static void a_drift_below_the_threshold_does_not_matter(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        slowing(speed);
        for (uint32_t cell = 0; cell < 3; cell++)
                rounds_of(cell, speed);
        result.plan.threshold_ppm = 200000;
        assert_string_equal(said(), "");
        assert_true(result.trend.p_holm < 0.05);
}

static void rounds_of_a_warm_up_are_counted(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        steady(speed);
        speed[0] = 0.7;
        speed[1] = 0.8;
        speed[2] = 0.9;
        for (uint32_t cell = 0; cell < 3; cell++)
                rounds_of(cell, speed);
        assert_string_equal(said(), "The first 3 rounds differ from the rest, as in a warm-up: "
                                    "--sustain=30s measures a machine that has been at work.");
        assert_int_equal(result.trend.warmup, 3);
}

static void of_one_cell_its_own_warm_up_is_said(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        steady(speed);
        speed[0] = speed[1] = speed[2] = 0.5;
        rounds_of(0, speed);
        assert_contains(said(), "The first 3 rounds differ");
        assert_int_equal(result.trend.n, 0); /* there is nothing in common */
}

static void disturbed_rounds_are_not_looked_at(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        steady(speed);
        for (uint32_t cell = 0; cell < 3; cell++)
                rounds_of(cell, speed);
        for (size_t i = 0; i < result.trial_count; i++)
                result.trials[i].disturbed = result.trials[i].round == 4;
        said();
        assert_int_equal(result.trend.n, ROUNDS - 1);
        assert_int_equal(result.cells[1].trend.n, ROUNDS - 1);
}

static void two_modes_are_kept_with_their_trials(void **unused)
{
        double speed[ROUNDS];

        (void)unused;
        steady(speed);
        rounds_of(1, speed);
        for (size_t i = 0; i < ROUNDS; i++)
                speed[i] = i % 5 < 2 ? 1.5 : 1; /* five of six in thirteen */
        rounds_of(0, speed);
        said();
        assert_int_equal(result.cells[0].modes.low_n, 7);
        assert_int_equal(result.cells[0].modes.high_n, 6);
        assert_true(fabs(result.cells[0].modes.low / RATE - 1) < 0.01);
        assert_true(fabs(result.cells[0].modes.high / RATE - 1.5) < 0.01);
        assert_int_equal(result.cells[1].modes.low_n, 0);
        result.plan.threshold_ppm = 600000; /* nobody minds */
        said();
        assert_int_equal(result.cells[0].modes.low_n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(a_steady_run_has_nothing_to_say),
                TEST(a_machine_that_slows_down_is_said_once),
                TEST(a_machine_that_slows_down_is_seen_in_times_too),
                TEST(a_cell_that_drifts_among_steady_ones_is_named),
                TEST(a_drift_below_the_threshold_does_not_matter),
                TEST(rounds_of_a_warm_up_are_counted),
                TEST(of_one_cell_its_own_warm_up_is_said),
                TEST(disturbed_rounds_are_not_looked_at),
                TEST(two_modes_are_kept_with_their_trials),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
