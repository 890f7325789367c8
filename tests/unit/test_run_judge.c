/* Comparisons with the baseline, and their verdicts. */
#include "base/text.h"
#include "support/three_cells.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Comparisons ------------------------------------------------------------------------------- */

static void clear_differences_are_faster_and_slower(void **unused)
{
        const struct comparison *comparison;

        (void)unused;
        measured(12);
        judge();
        assert_int_equal(result.comparison_count, 2);
        assert_int_equal(verdict_of(atomic), VERDICT_FASTER);
        assert_int_equal(verdict_of(sharded), VERDICT_SLOWER);
        comparison = synthetic_comparison(&result, atomic, METRIC_THROUGHPUT);
        assert_int_equal(comparison->baseline, mutex);
        assert_int_equal(comparison->n, 12);
        assert_true(fabs(comparison->ratio - 5) < 0.02); /* cell ÷ baseline */
        assert_true(comparison->ci_low < 5 && comparison->ci_high > 5);
        assert_true(comparison->p == 2.0 / 4096); /* 12 signs agree */
        assert_true(comparison->p_holm == 2 * comparison->p);
        assert_true(isnan(comparison->all_rounds_ratio));
        assert_string_equal(result.no_verdict, "");
}

static void less_time_is_faster_where_time_is_the_metric(void **unused)
{
        uint32_t spawn;

        (void)unused;
        result.cell_count = 0;
        synthetic_start_cell(&result, "fork", 12, 200000);
        spawn = synthetic_start_cell(&result, "spawn", 12, 600000);
        judge();
        assert_int_equal(synthetic_comparison(&result, spawn, METRIC_WALL)->verdict,
                         VERDICT_SLOWER);
        assert_true(synthetic_comparison(&result, spawn, METRIC_WALL)->ratio > 2.9);
}

static void a_small_difference_is_equivalent_within_the_threshold(void **unused)
{
        (void)unused;
        synthetic_rounds(&result, mutex, 12, RATE);
        synthetic_rounds(&result, atomic, 12, 1.01 * RATE);
        result.plan.threshold_ppm = 50000;
        judge();
        result.plan.threshold_ppm = 5000;
        assert_int_equal(verdict_of(atomic), VERDICT_FASTER); /* 12 of 12: it is faster, by 1 % */
        for (size_t i = 0; i < result.trial_count; i += 2) /* now every other round the reverse */
                result.trials[i].outcome.overlap_ops =
                        (uint64_t)((double)result.trials[i].outcome.overlap_ops *
                                   (result.trials[i].cell == atomic ? 0.98 : 1));
        judge();
        assert_int_equal(verdict_of(atomic), VERDICT_INCONCLUSIVE);
        result.plan.threshold_ppm = 50000;
        judge();
        assert_int_equal(verdict_of(atomic), VERDICT_EQUIVALENT);
}

static void only_measured_cells_are_compared_and_count_for_holm(void **unused)
{
        (void)unused;
        measured(12);
        result.cells[sharded].status = CELL_VERIFIED_ONLY;
        judge();
        assert_int_equal(result.comparison_count, 1);
        assert_true(result.comparisons[0].p_holm == result.comparisons[0].p);
        result.cells[sharded].status = CELL_LOSSY;
        judge();
        assert_int_equal(result.comparison_count, 1);
}

static void each_workload_has_a_baseline_and_a_family_of_its_own(void **unused)
{
        uint32_t fork, spawn;

        (void)unused;
        fork = synthetic_start_cell(&result, "fork", 12, 200000);
        spawn = synthetic_start_cell(&result, "spawn", 12, 600000);
        measured(12);
        judge();
        assert_int_equal(result.comparison_count, 3);
        assert_int_equal(synthetic_comparison(&result, spawn, METRIC_WALL)->baseline, fork);
        assert_true(synthetic_comparison(&result, spawn, METRIC_WALL)->p_holm == 2.0 / 4096);
        assert_true(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->p_holm ==
                    2 * 2.0 / 4096);
}

static void only_start_methods_are_compared_by_the_cost_of_starting(void **unused)
{
        uint32_t spawn = synthetic_cell(&result, "mutex"), held = synthetic_cell(&result, "mutex");

        (void)unused;
        set_level(spawn, FACTOR_START, "spawn");
        set_level(held, FACTOR_START, "spawn");
        result.cells[held].value[1] = 100; /* another hold */
        measured(12);
        synthetic_rounds(&result, spawn, 12, RATE);
        synthetic_rounds(&result, held, 12, RATE);
        judge();
        assert_non_null(synthetic_comparison(&result, spawn, METRIC_START));
        assert_int_equal(synthetic_comparison(&result, spawn, METRIC_START)->verdict, VERDICT_NONE);
        assert_null(synthetic_comparison(&result, atomic, METRIC_START));
        assert_null(synthetic_comparison(&result, held,
                                         METRIC_START)); /* it differs in its parameters, too */
}

