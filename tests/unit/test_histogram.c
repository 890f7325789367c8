/* The histogram of latencies: what a bucket holds, and what quantiles say. */
#include "stats/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LARGEST ((1ull << HISTOGRAM_VALUE_BITS) - 1)

static struct histogram histogram, other;

static void clear(void)
{
        memset(&histogram, 0, sizeof(histogram));
        memset(&other, 0, sizeof(other));
}

static void buckets_follow_each_other_without_a_gap_and_are_narrow(void **unused)
{
        uint32_t last = 0;

        (void)unused;
        for (uint64_t value = 1; value <= LARGEST; value += 1 + value / 500) {
                uint32_t index = histogram_index(value);

                assert_in_range(index, last, last + 1);
                assert_true(value >= 2 * HISTOGRAM_HALF || index == value);
                last = index;
        }
        assert_int_equal(histogram_index(LARGEST), HISTOGRAM_BUCKETS - 1);
        assert_int_equal(histogram_index(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

/* Each value alone is told to within 1 / HISTOGRAM_HALF, between two far ones. */
static void a_value_is_known_to_within_its_buckets_width(void **unused)
{
        (void)unused;
        for (uint64_t value = 1; value < LARGEST; value = value * 5 / 4 + 1) {
                uint64_t told, error;

                clear();
                histogram_add(&histogram, 0);
                histogram_add(&histogram, value);
                histogram_add(&histogram, LARGEST);
                told = histogram_quantile(&histogram, 0.5);
                error = told > value ? told - value : value - told;
                assert_true(error <= value / HISTOGRAM_HALF);
        }
}

static void quantiles_are_by_rank(void **unused)
{
        (void)unused;
        clear();
        assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
        for (uint64_t value = 1; value <= 100; value++)
                histogram_add(&histogram, value);
        assert_int_equal(histogram_quantile(&histogram, 0), 1);
        assert_int_equal(histogram_quantile(&histogram, 0.01), 1);
        assert_int_equal(histogram_quantile(&histogram, 0.5), 50);
        assert_int_equal(histogram_quantile(&histogram, 0.501), 51);
        assert_int_equal(histogram_quantile(&histogram, 0.99), 99);
        assert_int_equal(histogram_quantile(&histogram, 1), 100);
}

static void nothing_is_told_above_the_largest_value(void **unused)
{
        (void)unused;
        clear();
        histogram_add(&histogram, 1000000);
        assert_int_equal(histogram_quantile(&histogram, 0.5), 1000000);
        assert_int_equal(histogram_quantile(&histogram, 1), 1000000);
        histogram_add(&histogram, UINT64_MAX);
        assert_true(histogram_quantile(&histogram, 1) == UINT64_MAX);
}

static void merged_workers_are_as_one(void **unused)
{
        static struct histogram all;

        (void)unused;
        clear();
        memset(&all, 0, sizeof(all));
        for (uint64_t i = 0; i < 10000; i++) {
                uint64_t value = i * i * 7919 % 1000003;

                histogram_add(i % 3 ? &histogram : &other, value);
                histogram_add(&all, value);
        }
        histogram_merge(&histogram, &other);
        assert_memory_equal(&histogram, &all, sizeof(all));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(buckets_follow_each_other_without_a_gap_and_are_narrow),
                cmocka_unit_test(a_value_is_known_to_within_its_buckets_width),
                cmocka_unit_test(quantiles_are_by_rank),
                cmocka_unit_test(nothing_is_told_above_the_largest_value),
                cmocka_unit_test(merged_workers_are_as_one),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
