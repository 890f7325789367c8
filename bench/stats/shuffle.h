/* The order of cells within a round. Pure; every context. */
#ifndef STATS_SHUFFLE_H
#define STATS_SHUFFLE_H

#include <stdint.h>

/* Fills `order` with 0 … n − 1 in an order that depends on (seed, round, n) alone: round k is the
 * same however many came before it. Every order is equally likely (Fisher–Yates, its draws without
 * modulo bias, from SplitMix64 started at a hash of seed and round). */
void shuffle_round(uint64_t seed, uint64_t round, uint32_t *order, uint32_t n);

#endif
