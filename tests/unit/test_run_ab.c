/* `ab`: each cell of B is held against the cell of A at the same levels, both do the same work, and
 * the screen says what that means for B. */
#include "base/text.h"
#include "reports/wording.h"
#include "run/calibrate.h"
#include "run/judge.h"
#include "run/summarise.h"
#include "support/render.h"
#include "support/synthetic.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE 1e7
#define ROUNDS 12
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct result result;

static uint32_t side(const char *variant, const char *workers)
{
        uint32_t id = synthetic_cell(&result, "mutex");

        text_copy(result.cells[id].level[FACTOR_VARIANT], LEVEL_BYTES, variant);
        text_copy(result.cells[id].level[FACTOR_WORKERS], LEVEL_BYTES, workers);
        return id;
}

static void set_variant(uint32_t index, const char *arguments, size_t bytes, uint32_t count)
{
        struct plan_variant *variant = &result.plan.variants[index];

        variant->kind = VARIANT_COMMAND;
        variant->argument_count = count;
        memcpy(variant->arguments, arguments, bytes);
}

static int set_up(void **unused)
{
        static const char a[] = "./work\0two words", b[] = "./work\0it's";

        (void)unused;
        result_init(&result);
        result.plan.timeout_ns = 10000000000;
        result.plan.threshold_ppm = 20000;
        result.plan.variant_count = 2;
        set_variant(0, a, sizeof(a), 2);
        set_variant(1, b, sizeof(b), 2);
        side("A", "1");
        side("A", "2");
        side("B", "1");
        side("B", "2");
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

static void measured(double b1, double b2)
{
        synthetic_rounds(&result, 0, ROUNDS, RATE);
        synthetic_rounds(&result, 1, ROUNDS, 2 * RATE);
        synthetic_rounds(&result, 2, ROUNDS, b1 * RATE);
        synthetic_rounds(&result, 3, ROUNDS, b2 * 2 * RATE);
        assert_int_equal(summarise_cells(&result, NULL), 0);
        assert_int_equal(judge_cells(&result, NULL), 0);
}

static void b_is_compared_with_the_a_of_the_same_levels_in_one_family(void **unused)
{
        (void)unused;
        measured(0.5, 1);
        assert_int_equal(result.comparison_count, 2);
        for (uint32_t i = 0; i < 2; i++) {
                const struct comparison *c = &result.comparisons[i];

                assert_int_equal(c->baseline, i);
                assert_int_equal(c->cell, i + 2);
                assert_true(c->p_holm >= c->p);
        }
        assert_true(result.comparisons[0].p_holm == 2 * result.comparisons[0].p);
        assert_true(fabs(result.comparisons[0].ratio - 0.5) < 0.01);
        assert_int_equal(result.comparisons[0].verdict, VERDICT_SLOWER);
        assert_true(fabs(result.comparisons[1].ratio - 1) < 0.01);
        assert_int_equal(judge_rounds_needed(&result), compare_rounds_needed(2, 0.05));
        assert_string_equal(result.no_verdict, "");
}

static void a_side_without_figures_has_no_partner(void **unused)
{
        (void)unused;
        result.cells[0].status = CELL_VERIFIED_ONLY;
        result.cells[3].status = CELL_FAILED;
        measured(1, 1);
        assert_int_equal(result.comparison_count, 0);
        assert_non_null(strstr(result.no_verdict, "nothing to compare with"));
}

static void a_and_b_do_the_same_work(void **unused)
{
        struct trial_outcome outcome = {.status = TRIAL_OK, .overlap_ns = 1, .run_ns = 1};

        (void)unused;
        result.cells[0].ops = 3 * SYNTHETIC_OPS;
        calibrate_again(&result, &result.cells[2], &outcome);
        assert_int_equal(result.cells[2].ops, 3 * SYNTHETIC_OPS);
        assert_int_equal(result.cells[2].value[0], 3 * SYNTHETIC_OPS);
        assert_int_equal(result.cells[3].ops, SYNTHETIC_OPS); /* of other levels */
        result.cells[1].ops_auto = result.cells[3].ops_auto = 0;
        result.cells[1].ops = 3 * SYNTHETIC_OPS;
        calibrate_again(&result, &result.cells[3], &outcome);
        assert_int_equal(result.cells[3].ops, SYNTHETIC_OPS); /* as it was asked for */
}

static void the_screen_says_what_b_takes_at_each_level(void **unused)
{
        const struct report_style style = {.utf8 = true, .width = 80};
        char *text;

        (void)unused;
        measured(0.5, 1);
        text = render("text", &result, &style);
        assert_contains(text, "A: ./work 'two words'\nB: ./work 'it'\\''s'\n");
        assert_contains(text, "\n1 worker: B takes 1.99× the time of A [");
        assert_contains(text, "]: slower\n2 workers: B takes 0.99");
        assert_contains(text, "]: equivalent\n");
        assert_true(strstr(text, "\n  A  1×") < strstr(text, "\n  B  0.50"));
        free(text);
        text = render("markdown", &result, &style);
        assert_contains(text, "1 worker: B takes 1.99× the time of A");
        free(text);
}

static void the_verdict_on_b_is_that_of_the_exit_status(void **unused)
{
        const struct {
                struct comparison c;
                enum regression regression;
                const char *text;
        } cases[] = {
                {{.ratio = 0.95, .ci_low = 0.94, .ci_high = 0.96, .verdict = VERDICT_SLOWER},
                 REGRESSION_YES,
                 "B takes 1.05× the time of A [1.04, 1.06]: slower"},
                {{.ratio = 0.99, .ci_low = 0.985, .ci_high = 0.995, .verdict = VERDICT_SLOWER},
                 REGRESSION_NO,
                 "B takes 1.010× the time of A [1.005, 1.015]: slower, but by less than 2 %"},
                {{.ratio = 0.99,
                  .ci_low = 0.95,
                  .ci_high = 0.995,
                  .verdict = VERDICT_SLOWER,
                  .rounds_wanted = 40},
                 REGRESSION_UNCLEAR,
                 "B takes 1.010× the time of A [1.005, 1.053]: slower, but by how much is not "
                 "clear; about 40 rounds would do"},
                {{.ratio = 1.1, .ci_low = 0.99, .ci_high = 1.3, .verdict = VERDICT_INCONCLUSIVE},
                 REGRESSION_NO,
                 "B takes 0.91× the time of A [0.77, 1.01]: not slower by 2 % or more"},
                {{.ratio = 1, .ci_low = NAN, .ci_high = NAN, .verdict = VERDICT_NONE},
                 REGRESSION_UNCLEAR,
                 "B takes 1.000× the time of A: too few rounds for a verdict"},
        };

        (void)unused;
        for (size_t i = 0; i < COUNT(cases); i++) {
                struct view_row row = {.result = &result, .comparison = &cases[i].c};
                char text[256];

                assert_int_equal(result_regression(&result, &cases[i].c), cases[i].regression);
                assert_string_equal(wording_pair(&row, text, sizeof(text)), cases[i].text);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(b_is_compared_with_the_a_of_the_same_levels_in_one_family),
                TEST(a_side_without_figures_has_no_partner),
                TEST(a_and_b_do_the_same_work),
                TEST(the_screen_says_what_b_takes_at_each_level),
                TEST(the_verdict_on_b_is_that_of_the_exit_status),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
