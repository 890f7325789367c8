/* samples.csv, read back by RFC 4180's rules. */
#include "support/fixture.h"
#include "support/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COLUMNS_MAX 128
#define ROWS_MAX 1024

/* `text` is cut into fields in place. */
struct table {
        char *text, *field[ROWS_MAX][COLUMNS_MAX];
        size_t rows, columns[ROWS_MAX];
};

/* Reads one field, leaves `*at` behind what ended it, and returns that: ',' or '\n'. */
static char read_field(char **at, char **field)
{
        char *from = *at, *to = *at, end;
        bool quoted = *from == '"';

        *field = to;
        from += quoted;
        while (*from && (quoted || (*from != ',' && *from != '\n'))) {
                if (quoted && *from == '"') {
                        from++;
                        quoted = *from == '"';
                        if (!quoted)
                                continue;
                }
                assert_true(quoted || *from != '"');
                *to++ = *from++;
        }
        end = *from;
        assert_true(end == ',' || end == '\n');
        *to = '\0';
        *at = from + 1;
        return end;
}

static void table_init(struct table *table, const struct result *result)
{
        char *at, end;

        memset(table, 0, sizeof(*table));
        table->text = at = render("csv", result, &(struct report_style){0});
        while (*at) {
                assert_true(table->rows < ROWS_MAX);
                do {
                        size_t column = table->columns[table->rows]++;

                        assert_true(column < COLUMNS_MAX);
                        end = read_field(&at, &table->field[table->rows][column]);
                } while (end == ',');
                table->rows++;
        }
}

static const char *field(const struct table *table, size_t row, const char *name)
{
        for (size_t i = 0; i < table->columns[0]; i++)
                if (!strcmp(table->field[0][i], name))
                        return table->field[row][i];
        fail_msg("no column '%s'", name);
        return "";
}

static void a_row_per_trial_and_worker_with_the_same_columns(void **unused)
{
        static struct table table;
        struct result result;
        size_t wanted = 1;

        (void)unused;
        fixture_result(&result);
        for (size_t i = 0; i < result.trial_count; i++)
                wanted += result.trials[i].outcome.workers ? result.trials[i].outcome.workers : 1;
        table_init(&table, &result);
        assert_int_equal(table.rows, wanted);
        for (size_t i = 0; i < table.rows; i++)
                assert_int_equal(table.columns[i], table.columns[0]);
        for (size_t i = 0; i < table.columns[0]; i++)
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(table.field[0][i], table.field[0][j]);
        assert_string_equal(field(&table, 1, "workload"), "counter");
        assert_string_equal(field(&table, 1, "share"), "mutex");
        assert_string_equal(field(&table, 2, "worker"), "1");
        free(table.text);
        result_done(&result);
}

static void a_peak_that_may_be_the_workers_own_is_marked(void **unused)
{
        static struct table table;
        struct result result;

        (void)unused;
        fixture_result(&result);
        result.cells[result.trials[0].cell].run.max_rss_at_most = 1;
        result.trials[0].workers[0].max_rss_bytes = 1 << 20;
        table_init(&table, &result);
        assert_string_equal(field(&table, 1, "max_rss_bytes"), "1048576");
        assert_string_equal(field(&table, 1, "max_rss_at_most"), "1");
        assert_string_equal(field(&table, 2, "max_rss_at_most"), ""); /* nothing is known */
        free(table.text);
        result_done(&result);
}

static void a_trial_without_workers_has_a_row_too(void **unused)
{
        static struct table table;
        struct result result;
        size_t before;

        (void)unused;
        fixture_result(&result);
        table_init(&table, &result);
        before = table.rows;
        free(table.text);
        assert_non_null(result_add_trial(&result, 0));
        table_init(&table, &result);
        assert_int_equal(table.rows, before + 1);
        assert_int_equal(table.columns[before], table.columns[0]);
        assert_string_equal(field(&table, before, "worker"), "");
        free(table.text);
        result_done(&result);
}

static void text_with_commas_quotes_and_lines_comes_back(void **unused)
{
        static const char reason[] = "a \"quoted\", reason\nof two lines";
        static struct table table;
        struct result result;

        (void)unused;
        fixture_result(&result);
        snprintf(result.trials[0].outcome.reason, sizeof(reason), "%s", reason);
        table_init(&table, &result);
        assert_string_equal(field(&table, 1, "reason"), reason);
        assert_int_equal(table.columns[1], table.columns[0]);
        free(table.text);
        result_done(&result);
}

static void what_is_not_known_is_empty_and_no_zero(void **unused)
{
        static struct table table;
        struct result result;

        (void)unused;
        fixture_result(&result);
        table_init(&table, &result);
        for (size_t i = 1; i < table.rows; i++) {
                assert_string_equal(field(&table, i, "cycles"), "");
                if (!*field(&table, i, "worker"))
                        continue; /* process starts have no team */
                assert_string_equal(field(&table, i, "cycles_status"), "unsupported");
                assert_string_equal(field(&table, i, "branch-misses"), "");
                assert_string_equal(field(&table, i, "branch-misses_status"), "denied");
                assert_string_equal(field(&table, i, "cpu-migrations"), "");
                if (!strcmp(field(&table, i, "round"), "0"))
                        assert_string_equal(field(&table, i, "psi_cpu_ns"), "");
                if (!strcmp(field(&table, i, "workload"), "counter"))
                        assert_string_equal(field(&table, i, "life_wall_ns"), "");
                if (!strcmp(field(&table, i, "status"), "collapsed")) {
                        assert_string_equal(field(&table, i, "end_ns"), "");
                        assert_string_equal(field(&table, i, "worker_ops"), "");
                        assert_string_equal(field(&table, i, "user_ns"), "");
                } else if (!strcmp(field(&table, i, "worker"), "1"))
                        assert_string_equal(field(&table, i, "run_delay_ns"), "");
        }
        /* Scaled up to the time that it was enabled: 5 in 10 of 16 ms. */
        assert_string_equal(field(&table, 1, "context-switches"), "8");
        assert_string_equal(field(&table, 1, "context-switches_status"), "scaled");
        assert_string_equal(field(&table, 1, "context-switches_running_share"), "0.625");
        free(table.text);
        result_done(&result);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_row_per_trial_and_worker_with_the_same_columns),
                cmocka_unit_test(a_peak_that_may_be_the_workers_own_is_marked),
                cmocka_unit_test(a_trial_without_workers_has_a_row_too),
                cmocka_unit_test(text_with_commas_quotes_and_lines_comes_back),
                cmocka_unit_test(what_is_not_known_is_empty_and_no_zero),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
