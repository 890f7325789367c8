/* When a wait is over. Every context. */
#ifndef MPROC_DEADLINE_H
#define MPROC_DEADLINE_H

#include "base/clock.h"

/* `timeout_ns` from now on CLOCK_MONOTONIC; MPROC_FOREVER is 292 years. */
static inline uint64_t deadline_after(int64_t timeout_ns)
{
        return clock_now_ns() + (timeout_ns > 0 ? (uint64_t)timeout_ns : 0);
}

#endif
