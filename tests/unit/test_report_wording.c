/* What is said around the figures: it holds for the whole table, and is said once. */
#include "support/report_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static void a_busy_machine_is_said_loud(void **unused)
{
        char *text = joined("text");

        (void)unused;
        assert_lacks(text, "BUSY MACHINE");
        free(text);
        result.disturbed_rounds = 10;
        result.disturbed_kept = 1;
        for (size_t i = 0; i < 2; i++) {
                text = joined(i ? "markdown" : "text");
                assert_contains(text, "13 rounds, 9.8 s");
                assert_contains(text, "BUSY MACHINE: its CPUs were used by others in 10 of 13 "
                                      "rounds (other programs 0.24 CPUs, steal 0.48 CPUs); these "
                                      "figures may be far from those of a quiet one. See mpbench "
                                      "doctor.");
                free(text);
        }
        text = render("text", &result, &(struct report_style){.width = 80, .colour = true});
        assert_contains(text, "\n\033[1;33mBUSY MACHINE: ");
        free(text);
}

static void a_run_that_only_verifies_says_once_that_there_are_no_figures(void **unused)
{
        char *text;

        (void)unused;
        result.disturbed_rounds = 10;
        result.disturbed_kept = 1;
        TEXT(result.no_verdict, "no verdicts: no cell ran long enough for a rate");
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                if (result.cells[i].status == CELL_MEASURED ||
                    result.cells[i].status == CELL_VERIFIED_ONLY) {
                        result.cells[i].status = CELL_VERIFIED_ONLY;
                        TEXT(result.cells[i].note, "too short for a rate, which needs 20 ms");
                }
        text = joined("text");
        assert_int_equal(render_count(text, "too short for a rate"), 1);
        assert_lacks(text, "BUSY MACHINE");
        assert_lacks(text, "No verdicts");
        assert_lacks(text, "Start and join");
        free(text);
        text = joined("markdown"); /* which has the start costs, as a section */
        assert_int_equal(render_count(text, "BUSY MACHINE"), 1);
        free(text);
}

static void a_run_of_which_all_is_skipped_says_why_and_no_more(void **unused)
{
        char *text;

        (void)unused;
        for (size_t i = 0; i < result.cell_count; i++) {
                result.cells[i].status = CELL_SKIPPED;
                TEXT(result.cells[i].note, "needs a newer kernel");
        }
        result.rounds = result.disturbed_rounds = 0;
        result.comparison_count = 0;
        while (result.trial_count)
                free(result.trials[--result.trial_count].workers);
        TEXT(result.no_verdict, "no verdicts: no cell could be measured");
        text = joined("text");
        assert_int_equal(render_count(text, "newer kernel"), 1);
        assert_lacks(text, "0 rounds");
        assert_lacks(text, "No verdicts");
        assert_lacks(text, "No figure for");
        assert_lacks(text, "Figures of this machine");
        assert_lacks(text, "Start and join");
        free(text);
        text = joined("markdown");
        assert_lacks(text, "0 rounds");
        free(text);
}

static void correct_tasks_are_counted_whatever_their_value_is(void **unused)
{
        struct cell *cell = &result.cells[FIXTURE_CAS];
        char *text;

        (void)unused;
        cell->kind = MPB_TASKS;
        cell->status = CELL_VERIFIED_ONLY;
        cell->ops = 20;
        cell->final_value = cell->expected_value = 9746724437737704042u;
        TEXT(cell->operation, "blocks");
        text = joined("text");
        assert_contains(text, "20 of 20 blocks ✓");
        assert_lacks(text, "9746724437737704042");
        free(text);
}

static void the_header_says_only_what_holds_for_every_cell(void **unused)
{
        char *text;

        (void)unused;
        TEXT(result.cells[FIXTURE_MUTEX].param[result.cells[FIXTURE_MUTEX].param_count++], "gap");
        text = joined("text");
        assert_contains(text, "2 workers on cores 0-1 of 2 (bounded by affinity 2, quota 1.5 "
                              "CPUs) place=core · empty critical section");
        assert_contains(text, "try --set hold=100 --set gap=100");
        free(text);

        result.environment.cpu_quota = 0;
        TEXT(result.cells[FIXTURE_CAS].shown_work, "work inside the critical section");
        TEXT(result.cells[FIXTURE_CAS].level[FACTOR_PLACE], "none");
        text = joined("text");
        assert_contains(text, "2 workers (affinity 2, no quota) · place=core, none 12 rounds");
        assert_lacks(text, "mpty critical section");
        free(text);
}

