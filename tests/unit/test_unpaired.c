/* Runs that share no rounds: Student's t, Welch's interval over runs, and how often it covers. */
#include "stats/student.h"
#include "stats/unpaired.h"
#include "support/shapes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PI 3.14159265358979323846

static void near(double value, double wanted, double tolerance)
{
        if (!(fabs(value - wanted) <= tolerance * fabs(wanted)))
                fail_msg("%.12g, wanted %.12g", value, wanted);
}

static void quantiles_are_those_of_the_tables(void **unused)
{
        (void)unused;
        near(student_quantile(0.95, 1), 12.7062047, 1e-7);
        near(student_quantile(0.95, 2), 4.30265273, 1e-7);
        near(student_quantile(0.95, 4), 2.77644511, 1e-7);
        near(student_quantile(0.95, 10), 2.22813885, 1e-7);
        near(student_quantile(0.95, 30), 2.04227246, 1e-7);
        near(student_quantile(0.99, 4), 4.60409487, 1e-7);
        near(student_quantile(0.95, 1e6), 1.95996399, 1e-5);
        assert_true(isnan(student_quantile(0.95, 0)));
        assert_true(isnan(student_quantile(1, 3)));
}

/* Simpson's rule over the density; for a fractional df there is no table. */
static double tail_by_sums(double t, double df)
{
        const int steps = 20000;
        double scale = exp(lgamma((df + 1) / 2) - lgamma(df / 2)) / sqrt(df * PI), sum = 0;

        for (int i = 0; i <= steps; i++) {
                double x = t * i / steps, weight = !i || i == steps ? 1 : i % 2 ? 4 : 2;

                sum += weight * pow(1 + x * x / df, -(df + 1) / 2);
        }
        return 1 - 2 * scale * sum * t / steps / 3;
}

static void tails_agree_with_closed_forms_and_with_sums(void **unused)
{
        const double ts[] = {0.001, 0.3, 1, 2.5, 7, 40};

        (void)unused;
        for (size_t i = 0; i < sizeof(ts) / sizeof(*ts); i++) {
                near(student_p(ts[i], 1), 1 - 2 / PI * atan(ts[i]), 1e-10);
                near(student_p(ts[i], 2), 1 - ts[i] / sqrt(2 + ts[i] * ts[i]), 1e-10);
                if (ts[i] < 10)
                        near(student_p(-ts[i], 3.7), tail_by_sums(ts[i], 3.7), 1e-6);
        }
        assert_true(student_p(0, 5) == 1);
        assert_true(student_p(INFINITY, 5) == 0);
        assert_true(isnan(student_p(NAN, 5)));
}

static struct interval run(double median, double half)
{
        return (struct interval){median, median * exp(-half), median * exp(half), 20};
}

static struct interval bare(double median)
{
        return (struct interval){median, NAN, NAN, 3};
}

/* Logs 0, .01, .02 and .10, .11, .12: means .01 and .11, each with a variance of .0001 ÷ 3. */
static void the_interval_is_welchs_on_logs(void **unused)
{
        const struct interval old[] = {bare(1), bare(exp(0.01)), bare(exp(0.02))},
                              new[] = {bare(exp(0.1)), bare(exp(0.11)), bare(exp(0.12))};
        struct effect effect = unpaired_compare(old, 3, new, 3, 0.95);
        double error = sqrt(0.0002 / 3);

        (void)unused;
        assert_int_equal(effect.n, 3);
        near(log(effect.ratio), 0.1, 1e-9);
        near(log(effect.low), 0.1 - 2.77644511 * error, 1e-6);
        near(log(effect.high), 0.1 + 2.77644511 * error, 1e-6);
        near(effect.p, student_p(0.1 / error, 4), 1e-9);
}

/* Three runs that agree by chance know no more than their rounds do. */
static void the_interval_is_never_narrower_than_the_runs_own(void **unused)
{
        const struct interval old[] = {run(1, 0.02), run(1, 0.02), run(1, 0.02)};
        struct effect effect = unpaired_compare(old, 3, old, 3, 0.95);

        (void)unused;
        near(log(effect.high), 2.77644511 * (0.02 / 1.959963985) * sqrt(2.0 / 3), 1e-6);
        near(effect.low * effect.high, 1, 1e-12);
        assert_true(effect.p == 1);
}

