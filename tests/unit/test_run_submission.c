/* Ways to submit tasks, as they are written, and the cells that they come to. */
#include "base/text.h"
#include "model/submit.h"
#include "run/judge.h"
#include "run/levels.h"
#include "run/run.h"
#include "run/submission.h"
#include "support/make_plan.h"

#include <mproc/pool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void ways_are_read_with_their_depth(void **unused)
{
        struct submission submission;
        char text[32];

        (void)unused;
        for (uint32_t i = 0; submit_name(i); i++) {
                assert_int_equal(submit_parse(submit_name(i), &submission, NULL), 0);
                assert_int_equal(submission.submit, i);
                assert_int_equal(submission.in_flight, 0);
                assert_int_equal(submit_in_flight(&submission, 3), i < SUBMIT_IMAP ? 0 : 12);
        }
        assert_int_equal(submit_parse("async:0017", &submission, NULL), 0);
        assert_int_equal(submission.submit, SUBMIT_ASYNC);
        assert_int_equal(submit_in_flight(&submission, 3), 17);
        submit_format(&submission, text, sizeof(text));
        assert_string_equal(text, "async:17");
}

static void what_is_no_way_is_refused(void **unused)
{
        static const char *const wrong[] = {"",         "async:",   "async:0",
                                            "async:-1", "async:1k", "async:65537",
                                            "map:4",    "static:1", "ima",
                                            "imapx",    "async: 4", "async:4:4",
                                            "IMAP",     ":4",       "imap:99999999999999999999"};
        struct submission submission = {.submit = SUBMIT_MAP};
        struct mproc_err err;

        (void)unused;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                assert_true(submit_parse(wrong[i], &submission, &err) < 0);
                assert_non_null(strstr(err.text, wrong[i]));
                assert_int_equal(submission.submit, SUBMIT_MAP);
        }
}

static void chunks_are_names_or_numbers(void **unused)
{
        static const char *const wrong[] = {"", "0", "-1", "1k", "4294967294", "half", "1.5"};
        uint32_t chunk = 7;

        (void)unused;
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
                assert_true(submit_parse_chunk(wrong[i], &chunk, NULL) < 0);
        assert_int_equal(chunk, 7);
        assert_int_equal(submit_parse_chunk("cpython", &chunk, NULL), 0);
        assert_true(chunk == MPROC_CHUNK_CPYTHON);
        assert_int_equal(submit_parse_chunk("guided", &chunk, NULL), 0);
        assert_true(chunk == MPROC_CHUNK_GUIDED);
        assert_int_equal(submit_parse_chunk("16", &chunk, NULL), 0);
        assert_int_equal(chunk, 16);
}

static void plan_of(struct plan *plan, const char *workload, const char *submit, const char *chunk,
                    const char *transport)
{
        plan_init(plan);
        make_plan_workload(plan, workload);
        make_plan_levels(plan, FACTOR_WORKERS, "2");
        if (submit)
                make_plan_levels(plan, FACTOR_SUBMIT, submit);
        if (chunk)
                make_plan_levels(plan, FACTOR_CHUNK, chunk);
        if (transport)
                make_plan_levels(plan, FACTOR_TRANSPORT, transport);
}

static void expand(struct plan *plan, struct result *result)
{
        struct mproc_err err = {0};

        result_init(result);
        if (run_expand(plan, result, &err) < 0)
                fail_msg("%s", err.text);
}

static void assert_label(const struct result *result, size_t index, const char *wanted)
{
        char label[160];

        cell_label(result, &result->cells[index], label, sizeof(label));
        assert_string_equal(label, wanted);
}

static void what_means_nothing_makes_no_cell(void **unused)
{
        struct result result;
        struct plan plan;

        (void)unused;
        plan_of(&plan, "spin", "static,map,imap,imap:8,imap:0016", "1,guided,001", NULL);
        expand(&plan, &result);
        assert_int_equal(result.cell_count, 5); /* imap is imap:8 for two workers */
        assert_label(&result, 0, "static");
        assert_label(&result, 1, "map · chunk 1");
        assert_label(&result, 2, "map · chunk guided");
        assert_label(&result, 3, "imap");
        assert_label(&result, 4, "imap:16");
        assert_string_equal(result.cells[0].level[FACTOR_TRANSPORT], "");
        assert_string_equal(result.cells[0].level[FACTOR_CHUNK], "");
        assert_string_equal(result.cells[1].level[FACTOR_TRANSPORT], "ring");
        assert_string_equal(result.cells[3].level[FACTOR_CHUNK], "");
        result_done(&result);
}

static void chunks_may_be_a_range_or_have_a_suffix(void **unused)
{
        struct result result;
        struct plan plan;

        (void)unused;
        plan_of(&plan, "spin", "map", "guided,1-16:x4,4,2k", NULL);
        expand(&plan, &result);
        assert_int_equal(result.cell_count, 5);
        assert_label(&result, 0, "chunk guided");
        assert_label(&result, 1, "chunk 1");
        assert_label(&result, 2, "chunk 4");
        assert_label(&result, 3, "chunk 16");
        assert_label(&result, 4, "chunk 2000");
        result_done(&result);
}

