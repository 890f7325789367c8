#include "base/error.h"
#include "locks/lock_add.h"

#include <errno.h>
#include <pthread.h>

static int init(void *lock, struct mproc_err *err)
{
        pthread_mutexattr_t attr;
        int code;

        pthread_mutexattr_init(&attr);
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
        code = pthread_mutex_init(lock, &attr);
        pthread_mutexattr_destroy(&attr);
        return code ? error_errno(err, -code, "prepare", "pthread_mutex_init (robust)") : 0;
}

static void acquire(void *lock, struct lock_self *self)
{
        (void)self;
        if (__builtin_expect(pthread_mutex_lock(lock) == EOWNERDEAD, 0))
                pthread_mutex_consistent(lock);
}

static void release(void *lock, struct lock_self *self)
{
        (void)self;
        pthread_mutex_unlock(lock);
}

static void done(void *lock)
{
        pthread_mutex_destroy(lock);
}

LOCK_DEFINE_ADD

const struct lock lock_robust = {
        .strategy = {.name = "robust",
                     .summary = "pthread mutex that passes on when its owner dies",
                     .advice = "Put a robust process-shared mutex around the update: when a worker "
                               "dies inside, the next one gets the lock and is told."},
        .bytes = sizeof(pthread_mutex_t),
        .init = init,
        .acquire = acquire,
        .release = release,
        .done = done,
        .add = add,
};