static void fewer_than_three_runs_of_a_side_give_a_ratio_alone(void **unused)
{
        const struct interval runs[] = {run(1, 0.01), run(2, 0.01), run(4, 0.01)};
        struct effect effect = unpaired_compare(runs, 1, runs, 3, 0.95);

        (void)unused;
        near(effect.ratio, 2, 1e-12);
        assert_true(isnan(effect.low) && isnan(effect.high) && isnan(effect.p));
        assert_true(isnan(unpaired_compare(runs, 0, runs, 3, 0.95).ratio));
}

/* A side's runs: each is off by something of its own, which its 14 rounds do not see. */
static void draw(struct interval *runs, size_t n, double centre, double between)
{
        double rounds[14];

        for (size_t i = 0; i < n; i++) {
                double own = centre + between * shapes_normal();

                for (size_t k = 0; k < 14; k++)
                        rounds[k] = exp(own + 0.01 * shapes_normal());
                runs[i] = interval_median(rounds, 14, 0.95);
        }
}

static void it_covers_at_least_as_often_as_it_says(void **unused)
{
        static const struct {
                size_t old, new;
                double between_old, between_new;
        } cases[] = {
                {3, 3, 0.02, 0.02},  {4, 4, 0.02, 0.02},  {5, 5, 0.02, 0.02}, {3, 5, 0.02, 0.02},
                {3, 3, 0.02, 0.005}, {5, 3, 0.005, 0.03}, {3, 3, 0, 0},
        };
        const size_t tries = 4000;
        struct interval old[5], new[5];

        (void)unused;
        shapes_seed(2027);
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                size_t covered = 0;

                for (size_t k = 0; k < tries; k++) {
                        struct effect effect;

                        draw(old, cases[i].old, 0, cases[i].between_old);
                        draw(new, cases[i].new, 0.05, cases[i].between_new);
                        effect = unpaired_compare(old, cases[i].old, new, cases[i].new, 0.95);
                        covered += log(effect.low) <= 0.05 && log(effect.high) >= 0.05;
                }
                if ((double)covered / (double)tries < 0.93)
                        fail_msg("case %zu: %.4f", i, (double)covered / (double)tries);
        }
}

/* What is foreseen brings a verdict in most tries, and the runs at hand do not. */
static void foreseen_runs_make_it_clear(void **unused)
{
        struct interval old[64], new[64];
        struct effect effect = {.ratio = exp(0.05), .low = exp(-0.01), .high = exp(0.11), .n = 3};
        double between = 0.06 / 2.77644511 / sqrt(2.0 / 3);
        size_t runs = unpaired_runs_for_regression(&effect, false, 0.02, 0.05, 1), clear = 0;

        (void)unused;
        assert_in_range(runs, 4, 12);
        shapes_seed(5);
        for (size_t k = 0; k < 300; k++) {
                enum verdict verdict;

                draw(old, runs, 0, between);
                draw(new, runs, 0.05, between);
                effect = unpaired_compare(old, runs, new, runs, 0.95);
                verdict = compare_call(&effect, effect.p, false, 0.02, 0.05);
                clear += compare_regression(&effect, verdict, false, 0.02) == REGRESSION_YES;
        }
        assert_in_range(clear, 120, 300);
        effect.low = 0.1;
        effect.high = 10;
        effect.n = 3;
        assert_int_equal(unpaired_runs_for_regression(&effect, false, 0.02, 0.05, 1), 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(quantiles_are_those_of_the_tables),
                cmocka_unit_test(tails_agree_with_closed_forms_and_with_sums),
                cmocka_unit_test(the_interval_is_welchs_on_logs),
                cmocka_unit_test(the_interval_is_never_narrower_than_the_runs_own),
                cmocka_unit_test(fewer_than_three_runs_of_a_side_give_a_ratio_alone),
                cmocka_unit_test(it_covers_at_least_as_often_as_it_says),
                cmocka_unit_test(foreseen_runs_make_it_clear),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
