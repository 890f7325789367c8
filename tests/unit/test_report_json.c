/* report.json: what is written is read back whole, and what is wrong is told with its place. */
#include "support/fixture.h"
#include "support/round_trip.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void a_run_is_read_back_whole(void **unused)
{
        struct result result;

        (void)unused;
        fixture_result(&result);
        assert_survives(&result);
        result_done(&result);
}

static void an_empty_result_is_read_back(void **unused)
{
        struct result result;

        (void)unused;
        result_init(&result);
        assert_survives(&result);
}

static void what_is_not_known_is_null(void **unused)
{
        struct result result;
        json_t *root, *trial, *noise;
        char *text;

        (void)unused;
        fixture_result(&result);
        result.comparisons[0].ratio = INFINITY;
        result.comparisons[0].ci_low = -INFINITY;
        text = round_trip_write(&result);
        root = json_loads(text, 0, NULL);
        assert_non_null(root);
        assert_true(json_is_null(
                json_object_get(json_array_get(json_object_get(root, "comparisons"), 0), "ratio")));
        trial = json_array_get(json_object_get(root, "trials"), 0);
        noise = json_object_get(trial, "noise");
        assert_true(json_is_integer(json_object_get(noise, "steal_ns")));
        assert_true(json_is_null(json_object_get(noise, "psi_cpu_ns")));
        assert_true(
                json_is_null(json_object_get(json_object_get(root, "environment"), "governor")));
        json_decref(root);
        free(text);
        result_done(&result);
}

/* The trial of that status, in a fixture that has one. */
static json_t *trial_of(json_t *root, const char *status)
{
        json_t *trial;
        size_t i;

        json_array_foreach(json_object_get(root, "trials"), i,
                           trial) if (!strcmp(json_string_value(json_object_get(trial, "status")),
                                              status)) return trial;
        fail_msg("no trial is %s", status);
        return NULL;
}

static void what_a_killed_team_did_not_write_down_is_null_and_no_zero(void **unused)
{
        static const char *const of_team[] = {"overlap_ns", "skew_ns", "ops", "overlap_ops"};
        static const char *const of_work[] = {"begin_ns",    "end_ns",           "ops",
                                              "overlap_ops", "overlap_noted_ns", "rusage"};
        json_t *root, *trial, *worker;
        struct result result;
        char *text;

        (void)unused;
        fixture_result(&result);
        text = round_trip_write(&result);
        root = json_loads(text, 0, NULL);
        trial = trial_of(root, "collapsed");
        worker = json_array_get(json_object_get(trial, "workers"), 0);
        for (size_t i = 0; i < COUNT(of_team); i++)
                assert_true(json_is_null(json_object_get(trial, of_team[i])));
        for (size_t i = 0; i < COUNT(of_work); i++)
                assert_true(json_is_null(json_object_get(worker, of_work[i])));
        json_decref(root);
        free(text);
        result_done(&result);
}

static void bytes_that_are_no_utf8_are_shown_as_question_marks(void **unused)
{
        struct result result, read;
        char *text;

        (void)unused;
        result_init(&result);
        TEXT(result.no_verdict, "half a dot \xc2");
        TEXT(result.advice[0], "\xff·\xc0\xaf\"\n");
        text = round_trip_write(&result);
        round_trip_read(text, &read);
        assert_string_equal(read.no_verdict, "half a dot ?");
        assert_string_equal(read.advice[0], "?·\?\?\"\n");
        free(text);
        result_done(&read);
}

/* `text` with the first `from` replaced. */
static char *replaced(const char *text, const char *from, const char *to)
{
        const char *at = strstr(text, from);
        char *changed = NULL;

        if (!at)
                fail_msg("there is no %s to replace", from);
        if (asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) < 0)
                abort();
        return changed;
}

