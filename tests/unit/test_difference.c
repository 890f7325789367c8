/* Stored runs compared: what is paired, what is judged, what the whole comes to. */
#include "base/text.h"
#include "compare/difference.h"
#include "support/render.h"
#include "support/synthetic.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE 1e7 /* of mutex; atomic is five times as fast */
#define RUNS 6
#define ROUNDS 14

enum { MUTEX, ATOMIC }; /* cells of every run */

static struct result results[RUNS]; /* 0-2 are old, 3-5 new */
static struct difference_run runs[RUNS];
static struct difference difference;
static struct mproc_err err;

/* Run `i`, all of whose rates are `factor` times as high. */
static void make_run(size_t i, double factor)
{
        struct result *result = &results[i];

        result_init(result);
        synthetic_rounds(result, synthetic_cell(result, "mutex"), ROUNDS, factor * RATE);
        synthetic_rounds(result, synthetic_cell(result, "atomic"), ROUNDS, 5 * factor * RATE);
        text_copy(result->tool_version, sizeof(result->tool_version), "0.2.0");
        text_copy(result->environment.kernel, 16, "Linux 6.1");
        text_copy(result->environment.cpu, 16, "CPU");
        result->environment.allowed_pus = 2;
        result->environment.cpu_quota = -1;
        runs[i] = (struct difference_run){result, "run"};
}

/* Three runs a side, which differ by some thousandths; `slower`: how many times as slow the new
 * are.
 */
static void set_up_runs(double slower)
{
        for (size_t i = 0; i < RUNS; i++)
                make_run(i, (1 + 0.0007 * (double)(i * 3 % 7)) / (i < 3 ? 1 : slower));
}

static int set_up(void **unused)
{
        (void)unused;
        set_up_runs(1);
        memset(&err, 0, sizeof(err));
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        difference_done(&difference);
        memset(&difference, 0, sizeof(difference));
        for (size_t i = 0; i < RUNS; i++)
                result_done(&results[i]);
        return 0;
}

static void compare(size_t old_count, size_t new_count)
{
        assert_int_equal(
                difference_init(&difference, runs, old_count, runs + 3, new_count, 0.02, &err), 0);
}

static void slow_down(double slower)
{
        for (size_t i = 0; i < RUNS; i++)
                result_done(&results[i]);
        set_up_runs(slower);
}

static void three_runs_with_three_equal_ones_have_no_regression(void **unused)
{
        (void)unused;
        compare(3, 3);
        assert_int_equal(difference.regression, REGRESSION_NO);
        assert_false(difference.same);
        assert_int_equal(difference.cells[MUTEX].kind, DIFFERENCE_JUDGED);
        assert_int_equal(difference.cells[MUTEX].verdict, VERDICT_EQUIVALENT);
        assert_contains(difference.outcome, "No regression: 2 cells");
}

static void ten_percent_in_every_trial_are_a_regression(void **unused)
{
        (void)unused;
        slow_down(1.1);
        compare(3, 3);
        assert_int_equal(difference.regression, REGRESSION_YES);
        for (int i = MUTEX; i <= ATOMIC; i++) {
                assert_int_equal(difference.cells[i].verdict, VERDICT_SLOWER);
                assert_float_equal(difference.cells[i].effect.ratio, 1 / 1.1, 0.01);
        }
        /* Corrected for two comparisons. */
        assert_float_equal(difference.cells[MUTEX].p_holm, 2 * difference.cells[MUTEX].effect.p,
                           1e-9);
        assert_contains(difference.outcome, "and 1 more");
}

static void what_became_faster_is_no_regression(void **unused)
{
        (void)unused;
        slow_down(1 / 1.1);
        compare(3, 3);
        assert_int_equal(difference.regression, REGRESSION_NO);
        assert_int_equal(difference.cells[MUTEX].verdict, VERDICT_FASTER);
}

static void slower_within_the_threshold_is_no_regression(void **unused)
{
        (void)unused;
        slow_down(1.01);
        compare(3, 3);
        assert_int_equal(difference.cells[MUTEX].verdict, VERDICT_SLOWER);
        assert_int_equal(difference.regression, REGRESSION_NO);
}

static void one_run_or_two_a_side_are_described_without_a_verdict(void **unused)
{
        (void)unused;
        slow_down(1.1);
        for (size_t n = 1; n <= 2; n++) {
                compare(n, 3);
                assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
                assert_int_equal(difference.cells[MUTEX].kind, DIFFERENCE_DESCRIBED);
                assert_float_equal(difference.cells[MUTEX].effect.ratio, 1 / 1.1, 0.01);
                assert_true(isnan(difference.cells[MUTEX].effect.low));
                assert_contains(difference.outcome, "three on each side");
                assert_contains(difference.outcome, "mpbench ab");
                difference_done(&difference);
        }
}

