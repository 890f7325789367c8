#include "base/error.h"
#include "mproc/pool_private.h"
#include "mproc/wait.h"
#include <errno.h>

int mproc_pool_close(struct mproc_pool *pool, struct mproc_err *err)
{
        int r = pool_check(pool, "close", err);

        if (r)
                return r;
        pool_lock(&pool->lock);
        if (pool->phase == POOL_OPEN)
                pool->phase = POOL_CLOSED;
        pool_stir(pool); /* who waits for room waits in vain */
        pool_unlock(&pool->lock);
        return 0;
}

bool pool_has_processes(const struct mproc_pool *pool)
{
        return mproc_start_flags(mproc_start_find(pool->start)) & MPROC_START_OWN_PROCESS;
}

void pool_terminate(struct mproc_pool *pool)
{
        struct pool_shared *shared = pool->shared;

        if (pool->phase == POOL_TERMINATED || pool->gone)
                return;
        pool->phase = POOL_TERMINATED;
        atomic_store(&shared->front.stop, 2);
        pool_collect(pool);
        pool_fail_queued(pool, -ECANCELED, "the pool was terminated before it began");
        for (size_t i = 0; i < pool->workers; i++)
                if (pool->worker[i].process) /* a thread ends its task and sees `stop` */
                        mproc_process_kill(pool->worker[i].process, NULL);
        pool->transport->stop(pool);
        pool_stir(pool);
        pool_kick(pool);
}

int mproc_pool_terminate(struct mproc_pool *pool, struct mproc_err *err)
{
        int r = pool_check(pool, "terminate", err);

        if (r)
                return r;
        pool_lock(&pool->lock);
        pool_terminate(pool);
        pool_leave(pool);
        return 0;
}

static bool nothing_outstanding(struct mproc_pool *pool, void *unused)
{
        (void)unused;
        return !pool->outstanding || pool->gone;
}

static bool is_gone(struct mproc_pool *pool, void *unused)
{
        (void)unused;
        return pool->gone;
}

int mproc_pool_join(struct mproc_pool *pool, int64_t timeout_ns, struct mproc_err *err)
{
        uint64_t deadline = wait_deadline(timeout_ns);
        int r = pool_check(pool, "join", err);

        if (r)
                return r;
        pool_lock(&pool->lock);
        if (pool->phase == POOL_OPEN) {
                pool_leave(pool);
                return error_set(err, -EBUSY, "join",
                                 "the pool still takes tasks: close or terminate it first");
        }
        r = pool_wait(pool, nothing_outstanding, NULL, POOL_ANY, deadline);
        if (!r && pool->phase == POOL_CLOSED) {
                pool->phase = POOL_LEAVING;
                atomic_store(&pool->shared->front.stop, 1);
                pool->transport->stop(pool);
                pool_kick(pool);
        }
        if (!r)
                r = pool_wait(pool, is_gone, NULL, POOL_ANY, deadline);
        if (!r && pool->supervised) {
                pool->supervised = false;
                pthread_join(pool->supervisor, NULL);
        }
        pool_leave(pool);
        if (r)
                return error_set(err, r, "join", "its tasks or workers are not over after %.3f s",
                                 wait_seconds(timeout_ns));
        return 0;
}
