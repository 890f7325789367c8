/* Waiting: until when, asleep on a word of shared memory, or spinning. Every context. */
#ifndef MPROC_WAIT_H
#define MPROC_WAIT_H

#include "base/clock.h"
#include <linux/futex.h>
#include <mproc/mproc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_FOREVER UINT64_MAX /* as a deadline: there is none */

/* `timeout_ns` from now on CLOCK_MONOTONIC; 0 and less: now; MPROC_FOREVER: WAIT_FOREVER. */
static inline uint64_t wait_deadline(int64_t timeout_ns)
{
        if (timeout_ns == MPROC_FOREVER)
                return WAIT_FOREVER;
        return clock_now_ns() + (timeout_ns > 0 ? (uint64_t)timeout_ns : 0);
}

static inline bool wait_is_over(uint64_t deadline_ns)
{
        return deadline_ns != WAIT_FOREVER && clock_now_ns() >= deadline_ns;
}

/* For sentences: how long that was. */
static inline double wait_seconds(int64_t timeout_ns)
{
        return timeout_ns > 0 ? (double)timeout_ns / NS_PER_S : 0.0;
}

static inline struct timespec wait_timespec(uint64_t ns)
{
        return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
                                 .tv_nsec = (long)(ns % NS_PER_S)};
}

/* Sleeps while the 32 bits at `word` are `seen`, until woken or `deadline_ns` (futex(2),
 * FUTEX_WAIT_BITSET: absolute time). May return for no reason. Words are shared between processes,
 * so never FUTEX_PRIVATE. */
static inline void wait_on_word(const void *word, uint32_t seen, uint64_t deadline_ns)
{
        struct timespec until = wait_timespec(deadline_ns);

        syscall(SYS_futex, word, FUTEX_WAIT_BITSET, seen,
                deadline_ns == WAIT_FOREVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* Returns how many were woken, of `count` at most. */
static inline int wait_wake(void *word, int count)
{
        return (int)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

/* Between two looks of one who spins. */
static inline void wait_pause(void)
{
#if defined(__x86_64__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        __asm__ volatile("isb" ::: "memory"); /* yield is over at once on most cores */
#else
        __asm__ volatile("" ::: "memory");
#endif
}

#endif
