#include "base/option_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is not overwritten by a failing call. */
#define UNTOUCHED 424242

static const char *const methods[] = {"fork", "spawn", "forkserver", NULL};
static const struct mpb_option increments = {
        .name = "increments", .type = MPB_INT, .allows_auto = 1, .min = 1, .max = 1000000000000};
static const struct mpb_option workers = {
        .name = "workers", .type = MPB_INT, .min = 1, .max = 1024};
static const struct mpb_option any = {.name = "any", .type = MPB_INT};
static const struct mpb_option pause_time = {
        .name = "pause", .type = MPB_DURATION, .min = 1000, .max = 10000000000};
static const struct mpb_option method = {.name = "method", .type = MPB_CHOICE, .choices = methods};
static const struct mpb_option share = {.name = "share", .type = MPB_PERCENT, .max = 1000000};
static const struct mpb_option bytes = {.name = "bytes", .type = MPB_SIZE};

static void bad_values_are_refused_with_what_is_allowed(void **state)
{
        static const struct {
                const struct mpb_option *option;
                const char *text, *said;
        } rows[] = {
                {&increments, "abc",
                 "increments: 'abc' is not a whole number such as 1000, 10k or 2M "
                 "(allowed: 1 to 1000000000000, or auto)"},
                {&increments, "0",
                 "increments: 0 is out of range (allowed: 1 to 1000000000000, or auto)"},
                {&workers, "auto",
                 "workers: 'auto' is not a whole number such as 1000, 10k or 2M "
                 "(allowed: 1 to 1024)"},
                {&pause_time, "11s", "pause: 11s is out of range (allowed: 1us to 10s)"},
                {&any, "99999999999999999999",
                 "any: 99999999999999999999 is out of range (allowed: what 64 bits can hold)"},
                {&method, "frok",
                 "method: unknown 'frok', did you mean 'fork'? "
                 "(allowed: fork, spawn, forkserver)"},
                {&method, "zebra", "method: unknown 'zebra' (allowed: fork, spawn, forkserver)"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                struct mproc_err err = {0};
                int64_t value = UNTOUCHED;

                assert_int_equal(option_parse_value(rows[i].option, rows[i].text, &value, &err),
                                 -EINVAL);
                assert_string_equal(err.text, rows[i].said);
                assert_int_equal(value, UNTOUCHED);
        }
}

static void formatted_values_read_back_to_themselves(void **state)
{
        static const struct {
                const struct mpb_option *option;
                int64_t value;
        } rows[] = {
                {&increments, MPB_AUTO},
                {&increments, 12345},
                {&pause_time, 1500000000},
                {&pause_time, 1001},
                {&pause_time, 2000000},
                {&method, 2},
                {&share, 0},
                {&share, 5000},
                {&share, 12345},
                {&bytes, 65536},
                {&bytes, 1000},
                {&bytes, 3ll << 30},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                char text[64];
                int64_t value = UNTOUCHED;

                option_format_value(rows[i].option, rows[i].value, text, sizeof(text));
                assert_int_equal(option_parse_value(rows[i].option, text, &value, NULL), 0);
                assert_int_equal(value, rows[i].value);
        }
}

static void check_list(const struct mpb_option *option, const char *text, size_t want_count,
                       const int64_t *want)
{
        int64_t values[OPTION_VALUES_MAX];
        struct mproc_err err = {0};
        size_t count = 0;

        if (option_parse_list(option, text, values, &count, &err))
                fail_msg("%s: %s", text, err.text);
        assert_int_equal(count, want_count);
        assert_memory_equal(values, want, want_count * sizeof(*want));
}

static void lists_and_ranges_expand_in_order_without_duplicates(void **state)
{
        (void)state;
        check_list(&workers, "1,10,100", 3, (int64_t[]){1, 10, 100});
        check_list(&workers, "1-4", 4, (int64_t[]){1, 2, 3, 4});
        check_list(&workers, "1-64:x2", 7, (int64_t[]){1, 2, 4, 8, 16, 32, 64});
        check_list(&workers, "1-100:x10,1,5", 4, (int64_t[]){1, 10, 100, 5});
        check_list(&any, "0-100:+25", 5, (int64_t[]){0, 25, 50, 75, 100});
        check_list(&any, "-3--1", 3, (int64_t[]){-3, -2, -1});
        check_list(&any, "7-7", 1, (int64_t[]){7});
        check_list(&increments, "auto,1k", 2, (int64_t[]){MPB_AUTO, 1000});
        check_list(&pause_time, "1ms-4ms:x2", 3, (int64_t[]){1000000, 2000000, 4000000});
        check_list(&share, "0%-100%:+50%", 3, (int64_t[]){0, 500000, 1000000});
        check_list(&method, "spawn,fork,spawn", 2, (int64_t[]){1, 0});
        /* The next step would not fit in 64 bits. */
        check_list(&any, "9223372036854775806-9223372036854775807", 2,
                   (int64_t[]){INT64_MAX - 1, INT64_MAX});
        check_list(&any, "4611686018427387904-9223372036854775807:x2", 1,
                   (int64_t[]){4611686018427387904});
}

static void bad_lists_are_refused_and_leave_the_outputs_alone(void **state)
{
        static const struct {
                const struct mpb_option *option;
                const char *text;
        } rows[] = {
                {&workers, ""},          {&workers, "1,,2"},
                {&workers, "1,"},        {&workers, "8-1"},
                {&workers, "0-4"},       {&workers, "1-"},
                {&workers, "-"},         {&workers, "1-2000"},
                {&workers, "1-65"}, /* more than OPTION_VALUES_MAX */
                {&workers, "1-8:x1"},    {&workers, "1-8:x0"},
                {&workers, "1-8:+0"},    {&workers, "1-8:+-1"},
                {&workers, "1-8:2"},     {&workers, "1-8:"},
                {&workers, "1-2-3"},     {&any, "0-8:x2"}, /* would stand still */
                {&any, "-8-8:x2"},       {&any, "0-9223372036854775807"},
                {&increments, "auto-8"}, {&pause_time, "1s-2s"}, /* steps of 1 ns are not meant */
                {&method, "fork,nope"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                int64_t values[OPTION_VALUES_MAX] = {UNTOUCHED};
                struct mproc_err err = {0};
                size_t count = UNTOUCHED;

                assert_int_equal(
                        option_parse_list(rows[i].option, rows[i].text, values, &count, &err),
                        -EINVAL);
                assert_memory_equal(err.text, rows[i].option->name, strlen(rows[i].option->name));
                assert_int_equal(count, UNTOUCHED);
                assert_int_equal(values[0], UNTOUCHED);
        }
}

static const struct mpb_option table[] = {
        {.name = "workload",
         .summary = "what is run",
         .type = MPB_TEXT,
         .metavar = "NAME",
         .group = "What to measure"},
        {.name = "workers",
         .summary = "how many processes",
         .type = MPB_INT,
         .letter = 'w',
         .metavar = "N",
         .min = 1,
         .max = 1024,
         .fallback = "2"},
        {.name = "work", .summary = "another one", .type = MPB_TEXT, .metavar = "TEXT"},
        {.name = "force",
         .summary = "replace a folder that exists, whatever it holds, and say nothing more about "
                    "it than that it was there",
         .type = MPB_FLAG,
         .letter = 'f',
         .group = "Output"},
        {.name = NULL},
};

/* Notes "name=text;" of every option. */
static int note(const struct mpb_option *option, const char *text, void *context,
                struct mproc_err *err)
{
        char *notes = context;
        int64_t value;
        int rc = text ? option_parse_value(option, text, &value, err) : 0;

        if (rc)
                return rc;
        snprintf(notes + strlen(notes), 256 - strlen(notes), "%s=%s;", option->name,
                 text ? text : "");
        return 0;
}

#define ARGV(...) ((char *[]){(char *)"mpbench", __VA_ARGS__, NULL})

static int parse(char **argv, char *notes, int *rest, struct mproc_err *err)
{
        int argc = 0;

        while (argv[argc])
                argc++;
        *notes = '\0';
        return option_parse_argv(table, argc, argv, note, notes, rest, err);
}

static void options_reach_the_sink_in_order_in_every_form(void **state)
{
        char notes[256];
        int rest = -1;

        (void)state;
        assert_int_equal(parse(ARGV("--workload=counter", "-w3", "-f", "--workers", "4"), notes,
                               &rest, NULL),
                         0);
        assert_string_equal(notes, "workload=counter;workers=3;force=;workers=4;");
        assert_int_equal(rest, 6);

        char **mixed = ARGV("DIR", "--force", "--", "--workers=0");

        assert_int_equal(parse(mixed, notes, &rest, NULL), 0);
        assert_string_equal(notes, "force=;");
        assert_string_equal(mixed[rest], "DIR");
        assert_string_equal(mixed[rest + 1], "--workers=0");

        assert_int_equal(parse(ARGV("--workload", "--force"), notes, &rest, NULL), 0);
        assert_string_equal(notes, "workload=--force;");
        /* The whole of one name is not the abbreviation of another. */
        assert_int_equal(parse(ARGV("--work=x"), notes, &rest, NULL), 0);
        assert_string_equal(notes, "work=x;");
}

static void bad_options_are_refused_with_the_nearest_one(void **state)
{
        static const struct {
                const char *argument, *said;
        } rows[] = {
                {"--worklod=counter", "unknown option '--worklod', did you mean '--workload'?"},
                {"--zebra", "unknown option '--zebra'"},
                {"-z", "unknown option '-z' (long options begin with two dashes)"},
                {"--worker=2", "unknown option '--worker', did you mean '--workers'?"},
                {"--forc", "unknown option '--forc', did you mean '--force'?"},
                {"--wor", "unknown option '--wor', did you mean '--workload'?"},
                {"--force=1", "--force takes no value"},
                {"--workload", "--workload wants a value: --workload=NAME"},
                {"-w", "--workers wants a value: --workers=N"},
                {"-w0", "--workers: 0 is out of range (allowed: 1 to 1024)"},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                struct mproc_err err = {0};
                char notes[256];
                int rest = UNTOUCHED;

                assert_int_equal(parse(ARGV((char *)rows[i].argument), notes, &rest, &err),
                                 -EINVAL);
                assert_string_equal(err.text, rows[i].said);
                assert_string_equal(notes, "");
                assert_int_equal(rest, UNTOUCHED);
        }
}

static void an_abbreviation_is_refused_also_with_a_separate_value(void **state)
{
        struct mproc_err err = {0};
        char notes[256];
        int rest;

        (void)state;
        assert_int_equal(parse(ARGV("DIR", "--workl", "counter"), notes, &rest, &err), -EINVAL);
        assert_string_equal(err.text, "unknown option '--workl', did you mean '--workload'?");
}

static void help_is_grouped_and_wrapped(void **state)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        (void)state;
        assert_non_null(out);
        option_help(table, out);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(
                text,
                "What to measure:\n"
                "      --workload=NAME       what is run\n"
                "  -w, --workers=N           how many processes (1 to 1024) [2]\n"
                "      --work=TEXT           another one\n"
                "\n"
                "Output:\n"
                "  -f, --force               replace a folder that exists, whatever it holds, and\n"
                "                            say nothing more about it than that it was there\n");
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bad_values_are_refused_with_what_is_allowed),
                cmocka_unit_test(formatted_values_read_back_to_themselves),
                cmocka_unit_test(lists_and_ranges_expand_in_order_without_duplicates),
                cmocka_unit_test(bad_lists_are_refused_and_leave_the_outputs_alone),
                cmocka_unit_test(options_reach_the_sink_in_order_in_every_form),
                cmocka_unit_test(bad_options_are_refused_with_the_nearest_one),
                cmocka_unit_test(an_abbreviation_is_refused_also_with_a_separate_value),
                cmocka_unit_test(help_is_grouped_and_wrapped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
