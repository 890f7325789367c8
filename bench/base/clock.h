/* The one clock: CLOCK_MONOTONIC, in ns. Every context. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S 1000000000ull
#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull

static inline uint64_t clock_now_ns(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* What is left until `deadline_ns`, as a struct timespec for ppoll(2) and futex(2); never negative.
 */
static inline struct timespec clock_left(uint64_t deadline_ns)
{
        uint64_t now = clock_now_ns(), left = deadline_ns > now ? deadline_ns - now : 0;

        return (struct timespec){.tv_sec = (time_t)(left / NS_PER_S),
                                 .tv_nsec = (long)(left % NS_PER_S)};
}

#endif
