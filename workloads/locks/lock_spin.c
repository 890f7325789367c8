#include "locks/lock_add.h"

#include <ck_spinlock.h>

static void acquire(void *lock, struct lock_self *self)
{
        (void)self;
        ck_spinlock_fas_lock(lock);
}

static void release(void *lock, struct lock_self *self)
{
        (void)self;
        ck_spinlock_fas_unlock(lock);
}

LOCK_DEFINE_ADD

const struct lock lock_spin = {
        .strategy = {.name = "spin",
                     .summary = "spinlock by swap, in no order",
                     .advice = "Guard the update with a spinlock, as long as no more workers run "
                               "than there are PUs: its waiters burn their PU."},
        .bytes = sizeof(ck_spinlock_fas_t),
        .acquire = acquire,
        .release = release,
        .add = add,
};