/* Runs that differ among themselves say how many of them would do. */
static void runs_that_disagree_are_inconclusive(void **unused)
{
        (void)unused;
        for (size_t i = 0; i < RUNS; i++)
                result_done(&results[i]);
        for (size_t i = 0; i < RUNS; i++)
                make_run(i, 1 + 0.02 * (double)(i * 4 % 7));
        compare(3, 3);
        assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
        assert_int_equal(difference.cells[MUTEX].verdict, VERDICT_INCONCLUSIVE);
        assert_in_range(difference.cells[MUTEX].runs_wanted, 4, 50);
        assert_contains(difference.outcome, "runs a side would do");
}

static void the_same_runs_on_both_sides_did_not_change(void **unused)
{
        (void)unused;
        assert_int_equal(difference_init(&difference, runs, 1, runs, 1, 0.02, &err), 0);
        assert_true(difference.same);
        assert_int_equal(difference.regression, REGRESSION_NO);
        difference_done(&difference);
        /* In another order, and one of them named twice. */
        runs[3] = runs[2];
        runs[4] = runs[0];
        runs[5] = runs[1];
        assert_int_equal(difference_init(&difference, runs, 4, runs + 3, 3, 0.02, &err), 0);
        assert_true(difference.same);
        assert_int_equal(difference.run_used[SIDE_OLD], 3);
        assert_contains(difference.outcome, "Nothing changed");
}

static void a_run_named_three_times_is_one_run(void **unused)
{
        (void)unused;
        runs[1] = runs[2] = runs[0];
        compare(3, 3);
        assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
        assert_int_equal(difference.cells[MUTEX].kind, DIFFERENCE_DESCRIBED);
}

static void a_run_among_others_on_both_sides_is_refused(void **unused)
{
        (void)unused;
        runs[4] = runs[0];
        assert_int_equal(difference_init(&difference, runs, 3, runs + 3, 3, 0.02, &err), -EINVAL);
        assert_contains(err.text, "on both sides");
}

static void automatic_parameters_are_one_choice_and_explicit_ones_are_not(void **unused)
{
        (void)unused;
        for (size_t i = 3; i < RUNS; i++) {
                results[i].cells[MUTEX].value[0] *= 3;  /* found by calibration */
                results[i].cells[ATOMIC].value[1] = 77; /* hold */
        }
        compare(3, 3);
        assert_int_equal(difference.all.cell_count, 3);
        assert_int_equal(difference.cells[MUTEX].kind, DIFFERENCE_JUDGED);
        assert_int_equal(difference.cells[ATOMIC].kind, DIFFERENCE_ONE_SIDED);
        assert_int_equal(difference.cells[2].kind, DIFFERENCE_ONE_SIDED);
        assert_int_equal(difference.regression, REGRESSION_NO); /* the others are compared */
}

static void runs_without_a_cell_in_common_give_no_verdict(void **unused)
{
        (void)unused;
        for (size_t i = 3; i < RUNS; i++)
                for (size_t k = MUTEX; k <= ATOMIC; k++)
                        text_copy(results[i].cells[k].level[FACTOR_START], LEVEL_BYTES, "spawn");
        compare(3, 3);
        assert_int_equal(difference.all.cell_count, 4);
        assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
}

/* Even of single runs, and on another machine. */
static void a_result_that_is_newly_wrong_is_a_regression(void **unused)
{
        (void)unused;
        results[3].cells[ATOMIC].status = CELL_FAILED;
        text_copy(results[3].cells[ATOMIC].note, 64, "wrong: 1 instead of 2 in 1 of 14 trials");
        text_copy(results[3].environment.cpu, 16, "other");
        compare(1, 1);
        assert_int_equal(difference.cells[ATOMIC].kind, DIFFERENCE_FAILS);
        assert_int_equal(difference.regression, REGRESSION_YES);
        assert_contains(difference.outcome, "1 instead of 2");
        difference_done(&difference);
        results[0].cells[ATOMIC].status = CELL_FAILED; /* it was wrong before */
        compare(1, 1);
        assert_int_equal(difference.cells[ATOMIC].kind, DIFFERENCE_NO_FIGURE);
        assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
}

