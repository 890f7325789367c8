/* Tasks through a pool in the reports: where their time went, and how long they were waited for. */
#include "run/advise.h"
#include "stats/compare.h"
#include "support/fixture.h"
#include "support/render.h"
#include "support/round_trip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static const struct report_style plain = {.utf8 = true, .width = 100};
static struct result result;

/* One cell of the fixture as one whose tasks went through a pool. */
static int set_up(void **unused)
{
        struct trial_outcome *outcome;

        (void)unused;
        fixture_result(&result);
        TEXT(result.cells[FIXTURE_SEMAPHORE].level[FACTOR_SUBMIT], "imap");
        TEXT(result.cells[FIXTURE_SEMAPHORE].level[FACTOR_TRANSPORT], "ring");
        result.cells[FIXTURE_SEMAPHORE].phases = (struct cell_phases){
                .parent = {0.21, 0.2, 0.22, 12, 0},
                .dispatch = {0.6, 0.5, 0.7, 12, 0},
                .work = {0.36, 0.3, 0.4, 12, 0},
                .tail = {0.04, 0.03, 0.05, 12, 0},
                .first_result_ns = {92300, 90000, 95000, 12, 0},
        };
        result.cells[FIXTURE_SEMAPHORE].latency =
                (struct cell_latency){.one_in = 7, .response = {{481e3, 480e3, 482e3, 12, 0}}};
        outcome = &result.trials[FIXTURE_SEMAPHORE].outcome;
        outcome->phases = (struct trial_phases){.known = PHASES_WORKERS | PHASES_PARENT,
                                                .parent_ns = 111111,
                                                .dispatch_ns = 222222,
                                                .work_ns = 333333,
                                                .tail_ns = 44444,
                                                .first_result_ns = 55555};
        outcome->response = (struct trial_latency){.count = 30, .ns = {66666, 0, 0, 0, 77777}};
        result.trials[FIXTURE_MUTEX].outcome.phases =
                (struct trial_phases){.known = PHASES_WORKERS, .work_ns = 888};
        return 0;
}

static int tear_down(void **unused)
{
        (void)unused;
        result_done(&result);
        return 0;
}

static void screen_and_summary_say_where_the_time_went(void **unused)
{
        char *text = render("text", &result, &plain),
             *markdown = render("markdown", &result, &plain);

        (void)unused;
        assert_contains(text, "Where the time went  work  dispatch   tail  parent  first result\n");
        assert_contains(text, "36 %      60 %  4.0 %    21 %       92.3 µs\n");
        assert_contains(text, "Submitted to collected");
        assert_contains(text, "0.481 ms [0.480, 0.482]");
        assert_contains(text, "As tasks are short, one in 7 is timed.");
        assert_lacks(text, "A map is submitted");
        assert_contains(markdown, " | 36 % | 60 % | 4.0 % | 21 % | 92.3 µs |");
        free(text);
        free(markdown);
}

static void shares_add_up_where_their_medians_do_not(void **unused)
{
        struct cell_phases *phases = &result.cells[FIXTURE_SEMAPHORE].phases;
        char *text;

        (void)unused;
        phases->work.median = 0.44;
        phases->dispatch.median = 0.28;
        phases->tail.median = 0.08;
        text = render("text", &result, &plain);
        assert_contains(text, "55 %      35 %  10 %    21 %       92.3 µs\n");
        free(text);
}

static void make_map(struct cell *cell, uint64_t tasks, uint32_t one_in)
{
        TEXT(cell->level[FACTOR_SUBMIT], "map");
        TEXT(cell->operation, "tasks");
        TEXT(cell->param[0], "tasks");
        cell->param_count = 1;
        cell->is_auto[0] = cell->ops_auto = 1;
        cell->value[0] = (int64_t)tasks;
        cell->ops = tasks;
        cell->latency.one_in = one_in;
        cell->phases = result.cells[FIXTURE_SEMAPHORE].phases;
}

/* Calibration gives each cell as many tasks as it needs: 10 ms for 60 tasks is no shorter than 20
 * ms for 200. */
