#include "locks/lock_add.h"

#include <ck_spinlock.h>

static void acquire(void *lock, struct lock_self *self)
{
        (void)self;
        ck_spinlock_ticket_lock(lock);
}

static void release(void *lock, struct lock_self *self)
{
        (void)self;
        ck_spinlock_ticket_unlock(lock);
}

LOCK_DEFINE_ADD

const struct lock lock_ticket = {
        .strategy = {.name = "ticket",
                     .summary = "ticket spinlock: first come, first served",
                     .flags = MPB_FIFO_SPIN,
                     .advice = "Guard the update with a ticket lock, which treats workers alike; "
                               "never with more workers than PUs, where it collapses."},
        .bytes = sizeof(ck_spinlock_ticket_t),
        .acquire = acquire,
        .release = release,
        .add = add,
};
