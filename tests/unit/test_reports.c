/* Every format on the fixed result: what must be said is said, and nothing that is not known. */
#include "support/fixture.h"
#include "support/render.h"

#include "stats/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TEXT(to, from) snprintf(to, sizeof(to), "%s", from)

static const struct report_style plain = {.utf8 = true, .width = 80};

/* The line that begins with `label`, and what is indented further below it, in one line. */
static char *paragraph_of(const char *text, const char *label)
{
        size_t length = strlen(label);
        char *found = NULL;

        for (const char *line = text; line; line = strchr(line, '\n')) {
                const char *end;

                line += *line == '\n';
                if (strncmp(line, "  ", 2) || strncmp(line + 2, label, length) ||
                    line[2 + length] != ' ')
                        continue;
                end = strchr(line, '\n');
                while (end && !strncmp(end, "\n       ", 8))
                        end = strchr(end + 1, '\n');
                found = strndup(line, end ? (size_t)(end - line) : strlen(line));
                break;
        }
        assert_non_null(found);
        render_join_lines(found);
        return found;
}

static void text_says_of_each_cell_what_came_out(void **unused)
{
        static const struct {
                const char *label, *said[3];
        } rows[] = {
                {"sharded", {"38.1×", "[ 36.9,  39.0]", "faster"}},
                {"atomic", {"5.10×", "[ 4.90,  5.30]", "faster"}},
                {"semaphore", {"0.61×", "[ 0.58,  0.66]", "slower"}},
                {"robust", {"0.998×", "[0.989, 1.009]", "equivalent"}},
                {"cas", {"inconclusive", "about 40 rounds would do (about 31 s)", "not bound to"}},
                {"mutex", {"1×", "38.9 M adds/s", "baseline"}},
                {"batched", {"correct", "2000 = 2 × 1000 ✓", "a rate needs 20 ms"}},
                {"racy", {"WRONG", "lost updates in 13 of 13 trials", "worst 49 %"}},
                {"ticket", {"skipped", "a FIFO spinlock collapses", "name it to run it anyway"}},
                {"mcs", {"collapsed", "12,899 of 800,000 adds", "after 10 s"}},
                {"ofdlock", {"FAILED", "worker 1 was killed by SIGKILL", "in every trial"}},
        };
        struct result result;
        char *text;

        (void)unused;
        fixture_result(&result);
        text = render("text", &result, &plain);
        for (size_t i = 0; i < COUNT(rows); i++) {
                char *row = paragraph_of(text, rows[i].label);

                for (size_t j = 0; j < 3; j++)
                        assert_contains(row, rows[i].said[j]);
                free(row);
        }
        assert_contains(text, "baseline: mutex 38.9 M adds/s");
        assert_contains(text, "12 rounds (1 more was disturbed and left out: other programs 0.24 "
                              "CPUs, steal\n");
        assert_contains(text, result.advice[1]);
        free(text);
        result_done(&result);
}

static void assert_order(const char *text, const char *const *labels, size_t count)
{
        const char *before = text;

        for (size_t i = 0; i < count; i++) {
                char line[64];
                const char *at;

                snprintf(line, sizeof(line), "\n  %s ", labels[i]);
                at = strstr(text, line);
                assert_non_null(at);
                assert_true(at > before);
                before = at;
        }
}

static void cells_stand_from_the_best_to_the_worst(void **unused)
{
        static const char *const rates[] = {"sharded", "atomic", "cas",
                                            "mutex",   "robust", "semaphore"};
        static const char *const times[] = {"semaphore", "robust", "mutex",
                                            "cas",       "atomic", "sharded"};
        struct result result;
        char *text;

        (void)unused;
        fixture_result(&result);
        text = render("text", &result, &plain);
        assert_order(text, rates, COUNT(rates));
        assert_contains(text, "higher is better");
        free(text);

        for (size_t i = 0; i < FIXTURE_STRIP; i++)
                result.cells[i].primary = METRIC_MAKESPAN;
        for (size_t i = 0; i < result.comparison_count; i++)
                if (result.comparisons[i].metric == METRIC_THROUGHPUT)
                        result.comparisons[i].metric = METRIC_MAKESPAN;
        text = render("text", &result, &plain);
        assert_order(text, times, COUNT(times));
        assert_contains(text, "lower is better");
        free(text);
        result_done(&result);
}