static void waits_for_a_map_are_said_to_grow_with_its_tasks(void **unused)
{
        char *text;

        (void)unused;
        make_map(&result.cells[FIXTURE_ATOMIC], 60, 0);
        text = render("text", &result, &(struct report_style){.utf8 = true, .width = 1000});
        assert_contains(text, "its waits grow with the number of tasks, here 60.\n");
        assert_contains(text, "Where tasks are short, one in 7 is timed.");
        free(text);
        make_map(&result.cells[FIXTURE_ROBUST], 202, 7);
        text = render("text", &result, &(struct report_style){.utf8 = true, .width = 1000});
        assert_contains(text, "here 60 to 202 (--set tasks=202 makes them equal).");
        free(text);
}

static void without_a_pool_nothing_of_it_is_said(void **unused)
{
        char *text;

        (void)unused;
        result.cells[FIXTURE_SEMAPHORE].phases = (struct cell_phases){0};
        result.cells[FIXTURE_SEMAPHORE].latency = (struct cell_latency){0};
        text = render("text", &result, &plain);
        assert_lacks(text, "Where the time went");
        assert_lacks(text, "Submitted");
        assert_lacks(text, "Of the workers' time");
        free(text);
}

static void samples_have_the_phases_of_their_trial(void **unused)
{
        char *text = render("csv", &result, &plain);

        (void)unused;
        assert_contains(text, ",parent_ns,dispatch_ns,work_ns,tail_ns,first_result_ns,");
        assert_contains(text, ",111111,222222,333333,44444,55555,");
        assert_contains(text, ",,0,888,0,,"); /* static: the parent's part is not known */
        assert_contains(text, ",30,66666,,,,77777\n");
        free(text);
}

static void what_is_not_known_of_the_parent_is_null_with_a_reason(void **unused)
{
        char *text = round_trip_write(&result);

        (void)unused;
        assert_contains(text, "\"parent_ns\": null");
        assert_contains(text, "\"first_result_ns\": null");
        assert_contains(text, "submit=static: the parent submits nothing");
        free(text);
}

static void advice_cites_what_submission_cost(void **unused)
{
        (void)unused;
        for (size_t i = 0; i < FIXTURE_STRIP; i++) {
                TEXT(result.cells[i].workload, "spin");
                result.cells[i].kind = MPB_TASKS;
                TEXT(result.cells[i].level[FACTOR_SHARE], "");
        }
        TEXT(result.plan.workloads[0], "spin");
        TEXT(result.cells[FIXTURE_MUTEX].level[FACTOR_SUBMIT], "static");
        result.cells[FIXTURE_SEMAPHORE].phases.work.median = 0.26; /* of 0.9 in all */
        result.comparison_count = 0;
        *result_add_comparison(&result) = (struct comparison){.baseline = FIXTURE_MUTEX,
                                                              .cell = FIXTURE_SEMAPHORE,
                                                              .ratio = 0.61,
                                                              .verdict = VERDICT_SLOWER};
        advise_result(&result);
        assert_contains(result.advice[0], "Submission costs most with imap (0.61× static)");
        assert_contains(result.advice[0], "between tasks for 67 % of their time");
        result.comparisons[0].verdict = VERDICT_FASTER;
        advise_result(&result);
        assert_contains(result.advice[0], "Fastest way to run it: imap (0.61× static).");
        result.plan.workload_count = 2; /* of which is it said? */
        TEXT(result.plan.workloads[1], "fileread");
        advise_result(&result);
        assert_contains(result.advice[0], "Fastest way to run spin: imap (0.61× static).");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(screen_and_summary_say_where_the_time_went),
                TEST(shares_add_up_where_their_medians_do_not),
                TEST(waits_for_a_map_are_said_to_grow_with_its_tasks),
                TEST(without_a_pool_nothing_of_it_is_said),
                TEST(samples_have_the_phases_of_their_trial),
                TEST(what_is_not_known_of_the_parent_is_null_with_a_reason),
                TEST(advice_cites_what_submission_cost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
