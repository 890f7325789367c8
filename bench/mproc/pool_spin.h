/* How long to look for something before sleeping: more while it spares the sleep, less while it
 * does not. Owner and workers, each for itself. Never nothing where there are several PUs: a worker
 * that sleeps as soon as the queue is empty costs whoever submits small tasks a wake-up for each.
 */
#ifndef MPROC_POOL_SPIN_H
#define MPROC_POOL_SPIN_H

#include "base/clock.h"
#include <stdbool.h>
#include <stdint.h>

#define POOL_GRACE_NS (1 * NS_PER_US) /* everybody looks so long: a round trip does not sleep */
#define POOL_SPIN_MIN_NS (2 * NS_PER_US)
#define POOL_SPIN_MAX_NS (50 * NS_PER_US) /* about what waking a PU costs on a virtual machine */
#define POOL_SPIN_PAUSES 16               /* between two looks at the clock */

/* A rest that becomes longer each time: 0 before the first one. */
static inline uint64_t pool_longer(uint64_t rest_ns, uint64_t first_ns, uint64_t max_ns)
{
        if (!rest_ns)
                return first_ns;
        return 2 * rest_ns < max_ns ? 2 * rest_ns : max_ns;
}

static inline uint64_t pool_spin_next(uint64_t spin_ns, bool found)
{
        spin_ns = found ? 2 * spin_ns : spin_ns / 2;
        return spin_ns > POOL_SPIN_MAX_NS   ? POOL_SPIN_MAX_NS
               : spin_ns < POOL_SPIN_MIN_NS ? POOL_SPIN_MIN_NS
                                            : spin_ns;
}

#endif
