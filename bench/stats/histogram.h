/* Counts of values by size, in constant memory and constant time: for latencies of single tasks.
 *
 * Buckets as in HdrHistogram (G. Tene): exact up to 2 × HISTOGRAM_HALF, from there HISTOGRAM_HALF
 * buckets to each power of two, so a value is known to within 1 ÷ HISTOGRAM_HALF. One writer; the
 * struct may lie in shared memory, and all zeros is an empty one. */
#ifndef STATS_HISTOGRAM_H
#define STATS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS 6
#define HISTOGRAM_HALF (1u << HISTOGRAM_BITS)
#define HISTOGRAM_VALUE_BITS 40 /* larger values count as the largest: 18 minutes in ns */
#define HISTOGRAM_BUCKETS ((HISTOGRAM_VALUE_BITS - HISTOGRAM_BITS + 1) * HISTOGRAM_HALF)

struct histogram {
        uint64_t count, max;
        uint32_t buckets[HISTOGRAM_BUCKETS];
};

/* The bucket of a value. */
static inline uint32_t histogram_index(uint64_t value)
{
        uint32_t shift;

        if (value >= 1ull << HISTOGRAM_VALUE_BITS)
                return HISTOGRAM_BUCKETS - 1;
        if (value < 2 * HISTOGRAM_HALF)
                return (uint32_t)value;
        shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_BITS;
        return shift * HISTOGRAM_HALF + (uint32_t)(value >> shift);
}

/* Neither allocates nor locks: fit for the time between gate and finish. */
static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
        histogram->buckets[histogram_index(value)]++;
        histogram->count++;
        if (value > histogram->max)
                histogram->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from);

/* The smallest value that at least a share `q` of all is not above, up to the bucket's width: its
 * middle, never more than max; q = 1: max. 0: it is empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double q);

#endif