static void disturbed_rounds_are_left_out_and_their_ratio_is_told(void **unused)
{
        const struct comparison *comparison;

        (void)unused;
        measured(25);
        for (size_t i = 0; i < result.trial_count; i++)
                if (result.trials[i].round < 13) {
                        result.trials[i].disturbed = 1;
                        if (result.trials[i].cell == atomic)
                                result.trials[i].outcome.overlap_ops /= 5;
                }
        result.disturbed_rounds = 13;
        judge();
        comparison = synthetic_comparison(&result, atomic, METRIC_THROUGHPUT);
        assert_int_equal(comparison->n, 12);
        assert_true(fabs(comparison->ratio - 5) < 0.02);
        assert_true(fabs(comparison->all_rounds_ratio - 1) < 0.02);
        result.disturbed_kept = 1;
        judge();
        comparison = synthetic_comparison(&result, atomic, METRIC_THROUGHPUT);
        assert_int_equal(comparison->n, 25);
        assert_true(isnan(comparison->all_rounds_ratio));
}

static void a_round_that_was_cut_short_compares_what_it_has(void **unused)
{
        (void)unused;
        measured(12);
        synthetic_trial(&result, mutex, 12, RATE);
        result.rounds = 12; /* whole ones */
        judge();
        assert_int_equal(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->n, 12);
        synthetic_trial(&result, atomic, 12, 5 * RATE);
        result.rounds = 12;
        judge();
        assert_int_equal(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->n, 13);
        assert_int_equal(synthetic_comparison(&result, sharded, METRIC_THROUGHPUT)->n, 12);
}

static void several_looks_share_the_error(void **unused)
{
        double low, p = 2.0 / 4096;

        (void)unused;
        for (uint32_t i = 0; i < 38; i++) /* 40 comparisons */
                synthetic_cell(&result, "atomic");
        assert_int_equal(judge_rounds_needed(&result), 12);
        measured(12);
        judge();
        low = synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->ci_low;
        assert_int_equal(verdict_of(atomic), VERDICT_FASTER); /* 0.0195 < 0.05 */

        result.plan.precision_ppm = 10000;
        assert_int_equal(judge_rounds_needed(&result), 13); /* 1 + log2(40 × 3 / 0.05) = 12.2 */
        judge();
        assert_true(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->ci_low < low);
        assert_true(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->p_holm == 40 * p);
        assert_int_equal(verdict_of(atomic), VERDICT_INCONCLUSIVE); /* 0.0195 > 0.0167 */
}

/* The baseline ------------------------------------------------------------------------------ */

static uint32_t baseline(const char *wanted)
{
        const struct cell *cell;

        text_copy(result.plan.baseline, sizeof(result.plan.baseline), wanted);
        cell = judge_baseline(&result, "counter");
        assert_non_null(cell);
        return cell->id;
}

static void the_baseline_is_the_workloads_or_as_the_user_says(void **unused)
{
        uint32_t spawn = synthetic_cell(&result, "mutex");

        (void)unused;
        set_level(spawn, FACTOR_START, "spawn");
        assert_int_equal(baseline(""), mutex);
        assert_int_equal(baseline("atomic"), atomic);
        assert_int_equal(baseline("share=sharded"), sharded);
        assert_int_equal(baseline("spawn"), spawn);
        assert_int_equal(baseline("start=spawn,share=mutex"), spawn);
        assert_int_equal(baseline("mutex,workers=2"), mutex);
        assert_int_equal(judge_check(&result, NULL), 0);
}

static void a_baseline_that_is_not_to_be_measured_is_refused(void **unused)
{
        static const char *const wrong[] = {"nonsense", "start=mutex", "factor=mutex",
                                            "mutex,spawn"};
        struct mproc_err err;

        (void)unused;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                text_copy(result.plan.baseline, sizeof(result.plan.baseline), wrong[i]);
                assert_int_equal(judge_check(&result, &err), -EINVAL);
                assert_non_null(strstr(err.text, wrong[i]));
        }
        text_copy(result.plan.baseline, sizeof(result.plan.baseline), "mutex");
        result.cells[mutex].status = CELL_SKIPPED;
        assert_int_equal(judge_check(&result, &err), -EINVAL);
}

static void where_the_usual_baseline_collapsed_another_one_stands(void **unused)
{
        (void)unused;
        result.cells[mutex].status = CELL_COLLAPSED;
        assert_int_equal(baseline(""), atomic);
}

static void a_named_baseline_that_collapsed_is_not_replaced(void **unused)
{
        (void)unused;
        measured(12);
        result.cells[sharded].status = CELL_COLLAPSED;
        text_copy(result.plan.baseline, sizeof(result.plan.baseline), "sharded");
        assert_null(judge_baseline(&result, "counter"));
        judge();
        assert_int_equal(result.comparison_count, 0);
        assert_non_null(strstr(result.no_verdict, "the baseline sharded could not be measured"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(clear_differences_are_faster_and_slower),
                TEST(less_time_is_faster_where_time_is_the_metric),
                TEST(a_small_difference_is_equivalent_within_the_threshold),
                TEST(only_measured_cells_are_compared_and_count_for_holm),
                TEST(each_workload_has_a_baseline_and_a_family_of_its_own),
                TEST(only_start_methods_are_compared_by_the_cost_of_starting),
                TEST(disturbed_rounds_are_left_out_and_their_ratio_is_told),
                TEST(a_round_that_was_cut_short_compares_what_it_has),
                TEST(several_looks_share_the_error),
                TEST(the_baseline_is_the_workloads_or_as_the_user_says),
                TEST(a_baseline_that_is_not_to_be_measured_is_refused),
                TEST(where_the_usual_baseline_collapsed_another_one_stands),
                TEST(a_named_baseline_that_collapsed_is_not_replaced),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