static void one_worker_is_on_one_core(void **unused)
{
        char *text;

        (void)unused;
        for (size_t i = 0; i < FIXTURE_STRIP; i++) {
                TEXT(result.cells[i].level[FACTOR_WORKERS], "1");
                result.cells[i].workers = 1;
                result.cells[i].placed.bits[0] = 1;
        }
        text = joined("text");
        assert_contains(text, "1 worker on core 0 of 2 ");
        free(text);
}

static void the_heading_over_the_bars_stays_in_its_line(void **unused)
{
        static const struct {
                uint32_t width;
                const char *heading;
        } rows[] = {
                {80, "  ratio of adds per second, higher is better\n"},
                {75, "  ratio of adds per second\n"},
                {60, "95 % interval\n"},
        };

        (void)unused;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char wanted[128];
                char *text = render("text", &result,
                                    &(struct report_style){.utf8 = true, .width = rows[i].width});

                snprintf(wanted, sizeof(wanted), "%s  sharded ", rows[i].heading);
                assert_contains(text, wanted);
                free(text);
        }
}

static void serial_workers_share_nothing_at_the_same_time(void **unused)
{
        static const char said[] = "serial runs its workers one after the other: nothing is "
                                   "shared at the same time";
        char *text = joined("text");

        (void)unused;
        assert_lacks(text, said);
        free(text);
        TEXT(result.cells[FIXTURE_CAS].level[FACTOR_START], "serial");
        text = joined("text");
        assert_contains(text, said);
        free(text);
}

static void counters_that_are_all_zero_have_no_column(void **unused)
{
        char *text;

        (void)unused;
        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                if (result.cells[i].counter_count)
                        result.cells[i].counters[result.cells[i].counter_count++] =
                                (struct cell_counter){.name = "page-faults/op", .n = 12};
        for (size_t i = 0; i < 2; i++) {
                text = joined(i ? "markdown" : "text");
                assert_contains(text, "0 throughout: faults ");
                assert_lacks(text, "page-faults");
                free(text);
        }
        result.cells[FIXTURE_CAS].counters[result.cells[FIXTURE_CAS].counter_count - 1].value = 0.5;
        text = joined("text");
        assert_lacks(text, "0 throughout");
        assert_contains(text, "  faults");
        free(text);
}

static void reasons_that_cells_share_are_said_once_each(void **unused)
{
        static const char first[] = "a FIFO spinlock collapses", second[] = "needs a newer kernel";

        (void)unused;
        result.cells[FIXTURE_MCS].status = CELL_SKIPPED;
        TEXT(result.cells[FIXTURE_MCS].note, first);
        TEXT(result.cells[FIXTURE_TICKET].note, first);
        result.cells[FIXTURE_RACY].status = result.cells[FIXTURE_OFDLOCK].status = CELL_SKIPPED;
        TEXT(result.cells[FIXTURE_RACY].note, second);
        TEXT(result.cells[FIXTURE_OFDLOCK].note, second);
        for (size_t i = 0; i < 2; i++) {
                char *text = joined(i ? "markdown" : "text");

                assert_int_equal(render_count(text, first), 1);
                assert_int_equal(render_count(text, second), 1);
                assert_contains(text, "Skipped (ticket, mcs): a FIFO spinlock collapses.");
                assert_contains(text, "Skipped (racy, ofdlock): needs a newer kernel.");
                free(text);
        }
}

static void what_was_never_tried_is_not_measured(void **unused)
{
        char *text;

        (void)unused;
        result.cells[FIXTURE_RACY].loss = (struct cell_loss){0};
        memset(result.cells[FIXTURE_RACY].summary, 0, sizeof(result.cells[0].summary));
        for (size_t i = 0; i < result.trial_count; i++)
                if (result.trials[i].cell == FIXTURE_RACY)
                        result.trials[i].cell = FIXTURE_MUTEX;
        text = joined("text");
        assert_contains(text, "not measured");
        assert_lacks(text, "0 trials");
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_busy_machine_is_said_loud, set_up, tear_down),
                cmocka_unit_test_setup_teardown(
                        a_run_that_only_verifies_says_once_that_there_are_no_figures, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(a_run_of_which_all_is_skipped_says_why_and_no_more,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(correct_tasks_are_counted_whatever_their_value_is,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_header_says_only_what_holds_for_every_cell,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(one_worker_is_on_one_core, set_up, tear_down),
                cmocka_unit_test_setup_teardown(the_heading_over_the_bars_stays_in_its_line, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(serial_workers_share_nothing_at_the_same_time,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(counters_that_are_all_zero_have_no_column, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(reasons_that_cells_share_are_said_once_each, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_was_never_tried_is_not_measured, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