static void defaults_are_static_and_of_a_map_cpythons_chunks(void **unused)
{
        struct result result;
        struct plan plan;

        (void)unused;
        plan_of(&plan, "fileread", NULL, NULL, NULL);
        expand(&plan, &result);
        assert_int_equal(result.cell_count, 1);
        assert_string_equal(result.cells[0].level[FACTOR_SUBMIT], "static");
        assert_false(cell_has_pool(&result.cells[0]));
        result_done(&result);
        plan_of(&plan, "fileread", "all", NULL, NULL);
        expand(&plan, &result);
        assert_int_equal(result.cell_count, SUBMIT_COUNT);
        assert_string_equal(result.cells[SUBMIT_MAP].level[FACTOR_CHUNK], "cpython");
        for (uint32_t i = SUBMIT_MAP; i < SUBMIT_COUNT; i++)
                assert_true(cell_has_pool(&result.cells[i]));
        result_done(&result);
}

static void every_transport_is_a_cell_of_each_pool(void **unused)
{
        struct result result;
        struct plan plan;
        size_t count = 0;

        (void)unused;
        while (submission_transport_at(count, NULL))
                count++;
        plan_of(&plan, "spin", "static,async", NULL, "all");
        expand(&plan, &result);
        assert_int_equal(result.cell_count, 1 + count);
        result_done(&result);
}

static void static_is_the_baseline_wherever_it_stands(void **unused)
{
        struct result result;
        struct plan plan;

        (void)unused;
        plan_of(&plan, "spin", "map,async,static", NULL, NULL);
        expand(&plan, &result);
        assert_string_equal(judge_baseline(&result, "spin")->level[FACTOR_SUBMIT], "static");
        text_copy(result.plan.baseline, sizeof(result.plan.baseline), "submit=async");
        assert_string_equal(judge_baseline(&result, "spin")->level[FACTOR_SUBMIT], "async");
        result_done(&result);
}

static void what_a_pool_cannot_do_is_skipped_with_its_reason(void **unused)
{
        struct result result;
        struct plan plan;

        (void)unused;
        plan_of(&plan, "spin", "static,map", NULL, NULL);
        make_plan_levels(&plan, FACTOR_START, "serial,thread");
        make_plan_levels(&plan, FACTOR_WORKERS, "257"); /* and two */
        expand(&plan, &result);
        assert_int_equal(result.cell_count, 8);
        for (size_t i = 0; i < result.cell_count; i++) {
                const struct cell *cell = &result.cells[i];
                bool serial = !strcmp(cell->level[FACTOR_START], "serial");

                if (cell_has_pool(cell) && serial) {
                        assert_int_equal(cell->status, CELL_SKIPPED);
                        assert_non_null(strstr(cell->note, "serial"));
                } else if (cell_has_pool(cell) && cell->workers > MPROC_POOL_WORKERS_MAX) {
                        assert_int_equal(cell->status, CELL_SKIPPED);
                        assert_non_null(strstr(cell->note, "256"));
                } else {
                        assert_int_equal(cell->status, CELL_MEASURED);
                }
        }
        result_done(&result);
}

static void what_cannot_be_meant_is_refused(void **unused)
{
        static const struct {
                const char *workload, *submit, *chunk, *transport, *words;
        } cases[] = {
                {"counter", "map", NULL, NULL, "no tasks"},
                {"counter", NULL, "1", NULL, "--chunk"},
                {"counter", NULL, NULL, "ring", "--transport"},
                {"start", "static", NULL, NULL, "no tasks"},
                {"spin", "mapp", NULL, NULL, "did you mean 'map'"},
                {"spin", "imap:0", NULL, NULL, "from 1 to"},
                {"spin", NULL, "1", NULL, "--submit=map"},
                {"spin", "imap", "1", NULL, "--submit=map"},
                {"spin", "map", "0", NULL, "from 1 to 4294967293"},
                {"spin", "map", "0-4", NULL, "out of range"},
                {"spin", "map", "8-4", NULL, "backwards"},
                {"spin", "map", "4z", NULL, "whole number"},
                {"spin", "map", "cpython,1-64", NULL, "more than 64"},
                {"spin", "static", NULL, "ring", "--submit=static"},
                {"spin", "map", NULL, "wire", "ring"},
        };

        (void)unused;
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                struct mproc_err err = {0};
                struct result result;
                struct plan plan;

                plan_of(&plan, cases[i].workload, cases[i].submit, cases[i].chunk,
                        cases[i].transport);
                plan.levels[FACTOR_WORKERS].count = 0;
                result_init(&result);
                assert_true(run_expand(&plan, &result, &err) < 0);
                if (!strstr(err.text, cases[i].words))
                        fail_msg("case %zu: %s", i, err.text);
                result_done(&result);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ways_are_read_with_their_depth),
                cmocka_unit_test(what_is_no_way_is_refused),
                cmocka_unit_test(chunks_are_names_or_numbers),
                cmocka_unit_test(what_means_nothing_makes_no_cell),
                cmocka_unit_test(chunks_may_be_a_range_or_have_a_suffix),
                cmocka_unit_test(defaults_are_static_and_of_a_map_cpythons_chunks),
                cmocka_unit_test(every_transport_is_a_cell_of_each_pool),
                cmocka_unit_test(static_is_the_baseline_wherever_it_stands),
                cmocka_unit_test(what_a_pool_cannot_do_is_skipped_with_its_reason),
                cmocka_unit_test(what_cannot_be_meant_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
