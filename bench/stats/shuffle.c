#include "stats/shuffle.h"

/* SplitMix64 (Steele, Lea & Flood 2014): a counter in steps of the golden ratio, each value mixed.
 */
#define GOLDEN 0x9e3779b97f4a7c15u

static uint64_t mix(uint64_t x)
{
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return x ^ (x >> 31);
}

/* Uniform in 0 … bound − 1: draws in the last, incomplete stretch of `bound` are thrown away. */
static uint32_t draw(uint64_t *state, uint32_t bound)
{
        uint64_t excess = (0 - (uint64_t)bound) % bound; /* 2^64 mod bound */
        uint64_t value;

        do
                value = mix(*state += GOLDEN);
        while (value < excess);
        return (uint32_t)(value % bound);
}

void shuffle_round(uint64_t seed, uint64_t round, uint32_t *order, uint32_t n)
{
        uint64_t state = mix(mix(seed + GOLDEN) + round);

        for (uint32_t i = 0; i < n; i++)
                order[i] = i;
        for (uint32_t left = n; left > 1; left--) {
                uint32_t chosen = draw(&state, left), last = order[left - 1];

                order[left - 1] = order[chosen];
                order[chosen] = last;
        }
}
