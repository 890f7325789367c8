/* What a piece of work takes by itself: the shortest of many runs, since whatever else happens only
 * makes them longer. Where other programs wake up all the time, few runs or none of twenty go
 * undisturbed; so runs go on until several agree. Pure. Every context. */
#ifndef SUPPORT_FASTEST_H
#define SUPPORT_FASTEST_H

#include <stdint.h>

#define FASTEST_RUNS 100 /* at least */
#define FASTEST_RUNS_MAX 5000
#define FASTEST_AGREE 5 /* so many runs within 1 % of the shortest */

/* `run_ns` does the work once and returns what it took, > 0. */
static inline uint64_t fastest_ns(uint64_t (*run_ns)(void *context), void *context)
{
        uint64_t best = UINT64_MAX;
        int agree = 0;

        for (int i = 0; i < FASTEST_RUNS_MAX && (i < FASTEST_RUNS || agree < FASTEST_AGREE); i++) {
                uint64_t took = run_ns(context);

                if (took < best - best / 100)
                        agree = 0;
                best = took < best ? took : best;
                agree += took <= best + best / 100;
        }
        return best;
}

#endif
