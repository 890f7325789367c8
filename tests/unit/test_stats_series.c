/* Trend, warm-up and two modes: cases that a pencil can check, and seeded simulations of how often
 * each is seen where it is not, and where it is. */
#include "stats/modes.h"
#include "stats/trend.h"
#include "support/shapes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define ROUNDS_MAX 64
#define RUNS 4000

static const size_t sizes[] = {12, 30};

static void assert_near(double value, double expected, double tolerance)
{
        if (!(fabs(value - expected) <= tolerance))
                fail_msg("%.17g is not %.17g ± %g", value, expected, tolerance);
}

/* Cases -------------------------------------------------------------------------------------- */

/* S = 15, its variance 6 · 5 · 17 / 18: z = 14 / 5.3229. */
static void steady_growth_is_a_trend_of_its_size(void **unused)
{
        const double values[] = {100, 110, 121, 133.1, 146.41, 161.051};
        struct trend trend = trend_of(values, 6);

        (void)unused;
        assert_near(trend.change, 0.61051, 1e-9);
        assert_near(trend.p, erfc(14 / 5.3229 / sqrt(2)), 1e-5);
        assert_int_equal(trend.warmup, 0);
}

/* Ranks 1 2 2 3 3 3: S = 1·5 + 2·3 = 11, and of the variance's 510 · the pair takes 2·1·9, the
 * three take 3·2·11: 426 / 18. */
static void ties_count_for_neither_side(void **unused)
{
        const double values[] = {1, 2, 2, 3, 3, 3}, equal[] = {7, 7, 7, 7, 7, 7, 7, 7};

        (void)unused;
        assert_near(trend_of(values, 6).p, erfc(10 / sqrt(426.0 / 18) / sqrt(2)), 1e-12);
        assert_near(trend_of(equal, 8).p, 1, 0);
        assert_near(trend_of(equal, 8).change, 0, 0);
}

static void a_missing_round_keeps_its_place_in_time(void **unused)
{
        const double values[] = {1, 2, NAN, 8, 16, 0, 64, 128}, few[] = {1, 2, 3, NAN, 4, 5};

        (void)unused;
        assert_near(trend_of(values, 8).change, 127, 1e-9);
        assert_true(isnan(trend_of(few, 6).p) && isnan(trend_of(few, 6).change));
        assert_true(isnan(trend_of(few, 0).p));
}

static void slow_first_rounds_are_a_warmup_and_a_drift_is_not(void **unused)
{
        double slow[] = {9, 8, 7, 5, 4, 5.1, 4.1, 5.2, 4.2, 5.3, 4.3, 4.9},
               quick[] = {2, 3, 1, 5, 4, 5.1, 4.1, 5.2, 4.2, 5.3, 4.3, 4.9},
               drift[] = {9, 8, 7, 6.9, 6.8, 6.7, 6.6, 6.5, 6.4, 6.3, 6.2, 6.1},
               late[] = {5, 4, 5.1, 4.1, 5.2, 4.2, 5.3, 4.3, 4.9, 7, 8, 9},
               gap[] = {9, NAN, 8, 7, 5, 4, 5.1, 4.1, 5.2, 4.2, 5.3, 4.3, 4.9};

        (void)unused;
        assert_int_equal(trend_of(slow, 12).warmup, 3);
        assert_int_equal(trend_of(quick, 12).warmup, 3);
        assert_int_equal(trend_of(drift, 12).warmup, 0);
        assert_true(trend_of(drift, 12).p < 0.001);
        assert_int_equal(trend_of(late, 12).warmup, 0);
        assert_int_equal(trend_of(gap, 13).warmup, 4); /* in places, with the missing one */
}

static void two_modes_are_told_with_their_medians_and_sizes(void **unused)
{
        const double values[] = {1.02, 5.0, 1.01, 5.1, 1.0, 5.2, 0.99, 5.3, 0.98, 5.4, 0.97, 5.25};
        struct modes modes = modes_of(values, 12);

        (void)unused;
        assert_true(modes.two);
        assert_int_equal(modes.low_n, 6);
        assert_int_equal(modes.high_n, 6);
        assert_near(modes.low, sqrt(0.99 * 1.0), 1e-9); /* halfway on the log scale */
        assert_near(modes.high, sqrt(5.2 * 5.25), 1e-9);
        assert_false(modes_of(values, 11).two);
        assert_true(isnan(modes_of(values, 11).low));
}

