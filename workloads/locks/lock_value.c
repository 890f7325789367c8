#include "locks/lock_add.h"

#include <mproc/array.h>

/* What is counted lies right behind the lock, and so does the element of an array of one: the value
 * itself, which `bytes` of the lock leave out. */
static int init(void *lock, struct mproc_err *err)
{
        return mproc_array_init(lock, sizeof(struct mproc_array) + sizeof(uint64_t), MPROC_UINT64,
                                1, 0, NULL, err);
}

static void acquire(void *lock, struct lock_self *self)
{
        (void)self;
        if (__builtin_expect(mproc_array_lock(lock, MPROC_FOREVER, NULL) != 0, 0))
                mproc_array_consistent(lock,
                                       NULL); /* its owner died: a count is whole all the same */
}

static void release(void *lock, struct lock_self *self)
{
        (void)self;
        mproc_array_unlock(lock, NULL);
}

static void done(void *lock)
{
        mproc_array_done(lock);
}

LOCK_DEFINE_ADD

const struct lock lock_value = {
        .strategy = {.name = "value",
                     .summary = "mproc's typed Value with its recursive, robust lock",
                     .advice = "Keep the count in a Value (mproc/array.h) and update it under the "
                               "Value's own lock: it may be taken again by its owner, and the "
                               "death of an owner is told to the next one."},
        .bytes = sizeof(struct mproc_array),
        .init = init,
        .acquire = acquire,
        .release = release,
        .done = done,
        .add = add,
};
