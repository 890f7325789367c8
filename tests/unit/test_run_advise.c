/* What a reader is told: why there are no verdicts, and what to do. */
#include "base/text.h"
#include "run/advise.h"
#include "run/summarise.h"
#include "support/three_cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Why there are no verdicts ----------------------------------------------------------------- */

static void assert_reason(const char *part)
{
        judge();
        if (!strstr(result.no_verdict, part))
                fail_msg("\"%s\" does not say \"%s\"", result.no_verdict, part);
}

static void too_few_rounds_give_no_verdict_and_the_reason(void **unused)
{
        (void)unused;
        measured(11);
        result.duration_ns = 22000000000;
        assert_reason("they need 12 rounds, and 11 were done (--rounds=12, about 24 s)");
        assert_int_equal(verdict_of(atomic), VERDICT_NONE);
        assert_int_equal(synthetic_comparison(&result, atomic, METRIC_THROUGHPUT)->n, 11);
}

static void without_a_round_no_time_is_foretold(void **unused)
{
        (void)unused;
        assert_reason("they need 12 rounds, and 0 were done (--rounds=12)");
        assert_int_equal(verdict_of(atomic), VERDICT_NONE);
}

static void failed_trials_may_leave_too_few_pairs(void **unused)
{
        (void)unused;
        result.cells[sharded].status = CELL_SKIPPED;
        synthetic_rounds(&result, mutex, 12, RATE);
        synthetic_rounds(&result, atomic, 12, RATE);
        synthetic_fail(&result.trials[3], TRIAL_WORKER_DIED, "gone");
        assert_reason("trials that failed");
        assert_int_equal(verdict_of(atomic), VERDICT_NONE);
}

static void one_cell_has_nothing_to_be_compared_with(void **unused)
{
        (void)unused;
        result.cell_count = 1;
        synthetic_rounds(&result, 0, 2, RATE);
        assert_reason("nothing to compare with");
        result.cells[0].status = CELL_LOSSY;
        assert_reason("nothing to compare with");
}

static void what_was_too_short_has_no_verdict_whatever_the_strip_says(void **unused)
{
        (void)unused;
        measured(12);
        for (uint32_t i = 0; i < 3; i++)
                result.cells[i].status = CELL_VERIFIED_ONLY;
        synthetic_start_cell(&result, "fork", 12, 200000);
        synthetic_start_cell(&result, "spawn", 12, 600000);
        assert_reason("no cell ran long enough for a rate");
        assert_int_equal(result.comparison_count, 1);
}

static void cells_that_could_not_run_are_not_called_too_short(void **unused)
{
        (void)unused;
        result.cells[atomic].status = CELL_SKIPPED;
        result.cells[mutex].status = CELL_FAILED;
        result.cells[sharded].status = CELL_COLLAPSED;
        assert_reason("no cell could be measured");
}

/* Advice ------------------------------------------------------------------------------------ */

static void advise(void)
{
        for (size_t i = 0; i < result.cell_count; i++) {
                struct cell *cell = &result.cells[i];

                snprintf(cell->advice, sizeof(cell->advice), "Take %s.", cell->level[FACTOR_SHARE]);
                cell->verified = 1;
        }
        judge();
        advise_result(&result);
}

static void the_fastest_that_is_right_leads_the_advice(void **unused)
{
        uint32_t cas = synthetic_cell(&result, "cas");

        (void)unused;
        measured(12);
        synthetic_rounds(&result, cas, 12, 3 * RATE);
        advise();
        assert_string_equal(result.advice[0], "Take atomic.");
        assert_string_equal(result.advice[1], "");
        result.cells[atomic].verified = 0;
        advise_result(&result);
        assert_string_equal(result.advice[0], "Take cas.");
        result.cells[cas].reference = 1;
        advise_result(&result);
        assert_string_equal(result.advice[0], "");
}

static void beside_a_late_total_stands_one_that_can_be_read_at_once(void **unused)
{
        uint32_t late = synthetic_cell(&result, "batched");

        (void)unused;
        measured(12);
        synthetic_rounds(&result, late, 12, 30 * RATE);
        advise();
        assert_string_equal(
                result.advice[0],
                "Take batched. Where the total must be readable at any time: take atomic.");
}

static void more_workers_are_no_reason_for_a_strategy(void **unused)
{
        (void)unused;
        set_level(atomic, FACTOR_WORKERS, "4");
        measured(12);
        advise();
        assert_int_equal(verdict_of(atomic), VERDICT_FASTER);
        assert_string_equal(result.advice[0], "");
}

/* Start cells that differ in the parent's size. */
static void start_cell(const char *start, int64_t parent_rss, double wall_ns)
{
        uint32_t id = synthetic_start_cell(&result, start, 12, wall_ns); /* moves the cells */
        struct cell *cell = &result.cells[id];

        cell->param_count = 1;
        text_copy(cell->param[0], sizeof(cell->param[0]), "parent_rss");
        cell->value[0] = parent_rss;
        cell->is_auto[0] = 0;
}

static const char *start_advice(void)
{
        static char text[480];

        assert_int_equal(summarise_cells(&result, NULL), 0);
        advise_starts(&result, text, sizeof(text));
        return text;
}

static void the_cheapest_start_method_depends_on_the_parents_size(void **unused)
{
        (void)unused;
        start_cell("fork", 0, 100000);
        start_cell("spawn", 0, 800000);
        start_cell("fork", 1 << 30, 20000000);
        start_cell("spawn", 1 << 30, 800000);
        assert_string_equal(start_advice(),
                            "To start a process take fork from a small parent, spawn from a 1 GiB "
                            "parent (fork only while the parent has no threads).");
}

static void start_methods_that_cannot_be_told_apart_get_no_advice(void **unused)
{
        (void)unused;
        start_cell("fork", 0, 100000);
        start_cell("forkserver", 0, 100500);
        assert_string_equal(start_advice(), "");
        start_cell("thread", 0, 1000); /* no process of its own: no choice */
        assert_string_equal(start_advice(), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(the_cheapest_start_method_depends_on_the_parents_size),
                TEST(start_methods_that_cannot_be_told_apart_get_no_advice),
                TEST(too_few_rounds_give_no_verdict_and_the_reason),
                TEST(without_a_round_no_time_is_foretold),
                TEST(failed_trials_may_leave_too_few_pairs),
                TEST(one_cell_has_nothing_to_be_compared_with),
                TEST(what_was_too_short_has_no_verdict_whatever_the_strip_says),
                TEST(cells_that_could_not_run_are_not_called_too_short),
                TEST(the_fastest_that_is_right_leads_the_advice),
                TEST(beside_a_late_total_stands_one_that_can_be_read_at_once),
                TEST(more_workers_are_no_reason_for_a_strategy),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
