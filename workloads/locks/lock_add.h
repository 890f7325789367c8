/* The loop of struct lock's `add`: a template. Included by the locks only. */
#ifndef LOCKS_LOCK_ADD_H
#define LOCKS_LOCK_ADD_H

#include "locks/lock.h"
#include "support/lcg.h"

/* `acquire` and `release` are constants where this is called, so that both are inlined. The loop
 * without load is apart: it holds not even a branch that a hand-written one would not have. */
static inline __attribute__((always_inline)) void
lock_add_with(void (*acquire)(void *, struct lock_self *),
              void (*release)(void *, struct lock_self *), void *lock, struct lock_self *self,
              volatile uint64_t *value, uint64_t count, const struct lock_load *load)
{
        uint64_t hold = load->hold, gap = load->gap;

        if (!hold && !gap) {
                for (uint64_t i = 0; i < count; i++) {
                        acquire(lock, self);
                        *value = *value + 1;
                        release(lock, self);
                }
                return;
        }
        for (; count; count--) {
                acquire(lock, self);
                *value = *value + 1;
                lcg_run(count, hold);
                release(lock, self);
                lcg_run(count, gap);
        }
}

/* Defines `add` of the file's lock from its `acquire` and `release`. */
#define LOCK_DEFINE_ADD                                                               \
        static void add(void *lock, struct lock_self *self, volatile uint64_t *value, \
                        uint64_t count, const struct lock_load *load)                 \
        {                                                                             \
                lock_add_with(acquire, release, lock, self, value, count, load);      \
        }

#endif
