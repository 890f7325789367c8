/* The lock between the threads of a pool's owner: every task takes it twice, so that what a mutex
 * of pthread's does besides would be a tenth of what a task costs (Drepper, "Futexes Are Tricky",
 * 2011). Not robust: a thread does not die alone. */
#ifndef MPROC_POOL_LOCK_H
#define MPROC_POOL_LOCK_H

#include "mproc/wait.h"
#include <stdatomic.h>

struct pool_lock {
        _Atomic uint32_t word; /* 0: free; 1: held; 2: held, and others may wait */
};

static inline bool pool_trylock(struct pool_lock *lock)
{
        uint32_t unlocked = 0;

        return atomic_compare_exchange_strong_explicit(&lock->word, &unlocked, 1,
                                                       memory_order_acquire, memory_order_relaxed);
}

static inline void pool_lock(struct pool_lock *lock)
{
        if (pool_trylock(lock))
                return;
        while (atomic_exchange_explicit(&lock->word, 2, memory_order_acquire))
                wait_on_word(&lock->word, 2, WAIT_FOREVER);
}

static inline void pool_unlock(struct pool_lock *lock)
{
        if (atomic_exchange_explicit(&lock->word, 0, memory_order_release) == 2)
                wait_wake(&lock->word, 1);
}

#endif
