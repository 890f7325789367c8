/* A dependent chain of cheap steps, x ← a·x + c mod 2^64: work of a known length that no compiler
 * or processor can shorten, but whose outcome is known without doing it. Pure. Every context. */
#ifndef SUPPORT_LCG_H
#define SUPPORT_LCG_H

#include <stdint.h>

#define LCG_A 6364136223846793005ull /* Knuth's, full period */
#define LCG_C 1442695040888963407ull

static inline uint64_t lcg_run(uint64_t x, uint64_t steps)
{
        for (; steps; steps--) {
                x = x * LCG_A + LCG_C;
                __asm__ volatile("" : "+r"(x)); /* every step is taken, in order */
        }
        return x;
}

/* `steps` steps as one: x ← a·x + c. */
struct lcg_leap {
        uint64_t a, c;
};

static inline struct lcg_leap lcg_leap_of(uint64_t steps)
{
        struct lcg_leap all = {.a = 1}, power = {.a = LCG_A, .c = LCG_C}; /* power: 2^bit steps */

        for (; steps; steps >>= 1) {
                if (steps & 1) {
                        all.c = power.a * all.c + power.c;
                        all.a *= power.a;
                }
                power.c *= power.a + 1;
                power.a *= power.a;
        }
        return all;
}

#endif