static void a_figure_that_is_gone_is_not_passed_over(void **unused)
{
        (void)unused;
        for (size_t i = 3; i < RUNS; i++)
                results[i].cells[ATOMIC].status = CELL_COLLAPSED;
        compare(3, 3);
        assert_int_equal(difference.cells[ATOMIC].kind, DIFFERENCE_LOST);
        assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
        assert_contains(difference.outcome, "atomic has no figure any more");
}

/* The strip stands beside what was asked for: how long a start takes decides nothing. */
static void start_costs_beside_the_workload_are_described(void **unused)
{
        (void)unused;
        for (size_t i = 0; i < RUNS; i++)
                synthetic_start_cell(&results[i], "fork", ROUNDS, i < 3 ? 1e5 : 2e5);
        compare(3, 3);
        assert_int_equal(difference.cells[2].kind, DIFFERENCE_NOT_ASKED);
        assert_float_equal(difference.cells[2].effect.ratio, 2, 0.1);
        assert_int_equal(difference.regression, REGRESSION_NO);
}

/* Disturbed rounds are left out, as in the report. */
static void figures_are_made_of_the_trials_that_count(void **unused)
{
        (void)unused;
        for (size_t i = 3; i < RUNS; i++)
                for (size_t k = 0; k < results[i].trial_count; k++)
                        if (results[i].trials[k].round < 5) {
                                results[i].trials[k].disturbed = 1;
                                results[i].trials[k].outcome.overlap_ns *= 9;
                        }
        compare(3, 3);
        assert_int_equal(difference.cells[MUTEX].verdict, VERDICT_EQUIVALENT);
}

static const struct difference_change *change(const char *what)
{
        for (size_t i = 0; i < difference.change_count; i++)
                if (!strcmp(difference.changes[i].what, what))
                        return &difference.changes[i];
        return NULL;
}

static void another_kernel_is_told_and_compared(void **unused)
{
        (void)unused;
        for (size_t i = 3; i < RUNS; i++)
                text_copy(results[i].environment.kernel, 16, "Linux 6.2");
        text_copy(results[0].environment.kernel, 16, "Linux 6.0");
        results[4].plan.sustain_ns = 1000000000;
        compare(3, 3);
        assert_int_equal(difference.change_count, 2);
        assert_string_equal(change("kernel")->text[SIDE_OLD], "Linux 6.0 / Linux 6.1");
        assert_string_equal(change("kernel")->text[SIDE_NEW], "Linux 6.2");
        assert_string_equal(change("load before")->text[SIDE_NEW], "none / 1 s");
        assert_int_equal(change("kernel")->forbids, 0);
        assert_int_equal(difference.regression, REGRESSION_NO);
}

static void another_machine_forbids_a_verdict(void **unused)
{
        (void)unused;
        results[1].environment.allowed_pus = 4; /* within one side, too */
        compare(3, 3);
        assert_true(difference.forbidden);
        assert_int_equal(change("usable PUs")->forbids, 1);
        assert_int_equal(difference.cells[MUTEX].kind, DIFFERENCE_DESCRIBED);
        assert_int_equal(difference.regression, REGRESSION_UNCLEAR);
        assert_contains(difference.outcome, "another machine, too (usable PUs)");
}

static void what_is_not_known_forbids_nothing(void **unused)
{
        (void)unused;
        for (size_t i = 0; i < 3; i++)
                text_copy(results[i].environment.governor, 16, "performance");
        compare(3, 3);
        assert_string_equal(change("frequency governor")->text[SIDE_NEW], "not known");
        assert_false(difference.forbidden);
        assert_int_equal(difference.regression, REGRESSION_NO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        const struct CMUnitTest tests[] = {
                TEST(three_runs_with_three_equal_ones_have_no_regression),
                TEST(ten_percent_in_every_trial_are_a_regression),
                TEST(what_became_faster_is_no_regression),
                TEST(slower_within_the_threshold_is_no_regression),
                TEST(one_run_or_two_a_side_are_described_without_a_verdict),
                TEST(runs_that_disagree_are_inconclusive),
                TEST(the_same_runs_on_both_sides_did_not_change),
                TEST(a_run_named_three_times_is_one_run),
                TEST(a_run_among_others_on_both_sides_is_refused),
                TEST(automatic_parameters_are_one_choice_and_explicit_ones_are_not),
                TEST(runs_without_a_cell_in_common_give_no_verdict),
                TEST(a_result_that_is_newly_wrong_is_a_regression),
                TEST(a_figure_that_is_gone_is_not_passed_over),
                TEST(start_costs_beside_the_workload_are_described),
                TEST(figures_are_made_of_the_trials_that_count),
                TEST(another_kernel_is_told_and_compared),
                TEST(another_machine_forbids_a_verdict),
                TEST(what_is_not_known_forbids_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
