/* How long to look for something before sleeping: more while it spares the sleep, nothing while it
 * does not, save for a try now and then. Owner and workers, each for itself. */
#ifndef MPROC_POOL_SPIN_H
#define MPROC_POOL_SPIN_H

#include "base/clock.h"
#include <stdbool.h>
#include <stdint.h>

#define POOL_GRACE_NS (1 * NS_PER_US) /* looked by everybody, so that a round trip never sleeps */
#define POOL_SPIN_MIN_NS (2 * NS_PER_US)
#define POOL_SPIN_MAX_NS (50 * NS_PER_US) /* about what waking a PU costs on a virtual machine */
#define POOL_SPIN_PAUSES 16               /* between two looks at the clock */
#define POOL_SPIN_TRY 64                  /* sleeps without a look before one is tried again */

struct pool_spin {
        uint64_t ns;
        uint32_t sleeps; /* since the last look */
};

/* 0: sleep at once. */
static inline uint64_t pool_spin_begin(struct pool_spin *spin)
{
        if (spin->ns || ++spin->sleeps % POOL_SPIN_TRY)
                return spin->ns;
        return POOL_SPIN_MAX_NS;
}

static inline void pool_spin_learn(struct pool_spin *spin, uint64_t spun_ns, bool found)
{
        if (!spun_ns)
                return;
        if (!found)
                spin->ns = spin->ns / 2 < POOL_SPIN_MIN_NS ? 0 : spin->ns / 2;
        else
                spin->ns = 2 * spun_ns < POOL_SPIN_MAX_NS ? 2 * spun_ns : POOL_SPIN_MAX_NS;
}

#endif
