#include "base/error.h"
#include "locks/lock_add.h"

#include <pthread.h>

static int init(void *lock, struct mproc_err *err)
{
        pthread_mutexattr_t attr;
        int code;

        pthread_mutexattr_init(&attr);
        pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        code = pthread_mutex_init(lock, &attr);
        pthread_mutexattr_destroy(&attr);
        return code ? error_errno(err, -code, "prepare", "pthread_mutex_init") : 0;
}

static void acquire(void *lock, struct lock_self *self)
{
        (void)self;
        pthread_mutex_lock(lock);
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

const struct lock lock_mutex = {
        .strategy = {.name = "mutex",
                     .summary = "pthread mutex, PTHREAD_PROCESS_SHARED: waiters sleep",
                     .advice = "Put a process-shared mutex around the update: its waiters sleep "
                               "and leave their PU to others."},
        .bytes = sizeof(pthread_mutex_t),
        .init = init,
        .acquire = acquire,
        .release = release,
        .done = done,
        .add = add,
};
