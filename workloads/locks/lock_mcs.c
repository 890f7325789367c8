#include "locks/lock_add.h"

#include <ck_spinlock.h>

_Static_assert(sizeof(ck_spinlock_mcs_context_t) <= sizeof(((struct lock_self *)0)->node),
               "an MCS node fits into a worker's side of the lock");

static void acquire(void *lock, struct lock_self *self)
{
        ck_spinlock_mcs_lock(lock, (ck_spinlock_mcs_context_t *)self->node);
}

static void release(void *lock, struct lock_self *self)
{
        ck_spinlock_mcs_unlock(lock, (ck_spinlock_mcs_context_t *)self->node);
}

LOCK_DEFINE_ADD

const struct lock lock_mcs = {
        .strategy = {.name = "mcs",
                     .summary = "queue spinlock: each waiter spins on a line of its own",
                     .flags = MPB_FIFO_SPIN,
                     .advice = "Guard the update with an MCS lock, whose waiters spin apart; "
                               "never with more workers than PUs, where it collapses."},
        .bytes = sizeof(ck_spinlock_mcs_t),
        .acquire = acquire,
        .release = release,
        .add = add,
};
