/* Statistics: cases that a pencil can check, and published values. */
#include "stats/binomial.h"
#include "stats/compare.h"
#include "stats/describe.h"
#include "stats/interval.h"
#include "stats/shuffle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void assert_near(double value, double expected, double tolerance)
{
        if (!(fabs(value - expected) <= tolerance))
                fail_msg("%.17g is not %.17g ± %g", value, expected, tolerance);
}

/* Order statistics --------------------------------------------------------------------------- */

static void quantiles_are_of_type_7(void **unused)
{
        const double values[] = {9, 1, 4, 16}, one[] = {3};

        (void)unused;
        assert_near(describe_median(values, 4), 6.5, 0);
        assert_near(describe_median(values, 3), 4, 0);
        assert_near(describe_quantile(values, 4, 0), 1, 0);
        assert_near(describe_quantile(values, 4, 0.25), 3.25, 0);
        assert_near(describe_quantile(values, 4, 0.9), 13.9, 1e-12);
        assert_near(describe_quantile(values, 4, 1), 16, 0);
        assert_near(describe_quantile(one, 1, 0.3), 3, 0);
        assert_true(isnan(describe_median(values, 0)));
        assert_near(values[0], 9, 0);
}

/* The sign test and its interval ------------------------------------------------------------- */

static void sign_test_is_exact_and_does_not_overflow(void **unused)
{
        (void)unused;
        assert_near(compare_sign_test(12, 0), 2.0 / 4096, 0);
        assert_near(compare_sign_test(1, 9), 22.0 / 1024, 0);
        assert_near(compare_sign_test(5, 5), 1, 0);
        assert_near(compare_sign_test(0, 0), 1, 0);
        /* By integer arithmetic; the coefficients are far out of a double's range. */
        assert_near(compare_sign_test(5125, 4875) / 2, 0.006385215496304, 1e-14);
        assert_near(binomial_half_cdf(99999, 49999), 0.5, 1e-9);
        assert_near(binomial_half_cdf(100000, 0), 0, 0);
}

/* Minitab's documentation of its 1-sample sign test: chromium in 12 samples, of which the report
 * tells the 3rd, 4th, 9th, and 10th. */
static void interval_matches_a_published_example(void **unused)
{
        const double chromium[] = {19.5, 17.4, 17.0, 17.5, 19.0, 17.6,
                                   18.0, 17.8, 17.1, 17.6, 18.1, 19.2};
        struct interval interval = interval_median(chromium, 12, 0.95);

        (void)unused;
        assert_near(interval.low, 17.4263, 0.00005);
        assert_near(interval.high, 18.7632, 0.0001);
        assert_near(interval.median, 17.7, 1e-12);
        assert_int_equal(interval.n, 12);
}

/* n = 6, k = 1: γ(1) = 31/32, γ(2) = 25/32, I = 0.1, λ = 5 · 0.1 / (1 + 4 · 0.1). */
static void interval_matches_a_hand_computation(void **unused)
{
        const double values[] = {60, 10, 30, 20, 50, 40};
        struct interval interval = interval_median(values, 6, 0.95);

        (void)unused;
        assert_near(interval.low, 10 + 10 * 0.5 / 1.4, 1e-9);
        assert_near(interval.high, 60 - 10 * 0.5 / 1.4, 1e-9);
}

static void interval_is_unknown_where_values_are_too_few(void **unused)
{
        const double values[] = {1, 2, 3, 4, 5};
        struct interval interval = interval_median(values, 5, 0.95);

        (void)unused;
        assert_near(interval.median, 3, 0);
        assert_true(isnan(interval.low) && isnan(interval.high));
        assert_true(isnan(interval_median(values, 0, 0.95).median));
        assert_near(interval_median(values, 5, 0.9375).low, 1, 1e-12);
}

static void interval_of_many_values_is_that_of_their_ranks(void **unused)
{
        static double values[100000];
        struct interval interval;

        (void)unused;
        for (size_t i = 0; i < COUNT(values); i++)
                values[i] = (double)((i * 7919) % COUNT(values));
        interval = interval_median(values, COUNT(values), 0.95);
        assert_near(interval.median, 49999.5, 0);
        /* ± 1.96 · √n / 2 */
        assert_near(interval.median - interval.low, 309.9, 1);
        assert_near(interval.high - interval.median, 309.9, 1);
}

/* Counted shares ----------------------------------------------------------------------------- */

/* R's binom.test documents 682 of 925; the others are closed forms. */
static void share_has_the_interval_of_clopper_and_pearson(void **unused)
{
        double low, high;

        (void)unused;
        binomial_interval(682, 925, 0.95, &low, &high);
        assert_near(low, 0.7076683, 5e-8);
        assert_near(high, 0.7654066, 5e-8);
        binomial_interval(0, 10, 0.95, &low, &high);
        assert_near(low, 0, 0);
        assert_near(high, 1 - pow(0.025, 0.1), 1e-12);
        binomial_interval(10, 10, 0.95, &low, &high);
        assert_near(low, pow(0.025, 0.1), 1e-12);
        assert_near(high, 1, 0);
        assert_near(binomial_upper(0, 60, 0.95), 1 - pow(0.05, 1.0 / 60), 1e-12);
        assert_near(binomial_upper(0, 0, 0.95), 1, 0);
}

