/* What --control finds: on results laid out by hand, in which what is to be found is known. */
#include "base/text.h"
#include "run/advise.h"
#include "run/control_cells.h"
#include "run/summarise.h"
#include "support/render.h"
#include "support/three_cells.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t again, slowed;

static uint32_t copy_of_mutex(const char *level)
{
        uint32_t cell = synthetic_cell(&result, "mutex");

        set_level(cell, FACTOR_VARIANT, level);
        return cell;
}

static int set_up_control(void **state)
{
        set_up(state);
        result.plan.control = 1;
        result.plan.planted_ppm = 30000;
        again = copy_of_mutex(CONTROL_LEVEL);
        slowed = copy_of_mutex(SLOWED_LEVEL);
        return 0;
}

static void measured_with_control(uint32_t rounds)
{
        measured(rounds);
        synthetic_rounds(&result, again, rounds, RATE);
        synthetic_rounds(&result, slowed, rounds, RATE / 1.03);
}

static const struct control *judged(void)
{
        judge();
        assert_int_equal(control_cells_judge(&result, NULL), 0);
        assert_int_equal(result.control_count, 1);
        return &result.controls[0];
}

static void scale(uint32_t cell, uint32_t rounds, double factor)
{
        for (size_t i = 0; i < result.trial_count; i++) {
                struct trial *trial = &result.trials[i];

                if (trial->cell == cell && trial->round < rounds)
                        trial->outcome.overlap_ops =
                                (uint64_t)((double)trial->outcome.overlap_ops * factor);
        }
}

static void the_baseline_against_itself_is_not_called_different(void **unused)
{
        const struct control *control;

        (void)unused;
        measured_with_control(40);
        control = judged();
        assert_int_equal(control->baseline, mutex);
        assert_int_equal(control->control, again);
        assert_int_equal(control->n, 40);
        assert_int_equal(control->verdict, VERDICT_EQUIVALENT);
        assert_true(fabs(control->ratio - 1) < 0.01);
        assert_int_equal(control->block_rounds, 12);
        assert_int_equal(control->blocks, 3);
        assert_int_equal(control->false_calls, 0);
        assert_true(fabs(control->false_call_upper - (1 - cbrt(0.05))) < 1e-9);
}

static void a_false_call_is_counted(void **unused)
{
        const struct control *control;

        (void)unused;
        measured_with_control(40);
        scale(again, 12, 1.2); /* the first block alone */
        control = judged();
        assert_int_equal(control->false_calls, 1);
        scale(again, 40, 0.5);
        control = judged();
        assert_int_equal(control->false_calls, 3);
        assert_true(control->false_call_upper == 1);
        assert_int_equal(control->verdict, VERDICT_SLOWER);
}

static void planted_work_is_found(void **unused)
{
        const struct control *control;

        (void)unused;
        measured_with_control(13);
        control = judged();
        assert_int_equal(control->slowed, slowed);
        assert_int_equal(control->slowed_n, 13);
        assert_int_equal(control->slowed_verdict, VERDICT_SLOWER);
        assert_true(control->slowed_low < 1 / 1.03 && 1 / 1.03 < control->slowed_high);

        scale(slowed, 13, 1.03); /* now it is as fast as the baseline */
        control = judged();
        assert_int_not_equal(control->slowed_verdict, VERDICT_SLOWER);
}

static void work_on(uint64_t end_ns, uint64_t user_ns)
{
        for (size_t i = 0; i < result.trial_count; i++)
                for (uint32_t w = 0; w < 2; w++) {
                        result.trials[i].workers[w].end_ns = end_ns;
                        result.trials[i].workers[w].user_ns = user_ns;
                }
}

static void assert_unknown(enum control_unknown why)
{
        assert_true(isnan(judged()->true_ratio));
        assert_int_equal(result.controls[0].unknown, why);
}

