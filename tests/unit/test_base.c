#include "base/error.h"
#include "base/text.h"
#include "base/units.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* What is not overwritten by a failing call. */
#define UNTOUCHED 424242

static void numbers_are_read_with_their_units(void **state)
{
        static const struct {
                int (*parse)(const char *, int64_t *);
                const char *text;
                int64_t value;
        } rows[] = {
                {units_parse_int, "1000", 1000},
                {units_parse_int, "10k", 10000},
                {units_parse_int, "1.5M", 1500000},
                {units_parse_int, "-3", -3},
                {units_parse_int, "9223372036854775807", INT64_MAX},
                {units_parse_duration, "3", 3000000000},
                {units_parse_duration, "250us", 250000},
                {units_parse_duration, "250µs", 250000},
                {units_parse_duration, "1.5s", 1500000000},
                {units_parse_duration, "0.25ms", 250000},
                {units_parse_duration, "2m", 120000000000},
                {units_parse_size, "64K", 65536},
                {units_parse_size, "1GiB", 1073741824},
                {units_parse_size, "4096", 4096},
                {units_parse_percent, "2%", 20000},
                {units_parse_percent, "0.5%", 5000},
                {units_parse_percent, "2", 20000},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                int64_t value = UNTOUCHED;

                assert_int_equal(rows[i].parse(rows[i].text, &value), 0);
                assert_int_equal(value, rows[i].value);
        }
}

static void what_is_no_number_or_does_not_fit_is_refused(void **state)
{
        static const struct {
                int (*parse)(const char *, int64_t *);
                const char *text;
                int rc;
        } rows[] = {
                {units_parse_int, "", -EINVAL},
                {units_parse_int, "-", -EINVAL},
                {units_parse_int, "12x", -EINVAL},
                {units_parse_int, " 12", -EINVAL},
                {units_parse_int, "1.5", -EINVAL}, /* never rounded */
                {units_parse_int, "1.", -EINVAL},
                {units_parse_int, ".5k", -EINVAL},
                {units_parse_int, "0x10", -EINVAL},
                {units_parse_int, "9223372036854775808", -ERANGE},
                {units_parse_int, "-9223372036854775808", -ERANGE}, /* it would mean "auto" */
                {units_parse_int, "10000000T", -ERANGE},
                {units_parse_int, "99999999999999999999999999999999999999999999", -ERANGE},
                {units_parse_duration, "-1s", -EINVAL},
                {units_parse_duration, "3000000h", -ERANGE},
                {units_parse_duration, "0.5ns", -EINVAL},
                {units_parse_duration, "1.0000000000000000000000001s", -EINVAL},
                {units_parse_size, "9223372036854775807K", -ERANGE},
                {units_parse_percent, "922337203685478%", -ERANGE},
        };

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
                int64_t value = UNTOUCHED;

                assert_int_equal(rows[i].parse(rows[i].text, &value), rows[i].rc);
                assert_int_equal(value, UNTOUCHED);
        }
}

static void numbers_are_shown_with_three_digits_and_a_unit(void **state)
{
        static const struct {
                char *(*format)(double, char *, size_t);
                double value;
                const char *text;
        } rows[] = {
                {units_format_count, 38.9e6, "38.9 M"},
                {units_format_count, 812, "812"},
                {units_format_count, 999.7, "1 k"},
                {units_format_count, 0, "0"},
                {units_format_duration, 210000, "0.21 ms"},
                {units_format_duration, 182400, "0.182 ms"},
                {units_format_duration, 174, "174 ns"},
                {units_format_duration, 34e6, "34 ms"},
                {units_format_duration, 9.8e9, "9.8 s"},
                {units_format_duration, 600e9, "10 min"},
                {units_format_size, 1073741824, "1 GiB"},
                {units_format_size, 65536, "64 KiB"},
        };
        char buf[32];

        (void)state;
        for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
                assert_string_equal(rows[i].format(rows[i].value, buf, sizeof(buf)), rows[i].text);
}

static const char *name_at(size_t index, void *context)
{
        static const char *const names[] = {"atomic", "mutex", "semaphore", "spin", "racy", NULL};

        (void)context;
        return names[index];
}

static void a_slip_gets_the_name_that_was_meant(void **state)
{
        (void)state;
        assert_string_equal(text_nearest("mutx", name_at, NULL), "mutex");
        assert_string_equal(text_nearest("mtuex", name_at, NULL), "mutex"); /* swapped neighbours */
        assert_string_equal(text_nearest("ATOMIC", name_at, NULL), "atomic");
        assert_string_equal(text_nearest("sem", name_at, NULL), "semaphore");
        assert_null(text_nearest("zebra", name_at, NULL));
        assert_null(text_nearest("", name_at, NULL));
        assert_null(text_nearest("x", name_at, NULL));
}

static void names_of_any_length_are_compared_safely(void **state)
{
        char name[300];

        (void)state;
        memset(name, 'a', sizeof(name));
        name[299] = '\0';
        assert_null(text_nearest(name, name_at, NULL));
        name[63] = '\0';
        assert_null(text_nearest(name, name_at, NULL));
}

static void a_long_error_is_cut_and_keeps_its_code(void **state)
{
        struct mproc_err err;
        char text[1000];

        (void)state;
        memset(text, 'a', sizeof(text));
        text[999] = '\0';
        assert_int_equal(error_errno(&err, -ENOSPC, "save", "%s", text), -ENOSPC);
        assert_int_equal(err.code, -ENOSPC);
        assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
        assert_int_equal(error_set(NULL, -EINVAL, "save", "unseen"), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_are_read_with_their_units),
                cmocka_unit_test(what_is_no_number_or_does_not_fit_is_refused),
                cmocka_unit_test(numbers_are_shown_with_three_digits_and_a_unit),
                cmocka_unit_test(a_slip_gets_the_name_that_was_meant),
                cmocka_unit_test(names_of_any_length_are_compared_safely),
                cmocka_unit_test(a_long_error_is_cut_and_keeps_its_code),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
