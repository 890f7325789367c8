#include "stats/histogram.h"

#include <math.h>

void histogram_merge(struct histogram *into, const struct histogram *from)
{
        for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
                into->buckets[i] += from->buckets[i];
        into->count += from->count;
        if (from->max > into->max)
                into->max = from->max;
}

/* The other way round than histogram_index. */
static uint64_t bucket_middle(uint32_t index)
{
        uint32_t shift;

        if (index < 2 * HISTOGRAM_HALF)
                return index;
        shift = index / HISTOGRAM_HALF - 1;
        return ((uint64_t)(HISTOGRAM_HALF + index % HISTOGRAM_HALF) << shift) + (1ull << shift) / 2;
}

uint64_t histogram_quantile(const struct histogram *histogram, double q)
{
        double wanted = ceil(q * (double)histogram->count), seen = 0;

        if (q >= 1)
                return histogram->max;
        for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
                seen += histogram->buckets[i];
                if (histogram->buckets[i] && seen >= wanted) {
                        uint64_t middle = bucket_middle(i);

                        return middle < histogram->max ? middle : histogram->max;
                }
        }
        return histogram->max;
}
