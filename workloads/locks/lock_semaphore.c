#include "base/error.h"
#include "locks/lock_add.h"

#include <errno.h>
#include <semaphore.h>

static int init(void *lock, struct mproc_err *err)
{
        if (sem_init(lock, 1, 1))
                return error_errno(err, -errno, "prepare", "sem_init");
        return 0;
}

static void acquire(void *lock, struct lock_self *self)
{
        (void)self;
        while (__builtin_expect(sem_wait(lock) != 0, 0))
                ; /* only a signal's handler ends it early */
}

static void release(void *lock, struct lock_self *self)
{
        (void)self;
        sem_post(lock);
}

static void done(void *lock)
{
        sem_destroy(lock);
}

LOCK_DEFINE_ADD

const struct lock lock_semaphore = {
        .strategy = {.name = "semaphore",
                     .summary = "POSIX semaphore with one permit; has no owner",
                     .advice = "Guard the update with a POSIX semaphore of one permit; mind that "
                               "nobody gives back the permit of a worker that died."},
        .bytes = sizeof(sem_t),
        .init = init,
        .acquire = acquire,
        .release = release,
        .done = done,
        .add = add,
};