static void its_true_effect_is_known_only_where_nobody_waits(void **unused)
{
        struct cell *cell = &result.cells[mutex];

        (void)unused;
        measured_with_control(13);
        work_on(1000, 990);
        assert_unknown(CONTROL_UNKNOWN_SHARED); /* they wait for each other */
        cell->kind = MPB_TASKS;
        assert_true(fabs(judged()->true_ratio - 1 / 1.03) < 1e-12);
        cell->pus = 1; /* for their turn */
        assert_unknown(CONTROL_UNKNOWN_CROWDED);
        cell->pus = 2;
        result.environment.cpu_quota = 1.5;
        assert_unknown(CONTROL_UNKNOWN_QUOTA);
        result.environment.cpu_quota = -1;
        work_on(1000, 600); /* for a device */
        assert_unknown(CONTROL_UNKNOWN_AWAY);
}

/* Were they strategies, the copies would be the best of all here. */
static void the_control_is_no_alternative(void **unused)
{
        (void)unused;
        measured_with_control(13);
        scale(again, 13, 100);
        scale(slowed, 13, 200);
        for (size_t i = 0; i < result.cell_count; i++) {
                result.cells[i].verified = 1;
                text_copy(result.cells[i].advice, sizeof(result.cells[i].advice),
                          i >= again ? "The control." : "The plan.");
        }
        judged();
        assert_int_equal(result.comparison_count, 2);
        assert_true(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->p_holm ==
                    2 * 2.0 / 8192);
        advise_result(&result);
        assert_string_equal(result.advice[0], "The plan.");
        result.cells[mutex].status = result.cells[atomic].status = result.cells[sharded].status =
                CELL_FAILED;
        assert_null(judge_baseline(&result, "counter"));
        assert_int_equal(judge_rounds_needed(&result), COMPARE_ROUNDS_MIN);
        assert_int_equal(judged()->n, 0);
}

static void the_smallest_effect_grows_with_the_scatter(void **unused)
{
        double small;

        (void)unused;
        measured_with_control(20);
        small = judged()->smallest_effect;
        assert_true(small > 0 && small < 0.05);
        for (uint32_t round = 0; round < 20; round += 2)
                for (size_t i = 0; i < result.trial_count; i++)
                        if (result.trials[i].cell == again && result.trials[i].round == round)
                                result.trials[i].outcome.overlap_ops *= 2;
        assert_true(judged()->smallest_effect > 2 * small);
}

static void reports_speak_of_the_control_beside_the_cells(void **unused)
{
        static const char *const formats[] = {"text", "markdown"};
        const struct report_style style = {.utf8 = true, .width = 80};

        (void)unused;
        measured_with_control(40);
        summarise_cells(&result, NULL);
        judged();
        for (size_t i = 0; i < 2; i++) {
                char *text = render(formats[i], &result, &style);

                render_join_lines(text);
                assert_contains(text, "Control: the baseline against itself 1.00");
                assert_contains(text, "not called different; of its 3 blocks of 12 rounds 0 called "
                                      "different (a rate of at most 63 %)");
                assert_contains(text, "Smallest effect shown in 40 rounds: about 1.1 %.");
                assert_contains(text, "Planted 3 %: found, 0.967×");
                assert_contains(text, "the true effect is not known: workers wait for each other");
                assert_lacks(text, "control ");
                assert_lacks(text, "slowed");
                free(text);
        }
        text_copy(result.cells[again].note, sizeof(result.cells[again].note), "one trial failed");
        result.controls[0].verdict = VERDICT_FASTER;
        result.controls[0].true_ratio = 0.5;
        result.controls[0].slowed_verdict = VERDICT_INCONCLUSIVE;
        for (size_t i = 0; i < 2; i++) {
                char *text = render(formats[i], &result, &style);

                render_join_lines(text);
                assert_contains(text, "CALLED faster though nothing differs");
                assert_contains(text,
                                "called different (a rate of at most 63 %); one trial failed.");
                assert_contains(text, "NOT FOUND (inconclusive), 0.967×");
                assert_contains(text, "misses the true 0.500×");
                free(text);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_control, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(the_baseline_against_itself_is_not_called_different),
                TEST(a_false_call_is_counted),
                TEST(planted_work_is_found),
                TEST(its_true_effect_is_known_only_where_nobody_waits),
                TEST(the_control_is_no_alternative),
                TEST(the_smallest_effect_grows_with_the_scatter),
                TEST(reports_speak_of_the_control_beside_the_cells),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