static void binomial_tails_agree_with_the_sum_and_with_each_other(void **unused)
{
        (void)unused;
        for (size_t k = 0; k <= 30; k++) {
                assert_near(binomial_cdf(30, k, 0.5), binomial_half_cdf(30, k), 1e-13);
                if (k < 30)
                        assert_near(binomial_cdf(30, k, 0.2) + binomial_cdf(30, 29 - k, 0.8), 1,
                                    1e-13);
        }
        /* 0.9^3 + 3 · 0.1 · 0.9^2 */
        assert_near(binomial_cdf(3, 1, 0.1), 0.972, 1e-14);
        assert_near(binomial_cdf(1000000, 500500, 0.5), binomial_half_cdf(1000000, 500500), 1e-8);
        assert_near(binomial_cdf(5, 2, 0), 1, 0);
        assert_near(binomial_cdf(5, 2, 1), 0, 0);
}

/* Comparisons -------------------------------------------------------------------------------- */

static void pairs_with_a_missing_side_are_left_out(void **unused)
{
        const double cell[] = {2, NAN, 2, 4, 1, 3}, baseline[] = {1, 1, NAN, 1, 1, 0};
        struct effect effect = compare_paired(cell, baseline, 6, 0.95);

        (void)unused;
        assert_int_equal(effect.n, 3);
        assert_near(effect.ratio, 2, 1e-12);
        assert_near(effect.p, 0.5, 0); /* two above, one tie dropped */
        assert_true(isnan(effect.low));
        assert_int_equal(compare_paired(cell, baseline, 0, 0.95).n, 0);
        assert_true(isnan(compare_paired(cell, baseline, 0, 0.95).p));
}

static void effect_is_the_same_seen_from_the_other_side(void **unused)
{
        double cell[20], baseline[20];
        struct effect there, back;

        (void)unused;
        for (size_t i = 0; i < 20; i++) {
                cell[i] = 1 + (double)(i * 7 % 20);
                baseline[i] = 10 + (double)(i * 3 % 20);
        }
        there = compare_paired(cell, baseline, 20, 0.95);
        back = compare_paired(baseline, cell, 20, 0.95);
        assert_near(there.ratio * back.ratio, 1, 1e-12);
        assert_near(there.low * back.high, 1, 1e-12);
        assert_near(there.p, back.p, 0);
}

static void holm_is_step_down_and_monotone(void **unused)
{
        double p[] = {0.04, 0.01, NAN, 0.03, 0.012};
        const double expected[] = {0.09, 0.05, NAN, 0.09, 0.05};

        (void)unused;
        compare_holm(p, 5, p);
        for (size_t i = 0; i < 5; i++)
                if (isnan(expected[i]))
                        assert_true(isnan(p[i]));
                else
                        assert_near(p[i], expected[i], 1e-15);
        p[0] = p[1] = 0.7;
        compare_holm(p, 2, p);
        assert_near(p[0], 1, 0);
}

static void rounds_needed_grow_with_the_family(void **unused)
{
        (void)unused;
        assert_int_equal(compare_rounds_needed(1, 0.05), 12);
        assert_int_equal(compare_rounds_needed(100, 0.05), 12);
        assert_int_equal(compare_rounds_needed(103, 0.05), 13);
        assert_int_equal(compare_rounds_needed(500, 0.05), 15);
        /* So many unanimous rounds are enough, and one fewer is not. */
        assert_true(500 * compare_sign_test(15, 0) < 0.05);
        assert_true(500 * compare_sign_test(14, 0) > 0.05);
}

static void verdict_needs_rounds_significance_and_a_clear_interval(void **unused)
{
        const struct {
                struct effect effect;
                double p_holm;
                enum verdict verdict; /* where higher is better */
        } cases[] = {
                {{1.5, 1.4, 1.6, 12, 0}, 0.01, VERDICT_FASTER},
                {{0.5, 0.4, 0.6, 12, 0}, 0.01, VERDICT_SLOWER},
                {{1.5, 1.4, 1.6, 12, 0}, 0.05, VERDICT_INCONCLUSIVE},
                {{1.5, 1.0, 1.6, 12, 0}, 0.01, VERDICT_INCONCLUSIVE},
                {{1.5, 1.4, 1.6, 11, 0}, 0.01, VERDICT_NONE},
                {{1.5, NAN, NAN, 12, 0}, 0.01, VERDICT_NONE},
                {{1.5, 1.4, 1.6, 12, 0}, NAN, VERDICT_NONE},
                {{1.0, 0.985, 1.015, 12, 0}, 1, VERDICT_EQUIVALENT},
                {{1.0, 0.985, 1.025, 12, 0}, 1, VERDICT_INCONCLUSIVE},
                {{1.01, 1.005, 1.015, 12, 0}, 0.01, VERDICT_FASTER},
                {{1.01, 1.005, 1.015, 12, 0}, 0.2, VERDICT_EQUIVALENT},
        };

        (void)unused;
        for (size_t i = 0; i < COUNT(cases); i++)
                assert_int_equal(
                        compare_verdict(&cases[i].effect, cases[i].p_holm, true, 0.02, 0.05),
                        cases[i].verdict);
        assert_int_equal(compare_verdict(&cases[0].effect, 0.01, false, 0.02, 0.05),
                         VERDICT_SLOWER);
}

