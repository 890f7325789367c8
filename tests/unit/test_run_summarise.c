/* What the trials of a cell are summed up to: figures, and whether they may be shown at all. */
#include "run/summarise.h"
#include "support/synthetic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define RATE 1e9
#define ROUNDS 13

static struct result result;

static int set_up(void **unused)
{
        (void)unused;
        result_init(&result);
        synthetic_cell(&result, "mutex");
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

static const struct cell *summarised(void)
{
        assert_int_equal(summarise_cells(&result, NULL), 0);
        return &result.cells[0];
}

static double median_of(enum metric metric)
{
        return result.cells[0].summary[metric].median;
}

static void disturb(uint32_t round)
{
        for (size_t i = 0; i < result.trial_count; i++)
                if (result.trials[i].round == round)
                        result.trials[i].disturbed = 1;
        result.disturbed_rounds++;
}

static void figures_are_medians_over_trials_in_their_units(void **unused)
{
        const struct cell *cell;

        (void)unused;
        synthetic_rounds(&result, 0, ROUNDS, RATE);
        cell = summarised();
        assert_int_equal(cell->status, CELL_MEASURED);
        assert_true(cell->verified);
        assert_string_equal(cell->note, "");
        assert_int_equal(cell->summary[METRIC_THROUGHPUT].n, ROUNDS);
        assert_true(fabs(median_of(METRIC_THROUGHPUT) / RATE - 1) < 1e-6);
        assert_true(cell->summary[METRIC_THROUGHPUT].ci_low < RATE &&
                    cell->summary[METRIC_THROUGHPUT].ci_high > RATE);
        assert_true(median_of(METRIC_START) == 400000); /* ns */
        assert_true(median_of(METRIC_WALL) == 100e6);
        assert_int_equal(cell->final_value, 2 * SYNTHETIC_OPS);
}

static void one_trial_has_a_figure_and_no_interval(void **unused)
{
        const struct cell *cell;

        (void)unused;
        synthetic_rounds(&result, 0, 1, RATE);
        cell = summarised();
        assert_false(isnan(median_of(METRIC_THROUGHPUT)));
        assert_true(isnan(cell->summary[METRIC_THROUGHPUT].ci_low));
        assert_int_equal(cell->summary[METRIC_THROUGHPUT].n, 1);
}

static void without_trials_nothing_is_known(void **unused)
{
        (void)unused;
        assert_false(summarised()->verified);
        assert_int_equal(result.cells[0].summary[METRIC_THROUGHPUT].n, 0);
        assert_true(isnan(median_of(METRIC_THROUGHPUT)));
}

static void disturbed_rounds_are_left_out_unless_they_are_kept(void **unused)
{
        (void)unused;
        for (uint32_t round = 0; round < 3; round++)
                synthetic_trial(&result, 0, round, round < 2 ? RATE / 2 : RATE);
        disturb(0);
        disturb(1);
        summarised();
        assert_true(fabs(median_of(METRIC_THROUGHPUT) / RATE - 1) < 1e-6);
        result.disturbed_kept = 1;
        summarised();
        assert_true(fabs(median_of(METRIC_THROUGHPUT) / RATE - 0.5) < 1e-6);
        assert_int_equal(result.cells[0].summary[METRIC_THROUGHPUT].n, 3);
}

static void work_that_is_too_short_has_no_rate_and_the_note_says_so(void **unused)
{
        const struct cell *cell;

        (void)unused;
        result.cells[0].ops_auto = 0;
        for (uint32_t round = 0; round < ROUNDS; round++)
                synthetic_trial(&result, 0, round, RATE)->outcome.overlap_ns = 19000000;
        cell = summarised();
        assert_int_equal(cell->status, CELL_VERIFIED_ONLY);
        assert_true(cell->verified);
        assert_true(isnan(median_of(METRIC_THROUGHPUT)));
        assert_int_equal(cell->summary[METRIC_THROUGHPUT].n, 0);
        assert_non_null(strstr(cell->note, "needs 20 ms"));
        assert_non_null(strstr(cell->note, "20 ms"));
}

static void what_is_long_enough_depends_on_skew_and_quota(void **unused)
{
        const struct cell *cell;

        (void)unused;
        result.cells[0].ops_auto = 0;
        synthetic_trial(&result, 0, 0, RATE)->outcome.skew_ns = 600000;
        cell = summarised();
        assert_int_equal(cell->status, CELL_VERIFIED_ONLY);
        assert_non_null(strstr(cell->note, "100 times the spread"));

        result_done(&result);
        set_up(NULL);
        result.cells[0].ops_auto = 0;
        result.environment.cpu_quota = 1.5;
        result.environment.quota_period_ns = 10000000;
        synthetic_rounds(&result, 0, 1, RATE);
        cell = summarised();
        assert_int_equal(cell->status, CELL_VERIFIED_ONLY);
        assert_non_null(strstr(cell->note, "quota"));
}

static void a_trial_whose_workers_did_not_begin_together_has_no_rate(void **unused)
{
        struct trial_outcome *late;

        (void)unused;
        synthetic_rounds(&result, 0, ROUNDS, RATE);
        late = &synthetic_trial(&result, 0, ROUNDS, 9 * RATE)->outcome;
        late->skew_ns = late->overlap_ns / 10;
        assert_int_equal(summarised()->status, CELL_MEASURED);
        assert_int_equal(result.cells[0].summary[METRIC_THROUGHPUT].n, ROUNDS);
        assert_int_equal(result.cells[0].summary[METRIC_MAKESPAN].n, ROUNDS + 1);
        assert_true(result.cells[0].verified);
}

static void one_wrong_result_condemns_the_cell(void **unused)
{
        struct trial *wrong;
        const struct cell *cell;

        (void)unused;
        synthetic_rounds(&result, 0, ROUNDS, RATE);
        synthetic_fail(&result.trials[2], TRIAL_WORKER_DIED, "worker 1 was killed");
        wrong = &result.trials[7];
        synthetic_fail(wrong, TRIAL_MISMATCH, "the result is wrong");
        wrong->outcome.final_value = 1999;
        cell = summarised();
        assert_int_equal(cell->status, CELL_FAILED);
        assert_false(cell->verified);
        assert_non_null(strstr(cell->note, "1999 instead of 2000 in 1 of 13 trials"));
        assert_true(isnan(median_of(METRIC_THROUGHPUT))); /* no figure of what is not right */
}

static void a_wrong_result_in_a_disturbed_round_is_wrong_as_well(void **unused)
{
        const struct cell *cell;

        (void)unused;
        synthetic_rounds(&result, 0, ROUNDS, RATE);
        synthetic_fail(&result.trials[3], TRIAL_MISMATCH, "the result is wrong");
        result.trials[3].outcome.final_value = 1500;
        disturb(3);
        cell = summarised();
        assert_int_equal(cell->status, CELL_FAILED);
        assert_false(cell->verified);
        assert_int_equal(cell->loss.lossy, 1);
}

static void another_failure_in_one_round_is_told_and_the_rest_counts(void **unused)
{
        const struct cell *cell;

        (void)unused;
        synthetic_rounds(&result, 0, ROUNDS, RATE);
        synthetic_fail(&result.trials[3], TRIAL_TIMED_OUT, "not done within the time limit");
        cell = summarised();
        assert_int_equal(cell->status, CELL_MEASURED);
        assert_false(cell->verified);
        assert_string_equal(cell->note, "1 of 13 trials failed: not done within the time limit");
        assert_int_equal(cell->summary[METRIC_THROUGHPUT].n, ROUNDS - 1);
}

static void a_cell_without_one_good_trial_has_failed_or_collapsed(void **unused)
{
        (void)unused;
        for (uint32_t round = 0; round < 3; round++)
                synthetic_fail(synthetic_trial(&result, 0, round, RATE), TRIAL_HOST_DIED, "gone");
        assert_int_equal(summarised()->status, CELL_FAILED);
        assert_string_equal(result.cells[0].note, "3 of 3 trials failed: gone");

        for (size_t i = 0; i < result.trial_count; i++)
                result.trials[i].outcome.status = TRIAL_COLLAPSED;
        assert_int_equal(summarised()->status, CELL_COLLAPSED);
}

static void losses_that_are_meant_to_be_are_counted_with_the_worst(void **unused)
{
        const struct cell *cell;

        (void)unused;
        result.cells[0].status = CELL_LOSSY;
        synthetic_rounds(&result, 0, 4, RATE);
        result.trials[1].outcome.final_value = 1500;
        result.trials[2].outcome.final_value = 1020;
        result.trials[3].outcome.final_value = 1980;
        disturb(2); /* of losses every trial tells */
        cell = summarised();
        assert_int_equal(cell->status, CELL_LOSSY);
        assert_false(cell->verified);
        assert_int_equal(cell->loss.trials, 4);
        assert_int_equal(cell->loss.lossy, 3);
        assert_true(fabs(cell->loss.worst - 0.49) < 1e-12);
}

static void the_worst_loss_is_a_share_whatever_came_out(void **unused)
{
        (void)unused;
        synthetic_rounds(&result, 0, 2, RATE);
        for (size_t i = 0; i < 2; i++)
                synthetic_fail(&result.trials[i], TRIAL_MISMATCH, "the result is wrong");
        result.trials[0].outcome.final_value = UINT64_MAX; /* a checksum is no count */
        result.trials[1].outcome.expected_value = 0;
        assert_int_equal(summarised()->loss.lossy, 2);
        assert_true(result.cells[0].loss.worst >= 0 && result.cells[0].loss.worst <= 1);
}

static void a_life_cycle_is_summed_up_by_its_steps(void **unused)
{
        struct cell *cell = &result.cells[0];

        (void)unused;
        cell->kind = MPB_LIFE_CYCLE;
        cell->primary = METRIC_WALL;
        for (uint32_t round = 0; round < 3; round++) {
                struct trial_outcome *outcome = &synthetic_trial(&result, 0, round, 0)->outcome;

                outcome->wall_ns = outcome->life.wall_ns = 500000;
                outcome->life.returned_ns = 100000;
                outcome->overlap_ns = 0;
        }
        summarised();
        assert_int_equal(cell->status, CELL_MEASURED); /* how short it is does not matter */
        assert_true(median_of(METRIC_WALL) == 500000);
        assert_true(isnan(median_of(METRIC_THROUGHPUT)) && isnan(median_of(METRIC_START)));
        assert_true(cell->step[0].median == 100000 && cell->step[3].median == 500000);
        assert_int_equal(cell->step[1].n, 0); /* a raw call has no such step: that is no zero */
}

static void a_worker_on_a_foreign_pu_is_noticed_once_a_trial(void **unused)
{
        (void)unused;
        result.cells[0].placed.bits[0] = 6; /* PUs 1 and 2; 0 is what an empty outcome says */
        for (uint32_t round = 0; round < 3; round++) {
                struct trial *trial = synthetic_trial(&result, 0, round, RATE);

                trial->workers[0].pu_begin = trial->workers[0].pu_end = round == 1 ? 3 : 1;
                trial->workers[1].pu_begin = trial->workers[1].pu_end = 2;
        }
        synthetic_fail(&result.trials[2], TRIAL_HOST_DIED, "gone");
        memset(result.trials[2].workers, 0, 2 * sizeof(struct worker_outcome));
        assert_int_equal(summarised()->placed_wrong, 1);
        strcpy(result.cells[0].level[FACTOR_PLACE], "none");
        assert_int_equal(summarised()->placed_wrong, 0);
}

static void times_of_whole_trials_are_of_trials_of_one_length(void **unused)
{
        (void)unused;
        synthetic_trial(&result, 0, 0, 1e7)->asked_ops =
                SYNTHETIC_OPS / 2; /* then calibrated again */
        synthetic_trial(&result, 0, 1, 1e7);
        synthetic_trial(&result, 0, 2, 1e7);
        assert_int_equal(summarised()->summary[METRIC_MAKESPAN].n, 2);
        assert_int_equal(result.cells[0].summary[METRIC_WALL].n, 2);
        assert_int_equal(result.cells[0].summary[METRIC_THROUGHPUT].n, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(figures_are_medians_over_trials_in_their_units),
                TEST(one_trial_has_a_figure_and_no_interval),
                TEST(without_trials_nothing_is_known),
                TEST(disturbed_rounds_are_left_out_unless_they_are_kept),
                TEST(work_that_is_too_short_has_no_rate_and_the_note_says_so),
                TEST(what_is_long_enough_depends_on_skew_and_quota),
                TEST(a_trial_whose_workers_did_not_begin_together_has_no_rate),
                TEST(one_wrong_result_condemns_the_cell),
                TEST(a_wrong_result_in_a_disturbed_round_is_wrong_as_well),
                TEST(another_failure_in_one_round_is_told_and_the_rest_counts),
                TEST(a_cell_without_one_good_trial_has_failed_or_collapsed),
                TEST(losses_that_are_meant_to_be_are_counted_with_the_worst),
                TEST(the_worst_loss_is_a_share_whatever_came_out),
                TEST(a_worker_on_a_foreign_pu_is_noticed_once_a_trial),
                TEST(a_life_cycle_is_summed_up_by_its_steps),
                TEST(times_of_whole_trials_are_of_trials_of_one_length),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
