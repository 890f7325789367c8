/* Kills at random instants: the seed is printed, and given again by MPROC_TEST_SEED. */
#ifndef MPROC_RANDOM_H
#define MPROC_RANDOM_H

#include "contract/mproc_scene.h"

#include <time.h>

static inline uint64_t random_seed(void)
{
        const char *given = getenv("MPROC_TEST_SEED");
        struct timespec now;
        uint64_t seed;

        clock_gettime(CLOCK_MONOTONIC, &now);
        seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec ^ (uint64_t)getpid() << 32;
        print_message("MPROC_TEST_SEED=%llu\n", (unsigned long long)seed);
        return seed;
}

static inline uint32_t next_random(uint64_t *state)
{
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        return (uint32_t)(*state >> 33);
}

/* 0 … sides − 1 */
static inline uint32_t roll(uint64_t *state, uint32_t sides)
{
        return next_random(state) % sides;
}

static inline void nap(int64_t ns)
{
        struct timespec left = {.tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS};

        nanosleep(&left, NULL);
}

/* So many, or for a longer run what MPROC_TEST_KILLS says. */
static inline int kills_wanted(int few)
{
        const char *given = getenv("MPROC_TEST_KILLS");

        return given ? atoi(given) : few;
}

#endif