static void rounds_are_not_foreseen_where_none_would_do(void **unused)
{
        /* On the edge of the threshold either way, and at no distance from 1 with no threshold. */
        const struct effect none = {1, 0.9, 1.1, 12, 1}, unknown = {1.1, NAN, NAN, 4, 1},
                            near = {1.001, 0.98, 1.022, 12, 0.8};

        (void)unused;
        assert_int_equal(compare_rounds_for_verdict(&none, 0, 0.05, 1), 0);
        assert_int_equal(compare_rounds_for_verdict(&unknown, 0.02, 0.05, 1), 0);
        /* Equivalence is nearer than a difference. */
        assert_in_range(compare_rounds_for_verdict(&near, 0.02, 0.05, 1), 13, 40);
}

static void smallest_effect_needs_rounds_that_can_find_one(void **unused)
{
        const struct effect effect = {1, 0.98, 1 / 0.98, 12, 1}, unknown = {1, NAN, NAN, 4, 1};
        double few = compare_smallest_effect(&effect, 12, 0.05, 1),
               many = compare_smallest_effect(&effect, 48, 0.05, 1),
               family = compare_smallest_effect(&effect, 12, 0.05, 12);

        (void)unused;
        assert_true(many < 0.6 * few && few < family);
        assert_true(isnan(compare_smallest_effect(&effect, 11, 0.05, 1)));
        assert_true(isnan(compare_smallest_effect(&effect, 12, 0.05, 103))); /* needs 13 */
        assert_true(isnan(compare_smallest_effect(&unknown, 12, 0.05, 1)));
}

/* Rounds ------------------------------------------------------------------------------------- */

static void round_depends_on_seed_and_number_alone(void **unused)
{
        uint32_t a[40], b[40];
        size_t moved = 0;

        (void)unused;
        shuffle_round(1, 5, a, 40);
        shuffle_round(1, 6, b, 40);
        assert_memory_not_equal(a, b, sizeof(a));
        shuffle_round(2, 5, b, 40);
        assert_memory_not_equal(a, b, sizeof(a));
        shuffle_round(1, 5, b, 40);
        assert_memory_equal(a, b, sizeof(a));
        for (uint32_t i = 0; i < 40; i++) {
                size_t seen = 0;

                for (uint32_t j = 0; j < 40; j++)
                        seen += a[j] == i;
                assert_int_equal(seen, 1);
                moved += a[i] != i;
        }
        assert_true(moved > 30);
        shuffle_round(1, 5, NULL, 0);
}

static void every_order_is_equally_likely(void **unused)
{
        size_t seen[24] = {0};
        double chi_squared = 0;

        (void)unused;
        for (uint64_t round = 0; round < 24000; round++) {
                uint32_t order[4];
                size_t rank = 0;

                shuffle_round(42, round, order, 4);
                for (size_t i = 0; i < 4; i++) {
                        size_t smaller = 0;

                        for (size_t j = i + 1; j < 4; j++)
                                smaller += order[j] < order[i];
                        rank = rank * (4 - i) + smaller;
                }
                seen[rank]++;
        }
        for (size_t i = 0; i < 24; i++)
                chi_squared += pow((double)seen[i] - 1000, 2) / 1000;
        /* 99.9 % point with 23 degrees of freedom */
        assert_true(chi_squared < 49.73);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quantiles_are_of_type_7),
                cmocka_unit_test(sign_test_is_exact_and_does_not_overflow),
                cmocka_unit_test(interval_matches_a_published_example),
                cmocka_unit_test(interval_matches_a_hand_computation),
                cmocka_unit_test(interval_is_unknown_where_values_are_too_few),
                cmocka_unit_test(interval_of_many_values_is_that_of_their_ranks),
                cmocka_unit_test(share_has_the_interval_of_clopper_and_pearson),
                cmocka_unit_test(binomial_tails_agree_with_the_sum_and_with_each_other),
                cmocka_unit_test(pairs_with_a_missing_side_are_left_out),
                cmocka_unit_test(effect_is_the_same_seen_from_the_other_side),
                cmocka_unit_test(holm_is_step_down_and_monotone),
                cmocka_unit_test(rounds_needed_grow_with_the_family),
                cmocka_unit_test(verdict_needs_rounds_significance_and_a_clear_interval),
                cmocka_unit_test(rounds_are_not_foreseen_where_none_would_do),
                cmocka_unit_test(smallest_effect_needs_rounds_that_can_find_one),
                cmocka_unit_test(round_depends_on_seed_and_number_alone),
                cmocka_unit_test(every_order_is_equally_likely),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