static void disturbed_rounds_are_told_where_they_matter(void **unused)
{
        struct result result;
        char *text, *row;

        (void)unused;
        fixture_result(&result);
        text = render("text", &result, &plain);
        row = paragraph_of(text, "robust"); /* its interval leaves 0.988 out */
        assert_contains(row, "0.988× with the disturbed rounds");
        free(row);
        row = paragraph_of(text, "sharded");
        assert_lacks(row, "disturbed");
        free(row);
        free(text);
        result_done(&result);
}

static void without_verdicts_the_reason_is_said_once(void **unused)
{
        static const char *const words[] = {"faster", "slower", "equivalent", "inconclusive"};
        struct result result;
        char *text;

        (void)unused;
        fixture_result(&result);
        TEXT(result.no_verdict, "no verdicts: they need 12 rounds, and 7 were done");
        result.end = RESULT_INTERRUPTED;
        for (size_t i = 0; i < result.comparison_count; i++) {
                result.comparisons[i].verdict = VERDICT_NONE;
                result.comparisons[i].ci_low = result.comparisons[i].ci_high = NAN;
        }
        text = render("text", &result, &plain);
        for (size_t i = 0; i < COUNT(words); i++)
                assert_lacks(text, words[i]);
        assert_int_equal(render_count(text, "No verdicts: they need 12 rounds"), 1);
        assert_contains(text, "INTERRUPTED");
        assert_contains(text, "38.1×");
        assert_lacks(text, "95 % interval");
        free(text);
        result_done(&result);
}

static void what_limits_the_figures_is_said(void **unused)
{
        struct result result;

        (void)unused;
        fixture_result(&result);
        result.environment.on_battery = 1;
        result.cells[FIXTURE_MUTEX].workers = 8;
        result.cells[FIXTURE_MUTEX].pus = 2;
        TEXT(result.cells[FIXTURE_CAS].place_note, "all on slower (efficiency) cores");
        for (size_t i = 0; i < 2; i++) {
                char *text = render(i ? "markdown" : "text", &result, &plain);

                render_join_lines(text);
                assert_contains(text, "CPU quota of 1.5 CPUs");
                assert_contains(text, "a virtual machine (kvm)");
                assert_contains(text, "on battery");
                assert_contains(text, "Empty critical section");
                assert_contains(text, "mproc (C)");
                assert_contains(text, "8 workers share 2 PUs");
                assert_contains(text, "all on slower (efficiency) cores");
                free(text);
        }
        result_done(&result);
}

static void a_missing_counter_has_its_reason_and_never_a_figure(void **unused)
{
        struct result result;

        (void)unused;
        fixture_result(&result);
        for (size_t i = 0; i < 2; i++) {
                char *text = render(i ? "markdown" : "text", &result, &plain);

                render_join_lines(text);
                assert_contains(text, "No figure for cycles: unsupported (this machine has no PMU");
                assert_contains(text, "No figure for branch-misses: denied (kernel.perf");
                assert_contains(text, "No figure for cpu-migrations: not counted (it never ran");
                assert_lacks(text, "No figure for task-clock");
                assert_contains(text, "51.2"); /* task-clock/op */
                free(text);
        }
        result_done(&result);
}