static void wrong_reports_are_refused_with_the_place(void **unused)
{
        static const struct {
                const char *from, *to, *said[2];
        } cases[] = {
                {"report/1", "report/2", {"schema is \"mpbench.report/2\"", "mpbench.report/1"}},
                {"\"schema\"", "\"scheme\"", {"schema is missing", "mpbench.report/1"}},
                {"\"measured\"", "\"measurd\"", {"cells[0].status", "one of measured, verified"}},
                {"\"median\": 38",
                 "\"median\": \"x\", \"m\": 38",
                 {"cells[0].summary.throughput.median is \"x\"", "a number"}},
                {"\"round\": 0", "\"round\": -1", {"trials[0].round is -1", "an integer from 0"}},
                {"\"round\": 0", "\"round\": 4294967296", {"trials[0].round", "to 4294967295"}},
                {"\"cell\": 1,", "\"cell\": 19,", {"trials[1].cell is 19", "one of the 19 cells"}},
                {"\"id\": 3", "\"id\": 4", {"cells[3].id is 4", "expected 3"}},
                {"\"pid\": 4000", "\"pid\": 1.5", {"trials[0].workers[0].pid is 1.5", "integer"}},
                {"\"noise\": {",
                 "\"noise\": [], \"n\": {",
                 {"trials[0].noise is an array", "an object"}},
                {"\"raw_value\": 26",
                 "\"raw_value\": \"-1\", \"r\": 26",
                 {"trials[0].workers[0].counters.task-clock.raw_value is \"-1\"", "as text"}},
                {"\"pus\": 2,", "", {"cells[0].pus is missing", "an integer"}},
                {"\"verified\": true", "\"verified\": 1", {"cells[0].verified is 1", "true or"}},
                {"\"0-1\"", "\"0-2000\"", {"environment.allowed_pu_list", "a list of CPUs"}},
                {"\"010000ff\"", "\"010\"", {"environment.counters[0].attr", "hexadecimal"}},
                {"\"x86_64\"", "\"x86_64_0123456789\"", {"environment.arch", "at most 15 bytes"}},
                {"\"environment\": {",
                 "\"environment\": null, \"e\": {",
                 {"environment is null", "an object"}},
                {"\"trials\": [", "\"trials\": {}, \"t\": [", {"trials is an object", "an array"}},
                {"\"tool\"", "\"schema\"", {"line 3", "duplicate"}},
        };
        struct result result, untouched, before;
        char *text;

        (void)unused;
        fixture_result(&result);
        text = round_trip_write(&result);
        memset(&before, 0x5a, sizeof(before));
        memcpy(&untouched, &before, sizeof(before));
        for (size_t i = 0; i < COUNT(cases); i++) {
                char *changed = replaced(text, cases[i].from, cases[i].to);
                struct mproc_err err = {0};

                assert_int_equal(result_from_json(changed, strlen(changed), &untouched, &err),
                                 -EINVAL);
                assert_int_equal(err.code, -EINVAL);
                for (size_t j = 0; j < 2; j++)
                        if (!strstr(err.text, cases[i].said[j]))
                                fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].said[j]);
                assert_memory_equal(&untouched, &before, sizeof(before));
                free(changed);
        }
        free(text);
        result_done(&result);
}

static void a_report_cut_anywhere_is_refused(void **unused)
{
        struct result result, read;
        struct mproc_err err;
        char *text;
        size_t size;

        (void)unused;
        fixture_result(&result);
        text = round_trip_write(&result);
        size = strlen(text);
        for (size_t cut = 0; cut < size; cut += 1 + cut / 40)
                assert_int_equal(result_from_json(text, cut, &read, &err), -EINVAL);
        assert_int_equal(result_from_json(text, size - 1, &read, NULL), -EINVAL);
        free(text);
        result_done(&result);
}

static void what_later_versions_add_is_ignored(void **unused)
{
        struct result result, read;
        char *text, *added, *more;

        (void)unused;
        fixture_result(&result);
        text = round_trip_write(&result);
        added = replaced(text, "\"tool\": {", "\"novel\": [{}], \"tool\": { \"novel\": null,");
        more = replaced(added, "\"median\"", "\"mean\": 3, \"median\"");
        round_trip_read(more, &read);
        assert_same_result(&result, &read);
        free(text);
        free(added);
        free(more);
        result_done(&read);
        result_done(&result);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_run_is_read_back_whole),
                cmocka_unit_test(an_empty_result_is_read_back),
                cmocka_unit_test(what_is_not_known_is_null),
                cmocka_unit_test(what_a_killed_team_did_not_write_down_is_null_and_no_zero),
                cmocka_unit_test(bytes_that_are_no_utf8_are_shown_as_question_marks),
                cmocka_unit_test(wrong_reports_are_refused_with_the_place),
                cmocka_unit_test(a_report_cut_anywhere_is_refused),
                cmocka_unit_test(what_later_versions_add_is_ignored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