/* A few outliers are no mode, and neither are two neighbouring ticks of a coarse clock. */
static void outliers_and_the_clocks_grid_are_no_modes(void **unused)
{
        const double outliers[] = {1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 9, 9.1},
                     ticks[] = {40, 44, 40, 44, 44, 40, 40, 44, 44, 40, 40, 44},
                     equal[] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};

        (void)unused;
        assert_false(modes_of(outliers, 12).two);
        assert_false(modes_of(ticks, 12).two);
        assert_false(modes_of(equal, 12).two);
        assert_false(modes_of(equal, 0).two);
}

/* Simulations -------------------------------------------------------------------------------- */

struct seen {
        double trend, warmup, modes; /* shares of all series */
};

static struct seen seen_in(const struct shape *shape, size_t n)
{
        struct seen seen = {0};

        for (size_t run = 0; run < RUNS; run++) {
                double values[ROUNDS_MAX];
                struct trend trend;

                shapes_cell(shape, values, n);
                trend = trend_of(values, n);
                seen.trend += trend.p < 0.05;
                seen.warmup += trend.warmup > 0;
                seen.modes += modes_of(values, n).two;
        }
        seen.trend /= RUNS;
        seen.warmup /= RUNS;
        seen.modes /= RUNS;
        return seen;
}

static void steady_rounds_of_any_shape_rarely_have_a_trend_a_warmup_or_two_modes(void **unused)
{
        const struct shape *shape;

        (void)unused;
        shapes_seed(31);
        for (size_t i = 0; (shape = shapes_at(i)); i++)
                for (size_t j = 0; j < COUNT(sizes) && !shape->drift; j++) {
                        struct seen seen = seen_in(shape, sizes[j]);
                        bool bimodal = shape->name[0] == 'b';

                        if (seen.trend < 0.035 || seen.trend > 0.06 || seen.warmup > 0.02 ||
                            (seen.modes > 0.02 && !bimodal))
                                fail_msg("%s, n %zu: trend %.4f, warm-up %.4f, modes %.4f",
                                         shape->name, sizes[j], seen.trend, seen.warmup,
                                         seen.modes);
                }
}

/* Share of series seen by `seen`, that are normal around `centre(i)` in units of their spread. */
static double found(size_t n, double (*centre)(size_t i, size_t n),
                    bool (*seen)(const double *values, size_t n))
{
        size_t count = 0;

        for (size_t run = 0; run < RUNS; run++) {
                double values[ROUNDS_MAX];

                for (size_t i = 0; i < n; i++)
                        values[i] = exp(0.01 * (shapes_normal() + centre(i, n)));
                count += seen(values, n);
        }
        return (double)count / RUNS;
}

static double rising(size_t i, size_t n)
{
        return 3.0 * (double)i / (double)(n - 1);
}

static double first_quarter(size_t i, size_t n)
{
        return i < n / 4 ? 5 : 0;
}

static double either_half(size_t i, size_t n)
{
        (void)i;
        (void)n;
        return shapes_uniform() < 0.5 ? 10 : 0;
}

static bool has_trend(const double *values, size_t n)
{
        return trend_of(values, n).p < 0.05;
}

static bool has_warmup(const double *values, size_t n)
{
        return trend_of(values, n).warmup == n / 4;
}

static bool has_modes(const double *values, size_t n)
{
        return modes_of(values, n).two;
}

static void what_is_there_is_mostly_found(void **unused)
{
        (void)unused;
        shapes_seed(37);
        assert_true(found(12, rising, has_trend) > 0.7);
        assert_true(found(30, rising, has_trend) > 0.98);
        assert_true(found(12, first_quarter, has_warmup) > 0.9);
        assert_true(found(30, first_quarter, has_warmup) > 0.9);
        assert_true(found(12, either_half, has_modes) > 0.7);
        assert_true(found(30, either_half, has_modes) > 0.95);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(steady_growth_is_a_trend_of_its_size),
                cmocka_unit_test(ties_count_for_neither_side),
                cmocka_unit_test(a_missing_round_keeps_its_place_in_time),
                cmocka_unit_test(slow_first_rounds_are_a_warmup_and_a_drift_is_not),
                cmocka_unit_test(two_modes_are_told_with_their_medians_and_sizes),
                cmocka_unit_test(outliers_and_the_clocks_grid_are_no_modes),
                cmocka_unit_test(
                        steady_rounds_of_any_shape_rarely_have_a_trend_a_warmup_or_two_modes),
                cmocka_unit_test(what_is_there_is_mostly_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
