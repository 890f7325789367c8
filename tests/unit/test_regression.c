/* The rule of ab and compare: when a change is a regression. */
#include "stats/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void regression_is_slower_by_more_than_the_threshold(void **unused)
{
        const struct {
                struct effect time;
                enum verdict verdict;
                enum regression expected;
        } cases[] = {
                {{.ratio = 1.05, .low = 1.04, .high = 1.06, .n = 20},
                 VERDICT_SLOWER,
                 REGRESSION_YES},
                /* Slower, but nobody minds so little, if that is all it is. */
                {{.ratio = 1.01, .low = 1.005, .high = 1.015, .n = 20},
                 VERDICT_SLOWER,
                 REGRESSION_NO},
                {{.ratio = 1.01, .low = 1.005, .high = 1.03, .n = 20},
                 VERDICT_SLOWER,
                 REGRESSION_UNCLEAR},
                {{.ratio = 1.05, .low = 0.99, .high = 1.1, .n = 20},
                 VERDICT_INCONCLUSIVE,
                 REGRESSION_UNCLEAR},
                {{.ratio = 1, .low = 0.99, .high = 1.01, .n = 20},
                 VERDICT_EQUIVALENT,
                 REGRESSION_NO},
                {{.ratio = 0.9, .low = 0.7, .high = 0.95, .n = 20}, VERDICT_FASTER, REGRESSION_NO},
                /* Not proven faster, but as good as proven not slower. */
                {{.ratio = 0.9, .low = 0.7, .high = 1.01, .n = 20},
                 VERDICT_INCONCLUSIVE,
                 REGRESSION_NO},
                {{.ratio = 1, .low = 0.999, .high = 1.001, .n = 11},
                 VERDICT_NONE,
                 REGRESSION_UNCLEAR},
                {{.ratio = NAN, .low = NAN, .high = NAN}, VERDICT_INCONCLUSIVE, REGRESSION_UNCLEAR},
        };

        (void)unused;
        for (size_t i = 0; i < COUNT(cases); i++) {
                const struct effect *time = &cases[i].time;
                struct effect speed = {.ratio = 1 / time->ratio,
                                       .low = 1 / time->high,
                                       .high = 1 / time->low,
                                       .n = time->n};

                assert_int_equal(compare_regression(time, cases[i].verdict, false, 0.02),
                                 cases[i].expected);
                assert_int_equal(compare_regression(&speed, cases[i].verdict, true, 0.02),
                                 cases[i].expected);
        }
        assert_true(REGRESSION_YES > REGRESSION_UNCLEAR && REGRESSION_UNCLEAR > REGRESSION_NO);
}

static void rounds_for_a_regression_grow_near_the_threshold(void **unused)
{
        const struct effect same = {.ratio = 1, .low = 0.97, .high = 1.03, .n = 12},
                            nearly = {.ratio = 1.015, .low = 0.985, .high = 1.045, .n = 12},
                            faster = {.ratio = 0.95, .low = 0.88, .high = 1.03, .n = 12},
                            slower = {.ratio = 1.05, .low = 0.98, .high = 1.12, .n = 12},
                            at = {.ratio = 1.0199, .low = 0.98, .high = 1.06, .n = 12},
                            speed = {.ratio = 1 / 0.95, .low = 1 / 1.03, .high = 1 / 0.88, .n = 12};
        size_t few = compare_rounds_for_regression(&same, false, 0.02, 0.05, 1);

        (void)unused;
        assert_in_range(few, 13, 100);
        assert_true(compare_rounds_for_regression(&nearly, false, 0.02, 0.05, 1) > 4 * few);
        /* Being faster need not be proven. */
        assert_in_range(compare_rounds_for_regression(&faster, false, 0.02, 0.05, 1), 13, few);
        assert_in_range(compare_rounds_for_regression(&slower, false, 0.02, 0.05, 1), 13, 60);
        assert_int_equal(compare_rounds_for_regression(&at, false, 0.02, 0.05, 1), 0);
        assert_int_equal(compare_rounds_for_regression(&speed, true, 0.02, 0.05, 1),
                         compare_rounds_for_regression(&faster, false, 0.02, 0.05, 1));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(regression_is_slower_by_more_than_the_threshold),
                cmocka_unit_test(rounds_for_a_regression_grow_near_the_threshold),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
