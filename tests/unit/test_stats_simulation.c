/* Seeded simulations of what intervals and verdicts promise: how often they cover, how often they
 * call what is not there, and that they find what is. */
#include "stats/compare.h"
#include "stats/interval.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define PI 3.14159265358979323846

static uint64_t state;

static double uniform(void) /* in (0, 1) */
{
        uint64_t x = state += 0x9e3779b97f4a7c15u;

        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return ((double)((x ^ (x >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
        return sqrt(-2 * log(uniform())) * cos(2 * PI * uniform());
}

static double cauchy(void)
{
        return tan(PI * (uniform() - 0.5));
}

static double student2(void)
{
        double u = uniform();

        return (2 * u - 1) / sqrt(2 * u * (1 - u));
}

/* Skewed by a second mode that has 30 % of the mass; its median is 0. */
static double bimodal(void)
{
        return uniform() < 0.3 ? 6 + normal() : normal() - 0.5659488219328631;
}

/* Share of `runs` samples whose nominal 95 % interval covers the true median, 0. */
static double coverage(double (*draw)(void), size_t n, size_t runs)
{
        double values[64];
        size_t covered = 0;

        for (size_t run = 0; run < runs; run++) {
                struct interval interval;

                for (size_t i = 0; i < n; i++)
                        values[i] = draw();
                interval = interval_median(values, n, 0.95);
                covered += interval.low <= 0 && interval.high >= 0;
        }
        return (double)covered / (double)runs;
}

static void interval_covers_as_often_as_it_says(void **unused)
{
        double (*const draws[])(void) = {normal, student2, cauchy, bimodal};
        const size_t sizes[] = {12, 30};

        (void)unused;
        state = 2026;
        for (size_t i = 0; i < COUNT(draws); i++)
                for (size_t j = 0; j < COUNT(sizes); j++) {
                        double share = coverage(draws[i], sizes[j], 8000);

                        if (share < 0.94 || share > 0.96)
                                fail_msg("distribution %zu, n %zu: %.4f", i, sizes[j], share);
                }
}

/* Verdicts of `cells` comparisons of one family, each round with noise that its cells share and
 * noise of their own; `ratio` is cell 0's true one. */
static void family(double ratio, size_t cells, size_t rounds, enum verdict *verdicts)
{
        double baseline[64], values[16][64], p[16];
        struct effect effects[16];

        for (size_t round = 0; round < rounds; round++) {
                double drift = 0.1 * normal();

                baseline[round] = exp(drift + 0.01 * normal());
                for (size_t i = 0; i < cells; i++)
                        values[i][round] = (i ? 1 : ratio) * exp(drift + 0.01 * normal());
        }
        for (size_t i = 0; i < cells; i++) {
                effects[i] = compare_paired(values[i], baseline, rounds, 0.95);
                p[i] = effects[i].p;
        }
        compare_holm(p, cells, p);
        for (size_t i = 0; i < cells; i++)
                verdicts[i] = compare_verdict(&effects[i], p[i], true, 0.02, 0.05);
}

static void families_without_a_difference_are_rarely_called(void **unused)
{
        enum verdict verdicts[10];
        size_t called = 0, runs = 3000;

        (void)unused;
        state = 11;
        for (size_t run = 0; run < runs; run++) {
                bool any = false;

                family(1, COUNT(verdicts), 14, verdicts);
                for (size_t i = 0; i < COUNT(verdicts); i++)
                        any |= verdicts[i] <= VERDICT_SLOWER;
                called += any;
        }
        assert_true((double)called / (double)runs <= 0.05);
        assert_true(called > 0); /* the noise is such that it could be called */
}

static void three_percent_are_found_through_ten_percent_of_drift(void **unused)
{
        enum verdict verdicts[5];
        size_t found = 0, runs = 1000;

        (void)unused;
        state = 13;
        for (size_t run = 0; run < runs; run++) {
                family(1.03, COUNT(verdicts), 16, verdicts);
                found += verdicts[0] == VERDICT_FASTER;
        }
        assert_true((double)found / (double)runs > 0.9);
}

/* Rounds that were foreseen bring a verdict in most runs, and half as many do not. */
static void foreseen_rounds_bring_a_verdict(void **unused)
{
        /* A true 1 %, as 14 rounds of a spread of 1.41 % would show it. */
        const struct effect effect = {exp(0.01), exp(0.01 - 0.0093), exp(0.01 + 0.0093), 14, 0.1};
        size_t rounds = compare_rounds_for_verdict(&effect, 0.005, 0.05, 1), found[2] = {0};
        enum verdict verdict;

        (void)unused;
        state = 17;
        assert_in_range(rounds, 15, 60);
        for (size_t run = 0; run < 400; run++) {
                family(exp(0.01), 1, rounds, &verdict);
                found[0] += verdict == VERDICT_FASTER;
                family(exp(0.01), 1, rounds / 2, &verdict);
                found[1] += verdict == VERDICT_FASTER;
        }
        assert_in_range(found[0], 280, 380);
        assert_in_range(found[1], 0, 240);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(interval_covers_as_often_as_it_says),
                cmocka_unit_test(families_without_a_difference_are_rarely_called),
                cmocka_unit_test(three_percent_are_found_through_ten_percent_of_drift),
                cmocka_unit_test(foreseen_rounds_bring_a_verdict),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