static void start_costs_stand_below_or_in_a_table_of_their_own(void **unused)
{
        struct result result;
        char *text;

        (void)unused;
        fixture_result(&result);
        text = render("text", &result, &(struct report_style){.utf8 = true, .width = 120});
        assert_contains(text, "Start and join a worker: fork 0.210 ms · forkserver 0.240 ms · "
                              "spawn 0.610 ms\n");
        assert_contains(text,
                        "with a 1 GiB parent: fork 34.0 ms; forkserver, spawn as with a small one "
                        "(± 10 %)");
        assert_lacks(text, "Steps, from the call");
        free(text);

        TEXT(result.plan.workloads[0], "start");
        text = render("text", &result, &(struct report_style){.utf8 = true, .width = 120});
        assert_contains(text,
                        "fork             0.210 ms [0.204, 0.218]     34.0 ms [33.0, 35.4]\n");
        assert_contains(text,
                        "Steps, from the call           returned  first instruction     ready\n");
        assert_contains(text,
                        "spawn                          0.183 ms           0.366 ms  0.427 ms\n");
        free(text);
        result_done(&result);
}

static void the_same_result_gives_the_same_bytes_also_when_read_back(void **unused)
{
        static const char *const names[] = {"text", "json", "csv", "markdown"};
        struct result result, read;
        struct mproc_err err = {0};
        char *json;

        (void)unused;
        fixture_result(&result);
        json = render("json", &result, &plain);
        assert_int_equal(result_from_json(json, strlen(json), &read, &err), 0);
        for (size_t i = 0; i < COUNT(names); i++) {
                char *first = render(names[i], &result, &plain);
                char *again = render(names[i], &result, &plain);
                char *later = render(names[i], &read, &plain);

                assert_string_equal(first, again);
                assert_string_equal(first, later);
                free(first);
                free(again);
                free(later);
        }
        free(json);
        result_done(&read);
        result_done(&result);
}

static void no_format_shows_what_is_no_number(void **unused)
{
        static const char *const names[] = {"text", "json", "csv", "markdown"};
        struct result result;

        (void)unused;
        fixture_result(&result);
        result.cells[FIXTURE_CAS].summary[METRIC_THROUGHPUT].ci_low = NAN;
        result.comparisons[1].ci_high = INFINITY;
        result.comparisons[2].ratio = NAN;
        result.cells[FIXTURE_STRIP].step[3].median = NAN;
        for (size_t i = 0; i < COUNT(names); i++) {
                char *text = render(names[i], &result, &plain);

                assert_false(render_has_word(text, "nan"));
                assert_false(render_has_word(text, "inf"));
                free(text);
        }
        result_done(&result);
}

static void markdown_tables_have_as_many_columns_in_every_row(void **unused)
{
        struct result result;
        char *text, *save = NULL;
        size_t columns = 0, rows = 0;

        (void)unused;
        fixture_result(&result);
        TEXT(result.cells[FIXTURE_OFDLOCK].note, "a | b\nc * d");
        text = render("markdown", &result, &plain);
        assert_contains(text, "a \\| b c \\* d");
        /* strsep, since an empty line ends a table */
        save = text;
        for (char *line; (line = strsep(&save, "\n"));) {
                size_t bars = 0;

                for (const char *p = line; *p; p++)
                        bars += *p == '|' && (p == line || p[-1] != '\\');
                if (bars && columns)
                        assert_int_equal(bars, columns);
                columns = bars;
                rows += bars > 0;
        }
        assert_true(rows > FIXTURE_CELLS);
        free(text);
        result_done(&result);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_says_of_each_cell_what_came_out),
                cmocka_unit_test(cells_stand_from_the_best_to_the_worst),
                cmocka_unit_test(disturbed_rounds_are_told_where_they_matter),
                cmocka_unit_test(without_verdicts_the_reason_is_said_once),
                cmocka_unit_test(what_limits_the_figures_is_said),
                cmocka_unit_test(a_missing_counter_has_its_reason_and_never_a_figure),
                cmocka_unit_test(start_costs_stand_below_or_in_a_table_of_their_own),
                cmocka_unit_test(the_same_result_gives_the_same_bytes_also_when_read_back),
                cmocka_unit_test(no_format_shows_what_is_no_number),
                cmocka_unit_test(markdown_tables_have_as_many_columns_in_every_row),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
